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
#include <signal.h>
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

static void backend_kill(const char *conninfo) {
    PGconn *session = session_open(conninfo);
    assert_int_equal(kill(PQbackendPID(session), SIGKILL), 0);
    while (PQclear(PQexec(session, "select 1")), PQstatus(session) ==
                                                     CONNECTION_OK)
        continue;
    PQfinish(session);
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

int main(void) {
    if (!campaign_own_database())
        return 1;
    log_set_level(LOG_LEVEL_ERROR - 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_session_that_ended_while_it_rested,
                                        set_up, tear_down),
    };
    return scenario_tests(tests, NULL, NULL);
}
