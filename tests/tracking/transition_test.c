/*
 * Table 3 against the database: every event in every status, one device each.
 * The expected column is the table of requirement C2 written out: where an
 * event moves the device, everywhere else it is told, not moved.
 */
#include "support/check.h"
#include "support/evidence.h"
#include "support/pg.h"
#include "support/sql.h"

#include "tracking/transition.h"

#include <stdio.h>

static const char *const statuses[] = {
    /* In Progress */
    "AWAITING_CSP", "APPROVED_FOR_DISTRIBUTION", "SUCCESSFUL_CH_TRANSFER",
    "SUCCESSFUL_HAN_TRANSFER",
    /* not any more */
    "REJECTED_BY_DSP", "REJECTED_BY_CSP", "FAILED_CH_TRANSFER",
    "FAILED_HAN_TRANSFER", "HAN_DISCARDED", "HAN_REJECTED_HW_MISMATCH",
    "FIRMWARE_ACTIVATED", "STORED_ON_DEVICE", "ACTIVATION_FAILED",
    "RESET_BY_DCC"};
enum { STATUSES = sizeof statuses / sizeof *statuses, IN_PROGRESS = 4 };

/* Who is told, as a set. The sender is supplier 1; 1 and 2 supply the home. */
enum { TO_1 = 1, TO_2 = 2 };

/* Statuses by who said so: each event moves those of the ones before. */
#define NOT_SAID " AWAITING_CSP "
#define BY_REPORT NOT_SAID " APPROVED_FOR_DISTRIBUTION REJECTED_BY_CSP "
#define BY_CSP BY_REPORT " SUCCESSFUL_CH_TRANSFER FAILED_CH_TRANSFER "
#define HUB_SAID                                                               \
    " SUCCESSFUL_HAN_TRANSFER FAILED_HAN_TRANSFER HAN_DISCARDED "              \
    "HAN_REJECTED_HW_MISMATCH "
#define BY_HUB BY_CSP HUB_SAID
#define BY_DEVICE                                                              \
    BY_HUB " FIRMWARE_ACTIVATED STORED_ON_DEVICE ACTIVATION_FAILED "
#define NOT_ACTIVATED BY_HUB " STORED_ON_DEVICE ACTIVATION_FAILED "
#define ALL_IN_PROGRESS                                                        \
    " AWAITING_CSP APPROVED_FOR_DISTRIBUTION SUCCESSFUL_CH_TRANSFER "          \
    "SUCCESSFUL_HAN_TRANSFER "

static const struct {
    const char *event, *reason;
    const char *moves; /* in which statuses; in `to` it stays all the same */
    const char *to, *alert;
    int told;
} table[] = {
    {"csp_refused", "IMAGE_INVALID", NOT_SAID, "REJECTED_BY_CSP", "N18", TO_1},
    {"csp_refused", "DEVICE_NOT_IDENTIFIED", NOT_SAID, "REJECTED_BY_CSP", "N19",
     TO_1},
    {"csp_refused", "DISTRIBUTION_EXPIRED", NOT_SAID, "REJECTED_BY_CSP", "N20",
     TO_1},
    {"csp_refused", "OTHER", NOT_SAID, "REJECTED_BY_CSP", "N22", TO_1},
    {"csp_refused", "SOMETHING_NEW", NOT_SAID, "REJECTED_BY_CSP", "N22", TO_1},
    {"csp_accepted", NULL, NOT_SAID, "APPROVED_FOR_DISTRIBUTION", "N59", TO_2},
    {"csp_never_answered", "NEVER_ANSWERED", NOT_SAID, "REJECTED_BY_CSP", "N21",
     TO_1},
    {"csp_silent", "CSP_SILENT", "", "", "N21", TO_1},
    {"hub_failed", NULL, BY_CSP, "FAILED_CH_TRANSFER", "N60", TO_1},
    {"hub_delivered", NULL, BY_CSP, "SUCCESSFUL_CH_TRANSFER", "N61", TO_1},
    {"han_failed", NULL, BY_HUB, "FAILED_HAN_TRANSFER", "N62", TO_1},
    {"han_delivered", NULL, BY_HUB, "SUCCESSFUL_HAN_TRANSFER", "N62", TO_1},
    {"han_discarded", NULL, BY_HUB, "HAN_DISCARDED", "N62", TO_1},
    {"han_mismatch", NULL, BY_HUB, "HAN_REJECTED_HW_MISMATCH", "N62", TO_1},
    {"device_activated", NULL, BY_DEVICE, "FIRMWARE_ACTIVATED", "N39",
     TO_1 | TO_2},
    {"device_failed", NULL, NOT_ACTIVATED, "ACTIVATION_FAILED", "N39",
     TO_1 | TO_2},
    {"device_stored", NULL, " SUCCESSFUL_CH_TRANSFER " HUB_SAID,
     "STORED_ON_DEVICE", "N39", TO_1 | TO_2},
    {"version_seen", NULL, BY_DEVICE, "FIRMWARE_ACTIVATED", NULL, 0},
    {"command_failed", NULL, NOT_ACTIVATED, "ACTIVATION_FAILED", NULL, 0},
    {"reset", NULL, ALL_IN_PROGRESS, "RESET_BY_DCC", NULL, 0},
};
enum { ROWS = sizeof table / sizeof *table };

