/* fotactl sat verify: whatever is done to the Service Audit Trail behind the
 * back of fotad shows (requirement H1). */
#include "support/check.h"
#include "support/clock.h"
#include "support/tool.h"

#include <stdio.h>
#include <time.h>

/* Three seals: entries 1 to 200, the most under one seal; the rest of the first
 * mark; and ten more of a later one. */
static const char sealed_sql[] =
    "insert into sat_entry (at, kind, code) select timestamptz '2026-11-21' +"
    " i * interval '1 second', 'person', 'act ' || i"
    " from generate_series(1, 205) i;"
    "select seal_trail('2026-11-22', 200);";
static const char more_sql[] =
    "insert into sat_entry (at, kind) select '2026-11-22', 'person'"
    " from generate_series(1, 10)";
static const char seal_sql[] = "select seal_trail('2026-11-23', 200)";

/* Other tests' transactions on the same server put it off. */
static void seal_up_to(struct tool *tool, const char *last_no) {
    for (int tries = 0; tries < 600; tries++) {
        tool_sql(tool, "%s", seal_sql);
        if (strcmp(sql_text(tool->sql, "select max(last_no) from sat_seal"),
                   last_no) == 0)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    fail_msg("entries up to %s are not sealed", last_no);
}

static int setup(void **state) {
    tool_setup(state);
    struct tool *tool = *state;
    if (!tool)
        return 0;
    tool_sql(tool, "%s", sealed_sql);
    seal_up_to(tool, "205");
    tool_sql(tool, "%s", more_sql);
    seal_up_to(tool, "215");
    return 0;
}

static void expect_out(struct tool *tool, const char *text) {
    if (!strstr((const char *)tool->out.data, text))
        fail_msg("gave:\n%s\nwithout:\n%s", (char *)tool->out.data, text);
}

#define NOT_AS_WRITTEN                                                         \
    "fotactl: the service audit trail is not as it was written: 1 faults;"     \
    " compare with the journal and backups\n"

static void a_trail_as_it_was_written_is_good(void **state) {
    struct tool *tool = *state;
    tool_expect_rows(tool,
                     "select seal_no, first_no, last_no, entries from sat_seal"
                     " order by seal_no",
                     "1|1|200|200\n2|201|205|5\n"
                     "3|206|215|10");
    tool_sql(tool, "%s", more_sql);
    tool_expect(tool, "sat verify", 0, "");
    expect_out(tool, "3 seals over 215 entries; 0 seals have entries"
                     " past retention; 10 entries are not sealed yet\n");
}

/* What is written is final only when no transaction of that time is open. */
static void nothing_is_sealed_that_may_still_come(void **state) {
    struct tool *tool = *state;
    struct sql *open = sql_open(tool->conninfo);
    sql_do(open, "begin");
    sql_do(open, "%s", more_sql);
    tool_sql(tool, "%s", more_sql);
    for (int i = 0; i < 3; i++)
        tool_sql(tool, "%s", seal_sql);
    tool_expect_rows(tool, "select max(last_no) from sat_seal", "215");
    sql_do(open, "commit");
    sql_close(open);
    seal_up_to(tool, "235");
    tool_expect_rows(tool,
                     "select last_no, entries from sat_seal"
                     " order by seal_no desc limit 1",
                     "235|20");
    tool_expect(tool, "sat verify", 0, "");
}

static void every_change_shows(void **state) {
    static const struct {
        const char *sql, *fault;
    } cases[] = {
        {"update sat_entry_rest set code = 'act 8' where entry_no = 7",
         "seal 1, entries 1 to 200: an entry was changed\n"},
        {"update sat_entry_rest set at = at + interval '1 microsecond'"
         " where entry_no = 200",
         "seal 1, entries 1 to 200: an entry was changed\n"},
        {"update sat_entry_rest set detail = '' where entry_no = 201",
         "seal 2, entries 201 to 205: an entry was changed\n"},
        {"delete from sat_entry_rest where entry_no = 215",
         "seal 3, entries 206 to 215: entries are missing\n"},
        {"insert into sat_entry (entry_no, at, kind) overriding system value"
         " values (210, '2026-11-22', 'person')",
         "seal 3, entries 206 to 215: entries were added\n"},
        {"delete from sat_seal where seal_no = 2",
         "seal 3, entries 206 to 215: a seal is missing before it\n"},
        {"update sat_seal set entries = 4 where seal_no = 2",
         "seal 2, entries 201 to 205: the seal itself was changed\n"},
        /* a forged entry with its digest made anew breaks the chain */
        {"update sat_entry_rest set code = 'x' where entry_no = 7;"
         "update sat_seal s set digest = (sat_digest(1, 200)).digest"
         " where seal_no = 1;"
         "update sat_seal s set hash = sat_seal_hash(s, null)"
         " where seal_no = 1",
         "seal 2, entries 201 to 205: the seal itself was changed\n"},
    };
    struct tool *tool = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (i) {
            tool_teardown(state);
            setup(state);
            tool = *state;
        }
        tool_sql(tool, "%s", cases[i].sql);
        tool_expect(tool, "sat verify", 1, NOT_AS_WRITTEN);
        expect_out(tool, cases[i].fault);
    }
}

