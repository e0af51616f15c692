/*
 * What a device says that it runs suspends it, where version_mismatch says so,
 * and gives it back the status that it had before (requirement F2).
 */
#include "support/check.h"
#include "support/pg.h"
#include "support/sql.h"

#include "base/arena.h"
#include "base/log.h"

static struct sql *sql;

#define METER "00:db:12:00:00:00:00:01"

static int set_up(void **state) {
    (void)state;
    sql = sql_open(pg_fresh_database());
    sql_do(sql, "insert into smi_device (device_id, chf_id, device_type,"
                " device_status, smets_version, manufacturer_id, model_id,"
                " hardware_version, hardware_revision, firmware_version)"
                " values ('" METER "', '00:db:12:00:00:00:00:09', 'PPMID',"
                " 'Commissioned', 'SMETS2', 1, 1, 1, 1, '\\x00000001');"
                "insert into cpl_entry (entry_id, device_type, manufacturer_id,"
                " model_id, hardware_version, hardware_revision,"
                " firmware_version, status) values"
                " ('1', 'PPMID', 1, 1, 1, 1, '\\x00000001', 'Active'),"
                " ('2', 'PPMID', 1, 1, 1, 1, '\\x00000002', 'Active'),"
                " ('3', 'PPMID', 1, 1, 1, 1, '\\x00000003', 'Withdrawn')");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    sql_close(sql);
    return 0;
}

/* It says that it runs that version, so many seconds after noon. */
static void says(int version, int seconds) {
    sql_do(sql,
           "select learn_versions(array[row(1, '" METER "',"
           " '\\x%08d', null, null, false, timestamptz"
           " '2030-01-01 12:00Z' + interval '%d s')::version_heard],"
           " '2030-01-01 13:00Z', '5 d')",
           version, seconds);
}

#define is(expected)                                                           \
    assert_string_equal(                                                       \
        sql_text(sql, "select concat_ws(' ', device_status, status_before,"    \
                      " encode(firmware_version, 'hex')) from smi_device"),    \
        expected)
#define trail_is(expected)                                                     \
    assert_string_equal(                                                       \
        sql_text(sql, "select coalesce(string_agg(code || ' ' || detail, '; '" \
                      " order by entry_no), '') from sat_entry where kind ="   \
                      " 'inventory' and code !~ '^0'"),                        \
        expected)

static void nothing_is_suspended_by_default(void **state) {
    (void)state;
    says(3, 1);
    is("Commissioned 00000003");
    says(4, 2);
    is("Commissioned 00000003");
    trail_is("");
}

/* Whoever suspended it. */
static void an_active_version_restores(void **state) {
    (void)state;
    sql_do(sql, "update smi_device set device_status ="
                " 'InstalledNotCommissioned'");
    sql_do(sql, "update smi_device set device_status = 'Suspended'");
    is("Suspended InstalledNotCommissioned 00000001");
    says(3, 1);
    is("Suspended InstalledNotCommissioned 00000003");
    says(2, 2);
    is("InstalledNotCommissioned 00000002");
    trail_is("InstalledNotCommissioned status was Suspended: it runs 00000002,"
             " which is active on the CPL");
    /* the version that the inventory has already does it as well */
    sql_do(sql, "update smi_device set device_status = 'Suspended',"
                " status_before = null");
    sql_do(sql, "update smi_device set status_before = null");
    says(2, 3);
    is("Commissioned 00000002");
    /* where that is not wished */
    sql_do(sql, "update smi_device set device_status = 'Suspended';"
                "update version_mismatch set restores = false");
    says(1, 4);
    is("Suspended Commissioned 00000001");
}

static void a_version_suspends_where_it_is_to(void **state) {
    (void)state;
    sql_do(sql, "update version_mismatch set suspends = true where alert in"
                " ('N50', 'N51')");
    says(1, 1);
    is("Commissioned 00000001");
    says(4, 2); /* not on the CPL: the inventory does not follow */
    is("Suspended Commissioned 00000001");
    says(4, 3);
    is("Suspended Commissioned 00000001");
    says(1, 4);
    is("Commissioned 00000001");
    says(3, 5);
    is("Suspended Commissioned 00000003");
    /* what is older than what is known changes nothing */
    says(2, 4);
    is("Suspended Commissioned 00000003");
    says(2, 6);
    is("Commissioned 00000002");
    trail_is("Suspended status was Commissioned: it runs 00000004, which is not"
             " listed on the CPL; Commissioned status was Suspended: it runs"
             " 00000001, which is active on the CPL; Suspended status was"
             " Commissioned: it runs 00000003, which is not active on the CPL;"
             " Commissioned status was Suspended: it runs 00000002, which is"
             " active on the CPL");
    /* one that has gone is not suspended */
    sql_do(sql, "update smi_device set device_status = 'Decommissioned'");
    says(3, 7);
    is("Decommissioned 00000003");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_suspended_by_default, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_active_version_restores, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_version_suspends_where_it_is_to,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
