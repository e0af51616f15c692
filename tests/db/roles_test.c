/* What the roles of the database may and may not do. All other tests run fotad
 * as a member of fotad_daemon: what it needs they show. */
#include "support/check.h"
#include "support/logged.h"
#include "support/pg.h"
#include "support/sql.h"

#include "db/db.h"
#include "tracking/transition.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

static const char *conninfo;
static struct sql *owner, *daemon_role, *reader;

static int setup(void **state) {
    (void)state;
    conninfo = pg_fresh_database();
    owner = sql_open(conninfo);
    daemon_role = sql_open(pg_as_daemon(conninfo));
    reader = sql_open(pg_as_reader(conninfo));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sql_close(owner);
    sql_close(daemon_role);
    sql_close(reader);
    return 0;
}

/* The SQLSTATE of a statement, "" when it was done. */
static const char *state_of(struct sql *who, const char *sql) {
    static char sqlstate[6];
    PGresult *result = PQexec(sql_connection(who), sql);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    snprintf(sqlstate, sizeof sqlstate, "%s", state ? state : "");
    PQclear(result);
    return sqlstate;
}

#define DENIED "42501"

struct row {
    const char *sql, *sqlstate;
};

static void check(struct sql *who, const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *state = state_of(who, rows[i].sql);
        if (strcmp(state, rows[i].sqlstate) != 0)
            fail_msg("%s: '%s'", rows[i].sql, state);
    }
}

static const char entry[] =
    "insert into sat_entry (at, kind) values ('2026-01-05', 'test')";

static void the_daemon_cannot_change_the_audit_trail(void **state) {
    (void)state;
    static const struct row rows[] = {
        {entry, ""},
        {"select from sat_entry", ""},
        {"update sat_entry set kind = 'other'", DENIED},
        {"delete from sat_entry", DENIED},
        {"truncate sat_entry", DENIED},
        {"update sat_entry_rest set kind = 'other'", DENIED},
        {"delete from sat_entry_rest", DENIED},
        {"insert into sat_entry_rest (at, kind) values ('2026-01-05', 'x')",
         DENIED},
        {"alter table sat_entry disable trigger all", DENIED},
        {"drop trigger sat_append_only on sat_entry", DENIED},
        {"drop table sat_entry", DENIED},
        {"create or replace function sat_append_only() returns trigger"
         " language plpgsql as 'begin return null; end'",
         DENIED},
        {"update sat_seal set hash = ''", DENIED},
        {"delete from sat_seal", DENIED},
        {"insert into sat_seal select * from sat_seal", DENIED},
        {"update sat_mark set writers = '{}'", DENIED},
        {"select sat_set_mark(1)", DENIED},
        {"select make_day('sat_entry', '2031-01-05', 10)", ""},
        {"update sat_guard set ahead = null", DENIED},
        {"update sat_guard set keep = null", DENIED},
        {"delete from sat_guard", DENIED},
        {"set session_replication_role = replica", DENIED},
    };
    check(daemon_role, rows, sizeof rows / sizeof *rows);
    assert_string_equal(sql_text(owner, "select count(*) from sat_entry"), "1");
}

static void the_daemon_cannot_change_schema_or_rules(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"create table x (y int)", DENIED},
        {"create function x() returns int language sql return 1", DENIED},
        {"create schema x", DENIED},
        {"alter table alert add column x int", DENIED},
        {"drop table alert", DENIED},
        {"create index on alert (created)", DENIED},
        {"truncate alert", DENIED},
        {"update response_code set response_code = 'I0'", DENIED},
        {"insert into service_role values ('11.1', 'OU')", DENIED},
        {"delete from cpl_entry", DENIED},
        {"update certificate set revoked_at = null", DENIED},
        {"delete from revocation", DENIED},
        {"update crl set next_update = 'infinity'", DENIED},
        {"update service_user set status = 'active'", DENIED},
        {"update volume_threshold set quarantine = null", DENIED},
        {"delete from volume_threshold", DENIED},
        {"select set_threshold(null, '11.4', 60, 1, 1)", DENIED},
        {"update volume_threshold set counted = 0", ""},
        {"delete from volume_threshold_change", DENIED},
        {"update migration set applied = now()", DENIED},
        {"select take_crl('x', now(), now(), '', '{}', '{}')", DENIED},
        {"select revoke_certificates(null)", DENIED},
        {"select begin_direct_load('smi_device')", DENIED},
        {"select grant_rights()", DENIED},
        {"set role fotad", DENIED},
        {"copy alert to program 'cat'", DENIED},
        {"select pg_read_file('/etc/passwd')", DENIED},
    };
    check(daemon_role, rows, sizeof rows / sizeof *rows);
}