/* The times of a seal, which say what may be missing. */
static void times_of_seals_narrow_nothing(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "update sat_seal set earliest = '2001-01-01' where"
                   " seal_no = 1; delete from sat_entry_rest where entry_no"
                   " in (3, 4, 5); update sat_entry_rest set code = 'forged'"
                   " where entry_no = 6");
    tool_expect(tool, "sat verify", 1, NOT_AS_WRITTEN);
    expect_out(tool, "seal 1, entries 1 to 200: the seal itself was changed\n");
}

/* Who makes the hash of a seal anew as well breaks the chain, but for the last
 * one, whose hash the journal has. */
static void a_false_time_is_not_that_of_its_entries(void **state) {
    struct tool *tool = *state;
    const char *hash = sql_text(tool->sql, "select encode(hash, 'hex') from"
                                           " sat_seal where seal_no = 3");
    char line[128];
    snprintf(line, sizeof line, "sat verify --hash %s", hash);
    tool_expect(tool, line, 0, "");
    tool_sql(tool, "update sat_seal set earliest = '2001-01-01' where"
                   " seal_no = 3; update sat_seal s set hash ="
                   " sat_seal_hash(s, (select hash from sat_seal where"
                   " seal_no = 2)) where seal_no = 3");
    tool_expect(tool, line, 1,
                "fotactl: the service audit trail is not as it was written: 2"
                " faults; compare with the journal and backups\n");
    expect_out(tool, "seal 3, entries 206 to 215: its times are not those of"
                     " its entries\n");
    expect_out(tool, "no seal has the hash of --hash\n");
}

/* Cut off with its entries the chain is whole in itself. */
static void the_end_cannot_be_cut_off(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "delete from sat_entry_rest where entry_no > 205;"
                   "delete from sat_seal where seal_no = 3");
    tool_expect(tool, "sat verify", 1, NOT_AS_WRITTEN);
    expect_out(tool, "seal 3, entries 206 to 206: the last seals are"
                     " missing\n");
}

static void entries_cannot_change_places(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "update sat_entry_rest e set entry_no = 15 - entry_no where"
                   " entry_no in (7, 8)");
    tool_expect(tool, "sat verify", 1, NOT_AS_WRITTEN);
    expect_out(tool, "seal 1, entries 1 to 200: an entry was changed\n");
}

/* ---- retention ---- */

/* A seal that says that entries were dropped, with the right hash. */
#define OWN_SEAL(up_to, retention)                                             \
    "set fotad.retention = 'drops';"                                           \
    "delete from sat_entry where entry_no <= " up_to ";"                       \
    "select sat_add_seal(s) from (select (jsonb_populate_record("              \
    "null::sat_seal, '{\"entries\": 0}')).*) x, lateral (select"               \
    " row(null, null, null, 0, null, now(), sha256(''), null, null, null,"     \
    " null, " retention "::interval, 'you', null, null, " up_to                \
    ")::sat_seal as s) y"

