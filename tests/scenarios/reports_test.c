/* CSPs that never report or contradict themselves, and times that nobody
 * believes (requirements T6 and T7; scenario 24). */
#include "steps.h"

/* ---- CSPs that say nothing, or two things ---- */

#define TAKES_IT_AND_IS_SILENT                                                 \
    {csp, "north job 202"}, {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"}, {  \
        holds, "1 select count(*) from csp_job where state = 'handed_over'"    \
    }

static void a_csp_never_reports(void **state) {
    (void)state;
    RUN(TAKES_IT_AND_IS_SILENT, {clock_by, "119h"},
        {is, "n1.ppmid AWAITING_CSP"}, {clock_by, "2h"},
        {is_told_of, "1 N21 #1 n1.ppmid"}, {logs, "csp.silent csp=north"},
        {measures, "fotad_csp_silent_jobs_total{csp=\"north\"} 1"},
        {csp, "north"}, {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "2 N59 n1.ppmid"}, {is_told_of, "1 N61 #2 n1.ppmid"},
        {is_told_of, "1 N62 #2 n1.ppmid"}, N39_TO_BOTH,
        {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

static void a_csp_reports_after_all(void **state) {
    (void)state;
    RUN(TAKES_IT_AND_IS_SILENT, {clock_by, "121h"}, {is_told, "1 N21 n1.ppmid"},
        {reports, "north n1.ppmid"}, {is_told, "2 N59 n1.ppmid"},
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"}, AT_HUB("#1"),
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"},
        COUNT("#1", "SUCCESSFUL_CH_TRANSFER", "1"));
}

/* It worked, although the CSP never said so. */
static void a_silent_csp_delivers(void **state) {
    (void)state;
    RUN(TAKES_IT_AND_IS_SILENT, {clock_by, "1d"}, PPMID_SAYS(NEW),
        {is, "n1.ppmid FIRMWARE_ACTIVATED"}, {clock_by, "5d"},
        {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

/* The desk sees it. */
#define IT_CONTRADICTS                                                         \
    {holds, "2 select count(*) from sat_entry where kind = 'report'"}, {       \
        holds, "1 select count(*) from sat_entry where kind = 'report'"        \
               " and detail like '%contradicts%'"                              \
    }

static void a_second_report_rejects(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {reports, "north n1.ppmid IMAGE_INVALID"},
        IT_CONTRADICTS, {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"},
        COUNT("#1", "APPROVED_FOR_DISTRIBUTION", "1"));
}

static void a_second_report_accepts(void **state) {
    (void)state;
    RUN({csp, "north device n1.ppmid reject IMAGE_INVALID"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {is_told, "1 N18 n1.ppmid"}, {reports, "north n1.ppmid"},
        IT_CONTRADICTS, {is, "n1.ppmid REJECTED_BY_CSP IMAGE_INVALID"});
}

static void a_second_report_says_the_same(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), {reports, "north n1.ppmid"},
        {holds, "2 select count(*) from sat_entry where kind = 'report'"},
        {holds, "0 select count(*) from sat_entry where detail like"
                " '%contradicts%'"},
        {is, "n1.ppmid APPROVED_FOR_DISTRIBUTION"});
}

/* ---- times that nobody believes ---- */

/* What waits for a User can be looked at. */
#define WHILE_NOBODY_LISTENS(...)                                              \
    {users, "all down"}, __VA_ARGS__, {users, "all up"}, {                     \
        clock_by, "16m"                                                        \
    }
#define OURS(code)                                                             \
    {                                                                          \
        holds, "t select max(event_time) < '2100-01-01' from alert"            \
               " where code = '" code "'"                                      \
    }
#define IN_THE_TRAIL(count)                                                    \
    {                                                                          \
        holds, count " select count(*) from sat_entry where detail like"       \
                     " '%2199-01-01%'"                                         \
    }

static void a_notification_of_another_century(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW),
        WHILE_NOBODY_LISTENS(
            {notifies, "north n1.ppmid Success at 2199-01-01T00:00:00Z"},
            OURS("N61")),
        {is_told_of, "1 N61 #1 n1.ppmid"}, IN_THE_TRAIL("1"),
        {is, "n1.ppmid SUCCESSFUL_CH_TRANSFER"}, {clock_by, "1h"},
        PPMID_SAYS(NEW), {is, "n1.ppmid FIRMWARE_ACTIVATED"});
}

static void a_hub_of_another_century(void **state) {
    (void)state;
    RUN(QUIET, ASKED(NEW), AT_HUB("#1"), {clock_by, "1h"},
        WHILE_NOBODY_LISTENS(
            {says, "n1.hub 8F8A n1.ppmid " NEW " at 2199-01-01T00:00:00Z"},
            OURS("N62")),
        {is_told_of, "1 N62 #1 n1.ppmid"}, IN_THE_TRAIL("1"),
        {is, "n1.ppmid SUCCESSFUL_HAN_TRANSFER"});
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_csp_never_reports),
        cmocka_unit_test(a_csp_reports_after_all),
        cmocka_unit_test(a_silent_csp_delivers),
        cmocka_unit_test(a_second_report_rejects),
        cmocka_unit_test(a_second_report_accepts),
        cmocka_unit_test(a_second_report_says_the_same),
        cmocka_unit_test(a_notification_of_another_century),
        cmocka_unit_test(a_hub_of_another_century),
    };
    return scenario_tests(tests, NULL, NULL);
}
