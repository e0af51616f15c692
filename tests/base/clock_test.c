/* What is done every so often, whatever happens to the clock meanwhile; and the
 * times that can be read and written. */
#include "support/check.h"

#include "base/clock.h"

static void it_is_due_when_its_time_has_come(void **state) {
    (void)state;
    static const struct {
        const char *what;
        instant next, now;
        bool due;
    } cases[] = {
        {"the first time", 0, DAY, true},
        {"just before its time", DAY, DAY - 1, false},
        {"at its time", DAY, DAY, true},
        {"the clock was set forward", DAY, 400 * DAY, true},
        {"a whole interval to go", DAY + MINUTE, DAY, false},
        {"the clock was set back", DAY + MINUTE, DAY - 1, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        instant next = cases[i].next;
        if (clock_is_due(&next, cases[i].now, MINUTE) != cases[i].due)
            fail_msg("%s: %s", cases[i].what, cases[i].due ? "no" : "yes");
        assert_int_equal(next,
                         cases[i].due ? cases[i].now + MINUTE : cases[i].next);
    }
}

static void what_is_read_can_be_written(void **state) {
    (void)state;
    static const struct {
        const char *text, *utc; /* NULL: it is not read */
    } cases[] = {
        {"2026-11-21T09:15:00Z", "2026-11-21T09:15:00.000Z"},
        {"2026-11-21T09:15:00.9999999+14:00", "2026-11-20T19:15:00.999Z"},
        {"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"},
        {"2026-11-21T09:15:00+14:01", NULL},
        {"2026-02-29T09:15:00Z", NULL},
        /* within four digits of a year, here and in UTC */
        {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"},
        {"9999-12-31T23:59:59-00:01", NULL},
        {"9999-12-31T23:59:59-12:00", NULL},
        {"9999-12-31T23:59:59+14:00", "9999-12-31T09:59:59.000Z"},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"},
        {"0001-01-01T00:00:00+00:01", NULL},
        {"0000-12-31T23:59:59Z", NULL},
        {"0000-12-31T23:59:59-14:00", NULL},
        {"10000-01-01T00:00:00Z", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        instant when;
        char text[INSTANT_TEXT_SIZE];
        bool read = instant_parse(span_text(cases[i].text), &when);
        if (read != (cases[i].utc != NULL))
            fail_msg("%s is %s", cases[i].text, read ? "read" : "refused");
        if (read)
            assert_string_equal(instant_format(when, text), cases[i].utc);
    }
}

static void a_leap_second_is_the_next_minute(void **state) {
    (void)state;
    static const struct {
        const char *text, *utc; /* NULL: no time */
    } cases[] = {
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"},
        {"2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.500Z"},
        {"2017-01-01T05:29:60+05:30", "2017-01-01T00:00:00.000Z"},
        {"2016-12-31T23:59:61Z", NULL},
        {"2016-12-31T24:00:60Z", NULL},
        {"9999-12-31T23:59:60Z", NULL},
        {"2026-11-21T09:15:00Z", "2026-11-21T09:15:00.000Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        instant when;
        char text[INSTANT_TEXT_SIZE];
        bool read = instant_parse_leap(span_text(cases[i].text), &when);
        assert_int_equal(read, cases[i].utc != NULL);
        if (read)
            assert_string_equal(instant_format(when, text), cases[i].utc);
    }
}

/* Also what nobody reads: sums, and a database's infinities. */
static void what_cannot_be_written_becomes_the_nearest(void **state) {
    (void)state;
    char text[INSTANT_TEXT_SIZE];
    assert_string_equal(instant_format(INT64_MAX, text),
                        "9999-12-31T23:59:59.999Z");
    assert_string_equal(instant_format(253402300800 * SECOND, text),
                        "9999-12-31T23:59:59.999Z");
    assert_string_equal(instant_format(INT64_MIN, text),
                        "0001-01-01T00:00:00.000Z");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_due_when_its_time_has_come),
        cmocka_unit_test(what_is_read_can_be_written),
        cmocka_unit_test(a_leap_second_is_the_next_minute),
        cmocka_unit_test(what_cannot_be_written_becomes_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
