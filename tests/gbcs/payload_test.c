/* Payloads: the published layouts as hexadecimal text, both ways, and what
 * each reader must refuse. */
#include "support/check.h"

#include "base/hex.h"
#include "gbcs/payload.h"
#include "gbcs/time.h"

#include <stdlib.h>

#define H32 "AA758690730934FF0685AA758690730934FF0685657788990011223344556677"
#define T2030 "180F32303330303131353039303030305A" /* 20300115090000Z */
#define T2015 "180F32303135303130313030303030305A" /* 20150101000000Z */
#define T9999 "180F39393939313233313233353935395A" /* 99991231235959Z */
#define COSEM_2015 "090C07DF0101FF000000008000FF"

static const uint8_t HASH[GBCS_HASH_LEN] = {
    0xAA, 0x75, 0x86, 0x90, 0x73, 0x09, 0x34, 0xFF, 0x06, 0x85, 0xAA,
    0x75, 0x86, 0x90, 0x73, 0x09, 0x34, 0xFF, 0x06, 0x85, 0x65, 0x77,
    0x88, 0x99, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77};
static const uint8_t DATE_TIME[GBCS_DATE_TIME_LEN] = {
    0x07, 0xDF, 1, 1, 0xFF, 0, 0, 0, 0, 0x80, 0, 0xFF};

#define AT_2030 .has_time = true, .time = 1894698000 * SECOND
#define AT_2015 .has_time = true, .time = 1420070400 * SECOND
#define NEVER .has_time = true, .time = GBCS_CANCELLATION
#define VERSION .firmware_version = 0x0123ABCD
#define IS(k) .kind = GBCS_##k
#define PPMID .device = 0x00DB1234567890A4

