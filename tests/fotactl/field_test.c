/* What the fields of data files may hold (requirement I2). */
#include "support/check.h"

#include "base/hex.h"
#include "fotactl/field.h"

struct field_case {
    const struct field_kind *kind;
    const char *text;
    const char *octets; /* written, in hex; NULL: refused */
};

static const struct field_case cases[] = {
    {&FIELD_EUI64, "00-DB-12-34-56-78-90-A0", "00DB1234567890A0"},
    {&FIELD_EUI64, "00-db-12-34-56-78-90-a0", "00DB1234567890A0"},
    {&FIELD_EUI64, "00DB1234567890A0", NULL},
    {&FIELD_EUI64, "00-DB-12-34-56-78-90", NULL},
    {&FIELD_EUI64, "00:DB:12:34:56:78:90:A0", NULL},
    {&FIELD_EUI64, " 00-DB-12-34-56-78-90-A0", NULL},
    /* smallint and integer, big-endian */
    {&FIELD_HEX1, "0a", "000A"},
    {&FIELD_HEX1, "FF", "00FF"},
    {&FIELD_HEX1, "A", NULL},
    {&FIELD_HEX1, "0A0B", NULL},
    {&FIELD_HEX1, "0x", NULL},
    {&FIELD_HEX2, "121D", "0000121D"},
    {&FIELD_HEX2, "ff:fe", "0000FFFE"},
    {&FIELD_HEX2, "12", NULL},
    {&FIELD_HEX2, "1-21D", NULL},
    {&FIELD_SHA256,
     "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff",
     "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"},
    {&FIELD_SHA256,
     "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:"
     "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF",
     "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"},
    {&FIELD_SHA256, "00112233445566778899AABBCCDDEEFF", NULL},
    {&FIELD_SHA256,
     "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF00",
     NULL},
    {&FIELD_FIRMWARE_VERSION, "0002012F", "0002012F"},
    {&FIELD_FIRMWARE_VERSION, "00:02:01:2f", "0002012F"},
    {&FIELD_FIRMWARE_VERSION, "9001", "00009001"},
    {&FIELD_FIRMWARE_VERSION, "1", "00000001"},
    {&FIELD_FIRMWARE_VERSION, "0002012F0", NULL},
    {&FIELD_FIRMWARE_VERSION, "4.1", NULL},
    /* 4.1 is 40100 = 0x9CA4 */
    {&FIELD_GBCS_VERSION, "4.1", "00009CA4"},
    {&FIELD_GBCS_VERSION, "4.0", "00009C40"},
    {&FIELD_GBCS_VERSION, "3.2", "000075F8"},
    {&FIELD_GBCS_VERSION, "4.1.2", "00009CA6"},
    {&FIELD_GBCS_VERSION, "4", NULL},
    {&FIELD_GBCS_VERSION, "4.", NULL},
    {&FIELD_GBCS_VERSION, ".1", NULL},
    {&FIELD_GBCS_VERSION, "4.1.2.3", NULL},
    {&FIELD_GBCS_VERSION, "4.100", NULL},
    {&FIELD_GBCS_VERSION, "v4.1", NULL},
    {&FIELD_GBCS_VERSION, "4.1 ", NULL},
    {&FIELD_DEVICE_TYPE, "PPMID", "50504D4944"},
    {&FIELD_DEVICE_TYPE, "ppmid", NULL},
    {&FIELD_DEVICE_TYPE, "SAPC", NULL},
    {&FIELD_DEVICE_STATUS, "Recovery", "5265636F76657279"},
    {&FIELD_DEVICE_STATUS, "commissioned", NULL},
    {&FIELD_SMETS_VERSION, "SMETS2", "534D45545332"},
    {&FIELD_SMETS_VERSION, "2", NULL},
    {&FIELD_CSP_REGION, "4G North", "3447204E6F727468"},
    {&FIELD_CSP_REGION, "East", NULL},
    {&FIELD_CPL_STATUS, "Active", "416374697665"},
    {&FIELD_CPL_STATUS, "Removed", NULL},
    {&FIELD_USER_STATUS, "active", "616374697665"},
    {&FIELD_USER_STATUS, "Active", NULL},
    {&FIELD_USER_ROLES, "IS", "7B49537D"},          /* {IS} */
    {&FIELD_USER_ROLES, "GS|IS", "7B49532C47537D"}, /* {IS,GS} */
    {&FIELD_USER_ROLES, "IS|GS|IS", "7B49532C47537D"},
    {&FIELD_USER_ROLES, "IS,GS", NULL},
    {&FIELD_USER_ROLES, "IS|", NULL},
    {&FIELD_USER_ROLES, "|IS", NULL},
    {&FIELD_USER_ROLES, "IS|XX", NULL},
    {&FIELD_URL, "https://a", "68747470733A2F2F61"},
    {&FIELD_URL, "http://a/b?c", "687474703A2F2F612F623F63"},
    {&FIELD_URL, "https://", NULL},
    {&FIELD_URL, "https:///x", NULL},
    {&FIELD_URL, "ftp://a", NULL},
    {&FIELD_URL, "https://a b", NULL},
    {&FIELD_DUIS_VERSION, "5.4", "352E34"},
    {&FIELD_DUIS_VERSION, "5", NULL},
    {&FIELD_DUIS_VERSION, "5.4.1", NULL},
    {&FIELD_TEXT, "Ab", "4162"},
    {&FIELD_TEXT, "\xc3\xa9", "C3A9"},
    {&FIELD_TEXT, "\xf0\x9f\x94\x8b", "F09F948B"},
    {&FIELD_TEXT, "\xe9", NULL},             /* Latin-1 */
    {&FIELD_TEXT, "a\xc3", NULL},            /* cut short */
    {&FIELD_TEXT, "\xc0\xaf", NULL},         /* overlong */
    {&FIELD_TEXT, "\xe0\x80\xaf", NULL},     /* overlong */
    {&FIELD_TEXT, "\xed\xa0\x80", NULL},     /* surrogate */
    {&FIELD_TEXT, "\xf4\x90\x80\x80", NULL}, /* over U+10FFFF */
    {&FIELD_TEXT, "a\tb", NULL},
    {&FIELD_TEXT, "a\x7f", NULL},
};

