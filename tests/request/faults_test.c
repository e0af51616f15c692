/*
 * The database goes away, at any step of a request: it is answered after a new
 * try, or refused as our own fault; nothing is half done, and a commit whose
 * answer was lost is found out by what it left.
 */
#include "support/check.h"
#include "support/logged.h"
#include "support/scripted_pq.h"
#include "support/user_gateway.h"

#include "base/metrics.h"
#include "request/record.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static struct span a_ppmid(struct gateway *g) {
    return gateway_sign(
        g, USER_A,
        &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                               .device_ids = &(eui64){PPMID(PLAIN)},
                               .device_id_count = 1});
}

static struct span an_export_users(struct gateway *g) {
    return gateway_sign(
        g, USER_EXPORT,
        &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                               .device_ids = &(eui64){PPMID(PLAIN)},
                               .device_id_count = 1});
}

static void kill_other_sessions(struct gateway *g) {
    gateway_ask(g, "select count(pg_terminate_backend(pid)) from"
                   " pg_stat_activity where datname = current_database()"
                   " and pid <> pg_backend_pid()");
}

static void idle_connections_that_were_cut_are_made_again(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    for (int i = 0; i < 5; i++) {
        gateway_forget(g);
        kill_other_sessions(g);
        struct answer answer = gateway_post(g, "serviceD", a_ppmid(g));
        assert_string_equal(answer_says(g, &answer), "I99");
        assert_string_equal(gateway_tracked(g), "1 AWAITING_CSP, image");
    }
    gateway_free(g);
}

/* One fault at one statement; the request must be answered as if there had
 * been none, and the same octets get the same answer. */
static void the_connection_breaks_once(void **state) {
    (void)state;
    static const struct {
        const char *statement, *code, *tracked;
        enum pq_fault fault;
        bool by_export_user; /* refused with E2 */
    } rows[] = {
        {"find_signer", "I99", "1 AWAITING_CSP, image", PQ_LOST_BEFORE, false},
        {"find_signer", "I99", "1 AWAITING_CSP, image", PQ_LOST_AFTER, false},
        {"begin", "I99", "1 AWAITING_CSP, image", PQ_LOST_BEFORE, false},
        {"begin", "I99", "1 AWAITING_CSP, image", PQ_LOST_AFTER, false},
        {"take_updates", "I99", "1 AWAITING_CSP, image", PQ_LOST_BEFORE, false},
        {"take_updates", "I99", "1 AWAITING_CSP, image", PQ_LOST_AFTER, false},
        {"store_image", "I99", "1 AWAITING_CSP, image", PQ_LOST_AFTER, false},
        {"commit", "I99", "1 AWAITING_CSP, image", PQ_LOST_BEFORE, false},
        {"commit", "I99", "1 AWAITING_CSP, image", PQ_LOST_AFTER, false},
        {"find_refusal", "E2", "nothing", PQ_LOST_AFTER, true},
        {"record_refusal", "E2", "nothing", PQ_LOST_BEFORE, true},
        {"record_refusal", "E2", "nothing", PQ_LOST_AFTER, true},
    };
    struct gateway *g = gateway_start();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].statement);
        gateway_forget(g);
        struct span body =
            rows[i].by_export_user ? an_export_users(g) : a_ppmid(g);
        bool commits = strcmp(rows[i].statement, "commit") == 0;
        pq_will_fail(rows[i].statement, rows[i].fault, 1);
        logged_begin(commits ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR);
        struct answer answer = gateway_post(g, "serviceD", body);
        if (commits)
            logged_end("debug db.again", "try=1");
        else
            logged_pass();
        assert_int_equal(atomic_load(&pq_script.happened), 1);
        assert_string_equal(answer_says(g, &answer), rows[i].code);
        assert_string_equal(gateway_tracked(g), rows[i].tracked);
        struct answer again = gateway_post(g, "serviceD", body);
        assert_true(span_equal(again.body, answer.body));
        assert_string_equal(
            gateway_ask(g, "select count(*) from service_request"), "1");
    }
    gateway_free(g);
}

/* It does not come back: 500 and E100, nothing done; sent again later, the
 * request is taken as new. */
