/* The clock of the system: what is known of it (sql/clock.sql), and that a
 * program follows it. */
#include "support/check.h"
#include "support/pg.h"
#include "support/sql.h"

#include "db/system_clock.h"

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Seconds that pass at once, by the clock that nobody sets. */
static atomic_int passed;

/* Takes the place of the C library's. */
int clock_gettime(clockid_t id, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, id, now);
    if (id == CLOCK_BOOTTIME)
        now->tv_sec += atomic_load(&passed);
    return result;
}

struct house {
    struct sql *sql;
    struct db *db;
    struct arena *arena;
    struct config config;
};

static int setup(void **state) {
    struct house *h = calloc(1, sizeof *h);
    *state = h;
    const char *conninfo = pg_fresh_database(), *reason;
    h->sql = sql_open(conninfo);
    h->db = db_open(pg_as_daemon(conninfo), "clock test");
    h->arena = arena_new();
    assert_true(config_read(&h->config, NULL, h->arena, &reason));
    return 0;
}

static int teardown(void **state) {
    struct house *h = *state;
    db_close(h->db);
    sql_close(h->sql);
    arena_free(h->arena);
    free(h);
    return 0;
}

/* ---- what is known after a look ---- */

/* On one day, for most_leap 1 h and settle 5 min: the mark and the doubt there
 * were and since when nothing speaks against the clock; what the clock says,
 * what the program counts (with "!" it is sure) and what the clock should say
 * by its look before; then the mark, the doubt, since when, and the best time.
 */
struct look {
    const char *mark, *doubt, *agrees, *clock, *now, *steady, *expected;
};

static const struct look looks[] = {
    /* nobody has looked */
    {"", "", "", "09:00", "", "", "09:00:00| | |09:00:00"},
    {"", "", "", "00:59", "", "", "|early| |02:00:00"},
    /* it goes on, and the mark with it; a small step back moves it not */
    {"09:00", "", "", "09:01", "09:01!", "09:01", "09:01:00| | |09:01:00"},
    {"09:00", "", "", "08:01", "09:00!", "09:00", "09:00:00| | |08:01:00"},
    {"09:00", "", "", "09:59", "09:00!", "09:00", "09:59:00| | |09:59:00"},
    /* back, further than most_leap: for who counts, and for who comes */
    {"09:00", "", "", "07:59", "09:00!", "09:00", "09:00:00|behind| |09:00:00"},
    {"09:00", "", "", "07:59", "", "", "09:00:00|behind| |09:00:00"},
    /* ahead: who counts knows better; who comes cannot tell it from a time in
     * which nobody ran, but waits */
    {"09:00", "", "", "11:00", "09:01!", "09:01", "09:01:00|leapt| |09:01:00"},
    {"09:00", "", "", "11:00", "", "", "09:00:00|gap|11:00:00|11:00:00"},
    /* what another has counted meanwhile: this one stood still */
    {"10:59", "", "", "11:00", "09:01!", "09:01", "11:00:00| | |11:00:00"},
    /* in doubt it is counted on */
    {"09:01", "leapt", "", "11:10", "09:11!", "11:10",
     "09:11:00|leapt| |09:11:00"},
    /* who comes then does not take the leap for a gap */
    {"09:11", "leapt", "", "11:11", "", "", "09:11:00|leapt| |09:11:00"},
    {"09:11", "leapt", "", "11:59", "09:12", "11:59",
     "09:12:00|leapt| |09:12:00"},
    /* it is set right: for a while it must stay so */
    {"09:11", "leapt", "", "09:12", "09:12!", "11:12",
     "09:12:00|leapt| |09:12:00"},
    {"09:12", "leapt", "", "09:13", "09:13!", "09:13",
     "09:13:00|leapt|09:13:00|09:13:00"},
    {"09:17", "leapt", "09:13:00", "09:18", "09:18!", "09:18",
     "09:18:00| | |09:18:00"},
    /* a gap settles by itself, unless it leaps again */
    {"05:00", "gap", "09:00:00", "09:04", "", "09:04",
     "05:00:00|gap|09:00:00|09:04:00"},
    {"05:00", "gap", "09:00:00", "09:05", "", "09:05", "09:05:00| | |09:05:00"},
    {"05:00", "gap", "09:00:00", "12:05", "", "09:05",
     "05:00:00|gap| |12:05:00"},
    {"05:00", "gap", "09:00:00", "03:59", "", "09:05",
     "05:00:00|behind| |05:00:00"},
    /* less far, too: time that has not passed settles nothing */
    {"05:00", "gap", "09:00:00", "09:40", "", "09:03",
     "05:00:00|gap| |09:40:00"},
    /* who comes does not know whether it has */
    {"05:00", "gap", "09:00:00", "12:05", "", "",
     "05:00:00|gap|12:05:00|12:05:00"},
    /* started too early, and set right */
    {"", "early", "", "09:00", "02:01", "00:10", "02:01:00|early| |02:01:00"},
};

