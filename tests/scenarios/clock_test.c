/* Clocks of machines that start at 2000, leap ten years ahead, or go apart:
 * PostgreSQL's with fotad's, or fotad's alone. What people and devices have is
 * the right time all along. */
#include "steps.h"
#include "support/own_clock.h"
#include "support/server.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct own_clock *of_database, *of_fotad;
static const char *unable;

#define YEAR (365 * DAY)

/* PostgreSQL and fotad are on one machine. */
static void machine_set(instant ahead) {
    own_clock_set(of_database, ahead);
    own_clock_set(of_fotad, ahead);
}

static struct scenario *begin(const char *config) {
    if (unable) {
        print_message("skipped: %s\n", unable);
        skip();
    }
    machine_set(0);
    own_clock_give(of_fotad);
    return scenario_open(&(struct scenario_wish){.config = config});
}

static void end(struct scenario *s) {
    scenario_close(s);
    own_clock_give(NULL);
}

static void steps(struct scenario *s, const struct scenario_step *step) {
    for (; step->act; step++)
        scenario_do(s, step->act, step->words);
}
#define STEPS(...) steps(s, (const struct scenario_step[]){__VA_ARGS__, END})

/* Whether it is ready or not it has started. */
static void expect_ready(struct scenario *s, unsigned which, unsigned wanted,
                         const char *words) {
    unsigned status = 0;
    const char *text = NULL;
    for (struct scenario_wait wait = {0}; status != wanted || !text ||
                                          !strstr(text, words) ||
                                          strstr(text, "is starting");) {
        if (!scenario_again(&wait))
            fail_msg("'%s' is not in %u %s", words, status, text ? text : "");
        text = scenario_get(s, which, "/readyz", &status);
    }
}

static void set_right(struct scenario *s) {
    machine_set(0);
    scenario_logged(s, "clock.believed", "");
    expect_ready(s, 0, 200, "\"ready\": true");
}

/* Of what there is none is of another time than the right one. */
static void all_is_of_now(struct scenario *s) {
    sql_expect(s->sql, "0",
               "select count(*) from (select at from sat_entry union all"
               " select received from service_request union all"
               " select received from csp_message union all"
               " select last_updated from tracking union all"
               " select sealed from sat_seal) x (at)"
               " where at not between now() - interval '3 min'"
               " and now() + interval '1 min'");
}

/* ---- a start at 2000 ---- */

/* What was known of the time is enough for who has been here before. */
static void a_start_at_2000(void **state) {
    (void)state;
    struct scenario *s = begin("[clock]\nsettle = 3s\n");
    STEPS(QUIET, ASKED(NEW));
    scenario_stop_fotad(s, SIGTERM);
    machine_set(-26 * YEAR);
    scenario_launch(s, 0, NULL);
    expect_ready(s, 0, 503, "is in doubt: it is before the release");
    STEPS({sends, "1 11.4 " PPMID_IMAGE " n2.ppmid I99"},
          {is_told, "2 N59 n2.ppmid"}, AT_HUB("#1"),
          HUB_SAYS("8F8A", NEW, "#1"), PPMID_SAYS(NEW),
          {is, "n1.ppmid FIRMWARE_ACTIVATED"});
    set_right(s);
    all_is_of_now(s);
    STEPS({is, "n2.ppmid APPROVED_FOR_DISTRIBUTION"});
    end(s);
}

/* Nobody has ever looked, and by the day of the release, which is all that is
 * known, no certificate is good yet: nobody is refused for that. */
static void a_first_start_at_2000(void **state) {
    (void)state;
    struct scenario *s = begin("[clock]\nsettle = 3s\n");
    STEPS(QUIET, {csp, "south silent 100"}, ASKED(NEW));
    scenario_stop_fotad(s, SIGTERM);
    scenario_tell(s, "update clock_mark set mark = null, latest = null;"
                     "create table kept as select * from certificate;"
                     "update certificate set not_before = not_after");
    machine_set(-26 * YEAR);
    scenario_launch(s, 0, NULL);
    expect_ready(s, 0, 503, "is in doubt");
    struct span request = scenario_update(
        s, 1, PPMID_IMAGE, (const eui64[]){scenario_device(s, "c1.ppmid")}, 1);
    assert_null(scenario_post(s, "serviceD", request));
    assert_non_null(strstr(s->refusal, "503"));
    scenario_do(s, holds,
                "1 select count(*) from sat_entry where kind = 'request'"
                " and detail ~ ' 11.4 time_unknown, .* RequestID 90-B3-D5-1F'");
    scenario_do(s, says, "n1.ppmid 8F8B " NEW);
    scenario_do(s, holds, "unverified select state from gbcs_message");
    scenario_tell(s, "update certificate c set not_before = k.not_before"
                     " from kept k where k.der = c.der");
    set_right(s);
    STEPS(N39_TO_BOTH, {is, "n1.ppmid FIRMWARE_ACTIVATED"},
          {sends, "1 11.4 " PPMID_IMAGE " c1.ppmid I99"},
          {is_told, "2 N59 c1.ppmid"});
    end(s);
}