/* What a request says and what has become of a device is written once, and then
 * what happens to it: tests/db/rights_test.c compares all of it. */
static void the_daemon_cannot_rewrite_its_own(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"update transition set to_status = 'RESET_BY_DCC'", DENIED},
        {"delete from transition", DENIED},
        {"select write_transitions('{}')", DENIED},
        {"update smi_device set import_supplier_id = null", DENIED},
        {"update smi_device set chf_id = device_id", DENIED},
        {"insert into smi_device select * from smi_device", DENIED},
        {"delete from smi_device", DENIED},
        {"delete from smi_home", DENIED},
        {"update service_request set originator = target", DENIED},
        {"update service_request set received = now()", DENIED},
        {"update service_request set content = sha256('')", DENIED},
        {"delete from service_request", DENIED},
        {"update tracking_live set responsible_supplier_ids = '{}'", DENIED},
        {"delete from tracking_history", DENIED},
        {"update device_command set payload = ''", DENIED},
        {"insert into sat_entry (entry_no, at, kind) overriding system value"
         " values (1, now(), 'test')",
         DENIED},
        {"select setval('alert_counter', 1)", DENIED},
    };
    check(daemon_role, rows, sizeof rows / sizeof *rows);
}

/* A start says so; it has no right to mend it. */
static void transitions_of_another_version_are_the_owners(void **state) {
    (void)state;
    struct db *as_daemon = db_open(pg_as_daemon(conninfo), "tests");
    assert_int_equal(tracking_migrate(as_daemon), DONE);
    sql_do(owner, "delete from transition where event = 'reset'");
    assert_int_equal(tracking_migrate(as_daemon), FAILED);
    assert_string_equal(db_sqlstate(as_daemon), DENIED);
    assert_non_null(strstr(db_reason(as_daemon), "run fotactl migrate"));
    struct db *as_owner = db_open(conninfo, "tests");
    assert_int_equal(tracking_migrate(as_owner), DONE);
    assert_int_equal(tracking_migrate(as_daemon), DONE);
    db_close(as_owner);
    db_close(as_daemon);
}

/* By functions of the owner, which take no other table, and no table of another
 * schema that has the name. */
static void the_daemon_makes_and_drops_days(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"select make_day('account', '2026-01-05', 10)", "P0001"},
        {"select drop_day('service_request', '0', now())", "P0001"},
        {"set fotad.retention = 'drops'; delete from sat_entry", DENIED},
        {"update running_time set ran = 1", DENIED},
        {"select setval('running_second', 1)", DENIED},
        {"create temp table sat_entry (at timestamptz)", ""},
        {"select make_day('pg_temp.sat_entry', '2026-01-05', 10)", "P0001"},
        {"drop table pg_temp.sat_entry", ""},
    };
    static const char make[] = "select make_day('sat_entry', '2026-01-05', 10)";
    check(daemon_role, rows, sizeof rows / sizeof *rows);
    assert_string_equal(sql_text(owner, "update sat_guard set ahead = '1 day'"
                                        " returning 'set'"),
                        "set");
    assert_string_equal(sql_text(daemon_role, make), "left");
    assert_string_equal(
        sql_text(owner, "update sat_guard set ahead = null returning 'set'"),
        "set");
    assert_string_equal(sql_text(daemon_role, make), "made");
    assert_string_equal(
        sql_text(owner, "select tableowner = current_user from pg_tables"
                        " where tablename = 'sat_entry_20260105'"),
        "t");
    assert_string_equal(state_of(daemon_role, entry), "");
    assert_string_equal(state_of(daemon_role, "delete from sat_entry_20260105"),
                        DENIED);
}

/* Whatever fotad asks for; nor can it say that more time has passed than
 * PostgreSQL's clock has moved. */
static void sat_guard_keeps_young_entries(void **state) {
    (void)state;
    static const char drop[] =
        "select outcome from drop_trail('-100 years', 'x', now(), 10)";
    sql_text(daemon_role,
             "select pass_running_time(0, 1000000000000000)::text");
    assert_string_equal(
        sql_text(daemon_role, "select ran < 86400000000 from running_time"),
        "t");
    /* what is not sealed stays in any case */
    sql_find(owner, "select seal_trail(now(), 1000)");
    sql_find(owner, "select seal_trail(now(), 1000)");
    assert_string_equal(sql_text(daemon_role, drop), "none");
    sql_run_for(owner, "2 days");
    assert_string_equal(sql_text(daemon_role, drop), "none");
    assert_string_equal(state_of(owner, "update sat_guard set keep = '1 day'"),
                        "");
    assert_string_equal(sql_text(daemon_role, drop), "dropped");
    assert_string_equal(state_of(owner, "update sat_guard set keep = '7 y'"),
                        "");
    sql_text(daemon_role, "select make_day('sat_entry', current_date, 10)");
    assert_string_equal(sql_text(daemon_role, "insert into sat_entry (at, kind)"
                                              " values (now(), 'person')"
                                              " returning kind"),
                        "person");
    assert_string_equal(
        sql_text(daemon_role, "select drop_day('sat_entry', '0', 'infinity')"),
        "none");
}

