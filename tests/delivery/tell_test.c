/*
 * Whom an event is told to, and what the message says (requirements E1,
 * decisions 8, 9 and 15; scenarios 1, 5, 6, 8 and 16). Which event tells by
 * which alert is tests/tracking/transition_test.c.
 *
 * Hub 0100 has suppliers 01 (import) and 02 (gas), hub 0200 has 01 and 03.
 * The sender of request 1 is 01. Devices 0101 and 0102 are at the first hub,
 * 0201 at the second, all of them PPMIDs of request 1.
 */
#include "support/check.h"
#include "support/pg.h"
#include "support/sql.h"

#include <string.h>

static const char world_sql[] =
    "create function e(text) returns macaddr8 language sql immutable"
    " return ('00-00-00-00-00-00-' || left($1, 2) || '-' || right($1, 2))"
    " ::macaddr8;"
    "create function short(macaddr8) returns text language sql immutable"
    " return right(replace($1::text, ':', ''), 4);"
    "insert into smi_device (device_id, chf_id, device_type, device_status,"
    " smets_version, import_supplier_id, gas_supplier_id) values"
    " (e('0100'), e('0100'), 'CHF', 'Commissioned', 'SMETS2', null, null),"
    " (e('0110'), e('0100'), 'ESME', 'Commissioned', 'SMETS2', e('0001'),"
    "  null),"
    " (e('0111'), e('0100'), 'GSME', 'Commissioned', 'SMETS2', null,"
    "  e('0002')),"
    " (e('0101'), e('0100'), 'PPMID', 'Commissioned', 'SMETS2', null, null),"
    " (e('0102'), e('0100'), 'PPMID', 'Commissioned', 'SMETS2', null, null),"
    " (e('0200'), e('0200'), 'CHF', 'Commissioned', 'SMETS2', null, null),"
    " (e('0210'), e('0200'), 'ESME', 'Commissioned', 'SMETS2', e('0001'),"
    "  null),"
    " (e('0211'), e('0200'), 'GSME', 'Commissioned', 'SMETS2', null,"
    "  e('0003')),"
    " (e('0201'), e('0200'), 'PPMID', 'Commissioned', 'SMETS2', null, null);"
    "select refresh_homes(null);"
    "insert into service_request (originator, target, counter, stage, used,"
    " service, service_reference_variant, command_variant, content, received,"
    " firmware_version) values (e('0001'), '90-B3-D5-1F-30-00-00-02', 7, 1,"
    " true, 'serviceD', '11.4', 8, sha256('x'), '2030-01-01', '\\x0000002A');"
    "insert into tracking_live (device_id, chf_id, request_no, last_updated,"
    " release_due, status, device_type, csp, responsible_supplier_ids)"
    " select device_id, s.chf_id, 1, '2030-01-01', '2030-01-06',"
    " 'AWAITING_CSP', 'PPMID', 'north', h.supplier_ids"
    " from smi_device s join smi_home h using (chf_id)"
    " where device_type = 'PPMID';";

/* One event: ordinal, event, device, reason, hub, version, time, alert code,
 * result */
#define EVENT(ordinal, event, device, rest)                                    \
    "row(" #ordinal ", '" event "', e('" device "'), 1, " rest                 \
    ")::tracking_event"
#define REFUSED(ordinal, device, reason)                                       \
    EVENT(ordinal, "csp_refused", device,                                      \
          "'" reason "', null, null, null, null, null")
#define ACCEPTED(ordinal, device)                                              \
    EVENT(ordinal, "csp_accepted", device, "null, null, null, null, null, null")
#define DELIVERED(ordinal, device)                                             \
    EVENT(ordinal, "hub_delivered", device,                                    \
          "null, e('0100'), null, '2030-01-01 10:00', null, 1")
#define ACTIVATED(ordinal, device)                                             \
    EVENT(ordinal, "device_activated", device,                                 \
          "null, null, '\\x0000002B', '2030-01-01 11:00', 36747, 1")

/* What is told: code>recipient:device or {devices}, in the order in which it
 * goes out. */
