/*
 * Table 3 against the database: every event in every status, one device each.
 * The expected column is the table of requirement C2 written out: where an
 * event moves the device, everywhere else it is told, not moved.
 */
#include "support/tracked_world.h"

#include <stdio.h>

static const char *const statuses[] = {
    /* In Progress */
    "AWAITING_CSP", "APPROVED_FOR_DISTRIBUTION", "SUCCESSFUL_CH_TRANSFER",
    "SUCCESSFUL_HAN_TRANSFER",
    /* not any more */
    "REJECTED_BY_DSP", "REJECTED_BY_CSP", "FAILED_CH_TRANSFER",
    "FAILED_HAN_TRANSFER", "HAN_DISCARDED", "HAN_REJECTED_HW_MISMATCH",
    "FIRMWARE_ACTIVATED", "ACTIVATION_FAILED", "RESET_BY_DCC"};
enum { STATUSES = sizeof statuses / sizeof *statuses, IN_PROGRESS = 4 };

/* Who is told, as a set. The sender is supplier 1; 1 and 2 supply the home. */
enum { TO_1 = 1, TO_2 = 2 };

static const struct {
    const char *event, *reason;
    int moves_from, moves_up_to; /* places in `statuses` */
    const char *to, *alert;
    int told;
} table[] = {
    {"csp_refused", "IMAGE_INVALID", 0, 0, "REJECTED_BY_CSP", "N18", TO_1},
    {"csp_refused", "DEVICE_NOT_IDENTIFIED", 0, 0, "REJECTED_BY_CSP", "N19",
     TO_1},
    {"csp_refused", "DISTRIBUTION_EXPIRED", 0, 0, "REJECTED_BY_CSP", "N20",
     TO_1},
    {"csp_refused", "OTHER", 0, 0, "REJECTED_BY_CSP", "N22", TO_1},
    {"csp_refused", "SOMETHING_NEW", 0, 0, "REJECTED_BY_CSP", "N22", TO_1},
    {"csp_accepted", NULL, 0, 0, "APPROVED_FOR_DISTRIBUTION", "N59", TO_2},
    {"csp_never_answered", "NEVER_ANSWERED", 0, 0, "REJECTED_BY_CSP", "N21",
     TO_1},
    {"hub_failed", NULL, 0, 1, "FAILED_CH_TRANSFER", "N60", TO_1},
    {"hub_delivered", NULL, 0, 1, "SUCCESSFUL_CH_TRANSFER", "N61", TO_1},
    {"han_failed", NULL, 0, 2, "FAILED_HAN_TRANSFER", "N62", TO_1},
    {"han_delivered", NULL, 0, 2, "SUCCESSFUL_HAN_TRANSFER", "N62", TO_1},
    {"han_discarded", NULL, 0, 2, "HAN_DISCARDED", "N62", TO_1},
    {"han_mismatch", NULL, 0, 2, "HAN_REJECTED_HW_MISMATCH", "N62", TO_1},
    {"device_activated", NULL, 0, 3, "FIRMWARE_ACTIVATED", "N39", TO_1 | TO_2},
    {"device_failed", NULL, 0, 3, "ACTIVATION_FAILED", "N39", TO_1 | TO_2},
    {"version_seen", NULL, 3, 3, "FIRMWARE_ACTIVATED", NULL, 0},
    {"reset", NULL, 0, 3, "RESET_BY_DCC", NULL, 0},
};
enum { ROWS = sizeof table / sizeof *table };

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
    return world_open(state, home);
}

static void put_device_into(struct world *world, int status) {
    script(world, "truncate tracking_live; truncate tracking_history;"
                  "truncate alert");
    const char *columns =
        "(device_id, chf_id, request_no, last_updated, %s, status,"
        " device_type, csp, responsible_supplier_ids) values"
        " ('00-00-00-00-00-00-01-03', '00-00-00-00-00-00-01-00', 1,"
        " '2030-01-01', '2030-01-02', '%s', 'PPMID', 'north',"
        " '{00-00-00-00-00-00-00-01,00-00-00-00-00-00-00-02}')";
    char values[512], sql[600];
    bool live = status < IN_PROGRESS;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(values, sizeof values, columns, live ? "release_due" : "released",
             statuses[status]);
#pragma GCC diagnostic pop
    snprintf(sql, sizeof sql, "insert into %s %s",
             live ? "tracking_live" : "tracking_history", values);
    script(world, sql);
}

static void apply(struct world *world, const char *event, const char *reason) {
    char sql[600];
    snprintf(sql, sizeof sql,
             "select apply_events(array[row(1, '%s',"
             " '00-00-00-00-00-00-01-03', 1, %s%s%s,"
             " '00-00-00-00-00-00-01-00', null, '2030-01-01', null, 0)"
             "::tracking_event], '2030-01-01 12:00', '5d')",
             event, reason ? "'" : "", reason ? reason : "null",
             reason ? "'" : "");
    script(world, sql);
}

