/* Who is told what, by fotad's clock, in another year than PostgreSQL's. */
#include "mail/scene.h"

/* ---- wishes ---- */

struct wish_case {
    const char *call, *expected;
};

#define SET(account, mail, wishes)                                             \
    "select set_notices('" account "', " mail ", " wishes                      \
    ", '5 days', 'me', '2031-05-01')"

static const struct wish_case wish_cases[] = {
    {SET("nobody", "'a@b'", "'{}'"), "unknown"},
    {SET("ann", "null", "'{quarantine}'"), "no_address"},
    {SET("ann", "''", "'{quarantine}'"), "no_address"},
    {SET("ann", "'a@example.org'", "'{quarantine}'"), "done"},
    {SET("ann", "null", "'{request_finished,failure_share}'"), "done"},
    {SET("ann", "'ann@example.org'", "null"), "done"},
    {SET("root", "'a@b'", "'{quarantine}'"), "not_a_reader"},
    {SET("root", "'a@b'", "'{}'"), "done"},
    {SET("bob", "'b@example.org'", "'{quarantine,quarantine}'"), "done"},
    {SET("bob", "''", "null"), "done"},
    {SET("dora", "'ann@example.org'", "'{}'"), "done"},
};

static void wishes_are_kept(void **state) {
    struct scene *s = *state;
    for (size_t i = 0; i < sizeof wish_cases / sizeof *wish_cases; i++)
        expect(s, wish_cases[i].call, wish_cases[i].expected);
    expect(s,
           "select string_agg(concat_ws(' ', a.name, a.mail, n.wishes::text),"
           " ', ' order by a.name) from account a, notices_of(a.name) n",
           "ann ann@example.org {request_finished,failure_share}, bob {},"
           " dora ann@example.org {}, otto {}, root a@b {}");
    expect(s,
           "select string_agg(concat_ws('|', person, code, detail), ', '"
           " order by entry_no) from sat_entry where detail like 'ann%'",
           "me|e-mail set|ann: a@example.org, quarantine, "
           "me|e-mail set|ann: a@example.org, request_finished failure_share, "
           "me|e-mail set|ann: ann@example.org, request_finished "
           "failure_share");
}

static const struct {
    const char *address;
    const char *expected;
} addresses[] = {
    {"ann@example.org", "done"},
    {"ann.b+fotad@mail.example.co.uk", "done"},
    {"o''hara@example.org", "done"},
    {"root@localhost", "done"},
    {"ann", "not_an_address"},
    {"ann@", "not_an_address"},
    {"@example.org", "not_an_address"},
    {"ann@@example.org", "not_an_address"},
    {"ann@example..org", "not_an_address"},
    {"ann@-example.org", "not_an_address"},
    {"ann@example.org-", "not_an_address"},
    {".ann@example.org", "not_an_address"},
    {"ann..b@example.org", "not_an_address"},
    {"ann @example.org", "not_an_address"},
    {" ann@example.org", "not_an_address"},
    {"Ann <ann@example.org>", "not_an_address"},
    {"ann@example.org,bob@example.org", "not_an_address"},
    {"ann@example.org' || E'\\n", "not_an_address"},
    {"ann@example.org' || E'\\r\\nBcc: x@y", "not_an_address"},
    {"b\xc3\xbcro@example.org", "not_an_address"},
    {"ann@[127.0.0.1]", "not_an_address"},
    {"a' || repeat('a', 64) || '@example.org", "not_an_address"},
    {"ann@' || repeat('a', 64) || '.org", "not_an_address"},
    {"ann@' || repeat('a.', 130) || 'org", "not_an_address"},
};

static void what_is_no_address_is_refused(void **state) {
    struct scene *s = *state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        expect(s,
               arena_printf(s->arena,
                            "select set_notices('ann', '%s', '{}', '5 days',"
                            " 'me', '2031-05-01')",
                            addresses[i].address),
               addresses[i].expected);
}

/* ---- who hears ---- */

