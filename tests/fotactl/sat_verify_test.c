/* fotactl sat verify: whatever is done to the Service Audit Trail behind the
 * back of fotad shows (requirement H1). */
#include "support/check.h"
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

/* The owner allows what fotad is configured to drop. The entries are from
 * 2026-11-21 00:00:01 to 00:03:25 and ten from the day after. */
static void drop(struct tool *tool, const char *keep, const char *now) {
    tool_sql(tool,
             "update sat_guard set keep = '-100 years';"
             "select sat_drop('%s', 'fotad at here', '%s', 1000)",
             keep, now);
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

/* What is gone is under a seal: up to when, by whose configuration; of what
 * stays of a seal nothing can be changed. */
static void what_retention_dropped_is_sealed(void **state) {
    struct tool *tool = *state;
    drop(tool, "10 days", "2026-12-01 00:01:41");
    tool_expect_rows(tool, "select min(entry_no) from sat_entry", "101");
    tool_expect(tool, "sat verify", 0, "");
    expect_out(tool, "seal 4: entries from before 2026-11-21T00:01:41.000Z were"
                     " dropped; retention 10 days, by ");
    expect_out(tool, " fotad at here\n4 seals over 215 entries; 1 seals have"
                     " entries past retention; 0 entries are not sealed yet\n");
    drop(tool, "10 days", "2026-12-01 12:00");
    tool_expect(tool, "sat verify", 0, "");
    expect_out(tool, "5 seals over 215 entries; 2 seals have entries past"
                     " retention");
}

static void what_stays_cannot_be_changed(void **state) {
    static const struct {
        const char *sql, *fault;
    } cases[] = {
        {"delete from sat_entry_rest where entry_no = 150",
         "seal 4, entries 216 to 215: entries are missing\n"},
        {"update sat_entry_rest set code = 'forged' where entry_no = 150",
         "seal 4, entries 216 to 215: an entry was changed\n"},
        {"insert into sat_entry (entry_no, at, kind) overriding system value"
         " values (50, '2026-11-21', 'person')",
         "seal 4, entries 216 to 215: entries were added\n"},
        {"delete from sat_entry_rest where entry_no = 203",
         "seal 2, entries 201 to 205: entries are missing\n"},
        {"update sat_seal set dropped_before = '2026-11-22' where seal_no = 4",
         "seal 4, entries 216 to 215: the seal itself was changed\n"},
        {"update sat_seal set retention = '1 day' where seal_no = 4",
         "seal 4, entries 216 to 215: the seal itself was changed\n"},
        {"update sat_seal set dropped_by = 'you' where seal_no = 4",
         "seal 4, entries 216 to 215: the seal itself was changed\n"},
        /* a seal of one's own must keep to the retention that it tells */
        {"delete from sat_entry_rest where at < '2026-11-22';"
         "select sat_seal_drop('2026-11-22', '10 days', 'you', null,"
         " '2026-12-01 00:02')",
         "seal 5, entries 216 to 215: younger entries were dropped than its"
         " retention allows\n"},
        {"delete from sat_entry_rest where at < '2026-11-22';"
         "select sat_seal_drop('2026-11-22', null, 'you', null,"
         " '2026-12-01 00:02')",
         "seal 5, entries 216 to 215: it says that entries were dropped, but"
         " not by which retention\n"},
    };
    struct tool *tool = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (i) {
            tool_teardown(state);
            setup(state);
            tool = *state;
        }
        drop(tool, "10 days", "2026-12-01 00:01:41");
        tool_sql(tool, "%s", cases[i].sql);
        assert_int_equal(tool_run(tool, "sat verify"), 1);
        expect_out(tool, cases[i].fault);
    }
}

/* A seal that lost all is empty for ever. */
static void nothing_is_added_where_all_is_gone(void **state) {
    struct tool *tool = *state;
    drop(tool, "10 days", "2026-12-01 00:03:30");
    tool_expect_rows(tool, "select count(*) from sat_entry", "10");
    tool_sql(tool, "insert into sat_entry (entry_no, at, kind) overriding"
                   " system value values (50, '2026-11-22', 'person')");
    tool_expect(tool, "sat verify", 1, NOT_AS_WRITTEN);
    expect_out(tool, "seal 1, entries 1 to 200: entries were added\n");
}

static void nothing_is_dropped_that_is_not_sealed(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "%s", more_sql);
    drop(tool, "10 days", "2027-11-21");
    tool_expect_rows(tool, "select count(*) from sat_entry", "225");
    seal_up_to(tool, "225");
    drop(tool, "10 days", "2027-11-21");
    tool_expect_rows(tool, "select count(*) from sat_entry", "0");
    tool_expect(tool, "sat verify", 0, "");
}

/* A day as a whole, and rows that came too late for their day, each in its
 * turn: the oldest first. */
static void days_and_rows_go_in_order(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "select make_day('sat_entry', '2026-11-22', 1000);"
                   "update sat_guard set keep = '-100 years'");
    static const char next[] =
        "select outcome, dropped_before at time zone 'UTC' from"
        " sat_drop('1 day', 'x', '2026-11-30', 200)";
    tool_expect_rows(tool, next, "dropped|2026-11-21 00:03:21");
    tool_expect(tool, "sat verify", 0, "");
    tool_expect_rows(tool, next, "dropped|2026-11-22 00:00:00");
    tool_expect_rows(tool, next, "dropped|2026-11-23 00:00:00");
    tool_expect_rows(tool, next, "none|");
    tool_expect_rows(tool, "select count(*) from sat_entry", "0");
    tool_expect(tool, "sat verify", 0, "");
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
    drop(tool, "10 days", "2026-12-01 12:00");
    tool_expect(tool, "sat verify", 0, "");
}

static void times_of_earlier_seals_are_sealed(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "%s", form_1);
    tool_sql(tool, "update sat_seal set earliest = '2001-01-01' where"
                   " seal_no = 2; delete from sat_entry_rest where"
                   " entry_no = 203");
    tool_expect(tool, "sat verify", 1, NOT_AS_WRITTEN);
    expect_out(tool, "seal 4, entries 216 to 215: the times of the seals before"
                     " it were changed\n");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tool_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_trail_as_it_was_written_is_good),
        TEST(nothing_is_sealed_that_may_still_come),
        TEST(every_change_shows),
        TEST(times_of_seals_narrow_nothing),
        TEST(a_false_time_is_not_that_of_its_entries),
        TEST(the_end_cannot_be_cut_off),
        TEST(entries_cannot_change_places),
        TEST(retention_of_a_configuration_narrows_nothing),
        TEST(what_retention_dropped_is_sealed),
        TEST(what_stays_cannot_be_changed),
        TEST(nothing_is_added_where_all_is_gone),
        TEST(nothing_is_dropped_that_is_not_sealed),
        TEST(days_and_rows_go_in_order),
        TEST(seals_of_the_release_before_are_good),
        TEST(times_of_earlier_seals_are_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