static const struct good {
    uint16_t code;
    enum gbcs_cra cra;
    uint64_t counter; /* the header's */
    const char *hex;
    struct gbcs_payload said;
} good[] = {
    {0x0012,
     1,
     1000,
     "30260420" H32 "020203E8",
     {IS(ACTIVATE), .hash = {HASH, 32}, .counter = 1000}},
    {0x0012,
     1,
     1001,
     "30370420" H32 "020203E9" T2030,
     {IS(ACTIVATE), .hash = {HASH, 32}, .counter = 1001, AT_2030}},
    {0x0012,
     1,
     1002,
     "30370420" H32 "020203EA" T9999,
     {IS(ACTIVATE), .hash = {HASH, 32}, .counter = 1002, NEVER}},
    /* counters with their top bit clear and set, short and long */
    {0x0012,
     1,
     0,
     "30250420" H32 "020100",
     {IS(ACTIVATE), .hash = {HASH, 32}, .counter = 0}},
    {0x0012,
     1,
     0x7F,
     "30250420" H32 "02017F",
     {IS(ACTIVATE), .hash = {HASH, 32}, .counter = 0x7F}},
    {0x0012,
     1,
     0x80,
     "30260420" H32 "02020080",
     {IS(ACTIVATE), .hash = {HASH, 32}, .counter = 0x80}},
    {0x0012,
     1,
     0x0182AC7B5A07,
     "302A0420" H32 "02060182AC7B5A07",
     {IS(ACTIVATE), .hash = {HASH, 32}, .counter = 0x0182AC7B5A07}},
    {0x0012,
     1,
     UINT64_MAX,
     "302D0420" H32 "020900FFFFFFFFFFFFFFFF",
     {IS(ACTIVATE), .hash = {HASH, 32}, .counter = UINT64_MAX}},

    {0x0012, 2, 1000, "300902010004040123ABCD", {IS(ACTIVATE_RESULT), VERSION}},
    {0x0012,
     2,
     1000,
     "300902010104040123ABCD",
     {IS(ACTIVATE_RESULT), .result = GBCS_ACTIVATE_NO_IMAGE_HELD, VERSION}},
    {0x0012,
     2,
     1000,
     "300902010204040123ABCD",
     {IS(ACTIVATE_RESULT), .result = GBCS_ACTIVATE_HASH_MISMATCH, VERSION}},
    {0x0012,
     2,
     1000,
     "300902010304040123ABCD",
     {IS(ACTIVATE_RESULT), .result = GBCS_ACTIVATE_FAILURE, VERSION}},
    {0x0012, 2, 1001, "0500", {IS(ACTIVATE_ACCEPTED)}},

    {0x00CA,
     3,
     2000,
     "30250203008F66" T2030 "020203E9300902010004040123ABCD",
     {IS(ACTIVATE_ALERT), 0x8F66, .counter = 1001, AT_2030, VERSION}},
    {0x00CA,
     3,
     2000,
     "30250203008F67" T2030 "020203E9300902010204040123ABCD",
     {IS(ACTIVATE_ALERT), 0x8F67, 2, .counter = 1001, AT_2030, VERSION}},
    {0x00CA,
     3,
     2000,
     "302C0203008F67" T2030 "020900E8D4A51000000001300902010304040123ABCD",
     {IS(ACTIVATE_ALERT), 0x8F67, 3, .counter = 0xE8D4A51000000001, AT_2030,
      VERSION}},

    {0x0129, 1, 1300, "0500", {IS(READ)}},
    {0x0129, 2, 1300, "300904040123ABCD020100", {IS(READ_RESULT), VERSION}},
    {0x0129, 2, 1300, "3009040400000000020101", {IS(READ_RESULT), .result = 1}},

    {0x0128,
     3,
     4000,
     "30290203008F8A" T2015 "040800DB1234567890A404040123ABCD020100",
     {IS(TRANSFER_ALERT), 0x8F8A, AT_2015, PPMID, VERSION}},
    {0x0128,
     3,
     4001,
     "30290203008F89" T2015 "040800DB1234567890A404040123ABCD020101",
     {IS(TRANSFER_ALERT), 0x8F89, GBCS_FIRMWARE_IMAGE_DISCARDED, AT_2015, PPMID,
      VERSION}},
    {0x0128,
     3,
     4001,
     "30290203008F89" T2015 "040800DB1234567890A404040123ABCD020102",
     {IS(TRANSFER_ALERT), 0x8F89, GBCS_HARDWARE_VERSION_MISMATCH, AT_2015,
      PPMID, VERSION}},
    {0x0128,
     3,
     4001,
     "30290203008F89" T2015 "040800DB1234567890A404040123ABCD020103",
     {IS(TRANSFER_ALERT), 0x8F89, GBCS_FILE_TRANSFER_FAILURE, AT_2015, PPMID,
      VERSION}},

    {0x012B,
     3,
     5000,
     "301F0203008F8B" T2015 "04040123ABCD020100",
     {IS(PPMID_ALERT), 0x8F8B, AT_2015, VERSION}},
    {0x012B,
     3,
     5001,
     "301F0203008F8B" T2015 "04040123ABCD020101",
     {IS(PPMID_ALERT), 0x8F8B, 1, AT_2015, VERSION}},

    {0x0059, 1, 1000, "D9200003E800010100010000000201FF020100", {IS(READ)}},
    /* the low three octets of a long counter */
    {0x0059,
     1,
     0x0182AC7B5A07,
     "D9207B5A0700010100010000000201FF020100",
     {IS(READ)}},
    {0x0059,
     2,
     1000,
     "DA200003E800000109040123ABCD010100",
     {IS(READ_RESULT), VERSION}},
    {0x0059,
     2,
     1000,
     "DA200003E800000100010101",
     {IS(READ_RESULT), .result = 1}},
    {0x0059,
     2,
     1000,
     "DA200003E8000001000101FA",
     {IS(READ_RESULT), .result = 0xFA}},

    {0x0084, 1, 1000, "01090101070200050000000602", {IS(READ)}},
    {0x0084,
     2,
     1000,
     "010901010702000C08000106020041040123ABCD",
     {IS(READ_RESULT), VERSION}},
    {0x0084,
     2,
     1000,
     "01090101070200060800010602C0",
     {IS(READ_RESULT), .result = 0xC0}},

    {0x00CE,
     3,
     2000,
     "0F200007D0000203128F72" COSEM_2015 "0920" H32,
     {IS(VERIFICATION_ALERT), 0x8F72, AT_2015, .hash = {HASH, 32}}},
    {0x00CE,
     3,
     2000,
     "0F200007D0000203128F1C" COSEM_2015 "0920" H32,
     {IS(VERIFICATION_ALERT), 0x8F1C, AT_2015, .hash = {HASH, 32}}},
    {0x00CE,
     3,
     2000,
     "0F200007D0000203128F72090CFFFFFFFFFFFFFFFFFF8000FF0920" H32,
     {IS(VERIFICATION_ALERT), 0x8F72, .hash = {HASH, 32}}},
    /* 2015-01-01 is 473,385,600 s after 2000-01-01 */
    {0x00CF,
     3,
     3000,
     "0109018F721C374A800920" H32,
     {IS(VERIFICATION_ALERT), 0x8F72, AT_2015, .hash = {HASH, 32}}},
    {0x00CF,
     3,
     3000,
     "0109018F1C1C374A800920" H32,
     {IS(VERIFICATION_ALERT), 0x8F1C, AT_2015, .hash = {HASH, 32}}},
    {0x00CF,
     3,
     3000,
     "0109018F72FFFFFFFF0920" H32,
     {IS(VERIFICATION_ALERT), 0x8F72, .hash = {HASH, 32}}},
};
enum { GOOD = sizeof good / sizeof *good };

