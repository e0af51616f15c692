/* What comes of an e-mail, whatever the mail server does and however many
 * daemons there are. */
#include "mail/scene.h"

#include "support/logged.h"
#include "support/tls_pki.h"

#include <pthread.h>
#include <stdio.h>

/* Requests 10, 11, ... that have finished, of which ann hears. */
static void finished_requests(struct scene *s, int count) {
    wish(s, "ann", "request_finished", "2031-05-01");
    for (int i = 0; i < count; i++)
        add_request(s, 1, 10 + i, "2031-05-01 10:00Z");
}

/* ---- what the server says ---- */

struct answer_case {
    const char *script;
    struct mail_report first, later; /* at once, and after an hour */
    size_t taken;                    /* in the end */
    const char *error;               /* of the first, if it failed */
};

#define REFUSED(code) "the mail server refuses it (" code "): "

/* Two e-mails each. */
static const struct answer_case answer_cases[] = {
    {"take", {2, 2, 0, 0}, {0}, 2, NULL},
    /* refused is the one, the other goes on */
    {"from:451 take", {2, 1, 1, 0}, {0, 1, 0, 0}, 2, REFUSED("451")},
    {"to:450 take", {2, 1, 1, 0}, {0, 1, 0, 0}, 2, REFUSED("450")},
    {"to:550 take", {2, 1, 1, 0}, {0, 1, 0, 0}, 2, REFUSED("550")},
    {"from:530 take", {2, 0, 1, 0}, {0, 2, 0, 0}, 2, "no mail server: "},
    {"data:554 take", {2, 1, 1, 0}, {0, 1, 0, 0}, 2, REFUSED("554")},
    {"end:451 take", {2, 1, 1, 0}, {0, 1, 0, 0}, 2, REFUSED("451")},
    {"end:552 take", {2, 1, 1, 0}, {0, 1, 0, 0}, 2, REFUSED("552")},
    /* one that is not there is not asked twice */
    {"hello:554 take", {2, 0, 1, 0}, {0, 2, 0, 0}, 2, "no mail server: "},
    {"to:421 take", {2, 0, 1, 0}, {0, 2, 0, 0}, 2, "no mail server: "},
    {"cut take", {2, 0, 1, 0}, {0, 2, 0, 0}, 2, "no mail server: "},
    {"hang take", {2, 0, 1, 0}, {0, 2, 0, 0}, 2, "no mail server: "},
    /* it has one of them, and does not say so */
    {"mute take", {2, 0, 1, 0}, {0, 2, 0, 0}, 3, "no mail server: "},
};

static void expect_report(size_t i, const char *when, struct mail_report got,
                          struct mail_report expected) {
    if (memcmp(&got, &expected, sizeof got) != 0)
        fail_msg("case %zu, %s: made %d, sent %d, failed %d, given up %d", i,
                 when, (int)got.made, (int)got.sent, (int)got.failed,
                 (int)got.given_up);
}

static void forget(struct scene *s) {
    sql_do(s->sql,
           "truncate notice, notice_request, notice_wish, service_request "
           "cascade");
    fake_smtp_stop(s->smtp);
    s->smtp = fake_smtp_start("127.0.0.1");
    s->config.mail_server = fake_smtp_url(s->smtp);
}

static void each_answer_has_its_outcome(void **state) {
    struct scene *s = *state;
    for (size_t i = 0; i < sizeof answer_cases / sizeof *answer_cases; i++) {
        const struct answer_case *c = &answer_cases[i];
        fake_smtp_script(s->smtp, c->script);
        finished_requests(s, 2);
        s->config.mail_timeout = *c->script == 'h' ? SECOND : 30 * SECOND;
        logged_begin(LOG_LEVEL_WARNING);
        expect_report(i, "first", run(s, "2031-05-01T12:00:00Z"), c->first);
        if (c->error)
            logged_end("warning mail.not_sent", c->error);
        else
            logged_pass();
        log_set_level(LOG_LEVEL_NONE);
        if (c->error)
            expect(s,
                   arena_printf(s->arena,
                                "select starts_with(last_error, '%s') || ' ' ||"
                                " (next_try = '2031-05-01 12:01Z') from notice"
                                " where tries = 1 and state = 'waiting'",
                                c->error),
                   "true true");
        s->config.mail_timeout = 30 * SECOND;
        expect_report(i, "later", run(s, "2031-05-01T13:00:00Z"), c->later);
        expect(s, "select count(*) from notice where state = 'sent'", "2");
        assert_int_equal(fake_smtp_count(s->smtp), c->taken);
        forget(s);
    }
}

