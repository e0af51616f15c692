/*
 * One backend of PostgreSQL is killed (as the kernel does without memory), so
 * all of them end and the server begins again; or sessions are ended one by
 * one, at any moment of a campaign. What was on its way is tried again, and
 * nobody hears of it: no E100, no 500, and what a CSP said is written.
 *
 *   FALLS    backends that are killed (2)
 *   DEVICES  PPMIDs of the campaign (200)
 */
#include "support/campaign.h"
#include "support/check.h"
#include "support/pg.h"
#include "support/scenario_files.h"
#include "support/with_arena.h"

#include "base/log.h"
#include "db/db.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POOL = 8, BATCH = 20 };

static const struct db_statement ONE = {"one", "select 1"};

/* ---- sessions that rest ---- */

static const char *const how_sessions_end[] = {
    "a backend is killed",
    "the server goes down, and is up again",
    "each session is ended",
    "a session rested too long",
};
enum { WAYS = sizeof how_sessions_end / sizeof *how_sessions_end };

/* A session of the test's own, not of db.h. */
static PGconn *session_open(const char *conninfo) {
    PGconn *session;
    while (session = PQconnectdb(conninfo),
           PQstatus(session) != CONNECTION_OK) {
        PQfinish(session);
        usleep(10000);
    }
    return session;
}

static void session_tell(const char *conninfo, const char *sql) {
    PGconn *session = session_open(conninfo);
    PQclear(PQexec(session, sql));
    PQfinish(session);
}

/* Until the server has ended the others, too. */
static void backend_kill(const char *conninfo) {
    PGconn *victim = session_open(conninfo), *other = session_open(conninfo);
    assert_int_equal(kill(PQbackendPID(victim), SIGKILL), 0);
    while (PQclear(PQexec(other, "select 1")), PQstatus(other) == CONNECTION_OK)
        continue;
    PQfinish(victim);
    PQfinish(other);
}

static void sessions_end(const char *conninfo, size_t way) {
    switch (way) {
    case 0:
        backend_kill(conninfo);
        break;
    case 1:
        assert_int_equal(system("tools/pg crash faults >/dev/null &&"
                                " tools/pg start faults >/dev/null"),
                         0);
        break;
    case 2:
        session_tell(conninfo,
                     "select pg_terminate_backend(pid, 1000) from"
                     " pg_stat_activity where application_name = 'pool'");
        break;
    default:
        usleep(300000);
        break;
    }
    PQfinish(session_open(conninfo)); /* up again */
}

static enum outcome one_step(struct db *db, void *context) {
    (void)context;
    return db_run(db, &ONE, NULL, arena, NULL);
}

static void pool_open(struct db *pool[], const char *conninfo, size_t way) {
    for (size_t i = 0; i < POOL; i++) {
        pool[i] = db_open(conninfo, "pool");
        assert_int_equal(one_step(pool[i], NULL), DONE);
        if (way == WAYS - 1)
            db_script(pool[i], "set idle_session_timeout = 50");
    }
}

/* The first statement of each works, in a transaction and without. */
static void a_session_that_ended_while_it_rested(void **state) {
    (void)state;
    const char *conninfo = pg_fresh_database();
    for (size_t way = 0; way < WAYS; way++) {
        struct db *pool[POOL];
        size_t failed = 0;
        pool_open(pool, conninfo, way);
        sessions_end(conninfo, way);
        for (size_t i = 0; i < POOL; i++) {
            enum outcome outcome =
                i % 2 ? one_step(pool[i], NULL)
                      : db_transact(pool[i], one_step, NULL, false);
            failed += outcome != DONE;
            if (outcome != DONE)
                print_message("%s: %d %s\n", how_sessions_end[way],
                              (int)outcome, db_reason(pool[i]));
            db_close(pool[i]);
        }
        assert_int_equal(failed, 0);
    }
}

/* ---- what is on its way ---- */

static const char SESSIONS[] =
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where pid <> pg_backend_pid() and application_name like 'fotad%'";

struct ending {
    const char *conninfo;
    atomic_bool over;
};

/* Every session of fotad, again and again; less often than a request is tried.
 */
static void *sessions_end_always(void *context) {
    struct ending *ending = context;
    while (!atomic_load(&ending->over)) {
        session_tell(ending->conninfo, SESSIONS);
        usleep((useconds_t)(patience() * 150000));
    }
    return NULL;
}

static void send_all(struct campaign *c) {
    while (c->sent < c->devices)
        campaign_send(c, true);
}

/* Nobody heard of it. */
static void nothing_failed(struct campaign *c) {
    struct scenario *s = c->scenario;
    static const char *const lines[][2] = {
        {"db.refused", ""},
        {"csp.job", "outcome=forgotten"},
        {"device.command", "outcome=forgotten"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (scenario_lines(s, lines[i][0], lines[i][1]))
            fail_msg("%s %s", lines[i][0], lines[i][1]);
    assert_true(
        scenario_metric(s, 0,
                        "fotad_http_requests_total{listener=\"csp_gateway\","
                        "status=\"500\"}") == 0);
}

/* The server is up all the time: not even an E100. */
static void sessions_that_are_ended(void **state) {
    (void)state;
    struct campaign *c = campaign_open((struct scenario_wish){.fotads = 1},
                                       campaign_number("DEVICES", 200), BATCH);
    struct ending ending = {.conninfo = c->scenario->conninfo};
    pthread_t thread;
    assert_int_equal(
        pthread_create(&thread, NULL, sessions_end_always, &ending), 0);
    send_all(c);
    for (size_t i = 0; i < 30; i++)
        campaign_send(c, true);
    atomic_store(&ending.over, true);
    pthread_join(thread, NULL);
    assert_int_equal(scenario_lines(c->scenario, "request.failed", ""), 0);
    nothing_failed(c);
    campaign_close(c, "sessions ended");
}

/* While the server begins again a request may get E100, and a CSP 503. */
#define MADE "fotad_db_connections_made_total"
#define LOST "fotad_db_trouble_total{what=\"connection_lost\"}"

static void backends_that_are_killed(void **state) {
    (void)state;
    size_t falls = campaign_number("FALLS", 2);
    struct campaign *c = campaign_open((struct scenario_wish){.fotads = 1},
                                       campaign_number("DEVICES", 200), BATCH);
    double made = 0;
    for (size_t i = 0; i < falls; i++) {
        for (size_t n = 0; n < 2; n++)
            campaign_send(c, true);
        usleep(campaign_random(c, 300000));
        made = scenario_metric(c->scenario, 0, MADE);
        backend_kill(c->scenario->conninfo);
        campaign_send(c, true);
        PQreset(sql_connection(c->scenario->sql));
    }
    send_all(c);
    nothing_failed(c);
    /* each session that rested is another now; what was met meanwhile, if
     * anything, is said */
    assert_true(scenario_metric(c->scenario, 0, MADE) > made);
    if (scenario_metric(c->scenario, 0, LOST) > 0)
        scenario_logged(c->scenario, "db.trouble what=connection_lost",
                        "fotad connects again");
    campaign_close(c, "backends killed");
}

int main(void) {
    if (!campaign_own_database())
        return 1;
    log_set_level(LOG_LEVEL_ERROR - 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_session_that_ended_while_it_rested,
                                        set_up, tear_down),
        cmocka_unit_test(sessions_that_are_ended),
        cmocka_unit_test(backends_that_are_killed),
    };
    return scenario_tests(tests, NULL, NULL);
}
