/* fotactl sat verify: whatever is done to the Service Audit Trail behind the
 * back of fotad shows (requirement H1). */
#include "support/check.h"
#include "support/tool.h"

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
        tool_expect(tool, "sat verify", 1,
                    "fotactl: the service audit trail is not as it was"
                    " written: 1 faults; compare with the journal and"
                    " backups\n");
        expect_out(tool, cases[i].fault);
    }
}

/* What retention took away is no fault: the chain goes on over it. */
static void retention_breaks_nothing(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "delete from sat_entry_rest where entry_no <= 100;"
                   "delete from sat_seal where seal_no > 1;"
                   "update sat_seal s set earliest = '2019-01-01'");
    tool_expect(tool, "sat verify", 0, "");
    expect_out(tool, "1 seals over 200 entries; 1 seals have entries"
                     " past retention; 15 entries are not sealed yet\n");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tool_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_trail_as_it_was_written_is_good),
        TEST(nothing_is_sealed_that_may_still_come),
        TEST(every_change_shows),
        TEST(retention_breaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
