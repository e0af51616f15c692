/*
 * One transaction-and-retry loop: what commits, what rolls back, what is tried
 * again, and what is said when nobody can know.
 */
#include "support/check.h"
#include "support/pg.h"
#include "support/scripted_pq.h"
#include "support/with_arena.h"

#include "base/log.h"
#include "db/db.h"

#include <pthread.h>
#include <stdio.h>

static struct db *db;

static const struct db_statement COUNT = {"count_notes",
                                          "select count(*) from note"};
static const struct db_statement ADD = {
    "add_note", "insert into note select max(n) + 1 from note"};

static int64_t notes(void) {
    struct db_rows *rows;
    assert_int_equal(db_run(db, &COUNT, NULL, arena, &rows), DONE);
    return db_get_int(rows, 0, 0) - 1;
}

/* ---- outcomes of a step ---- */

struct plan {
    enum outcome outcomes[DB_MOST_TRIES]; /* of the first try, the second... */
    int tries;
};

static enum outcome add_and_say(struct db *same, void *context) {
    struct plan *plan = context;
    enum outcome outcome = db_run(same, &ADD, NULL, arena, NULL);
    return outcome == DONE ? plan->outcomes[plan->tries++] : outcome;
}

static void what_a_step_says_decides(void **state) {
    (void)state;
    static const struct {
        enum outcome says[DB_MOST_TRIES], outcome;
        int tries, notes;
    } rows[] = {
        {{DONE}, DONE, 1, 1},
        {{REFUSED}, REFUSED, 1, 1},
        {{FAILED}, FAILED, 1, 0},
        {{RETRY, DONE}, DONE, 2, 1},
        {{RETRY, RETRY, RETRY, RETRY, DONE}, DONE, 5, 1},
        {{RETRY, RETRY, RETRY, RETRY, RETRY}, RETRY, 5, 0},
        {{RETRY, REFUSED}, REFUSED, 2, 1},
        {{RETRY, FAILED}, FAILED, 2, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t before = notes();
        struct plan plan = {.tries = 0};
        memcpy(plan.outcomes, rows[i].says, sizeof plan.outcomes);
        assert_int_equal(db_transact(db, add_and_say, &plan, false),
                         rows[i].outcome);
        assert_int_equal(plan.tries, rows[i].tries);
        assert_int_equal(notes() - before, rows[i].notes);
    }
}

/* ---- what the server says ---- */

static void whose_fault_an_error_is(void **state) {
    (void)state;
    static const struct {
        const char *sql, *sqlstate;
        enum outcome outcome;
    } rows[] = {
        {"select 1", "", DONE},
        {"select 1 / 0", "22012", FAILED},
        {"select from nowhere", "42P01", FAILED},
        {"insert into note values (0)", "23505", FAILED},
        {"do $$ begin raise sqlstate '40001'; end $$", "40001", RETRY},
        {"do $$ begin raise sqlstate '40P01'; end $$", "40P01", RETRY},
        {"do $$ begin raise sqlstate '55P03'; end $$", "55P03", RETRY},
        {"do $$ begin raise sqlstate '53300'; end $$", "53300", RETRY},
        {"do $$ begin raise sqlstate '25006'; end $$", "25006", RETRY},
        {"do $$ begin raise sqlstate '08006'; end $$", "08006", RETRY},
        /* a check that is ours to keep, and a row whose partition was made
         * while it was on its way */
        {"create temp table n (n integer check (n > 0));"
         " insert into n values (0)",
         "23514", FAILED},
        {"create temp table p (n integer) partition by range (n);"
         " create temp table p1 partition of p for values from (0) to (1);"
         " insert into p1 values (1)",
         "23514", RETRY},
        {"select pg_terminate_backend(pg_backend_pid())", NULL, RETRY},
        {"select 1", NULL, DONE}, /* connected again */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum outcome outcome = db_script(db, rows[i].sql);
        if (outcome != rows[i].outcome)
            fail_msg("%s: %s", rows[i].sql, db_reason(db));
        if (outcome != DONE && rows[i].sqlstate)
            assert_string_equal(db_sqlstate(db), rows[i].sqlstate);
    }
}

static void the_reason_is_that_of_the_error(void **state) {
    (void)state;
    assert_int_equal(db_script(db, "select from nowhere"), FAILED);
    assert_non_null(strstr(db_reason(db), "\"nowhere\" does not exist"));
}

static void a_server_that_is_not_there_is_tried_again(void **state) {
    (void)state;
    struct db *nowhere = db_open("host=/nowhere dbname=x", "test");
    struct plan plan = {.tries = 0};
    assert_int_equal(db_connect(nowhere), RETRY);
    assert_true(*db_reason(nowhere) != '\0');
    assert_int_equal(db_transact(nowhere, add_and_say, &plan, true), RETRY);
    assert_int_equal(plan.tries, 0);
    db_close(nowhere);
}

/* ---- lost connections ---- */

static void a_connection_lost_on_the_way(void **state) {
    (void)state;
    static const struct {
        const char *statement;
        enum pq_fault fault;
        bool safe_to_repeat;
        enum outcome outcome;
        int notes;
    } rows[] = {
        {"begin", PQ_LOST_BEFORE, false, DONE, 1},
        {"begin", PQ_LOST_AFTER, false, DONE, 1},
        {"add_note", PQ_LOST_BEFORE, false, DONE, 1},
        {"add_note", PQ_LOST_AFTER, false, DONE, 1},
        /* nobody knows: only the caller can find out */
        {"commit", PQ_LOST_BEFORE, false, FAILED, 0},
        {"commit", PQ_LOST_AFTER, false, FAILED, 1},
        {"commit", PQ_LOST_BEFORE, true, DONE, 1},
        {"commit", PQ_LOST_AFTER, true, DONE, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct plan plan = {.outcomes = {DONE, DONE}};
        int64_t before = notes();
        pq_will_fail(rows[i].statement, rows[i].fault, 1);
        enum outcome outcome =
            db_transact(db, add_and_say, &plan, rows[i].safe_to_repeat);
        assert_int_equal(atomic_load(&pq_script.happened), 1);
        assert_int_equal(outcome, rows[i].outcome);
        assert_int_equal(notes() - before, rows[i].notes);
    }
}

/* Adds a note, and while the session rests in its transaction it is ended;
 * the first time only. */
struct rest {
    const char *conninfo;
    bool one_more; /* statement afterwards */
    int tries;
};

static void session_end(struct db *victim, const char *conninfo) {
    static const struct db_statement pid = {"own_pid",
                                            "select pg_backend_pid()"};
    struct db_rows *rows;
    assert_int_equal(db_run(victim, &pid, NULL, arena, &rows), DONE);
    struct db *other = db_open(conninfo, "other");
    assert_int_equal(
        db_script(other,
                  arena_printf(arena, "select pg_terminate_backend(%d, 5000)",
                               (int)db_get_int(rows, 0, 0))),
        DONE);
    db_close(other);
}

static enum outcome add_and_rest(struct db *same, void *context) {
    struct rest *rest = context;
    enum outcome outcome = db_run(same, &ADD, NULL, arena, NULL);
    if (outcome == DONE && rest->tries++ == 0)
        session_end(same, rest->conninfo);
    return outcome == DONE && rest->one_more
               ? db_run(same, &COUNT, NULL, arena, NULL)
               : outcome;
}

/* A commit on a session that took the place of the ended one would be answered
 * with COMMIT, and nothing be written. Here nothing was, so that even what is
 * not safe to repeat is tried again. */
static void a_session_that_ends_in_its_transaction(void **state) {
    (void)state;
    const char *conninfo = pg_fresh_database();
    struct db *own = db_open(conninfo, "rest");
    assert_int_equal(db_script(own, "create table note (n int primary key);"
                                    "insert into note values (0)"),
                     DONE);
    for (int i = 0; i < 4; i++) {
        struct rest rest = {.conninfo = conninfo, .one_more = i % 2};
        assert_int_equal(db_transact(own, add_and_rest, &rest, i / 2), DONE);
        assert_int_equal(rest.tries, 2);
        struct db_rows *rows;
        assert_int_equal(db_run(own, &COUNT, NULL, arena, &rows), DONE);
        assert_int_equal(db_get_int(rows, 0, 0), i + 2);
    }
    db_close(own);
}

static enum outcome fail_and_say_done(struct db *same, void *context) {
    const char *sql = context;
    enum outcome outcome = db_run(same, &ADD, NULL, arena, NULL);
    (void)db_script(same, sql);
    return outcome;
}

/* The server answers its commit as if it were one. */
static void a_failed_transaction_is_not_done(void **state) {
    (void)state;
    static char division[] = "select 1 / 0",
                passing[] = "do $$ begin raise sqlstate '55P03'; end $$",
                *const failing[] = {division, passing};
    for (size_t i = 0; i < sizeof failing / sizeof *failing; i++) {
        int64_t before = notes();
        assert_int_equal(db_transact(db, fail_and_say_done, failing[i], true),
                         FAILED);
        assert_int_equal(notes(), before);
    }
}

static void statements_are_prepared_again(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(notes() >= 0, 1);
        pq_will_fail("count_notes", PQ_LOST_BEFORE, 1);
        assert_int_equal(db_run(db, &COUNT, NULL, arena, NULL), RETRY);
    }
    assert_true(notes() >= 0);
}

/* ---- a deadlock ---- */

struct locker {
    const char *conninfo;
    int first, second;
    pthread_barrier_t *both; /* hold their first row, once */
    bool waited;
    int tries;
    enum outcome outcome;
};

static const struct db_statement LOCK = {
    "lock_row", "update pair set n = n + 1 where id = $1"};

static enum outcome lock_row(struct db *own, struct arena *memory, int id) {
    struct db_params params = DB_PARAMS(memory);
    db_int4(&params, id);
    return db_run(own, &LOCK, &params, memory, NULL);
}

static enum outcome lock_both(struct db *own, void *context) {
    struct locker *locker = context;
    struct arena *memory = arena_new();
    locker->tries++;
    enum outcome outcome = lock_row(own, memory, locker->first);
    if (outcome == DONE && !locker->waited)
        pthread_barrier_wait(locker->both);
    locker->waited = true;
    if (outcome == DONE)
        outcome = lock_row(own, memory, locker->second);
    arena_free(memory);
    return outcome;
}

static void *lock_in_turn(void *context) {
    struct locker *locker = context;
    struct db *own = db_open(locker->conninfo, "locker");
    locker->outcome = db_transact(own, lock_both, locker, false);
    db_close(own);
    return NULL;
}

static void a_deadlock_is_tried_again(void **state) {
    (void)state;
    const char *conninfo = pg_fresh_database();
    struct db *own = db_open(conninfo, "test");
    db_script(own, "create table pair (id int primary key, n int);"
                   "insert into pair values (1, 0), (2, 0)");
    pthread_barrier_t both;
    pthread_barrier_init(&both, NULL, 2);
    struct locker lockers[2] = {
        {.conninfo = conninfo, .first = 1, .second = 2, .both = &both},
        {.conninfo = conninfo, .first = 2, .second = 1, .both = &both}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, lock_in_turn, &lockers[i]);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(lockers[i].outcome, DONE);
    }
    assert_int_equal(lockers[0].tries + lockers[1].tries, 3);
    static const struct db_statement sum = {
        "sum_pair", "select format('%s', array_agg(n order by id)) from pair"};
    struct db_rows *rows;
    assert_int_equal(db_run(own, &sum, NULL, arena, &rows), DONE);
    assert_string_equal(db_get_text(rows, 0, 0), "{2,2}");
    pthread_barrier_destroy(&both);
    db_close(own);
}