static const struct gbcs_use_case *row_of(uint16_t code, enum gbcs_cra cra) {
    const struct gbcs_use_case *row = gbcs_use_cases;
    while (row->name && (row->code != code || row->cra != cra))
        row++;
    return row->name ? row : NULL;
}

/* A parsed message around a payload, as its use case wants it. */
static struct gbcs_message around(uint16_t code, enum gbcs_cra cra,
                                  uint64_t counter, struct span payload) {
    static const uint8_t zeros[64];
    const struct gbcs_use_case *row = row_of(code, cra);
    struct gbcs_message message = {
        .header = {.code = code, .cra = cra, .counter = counter},
        .payload = payload,
    };
    if (!row || row->is_maced)
        message.mac = span_of(zeros, 12);
    if (row && row->is_signed)
        message.signature = span_of(zeros, 64);
    if (row && row->has_date_time)
        message.header.date_time = span_of(DATE_TIME, 12);
    return message;
}

/* Reads exactly these octets, from memory of its own. Returns the reason. */
static const char *read_octets(uint16_t code, enum gbcs_cra cra,
                               uint64_t counter, struct span octets,
                               struct gbcs_payload *said) {
    uint8_t *copy = malloc(octets.len ? octets.len : 1);
    memcpy(copy, octets.data, octets.len);
    struct gbcs_message message =
        around(code, cra, counter, span_of(copy, octets.len));
    const char *reason = NULL;
    bool done = gbcs_payload_read(&message, said, &reason);
    if (done && said->hash.len)
        assert_memory_equal(said->hash.data, HASH, 32);
    free(copy);
    if (!done)
        assert_non_null(reason);
    return done ? NULL : reason;
}

static struct span octets_of_hex(const char *hex, uint8_t octets[static 256]) {
    int len = hex_parse(span_text(hex), octets, 256);
    assert_true(len >= 0);
    return span_of(octets, (size_t)len);
}

static const char *read_hex(const struct good *row, struct gbcs_payload *said) {
    uint8_t octets[256];
    return read_octets(row->code, row->cra, row->counter,
                       octets_of_hex(row->hex, octets), said);
}

static void every_published_form_is_read(void **state) {
    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        const struct gbcs_payload *expected = &good[i].said;
        struct gbcs_payload said;
        const char *reason = read_hex(good + i, &said);
        if (reason)
            fail_msg("%s: %s", good[i].hex, reason);
        assert_int_equal(said.kind, expected->kind);
        assert_int_equal(said.alert_code, expected->alert_code);
        assert_int_equal(said.result, expected->result);
        assert_int_equal(said.has_time, expected->has_time);
        if (said.has_time)
            assert_true(said.time == expected->time);
        assert_true(said.counter == expected->counter);
        assert_true(said.device == expected->device);
        assert_int_equal(said.firmware_version, expected->firmware_version);
        assert_int_equal(said.hash.len, expected->hash.len);
    }
}

static void every_published_form_is_written(void **state) {
    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        struct gbcs_header header = {.code = good[i].code,
                                     .cra = good[i].cra,
                                     .counter = good[i].counter};
        struct buffer out = {0};
        assert_true(gbcs_payload_write(&header, &good[i].said, &out));
        char text[2 * 256 + 1];
        assert_string_equal(hex_format(buffer_span(&out), text), good[i].hex);
        buffer_free(&out);
    }
}

