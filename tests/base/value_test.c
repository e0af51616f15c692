/* Readers of values: what each takes, and what only looks like it. */
#include "support/check.h"

#include "base/value.h"

#include <sys/socket.h>

static const struct {
    const char *text;
    bool good;
} mailboxes[] = {
    {"fotad@dsp.example", true},
    {"a+b@c", true},
    {"", false},
    {"@", false},
    {"fotad", false},
    {"@dsp.example", false},
    {"fotad@", false},
    {"a@b@c", false},
    {"a b@c", false},
    {"a@b\r\nBcc: x@y", false},
    {"<a@b>", false},
    {"a@b>", false},
    {"a,b@c", false},
    {"\"a\"@b", false},
    {"\xc3\xbc@b", false},
};

static void only_an_address_is_one(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof mailboxes / sizeof *mailboxes; i++)
        if (value_is_mailbox(mailboxes[i].text) != mailboxes[i].good)
            fail_msg("%s", mailboxes[i].text);
}

/* ---- addresses to listen on ---- */

static const struct {
    const char *text;
    int family; /* -1: none */
    bool is_private;
} listens[] = {
    {"127.0.0.1:8079", AF_INET, true},
    {"127.8.9.1:0", AF_INET, true},
    {"10.0.0.1:65535", AF_INET, false},
    {"0.0.0.0:1", AF_INET, false},
    {"localhost:1", AF_INET, true},
    {"[::1]:8079", AF_INET6, true},
    {"[::]:1", AF_INET6, false},
    {"unix:/run/fotad/s", AF_UNIX, true},
    {"", -1, false},
    {":abc", -1, false},
    {":8079", -1, false},
    {"127.0.0.1", -1, false},
    {"127.0.0.1:", -1, false},
    {"127.0.0.1:65536", -1, false},
    {"127.0.0.1:-1", -1, false},
    {"127.0.0.1:+1", -1, false},
    {"127.0.0.1: 1", -1, false},
    {"127.0.0.1:1 ", -1, false},
    {"127.0.0.1:0x50", -1, false},
    {"127.0.0.1:http", -1, false},
    {"127.0.0.1:000080", -1, false},
    {"127.1:80", -1, false},
    {"127.example.com:80", -1, false},
    {"localhost.example:80", -1, false},
    {"fotad.example:80", -1, false},
    {"10.0.0.300:80", -1, false},
    {"::1:80", -1, false},
    {"[::1:80", -1, false},
    {"[::1]80", -1, false},
    {"[127.0.0.1]:80", -1, false},
    {"[::ffff:127.0.0.1]:80", -1, false},
    {"unix:", -1, false},
    {"unix:/", -1, false},
    {"unix:run/fotad", -1, false},
};

static void only_what_can_be_listened_on_is_an_address(void **state) {
    (void)state;
    char path[256];
    struct value_address address;
    for (size_t i = 0; i < sizeof listens / sizeof *listens; i++) {
        bool good = value_address(listens[i].text, &address);
        if ((good ? address.family : -1) != listens[i].family ||
            (good &&
             value_address_is_private(&address) != listens[i].is_private))
            fail_msg("%s", listens[i].text);
    }
    snprintf(path, sizeof path, "unix:/%0107d", 0); /* sun_path has 108 */
    assert_false(value_address(path, &address));
    path[strlen(path) - 1] = '\0';
    assert_true(value_address(path, &address));
}