/* ---- whoever stands still ---- */

/* The first time it stops where a frozen process would. */
static enum outcome lock_and_stand(struct db *own, void *context) {
    struct locker *locker = context;
    struct arena *memory = arena_new();
    enum outcome outcome = lock_row(own, memory, locker->first);
    if (outcome == DONE && !locker->tries++) {
        pthread_barrier_wait(locker->both);
        pthread_barrier_wait(locker->both);
        outcome = lock_row(own, memory, locker->first);
    }
    arena_free(memory);
    return outcome;
}

static void *lock_and_freeze(void *context) {
    struct locker *locker = context;
    struct db *own = db_open(locker->conninfo, "frozen");
    locker->outcome = db_transact(own, lock_and_stand, locker, false);
    db_close(own);
    return NULL;
}

/* The server ends it, those who wait for its locks go on, and when it moves
 * again it begins anew. */
static void a_frozen_holder_is_ended(void **state) {
    (void)state;
    const char *conninfo = arena_printf(
        arena, "%s options='-c idle_in_transaction_session_timeout=300ms'",
        pg_fresh_database());
    struct db *own = db_open(conninfo, "test");
    db_script(own, "create table pair (id int primary key, n int);"
                   "insert into pair values (1, 0)");
    pthread_barrier_t both;
    pthread_barrier_init(&both, NULL, 2);
    struct locker frozen = {.conninfo = conninfo, .first = 1, .both = &both};
    pthread_t thread;
    pthread_create(&thread, NULL, lock_and_freeze, &frozen);
    pthread_barrier_wait(&both);
    instant begun = clock_elapsed();
    assert_int_equal(lock_row(own, arena, 1), DONE);
    assert_true(clock_elapsed() - begun < 5 * SECOND);
    pthread_barrier_wait(&both);
    pthread_join(thread, NULL);
    assert_int_equal(frozen.outcome, DONE);
    assert_int_equal(frozen.tries, 2);
    pthread_barrier_destroy(&both);
    db_close(own);
}