/* Seen twice, it is one e-mail. */
static void a_lost_answer_brings_the_same_message_again(void **state) {
    struct scene *s = *state;
    fake_smtp_script(s->smtp, "mute take");
    finished_requests(s, 1);
    run(s, "2031-05-01T12:00:00Z");
    run(s, "2031-05-01T12:01:00Z");
    assert_int_equal(fake_smtp_count(s->smtp), 2);
    assert_string_equal(fake_smtp_mail(s->smtp, 0)->text,
                        fake_smtp_mail(s->smtp, 1)->text);
    assert_non_null(
        strstr(fake_smtp_mail(s->smtp, 0)->text, "\r\nMessage-ID: <notice."));
}

/* ---- a crash ---- */

/* A daemon that had it in hand and died, before or after the server took it,
 * has left a lease: nobody sends it before that ends, then somebody does. */
static void what_a_dead_daemon_had_in_hand_is_sent(void **state) {
    struct scene *s = *state;
    finished_requests(s, 1);
    fake_smtp_script(s->smtp, "hello:421");
    run(s, "2031-05-01T12:00:00Z");
    fake_smtp_script(s->smtp, "take");
    expect(s,
           "select count(*) from notice_leases('2031-05-01 12:01Z',"
           " '2031-05-01 12:05Z', 8)",
           "1");
    assert_int_equal(run(s, "2031-05-01T12:04:59Z").sent, 0);
    assert_int_equal(run(s, "2031-05-01T12:05:00Z").sent, 1);
    assert_int_equal(run(s, "2031-05-01T12:06:00Z").sent, 0);
}

/* What was not tried is given back at once. */
/* Another has it since: what the first writes of it is as if it were not said.
 * (That a mail server has it is said by whoever gave it to one.) */
static void an_old_lease_writes_nothing(void **state) {
    struct scene *s = *state;
    static const char lease[] =
        "select lease_number from notice_leases('2031-05-01 12:00Z',"
        " '2031-05-01 12:05Z', 1)";
    static const char row[] = "select row(n.*)::text from notice n";
    static const struct {
        const char *call, *rest;
    } writes[] = {
        {"notice_again(notice_no, ", ", '2031-05-01 12:10Z', 'x')"},
        {"notice_again(notice_no, ", ", 'infinity', 'x')"},
        {"notices_back(array[notice_no], '{", "}')"},
    };
    finished_requests(s, 1);
    fake_smtp_script(s->smtp, "hello:554");
    run(s, "2031-05-01T11:00:00Z");
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        sql_do(s->sql, "update notice set state = 'waiting', lease_number = 0,"
                       " leased_until = null, next_try = '-infinity'");
        expect(s, lease, "1");
        sql_do(s->sql, "update notice set leased_until = '-infinity'");
        expect(s, lease, "2");
        const char *before =
            arena_printf(s->arena, "%s", sql_poll(s->sql, "%s", row));
        for (int number = 1; number <= 2; number++) {
            (void)sql_poll(s->sql, "select (%s%d%s)::text from notice",
                           writes[i].call, number, writes[i].rest);
            bool same = strcmp(sql_poll(s->sql, "%s", row), before) == 0;
            assert_int_equal(same, number == 1);
        }
    }
}