static void two_addresses_clash_where_both_would_listen(void **state) {
    (void)state;
    static const struct {
        const char *one, *other;
        bool clash;
    } rows[] = {
        {"127.0.0.1:1", "127.0.0.1:1", true},
        {"127.0.0.1:1", "localhost:01", true},
        {"127.0.0.1:1", "127.0.0.1:2", false},
        {"127.0.0.1:0", "127.0.0.1:0", false},
        {"127.0.0.1:1", "127.0.0.2:1", false},
        {"0.0.0.0:1", "127.0.0.2:1", true},
        {"[::]:1", "[::1]:1", true},
        {"[::]:1", "0.0.0.0:1", false},
        {"unix:/a", "unix:/a", true},
        {"unix:/a", "unix:/b", false},
        {"unix:/a", "127.0.0.1:1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct value_address a, b;
        assert_true(value_address(rows[i].one, &a));
        assert_true(value_address(rows[i].other, &b));
        if (value_addresses_clash(&a, &b) != rows[i].clash ||
            value_addresses_clash(&b, &a) != rows[i].clash)
            fail_msg("%s %s", rows[i].one, rows[i].other);
    }
}

/* ---- URLs ---- */

static void only_what_can_be_called_is_a_url(void **state) {
    (void)state;
    static const struct {
        const char *text, *rest; /* NULL: it is none */
    } rows[] = {
        {"http://h", ""},
        {"https://h:1/x?y=z", "/x?y=z"},
        {"http://10.0.0.30:65535/", "/"},
        {"http://[fe80::1]:80", ""},
        {"https://fotad.example", ""},
        {"https://a-b_c.d1.example?x", "?x"},
        {"http://1a.example", ""},
        {"", NULL},
        {"nonsense", NULL},
        {"http://", NULL},
        {"http:///x", NULL},
        {"http://:80/", NULL},
        {"http:/h", NULL},
        {"HTTP://h", NULL},
        {"ftp://h", NULL},
        {" http://h", NULL},
        {"http://h /", NULL},
        {"http://h:99999/x", NULL},
        {"http://h:0/x", NULL},
        {"http://h:/x", NULL},
        {"http://h:8o/x", NULL},
        {"http://h:+80/x", NULL},
        {"http://10.0.0.300/", NULL},
        {"http://10.0.0/", NULL},
        {"http://1/", NULL},
        {"http://0x7f000001/", NULL},
        {"http://a.0x1/", NULL},
        {"http://a..b/", NULL},
        {"http://.a/", NULL},
        {"http://a./", NULL},
        {"http://-a/", NULL},
        {"http://a-/", NULL},
        {"http://a b/", NULL},
        {"http://\xc3\xbc/", NULL},
        {"http://[::1/", NULL},
        {"http://[::1]x/", NULL},
        {"http://[h]/", NULL},
        {"http://user@h/", NULL},
        {"http://h/#x", NULL},
        {"http://h/<x>", NULL},
        {"http://h/\\x", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct span rest;
        bool good = value_url(span_text(rows[i].text), "https, http", &rest);
        if (good != (rows[i].rest != NULL) ||
            (good && !span_equal(rest, span_text(rows[i].rest))))
            fail_msg("%s", rows[i].text);
    }
}

/* ---- numbers ---- */

static void numbers_have_no_sign_and_no_blank(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t count, size, duration; /* -1: none */
    } rows[] = {
        {"0", 0, 0, -1},
        {"12", 12, 12, -1},
        {"1k", -1, 1024, -1},
        {"2m", -1, 2 << 20, 2 * MINUTE},
        {"0s", -1, -1, 0},
        {"15d", -1, -1, 15 * DAY},
        {"9223372036854775807", INT64_MAX, INT64_MAX, -1},
        {"9223372036854775808", -1, -1, -1},
        {"9223372036854775807k", -1, -1, -1},
        {"9223372036854775807d", -1, -1, -1},
        {"99999999999999999999", -1, -1, -1},
        {"", -1, -1, -1},
        {"-1", -1, -1, -1},
        {"+1", -1, -1, -1},
        {" 1", -1, -1, -1},
        {"1 ", -1, -1, -1},
        {"0x10", -1, -1, -1},
        {"1e3", -1, -1, -1},
        {"1.5", -1, -1, -1},
        {"nan", -1, -1, -1},
        {"inf", -1, -1, -1},
        {"1K", -1, -1, -1},
        {"1kb", -1, -1, -1},
        {"1 m", -1, -1, -1},
        {"1ms", -1, -1, -1},
        {"m", -1, -1, -1},
        {"\xd9\xa1", -1, -1, -1}, /* U+0661, ARABIC-INDIC DIGIT ONE */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = rows[i].text;
        int64_t number;
        if ((value_count(text, &number) ? number : -1) != rows[i].count ||
            (value_size(text, &number) ? number : -1) != rows[i].size ||
            (value_duration(text, &number) ? number : -1) != rows[i].duration)
            fail_msg("'%s'", text);
    }
}

static void a_version_is_digits_and_dots(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int32_t number; /* -1: none */
    } rows[] = {
        {"4.0", 40000}, {"4.1", 40100}, {"4.1.2", 40102}, {"10.12", 101200},
        {"-4.0", -1},   {"+4.0", -1},   {"4. 1", -1},     {"4 .1", -1},
        {" 4.1", -1},   {"4.1 ", -1},   {"4", -1},        {"4.", -1},
        {".1", -1},     {"4..1", -1},   {"4.100", -1},    {"4.1.2.3", -1},
        {"4.1.", -1},   {"four", -1},   {"0x4.1", -1},    {"4,1", -1},
        {"4.1.2x", -1}, {"", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int32_t number;
        if ((value_gbcs(span_text(rows[i].text), &number) ? number : -1) !=
            rows[i].number)
            fail_msg("'%s'", rows[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_an_address_is_one),
        cmocka_unit_test(only_what_can_be_listened_on_is_an_address),
        cmocka_unit_test(two_addresses_clash_where_both_would_listen),
        cmocka_unit_test(only_what_can_be_called_is_a_url),
        cmocka_unit_test(numbers_have_no_sign_and_no_blank),
        cmocka_unit_test(a_version_is_digits_and_dots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