/* fotad has run for so much longer, and the owner allows what it is configured
 * to drop. */
static void drop(struct tool *tool, const char *keep, const char *ran) {
    sql_run_for(tool->sql, ran);
    tool_sql(tool,
             "update sat_guard set keep = '0';"
             "select drop_trail('%s', 'fotad at here', '2026-12-01', 1000)",
             keep);
}

/* An hour between the second seal and the third. */
static int setup_hour(void **state) {
    tool_setup(state);
    struct tool *tool = *state;
    if (!tool)
        return 0;
    tool_sql(tool, "%s", sealed_sql);
    seal_up_to(tool, "205");
    sql_run_for(tool->sql, "1 hour");
    tool_sql(tool, "%s", more_sql);
    seal_up_to(tool, "215");
    return 0;
}

static void retention_of_a_configuration_narrows_nothing(void **state) {
    struct tool *tool = *state;
    char text[512];
    snprintf(text, sizeof text,
             "[database]\nconninfo = %s\n[sat]\nretention = 1d\n",
             tool->conninfo);
    tool_file(tool, "short.conf", span_text(text));
    tool_sql(tool, "delete from sat_entry_rest where entry_no = 3");
    tool_expect(tool, "sat verify --config @short.conf", 1, NOT_AS_WRITTEN);
    expect_out(tool, "seal 1, entries 1 to 200: entries are missing\n");
}

/* What is gone is under a seal: up to which entry, by whose configuration; of
 * what stays nothing can be changed. */
static void what_retention_dropped_is_sealed(void **state) {
    struct tool *tool = *state;
    drop(tool, "10 days", "9 days 23:59");
    tool_expect_rows(tool, "select min(entry_no) from sat_entry", "206");
    tool_expect(tool, "sat verify", 0, "");
    expect_out(tool, "seal 4: entries up to 205 were dropped; retention 10"
                     " days, by ");
    expect_out(tool, " fotad at here\n4 seals over 215 entries; 2 seals have"
                     " entries past retention; 0 entries are not sealed yet\n");
    drop(tool, "10 days", "1 minute");
    tool_expect(tool, "sat verify", 0, "");
    expect_out(tool, "5 seals over 215 entries; 3 seals have entries past"
                     " retention");
    tool_expect(tool, "sat verify --json", 0, "");
    expect_out(tool, "\"droppedUpTo\": 215");
}

static void what_stays_cannot_be_changed(void **state) {
    static const struct {
        const char *sql, *fault;
    } cases[] = {
        {"delete from sat_entry_rest where entry_no = 206",
         "seal 3, entries 206 to 215: entries are missing\n"},
        {"update sat_entry_rest set code = 'forged' where entry_no = 215",
         "seal 3, entries 206 to 215: an entry was changed\n"},
        {"insert into sat_entry (entry_no, at, kind) overriding system value"
         " values (50, '2026-11-21', 'person')",
         "seal 1, entries 1 to 200: entries were added\n"},
        {"update sat_seal set dropped_up_to = 215 where seal_no = 4",
         "seal 4, entries 216 to 215: the seal itself was changed\n"},
        {"update sat_seal set running = running + 86400 where seal_no = 4",
         "seal 4, entries 216 to 215: the seal itself was changed\n"},
        {"update sat_seal set retention = '1 day' where seal_no = 4",
         "seal 4, entries 216 to 215: the seal itself was changed\n"},
        {"update sat_seal set dropped_by = 'you' where seal_no = 4",
         "seal 4, entries 216 to 215: the seal itself was changed\n"},
        /* a seal of one's own must keep to the retention that it tells */
        {OWN_SEAL("215", "'10 days'"),
         "seal 5, entries 216 to 215: younger entries were dropped than its"
         " retention allows\n"},
        /* and end where a seal ends */
        {OWN_SEAL("150", "'0'"),
         "seal 5, entries 216 to 215: younger entries were dropped than its"
         " retention allows\n"},
        {OWN_SEAL("215", "null"),
         "seal 5, entries 216 to 215: it says that entries were dropped, but"
         " not by which retention\n"},
        /* nor do seals' running times go back */
        {"update running_time set ran = 0;" OWN_SEAL("205", "'0'"),
         "seal 5, entries 216 to 215: it was made at an earlier running time"
         " than the one before\n"},
    };
    struct tool *tool = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (i) {
            tool_teardown(state);
            setup_hour(state);
            tool = *state;
        }
        drop(tool, "10 days", "9 days 23:59");
        tool_sql(tool, "%s", cases[i].sql);
        assert_int_equal(tool_run(tool, "sat verify"), 1);
        expect_out(tool, cases[i].fault);
    }
}