static void the_connection_breaks_every_time(void **state) {
    (void)state;
    static const struct {
        const char *statement;
        enum pq_fault fault;
    } rows[] = {
        {"find_signer", PQ_LOST_BEFORE},
        {"take_updates", PQ_LOST_AFTER},
        {"commit", PQ_LOST_BEFORE},
    };
    struct gateway *g = gateway_start();
    log_set_level(LOG_LEVEL_ERROR - 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gateway_forget(g);
        struct span body = a_ppmid(g);
        pq_will_fail(rows[i].statement, rows[i].fault, 1000);
        struct answer answer = gateway_post(g, "serviceD", body);
        pq_will_fail("", PQ_LOST_BEFORE, 0);
        assert_int_equal(answer.http, 500);
        assert_string_equal(answer_says(g, &answer), "E100");
        assert_string_equal(gateway_tracked(g), "nothing");
        assert_string_equal(
            gateway_ask(g, "select count(*) from service_request"), "0");
        answer = gateway_post(g, "serviceD", body);
        assert_string_equal(answer_says(g, &answer), "I99");
    }
    log_set_level(LOG_LEVEL_ERROR);
    gateway_free(g);
}

/* ---- what is told of what did not happen ---- */

/* The value of a line of /metrics; 0 when it is not there. */
static int64_t metric_value(struct gateway *g, const char *line) {
    struct buffer text = {0};
    metrics_render(&text);
    const char *all = arena_text(g->arena, buffer_span(&text));
    const char *at = strstr(all, line);
    buffer_free(&text);
    return at ? strtoll(at + strlen(line), NULL, 10) : 0;
}

#define ACCEPTED "fotad_update_devices_total{outcome=\"accepted\"} "
#define HELD                                                                   \
    "fotad_quarantined_requests_total{variant=\"11.4\",threshold=\"user\"} "

/* Counts, lines of the log and wake-ups come after the commit. */
static void what_is_not_committed_is_not_told(void **state) {
    (void)state;
    static const struct {
        const char *threshold, *metric, *statement;
        enum pq_fault fault;
    } rows[] = {
        {"select", ACCEPTED, "commit", PQ_LOST_BEFORE},
        {"select", ACCEPTED, "store_image", PQ_LOST_AFTER},
        {"insert into volume_threshold (user_id, service_reference_variant,"
         " period_seconds, quarantine) values ('90-B3-D5-1F-30-01-00-00', "
         "'11.4',"
         " 3600, 0)",
         HELD, "commit", PQ_LOST_BEFORE},
    };
    struct gateway *g = gateway_start();
    log_set_level(LOG_LEVEL_ERROR - 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gateway_forget(g);
        gateway_tell(g, "%s", rows[i].threshold);
        struct span body = a_ppmid(g);
        int64_t before = metric_value(g, rows[i].metric);
        pq_will_fail(rows[i].statement, rows[i].fault, 1000);
        struct answer answer = gateway_post(g, "serviceD", body);
        pq_will_fail("", PQ_LOST_BEFORE, 0);
        assert_string_equal(answer_says(g, &answer), "E100");
        assert_int_equal(metric_value(g, rows[i].metric), before);
        /* once for all tries */
        pq_will_fail(rows[i].statement, rows[i].fault, 2);
        answer = gateway_post(g, "serviceD", body);
        assert_string_equal(answer_says(g, &answer), "I99");
        assert_int_equal(metric_value(g, rows[i].metric), before + 1);
    }
    log_set_level(LOG_LEVEL_ERROR);
    gateway_free(g);
}

/* ---- the server refuses connections for a while ---- */

static void let_in(struct gateway *g, bool yes) {
    struct sql *server =
        sql_open(arena_printf(g->arena, "%s dbname=postgres", g->conninfo));
    sql_do(server, "alter database %s allow_connections %s",
           gateway_ask(g, "select current_database()"), yes ? "true" : "false");
    sql_close(server);
    if (!yes)
        kill_other_sessions(g);
}

/* What is to be in the trail and could not be written. */
static void write_kept(struct gateway *g) {
    struct db *db = db_open(g->config.database_conninfo, "test");
    assert_int_equal(request_record_kept(db, true), DONE);
    db_close(db);
}

static void a_database_that_is_away_is_our_fault(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    write_kept(g); /* of the tests before */
    int64_t before = sql_int(g->sql, "select coalesce(max(entry_no), 0)"
                                     " from sat_entry");
    struct span body = a_ppmid(g);
    let_in(g, false);
    logged_begin(LOG_LEVEL_DEBUG);
    struct answer answer = gateway_post(g, "serviceD", body);
    logged_end("debug request.failed", "");
    log_set_level(LOG_LEVEL_ERROR - 1);
    assert_int_equal(answer.http, 500);
    assert_string_equal(answer_says(g, &answer), "E100");
    let_in(g, true);
    answer = gateway_post(g, "serviceD", body);
    assert_string_equal(answer_says(g, &answer), "I99");
    log_set_level(LOG_LEVEL_ERROR);
    write_kept(g);
    sql_expect(g->sql, "E100\nI99",
               "select code from sat_entry where kind = 'request'"
               " and entry_no > %jd order by at",
               (intmax_t)before);
    gateway_free(g);
}