static void every_row_of_the_table_is_tried(void **state) {
    (void)state;
    for (const struct gbcs_use_case *row = gbcs_use_cases; row->name; row++) {
        size_t found = 0;
        for (size_t i = 0; i < GOOD; i++) {
            struct gbcs_payload said;
            if (good[i].code == row->code && good[i].cra == row->cra &&
                !read_hex(good + i, &said) && said.use_case == row)
                found++;
        }
        if (!found)
            fail_msg("no case for %s %04X, %s", row->name, row->code,
                     row->layout);
    }
}

static void cut_anywhere_or_with_more_it_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        uint8_t octets[256] = {0};
        struct span whole = octets_of_hex(good[i].hex, octets);
        struct gbcs_payload said;
        for (size_t len = 0; len <= whole.len + 1; len++)
            if (len != whole.len &&
                !read_octets(good[i].code, good[i].cra, good[i].counter,
                             span_of(octets, len), &said))
                fail_msg("%s was read with %zu octets", good[i].hex, len);
    }
}

/* Any one octet changed: refused, or read to other fields; and what is read is
 * what would be written (but for the parts of a COSEM date-time that say
 * nothing about the time, and for a second 60, which is the next minute's
 * first). */
static void what_is_read_is_what_is_written(void **state) {
    (void)state;
    for (size_t i = 0; i < GOOD; i++) {
        uint8_t octets[256];
        struct span whole = octets_of_hex(good[i].hex, octets);
        for (size_t at = 0; at < whole.len * 255; at++) {
            uint8_t was = octets[at / 255];
            octets[at / 255] = (uint8_t)(was + 1 + at % 255);
            struct gbcs_message message =
                around(good[i].code, good[i].cra, good[i].counter, whole);
            struct gbcs_payload said;
            const char *reason;
            struct buffer out = {0};
            if (gbcs_payload_read(&message, &said, &reason) &&
                good[i].code != GBCS_CODE_FDRA_DLMS) {
                assert_true(gbcs_payload_write(&message.header, &said, &out));
                assert_true(span_equal(buffer_span(&out), whole) ||
                            memmem(whole.data, whole.len, "60Z", 3));
            }
            buffer_free(&out);
            octets[at / 255] = was;
        }
    }
}