#define TOLD                                                                   \
    "select coalesce(string_agg(n.account || ' ' || r.counter, ', '"           \
    " order by n.account, r.counter), '') from notice n"                       \
    " join service_request r using (request_no)"

static void each_hears_of_what_it_may_see(void **state) {
    struct scene *s = *state;
    wish(s, "ann", "request_finished", "2031-05-01");
    wish(s, "bob", "request_finished", "2031-05-01");
    wish(s, "dora", "request_finished", "2031-05-01");
    wish(s, "otto", "failure_share", "2031-05-01");
    add_request(s, 1, 10, "2031-05-01 10:00Z");
    add_request(s, 2, 20, "2031-05-01 11:00Z");
    add_request(s, 3, 30, "2031-05-01 12:00Z");
    assert_int_equal(run(s, "2031-05-01T13:00:00Z").made, 5);
    expect(s, TOLD, "ann 10, bob 20, dora 10, dora 20, dora 30");
}

/* An account that may not sign in, or has become an administrator's, is told
 * nothing, though its wish is still there. */
static void who_may_not_look_any_more_is_not_told(void **state) {
    struct scene *s = *state;
    wish(s, "ann", "request_finished", "2031-05-01");
    wish(s, "dora", "request_finished", "2031-05-01");
    wish(s, "otto", "request_finished", "2031-05-01");
    sql_do(s->sql,
           "update account set active = false where name = 'ann';"
           "update account set role = 'administrator' where name = 'dora'");
    add_request(s, 1, 10, "2031-05-01 10:00Z");
    run(s, "2031-05-01T13:00:00Z");
    expect(s, TOLD, "otto 10");
}

/* ---- when ---- */

static void a_request_is_told_once_when_it_has_finished(void **state) {
    struct scene *s = *state;
    wish(s, "ann", "request_finished", "2031-05-01");
    add_request(s, 1, 10, "2031-05-01 10:00Z");
    add_ended(s, 10, 3, "FIRMWARE_ACTIVATED");
    add_live(s, 10, 2, "SUCCESSFUL_CH_TRANSFER", "2031-05-06 10:00Z");
    assert_int_equal(run(s, "2031-05-06T09:59:59Z").made, 0);
    assert_int_equal(run(s, "2031-05-06T10:00:00Z").made, 1);
    assert_int_equal(run(s, "2031-05-06T10:01:00Z").made, 0);
    assert_int_equal(fake_smtp_count(s->smtp), 1);
}

/* Its devices may be heard of again and again. */
static void a_request_that_takes_long_is_told_too(void **state) {
    struct scene *s = *state;
    wish(s, "ann", "request_finished", "2031-05-01");
    add_request(s, 1, 10, "2031-05-01 10:00Z");
    add_live(s, 10, 1, "SUCCESSFUL_HAN_TRANSFER", "2031-07-01 10:00Z");
    assert_int_equal(run(s, "2031-05-01T10:01:00Z").made, 0);
    assert_int_equal(run(s, "2031-06-01T00:00:00Z").made, 0);
    assert_int_equal(run(s, "2031-07-01T10:00:00Z").made, 1);
    assert_int_equal(run(s, "2031-07-01T10:01:00Z").made, 0);
}

static void what_finished_before_anybody_wished_is_not_told(void **state) {
    struct scene *s = *state;
    add_request(s, 1, 10, "2031-05-01 10:00Z");
    add_request(s, 1, 11, "2031-05-01 10:00Z");
    add_live(s, 11, 1, "AWAITING_CSP", "2031-05-06 10:00Z");
    run(s, "2031-05-02T00:00:00Z");
    expect(s, "select count(*) from notice_request", "0");
    wish(s, "ann", "request_finished", "2031-05-02");
    run(s, "2031-05-02T00:00:00Z");
    expect(s, TOLD, "");
    /* who begins later hears from then on as well */
    sql_do(s->sql, "delete from tracking_live");
    run(s, "2031-05-02T01:00:00Z");
    wish(s, "dora", "request_finished", "2031-05-02 02:00Z");
    run(s, "2031-05-02T02:00:00Z");
    expect(s, TOLD, "ann 11");
}