/* What was answered E100 is in the trail when the database is back: 256 each,
 * of more the sum. */
static void what_failed_is_recorded(void **state) {
    (void)state;
    enum { FAILURES = 300, KEPT = 256 };
    struct gateway *g = gateway_start();
    struct db *db = db_open(g->config.database_conninfo, "test");
    write_kept(g);
    gateway_forget(g);
    struct span body = a_ppmid(g);
    log_set_level(LOG_LEVEL_ERROR - 1);
    gateway_tell(g, "alter table tracking_live add constraint never"
                    " check (false) not valid");
    for (int i = 0; i < FAILURES; i++) {
        struct answer answer = gateway_post(g, "serviceD", body);
        assert_string_equal(answer_says(g, &answer), "E100");
    }
    pq_will_fail("record_requests", PQ_LOST_BEFORE, 1);
    assert_true(request_record_kept(db, true) != DONE);
    pq_will_fail("", PQ_LOST_BEFORE, 0);
    assert_int_equal(request_record_kept(db, true), DONE);
    assert_int_equal(request_record_kept(db, true), DONE);
    log_set_level(LOG_LEVEL_ERROR);
    sql_expect(g->sql, "256|t",
               "select count(*), bool_and(r.octets = %zu and length(r.answer)"
               " > 0 and e.party is null) from sat_entry e join sat_request r"
               " using (entry_no) where e.kind = 'request' and e.code = 'E100'"
               " and e.detail ~ '11.4 our_fault, from .* RequestID 90-'",
               body.len);
    sql_expect(g->sql, "1",
               "select count(*) from sat_entry where detail ~ '^%d more that"
               " failed, of %zu octets, since '",
               FAILURES - KEPT, (FAILURES - KEPT) * body.len);
    db_close(db);
    gateway_free(g);
}

static void *let_in_soon(void *context) {
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    let_in(context, true);
    return NULL;
}

static void a_short_gap_is_waited_out(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    pthread_t thread;
    struct span body = a_ppmid(g);
    let_in(g, false);
    pthread_create(&thread, NULL, let_in_soon, g);
    struct arena *arena = arena_new();
    struct answer answer = gateway_post_raw(g, arena, "serviceD", body);
    pthread_join(thread, NULL);
    gateway_check(g, g->arena, body, &answer);
    assert_string_equal(answer_says(g, &answer), "I99");
    arena_free(arena);
    gateway_free(g);
}

/* ---- sessions are killed again and again while requests come ---- */

enum { REQUESTS = 20 };

struct killer {
    const char *conninfo;
    atomic_bool stop;
};

static void *kill_now_and_then(void *context) {
    struct killer *killer = context;
    PGconn *connection = PQconnectdb(killer->conninfo);
    PQclear(PQexec(connection, "set client_min_messages = error"));
    while (!atomic_load(&killer->stop)) {
        PQclear(PQexec(connection,
                       "select pg_sleep(0.03), pg_terminate_backend(pid) from"
                       " pg_stat_activity where application_name ="
                       " 'fotad requests' and state <> 'idle'"
                       " and datname = current_database()"));
    }
    PQfinish(connection);
    return NULL;
}

static void nothing_is_half_done(void **state) {
    (void)state;
    struct gateway *g = gateway_start();
    struct killer killer = {.conninfo = g->conninfo};
    pthread_t thread;
    log_set_level(LOG_LEVEL_ERROR - 1);
    pthread_create(&thread, NULL, kill_now_and_then, &killer);
    for (int i = 0; i < REQUESTS; i++) {
        struct span body = a_ppmid(g);
        gateway_forget(g);
        struct answer answer = gateway_post(g, "serviceD", body);
        while (answer.http == 500)
            answer = gateway_post(g, "serviceD", body);
        assert_string_equal(answer_says(g, &answer), "I99");
        assert_string_equal(gateway_tracked(g), "1 AWAITING_CSP, image");
    }
    atomic_store(&killer.stop, true);
    pthread_join(thread, NULL);
    log_set_level(LOG_LEVEL_ERROR);
    gateway_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_connections_that_were_cut_are_made_again),
        cmocka_unit_test(the_connection_breaks_once),
        cmocka_unit_test(the_connection_breaks_every_time),
        cmocka_unit_test(what_is_not_committed_is_not_told),
        cmocka_unit_test(a_database_that_is_away_is_our_fault),
        cmocka_unit_test(what_failed_is_recorded),
        cmocka_unit_test(a_short_gap_is_waited_out),
        cmocka_unit_test(nothing_is_half_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