static struct db_rows *ask(struct world *world,
                           const struct db_statement *statement) {
    struct db_rows *rows;
    if (db_run(world->db, statement, NULL, world->arena, &rows) != DONE)
        fail_msg("%s", db_reason(world->db));
    return rows;
}

static void expect_status(struct world *world, const char *event,
                          const char *before, const char *expected) {
    static const struct db_statement latest = {
        "latest_status",
        "select status::text, in_progress(status) = (released is null)"
        " from tracking order by last_updated desc, released nulls last"
        " limit 1"};
    struct db_rows *rows = ask(world, &latest);
    if (strcmp(db_get_text(rows, 0, 0), expected) != 0)
        fail_msg("%s in %s: %s, not %s", event, before, db_get_text(rows, 0, 0),
                 expected);
    assert_true(db_get_bool(rows, 0, 1));
}

static void expect_told(struct world *world, const char *event,
                        const char *before, const char *alert, int expected) {
    static const struct db_statement told = {
        "told", "select user_id, code, firmware_version from alert"};
    struct db_rows *rows = ask(world, &told);
    int to = 0;
    for (size_t i = 0; i < db_row_count(rows); i++) {
        to |= (int)db_get_eui64(rows, i, 0);
        assert_string_equal(db_get_text(rows, i, 1), alert);
    }
    if (to != expected || db_row_count(rows) > 2)
        fail_msg("%s in %s: told %d, not %d", event, before, to, expected);
}

static void every_event_in_every_status(void **state) {
    struct world *world = *state;
    for (int row = 0; row < ROWS; row++)
        for (int status = 0; status < STATUSES; status++) {
            put_device_into(world, status);
            apply(world, table[row].event, table[row].reason);
            bool moves = status >= table[row].moves_from &&
                         status <= table[row].moves_up_to;
            expect_status(world, table[row].event, statuses[status],
                          moves ? table[row].to : statuses[status]);
            expect_told(world, table[row].event, statuses[status],
                        table[row].alert, table[row].told);
            arena_reset(world->arena);
        }
}

/* Both reports of one device in one batch: in their order, each told once. */
static void events_of_one_device_are_applied_in_order(void **state) {
    struct world *world = *state;
    put_device_into(world, 0);
    script(world, "select apply_events(array["
                  "row(2, 'hub_delivered', '00-00-00-00-00-00-01-03', 1, null,"
                  " null, null, '2030-01-01', null, 1)::tracking_event,"
                  "row(3, 'han_failed', '00-00-00-00-00-00-01-03', 1, null,"
                  " null, null, '2030-01-01', null, 3)::tracking_event,"
                  "row(1, 'csp_accepted', '00-00-00-00-00-00-01-03', 1, null,"
                  " null, null, '2030-01-01', null, null)::tracking_event],"
                  " '2030-01-01 12:00', '5d')");
    expect_status(world, "three", "AWAITING_CSP", "FAILED_HAN_TRANSFER");
    static const struct db_statement codes = {
        "codes", "select string_agg(code, ' ' order by alert_no) from alert"};
    assert_string_equal(db_get_text(ask(world, &codes), 0, 0), "N59 N61 N62");
}

static void an_update_of_another_request_is_told_not_moved(void **state) {
    struct world *world = *state;
    put_device_into(world, 0);
    script(world, "update tracking_live set request_no = 2;"
                  "insert into tracking_history select device_id, chf_id, 1,"
                  " null, last_updated, last_updated, 'RESET_BY_DCC',"
                  " device_type, csp, null, responsible_supplier_ids"
                  " from tracking_live");
    apply(world, "hub_delivered", NULL);
    static const struct db_statement live = {
        "live", "select status::text from tracking_live"};
    assert_string_equal(db_get_text(ask(world, &live), 0, 0), "AWAITING_CSP");
    expect_told(world, "hub_delivered", "another request", "N61", TO_1);
}

static void the_matrix_says_what_the_table_says(void **state) {
    (void)state;
    struct buffer out = {0};
    tracking_explain(&out);
    for (int row = 0; row < ROWS; row++)
        for (int status = 0; status < STATUSES; status++) {
            bool moves = status >= table[row].moves_from &&
                         status <= table[row].moves_up_to;
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
                                        world_close),
        cmocka_unit_test_setup_teardown(
            events_of_one_device_are_applied_in_order, set_up, world_close),
        cmocka_unit_test_setup_teardown(
            an_update_of_another_request_is_told_not_moved, set_up,
            world_close),
        cmocka_unit_test(the_matrix_says_what_the_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