static void old_notices_go_and_are_not_made_again(void **state) {
    struct scene *s = *state;
    wish(s, "ann", "request_finished", "2031-05-01");
    add_request(s, 1, 10, "2031-05-01 10:00Z");
    run(s, "2031-05-01T11:00:00Z");
    run(s, "2031-05-07T10:00:00Z");
    expect(s, TOLD, "ann 10");
    run(s, "2031-05-07T11:00:01Z");
    expect(s, TOLD, "ann 10");
    sql_run_for(s->sql, "6 days 1 s");
    run(s, "2031-05-07T11:00:01Z");
    expect(s, TOLD, "");
    expect(s, "select count(*) from notice_request", "0");
    run(s, "2031-05-07T12:00:00Z");
    assert_int_equal(fake_smtp_count(s->smtp), 1);
}

/* Whatever an hour has done in which the clock was a year ahead and believed.
 */
static void a_clock_that_was_ahead_has_nothing_told_again(void **state) {
    struct scene *s = *state;
    wish(s, "ann", "request_finished", "2031-05-01");
    add_request(s, 1, 10, "2031-05-01 10:00Z");
    add_request(s, 1, 11, "2031-05-01 10:00Z");
    add_live(s, 11, 5, "APPROVED_FOR_DISTRIBUTION", "2031-05-09");
    assert_int_equal(run(s, "2031-05-01T11:00:00Z").made, 1);
    assert_int_equal(run(s, "2032-05-01T11:00:00Z").made, 1);
    assert_int_equal(run(s, "2031-05-01T12:00:00Z").made, 0);
    assert_int_equal(run(s, "2031-05-09T12:00:00Z").made, 0);
    expect(s, TOLD, "ann 10, ann 11");
}

/* By a clock in doubt no device is in time. */
static void in_doubt_no_request_has_finished(void **state) {
    struct scene *s = *state;
    wish(s, "ann", "request_finished", "2031-05-01");
    add_request(s, 1, 10, "2031-05-01 10:00Z");
    add_live(s, 10, 5, "APPROVED_FOR_DISTRIBUTION", "2031-05-09");
    assert_int_equal(run(s, "2031-05-01T10:30:00Z").made, 0);
    sql_do(s->sql, "update clock_mark set doubt = 'gap', doubt_since = now()");
    assert_int_equal(run(s, "2032-05-01T11:00:00Z").made, 0);
    sql_do(s->sql, "update clock_mark set doubt = null, doubt_since = null");
    assert_int_equal(run(s, "2031-05-01T11:00:00Z").made, 0);
    assert_int_equal(run(s, "2031-05-09T11:00:00Z").made, 1);
}

/* ---- the failure share ---- */

struct share_case {
    int failed, succeeded, on_han, under_way, reset;
    bool told;
};

/* 5 %, and 10 devices */
static const struct share_case share_cases[] = {
    {0, 0, 0, 100, 0, false},   {9, 0, 0, 100, 0, false},
    {10, 0, 0, 100, 0, true},   {10, 190, 0, 100, 0, false},
    {10, 189, 0, 100, 0, true}, {10, 100, 90, 0, 0, false},
    {10, 100, 89, 0, 0, true},  {10, 180, 0, 0, 10, true},
    {9, 0, 0, 0, 30, false},    {11, 209, 0, 0, 0, false},
    {11, 208, 0, 0, 500, true},
};

