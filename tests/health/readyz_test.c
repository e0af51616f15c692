/* What /readyz and the metrics say while fotad runs and something is wrong, and
 * that it is over when it is over. */
#include "support/check.h"
#include "support/scenario.h"

#include <string.h>

static struct scenario *begin(void) {
    return scenario_open(
        &(struct scenario_wish){.config = "[tracking]\nhousekeeping = 1s\n"});
}

/* Soon it has these words, or has them no more. It is ready all the while. */
static void warns(struct scenario *s, const char *words, bool of) {
    struct scenario_wait wait = {0};
    const char *text = NULL;
    unsigned status = 0;
    do {
        text = scenario_get(s, 0, "/readyz", &status);
        if (text && (strstr(text, words) != NULL) == of && status == 200)
            return;
    } while (scenario_again(&wait));
    fail_msg("/readyz: %u %s\n%s: %s", status, text ? text : "", words,
             of ? "is not there" : "stays");
}

static void a_step_that_fails_again_and_again(void **state) {
    (void)state;
    struct scenario *s = begin();
    scenario_tell(s, "alter function silence_jobs rename to silent_jobs");
    warns(s, "housekeeping: silent CSPs has failed ", true);
    warns(s, " times in a row: ERROR", true);
    scenario_logged(s, "housekeeping.failed", "silence_jobs");
    scenario_tell(s, "alter function silent_jobs rename to silence_jobs");
    warns(s, "times in a row", false);
    scenario_end(s);
}

static void entries_that_wait_for_their_seal(void **state) {
    (void)state;
    struct scenario *s = begin();
    struct sql *writer = sql_open(s->conninfo);
    warns(s, "has not been sealed for", false);
    sql_do(writer,
           "begin; insert into sat_entry (at, kind) values (now(), 'person')");
    scenario_do(s, holds,
                "t select m.entry_no > coalesce((select max(last_no) from"
                " sat_seal), 0) from sat_mark m");
    scenario_tell(s, "update sat_mark set marked = now() - interval '1 hour'");
    warns(s, "the audit trail has not been sealed for 36", true);
    assert_true(scenario_metric(s, 0, "fotad_sat_unsealed_seconds") >= 3600);
    sql_do(writer, "commit");
    sql_close(writer);
    warns(s, "has not been sealed for", false);
    assert_true(scenario_metric(s, 0, "fotad_sat_unsealed_seconds") == 0);
    scenario_end(s);
}

static void a_csp_that_does_not_let_fotad_in(void **state) {
    (void)state;
    struct scenario *s = begin();
    scenario_do(s, csp, "north job 401");
    scenario_do(s, sends, "1 11.4 ppmid-a-0A000003 n1.ppmid I99");
    warns(s, "the CSP north does not let fotad in: it answers 401", true);
    scenario_logged(s, " error csp.denied", "csp=north");
    assert_true(scenario_metric(s, 0, "fotad_csp_denied{csp=\"north\"}") == 1);
    scenario_do(s, csp, "north");
    scenario_do(s, clock_by, "2h");
    warns(s, "does not let fotad in", false);
    assert_true(scenario_metric(s, 0, "fotad_csp_denied{csp=\"north\"}") == 0);
    scenario_end(s);
}

static void sections_of_another_fotad(void **state) {
    (void)state;
    struct scenario *s = begin();
    static const char words[] =
        "[csp north] is not the same in all running fotads";
    warns(s, words, false);
    scenario_tell(s, "insert into csp_section select 'elsewhere:1', csp, case"
                     " csp when 'north' then sha256('x') else digest end, seen"
                     " + interval '50 minutes' from csp_section");
    warns(s, words, true);
    scenario_tell(s, "delete from csp_section where process = 'elsewhere:1'");
    warns(s, words, false);
    scenario_end(s);
}