static const struct {
    const char *name, *before, *events, *told;
} cases[] = {
    {"N59: one per User and report, each with its devices, not to the sender",
     "", ACCEPTED(1, "0101") "," ACCEPTED(2, "0102") "," ACCEPTED(3, "0201"),
     "N59>0002:{0101,0102} N59>0003:{0201}"},
    {"N59 goes to the suppliers of the time of the request",
     "update smi_device set gas_supplier_id = e('0004')"
     " where device_id = e('0111'); select refresh_homes(null)",
     ACCEPTED(1, "0101"), "N59>0002:{0101}"},
    {"a partly rejected job: N19 to the sender, N59 for the rest", "",
     REFUSED(1, "0101", "DEVICE_NOT_IDENTIFIED") "," ACCEPTED(
         2, "0102") "," REFUSED(3, "0201", "DEVICE_NOT_IDENTIFIED"),
     "N19>0001:{0101,0201} N59>0002:{0102}"},
    {"each reason is a list of its own", "",
     REFUSED(1, "0101", "IMAGE_INVALID") "," REFUSED(
         2, "0102", "DISTRIBUTION_EXPIRED") "," REFUSED(3, "0201", "WHATEVER"),
     "N18>0001:{0101} N20>0001:{0102} N22>0001:{0201}"},
    {"N61 and N60 to the sender, one per device", "",
     DELIVERED(1, "0101") "," EVENT(2, "hub_failed", "0102",
                                    "null, e('0100'), null, '2030-01-01',"
                                    " null, 0"),
     "N61>0001:0101 N60>0001:0102"},
    {"N62 to the sender", "",
     EVENT(1, "han_discarded", "0101",
           "null, e('0100'), '\\x0000002A', '2030-01-01', 36745, 1"),
     "N62>0001:0101"},
    {"N39 to all Responsible Suppliers, the sender among them", "",
     ACTIVATED(1, "0101"), "N39>0001:0101 N39>0002:0101"},
    {"N39 goes to the recorded suppliers and to those of the moment",
     "update smi_device set gas_supplier_id = e('0004')"
     " where device_id = e('0111'); select refresh_homes(null)",
     ACTIVATED(1, "0101"), "N39>0001:0101 N39>0002:0101 N39>0004:0101"},
    {"N39 to those of the moment alone",
     "update tracking_setting set n39_recipients = 'current';"
     "update smi_device set gas_supplier_id = e('0004')"
     " where device_id = e('0111'); select refresh_homes(null)",
     ACTIVATED(1, "0101"), "N39>0001:0101 N39>0004:0101"},
    {"N39 to the recorded ones alone",
     "update tracking_setting set n39_recipients = 'recorded';"
     "update smi_device set gas_supplier_id = e('0004')"
     " where device_id = e('0111'); select refresh_homes(null)",
     ACTIVATED(1, "0101"), "N39>0001:0101 N39>0002:0101"},
    {"N39 after the PPMID has moved to another hub",
     "update smi_device set chf_id = e('0200')"
     " where device_id = e('0101'); select refresh_homes(null)",
     ACTIVATED(1, "0101"), "N39>0001:0101 N39>0002:0101 N39>0003:0101"},
    {"the sender alone supplies the home: there is no N59",
     "update tracking_live set responsible_supplier_ids ="
     " array[e('0001')]",
     ACCEPTED(1, "0101"), ""},
    {"8F8B before N61: both are told, in that order", "",
     ACTIVATED(1, "0101") "," DELIVERED(2, "0101"),
     "N39>0001:0101 N39>0002:0101 N61>0001:0101"},
    {"after a reset the hub's news still reach the sender",
     "insert into tracking_history (device_id, chf_id, request_no,"
     " last_updated, released, status, device_type, csp,"
     " responsible_supplier_ids) select device_id, chf_id, request_no,"
     " '2030-01-01', '2030-01-01', 'RESET_BY_DCC', device_type, csp,"
     " responsible_supplier_ids from tracking_live;"
     " truncate tracking_live",
     DELIVERED(1, "0101") "," ACCEPTED(2, "0102"),
     "N61>0001:0101 N59>0002:{0102}"},
    {"nobody is told of a reset", "",
     EVENT(1, "reset", "0101", "null, null, null, null, null, null"), ""},
};

static const char *conninfo;

