/*
 * Sessions that do at random what fotad, its CSPs, people and time do to the
 * database, all pairs of it at once: no deadlock, no lock against lock_order(),
 * and what must hold holds afterwards. CONCURRENCY_SECONDS says how long.
 */
#include "support/check.h"
#include "support/files.h"
#include "support/pg.h"
#include "support/sql.h"

#include "base/buffer.h"
#include "base/clock.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SESSIONS = 8, MOST_ACTS = 100, MOST_SAID = 4000 };

static void file_run(struct sql *sql, const char *path) {
    struct buffer all = {0};
    file_read(path, &all);
    buffer_add(&all, span_of("", 1));
    sql_do(sql, "%s", (const char *)all.data);
    buffer_free(&all);
}

static struct sql *world_open(const char **conninfo) {
    *conninfo = pg_tracking_database();
    struct sql *sql = sql_open(*conninfo);
    file_run(sql, "tests/isolation/homes.sql");
    file_run(sql, "tests/concurrency/acts.sql");
    file_run(sql, "tests/concurrency/observe.sql");
    return sql;
}

/* ---- what the sessions do ---- */

struct siege {
    const char *conninfo;
    size_t act_count;
    char acts[MOST_ACTS][64];
    atomic_bool ends;
    atomic_long done, begun_anew, deadlocks, failed;
    pthread_mutex_t lock;
    char said[MOST_SAID]; /* of the first that went wrong */
};

struct session {
    struct siege *siege;
    unsigned seed;
    pthread_t thread;
};

static void siege_say(struct siege *siege, const char *act, PGresult *result) {
    pthread_mutex_lock(&siege->lock);
    size_t length = strlen(siege->said);
    char *text = PQresultVerboseErrorMessage(result, PQERRORS_VERBOSE,
                                             PQSHOW_CONTEXT_ALWAYS);
    snprintf(siege->said + length, sizeof siege->said - length, "%s: %s\n", act,
             text);
    PQfreemem(text);
    pthread_mutex_unlock(&siege->lock);
}

/* RB000 is how an act says that it does nothing after all; what was locked when
 * it could not be waited for (55P03) would be begun anew. */
static void act_run(struct siege *siege, PGconn *connection, const char *act) {
    char sql[100];
    snprintf(sql, sizeof sql, "select %s()", act);
    PGresult *result = PQexec(connection, sql);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (PQresultStatus(result) == PGRES_TUPLES_OK) {
        siege->done++;
    } else if (state && strcmp(state, "55P03") == 0) {
        siege->begun_anew++;
    } else if (!state || strcmp(state, "RB000") != 0) {
        atomic_long *of = state && strcmp(state, "40P01") == 0
                              ? &siege->deadlocks
                              : &siege->failed;
        (*of)++;
        siege_say(siege, act, result);
    }
    PQclear(result);
}

static void *session_run(void *context) {
    struct session *session = context;
    struct siege *siege = session->siege;
    PGconn *connection = PQconnectdb(siege->conninfo);
    PQclear(PQexec(connection, "set client_min_messages = error;"
                               "set deadlock_timeout = '200ms';"
                               "set lock_timeout = '20s'"));
    while (!siege->ends)
        act_run(siege, connection,
                siege->acts[(size_t)rand_r(&session->seed) % siege->act_count]);
    PQfinish(connection);
    return NULL;
}

static void siege_read_acts(struct siege *siege, struct sql *sql) {
    const char *names = sql_rows(sql, "select proname from pg_proc"
                                      " where proname like 'act\\_%%'"
                                      " order by proname");
    for (const char *name = names; *name && siege->act_count < MOST_ACTS;) {
        size_t length = strcspn(name, "\n");
        snprintf(siege->acts[siege->act_count++], sizeof *siege->acts, "%.*s",
                 (int)length, name);
        name += length + (name[length] == '\n');
    }
}

static void siege_run(struct siege *siege, struct sql *monitor, int seconds) {
    struct session sessions[SESSIONS];
    for (unsigned i = 0; i < SESSIONS; i++) {
        sessions[i] = (struct session){.siege = siege, .seed = i + 1};
        assert_int_equal(pthread_create(&sessions[i].thread, NULL, session_run,
                                        &sessions[i]),
                         0);
    }
    for (instant end = clock_elapsed() + seconds * SECOND;
         clock_elapsed() < end;) {
        sql_int(monitor, "select observe()");
        sql_forget(monitor);
        nanosleep(&(struct timespec){.tv_nsec = 3000000}, NULL);
    }
    siege->ends = true;
    for (size_t i = 0; i < SESSIONS; i++)
        pthread_join(sessions[i].thread, NULL);
}