static void each_kind_reads_what_is_published_and_no_more(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct field_case *c = &cases[i];
        struct buffer out = {0};
        char hex[2 * 64 + 1] = "";
        bool ok = c->kind->read(c->kind, span_text(c->text), &out);
        if (ok)
            hex_format(buffer_span(&out), hex);
        buffer_free(&out);
        if (ok != (c->octets != NULL) || (ok && strcmp(hex, c->octets) != 0))
            fail_msg("case %zu: \"%s\" gave %s", i, c->text,
                     ok ? hex : "a refusal");
    }
}

static void the_reason_says_what_was_expected(void **state) {
    (void)state;
    static const struct {
        const struct field_kind *kind;
        const char *text, *reason;
    } reasons[] = {
        {&FIELD_HEX2, "1\t2",
         "'1?2' is not 2 octets in hexadecimal such as "
         "121D"},
        {&FIELD_CPL_STATUS, "active",
         "'active' is not one of Active, Cancelled, Expired, Withdrawn"},
        {&FIELD_USER_ROLES, "is",
         "'is' is not User Roles with '|' between them: IS, ES, GS, RSA, ED, "
         "GT, OU"},
        {&FIELD_HEX1,
         "0123456789012345678901234567890123456789012345678901234567890",
         "'012345678901234567890123456789012345678901234567890123456789...' is "
         "not 1 octet in hexadecimal such as 0A"},
    };
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        struct buffer out = {0};
        field_say_wrong(reasons[i].kind, span_text(reasons[i].text), &out);
        assert_string_equal((char *)out.data, reasons[i].reason);
        buffer_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_reads_what_is_published_and_no_more),
        cmocka_unit_test(the_reason_says_what_was_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
