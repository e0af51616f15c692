/* Anomaly detection (scenario 15): below the warning level, in excess of it, in
 * excess of the quarantine level; released and rejected; 11.4 counted apart
 * from 11.1. */
#include "steps.h"

#include "fotasim/estate.h"

#define WARNINGS(count)                                                        \
    { holds, #count " select count(*) from sat_entry where kind = 'warning'" }
#define NOT_TRACKED(device)                                                    \
    {                                                                          \
        holds,                                                                 \
            "0 select count(*) from tracking where device_id = '{" device "}'" \
    }

/* ---- steps ---- */

static const char *const *program(struct scenario *s, const char *const *more) {
    static const char *arguments[16];
    size_t count = 0;
    arguments[count++] = "fotactl";
    arguments[count++] = "--config";
    arguments[count++] = s->config_path;
    while (*more)
        arguments[count++] = *more++;
    arguments[count] = NULL;
    return arguments;
}

/* "1 11.4 1h 2 3": supplier 1's, in one hour: warning, quarantine; "all" for
 * all Users together. */
static void limits(struct scenario *s, char **words) {
    char user[EUI64_TEXT_SIZE];
    bool all = strcmp(words[0], "all") == 0;
    size_t supplier = all ? 0 : strtoul(words[0], NULL, 10) - 1;
    const char *const set[] = {"thresholds",
                               "set",
                               words[1],
                               "--period",
                               words[2],
                               "--warning",
                               words[3],
                               "--quarantine",
                               words[4],
                               all ? NULL : "--user",
                               eui64_format(sim_suppliers[supplier], user),
                               NULL};
    if (scenario_program(s, program(s, set)) != 0)
        scenario_fail(s, "the threshold is not set");
}

/* "release 1": as the Service Desk does, with the first that was held. Numbers
 * have gaps where a transaction was tried again. */
static void desk(struct scenario *s, char **words) {
    const char *number = scenario_ask(s,
                                      "select hold_no::text from held_request"
                                      " order by hold_no offset %s - 1 limit 1",
                                      words[1]);
    const char *const decide[] = {"quarantine", words[0], number,
                                  "--reason",   "a test", NULL};
    if (scenario_program(s, program(s, decide)) != 0)
        scenario_fail(s, "it is not decided on");
}

/* ---- 15 ---- */

static void warning_quarantine_release_and_reject(void **state) {
    (void)state;
    RUN({csp, "north silent 100"}, {limits, "1 11.4 1h 1 2"},
        {limits, "1 11.1 1h 1 1"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"}, WARNINGS(0),
        {sends, "1 11.4 " PPMID_IMAGE " n2.ppmid I99"}, WARNINGS(1),
        {logs, "anomaly.warning variant=11.4"},
        {is_told, "2 N59 n1.ppmid n2.ppmid"},
        {sends, "1 11.4 " PPMID_IMAGE " n3.ppmid I99"}, {is_told, "1 N46 dcc"},
        {logs, "anomaly.held variant=11.4"}, NOT_TRACKED("n3.ppmid"),
        {sends, "1 11.1 " HCALCS_IMAGE " n5.hcalcs I99"},
        {is_told, "2 N59 n5.hcalcs"},
        {sends, "1 11.1 " HCALCS_IMAGE " n6.hcalcs I99"},
        {is_told, "1 N46 dcc"}, NOT_TRACKED("n6.hcalcs"),
        {sends, "2 11.4 " PPMID_IMAGE " n4.ppmid I99"},
        {is_told, "1 N59 n4.ppmid"},
        /* what a User took and was not noted is said again after a kill */
        {holds, "0 select count(*) from alert"}, {restart, "kill"},
        {desk, "release 1"}, {is_told, "1 I99/ dcc"},
        {is_told, "2 N59 n3.ppmid"}, {is, "n3.ppmid APPROVED_FOR_DISTRIBUTION"},
        {desk, "reject 2"}, {is_told, "1 E71/ dcc"}, NOT_TRACKED("n6.hcalcs"),
        WARNINGS(1), {sends, "1 11.4 " PPMID_IMAGE " n5.ppmid I99"},
        {is_told, "1 N46 dcc"}, {clock_by, "61m"},
        {sends, "1 11.4 " PPMID_IMAGE " n6.ppmid I99"},
        {is_told, "2 N59 n6.ppmid"});
}

/* All Users together; a released request goes all the way. */
static void dccs_threshold(void **state) {
    (void)state;
    RUN({csp, "north silent 100"}, {limits, "all 11.4 1d 1 1"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "2 N59 n1.ppmid"}, {csp, "north"},
        {sends, "2 11.4 " PPMID_IMAGE " n2.ppmid I99"}, {is_told, "2 N47 dcc"},
        NOT_TRACKED("n2.ppmid"), {desk, "release 1"}, {is_told, "2 I99/ dcc"},
        {is_told, "1 N59 n2.ppmid"}, {is_told, "2 N61 n2.ppmid"},
        {is_told, "2 N62 n2.ppmid"}, {is_told, "1 N39 n2.ppmid"},
        {is_told, "2 N39 n2.ppmid"}, {is, "n2.ppmid FIRMWARE_ACTIVATED"});
}

/* What changed while it was held counts. */
static void the_cpl_entry_is_withdrawn_meanwhile(void **state) {
    (void)state;
    RUN({limits, "1 11.4 1h 0 0"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"}, {is_told, "1 N46 dcc"},
        {sql, "update cpl_entry set status = 'Withdrawn'"}, {desk, "release 1"},
        {is_told, "1 E110402/ dcc"}, NOT_TRACKED("n1.ppmid"));
}

/* Commands to devices count as one device each; a Transform has no effect on
 * any and counts none. */
static void commands_are_held_too(void **state) {
    (void)state;
    RUN({limits, "1 11.2 1h 0 0"}, {limits, "1 11.3 1h 0 0"},
        {reads, "1 n1.ppmid"}, {is_told, "1 N46 dcc"}, {desk, "release 1"},
        {is_told, "1 I0/GBCSPayload n1.ppmid"}, {reads, "1 n2.ppmid"},
        {is_told, "1 N46 dcc"}, {desk, "reject 2"},
        {is_told, "1 E71/ n2.ppmid"},
        {sends, "1 11.1 " ESME_IMAGE " n1.esme I99"},
        {is_told, "2 N59 n1.esme"}, {is_told, "1 N61 n1.esme"},
        {is_told, "1 N62 n1.esme"}, {is_told, "1 8F72 n1.esme"},
        {activates, "1 n1.esme " ESME_IMAGE}, {is_told, "1 N46 dcc"},
        {is, "n1.esme SUCCESSFUL_HAN_TRANSFER"}, {desk, "release 3"},
        {is_told, "1 I0/GBCSPayload n1.esme"},
        {is, "n1.esme FIRMWARE_ACTIVATED"});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warning_quarantine_release_and_reject),
        cmocka_unit_test(dccs_threshold),
        cmocka_unit_test(the_cpl_entry_is_withdrawn_meanwhile),
        cmocka_unit_test(commands_are_held_too),
    };
    return scenario_tests(tests, NULL, NULL);
}