/* A statement or a wait that takes longer than its use may is tried again. */
static void what_takes_too_long_is_tried_again(void **state) {
    (void)state;
    const char *conninfo = arena_printf(
        arena, "%s options='-c statement_timeout=100ms'", pg_fresh_database());
    struct db *own = db_open(conninfo, "test");
    assert_int_equal(db_script(own, "select pg_sleep(10)"), RETRY);
    assert_string_equal(db_sqlstate(own), "57014");
    assert_int_equal(db_script(own, "select 1"), DONE);
    db_close(own);
}

/* ---- COPY ---- */

static void copy_feeds_a_table(void **state) {
    (void)state;
    static const char copy[] = "copy note from stdin";
    int64_t before = notes();
    assert_int_equal(db_copy_begin(db, copy), DONE);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(
            db_copy_feed(db, span_text(arena_printf(arena, "%d\n", 10000 + i))),
            DONE);
    assert_int_equal(db_copy_end(db), DONE);
    assert_int_equal(notes() - before, 1000);
    assert_int_equal(db_copy_begin(db, copy), DONE);
    assert_int_equal(db_copy_feed(db, span_text("20000\nnonsense\n")), DONE);
    assert_int_equal(db_copy_end(db), FAILED);
    assert_int_equal(notes() - before, 1000);
}

static void open_database(void **state) {
    (void)state;
    log_set_level(LOG_LEVEL_ERROR - 1);
    db = db_open(pg_fresh_database(), "transaction_test");
    assert_int_equal(db_script(db, "create table note (n int primary key);"
                                   "insert into note values (0)"),
                     DONE);
}

static void close_database(void **state) {
    (void)state;
    db_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_database),
        TEST(what_a_step_says_decides),
        TEST(whose_fault_an_error_is),
        TEST(the_reason_is_that_of_the_error),
        TEST(a_server_that_is_not_there_is_tried_again),
        TEST(a_connection_lost_on_the_way),
        TEST(a_session_that_ends_in_its_transaction),
        TEST(a_failed_transaction_is_not_done),
        TEST(statements_are_prepared_again),
        TEST(a_deadlock_is_tried_again),
        TEST(a_frozen_holder_is_ended),
        TEST(what_takes_too_long_is_tried_again),
        TEST(copy_feeds_a_table),
        cmocka_unit_test(close_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
