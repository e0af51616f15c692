/*
 * What fotad does for each message must not grow with what the tables hold. A
 * session plans a function's statements once, perhaps just when nothing was in
 * progress and reading tables whole looked cheapest. So this begins with a
 * database that has worked for a while and has nothing in progress; then the
 * tables are filled, fotad notices, and no statement on the way of a message
 * may touch many rows.
 */
#include "support/campaign.h"
#include "support/check.h"
#include "support/server.h"

#include "fotasim/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEVICES = 360, BATCH = 10 };
/* Rows that a node of a plan may touch; plans.sql puts 20,000 into
 * each table. */
enum { MOST = 5000 };

/* What looks at tables as a whole, at its own time. */
static const char *const others[] = {"fotad housekeeping", "fotad migration",
                                     "fotad people", "fotad health"};

static const char *unable; /* why PostgreSQL cannot be run */

static void fill(struct campaign *c) {
    struct buffer script = {0};
    assert_true(read_whole("tests/scenarios/plans.sql", &script));
    buffer_text(&script, "");
    scenario_tell(c->scenario, "%s", (const char *)script.data);
    buffer_free(&script);
}

/* fotad sees that they have grown. */
static void is_seen(struct campaign *c) {
    static const char *const grown[] = {"tracking_live", "alert"};
    for (size_t i = 0; i < 2; i++)
        for (struct scenario_wait wait = {0};
             strcmp(scenario_ask(c->scenario,
                                 "select reltuples > 1000 from"
                                 " pg_class where relname = '%s'",
                                 grown[i]),
                    "t") != 0;)
            if (!scenario_again(&wait))
                scenario_fail(c->scenario, "%s is not analyzed", grown[i]);
}

/* Of what was in progress. */
static void forget(struct campaign *c) {
    scenario_tell(c->scenario, "delete from tracking_live where request_no = 0;"
                               "delete from alert where alert_no < 0");
}

/* ---- the server's log ---- */

/* The application that an entry of the log is of, if its plans are judged. */
static bool is_judged(const char *entry) {
    const char *name = strstr(entry, " UTC fotad");
    if (!name)
        return false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strncmp(name + 5, others[i], strlen(others[i])) == 0)
            return false;
    return true;
}

static double number_after(const char *line, const char *words) {
    const char *at = strstr(line, words);
    return at ? strtod(at + strlen(words), NULL) : 0;
}

struct look {
    char query[200], node[200];
    bool judged;
    double loops;
    size_t plans, wrong;
};

/* "  ->  Seq Scan on t  (cost=...) (actual rows=5 loops=2)", and below it
 * "Rows Removed by Filter: 7" */
static void look_at_line(struct look *look, const char *line) {
    if (*line != '\t') {
        look->judged = is_judged(line) && strstr(line, "plan:");
        look->plans += look->judged;
        return;
    }
    if (!look->judged)
        return;
    if (strstr(line, "\tQuery Text:"))
        snprintf(look->query, sizeof look->query, "%.190s", line);
    double rows = number_after(line, "(actual rows=");
    if (strstr(line, "(actual rows=")) {
        look->loops = number_after(line, " loops=");
        snprintf(look->node, sizeof look->node, "%.190s", line);
    }
    rows += number_after(line, "Rows Removed by Filter: ");
    rows += number_after(line, "Rows Removed by Join Filter: ");
    if (rows * look->loops <= MOST)
        return;
    if (look->wrong++ < 10)
        print_message("%.0f rows:\n%s%s%s", rows * look->loops, look->query,
                      look->node, line);
}

static size_t count_wrong(long from) {
    FILE *log = fopen(server_log(), "r");
    assert_non_null(log);
    assert_int_equal(fseek(log, from, SEEK_SET), 0);
    struct look look = {.judged = false};
    char line[4096];
    while (fgets(line, sizeof line, log))
        look_at_line(&look, line);
    fclose(log);
    print_message("%zu plans of what follows a message\n", look.plans);
    assert_true(look.plans > DEVICES);
    return look.wrong;
}

static long log_length(void) {
    FILE *log = fopen(server_log(), "r");
    assert_non_null(log);
    fseek(log, 0, SEEK_END);
    long length = ftell(log);
    fclose(log);
    return length;
}

/* ---- */

static void send_until(struct campaign *c, size_t sent) {
    while (c->sent < sent)
        campaign_send(c, true);
    scenario_settle_by(c->scenario, 5 * SECOND);
}