static void nothing_is_dropped_that_is_not_sealed(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "%s", more_sql);
    drop(tool, "10 days", "1 year");
    tool_expect_rows(tool,
                     "select min(entry_no) || ' ' || count(*)"
                     " from sat_entry",
                     "216 10");
    seal_up_to(tool, "225");
    drop(tool, "10 days", "11 days");
    tool_expect_rows(tool, "select count(*) from sat_entry", "0");
    tool_expect(tool, "sat verify", 0, "");
}

/* A day goes as a whole when the last of it is past, and with it what came
 * before that lies elsewhere; what holds a day up for two more does not keep
 * the rest of it. */
static void days_go_when_all_of_them_is_past(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "update sat_guard set ahead = null;"
                   "select make_day('sat_entry', '2026-11-21', 1000);"
                   "select make_day('sat_entry', '2026-11-22', 1000)");
    drop(tool, "10 days", "9 days 23:59");
    tool_expect_rows(tool, "select min(entry_no) from sat_entry", "206");
    tool_expect_rows(tool, "select count(*) from partitions_of('sat_entry')",
                     "1");
    tool_sql(tool, "insert into sat_entry (at, kind) values ('2026-11-22',"
                   " 'person')");
    seal_up_to(tool, "216");
    drop(tool, "10 days", "1 day");
    tool_expect_rows(tool, "select count(*) from sat_entry", "11");
    drop(tool, "10 days", "2 days");
    tool_expect_rows(tool, "select min(entry_no) from sat_entry", "216");
    tool_expect(tool, "sat verify", 0, "");
    drop(tool, "10 days", "8 days");
    tool_expect_rows(tool, "select count(*) from sat_entry", "0");
    tool_expect(tool, "sat verify", 0, "");
}

/* Whoever works with a clock of its own, into the past or the future, leaves
 * entries that stay: fotactl at 2000, and what it does is seen. */
static void a_clock_of_fotactl_takes_nothing(void **state) {
    struct tool *tool = *state;
    instant now = clock_now();
    test_clock_set(instant_at("2000-01-01T00:00:00Z") - now);
    tool_expect(tool, "account add eve --role administrator", 0, "");
    test_clock_set(instant_at("2036-01-01T00:00:00Z") - now);
    tool_expect(tool, "account add mallory --role administrator", 0, "");
    test_clock_set(0);
    seal_up_to(tool, "217");
    tool_sql(tool, "select drop_trail('2557 days', 'x', now(), 1000);"
                   "select drop_day('sat_entry', '2557 days', now())");
    tool_expect(tool, "sat export", 0, "");
    expect_out(tool, "2000-01-01T00:00");
    expect_out(tool, "eve");
    expect_out(tool, "mallory");
    tool_expect(tool, "sat verify", 0, "");
    expect_out(tool, "0 seals have entries past retention");
    tool_sql(tool, "delete from sat_entry_rest where at < '2001-01-01'");
    tool_expect(tool, "sat verify", 1, NOT_AS_WRITTEN);
}

/* ---- seals of the release before ---- */

/* As it wrote them: without times in their hashes; it had dropped entry 1 to
 * 100 by its retention and said so nowhere. */
static const char form_1[] =
    "delete from sat_entry_rest where entry_no <= 100;"
    "update sat_seal set form = 1, latest = null, sealed = '2026-11-23';"
    "update sat_seal s set hash = sat_seal_hash(s, null) where seal_no = 1;"
    "update sat_seal s set hash = sat_seal_hash(s, (select hash from sat_seal"
    " where seal_no = 1)) where seal_no = 2;"
    "update sat_seal s set hash = sat_seal_hash(s, (select hash from sat_seal"
    " where seal_no = 2)) where seal_no = 3;"
    "select seal_trail('2026-11-24', 200)";

