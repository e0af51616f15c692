/*
 * Every crash point: a fotad is ended by SIGKILL between any two durable steps
 * (src/base/crash.def), and the account of the campaign comes out right. Each
 * point is visited at least ROUNDS times (1), and named.
 */
#include "support/campaign.h"
#include "support/check.h"
#include "support/scenario_files.h"

#include "base/crash.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { BATCH = 4 };

static size_t visits[CRASH_POINTS];

/* A refusal of a request that is sent to the wrong address. */
static void be_refused(struct campaign *c) {
    struct scenario *s = c->scenario;
    scenario_post(s, "serviceT",
                  scenario_update(s, 1, "ppmid-a-0A000003", s->bulk, 1));
}

/* A job of which no device is under way is asked back: nothing comes of it. */
static void ask_back(struct campaign *c) {
    scenario_tell(c->scenario,
                  "insert into csp_recall (job_no, job_id, csp, event,"
                  " next_try, made) select job_no, job_id, csp,"
                  " 'stopped_by_dcc', '2001-01-01', now() from csp_job j"
                  " where csp = 'north' and reported is not null"
                  " and not exists (select from tracking_live l"
                  " where l.job_no = j.job_no and l.status in"
                  " ('AWAITING_CSP', 'APPROVED_FOR_DISTRIBUTION'))"
                  " order by job_no limit 1 on conflict (job_id)"
                  " do update set state = 'waiting', recalled = null,"
                  " ended = null, leased_until = null,"
                  " next_try = '2001-01-01'");
}

/* How a point is reached. */
struct visit {
    enum crash point;
    /* What else makes it come by, again and again; NULL: the campaign. */
    void (*nudge)(struct campaign *campaign);
    int signal; /* the fotad is sent this */
};

/* Started with the point, fed until it dies of it; the next one goes on from
 * there. */
static void visit(struct campaign *c, const struct visit *v) {
    struct scenario *s = c->scenario;
    int status = 0;
    scenario_launch(s, 0, crash_name(v->point));
    if (v->signal && scenario_wait_ready(s, 0))
        kill(s->fotads[0].pid, v->signal);
    for (struct scenario_wait wait = {0}; !scenario_has_ended(s, 0, &status);) {
        if (!v->signal)
            campaign_send(c, true);
        if (!v->signal && v->nudge)
            v->nudge(c);
        if (!scenario_again(&wait))
            scenario_fail(s, "%s: it is not passed (%s)", crash_name(v->point),
                          crash_where(v->point));
    }
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        scenario_fail(s, "%s: fotad ended by itself", crash_name(v->point));
    visits[v->point]++;
}

static const struct visit IN_CAMPAIGN[] = {
    {CRASH_request_arrived, NULL, 0},
    {CRASH_request_worked, NULL, 0},
    {CRASH_request_committed, NULL, 0},
    {CRASH_request_refused, be_refused, 0},
    {CRASH_job_image_taken, NULL, 0},
    {CRASH_job_image_noted, NULL, 0},
    {CRASH_job_noted, NULL, 0},
    {CRASH_job_made, NULL, 0},
    {CRASH_job_leased, NULL, 0},
    {CRASH_job_taken, NULL, 0},
    {CRASH_job_settled, NULL, 0},
    {CRASH_recall_leased, ask_back, 0},
    {CRASH_recall_answered, ask_back, 0},
    {CRASH_recall_settled, ask_back, 0},
    {CRASH_report_worked, NULL, 0},
    {CRASH_report_committed, NULL, 0},
    {CRASH_notifications_worked, NULL, 0},
    {CRASH_notifications_committed, NULL, 0},
    {CRASH_messages_worked, NULL, 0},
    {CRASH_messages_committed, NULL, 0},
    {CRASH_batch_worked, NULL, 0},
    {CRASH_batch_committed, NULL, 0},
    {CRASH_lane_leased, NULL, 0},
    {CRASH_alerts_loaded, NULL, 0},
    {CRASH_alert_begun, NULL, 0},
    {CRASH_alert_answered, NULL, 0},
    {CRASH_lane_settled, NULL, 0},
    {CRASH_commands_leased, NULL, 0},
    {CRASH_commands_sent, NULL, 0},
    {CRASH_commands_settled, NULL, 0},
    {CRASH_beat_counted, NULL, 0},
    {CRASH_migrated, NULL, 0},
    {CRASH_started, NULL, 0},
    {CRASH_stop_drained, NULL, SIGTERM},
    {CRASH_stop_finished, NULL, SIGTERM},
};

static struct scenario_wish two_seconds_of_lease(void) {
    return (struct scenario_wish){
        .config = "[delivery]\nretry_most = 2s\ntimeout = 1s\n"
                  "[csp north]\nrecall = yes\n"};
}

