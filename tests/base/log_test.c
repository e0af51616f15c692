/* What a line of the log is in the journal: its fields are what people look for
 * it by. This program stands in for the journal. */
#include "support/check.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char got[4096]; /* the fields of the latest entry, a line each */

int sd_journal_sendv(const struct iovec *iov, int n);

/* In place of libsystemd's. */
int sd_journal_sendv(const struct iovec *iov, int n) {
    size_t len = 0;
    for (int i = 0; i < n; i++)
        len += (size_t)snprintf(got + len, sizeof got - len, "%.*s\n",
                                (int)iov[i].iov_len,
                                (const char *)iov[i].iov_base);
    return 0;
}

/* As the service manager does. */
static int connect_journal(void **state) {
    (void)state;
    struct stat status;
    char stream[64];
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)status.st_dev,
             (uintmax_t)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    return 0;
}

static int leave_journal(void **state) {
    (void)state;
    unsetenv("JOURNAL_STREAM");
    log_set_request(NULL);
    return 0;
}

static void each_name_is_a_field(void **state) {
    (void)state;
    log_set_request("90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:7");
    log_warning("test.event",
                "csp=%s job=%s user=%s peer=%s device=%s n=%d"
                " : csp=south went",
                "north", "j-1", "90-B3-D5-1F-30-01-00-00", "192.0.2.1",
                "00-DB-12-34-56-78-90-A0", 3);
    assert_string_equal(
        got,
        "MESSAGE=test.event csp=north job=j-1 user=90-B3-D5-1F-30-01-00-00 "
        "peer=192.0.2.1 device=00-DB-12-34-56-78-90-A0 n=3 : csp=south went\n"
        "PRIORITY=4\nFOTAD_EVENT=test.event\n"
        "REQUEST_ID=90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:7\n"
        "CSP=north\nJOB=j-1\nUSER_ID=90-B3-D5-1F-30-01-00-00\n"
        "PEER=192.0.2.1\nDEVICE_ID=00-DB-12-34-56-78-90-A0\n");
}

static void what_is_not_there_is_no_field(void **state) {
    (void)state;
    log_error("test.event", ": user=nobody");
    assert_string_equal(got, "MESSAGE=test.event : user=nobody\nPRIORITY=3\n"
                             "FOTAD_EVENT=test.event\n");
    log_set_level(LOG_LEVEL_ERROR);
    log_warning("test.other", "csp=%s", "north");
    log_set_level(LOG_LEVEL_INFO);
    assert_null(strstr(got, "test.other"));
}

/* A field that does not fit is not there in part. */
static void a_long_value_is_in_the_message_alone(void **state) {
    (void)state;
    char longest[200] = "";
    memset(longest, 'x', sizeof longest - 1);
    log_info("test.event", "csp=%s job=1", longest);
    assert_non_null(strstr(got, longest));
    assert_null(strstr(got, "\nCSP="));
    assert_non_null(strstr(got, "\nJOB=1\n"));
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, connect_journal, leave_journal)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_name_is_a_field),
        TEST(what_is_not_there_is_no_field),
        TEST(a_long_value_is_in_the_message_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