static void seals_of_the_release_before_are_good(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "%s", form_1);
    tool_expect(tool, "sat verify", 0, "");
    expect_out(tool, "seal 4: entries from before 2026-11-21T00:01:41.000Z were"
                     " dropped; retention -, by an earlier release, before its"
                     " seals said so\n4 seals over 215 entries; 1 seals have");
    tool_sql(tool, "%s", more_sql);
    seal_up_to(tool, "225");
    drop(tool, "10 days", "11 days");
    tool_expect_rows(tool, "select count(*) from sat_entry", "0");
    tool_expect(tool, "sat verify", 0, "");
}

/* Its hashes had times, and it dropped by them: entries 1 to 100. */
static const char form_2[] =
    "delete from sat_entry_rest where entry_no <= 100;"
    "update sat_seal set form = 2, running = -seal_no;"
    "insert into sat_seal (form, seal_no, first_no, last_no, entries, sealed,"
    " dropped_before, retention, dropped_by, digest, hash, running) select 2,"
    " 4, 216, 215, entries, '2026-12-01 00:01:41', '2026-11-21 00:01:41',"
    " '10 days', 'fotad', digest, sha256(''), 0"
    " from sat_stayed('2026-11-21 00:01:41', null, null);"
    "do $$ begin for n in 1 .. 4 loop update sat_seal s set hash ="
    " sat_seal_hash(s, (select hash from sat_seal where seal_no = n - 1))"
    " where seal_no = n; end loop; end $$;"
    "update sat_mark set seal_no = 4";

static void what_was_dropped_by_time_stays_so(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "%s", form_2);
    tool_expect(tool, "sat verify", 0, "");
    tool_sql(tool, "%s", more_sql);
    seal_up_to(tool, "225");
    tool_expect(tool, "sat verify", 0, "");
    /* by number, what is left of the part as well */
    drop(tool, "10 days", "9 days 23:59:59");
    tool_expect_rows(tool, "select min(entry_no) from sat_entry", "201");
    tool_expect(tool, "sat verify", 0, "");
    drop(tool, "10 days", "2 seconds");
    tool_expect(tool, "sat verify", 0, "");
    tool_sql(tool, "update sat_seal set running = -1000 where seal_no = 2");
    tool_expect(tool, "sat verify", 1, NOT_AS_WRITTEN);
    expect_out(tool, "what the seals before it say was changed\n");
}

static void times_of_earlier_seals_are_sealed(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "%s", form_1);
    tool_sql(tool, "update sat_seal set earliest = '2001-01-01' where"
                   " seal_no = 2; delete from sat_entry_rest where"
                   " entry_no = 203");
    tool_expect(tool, "sat verify", 1, NOT_AS_WRITTEN);
    expect_out(tool,
               "seal 4, entries 216 to 215: what the seals before it say was"
               " changed\n");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tool_teardown)
#define HOUR_TEST(name)                                                        \
    cmocka_unit_test_setup_teardown(name, setup_hour, tool_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_trail_as_it_was_written_is_good),
        TEST(nothing_is_sealed_that_may_still_come),
        TEST(every_change_shows),
        TEST(times_of_seals_narrow_nothing),
        TEST(a_false_time_is_not_that_of_its_entries),
        TEST(the_end_cannot_be_cut_off),
        TEST(entries_cannot_change_places),
        TEST(retention_of_a_configuration_narrows_nothing),
        HOUR_TEST(what_retention_dropped_is_sealed),
        HOUR_TEST(what_stays_cannot_be_changed),
        TEST(nothing_is_dropped_that_is_not_sealed),
        HOUR_TEST(days_go_when_all_of_them_is_past),
        TEST(a_clock_of_fotactl_takes_nothing),
        TEST(seals_of_the_release_before_are_good),
        TEST(what_was_dropped_by_time_stays_so),
        TEST(times_of_earlier_seals_are_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