static void what_the_rules_refuse(void **state) {
    (void)state;
    static const struct {
        uint16_t code;
        enum gbcs_cra cra;
        uint64_t counter;
        const char *hex, *reason;
    } cases[] = {
        /* DER that is not minimal */
        {0x0012, 1, 1000, "3081260420" H32 "020203E8", "shortest"},
        {0x0012, 1, 1000, "308200260420" H32 "020203E8", "shortest"},
        {0x0012, 1, 1000, "30270420" H32 "02030003E8", "shortest"},
        {0x0012, 1, 1000, "3027048120" H32 "020203E8", "fixed octet"},
        {0x0012, 1, 1000, "30270420" H32 "02810203E8", "shortest"},
        {0x0012, 2, 1000, "300A0202000004040123ABCD", "fixed octet"},
        {0x0012, 2, 1000, "30800201000404012345670000", "two octets"},
        {0x0012, 2, 1001, "058100", "fixed octet"},
        /* counters */
        {0x0012, 1, 1000, "30260420" H32 "020203E9", "not the header's"},
        {0x0012, 1, 1000, "30240420" H32 "0200", "empty"},
        {0x0012, 1, 0x80, "30250420" H32 "020180", "negative"},
        {0x0012, 1, 0, "302D0420" H32 "0209010000000000000000", "64 bits"},
        {0x0012, 1, 0, "302E0420" H32 "020A00FFFFFFFFFFFFFFFFFF", "64 bits"},
        {0x0012, 1, 1000, "30260420" H32 "040203E8", "no INTEGER"},
        /* lengths that lie */
        {0x0012, 1, 1000, "30270420" H32 "020203E8", "past its end"},
        {0x0012, 1, 1000, "30250420" H32 "020203E8", "too early"},
        {0x0012, 1, 1000, "30280420" H32 "020203E80500", "fixed octet"},
        {0x0012, 1, 1000, "30390420" H32 "020203E8" T2030 "0500", "follow"},
        {0x0012, 1, 1000, "30260420" H32 "020203E8" T2030, "follow"},
        {0x0012, 2, 1000, "300B02010004040123ABCD0500", "follow"},
        {0x0012, 2, 1000, "050000", "follow"},
        {0x00CA, 3, 2000,
         "30250203008F66" T2030 "020203E9300A02010004040123ABCD",
         "past its end"},
        {0x00CA, 3, 2000,
         "30250203008F66" T2030 "020203E9300802010004040123ABCD", "too early"},
        /* times */
        {0x0012, 1, 1,
         "30360420" H32 "020101180F32303330313331353039303030305A",
         "no date and time"},
        {0x0012, 1, 1,
         "30360420" H32 "020101180F323033303031313530393030303030",
         "no date and time"},
        {0x0012, 1, 1,
         "30360420" H32 "020101180F3230333030323330303930303030"
         "5A",
         "no date and time"},
        {0x0012, 1, 1,
         "30360420" H32 "020101180F2B3033303031313530393030303"
         "05A",
         "no date and time"},
        {0x0012, 1, 1,
         "30340420" H32 "020101180D333030313135303930303030"
         "5A",
         "fixed octet"},
        /* results and alert codes outside their lists, or not together */
        {0x0012, 2, 1000, "300902010404040123ABCD", "result"},
        {0x0012, 2, 1000, "30090201FF04040123ABCD", "result"},
        {0x0129, 2, 1300, "300904040123ABCD020102", "result"},
        {0x012B, 3, 5000, "301F0203008F8B" T2015 "04040123ABCD020102",
         "result"},
        {0x00CA, 3, 2000,
         "30250203008F66" T2030 "020203E9300902010204040123ABCD", "result"},
        {0x00CA, 3, 2000,
         "30250203008F67" T2030 "020203E9300902010004040123ABCD", "result"},
        {0x00CA, 3, 2000,
         "30250203008F68" T2030 "020203E9300902010004040123ABCD", "alert code"},
        {0x0128, 3, 4000,
         "30290203008F8A" T2015 "040800DB1234567890A404040123ABCD020103",
         "result"},
        {0x0128, 3, 4000,
         "30290203008F89" T2015 "040800DB1234567890A404040123ABCD020100",
         "result"},
        {0x0128, 3, 4000,
         "30290203008F89" T2015 "040800DB1234567890A404040123ABCD020104",
         "result"},
        {0x0128, 3, 4000,
         "30290203008F8B" T2015 "040800DB1234567890A404040123ABCD020100",
         "alert code"},
        {0x00CE, 3, 2000, "0F200007D0000203128F73" COSEM_2015 "0920" H32,
         "alert code"},
        {0x00CF, 3, 3000, "0109018F661C374A800920" H32, "alert code"},
        /* the order of CS06 in CS08 and the other way round */
        {0x0129, 2, 1300, "300902010004040123ABCD", "fixed octet"},
        {0x0012, 2, 1000, "300904040123ABCD020100", "fixed octet"},
        /* DLMS */
        {0x0059, 1, 1000, "D9200003E900010100010000000201FF020100",
         "long-invoke-id"},
        {0x0059, 2, 1000, "DA200003E900000109040123ABCD010100",
         "long-invoke-id"},
        {0x0059, 2, 1000, "DA200003E800000109040123ABCD010101", "result"},
        {0x0059, 2, 1000, "DA200003E800000100010100", "result"},
        {0x0059, 2, 1000, "DA200003E800000109030123AB010100", "fixed octet"},
        {0x0059, 1, 1000, "D9200003E800010100010000000200FF020100",
         "fixed octet"},
        {0x00CE, 3, 2001, "0F200007D0000203128F72" COSEM_2015 "0920" H32,
         "long-invoke-id"},
        /* ZCL */
        {0x0084, 2, 1000, "010901010702000D08000106020041040123ABCD",
         "fixed octet"},
        {0x0084, 2, 1000, "010901010702000C08000106028641040123ABCD", "result"},
        {0x0084, 2, 1000,
         "010901010702000608000106020"
         "0",
         "result"},
        {0x0084, 2, 1000, "010901010702000C08000106020041030123ABCD",
         "fixed octet"},
        /* the CRA flag */
        {0x0128, 1, 4000, "0500", "CRA flag"},
        {0x0128, 2, 4000, "0500", "CRA flag"},
        {0x00CA, 2, 4000, "0500", "CRA flag"},
        {0x0129, 3, 1300, "0500", "CRA flag"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t octets[256];
        struct gbcs_payload said;
        const char *reason =
            read_octets(cases[i].code, cases[i].cra, cases[i].counter,
                        octets_of_hex(cases[i].hex, octets), &said);
        if (!reason)
            fail_msg("case %zu was read: %s", i, cases[i].hex);
        else if (!strstr(reason, cases[i].reason))
            fail_msg("case %zu, %s: %s", i, cases[i].hex, reason);
    }
}

/* Each row of the published table of wrappers, against all four wrappers. */
static void the_wrapper_is_that_of_the_use_case(void **state) {
    (void)state;
    static const uint8_t zeros[64];
    for (size_t i = 0; i < GOOD; i++) {
        const struct gbcs_use_case *row = row_of(good[i].code, good[i].cra);
        uint8_t octets[256];
        struct gbcs_message message =
            around(good[i].code, good[i].cra, good[i].counter,
                   octets_of_hex(good[i].hex, octets));
        for (unsigned form = 0; form < 8; form++) {
            bool is_signed = form & 1, is_maced = form & 2, dated = form & 4;
            message.signature = span_of(zeros, is_signed ? 64 : 0);
            message.mac = span_of(zeros, is_maced ? 12 : 0);
            message.header.date_time = span_of(DATE_TIME, dated ? 12 : 0);
            bool is_cs06_command = row->kind == GBCS_ACTIVATE;
            bool right =
                dated == row->has_date_time &&
                ((is_signed == row->is_signed && is_maced == row->is_maced) ||
                 (is_cs06_command && !is_maced));
            struct gbcs_payload said;
            const char *reason;
            assert_int_equal(gbcs_payload_read(&message, &said, &reason),
                             right);
        }
    }
}

static void alerts_of_other_use_cases_have_their_alert_code(void **state) {
    (void)state;
    static const struct {
        enum gbcs_cra cra;
        const char *hex;
        uint16_t alert_code;
    } cases[] = {
        {3, "0F200007D0000202128F3F" COSEM_2015, 0x8F3F},
        {3, "0109018F3F1C374A80", 0x8F3F},
        {3, "30050203008F3F", 0x8F3F},
        {3, "3081050203008F3F", 0x8F3F},
        {3, "0F200007D0000202128F", 0},
        {3, "0109018F", 0},
        {3, "0500", 0},
        {3, "", 0},
        {2, "0109018F3F1C374A80", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t octets[256];
        struct gbcs_payload said;
        assert_null(read_octets(0x00C9, cases[i].cra, 1,
                                octets_of_hex(cases[i].hex, octets), &said));
        assert_int_equal(said.kind, GBCS_OTHER);
        assert_null(said.use_case);
        assert_int_equal(said.alert_code, cases[i].alert_code);
    }
}

static void what_no_row_has_is_not_written(void **state) {
    (void)state;
    static const struct {
        uint16_t code;
        enum gbcs_cra cra;
        struct gbcs_payload said;
    } cases[] = {
        {0x0012, GBCS_ALERT, {IS(ACTIVATE)}},
        {0x0012, GBCS_RESPONSE, {IS(ACTIVATE)}},
        {0x0012, GBCS_RESPONSE, {IS(ACTIVATE_RESULT), .result = 4}},
        {0x0128, GBCS_ALERT, {IS(TRANSFER_ALERT), 0x8F8A, .result = 1}},
        {0x0128, GBCS_ALERT, {IS(TRANSFER_ALERT), 0x8F8B}},
        {0x0129, GBCS_ALERT, {IS(PPMID_ALERT), 0x8F8B}},
        {0x00C9, GBCS_ALERT, {IS(OTHER)}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gbcs_header header = {.code = cases[i].code,
                                     .cra = cases[i].cra};
        struct buffer out = {0};
        assert_false(gbcs_payload_write(&header, &cases[i].said, &out));
        assert_int_equal(out.len, 0);
        buffer_free(&out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_published_form_is_read),
        cmocka_unit_test(every_published_form_is_written),
        cmocka_unit_test(every_row_of_the_table_is_tried),
        cmocka_unit_test(cut_anywhere_or_with_more_it_is_refused),
        cmocka_unit_test(what_is_read_is_what_is_written),
        cmocka_unit_test(what_the_rules_refuse),
        cmocka_unit_test(the_wrapper_is_that_of_the_use_case),
        cmocka_unit_test(alerts_of_other_use_cases_have_their_alert_code),
        cmocka_unit_test(what_no_row_has_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