static void clock_is_judged(void **state) {
    const struct house *h = *state;
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        const struct look *l = &looks[i];
        size_t now = strcspn(l->now, "!");
        const char *got = sql_rows(
            h->sql,
            "with t as (select '2027-01-01 %s'::timestamptz as clock,"
            " nullif('%.*s', '') as now, nullif('%s', '') as steady,"
            " '2027-01-01 02:00'::timestamptz as built), n as ("
            " select clock_next(row(true, nullif('2027-01-01 %s',"
            " '2027-01-01 ')::timestamptz, null, nullif('%s',"
            " '')::clock_doubt, case when '%s' <> '' then now() end,"
            " nullif('2027-01-01 %s', '2027-01-01 ')::timestamptz, 0, null,"
            " null)::clock_mark, clock, ('2027-01-01 ' || now)::timestamptz,"
            " %s, ('2027-01-01 ' || steady)::timestamptz, built, '1 h',"
            " '5 min') as m, t.* from t)"
            " select to_char((m).mark, 'HH24:MI:SS'), coalesce((m).doubt::text,"
            " ' '), coalesce(to_char((m).agrees_since, 'HH24:MI:SS'), ' '),"
            " to_char(clock_best(m, clock, ('2027-01-01 ' || now)::timestamptz,"
            " built), 'HH24:MI:SS') from n",
            l->clock, (int)now, l->now, l->steady, l->mark, l->doubt, l->doubt,
            l->agrees, l->now[now] ? "true" : "false");
        size_t len = strcspn(got, "\n");
        if (strlen(l->expected) != len || strncmp(got, l->expected, len) != 0)
            fail_msg("row %zu: clock %s, mark %s %s\n  gave: %s  not:  %s", i,
                     l->clock, l->mark, l->doubt, got, l->expected);
    }
}

/* ---- following it ---- */

static struct clock_reading look(struct house *h) {
    struct clock_reading reading;
    if (system_clock_look(h->db, &h->config, &reading) != DONE)
        fail_msg("%s", db_reason(h->db));
    return reading;
}

static void expect_state(enum clock_state state, const char *doubt) {
    assert_int_equal(clock_state(), state);
    assert_string_equal(system_clock_latest().doubt, doubt);
}

static bool is_near(instant one, instant other) {
    return llabs(one - other) < 2 * SECOND;
}

/* As if the database's clock had moved by so much: all that is known of it has
 * moved the other way. */
static void move_marks(struct house *h, const char *by) {
    sql_do(h->sql, "update clock_mark set mark = mark - interval '%s'", by);
}

static void a_program_follows_the_databases_clock(void **state) {
    struct house *h = *state;
    instant before = clock_of_machine();
    struct clock_reading reading = look(h);
    expect_state(CLOCK_SOUND, "");
    assert_true(is_near(reading.clock, before) && reading.moved == 0);
    assert_true(is_near(clock_now(), before) && reading.error < SECOND);
    sql_expect(h->sql, "t|t",
               "select mark = latest, mark > now() - interval '1 s'"
               " from clock_mark");
    sql_expect(h->sql, "t", "select clock_sound()");
}

static void what_cannot_be_undone_waits_in_doubt(void **state) {
    struct house *h = *state;
    look(h);
    move_marks(h, "-2 h"); /* the database's clock went back */
    look(h);
    expect_state(CLOCK_COUNTED, "behind");
    assert_true(is_near(clock_now(), clock_of_machine()));
    sql_expect(h->sql, "f", "select clock_sound()");
    assert_non_null(system_clock_fault(&h->config, h->arena));
    sql_expect(h->sql, "t",
               "select clock_accept('somebody', now(), 'it is right')");
    sql_expect(h->sql, "somebody|behind: it is right",
               "select person, detail from sat_entry"
               " where code = 'clock accept'");
    look(h);
    expect_state(CLOCK_SOUND, "");
    sql_expect(h->sql, "f", "select clock_accept('somebody', now(), '')");
    sql_expect(h->sql, "1|somebody",
               "select accepted, accepted_by from clock_mark");
}