/* A cluster where the owner may not create them. */
static void roles_that_are_not_there_are_said(void **state) {
    (void)state;
    const char *other = pg_fresh_database();
    struct sql *sql = sql_open(other);
    sql_do(sql, "create or replace function make_role(p_name name)"
                " returns boolean language sql return false");
    struct db *db = db_open(other, "roles_test");
    logged_begin(LOG_LEVEL_WARNING);
    assert_int_equal(db_grant_rights(db), DONE);
    logged_end("warning db.no_roles", "there are no roles fotad_daemon and"
                                      " fotad_reader");
    db_close(db);
    sql_close(sql);
}

/* As docs/operations.md says: the owner is a role like others, not a
 * superuser. */
static void an_owner_like_others_migrates(void **state) {
    (void)state;
    sql_do(owner, "do $$ begin create role fotad_test_owner login;"
                  " exception when duplicate_object then null; end $$");
    sql_do(owner, "drop database if exists fotad_test_owned");
    sql_do(owner, "create database fotad_test_owned owner fotad_test_owner"
                  " encoding 'UTF8' template template0");
    struct arena *arena = arena_new();
    struct db *db = db_open(arena_printf(arena,
                                         "%s dbname=fotad_test_owned"
                                         " user=fotad_test_owner",
                                         conninfo),
                            "roles_test");
    int missing;
    if (db_migrate(db, "test", &missing) != DONE)
        fail_msg("%s", db_reason(db));
    assert_true(missing > 0);
    assert_int_equal(db_migrate(db, NULL, &missing), DONE);
    assert_int_equal(missing, 0);
    db_close(db);
    arena_free(arena);
    sql_do(owner, "drop database fotad_test_owned");
}

static void the_reader_reads(void **state) {
    (void)state;
    static const struct row rows[] = {
        {"select from service_request", ""},
        {"select from sat_entry", ""},
        {"select from tracking", ""},
        {"select from account", DENIED},
        {"select from session", DENIED},
        {"select from sign_in_failure", DENIED},
        {"select from sign_in_try", DENIED},
        {"select from notice_wish", DENIED},
        {"select from notice", DENIED},
        {entry, DENIED},
        {"update alert set tries = 0", DENIED},
        {"delete from service_request", DENIED},
        {"select nextval('alert_counter')", DENIED},
        {"select make_day('sat_entry', '2026-01-06', 10)", DENIED},
        {"create table x (y int)", DENIED},
    };
    check(reader, rows, sizeof rows / sizeof *rows);
}

/* A function that runs with the owner's rights names where it looks. */
static void definers_have_a_search_path(void **state) {
    (void)state;
    assert_string_equal(
        sql_text(
            owner,
            "select count(*) from pg_proc where prosecdef"
            " and pronamespace = 'public'::regnamespace"
            " and not coalesce(proconfig::text, '') like '%%search_path=public,"
            " pg_temp%%'"),
        "0");
    assert_string_equal(
        sql_text(owner, "select string_agg(proname, ' ' order by proname)"
                        " from pg_proc where prosecdef"
                        " and pronamespace = 'public'::regnamespace"),
        "advance_counters analyze_grown clean_history clock_accept clock_look"
        " cut_times drop_day drop_trail make_day pass_running_time past_look"
        " past_restored replay_messages sat_anchors_due sat_anchors_made "
        "sat_index_day"
        " sat_list_days seal_trail");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_daemon_cannot_change_the_audit_trail),
        cmocka_unit_test(the_daemon_cannot_change_schema_or_rules),
        cmocka_unit_test(the_daemon_cannot_rewrite_its_own),
        cmocka_unit_test(transitions_of_another_version_are_the_owners),
        cmocka_unit_test(the_daemon_makes_and_drops_days),
        cmocka_unit_test(roles_that_are_not_there_are_said),
        cmocka_unit_test(an_owner_like_others_migrates),
        cmocka_unit_test(sat_guard_keeps_young_entries),
        cmocka_unit_test(the_reader_reads),
        cmocka_unit_test(definers_have_a_search_path),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