/* ---- ten years ahead ---- */

/* Nothing is released, given up, or too late, whether fotad sees the leap or
 * starts in it. */
static void ten_years_ahead(void **state) {
    (void)state;
    struct scenario *s = begin("[clock]\nsettle = 3s\n"
                               "[tracking]\nhousekeeping = 1s\n");
    STEPS(QUIET, ASKED(NEW), {csp, "south job 503"},
          {sends, "1 11.4 " PPMID_IMAGE " c1.ppmid I99"}, {tries, "south 2"},
          {devices, "device_silent 100"}, {reads, "1 n3.ppmid"},
          {holds, "1 select count(*) from device_command where state ="
                  " 'sent'"});
    machine_set(10 * YEAR);
    expect_ready(s, 0, 200, "it has leapt ahead");
    STEPS({sends, "1 11.4 " PPMID_IMAGE " n2.ppmid I99"}, AT_HUB("#1"));
    scenario_stop_fotad(s, SIGTERM);
    scenario_launch(s, 0, NULL);
    expect_ready(s, 0, 503, "it has leapt ahead");
    STEPS({sends, "1 11.4 " PPMID_IMAGE " n3.ppmid I99"},
          {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"},
          {is, "c1.ppmid AWAITING_CSP"},
          {holds, "4 select count(*) from tracking_live"});
    set_right(s);
    all_is_of_now(s);
    STEPS({is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"},
          {is, "c1.ppmid AWAITING_CSP"},
          {holds, "1 select count(*) from device_command where state ="
                  " 'sent'"},
          {holds, "0 select count(*) from alert where state = 'given_up'"});
    scenario_stop_fotad(s, SIGTERM);
    scenario_end(s);
    own_clock_give(NULL);
}

/* It was right: what is due by it is done. */
static void a_person_accepts_it(void **state) {
    (void)state;
    struct scenario *s = begin("[tracking]\nhousekeeping = 1s\n");
    STEPS(QUIET, ASKED(NEW));
    machine_set(6 * DAY);
    expect_ready(s, 0, 200, "it has leapt ahead");
    STEPS({holds, "1 select count(*) from tracking_live"});
    assert_int_equal(
        scenario_program(s, (const char *const[]){"fotactl", "--config",
                                                  s->config_path, "reset",
                                                  scenario_id(s, "n1.ppmid"),
                                                  "--reason", "x", NULL}),
        1);
    assert_int_equal(
        scenario_program(s, (const char *const[]){"fotactl", "--config",
                                                  s->config_path, "clock",
                                                  "accept", "--reason",
                                                  "it is right", NULL}),
        0);
    scenario_logged(s, "clock.believed", "");
    STEPS({holds, "0 select count(*) from tracking_live"},
          {holds, "1 select count(*) from sat_entry where code ="
                  " 'clock accept' and detail = 'leapt: it is right'"});
    scenario_stop_fotad(s, SIGTERM);
    scenario_end(s);
    own_clock_give(NULL);
}

/* A plain outage of six days: what is due is done once it has gone on. */
static void nobody_ran_for_six_days(void **state) {
    (void)state;
    struct scenario *s = begin("[clock]\nsettle = 3s\n"
                               "[tracking]\nhousekeeping = 1s\n");
    STEPS(QUIET, ASKED(NEW));
    scenario_stop_fotad(s, SIGTERM);
    machine_set(6 * DAY);
    scenario_launch(s, 0, NULL);
    expect_ready(s, 0, 200, "is far ahead of when fotad ran last");
    scenario_logged(s, "clock.believed", "");
    STEPS({holds, "0 select count(*) from tracking_live"});
    scenario_stop_fotad(s, SIGTERM);
    scenario_end(s);
    own_clock_give(NULL);
}

/* After a gap the time is PostgreSQL's, which may be wrong: by it the updates
 * that are made are later than all that is heard of them. */
static void twenty_days_ahead_after_a_gap(void **state) {
    (void)state;
    struct scenario *s = begin("[clock]\nsettle = 1h\n");
    scenario_stop_fotad(s, SIGTERM);
    machine_set(20 * DAY);
    scenario_launch(s, 0, NULL);
    expect_ready(s, 0, 200, "is far ahead of when fotad ran last");
    STEPS(QUIET, ASKED(NEW), AT_HUB("#1"), HUB_SAYS("8F8A", NEW, "#1"),
          PPMID_SAYS(NEW), {is, "n1.ppmid FIRMWARE_ACTIVATED"});
    scenario_stop_fotad(s, SIGTERM);
    scenario_end(s);
    own_clock_give(NULL);
}

/* ---- a person's machine at 2000 ---- */

static int person_does(struct scenario *s, const char *const *words) {
    const char *line[10] = {"fotactl", "--config", s->config_path};
    for (size_t i = 3; i < 9 && *words; i++)
        line[i] = *words++;
    return scenario_program(s, line);
}
#define PERSON(s, ...) person_does(s, (const char *const[]){__VA_ARGS__, NULL})

/* What cannot be undone is not done from there; what is done is of now, and
 * stays in the trail. */
static void a_person_whose_machine_is_at_2000(void **state) {
    (void)state;
    if (unable) {
        print_message("skipped: %s\n", unable);
        skip();
    }
    machine_set(0);
    struct scenario *s = scenario_open(
        &(struct scenario_wish){.config = "[tracking]\nhousekeeping = 1s\n"});
    STEPS(QUIET, ASKED(NEW));
    own_clock_set(of_fotad, -26 * YEAR);
    own_clock_give(of_fotad);
    assert_int_equal(
        PERSON(s, "reset", scenario_id(s, "n1.ppmid"), "--reason", "x"), 1);
    assert_int_equal(PERSON(s, "account", "add", "ann", "--role", "auditor"),
                     0);
    own_clock_give(NULL);
    const char *due = sql_text(s->sql, "select due + interval '3 s'"
                                       " from housekeeping");
    sql_expect_soon(s->sql, "t", "select due > '%s' from housekeeping", due);
    all_is_of_now(s);
    sql_expect(s->sql, "1|0",
               "select count(*) filter (where detail ~ '^ann'),"
               " count(*) filter (where kind = 'reset') from sat_entry"
               " where person is not null");
    assert_int_equal(PERSON(s, "sat", "verify"), 0);
    scenario_stop_fotad(s, SIGTERM);
    scenario_end(s);
}

/* ---- two fotads ---- */

/* The second one's clock is a day ahead: it says so, and nothing goes by it. */
static void two_fotads_apart(void **state) {
    (void)state;
    if (unable) {
        print_message("skipped: %s\n", unable);
        skip();
    }
    machine_set(0);
    struct scenario *s = scenario_open(&(struct scenario_wish){
        .fotads = 2, .config = "[tracking]\nhousekeeping = 1s\n"});
    scenario_end_one(s, 1, SIGTERM);
    own_clock_set(of_fotad, 25 * HOUR);
    own_clock_give(of_fotad);
    scenario_launch(s, 1, NULL);
    assert_true(scenario_wait_ready(s, 1));
    expect_ready(s, 1, 200, "the clock of this machine is 90000 s ahead");
    scenario_end_one(s, 0, SIGTERM); /* it does all of it */
    STEPS({sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
          {is_told, "2 N59 n1.ppmid"}, {is_told, "1 N61 n1.ppmid"},
          {is_told, "1 N62 n1.ppmid"}, N39_TO_BOTH);
    all_is_of_now(s);
    scenario_do(s, holds,
                "0 select count(*) from device_command"
                " where response_due > now() + interval '25 h'");
    scenario_launch(s, 0, NULL);
    end(s);
}

int main(void) {
    of_database = own_clock_new();
    of_fotad = own_clock_new();
    own_clock_give(of_database);
    unable = of_database ? server_open(NULL, (const char *const[]){NULL})
                         : "there is no clock of its own in this variant";
    own_clock_give(NULL);
    if (!unable && !scenario_prepare())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_at_2000),
        cmocka_unit_test(a_first_start_at_2000),
        cmocka_unit_test(ten_years_ahead),
        cmocka_unit_test(a_person_accepts_it),
        cmocka_unit_test(nobody_ran_for_six_days),
        cmocka_unit_test(twenty_days_ahead_after_a_gap),
        cmocka_unit_test(a_person_whose_machine_is_at_2000),
        cmocka_unit_test(two_fotads_apart),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (!unable)
        scenario_finish();
    return failed;
}