/* What a dashboard is made of is there from the start on. */
static void metrics_are_there_from_the_start(void **state) {
    (void)state;
    struct scenario *s = begin();
    static const char *const there[] = {
        "fotad_build_info{version=", "process_cpu_seconds_total ",
        "process_resident_memory_bytes ", "process_start_time_seconds ",
        "{use=\"[identity] xml_signing_certificate\"} ",
        "fotad_csp_jobs_oldest_seconds{csp=\"north\"} 0",
        "fotad_csp_busy_seconds{csp=\"north\"} 0",
        "fotad_alarm_standing{rule=\"device_failures\"} 0",
        "fotad_alarm_standing{rule=\"csp_silent\"} 0",
        "fotad_alarm_standing{rule=\"breaker\"} 0",
        "fotad_alarm_standing{rule=\"quarantine\"} 0",
        "fotad_alarm_standing{rule=\"undelivered\"} 0",
        "fotad_alarm_standing{rule=\"overdue_forecast\"} 0",
        "fotad_sat_unsealed_seconds ",
        /* whose first is an alert's: it has to be an increase */
        "fotad_db_trouble_total{what=\"disk_full\"} 0",
        "fotad_db_trouble_total{what=\"denied\"} 0",
        "fotad_db_trouble_total{what=\"unreachable\"} 0",
        "fotad_csp_silent_jobs_total{csp=\"north\"} 0",
        "fotad_csp_denied{csp=\"north\"} 0", "fotad_csp_unknown_total 0",
        "{variant=\"11.4\",condition=\"our_fault\"} 0", "fotad_held_requests 0",
        "fotad_past_in_doubt 0", "fotad_clock_in_doubt 0"};
    unsigned status;
    const char *text = scenario_get(s, 0, "/metrics", &status);
    for (size_t i = 0; i < sizeof there / sizeof *there; i++)
        if (!strstr(text, there[i]))
            fail_msg("%s is not there:\n%s", there[i], text);
    assert_true(scenario_metric(s, 0, "process_resident_memory_bytes") > 1e6);
    /* of no request */
    scenario_tell(s, "set session_replication_role = replica");
    scenario_tell(s, "insert into csp_job (request_no, csp, device_type,"
                     " devices, created, next_try, tries, last_error) values"
                     " (1, 'north', 'PPMID', 1, now() - interval '1 hour',"
                     " now() + interval '1 hour', 3, 'busy')");
    assert_true(
        scenario_metric(s, 0, "fotad_csp_busy_seconds{csp=\"north\"}") >= 3600);
    assert_true(
        scenario_metric(s, 0, "fotad_csp_jobs_oldest_seconds{csp=\"north\"}") >=
        3600);
    scenario_tell(s, "delete from csp_job");
    scenario_tell(s, "set session_replication_role = origin");
    scenario_end(s);
}

/* Messages that a User does not take, and how old the oldest is. */
static void messages_that_wait_are_measured_by_user(void **state) {
    (void)state;
    struct scenario *s = begin();
    scenario_do(s, users, "1 status 500");
    scenario_do(s, csp, "north fail 100 NO_SLOT");
    scenario_do(s, sends, "1 11.4 ppmid-a-0A000003 n1.ppmid I99");
    scenario_do(s, is, "n1.ppmid FAILED_CH_TRANSFER NO_SLOT");
    scenario_do(s, clock_by, "2h");
    assert_true(scenario_metric(s, 0,
                                "fotad_messages_waiting{user=\"90-B3-D5-1F-"
                                "30-01-00-00\"}") >= 1);
    assert_true(scenario_metric(s, 0,
                                "fotad_messages_oldest_seconds{user=\"90-B3-"
                                "D5-1F-30-01-00-00\"}") >= 7200);
    scenario_end(s);
}

/* Not a warning: nothing can be taken. */
static void a_full_disk_is_not_ready(void **state) {
    (void)state;
    struct scenario *s = begin();
    scenario_tell(s, "create function full_disk() returns trigger language"
                     " plpgsql as $$ begin raise exception 'could not extend"
                     " file' using errcode = '53100'; end $$;");
    scenario_tell(s, "create trigger full_disk before insert on sat_seal"
                     " execute function full_disk()");
    scenario_tell(s, "insert into sat_entry (at, kind) values (now(),"
                     " 'person')");
    struct scenario_wait wait = {0};
    unsigned status = 0;
    const char *text = NULL;
    while (status != 503 || !text ||
           !strstr(text, "make room on the database's disk")) {
        text = scenario_get(s, 0, "/readyz", &status);
        if (!scenario_again(&wait))
            fail_msg("/readyz: %u %s", status, text ? text : "");
    }
    scenario_tell(s, "drop trigger full_disk on sat_seal");
    warns(s, "disk_full", false);
    scenario_end(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_that_fails_again_and_again),
        cmocka_unit_test(metrics_are_there_from_the_start),
        cmocka_unit_test(entries_that_wait_for_their_seal),
        cmocka_unit_test(a_csp_that_does_not_let_fotad_in),
        cmocka_unit_test(sections_of_another_fotad),
        cmocka_unit_test(messages_that_wait_are_measured_by_user),
        cmocka_unit_test(a_full_disk_is_not_ready),
    };
    return scenario_tests(tests, NULL, NULL);
}
