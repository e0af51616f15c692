/* Times that were set by a clock that ran ahead: which there are,
 * and that nothing waits for them once the clock is back. */
#include "support/check.h"
#include "support/pg.h"
#include "support/sql.h"

#include "housekeeping/clock_watch.h"

#include <stdlib.h>
#include <string.h>

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
    /* no row needs another */
    sql_do(h->sql, "do $$ declare c record; begin"
                   " for c in select conname, conrelid::regclass as of"
                   " from pg_constraint where contype = 'f' loop execute"
                   " format('alter table %%s drop constraint %%I', c.of,"
                   " c.conname); end loop; end $$");
    h->db = db_open(pg_as_daemon(conninfo), "ahead test");
    h->arena = arena_new();
    assert_true(config_read(&h->config, NULL, h->arena, &reason));
    h->config.delivery_timeout = 10 * SECOND;
    h->config.delivery_retry_most = 15 * MINUTE;
    h->config.csp_count = 1;
    h->config.csps[0] = (struct config_csp){
        .timeout = MINUTE, .busy_retry = HOUR, .busy_give_up = DAY};
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

/* ---- which there are ---- */

/* What happened, and when, as it was written; what others say; what a person
 * wishes for. None makes anything wait. */
static const char records[] =
    "account.created, account.last_sign_in, alarm.since, alarm.until,"
    " alarm_rule.made, alert.event_time,"
    " alert_confirmed.confirmed, alert_confirmed.created,"
    " alert_confirmed.event_time,"
    " certificate.not_after, certificate.not_before, certificate.revoked_at,"
    " clock_mark.accepted_at, clock_mark.agrees_since, clock_mark.doubt_since,"
    " clock_mark.latest, clock_mark.mark, contested_alert.at,"
    " contested_alert.taken, crl.next_update, crl.this_update, "
    "revocation.revoked_at, csp_image.sent, csp_job.contradicted,"
    " csp_job.reported, csp_job.silent, csp_message.received,"
    " csp_pace.decided, csp_pace.next, csp_pace.recounted, csp_recall.ended,"
    " device_command.ended, device_command.execution_time,"
    " device_command.outcome_seen, device_command.passed_on,"
    " forecast.due, forecast.made, forecast.p50, forecast.p90,"
    " forecast.scored, guard.made,"
    " gbcs_message.received, held_request.decided, held_request.ended,"
    " held_request.held, migration.applied, running_time.by_database, "
    "sat_entry.at, sat_mark.marked,"
    " sat_message.received, sat_request.at, sat_seal.dropped_before,"
    " sat_seal.earliest, sat_seal.latest, sat_seal.sealed,"
    " plan.made, request_plan.next, request_plan.made,"
    " service_request.received, session.began, steering.decided, "
    "steering.ended, steering.until, volume_threshold_change.at,"
    " tracking_history.delivery_time, tracking_history.device_time,"
    " tracking_history.hub_time, tracking_history.stored_time,"
    " tracking_live.delivery_time, tracking_live.device_time,"
    " tracking_live.hub_time, tracking_live.stored_time, version_waiting.at";

static void every_time_is_a_record_or_is_cut(void **state) {
    const struct house *h = *state;
    const char *wrong = sql_rows(
        h->sql,
        "with times as (select c.relname || '.' || a.attname as name"
        " from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where c.relnamespace = 'public'::regnamespace"
        " and c.relkind in ('r', 'p') and not c.relispartition"
        " and a.atttypid = 'timestamptz'::regtype and not a.attisdropped),"
        " known as (select name || '.' || at as name from times_ahead()"
        " union all select unnest(string_to_array('%s', ', ')))"
        " select coalesce(t.name, 'no column ' || k.name), count(k.name)"
        " from times t full join known k on k.name = t.name"
        " group by t.name, k.name having count(k.name) <> 1 or t.name is null",
        records);
    if (*wrong)
        fail_msg("not known once, as a time that is cut or as a record:\n%s",
                 wrong);
}

/* Each kind is one that clock_watch.c knows. */
static void every_kind_is_known(void **state) {
    struct house *h = *state;
    sql_do(h->sql, "create table kinds as select distinct longest"
                   " from times_ahead();"
                   "create or replace function cut_times(p_now timestamptz,"
                   " p_names text[], p_seconds bigint[]) returns bigint"
                   " language sql security definer as $$"
                   " delete from kinds where longest = any (p_names)"
                   " returning 1::bigint $$;"
                   "update clock_mark set latest = now() + interval '1 h'");
    assert_int_equal(clock_watch_look(h->db, &h->config), DONE);
    sql_expect(h->sql, "", "select * from kinds");
}

/* ---- what becomes of them ---- */

static const char waiting_sql[] =
    "insert into alert_lane (user_id, leased_until, next_try) values"
    " ('90b3d51f30010001', now() + '25 s', now() + '14 min'),"
    " ('90b3d51f30010002', now() + '1 year', now() + '1 year');"
    "insert into csp_job (request_no, csp, device_type, devices, created,"
    " next_try, leased_until) values"
    " (1, 'north', 'PPMID', 1, now(), now() + '59 min', now() + '2 min'),"
    " (2, 'north', 'PPMID', 1, now() + '1 y', now() + '1 y', now() + '1 y');"
    "insert into tracking_live (device_id, chf_id, request_no, last_updated,"
    " release_due, status, device_type, csp, responsible_supplier_ids) values"
    " ('00db140000000001', '00db14000000000f', 1, now(), now() + '30 d',"
    " 'AWAITING_CSP', 'PPMID', 'north', '{}'),"
    " ('00db140000000002', '00db14000000000f', 2, now() + '1 y', now() + '2 y',"
    " 'AWAITING_CSP', 'PPMID', 'north', '{}');"
    "insert into tracking_history (device_id, chf_id, request_no,"
    " last_updated, released, status, device_type, csp,"
    " responsible_supplier_ids) values"
    " ('00db140000000003', '00db14000000000f', 3, now() + '1 y', now() + '1 y',"
    " 'AWAITING_CSP', 'PPMID', 'north', '{}');"
    "insert into account (name, role, created) values ('ann', 'auditor',"
    " now());"
    "insert into session values ('\\x%064d', 'ann', now(), now(), now() +"
    " '1 h'), ('\\x%064d', 'ann', now() + '1 y', now() + '1 y', now() + '2 y');"
    "update housekeeping set due = now() + '9 "
    "y'";