/* A new process looks by itself: it is at least as late as the mark says. */
static void who_comes_in_doubt_does_not_know_the_time(void **state) {
    struct house *h = *state;
    sql_do(h->sql, "update clock_mark set mark = now() + interval '3 h',"
                   " accepted = 7");
    struct clock_reading reading = look(h);
    expect_state(CLOCK_UNKNOWN, "behind");
    assert_true(clock_now() > reading.clock + 2 * HOUR);
    instant now = clock_now();
    look(h);
    assert_true(is_near(clock_now(), now) && clock_now() >= now);
    sql_do(h->sql, "select clock_accept('somebody', now(), '')");
    reading = look(h);
    expect_state(CLOCK_SOUND, "");
    assert_true(reading.moved < -2 * HOUR && reading.went_back);
    assert_true(is_near(clock_now(), clock_of_machine()));
}

static void a_machine_that_is_apart_does_not_do_it_either(void **state) {
    struct house *h = *state;
    look(h);
    expect_state(CLOCK_SOUND, "");
    h->config.clock_most_apart = -SECOND;
    look(h);
    expect_state(CLOCK_APART, "");
    assert_non_null(system_clock_fault(&h->config, h->arena));
    sql_expect(h->sql, "t", "select clock_sound()");
}

/* The doubt has ended, and this program has a time of it in hand. */
static void what_was_in_hand_in_doubt_is_not_sound(void **state) {
    static const struct db_statement ask = {"ask_clock_sound",
                                            "select clock_sound()"};
    struct house *h = *state;
    struct db_rows *rows;
    sql_do(h->sql, "update clock_mark set mark = now() + interval '3 h'");
    look(h);
    sql_do(h->sql, "select clock_accept('somebody', now(), '')");
    sql_expect(h->sql, "t", "select clock_sound()");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(db_run(h->db, &ask, NULL, h->arena, &rows), DONE);
        assert_false(db_get_bool(rows, 0, 0));
        assert_false(clock_is_sound());
        look(h);
        expect_state(CLOCK_SOUND, "");
    }
    atomic_fetch_add(&passed, 10);
    assert_int_equal(db_run(h->db, &ask, NULL, h->arena, &rows), DONE);
    assert_true(clock_is_sound() && db_get_bool(rows, 0, 0));
}

/* They were not good by the dates of certificates. */
static void messages_are_looked_at_again(void **state) {
    struct house *h = *state;
    look(h);
    sql_do(h->sql,
           "insert into gbcs_message (csp, message_id, received, chf_id,"
           " originator, recipient, cra, code, counter, payload) values"
           " ('north', 'm1', now(), '00db140000000001', '00db140000000001',"
           " '00db140000000002', 3, 1, 1, 'x');"
           "update gbcs_message set state = 'unverified',"
           " wants_certificate = true;"
           "update clock_mark set doubt = 'behind', doubt_since = now(),"
           " agrees_since = now() - interval '1 h'");
    look(h);
    expect_state(CLOCK_SOUND, "");
    sql_expect(h->sql, "waiting|f",
               "select state, wants_certificate from gbcs_message");
}

/* Others were told that the clock is right, and have written so: whose own has
 * not been looked at since says of a time that is wrong that it is now. */
static void who_is_still_in_doubt_goes_by_what_was_believed(void **state) {
    struct house *h = *state;
    look(h);
    sql_expect(h->sql, "t", "select doubted_since() is null");
    sql_do(h->sql, "set fotad.clock = 'in doubt'");
    sql_expect(h->sql, "t",
               "select doubted_since() = date_trunc('second', mark)"
               " and mark > now() - interval '1 min' from clock_mark");
    sql_do(h->sql, "update clock_mark set doubt = 'leapt',"
                   " doubt_since = now() - interval '1 h'");
    sql_expect(h->sql, "t",
               "select doubted_since() = date_trunc('second', doubt_since)"
               " from clock_mark");
    sql_do(h->sql, "update clock_mark set doubt = null, doubt_since = null;"
                   "set fotad.clock = 'sound'");
    sql_expect(h->sql, "t", "select doubted_since() is null");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(clock_is_judged),
        TEST(a_program_follows_the_databases_clock),
        TEST(what_cannot_be_undone_waits_in_doubt),
        TEST(who_comes_in_doubt_does_not_know_the_time),
        TEST(a_machine_that_is_apart_does_not_do_it_either),
        TEST(what_was_in_hand_in_doubt_is_not_sound),
        TEST(messages_are_looked_at_again),
        TEST(who_is_still_in_doubt_goes_by_what_was_believed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
