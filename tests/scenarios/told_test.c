/* Who is told, and how often (requirement T8), and the report of
 * activations. */
#include "steps.h"

#define WITH(config_lines, csp_lines, ...)                                     \
    scenario_run(&(struct scenario_wish){.config = config_lines,               \
                                         .csp_config = csp_lines},             \
                 (const struct scenario_step[]){__VA_ARGS__, END})

/* ---- N39 after a change of supplier ---- */

/* Electricity goes to supplier 2, who has the gas already. */
#define THE_SUPPLIER_CHANGES                                                   \
    QUIET, ASKED(NEW),                                                         \
        {sql, "update smi_device set import_supplier_id = gas.id from (select" \
              " gas_supplier_id as id from smi_device where device_id ="       \
              " '{n1.gsme}') gas where device_id = '{n1.esme}'"},              \
        {sql, "select refresh_homes(null)"}, AT_HUB("#1"), {                   \
        says, "n1.ppmid 8F8B " NEW                                             \
    }

static void those_of_then_and_of_now(void **state) {
    (void)state;
    RUN(THE_SUPPLIER_CHANGES, N39_TO_BOTH, {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

static void those_of_now(void **state) {
    (void)state;
    WITH("[alerts]\nn39_recipients = current\n", NULL, THE_SUPPLIER_CHANGES,
         {is_told, "2 N39 n1.ppmid"}, {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

static void those_of_then(void **state) {
    (void)state;
    WITH("[alerts]\nn39_recipients = recorded\n", NULL, THE_SUPPLIER_CHANGES,
         N39_TO_BOTH, {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

/* A supplier of a home that it had when the update was accepted. */
static void a_supplier_that_left(void **state) {
    (void)state;
    WITH("[alerts]\nn39_recipients = recorded\n", NULL, QUIET,
         {sends, "1 11.4 " PPMID_IMAGE " m1.ppmid I99"},
         {is, "m1.ppmid APPROVED_FOR_DISTRIBUTION"},
         {sql, "update smi_device set import_supplier_id = other.id from"
               " (select gas_supplier_id as id from smi_device where device_id"
               " = '{n1.gsme}') other where device_id = '{m1.esme}'"},
         {sql, "select refresh_homes(null)"},
         {notifies, "north m1.ppmid Success"}, {is_told, "1 N61 m1.ppmid"},
         {says, "m1.ppmid 8F8B " NEW}, {is_told, "1 N39 m1.ppmid"},
         {is, "m1.ppmid FIRMWARE_ACTIVATED"});
}

/* ---- one N59 for a request ---- */

#define ONE_DEVICE_A_JOB "max_devices_per_job = 1\n"
#define THREE "n1.ppmid,n2.ppmid,n3.ppmid"
#define THREE_ASKED                                                            \
    QUIET, {sends, "1 11.4 " PPMID_IMAGE " " THREE " I99"}, {                  \
        is, THREE " APPROVED_FOR_DISTRIBUTION"                                 \
    }

static void three_jobs_of_one_request(void **state) {
    (void)state;
    WITH(NULL, ONE_DEVICE_A_JOB, THREE_ASKED, {tries, "north 3"},
         {is_told, "2 N59 " THREE}, {clock_by, "16m"});
}

static void an_alert_for_each_report(void **state) {
    (void)state;
    WITH("[alerts]\nn59_collect = 0s\n", ONE_DEVICE_A_JOB, THREE_ASKED,
         {is_told, "2 N59 n1.ppmid n2.ppmid n3.ppmid"});
}

static void a_report_that_is_waited_for(void **state) {
    (void)state;
    RUN({csp, "north silent 100"}, {csp, "south job 202"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid,c1.ppmid I99"},
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"}, {clock_by, "10m"},
        {holds, "0 select count(*) from alert where code = 'N59'"},
        {reports, "south c1.ppmid"}, {is_told, "2 N59 n1.ppmid,c1.ppmid"});
}

static void a_report_that_is_waited_for_in_vain(void **state) {
    (void)state;
    RUN({csp, "north silent 100"}, {csp, "south job 202"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid,c1.ppmid I99"},
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"}, {clock_by, "16m"},
        {is_told, "2 N59 n1.ppmid"}, {clock_by, "1h"},
        {reports, "south c1.ppmid"}, {clock_by, "16m"},
        {is_told, "2 N59 c1.ppmid"});
}

/* fotad is killed while it collects. */
static void collecting_goes_on_after_a_restart(void **state) {
    (void)state;
    RUN({csp, "north silent 100"}, {csp, "south job 202"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid,c1.ppmid I99"},
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"}, {restart, "kill"},
        {clock_by, "16m"}, {is_told, "2 N59 n1.ppmid"});
}

/* ---- versions of DUIS ---- */

/* Its request is of 5.4, but it is registered for a version that has none of
 * the three alerts: each stands as N999, and the other supplier hears what it
 * always heard. */
static void a_user_on_an_older_version(void **state) {
    (void)state;
    RUN({sql, "update service_user set duis_version = '4.0' where user_id ="
              " (select import_supplier_id from smi_device where device_id ="
              " '{n1.esme}')"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "2 N59 n1.ppmid"}, {is_told, "1 N999 n1.ppmid"},
        {is_told, "1 N999 n1.ppmid"}, {is_told, "1 N999 n1.ppmid"},
        {is_told, "2 N39 n1.ppmid"}, {is, "n1.ppmid FIRMWARE_ACTIVATED"},
        {holds, "3 select count(*) from sat_entry where kind = 'delivered'"
                " and code in ('N61', 'N62', 'N39') and detail like"
                " '%, as N999'"});
}

/* ---- the report of activations ---- */

#define REPORTED(member, value)                                                \
    { shows, "summary.0." member " " value " report rsat-004" }

static void an_activation_without_an_image(void **state) {
    (void)state;
    RUN({activates, "1 n1.esme " ESME_IMAGE},
        {is_told, "1 I0/GBCSPayload n1.esme"}, REPORTED("requested", "1"),
        REPORTED("failed", "1"));
}

static void an_activation_that_fails_later(void **state) {
    (void)state;
    RUN({devices, "activation_failed 100 n1.esme"},
        {sends, "1 11.1 " ESME_IMAGE " n1.esme I99"},
        {is_told, "2 N59 n1.esme"}, {is_told, "1 N61 n1.esme"},
        {is_told, "1 N62 n1.esme"}, {is_told, "1 8F72 n1.esme"},
        {activates, "1 n1.esme " ESME_IMAGE " 2h"},
        {is_told, "1 I0/GBCSPayload n1.esme"}, REPORTED("failed", "0"),
        {clock_by, "121m"}, {is_told, "1 8F67 n1.esme"},
        REPORTED("requested", "1"), REPORTED("failed", "1"));
}

static void an_activation_that_succeeds(void **state) {
    (void)state;
    RUN({sends, "1 11.1 " ESME_IMAGE " n1.esme I99"},
        {is_told, "2 N59 n1.esme"}, {is_told, "1 N61 n1.esme"},
        {is_told, "1 N62 n1.esme"}, {is_told, "1 8F72 n1.esme"},
        {activates, "1 n1.esme " ESME_IMAGE},
        {is_told, "1 I0/GBCSPayload n1.esme"}, REPORTED("requested", "1"),
        REPORTED("answered", "1"), REPORTED("failed", "0"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_of_then_and_of_now),
        cmocka_unit_test(those_of_now),
        cmocka_unit_test(those_of_then),
        cmocka_unit_test(a_supplier_that_left),
        cmocka_unit_test(three_jobs_of_one_request),
        cmocka_unit_test(an_alert_for_each_report),
        cmocka_unit_test(a_report_that_is_waited_for),
        cmocka_unit_test(a_report_that_is_waited_for_in_vain),
        cmocka_unit_test(collecting_goes_on_after_a_restart),
        cmocka_unit_test(a_user_on_an_older_version),
        cmocka_unit_test(an_activation_without_an_image),
        cmocka_unit_test(an_activation_that_fails_later),
        cmocka_unit_test(an_activation_that_succeeds),
    };
    return scenario_tests(tests, NULL, NULL);
}