static void many_failures_are_told(void **state) {
    struct scene *s = *state;
    enum { CASES = sizeof share_cases / sizeof *share_cases };
    wish(s, "dora", "failure_share", "2031-05-01");
    for (int i = 0; i < CASES; i++) {
        const struct share_case *c = &share_cases[i];
        add_request(s, 1, 100 + i, "2031-05-01 10:00Z");
        add_ended(s, 100 + i, c->failed, "FAILED_CH_TRANSFER");
        add_ended(s, 100 + i, c->succeeded, "FIRMWARE_ACTIVATED");
        add_ended(s, 100 + i, c->reset, "RESET_BY_DCC");
        add_ended(s, 100 + i, 50, "REJECTED_BY_DSP");
        add_live(s, 100 + i, c->on_han, "SUCCESSFUL_HAN_TRANSFER",
                 "2031-05-06 10:00Z");
        add_live(s, 100 + i, c->under_way, "APPROVED_FOR_DISTRIBUTION",
                 "2031-05-06 10:00Z");
    }
    for (int round = 0; round < 2; round++)
        run(s, "2031-05-01T13:00:00Z");
    for (int i = 0; i < CASES; i++)
        expect(s,
               arena_printf(s->arena,
                            "select count(*) || ' of case %d' from notice n"
                            " join service_request r using (request_no)"
                            " where r.counter = %d",
                            i, 100 + i),
               arena_printf(s->arena, "%d of case %d", share_cases[i].told, i));
}

/* Silence counts once the time is up. */
static void who_was_never_heard_of_has_failed(void **state) {
    struct scene *s = *state;
    wish(s, "dora", "failure_share", "2031-05-01");
    add_request(s, 1, 10, "2031-05-01 10:00Z");
    add_live(s, 10, 10, "SUCCESSFUL_CH_TRANSFER", "2031-05-06 10:00Z");
    assert_int_equal(run(s, "2031-05-06T09:59:59Z").made, 0);
    assert_int_equal(run(s, "2031-05-06T10:00:00Z").made, 1);
}

/* ---- requests that are held ---- */

static void add_hold(struct scene *s, int supplier, int counter,
                     const char *hold_state) {
    add_request(s, supplier, counter, "2031-05-01 10:00Z");
    sql_do(s->sql,
           "update service_request set condition = 'quarantined',"
           " listed = 0, accepted = 0, image_id = null"
           " where counter = %d;"
           "insert into held_request (request_no, breach, devices,"
           " volume, quarantine, period_seconds, held, state)"
           " select request_no, 'user', 100, 1000, 900, 3600,"
           " received, '%s' from service_request"
           " where counter = %d",
           counter, hold_state, counter);
}

static void a_request_that_is_held_is_told(void **state) {
    struct scene *s = *state;
    wish(s, "ann", "quarantine", "2031-05-01");
    wish(s, "bob", "quarantine", "2031-05-01");
    wish(s, "dora", "quarantine,request_finished", "2031-05-01");
    wish(s, "otto", "request_finished,failure_share", "2031-05-01");
    add_hold(s, 1, 10, "held");
    add_hold(s, 1, 11, "released");
    assert_int_equal(run(s, "2031-05-01T10:01:00Z").made, 2);
    assert_int_equal(run(s, "2031-05-01T10:02:00Z").made, 0);
    expect(s, TOLD, "ann 10, dora 10");
    const struct fake_mail *mail = fake_smtp_mail(s->smtp, 0);
    assert_string_equal(fake_mail_header(mail, "Subject"),
                        "Firmware request 90-B3-D5-1F-30-01-00-00:"
                        "90-B3-D5-1F-30-00-00-02:10 is held");
    assert_non_null(
        strstr(fake_mail_body(mail), "Anomaly detection holds this request."));
    /* not again, however long it is held */
    run(s, "2031-05-08T10:00:00Z");
    run(s, "2031-05-09T10:00:00Z");
    assert_int_equal(fake_smtp_count(s->smtp), 2);
}

/* ---- a CSP that took a job and never reported ---- */

static void add_silent_job(struct scene *s, int counter, const char *silent) {
    sql_do(s->sql,
           "insert into csp_job (request_no, csp, device_type, devices,"
           " created, state, next_try, ended, silent) select request_no,"
           " 'north', 'PPMID', 10, received, 'handed_over', received,"
           " received, '%s' from service_request where counter = %d",
           silent, counter);
}