static void what_is_not_tried_is_not_held(void **state) {
    struct scene *s = *state;
    finished_requests(s, 5);
    fake_smtp_script(s->smtp, "hello:421 take");
    assert_int_equal(run(s, "2031-05-01T12:00:00Z").failed, 1);
    expect(s, "select count(*) from notice where leased_until is not null",
           "0");
    assert_int_equal(run(s, "2031-05-01T12:00:01Z").sent, 4);
}

/* Neither the lease of a dead daemon nor a pause lasts for the year that the
 * clock was set back by. */
static void a_clock_that_was_set_back_delays_little(void **state) {
    struct scene *s = *state;
    finished_requests(s, 2);
    fake_smtp_script(s->smtp, "to:450 to:421 take");
    run(s, "2031-05-01T12:00:00Z");
    sql_do(s->sql,
           "update notice set next_try = '2032-05-01',"
           " leased_until = case tries when 0 then timestamptz '2032-05-01' end"
           " where state = 'waiting'");
    assert_int_equal(run(s, "2031-05-01T12:01:00Z").sent, 2);
}

/* An e-mail that may have been taken keeps its Message-ID and Date; it is given
 * up four days later by the clock as it is. */
static void what_a_clock_ahead_has_made_says_the_same(void **state) {
    struct scene *s = *state;
    fake_smtp_script(s->smtp, "mute");
    finished_requests(s, 1);
    run(s, "2031-05-04T12:00:00Z");
    sql_do(s->sql, "select cut_times('2031-05-01 12:00Z', (select"
                   " array_agg(distinct longest) from times_ahead()),"
                   " array_fill(0::bigint, array[99]))");
    run(s, "2031-05-01T12:00:00Z");
    assert_int_equal(fake_smtp_count(s->smtp), 2);
    assert_string_equal(fake_smtp_mail(s->smtp, 0)->text,
                        fake_smtp_mail(s->smtp, 1)->text);
    assert_int_equal(run(s, "2031-05-05T11:59:00Z").given_up, 0);
    assert_int_equal(run(s, "2031-05-05T13:00:00Z").given_up, 1);
}

/* ---- giving up ---- */

static void after_four_days_it_is_given_up(void **state) {
    struct scene *s = *state;
    finished_requests(s, 1);
    fake_smtp_script(s->smtp, "to:550");
    instant first = instant_at("2031-05-01T12:00:00Z"), end = first + 4 * DAY;
    int tries = 0;
    struct mail_report report = {0};
    for (instant now = first; now <= end; now += 30 * MINUTE) {
        char text[INSTANT_TEXT_SIZE];
        assert_int_equal(report.given_up, 0);
        logged_begin(LOG_LEVEL_ERROR);
        report = run(s, instant_format(now, text));
        if (report.given_up)
            logged_end("error mail.given_up", "550");
        else
            logged_pass();
        tries += (int)report.failed;
    }
    assert_int_equal(report.given_up, 1);
    /* 1, 2, 4, ... minutes as the half hours allow, then every hour */
    assert_in_range(tries, 95, 101);
    expect(s, "select state || ' ' || last_error from notice",
           "given_up the mail server refuses it (550): RCPT failed: 550");
    assert_int_equal(run(s, "2031-05-06T12:00:00Z").failed, 0);
}

/* Nobody asks a server that is not there for each of many e-mails. */
static void with_the_server_all_that_waits_is_given_up(void **state) {
    struct scene *s = *state;
    finished_requests(s, 30);
    fake_smtp_script(s->smtp, "hello:554");
    run(s, "2031-05-01T12:00:00Z");
    add_request(s, 1, 100, "2031-05-03 10:00Z");
    assert_int_equal(run(s, "2031-05-05T11:59:59Z").given_up, 0);
    struct mail_report report = run(s, "2031-05-05T12:00:00Z");
    assert_int_equal(report.failed, 1);
    assert_int_equal(report.given_up, 30);
    expect(s, "select count(*) from notice where state = 'waiting'", "1");
}