static bool row_moves(int row, int status) {
    char word[64];
    snprintf(word, sizeof word, " %s ", statuses[status]);
    return strstr(table[row].moves, word) &&
           strcmp(table[row].to, statuses[status]) != 0;
}

static const char home[] =
    "insert into smi_device (device_id, chf_id, device_type, device_status,"
    " smets_version, import_supplier_id, gas_supplier_id) values"
    " ('00-00-00-00-00-00-01-00', '00-00-00-00-00-00-01-00', 'CHF',"
    "  'Commissioned', 'SMETS2', null, null),"
    " ('00-00-00-00-00-00-01-01', '00-00-00-00-00-00-01-00', 'ESME',"
    "  'Commissioned', 'SMETS2', '00-00-00-00-00-00-00-01', null),"
    " ('00-00-00-00-00-00-01-02', '00-00-00-00-00-00-01-00', 'GSME',"
    "  'Commissioned', 'SMETS2', null, '00-00-00-00-00-00-00-02'),"
    " ('00-00-00-00-00-00-01-03', '00-00-00-00-00-00-01-00', 'PPMID',"
    "  'Commissioned', 'SMETS2', null, null);"
    "select refresh_homes(null);"
    "insert into service_request (originator, target, counter, stage, used,"
    " service, service_reference_variant, command_variant, content, received,"
    " firmware_version) values ('00-00-00-00-00-00-00-01',"
    " '90-B3-D5-1F-30-00-00-02', 7, 1, true, 'serviceD', '11.4', 8,"
    " sha256('x'), '2030-01-01', '\\x0000002A');";

static int set_up(void **state) {
    *state = sql_open(pg_tracking_database());
    sql_do(*state, "update tracking_setting set n59_collect = '0'");
    sql_do(*state, "%s", home);
    return 0;
}

static int tear_down(void **state) {
    sql_close(*state);
    return 0;
}

static void put_device_into(struct sql *sql, int status) {
    bool live = status < IN_PROGRESS;
    sql_do(
        sql,
        "truncate tracking_live; truncate tracking_history; truncate alert;"
        "insert into %s (device_id, chf_id, request_no, last_updated, %s,"
        " status, device_type, csp, responsible_supplier_ids," EVIDENCE_COLUMNS
        ") select '00-00-00-00-00-00-01-03', '00-00-00-00-00-00-01-00', 1,"
        " '2030-01-01', '2030-01-02', s, 'PPMID', 'north',"
        " '{00-00-00-00-00-00-00-01,00-00-00-00-00-00-00-02}'," EVIDENCE
        " from (values ('%s'::processing_status,"
        " timestamptz '2029-12-30')) v (s, t)",
        live ? "tracking_live" : "tracking_history",
        live ? "release_due" : "released", statuses[status]);
}

static void apply(struct sql *sql, const char *event, const char *reason) {
    sql_do(sql,
           "select apply_events(array[row(1, '%s',"
           " '00-00-00-00-00-00-01-03', 1, %s%s%s,"
           " '00-00-00-00-00-00-01-00', null, '2030-01-01', null, 0)"
           "::tracking_event], '2030-01-01 12:00', '5d')",
           event, reason ? "'" : "", reason ? reason : "null",
           reason ? "'" : "");
}