static void a_silent_csp_is_told(void **state) {
    struct scene *s = *state;
    wish(s, "ann", "csp_silent", "2031-05-01");
    wish(s, "bob", "csp_silent", "2031-05-01");
    wish(s, "dora", "csp_silent", "2031-05-01");
    wish(s, "otto", "request_finished", "2031-05-01");
    add_request(s, 1, 10, "2031-05-01 10:00Z");
    add_request(s, 2, 11, "2031-05-01 10:00Z");
    add_live(s, 10, 5, "APPROVED_FOR_DISTRIBUTION", "2031-05-09");
    add_live(s, 11, 5, "APPROVED_FOR_DISTRIBUTION", "2031-05-09");
    assert_int_equal(run(s, "2031-05-06T10:00:00Z").made, 0);
    add_silent_job(s, 10, "2031-05-06 10:00Z");
    assert_int_equal(run(s, "2031-05-06T10:01:00Z").made, 2);
    add_silent_job(s, 10, "2031-05-06 10:02Z");
    assert_int_equal(run(s, "2031-05-06T10:02:00Z").made, 0);
    expect(s, TOLD, "ann 10, dora 10");
    const struct fake_mail *mail = fake_smtp_mail(s->smtp, 0);
    assert_string_equal(fake_mail_header(mail, "Subject"),
                        "Firmware request 90-B3-D5-1F-30-01-00-00:"
                        "90-B3-D5-1F-30-00-00-02:10: a CSP does not report");
    assert_non_null(strstr(fake_mail_body(mail),
                           "A CSP took a job of this request and has not"));
    /* once, however long ago */
    run(s, "2031-05-20T10:00:00Z");
    assert_int_equal(run(s, "2031-05-21T10:00:00Z").made, 0);
}

/* It counts from when it was let go, however long it was held. */
static void a_released_request_is_told_when_it_finishes(void **state) {
    struct scene *s = *state;
    wish(s, "ann", "request_finished", "2031-05-01");
    add_hold(s, 1, 10, "held");
    run(s, "2031-05-01T10:01:00Z");
    sql_do(s->sql,
           "update held_request set state = 'released', ended = '2031-05-20';"
           "update service_request set condition = 'accepted', accepted = 10,"
           " listed = 10, image_id = sha256('i')");
    add_live(s, 10, 10, "SUCCESSFUL_CH_TRANSFER", "2031-05-25");
    assert_int_equal(run(s, "2031-05-24T00:00:00Z").made, 0);
    assert_int_equal(run(s, "2031-05-25T00:00:00Z").made, 1);
    sql_run_for(s->sql, "6 days 1 s");
    for (int day = 25; day <= 31; day++)
        run(s, arena_printf(s->arena, "2031-05-%02dT12:00:00Z", day));
    assert_int_equal(run(s, "2031-06-01T00:00:00Z").made, 0);
    expect(s, "select count(*) from notice_request", "0");
}

/* ---- what is said ---- */

static void an_email_says_what_happened(void **state) {
    struct scene *s = *state;
    wish(s, "ann", "request_finished", "2031-05-01");
    add_request(s, 1, 10, "2031-05-01 10:00Z");
    add_ended(s, 10, 80, "FIRMWARE_ACTIVATED");
    add_ended(s, 10, 15, "REJECTED_BY_CSP");
    add_live(s, 10, 5, "SUCCESSFUL_CH_TRANSFER", "2031-05-01 11:00Z");
    run(s, "2031-05-01T12:00:00Z");
    const struct fake_mail *mail = fake_smtp_mail(s->smtp, 0);
    assert_non_null(mail);
    assert_string_equal(mail->from, "fotad@dsp.example");
    assert_string_equal(mail->to, "ann@example.org");
    assert_string_equal(fake_mail_header(mail, "To"), "<ann@example.org>");
    assert_string_equal(fake_mail_header(mail, "Subject"),
                        "Firmware request 90-B3-D5-1F-30-01-00-00:"
                        "90-B3-D5-1F-30-00-00-02:10 has finished");
    assert_string_equal(fake_mail_header(mail, "Date"),
                        "Thu, 01 May 2031 12:00:00 +0000");
    assert_string_equal(
        fake_mail_body(mail),
        "This request has finished: no device of it is in progress any more. "
        "100 of its devices went on, 20 of them failed.\n"
        "\n"
        "Request   90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:10\n"
        "Sender    B\xc3\xbcro & Co\n"
        "Service   11.4, firmware version 01020304\n"
        "Received  2031-05-01T10:00:00.000Z\n"
        "\n"
        "      80  FIRMWARE_ACTIVATED\n"
        "      15  REJECTED_BY_CSP\n"
        "       5  SUCCESSFUL_CH_TRANSFER (not heard of any more)\n"
        "\n"
        "https://fotad.example/ssi/requests/90-B3-D5-1F-30-01-00-00:"
        "90-B3-D5-1F-30-00-00-02:10\n"
        "\n"
        "-- \n"
        "Account ann asked to be told of this.\n"
        "To end it: https://fotad.example/ssi/mail\n");
    expect(s,
           "select concat_ws('|', kind, code, detail) from sat_entry"
           " where kind = 'mail'",
           "mail|request_finished|ann at ann@example.org");
}