static void between_the_steps_of_a_campaign(void **state) {
    (void)state;
    enum { POINTS = sizeof IN_CAMPAIGN / sizeof *IN_CAMPAIGN };
    size_t rounds = campaign_number("ROUNDS", 1);
    struct campaign *c = campaign_open(two_seconds_of_lease(),
                                       (rounds * POINTS + 5) * BATCH, BATCH);
    scenario_end_one(c->scenario, 0, SIGKILL);
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < POINTS; i++) {
            /* the CSPs have the image from the first time on */
            if (IN_CAMPAIGN[i].point == CRASH_job_image_taken ||
                IN_CAMPAIGN[i].point == CRASH_job_image_noted ||
                IN_CAMPAIGN[i].point == CRASH_job_noted)
                scenario_tell(c->scenario, "delete from csp_image");
            /* what the last one left in hand is free again */
            test_clock_move(2 * MINUTE);
            visit(c, &IN_CAMPAIGN[i]);
        }
    campaign_close(c, "every crash point of a campaign");
}

/* ---- what goes by the clock ---- */

static void pass_a_day(struct campaign *c) {
    (void)c;
    test_clock_move(HOUR);
}

static void housekeep(struct campaign *c) {
    (void)c;
    test_clock_move(2 * MINUTE);
}

static void age_a_record(struct campaign *c) {
    scenario_tell(c->scenario,
                  "insert into csp_message values ('north', 'n', 'old',"
                  " '2001-01-01', -1000000000) on conflict do nothing");
    test_clock_move(2 * MINUTE);
}

static void age_a_day(struct campaign *c) {
    scenario_tell(c->scenario,
                  "update sat_guard set ahead = null;"
                  "select make_day('tracking_history', '2020-02-02', 10);"
                  "update sat_guard set ahead = default");
    test_clock_move(2 * MINUTE);
}

static void age_a_command(struct campaign *c) {
    scenario_tell(c->scenario,
                  "update device_command set response_due = '2001-01-01'"
                  " where state = 'sent'");
}

static void age_a_device(struct campaign *c) {
    scenario_tell(c->scenario,
                  "update tracking_live set release_due = '2001-01-01'");
    test_clock_move(2 * MINUTE);
}

static const struct visit BY_THE_CLOCK[] = {
    {CRASH_housekeeping_taken, housekeep, 0},
    {CRASH_day_made, pass_a_day, 0},
    {CRASH_day_dropped, age_a_day, 0},
    {CRASH_rows_cleaned, age_a_record, 0},
    {CRASH_anchors_written, housekeep, 0},
    {CRASH_overdue_ended, age_a_command, 0},
    {CRASH_devices_released, age_a_device, 0},
};

/* Devices that say nothing: each 11.2 ends in one E21, each update in its
 * release. */
static void between_the_steps_of_housekeeping(void **state) {
    (void)state;
    enum { POINTS = sizeof BY_THE_CLOCK / sizeof *BY_THE_CLOCK };
    struct campaign *c =
        campaign_open(two_seconds_of_lease(), 20 * BATCH, BATCH);
    struct scenario *s = c->scenario;
    scenario_faults(s, "devices", "device_silent 100\nhub_silent 100\n");
    scenario_faults(s, "north", "silent 100\n");
    scenario_faults(s, "south", "silent 100\n");
    scenario_end_one(s, 0, SIGKILL);
    for (size_t i = 0; i < POINTS; i++)
        visit(c, &BY_THE_CLOCK[i]);
    campaign_keep_running(c);
    for (struct scenario_wait wait = {0};
         strcmp(scenario_ask(s, "select (select count(*) from alert)"
                                " + (select count(*) from tracking_live)"
                                " + (select count(*) from device_command"
                                " where state in ('held', 'waiting', 'sent')"
                                " and passed_on is null)"),
                "0") != 0;) {
        test_clock_move(HOUR);
        if (!scenario_again(&wait))
            scenario_fail(s, "something is left");
    }
    assert_true(scenario_wait_ready(s, 0)); /* it may just have begun */
    assert_string_equal(
        scenario_ask(s, "select count(*) - (select count(*) from sat_entry"
                        " where kind = 'delivered' and code in ('E20', 'E21',"
                        " 'ResponseMessage')) from device_command"),
        "0");
    assert_int_equal(sim_users_counts(s->users, 0).wrong, 0);
    scenario_stop_fotad(s, SIGTERM);
    scenario_end(s);
}

static void every_point_was_visited(void **state) {
    (void)state;
    size_t missed = 0;
    for (enum crash point = 0; point < CRASH_POINTS; point++) {
        print_message("%-24s %zu times: %s\n", crash_name(point), visits[point],
                      crash_where(point));
        missed += visits[point] == 0;
    }
    assert_int_equal(missed, 0);
}

int main(void) {
    if (!campaign_own_database())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(between_the_steps_of_a_campaign),
        cmocka_unit_test(between_the_steps_of_housekeeping),
        cmocka_unit_test(every_point_was_visited),
    };
    return scenario_tests(tests, NULL, NULL);
}
