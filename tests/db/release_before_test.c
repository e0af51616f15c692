/* A database of an earlier release is brought to this one without a step by
 * hand: everything is then as in a new one, what was recorded is still there,
 * and programs of the release before leave it alone. Of release 13 and of the
 * release that landed last their dumps lie beside (tools/release-before). */
#include "support/check.h"
#include "support/pg.h"
#include "support/sql.h"
#include "support/tool.h"

#include "base/buffer.h"
#include "base/log.h"
#include "db/db.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DUMP "tests/db/data/release_"

static struct arena *arena;

/* ---- earlier releases ---- */

enum { FIRST = 13 };

/* The last that landed, by the names of the dumps. */
static int release_landed(void) {
    glob_t found;
    int latest = 0;
    assert_int_equal(glob(DUMP "*.sql.gz", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        int number = atoi(found.gl_pathv[i] + strlen(DUMP));
        latest = number > latest ? number : latest;
    }
    globfree(&found);
    assert_true(latest > FIRST);
    return latest;
}

static const char *release_read(int number) {
    FILE *pipe =
        popen(arena_printf(arena, "gzip -dc " DUMP "%d.sql.gz", number), "r");
    assert_non_null(pipe);
    struct buffer text = {0};
    char piece[65536];
    for (size_t got; (got = fread(piece, 1, sizeof piece, pipe)) > 0;)
        buffer_add(&text, span_of(piece, got));
    assert_int_equal(pclose(pipe), 0);
    assert_true(text.len > 0);
    buffer_text(&text, "");
    arena_adopt(arena, text.data, free);
    return (const char *)text.data;
}

/* In place of what there is. */
static void release_make(struct sql *sql, int number) {
    sql_do(sql, "drop schema public cascade; create schema public");
    sql_do(sql, "%s", release_read(number));
    sql_do(sql, "reset search_path; reset check_function_bodies");
}

/* ---- what is in a database ---- */

/* Everything that a program of this release may meet, a line each; days and
 * weeks are as their tables. */
static const char catalogue[] =
    "select string_agg(line, e'\\n' order by line collate \"C\") from ("
    " select format('function %s %s %s', p.oid::regprocedure,"
    "  md5(pg_get_functiondef(p.oid)), obj_description(p.oid, 'pg_proc'))"
    "  as line from pg_proc p where pronamespace = 'public'::regnamespace"
    " union all select format('column %s.%s %s %s %s %s', c.relname, a.attname,"
    "  format_type(a.atttypid, a.atttypmod), a.attnotnull,"
    "  pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))"
    "  from pg_class c join pg_attribute a on a.attrelid = c.oid"
    "  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum"
    "  where c.relnamespace = 'public'::regnamespace and attnum > 0"
    "  and not c.relispartition"
    "  and not attisdropped and c.relkind in ('r', 'p', 'v', 'c', 'i', 'I')"
    " union all select format('table %s %s %s %s', relname, relkind,"
    "  reloptions, obj_description(oid, 'pg_class')) from pg_class"
    "  where relnamespace = 'public'::regnamespace and not relispartition"
    " union all select 'index ' || pg_get_indexdef(indexrelid) from pg_index i"
    "  join pg_class c on c.oid = indrelid"
    "  where c.relnamespace = 'public'::regnamespace"
    "  and not c.relispartition"
    " union all select format('constraint %s %s', conrelid::regclass,"
    "  pg_get_constraintdef(o.oid)) from pg_constraint o"
    "  left join pg_class c on c.oid = conrelid"
    "  where connamespace = 'public'::regnamespace"
    "  and c.relispartition is not true"
    " union all select format('type %s %s %s', typname, array(select enumlabel"
    "  from pg_enum where enumtypid = t.oid order by enumsortorder),"
    "  obj_description(t.oid, 'pg_type')) from pg_type t"
    "  left join pg_class c on c.oid = typrelid"
    "  where typnamespace = 'public'::regnamespace and typelem = 0"
    "  and c.relispartition is not true"
    " union all select 'trigger ' || pg_get_triggerdef(t.oid) from pg_trigger t"
    "  join pg_class c on c.oid = tgrelid"
    "  where not tgisinternal and not c.relispartition"
    " union all select format('sequence %s', sequencename) from pg_sequences"
    ") x";

/* The first line that one has and the other has not. */
static void expect_same(const char *fresh, const char *upgraded) {
    const char *f = fresh, *u = upgraded;
    while (*f && *f == *u)
        f++, u++;
    if (!*f && !*u)
        return;
    while (f > fresh && f[-1] != '\n')
        f--, u--;
    fail_msg("a new database has\n  %.*s\nan upgraded one\n  %.*s",
             (int)strcspn(f, "\n"), f, (int)strcspn(u, "\n"), u);
}

/* ---- tests ---- */

/* Of an earlier release. */
struct base {
    const char *conninfo;
    struct sql *sql;
    struct db *db; /* what migrates it */
};

static int set_up_of(void **state, int number) {
    const char *conninfo = pg_fresh_database();
    static struct base base;
    base.conninfo = conninfo;
    base.sql = sql_open(conninfo);
    release_make(base.sql, number);
    base.db = db_open(conninfo, "release_before_test");
    *state = &base;
    return 0;
}

static int set_up(void **state) {
    return set_up_of(state, FIRST);
}

static int set_up_landed(void **state) {
    return set_up_of(state, release_landed());
}

static int tear_down(void **state) {
    struct base *base = *state;
    db_close(base->db);
    sql_close(base->sql);
    return 0;
}

static void it_becomes_as_a_new_one(void **state) {
    struct base *base = *state;
    struct sql *fresh = sql_open(pg_fresh_database());
    int missing = 0;
    assert_int_equal(db_migrate(base->db, "test", &missing), DONE);
    expect_same(sql_text(fresh, "%s", catalogue),
                sql_text(base->sql, "%s", catalogue));
    assert_int_equal(db_migrate(base->db, NULL, &missing), DONE);
    assert_int_equal(missing, 0);
    sql_close(fresh);
}

static void what_was_recorded_is_kept(void **state) {
    static const char record[] =
        "insert into service_user (user_id, name, roles, status) values"
        " ('90:b3:d5:1f:30:01:00:00', 'One', '{IS}', 'active');"
        "insert into account (name, role, created) values"
        " ('desk', 'service_desk', now());"
        "insert into notice_wish values ('desk', 'quarantine');"
        "insert into tracking_live (device_id, chf_id, request_no,"
        " last_updated, release_due, status, device_type, csp,"
        " responsible_supplier_ids) values ('00:db:12:34:56:78:90:a0',"
        " '00:db:12:34:56:78:90:a1', 1, now(), now(), 'AWAITING_CSP', 'PPMID',"
        " 'north', '{90:b3:d5:1f:30:01:00:00}');"
        "insert into sat_entry (at, kind, detail) values (now(), 'job', 'x');";
    static const char recorded[] =
        "select format('%s %s %s %s', (select count(*) from service_user),"
        "(select count(*) from notice_wish), (select string_agg(concat_ws(' ',"
        " device_id, chf_id, request_no, last_updated, release_due, status,"
        " device_type, csp, responsible_supplier_ids), ' ')"
        " from tracking_live), (select count(*) from sat_entry where kind ="
        " 'job'))";
    struct base *base = *state;
    sql_do(base->sql, "%s", record);
    const char *before = sql_text(base->sql, "%s", recorded);
    int missing;
    assert_int_equal(db_migrate(base->db, "test", &missing), DONE);
    assert_string_equal(sql_text(base->sql, "%s", recorded), before);
    sql_expect(base->sql, "test|migrate|t|t",
               "select person, code, detail ~ '^sql/0001-reference\\.sql, ' or"
               " detail ~ '^sql/0012', detail ~ ', sql/functions$'"
               " from sat_entry where kind = 'person'");
}

/* Its DCC Alerts were counted as Users' requests are. */
static void waiting_alerts_get_counters_of_their_own(void **state) {
    struct base *base = *state;
    sql_do(base->sql, "insert into alert (user_id, created, code) values"
                      " ('90:b3:d5:1f:30:01:00:00', now(), 'N61'),"
                      " ('90:b3:d5:1f:30:01:00:00', now(), 'N62')");
    int missing;
    assert_int_equal(db_migrate(base->db, "test", &missing), DONE);
    sql_do(base->sql, "insert into alert (user_id, created, code) values"
                      " ('90:b3:d5:1f:30:01:00:00', now(), 'N39')");
    assert_string_equal(
        sql_text(base->sql, "select string_agg(code || ' ' || alert_no, ', '"
                            " order by alert_no) from alert"),
        "N61 4611686018427387905, N62 4611686018427387906,"
        " N39 4611686018427387907");
}

/* A status of the release before is what was heard then: what comes late is
 * weighed against it. */
static void what_was_heard_of_updates_is_kept(void **state) {
    static const char updates[] =
        "insert into service_request (originator, target, counter, stage,"
        " used, service, service_reference_variant, command_variant, "
        "content,"
        " received, firmware_version) values ('90b3d51f30010000',"
        " '90b3d51f30000002', 7, 1, true, 'serviceD', '11.4', 8, "
        "sha256(''),"
        " '2026-03-01', '\\x0000002A');"
        "insert into tracking_live (device_id, chf_id, request_no,"
        " last_updated, release_due, status, device_type, csp,"
        " responsible_supplier_ids) select ('00db' || lpad(to_hex(n), 12,"
        " '0'))::macaddr8, '00db1234567890a1', 1, '2026-03-01', "
        "'2026-03-09',"
        " s, 'PPMID', 'north', '{}' from unnest(enum_range("
        " null::processing_status)) with ordinality as e (s, n)"
        " where in_progress(s);"
        "insert into tracking_history (device_id, chf_id, request_no,"
        " last_updated, released, status, device_type, csp)"
        " select ('00db' || lpad(to_hex(n), 12, '0'))::macaddr8,"
        " '00db1234567890a1', 1, '2026-03-01', '2026-03-01', s, 'PPMID',"
        " 'north' from unnest(enum_range(null::processing_status))"
        " with ordinality as e (s, n) where not in_progress(s);";
    static const char statuses[] = "select string_agg(status::text, ' ' "
                                   "order by device_id) from tracking";
    static const char say[] =
        "select apply_events(array(select row((row_number() over "
        "())::integer,"
        " '%s', device_id, 1, null, null, null, '%s', null,"
        " null)::tracking_event from tracking), '2026-03-02', '5d')";
    struct base *base = *state;
    sql_do(base->sql, "%s", updates);
    const char *before = sql_text(base->sql, "%s", statuses);
    int missing;
    assert_int_equal(db_migrate(base->db, "test", &missing), DONE);
    pg_hand_over(base->conninfo);
    assert_string_equal(sql_text(base->sql, "%s", statuses), before);
    /* the day before its status: outweighed, but where nothing was heard */
    sql_do(base->sql, say, "hub_delivered", "2026-02-28");
    assert_string_equal(
        sql_text(base->sql, "%s", statuses),
        "SUCCESSFUL_CH_TRANSFER SUCCESSFUL_CH_TRANSFER "
        "SUCCESSFUL_CH_TRANSFER"
        " SUCCESSFUL_HAN_TRANSFER REJECTED_BY_DSP SUCCESSFUL_CH_TRANSFER"
        " FAILED_CH_TRANSFER FAILED_HAN_TRANSFER HAN_DISCARDED"
        " HAN_REJECTED_HW_MISMATCH FIRMWARE_ACTIVATED ACTIVATION_FAILED"
        " RESET_BY_DCC");
    sql_do(base->sql, say, "device_activated", "2026-02-28");
    assert_string_equal(
        sql_text(base->sql,
                 "select string_agg(status || ' ' || n, ', ' order by n, "
                 "status) from"
                 " (select status, count(*) as n from tracking group by 1) x"),
        "REJECTED_BY_DSP 1, RESET_BY_DCC 1, FIRMWARE_ACTIVATED 11");
}

/* What devices said of commands is in the audit trail alone. */
static void what_became_of_commands_is_learnt(void **state) {
    struct base *base = *state;
    sql_do(base->sql,
           "insert into service_request (originator, target, counter, stage,"
           " used, service, service_reference_variant, command_variant,"
           " content, received) select '90b3d51f30010000', '00db1234567890a0',"
           " n, 2, true, 'serviceS', '11.3', 5, sha256(''), '2026-03-01'"
           " from generate_series(1, 4) n;"
           "insert into device_command (request_no, device_id, device_type,"
           " chf_id, csp, originator, counter, message_code, state, created,"
           " next_try, ended, payload) select request_no, target, 'ESME',"
           " '00db1234567890a2', 'north', originator, counter, 18, 'answered',"
           " received, received, received, 'x' from service_request;"
           "insert into sat_entry (at, kind, request_no, device_id, code,"
           " detail) select r.received, kind, r.request_no, r.target, code,"
           " detail from (values"
           " (1, 'device_response', '0012', 'response code 1, version 29'),"
           " (1, 'device_response', '0012', 'response code 3, messageId 9,"
           " unknown: the command was answered before'),"
           " (2, 'device_response', '0012', 'messageId 2'),"
           " (2, 'device_alert', '8F67', 'response code 2, version 29'),"
           " (3, 'device_response', '0012', 'response code 0, version 2A'),"
           " (3, 'device_alert', '8F72', 'response code 3')"
           ") as e (n, kind, code, detail)"
           " join service_request r on r.counter = e.n;");
    int missing;
    assert_int_equal(db_migrate(base->db, "test", &missing), DONE);
    assert_string_equal(
        sql_text(base->sql,
                 "select string_agg(concat_ws('/',"
                 " coalesce(response_result::text, '-'),"
                 " coalesce(outcome_result::text, '-')), ' ' order by"
                 " command_no) from device_command"),
        "1/- -/2 0/- -/-");
}

/* Why a message was not believed is in words alone. */
static void messages_without_a_certificate_will_be_tried_again(void **state) {
    struct base *base = *state;
    sql_do(base->sql,
           "insert into gbcs_message (csp, message_id, received, chf_id,"
           " originator, recipient, cra, code, counter, state, detail, "
           "payload)"
           " select 'north', n, now(), '00db1234567890a1', '00db1234567890a0',"
           " '90b3d51f30000002', 3, 298, n, state, detail, '' from (values"
           " (1, 'unverified', 'no MAC certificate of the device is known'),"
           " (2, 'unverified', 'its signature certificate is expired'),"
           " (3, 'unverified', 'the signature is not good'),"
           " (4, 'done', null)) as m (n, state, detail)");
    int missing;
    assert_int_equal(db_migrate(base->db, "test", &missing), DONE);
    assert_string_equal(sql_text(base->sql,
                                 "select string_agg(message_id, ' ' order by"
                                 " message_id) from gbcs_message"
                                 " where wants_certificate"),
                        "1 2");
}

/* It takes a number that it has not for a later release's, and then leaves
 * all as it is. */
static void a_program_of_the_release_before_leaves_it_alone(void **state) {
    struct base *base = *state;
    const char *known =
        sql_text(base->sql, "select string_agg(quote_literal(name), ',')"
                            " from migration where name ~ '^sql/[0-9]'");
    int missing;
    assert_int_equal(db_migrate(base->db, "test", &missing), DONE);
    assert_string_not_equal(
        sql_text(base->sql,
                 "select count(*) from migration"
                 " where name ~ '^sql/[0-9]' and name not in (%s)",
                 known),
        "0");
}

/* ---- the release that landed last, with what its programs wrote ---- */

/* A copy of every table; `migration` says which functions there are now. */
static const char keep[] =
    "create schema kept; do $$ declare t name; begin for t in select relname"
    " from pg_class where relnamespace = 'public'::regnamespace"
    " and relkind in ('r', 'p') and not relispartition and relname <>"
    " 'migration' loop execute"
    " format('create table kept.%1$I as table public.%1$I', t);"
    " end loop; end $$";

/* Rows of the copies that are not in their tables any more, by the columns that
 * there still are. */
static const char lost[] =
    "create function kept.lost() returns setof text language plpgsql as $$"
    " declare t record; n bigint; begin"
    " for t in select c.relname, (select string_agg(quote_ident(a.attname),"
    "  ', ') from pg_attribute a join pg_attribute b on b.attname = a.attname"
    "  where a.attrelid = c.oid and b.attrelid = p.oid and a.attnum > 0"
    "  and not b.attisdropped) as columns from pg_class c"
    "  join pg_class p on p.relname = c.relname"
    "  and p.relnamespace = 'public'::regnamespace"
    "  where c.relnamespace = 'kept'::regnamespace loop"
    "  execute format('select count(*) from (select x::text from (select %2$s"
    "  from kept.%1$I) x except select x::text from (select %2$s from"
    "  public.%1$I) x) y', t.relname, t.columns) into n;"
    "  if n > 0 then return next t.relname || ' ' || n; end if;"
    " end loop; end $$";

static void what_the_landed_release_wrote_is_kept(void **state) {
    struct base *base = *state;
    int missing;
    sql_do(base->sql, "%s", keep);
    sql_do(base->sql, "%s", lost);
    /* the test is of something */
    sql_expect(base->sql, "t|t|t|t|t",
               "select exists (select from tracking_live),"
               " exists (select from tracking_history),"
               " exists (select from alert), exists (select from sat_seal),"
               " exists (select from device_command)");
    assert_int_equal(db_migrate(base->db, "test", &missing), DONE);
    sql_expect(base->sql, "", "select string_agg(lost, ', ') from kept.lost()");
}

/* Its trail is as it was sealed, and goes on. */
static void the_trail_of_the_landed_release_is_good(void **state) {
    struct tool *tool = *state;
    release_make(tool->sql, release_landed());
    tool_expect(tool, "migrate", 0, "");
    tool_expect(tool, "sat verify", 0, "");
}

int main(void) {
    arena = arena_new();
    log_set_level(LOG_LEVEL_WARNING);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_becomes_as_a_new_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_recorded_is_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            waiting_alerts_get_counters_of_their_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_heard_of_updates_is_kept,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_became_of_commands_is_learnt,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            messages_without_a_certificate_will_be_tried_again, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(
            a_program_of_the_release_before_leaves_it_alone, set_up, tear_down),
        {"landed: it_becomes_as_a_new_one", it_becomes_as_a_new_one,
         set_up_landed, tear_down, NULL},
        cmocka_unit_test_setup_teardown(what_the_landed_release_wrote_is_kept,
                                        set_up_landed, tear_down),
        cmocka_unit_test_setup_teardown(the_trail_of_the_landed_release_is_good,
                                        tool_setup, tool_teardown),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    return failed;
}