static void nothing_waits_for_them(void **state) {
    struct house *h = *state;
    sql_do(h->sql, waiting_sql, 1, 2);
    sql_do(h->sql, "update clock_mark set latest = now() + interval '1 year'");
    assert_int_equal(clock_watch_look(h->db, &h->config), DONE);
    sql_expect(h->sql, "t|t\nt|t",
               "select leased_until < now() + '31 s', next_try < now() +"
               " '16 min' from alert_lane");
    sql_expect(h->sql, "t|t|t|1\nt|t|t|2",
               "select created <= now(), next_try between now() + '58 min' and"
               " now() + '61 min', leased_until < now() + '4 min', job_no"
               " from csp_job order by job_no");
    sql_expect(h->sql, "t|t|t\nt|t|t",
               "select last_updated <= now(), release_due > now() + '29 d',"
               " release_due < now() + '32 d' from tracking_live");
    sql_expect(h->sql, "t|t",
               "select last_updated <= now(), released <= now()"
               " from tracking_history");
    sql_expect(h->sql, "t|t\nt|t",
               "select seen <= now(), expires < now() + '1 d' from session");
    sql_expect(h->sql, "t", "select due <= now() from housekeeping");
    sql_expect(h->sql, "t", "select latest is null from clock_mark");
}

/* The same ResponseID says the same: a message that may have been heard keeps
 * its ResponseDateTime, and is given up by the time of now. */
static void a_message_says_what_it_said(void **state) {
    struct house *h = *state;
    sql_do(h->sql, "insert into alert (user_id, code, created, retried, tries)"
                   " values ('90b3d51f30010001', 'N61', now() + '1 y', null,"
                   " 0), ('90b3d51f30010001', 'N61', now() + '1 y', null, 1),"
                   " ('90b3d51f30010001', 'N61', now() + '1 y', now() + '1 y',"
                   " 1), ('90b3d51f30010001', 'N61', now() - interval '1 h',"
                   " null, 1);"
                   "update clock_mark set latest = now() + interval '1 year'");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(clock_watch_look(h->db, &h->config), DONE);
        sql_expect(h->sql, "t|t\nt|t\nt|t\nf|",
                   "select created > now() + interval '360 d', retried"
                   " between now() - interval '1 min' and now() from alert"
                   " order by alert_no");
    }
}

/* A CSP's Retry-After, and a User's, may be longer than our own pauses. */
static void what_was_asked_for_is_kept(void **state) {
    struct house *h = *state;
    sql_do(h->sql, waiting_sql, 1, 2);
    assert_int_equal(clock_watch_look(h->db, &h->config), DONE);
    assert_int_equal(clock_watch_look(h->db, &h->config), DONE);
    sql_expect(h->sql, "2|1",
               "select count(*), count(*) filter (where next_try > now() +"
               " interval '300 d') from csp_job");
}

#define COMMAND                                                                \
    "insert into device_command (request_no, device_id, device_type, chf_id,"  \
    " csp, originator, counter, message_code, state, execution_time,"          \
    " future_dated, created, next_try, tries, response_due, payload)"          \
    " select n, '00db140000000001', 'ESME', '00db14000000000f', 'north',"      \
    " '90b3d51f30010001', n, 18, s, e, f, now() + '1 y', t, 0, r, 'x' from ("

/* A command goes at its time, not before it. */
static void a_command_waits_for_its_time_alone(void **state) {
    struct house *h = *state;
    sql_do(h->sql, COMMAND
           "values (1, 'waiting'::command_state, null::timestamptz, false,"
           " now() + '1 y', null::timestamptz),"
           " (2, 'held', now() + '3 d', false, now() + '3 d', null),"
           " (3, 'waiting', now() + '3 d', false, now() + '5 d', null),"
           " (4, 'waiting', now() + '3 d', true, now() + '5 d', null),"
           " (5, 'sent', null, false, now(), now() + '1 y')) x (n, s, e, f, t,"
           " r); update clock_mark set latest = now() + interval '1 year'");
    assert_int_equal(clock_watch_look(h->db, &h->config), DONE);
    sql_expect(
        h->sql, "1|01:00\n2|72:00\n3|72:00\n4|01:00\n5|00:00",
        "select request_no, to_char(justify_interval('0') + make_interval("
        "mins => (round(extract(epoch from next_try - now()) / 60))::int),"
        " 'HH24:MI') from device_command order by request_no");
    sql_expect(h->sql, "t",
               "select response_due <= now() + interval '8 d'"
               " from device_command where state = 'sent'");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_time_is_a_record_or_is_cut),
        TEST(every_kind_is_known),
        TEST(nothing_waits_for_them),
        TEST(a_message_says_what_it_said),
        TEST(what_was_asked_for_is_kept),
        TEST(a_command_waits_for_its_time_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