/* ---- what changes meanwhile ---- */

struct change_case {
    const char *sql, *to; /* NULL: nothing is sent */
};

static const struct change_case change_cases[] = {
    {"select 1", "ann@example.org"},
    {"select set_notices('ann', 'anne@example.org', null, '5 days', 'x',"
     " '2031-05-01')",
     "anne@example.org"},
    {"select set_notices('ann', null, '{failure_share}', '5 days', 'x',"
     " '2031-05-01')",
     NULL},
    {"select set_notices('ann', '', null, '5 days', 'x', '2031-05-01')", NULL},
    {"update account set active = false where name = 'ann'", NULL},
    {"update account set supplier_id = '90b3d51f30020000' where name = 'ann'",
     NULL},
};

static void the_account_counts_as_it_is_now(void **state) {
    struct scene *s = *state;
    for (size_t i = 0; i < sizeof change_cases / sizeof *change_cases; i++) {
        fake_smtp_script(s->smtp, "to:450 take");
        finished_requests(s, 1);
        assert_int_equal(run(s, "2031-05-01T12:00:00Z").failed, 1);
        sql_do(s->sql, "%s", change_cases[i].sql);
        run(s, "2031-05-01T12:01:00Z");
        const struct fake_mail *mail = fake_smtp_mail(s->smtp, 0);
        if (!mail != !change_cases[i].to ||
            (mail && strcmp(mail->to, change_cases[i].to) != 0))
            fail_msg("%s: %s", change_cases[i].sql, mail ? mail->to : "none");
        expect(s, "select count(*) from notice where state = 'waiting'", "0");
        forget(s);
        sql_do(s->sql, "update account set active = true, supplier_id ="
                       " '90b3d51f30010000' where name = 'ann'");
    }
}

/* ---- TLS ---- */

/* 127.0.0.2 is not this machine, for who goes by names: nothing goes to it in
 * the clear unless the operator says so. */
static void another_machine_needs_tls(void **state) {
    struct scene *s = *state;
    struct fake_smtp *far = fake_smtp_start("127.0.0.2");
    s->config.mail_server = fake_smtp_url(far);
    finished_requests(s, 1);
    assert_int_equal(run(s, "2031-05-01T12:00:00Z").failed, 1);
    assert_int_equal(fake_smtp_count(far), 0);
    s->config.mail_tls = "off";
    assert_int_equal(run(s, "2031-05-01T12:01:00Z").sent, 1);
    assert_int_equal(fake_smtp_count(far), 1);
    fake_smtp_stop(far);
}

struct tls_case {
    const char *ca;    /* name of the one that we trust */
    bool another_host; /* is the server's certificate for another? */
    bool taken;
};

static const struct tls_case tls_cases[] = {
    {"mail-ca", false, true},
    {"other-ca", false, false},
    {"mail-ca", true, false},
};

/* STARTTLS, with a server that is who it says it is. 127.1 is 127.0.0.1, but
 * not by its name. */
static void the_server_must_be_who_it_should(void **state) {
    struct scene *s = *state;
    struct tls_identity ca, other_ca, server;
    tls_make(&ca, &(struct tls_wish){.name = "mail-ca", .serial = 1});
    tls_make(&other_ca, &(struct tls_wish){.name = "other-ca", .serial = 2});
    for (size_t i = 0; i < sizeof tls_cases / sizeof *tls_cases; i++) {
        const struct tls_case *c = &tls_cases[i];
        tls_make(&server,
                 &(struct tls_wish){.name = "mail",
                                    .serial = 3,
                                    .issuer = &ca,
                                    .for_another_host = c->another_host});
        fake_smtp_certificate = server.certificate_path;
        fake_smtp_key = server.key_path;
        forget(s);
        fake_smtp_certificate = NULL;
        s->config.mail_server = arena_printf(
            s->arena, "smtp://127.1%s", strrchr(fake_smtp_url(s->smtp), ':'));
        s->config.mail_ca = strcmp(c->ca, "mail-ca") == 0
                                ? ca.certificate_path
                                : other_ca.certificate_path;
        finished_requests(s, 1);
        struct mail_report report = run(s, "2031-05-01T12:00:00Z");
        if (report.sent != c->taken)
            fail_msg("%zu: %s", i,
                     sql_text(s->sql, "select last_error from notice"));
        assert_int_equal(fake_smtp_count(s->smtp), c->taken);
        if (c->taken)
            assert_true(fake_smtp_mail(s->smtp, 0)->by_tls);
        tls_identity_free(&server);
    }
    tls_identity_free(&ca);
    tls_identity_free(&other_ca);
    tls_pki_remove();
}

