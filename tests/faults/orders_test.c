/*
 * Orders (hold, release, stop, recall, reset) in each state of a request, while
 * a fotad is ended by SIGKILL: each is carried out once, the trail has it, and
 * its sender is told once. Two tables: the fotad that carries the order out is
 * ended in the middle of it, and another one goes on; and a fotad is ended at
 * each step of what the order is about.
 */
#include "scenarios/steps.h"

#include "base/crash.h"
#include "fotasim/verbs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

/* ---- states of the request ---- */

enum order_state { WAITS, HELD, TAKEN, AT_ITS_HUB, ENDED };

static const char *const state_names[] = {"waits for a busy CSP", "is held",
                                          "is with its CSP", "is at its hub",
                                          "has ended"};

/* gives_back: the emulated CSP has delivered nothing yet, else it says nothing.
 */
static void come_to(struct scenario *s, enum order_state state,
                    bool gives_back) {
    scenario_do(s, csp,
                state <= HELD ? "north job 503"
                : gives_back  ? "north delivery_delay 6000000"
                              : "north silent 100");
    scenario_do(s, sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99");
    if (state <= HELD) {
        scenario_do(s, tries, "north 2");
        if (state == HELD)
            scenario_do(s, steers, "0 hold #1");
        scenario_do(s, csp, "north silent 100");
        return;
    }
    scenario_do(s, is_told, "2 N59 n1.ppmid");
    if (state == AT_ITS_HUB) {
        scenario_do(s, notifies, "north n1.ppmid Success");
        scenario_do(s, is_told_of, "1 N61 #1 n1.ppmid");
    }
    if (state == ENDED)
        scenario_do(s, reset, "n1.ppmid");
}

/* ---- an order, given to one of the fotads ---- */

static unsigned people_port(struct scenario *s, unsigned which) {
    struct buffer text = {0};
    assert_true(read_whole(s->fotads[which].config_path, &text));
    buffer_text(&text, "");
    const char *at = strstr((const char *)text.data, "[people]");
    unsigned port = (unsigned)atoi(strstr(at, "127.0.0.1:") + 10);
    buffer_free(&text);
    return port;
}

static FILE *order_begin(struct scenario *s, unsigned which, const char *verb) {
    scenario_tell(s, "insert into account (name, role, token, created) values"
                     " ('ann', 'service_desk', sha256('secret'), now())"
                     " on conflict do nothing");
    FILE *pipe = popen(
        arena_printf(
            s->arena,
            "curl -s -o /dev/null -w '%%{http_code}' -m 60"
            " -H 'Authorization: Bearer secret' -H 'Content-Type:"
            " application/json' --data '{\"verb\":\"%s\",\"requestId\":\"%s\","
            "\"reason\":\"a test\"}' http://127.0.0.1:%u/api/v1/steering",
            verb,
            scenario_ask(s, "select request_id_text(originator, target,"
                            " counter) from service_request"),
            people_port(s, which)),
        "re");
    assert_non_null(pipe);
    return pipe;
}

/* Its status; 0: there was no answer. */
static unsigned order_end(FILE *pipe) {
    char status[8] = "";
    assert_non_null(fgets(status, sizeof status, pipe));
    pclose(pipe);
    return (unsigned)atoi(status);
}

/* All of it is done but for the trail, which somebody else holds. */
static void await_middle(struct scenario *s) {
    for (struct scenario_wait wait = {0};
         strcmp(scenario_ask(s, "select count(*) from pg_stat_activity where"
                                " wait_event_type = 'Lock'"
                                " and query like '%%steer(%%'"),
                "1") != 0;)
        if (!scenario_again(&wait))
            scenario_fail(s, "the order does not come to its middle");
}

static void kill_in_the_middle(struct scenario *s, const char *verb) {
    struct sql *other = sql_open(s->conninfo);
    sql_do(other, "begin; lock table sat_entry in share row exclusive mode");
    FILE *pipe = order_begin(s, 0, verb);
    await_middle(s);
    scenario_end_one(s, 0, SIGKILL);
    sql_do(other, "rollback");
    sql_close(other);
    assert_int_equal(order_end(pipe), 0);
}

/* What still waits goes its way, so that all that is said is known. */
static void end_well(struct scenario *s, const char *status) {
    if (strcmp(status, "AWAITING_CSP") == 0) {
        if (strcmp(scenario_ask(s, "select count(*) from distribution"
                                   " where held is not null"),
                   "0") != 0)
            scenario_do(s, steers, "0 release #1");
        scenario_do(s, clock_by, "61m");
        scenario_do(s, is_told, "2 N59 n1.ppmid");
    }
    /* a job that has lost its device is closed when it is due */
    if (strcmp(status, "RESET_BY_DCC") == 0)
        scenario_do(s, clock_by, "61m");
    scenario_close(s);
}

/* with its reason */
#define STOPPED "STOPPED_BY_DCC STOPPED_BY_DCC"

/* ---- orders whose fotad is ended ---- */

/* What is refused in each state, for there is nothing to do: it was done, or
 * nothing of the request is under way. */
static const char *const refused[][5] = {
    [WAITS] = {"release"},
    [HELD] = {"hold"},
    [TAKEN] = {"release"},
    [AT_ITS_HUB] = {"release"},
    [ENDED] = {"hold", "release", "stop", "reset"}};

static const struct row {
    const char *verb; /* NULL: all are refused */
    enum order_state state;
    const char *status; /* that the device comes to */
    const char *told;   /* to whom what; "": nothing more is said */
    bool recall;        /* the CSP gives jobs back */
} ROWS[] = {
    {"hold", WAITS, "AWAITING_CSP", "", false},
    {"hold", TAKEN, "APPROVED_FOR_DISTRIBUTION", "", false},
    {"hold", AT_ITS_HUB, "SUCCESSFUL_CH_TRANSFER", "", false},
    {"release", HELD, "APPROVED_FOR_DISTRIBUTION", "2 N59 n1.ppmid", false},
    {"stop", WAITS, STOPPED, "1 N22 n1.ppmid", false},
    {"stop", HELD, STOPPED, "1 N22 n1.ppmid", false},
    {"stop", TAKEN, "APPROVED_FOR_DISTRIBUTION", "", false},
    {"stop", TAKEN, STOPPED, "1 N22 n1.ppmid", true},
    {"stop", AT_ITS_HUB, "SUCCESSFUL_CH_TRANSFER", "", true},
    {"reset", WAITS, "RESET_BY_DCC", "", false},
    {"reset", HELD, "RESET_BY_DCC", "", false},
    {"reset", TAKEN, "RESET_BY_DCC", "", false},
    {"reset", AT_ITS_HUB, "RESET_BY_DCC", "", false},
    {NULL, ENDED, "RESET_BY_DCC", "", false},
};

/* Nobody had an answer from the fotad that was ended, so the order is given
 * once more, to the other one. */
static void row_order(struct scenario *s, const struct row *row) {
    kill_in_the_middle(s, row->verb);
    unsigned status = order_end(order_begin(s, 1, row->verb));
    assert_true(status == 409 || status == 200);
    if (*row->told)
        scenario_do(s, is_told, row->told);
    scenario_do(s, holds,
                arena_printf(s->arena,
                             "1 select count(*) from steering where verb = '%s'"
                             " and person = 'ann' and state in ('active',"
                             " 'done')",
                             row->verb));
    scenario_do(s, holds,
                arena_printf(s->arena,
                             "1 select count(*) from sat_entry where kind ="
                             " 'steering' and code = '%s' and person = 'ann'",
                             row->verb));
}

static void row_run(const struct row *row) {
    struct scenario *s = scenario_open(&(struct scenario_wish){
        .fotads = 2,
        .repeats = true,
        .csp_config = row->recall ? "recall = yes\n" : NULL});
    s->label =
        arena_printf(s->arena, "%s of what %s%s",
                     row->verb ? row->verb : "nothing", state_names[row->state],
                     row->recall ? ", which the CSP gives back" : "");
    print_message("%s\n", s->label);
    come_to(s, row->state, row->recall && *row->told);
    for (const char *const *verb = refused[row->state]; *verb; verb++)
        assert_int_equal(order_end(order_begin(s, 0, *verb)), 409);
    if (row->verb)
        row_order(s, row);
    scenario_do(s, is, arena_printf(s->arena, "n1.ppmid %s", row->status));
    end_well(s, row->status);
}

static void an_order_whose_fotad_is_ended_is_carried_out_once(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        row_run(&ROWS[i]);
}

/* ---- fotads that are ended at each step of what is ordered ---- */

static const struct step {
    const char *order;
    enum order_state state; /* WAITS: for its CSP, which is held until then */
    enum crash point;
    const char *status, *told;
} STEPS[] = {
    {"hold #1", WAITS, CRASH_job_made, "AWAITING_CSP", ""},
    {"hold #1", WAITS, CRASH_job_leased, "AWAITING_CSP", ""},
    {"hold #1", WAITS, CRASH_job_noted, "AWAITING_CSP", ""},
    {"hold #1", WAITS, CRASH_job_taken, "APPROVED_FOR_DISTRIBUTION",
     "2 N59 n1.ppmid"},
    {"stop #1", WAITS, CRASH_job_made, STOPPED, "1 N22 n1.ppmid"},
    {"stop #1", WAITS, CRASH_job_leased, STOPPED, "1 N22 n1.ppmid"},
    {"stop #1", WAITS, CRASH_job_noted, STOPPED, "1 N22 n1.ppmid"},
    {"reset --request #1", WAITS, CRASH_job_noted, "RESET_BY_DCC", ""},
    {"stop #1", TAKEN, CRASH_recall_leased, STOPPED, "1 N22 n1.ppmid"},
    {"stop #1", TAKEN, CRASH_recall_answered, STOPPED, "1 N22 n1.ppmid"},
    {"stop #1", TAKEN, CRASH_recall_settled, STOPPED, "1 N22 n1.ppmid"},
    {"stop #1", HELD, CRASH_alert_begun, STOPPED, "1 N22 n1.ppmid"},
    {"stop #1", HELD, CRASH_alert_answered, STOPPED, "1 N22 n1.ppmid"},
};

static void die_at(struct scenario *s, enum crash point, const char *order) {
    int status = 0;
    scenario_end_one(s, 0, SIGKILL);
    test_clock_move(3 * MINUTE); /* what it had in hand is free */
    scenario_launch(s, 0, crash_name(point));
    /* it may be there at once */
    if (!scenario_wait_ready(s, 0))
        scenario_fail(s, "it is not ready before the order");
    scenario_do(s, steers, order);
    for (struct scenario_wait wait = {0}; !scenario_has_ended(s, 0, &status);)
        if (!scenario_again(&wait))
            scenario_fail(s, "%s is not passed", crash_name(point));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void step_run(const struct step *step) {
    struct scenario *s = scenario_open(&(struct scenario_wish){
        .csp_config = "recall = yes\n", .repeats = true});
    s->label = arena_printf(s->arena, "%s, a fotad ended at %s", step->order,
                            crash_name(step->point));
    print_message("%s\n", s->label);
    const char *order = arena_printf(s->arena, "0 %s", step->order);
    if (step->state == WAITS) {
        scenario_do(s, csp, "north silent 100");
        scenario_do(s, steers, "0 hold --csp north");
        scenario_do(s, sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99");
        scenario_do(s, holds, "t select held is not null from distribution");
        die_at(s, step->point, "0 release --csp north");
        scenario_do(s, steers, order);
    } else {
        come_to(s, step->state, true);
        die_at(s, step->point, order);
    }
    test_clock_move(3 * MINUTE);
    scenario_launch(s, 0, NULL);
    assert_true(scenario_wait_ready(s, 0));
    test_clock_move(3 * MINUTE); /* and housekeeping comes by */
    if (*step->told)
        scenario_do(s, is_told, step->told);
    scenario_do(s, is, arena_printf(s->arena, "n1.ppmid %s", step->status));
    scenario_do(s, holds, "t select count(*) <= 1 from csp_job");
    end_well(s, step->status);
}

static void what_is_ordered_outlives_kills(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++)
        step_run(&STEPS[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_whose_fotad_is_ended_is_carried_out_once),
        cmocka_unit_test(what_is_ordered_outlives_kills),
    };
    return scenario_tests(tests, NULL, NULL);
}