/* The Service Desk's pages are the SSMI; without [mail] screens there is no
 * link. */
static void the_link_is_to_the_readers_own_pages(void **state) {
    struct scene *s = *state;
    wish(s, "dora", "request_finished", "2031-05-01");
    add_request(s, 1, 10, "2031-05-01 10:00Z");
    run(s, "2031-05-01T12:00:00Z");
    assert_non_null(strstr(fake_mail_body(fake_smtp_mail(s->smtp, 0)),
                           "\nhttps://fotad.example/ssmi/requests/"));
    add_request(s, 1, 11, "2031-05-01 10:00Z");
    s->config.mail_screens = "";
    run(s, "2031-05-01T13:00:00Z");
    assert_null(strstr(fake_mail_body(fake_smtp_mail(s->smtp, 1)), "ssmi"));
}

/* Alarms are written where they begin and end (sql/alarm.sql), and go out from
 * here: to the DCC's people, as long as they wish it. */
static void add_alarm_notice(struct scene *s, const char *account) {
    sql_do(s->sql,
           "insert into notice (account, kind, alarm, made, subject, body)"
           " values ('%s', 'alarm', 'quarantine', '2031-05-01 10:00Z',"
           " 'Alarm', 'text')",
           account);
}

static void alarms_go_out(void **state) {
    struct scene *s = *state;
    wish(s, "dora", "alarm", "2031-05-01");
    add_alarm_notice(s, "dora");
    add_alarm_notice(s, "otto"); /* does not wish it */
    add_alarm_notice(s, "ann");  /* may not */
    assert_int_equal(run(s, "2031-05-01T10:01:00Z").sent, 1);
    expect(s, "select string_agg(account || ' ' || state, ', ') from notice",
           "dora sent");
    expect(s, "select detail from sat_entry where kind = 'mail'",
           "dora at dora@example.org");
    /* nobody wishes it twice: it is no reason to tell it again */
    assert_int_equal(run(s, "2031-05-01T10:02:00Z").sent, 0);
    expect(s, SET("ann", "'a@b'", "'{alarm}'"), "not_staff");
}

int main(void) {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(wishes_are_kept),
        TEST(what_is_no_address_is_refused),
        TEST(each_hears_of_what_it_may_see),
        TEST(who_may_not_look_any_more_is_not_told),
        TEST(a_request_is_told_once_when_it_has_finished),
        TEST(a_request_that_takes_long_is_told_too),
        TEST(what_finished_before_anybody_wished_is_not_told),
        TEST(old_notices_go_and_are_not_made_again),
        TEST(a_clock_that_was_ahead_has_nothing_told_again),
        TEST(in_doubt_no_request_has_finished),
        TEST(many_failures_are_told),
        TEST(who_was_never_heard_of_has_failed),
        TEST(a_request_that_is_held_is_told),
        TEST(a_silent_csp_is_told),
        TEST(a_released_request_is_told_when_it_finishes),
        TEST(an_email_says_what_happened),
        TEST(the_link_is_to_the_readers_own_pages),
        TEST(alarms_go_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