/* ---- several daemons ---- */

static void several_daemons_tell_each_thing_once(void **state) {
    struct scene *s = *state;
    enum { DAEMONS = 3, REQUESTS = 60 };
    struct task *daemons[DAEMONS];
    char now[INSTANT_TEXT_SIZE];
    instant_format(clock_now() - HOUR, now);
    wish(s, "ann", "request_finished", now);
    wish(s, "dora", "request_finished", now);
    s->config.mail_every = SECOND;
    for (int i = 0; i < DAEMONS; i++)
        daemons[i] = mail_start(&s->config);
    for (int i = 0; i < REQUESTS; i++)
        add_request(s, 1, 10 + i, now);
    for (int i = 0; i < 6 && fake_smtp_count(s->smtp) < 2 * REQUESTS; i++)
        fake_smtp_wait(s->smtp, 2 * REQUESTS);
    for (int i = 0; i < DAEMONS; i++)
        task_stop(daemons[i]);
    assert_int_equal(fake_smtp_count(s->smtp), 2 * REQUESTS);
    for (int i = 0; i < 2 * REQUESTS; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(fake_smtp_mail(s->smtp, (size_t)i)->text,
                                    fake_smtp_mail(s->smtp, (size_t)j)->text);
    expect(s,
           "select count(*) filter (where state = 'sent') || ' ' || sum(tries)"
           " from notice",
           "120 120");
}

/* Threads that make at the same time do not make twice or wait for each
 * other. */
static void *make(void *context) {
    struct scene *s = context;
    struct db *db = db_open(s->conninfo, "maker");
    struct mail_report report;
    enum outcome outcome =
        mail_run(db, &s->config, instant_at("2031-05-01T12:00:00Z"), &report);
    db_close(db);
    return outcome == DONE ? (void *)(intptr_t)(1 + report.made) : NULL;
}

static void notices_are_made_once_at_the_same_time(void **state) {
    struct scene *s = *state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    intptr_t made = 0;
    finished_requests(s, 50);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make, s), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_non_null(result);
        made += (intptr_t)result - 1;
    }
    assert_int_equal(made, 50);
    assert_int_equal(fake_smtp_count(s->smtp), 50);
}

static void without_a_server_nothing_runs(void **state) {
    struct scene *s = *state;
    s->config.mail_server = "";
    assert_null(mail_start(&s->config));
}

int main(void) {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)
    const struct CMUnitTest tests[] = {
        TEST(each_answer_has_its_outcome),
        TEST(a_lost_answer_brings_the_same_message_again),
        TEST(what_a_dead_daemon_had_in_hand_is_sent),
        TEST(an_old_lease_writes_nothing),
        TEST(what_is_not_tried_is_not_held),
        TEST(a_clock_that_was_set_back_delays_little),
        TEST(what_a_clock_ahead_has_made_says_the_same),
        TEST(after_four_days_it_is_given_up),
        TEST(with_the_server_all_that_waits_is_given_up),
        TEST(the_account_counts_as_it_is_now),
        TEST(another_machine_needs_tls),
        TEST(the_server_must_be_who_it_should),
        TEST(several_daemons_tell_each_thing_once),
        TEST(notices_are_made_once_at_the_same_time),
        TEST(without_a_server_nothing_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