static void expect_status(struct sql *sql, const char *event,
                          const char *before, const char *expected) {
    const char *status = sql_text(
        sql, "select case when released is not null or in_progress(status)"
             " then status::text else status || ' in the wrong table' end"
             " from tracking order by last_updated desc, released nulls last"
             " limit 1");
    if (strcmp(status, expected) != 0)
        fail_msg("%s in %s: %s, not %s", event, before, status, expected);
}

/* `expected`: the Users told, as bits; each by `alert`, at most one message
 * each. */
static void expect_told(struct sql *sql, const char *event, const char *before,
                        const char *alert, int expected) {
    const char *got = sql_text(
        sql, "select coalesce(string_agg(user_id::text || code, ' ' order by"
             " user_id), '') from alert");
    char all[64] = "";
    for (int user = 1; user <= 2; user++)
        if (expected & user)
            snprintf(all + strlen(all), sizeof all - strlen(all),
                     "%s00:00:00:00:00:00:00:0%d%s", *all ? " " : "", user,
                     alert);
    if (strcmp(got, all) != 0)
        fail_msg("%s in %s: told %s, not %s", event, before, got, all);
}

static void every_event_in_every_status(void **state) {
    struct sql *sql = *state;
    for (int row = 0; row < ROWS; row++)
        for (int status = 0; status < STATUSES; status++) {
            put_device_into(sql, status);
            apply(sql, table[row].event, table[row].reason);
            bool moves = row_moves(row, status);
            expect_status(sql, table[row].event, statuses[status],
                          moves ? table[row].to : statuses[status]);
            expect_told(sql, table[row].event, statuses[status],
                        table[row].alert, table[row].told);
            sql_forget(sql);
        }
}

/* Both reports of one device in one batch: in their order, each told once. */
static void events_of_one_device_are_applied_in_order(void **state) {
    struct sql *sql = *state;
    put_device_into(sql, 0);
    sql_do(sql, "select apply_events(array["
                "row(2, 'hub_delivered', '00-00-00-00-00-00-01-03', 1, null,"
                " null, null, '2030-01-01', null, 1)::tracking_event,"
                "row(3, 'han_failed', '00-00-00-00-00-00-01-03', 1, null,"
                " null, null, '2030-01-01', null, 3)::tracking_event,"
                "row(1, 'csp_accepted', '00-00-00-00-00-00-01-03', 1, null,"
                " null, null, '2030-01-01', null, null)::tracking_event],"
                " '2030-01-01 12:00', '5d')");
    expect_status(sql, "three", "AWAITING_CSP", "FAILED_HAN_TRANSFER");
    sql_expect(sql, "N59 N61 N62",
               "select string_agg(code, ' ' order by alert_no) from alert");
}

static void an_update_of_another_request_is_told_not_moved(void **state) {
    struct sql *sql = *state;
    put_device_into(sql, 0);
    sql_do(sql, "update tracking_live set request_no = 2;"
                "insert into tracking_history (device_id, chf_id, request_no,"
                " last_updated, released, status, device_type, csp,"
                " responsible_supplier_ids) select device_id, chf_id, 1,"
                " last_updated, last_updated, 'RESET_BY_DCC', device_type, csp,"
                " responsible_supplier_ids from tracking_live");
    apply(sql, "hub_delivered", NULL);
    sql_expect(sql, "AWAITING_CSP", "select status from tracking_live");
    expect_told(sql, "hub_delivered", "another request", "N61", TO_1);
}

static void the_matrix_says_what_the_table_says(void **state) {
    (void)state;
    struct buffer out = {0};
    tracking_explain(&out);
    for (int row = 0; row < ROWS; row++)
        for (int status = 0; status < STATUSES; status++) {
            bool moves = row_moves(row, status);
            char line[200];
            snprintf(line, sizeof line, "\n%-19s %-26s %s", table[row].event,
                     statuses[status], moves ? table[row].to : "stays");
            if (!strstr((const char *)out.data, line))
                fail_msg("no line:%s", line);
        }
    buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_event_in_every_status, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            events_of_one_device_are_applied_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_update_of_another_request_is_told_not_moved, set_up, tear_down),
        cmocka_unit_test(the_matrix_says_what_the_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