/* Of all functions that ran, sql/plans.sql tells those to look rows up that
 * have anything to look up for a message. The others run at a start, an import
 * or at their own time, write alone, or look nowhere but at the one row of
 * settings (believed_time and oldest_time, which run for each message: a plan
 * setting would cost more than they do). */
static void every_function_is_told(struct campaign *c) {
    assert_string_equal(
        scenario_ask(
            c->scenario,
            "select coalesce(string_agg(f.funcname, ' '), '')"
            " from pg_stat_user_functions f join pg_proc p on p.oid = f.funcid"
            " where coalesce('enable_seqscan=off' <> all (p.proconfig), true)"
            " and f.funcname !~ '^(clean|sat|seal|drop)_'"
            " and f.funcname not in ('analyze_grown', 'cut_times',"
            " 'check_kept_by_days', 'day_column', 'day_is_over', 'kept_from', "
            "'pass_running_time',"
            " 'housekeeping_due', 'image_wanted', 'make_day', 'parts_with',"
            " 'release_slice',"
            " 'review_holds', 'settle_steering', 'take_released', "
            "'jobs_waiting',"
            " 'begin_direct_load', 'refresh_homes', "
            "'person_did',"
            " 'revoke_certificates', 'retry_messages', 'set_transitions',"
            " 'advisory_lock', 'partition_time', 'partitions_of',"
            " 'set_tracking_setting', 'silence_jobs', 'end_stranded_jobs',"
            " 'believed_time',"
            " 'oldest_time', 'advance_counters', 'past_look', 'past_verdict', "
            "'note_csp_sections',"
            " 'day_is_believed', 'tell_sign_in_tries', 'clock_look',"
            " 'clock_next', 'clock_best', 'clock_verdict', 'clock_sound',"
            " 'doubted_since',"
            " 'times_ahead', 'cut_column', 'clock_read', 'count_alerts', "
            "'image_sent', 'store_command', 'store_image',"
            " 'learn_durations', 'sum_durations', 'history_weeks', "
            "'bucket_never',"
            " 'forecast_request', 'forecast_parts', 'group_points',"
            " 'make_forecasts', 'measure_flow', 'request_groups',"
            " 'request_state', 'score_forecasts', 'watch_forecasts',"
            " 'wave_points',"
            " 'alarm_causes', 'failing_devices', 'note_alarms',"
            " 'overdue_requests', 'silent_csps', 'watch_alarms',"
            " 'all_users', 'gbcs_version_text', 'wait_for_updates_no_more')"),
        "");
}

/* A session keeps the plans of functions in plpgsql; one in SQL is planned at
 * each call. (What is left for the release before calls the newer one.) */
static void every_function_is_planned_once(struct campaign *c) {
    assert_string_equal(
        scenario_ask(c->scenario,
                     "select coalesce(string_agg(proname, ' '), '') from ("
                     " select p.proname from pg_proc p"
                     " join pg_language l on l.oid = p.prolang"
                     " where 'plan_cache_mode=force_generic_plan'"
                     " = any (p.proconfig) group by p.proname"
                     " having not bool_or(l.lanname = 'plpgsql')) x"),
        "");
}

static void plans_do_not_grow_with_the_tables(void **state) {
    (void)state;
    if (unable) {
        print_message("skipped: %s\n", unable);
        skip();
    }
    struct campaign *c =
        campaign_open((struct scenario_wish){.fotads = 0}, DEVICES, BATCH);
    scenario_tell(c->scenario, "set filling.last = 0;"
                               "set auto_explain.log_min_duration = -1");
    send_until(c, DEVICES / 3);
    fill(c);
    forget(c);
    scenario_tell(c->scenario, "vacuum analyze");
    send_until(c, DEVICES / 3 * 2);
    fill(c);
    is_seen(c);
    long from = log_length();
    send_until(c, DEVICES);
    size_t wrong = count_wrong(from);
    forget(c);
    every_function_is_told(c);
    every_function_is_planned_once(c);
    campaign_close(c, "filled tables");
    assert_int_equal(wrong, 0);
}

int main(void) {
    static const char *const options[] = {
        "-c", "autovacuum=off",
        "-c", "log_line_prefix=%m %a ",
        "-c", "session_preload_libraries=auto_explain",
        "-c", "auto_explain.log_min_duration=0",
        "-c", "auto_explain.log_nested_statements=on",
        "-c", "auto_explain.log_analyze=on",
        "-c", "auto_explain.log_timing=off",
        "-c", "track_functions=all",
        NULL};
    if (!(unable = server_open(NULL, options)) && !scenario_prepare())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_do_not_grow_with_the_tables),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scenario_finish();
    return failed;
}