/* ---- what holds afterwards ---- */

static void everything_seal(struct sql *sql) {
    for (int i = 0; i < 50; i++)
        sql_find(sql, "select count(*) from seal_trail(clock_timestamp(),"
                      " 100000)");
}

/* Each statement of the file, which may give no row. */
static size_t invariants_check(struct sql *sql) {
    struct buffer all = {0};
    file_read("tests/concurrency/invariants.sql", &all);
    buffer_add(&all, span_of("", 1));
    size_t broken = 0;
    char *rest = (char *)all.data;
    for (char *statement; (statement = strsep(&rest, ";"));) {
        if (strspn(statement, " \n") == strlen(statement))
            continue;
        const char *rows = sql_rows(sql, "%s limit 10", statement);
        if (*rows)
            printf("%s\n", rows);
        broken += *rows != '\0';
    }
    buffer_free(&all);
    return broken;
}

static void all_pairs_at_random(void **state) {
    (void)state;
    const char *seconds = getenv("CONCURRENCY_SECONDS");
    static struct siege siege = {.lock = PTHREAD_MUTEX_INITIALIZER};
    struct sql *sql = world_open(&siege.conninfo);
    siege_read_acts(&siege, sql);
    siege_run(&siege, sql, seconds ? atoi(seconds) : 8);
    everything_seal(sql);
    printf("%s", siege.said);
    printf("%ld transactions of %zu kinds, %ld begun anew, %ld deadlocks,"
           " %s pairs waited for each other\n",
           atomic_load(&siege.done), siege.act_count,
           atomic_load(&siege.begun_anew), atomic_load(&siege.deadlocks),
           sql_text(sql, "select count(distinct (doing, with_whom)) from met"));
    const char *against =
        sql_rows(sql, "select doing || ' holds ' || holds || ' and waits for '"
                      " || waits_for from contradiction order by 1");
    printf("%s\n", against);
    bool ordered = !*against;
    size_t broken = invariants_check(sql);
    sql_close(sql);
    assert_int_equal(siege.deadlocks, 0);
    assert_int_equal(siege.failed, 0);
    assert_true(ordered);
    assert_int_equal(broken, 0);
}

/* ---- what it is held against ---- */

/* Does it see what is wrong? One holds a row of a later table, another a later
 * row of the same. */
static void what_is_against_the_order_is_named(void **state) {
    (void)state;
    const char *conninfo;
    struct sql *sql = world_open(&conninfo);
    struct sql *holder = sql_open(conninfo);
    sql_do(sql, "create function bad_order() returns void language sql as $$"
                " select from alert_lane for update;"
                " select from smi_home for update $$;"
                "create function bad_keys() returns void language plpgsql as $$"
                " begin perform from service_user where user_id = supplier(3)"
                " for update; perform from service_user where user_id ="
                " supplier(2) for update; end $$;"
                "select tell_user(1, 1)");
    sql_do(holder, "begin; select from smi_home where chf_id = hub(1)"
                   " for update;"
                   "select from service_user where user_id = supplier(2)"
                   " for update");
    PGconn *bad[2];
    for (int i = 0; i < 2; i++) {
        bad[i] = PQconnectdb(conninfo);
        assert_true(PQsendQuery(bad[i], i ? "select bad_keys()"
                                          : "select bad_order()"));
    }
    sql_expect_soon(sql, "2", "select count(*) from waiting");
    sql_int(sql, "select observe()");
    sql_expect(sql,
               "bad_keys|a later row of the same|service_user\n"
               "bad_order|alert_lane|smi_home",
               "select * from contradiction order by 1");
    sql_do(holder, "commit");
    for (int i = 0; i < 2; i++)
        PQfinish(bad[i]);
    sql_close(holder);
    sql_close(sql);
}

/* Every table whose rows the daemon may change has its place. */
static void every_table_has_its_place(void **state) {
    (void)state;
    struct sql *sql = sql_open(pg_fresh_database());
    sql_expect(sql, "",
               "select distinct name from rights_of_daemon()"
               " where privilege in ('update', 'delete')"
               " except select name from lock_order()");
    sql_close(sql);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_has_its_place),
        cmocka_unit_test(what_is_against_the_order_is_named),
        cmocka_unit_test(all_pairs_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