static int set_up(void **state) {
    conninfo = pg_tracking_database();
    *state = sql_open(conninfo);
    sql_do(*state, "%s", world_sql);
    return 0;
}

static int tear_down(void **state) {
    sql_close(*state);
    return 0;
}

static void apply(struct sql *sql, const char *events) {
    sql_do(sql, "select apply_events(array[%s], '2030-01-01 12:00', '5d')",
           events);
}

/* Each case in a transaction that is rolled back. */
static void everybody_hears_what_concerns_him(void **state) {
    static const char told[] =
        "select coalesce(string_agg(code || '>' || short(user_id) || ':'"
        " || coalesce(short(device_id), (select '{' || string_agg(short(d),"
        " ',') || '}' from unnest(device_ids) as d)), ' '"
        " order by alert_no), '') from alert";
    struct sql *sql = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sql_do(sql, "begin");
        if (*cases[i].before)
            sql_do(sql, "%s", cases[i].before);
        apply(sql, cases[i].events);
        const char *got = sql_text(sql, "%s", told);
        if (strcmp(got, cases[i].told) != 0)
            fail_msg("%s: %s", cases[i].name, got);
        sql_do(sql, "rollback");
    }
}

static void the_message_has_what_was_heard(void **state) {
    static const char columns[] =
        "select string_agg(concat_ws(' ', code, short(chf_id), device_type,"
        " encode(firmware_version, 'hex'), to_char(event_time at time zone"
        " 'UTC', 'HH24:MI'), to_hex(device_alert_code), result), '; '"
        " order by alert_no) from alert where user_id = e('0001')";
    struct sql *sql = *state;
    apply(sql, DELIVERED(1, "0101") "," ACTIVATED(2, "0101") "," REFUSED(
                   3, "0201", "IMAGE_INVALID"));
    /* N61: the CSP's timestamp, the request's version; N39: the device's own
     * version and time */
    assert_string_equal(sql_text(sql, "%s", columns),
                        "N61 0100 PPMID 0000002a 10:00 1; N18; "
                        "N39 PPMID 0000002b 11:00 8f8b 1");
}

static void the_audit_trail_has_every_message(void **state) {
    static const char entries[] =
        "select string_agg(concat_ws(' ', kind, code, short(party),"
        " short(device_id)), '; ' order by entry_no) from sat_entry"
        " where kind like 'alert%'";
    struct sql *sql = *state;
    apply(sql, REFUSED(1, "0101", "DEVICE_NOT_IDENTIFIED") "," REFUSED(
                   2, "0102", "DEVICE_NOT_IDENTIFIED") "," REFUSED(3, "0201",
                                                                   "OTHER"));
    const char *got = sql_text(sql, "%s", entries);
    /* N19: an entry for each device as well */
    static const char *const expected[] = {
        "alert N19 0001", "alert device N19 0001 0101",
        "alert device N19 0001 0102", "alert N22 0001"};
    size_t len = 0;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        len += strlen(expected[i]) + (i > 0 ? 2 : 0);
        if (!strstr(got, expected[i]))
            fail_msg("no '%s' in: %s", expected[i], got);
    }
    assert_int_equal(strlen(got), len);
}

/* Whoever has a User's lane in hand holds up nobody who writes to that User. */
static void a_lane_in_hand_holds_up_no_writer(void **state) {
    struct sql *sql = *state;
    sql_do(sql, "insert into alert_lane (user_id) values (e('0001'));"
                "set statement_timeout = '20s'");
    struct sql *other = sql_open(conninfo);
    sql_do(other, "begin; update alert_lane set tries = tries + 1");
    apply(sql, DELIVERED(1, "0101"));
    sql_do(sql, "select tell(array[user_message(1, e('0001'),"
                " 'ResponseMessage', 1, p_response_code => 'E20')], now());"
                "select tell_sender(1, 'ResponseMessage', 'E71', null, null,"
                " now());"
                "select tell_condition(array[1], 'device_silent', now())");
    assert_int_equal(
        sql_int(sql, "select count(*) from alert where user_id = e('0001')"),
        4);
    sql_close(other);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everybody_hears_what_concerns_him,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_message_has_what_was_heard, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_lane_in_hand_holds_up_no_writer,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_audit_trail_has_every_message,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
