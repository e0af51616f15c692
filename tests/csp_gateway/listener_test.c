/* Who may speak, what is read at all, and validation reports. */
#include "says.h"
#include "support/logged.h"

#include "base/metrics.h"

/* ---- who may speak, and what is read at all ---- */

/* One with a wrong token comes three times a second: it is said once. */
static size_t unknown_said(void) {
    char *rest = NULL;
    size_t lines = 0;
    for (const char *line; (line = logged_next(&rest));)
        lines += strstr(line, "warning csp.unknown") != NULL &&
                 strstr(line, "inbound_token") != NULL;
    return lines;
}

static bool are_counted(const char *line) {
    struct buffer text = {0};
    metrics_render(&text);
    bool has = strstr((const char *)text.data, line) != NULL;
    buffer_free(&text);
    return has;
}

static void who_is_not_known_is_answered_401(void **state) {
    struct scene *scene = *state;
    static const char *const wrong[] = {
        NULL,          "Bearer",        "Bearer ",         "Bearer north",
        "Bearer ours", "Basic north's", "Bearer north's2", "north's",
    };
    logged_begin(LOG_LEVEL_WARNING);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(
            post(scene, wrong[i], REPORTS,
                 quoted(scene, "{'reportId':'r','jobId':'" NORTH_JOB
                               "','rejected':[]}")),
            401);
        assert_non_null(strstr((char *)scene->answer.body.data,
                               "\"type\":\"about:blank\""));
    }
    assert_int_equal(unknown_said(), 1);
    assert_true(are_counted("fotad_csp_unknown_total 8\n"));
    expect(&scene->world, "0", "select count(*)::text from csp_message");
    assert_string_equal(alerts(scene), "none");
}

static int open_without_token(void **state) {
    return open_with(state, "");
}

/* A CSP that has no token is nobody, also to one who presents none. */
static void a_csp_without_a_token_is_nobody(void **state) {
    struct scene *scene = *state;
    assert_int_equal(post(scene, "Bearer ", REPORTS, span_text("{}")), 401);
    assert_int_equal(post(scene, NULL, REPORTS, span_text("{}")), 401);
}

static void what_is_not_such_json_is_refused_whole(void **state) {
    struct scene *scene = *state;
    static const struct {
        const char *path, *body;
        unsigned status;
    } cases[] = {
        {REPORTS, "", 400},
        {REPORTS, "nonsense", 400},
        {REPORTS, "[]", 400},
        {REPORTS, "'text'", 400},
        {REPORTS, "{'reportId':'r'} {}", 400},
        {REPORTS, "{'reportId':'r','reportId':'s'}", 400},
        {REPORTS, "{'reportId':'\xff'}", 400},
        {NOTIFICATIONS, "{", 400},
        {NOTIFICATIONS, "7", 400},
        {NOTIFICATIONS, "null", 400},
        {NOTIFICATIONS, "'{}'", 400},
        {NOTIFICATIONS, "[{'a':1,'a':2}]", 400},
        {NOTIFICATIONS, "[[[[[[[[[]]]]]]]]]", 400},
        {MESSAGES, "[{},]", 400},
        {MESSAGES, "<xml/>", 400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (north_says(scene, cases[i].path, cases[i].body) != cases[i].status)
            fail_msg("row %zu: %u", i, scene->answer.status);
    expect(&scene->world, "0", "select count(*)::text from csp_message");
}

/* Also what would fill the memory if it were read first. */
static void what_is_too_much_is_refused_whole(void **state) {
    struct scene *scene = *state;
    struct buffer body = {0};
    buffer_text(&body, "[");
    for (int i = 0; i < 10001; i++)
        buffer_printf(&body, "%s{}", i ? "," : "");
    buffer_text(&body, "]");
    assert_int_equal(
        post(scene, "Bearer north's", NOTIFICATIONS, buffer_span(&body)), 413);
    body.len = 0;
    for (int i = 0; i < 500000; i++)
        buffer_text(&body, "[");
    assert_int_equal(
        post(scene, "Bearer north's", NOTIFICATIONS, buffer_span(&body)), 400);
    body.len = 0;
    buffer_text(&body, "[0");
    for (int i = 0; i < 500000; i++)
        buffer_text(&body, ",0");
    assert_int_equal(
        post(scene, "Bearer north's", NOTIFICATIONS, buffer_span(&body)), 400);
    memset(buffer_room(&body, 8 << 20), ' ', 8 << 20);
    body.len += 8 << 20;
    assert_int_equal(
        post(scene, "Bearer north's", NOTIFICATIONS, buffer_span(&body)), 413);
    buffer_free(&body);
}

/* ---- validation reports ---- */

static void devices_not_listed_are_accepted(void **state) {
    struct scene *scene = *state;
    north_says(
        scene, REPORTS,
        "{'reportId':'r1','jobId':'" NORTH_JOB "','rejected':["
        "{'deviceId':'00-00-00-00-00-00-11-02','reason':'IMAGE_INVALID'},"
        "{'deviceId':'00-00-00-00-00-00-11-04',"
        "'reason':'DEVICE_NOT_IDENTIFIED'},"
        "{'deviceId':'00-00-00-00-00-00-11-05',"
        "'reason':'DISTRIBUTION_EXPIRED'},"
        "{'deviceId':'00-00-00-00-00-00-11-06','reason':'NEW_REASON'}]}");
    expect_summary(scene, "1 0");
    assert_string_equal(statuses(scene),
                        "01 APPROVED_FOR_DISTRIBUTION, 02 REJECTED_BY_CSP,"
                        " 03 APPROVED_FOR_DISTRIBUTION, 04 REJECTED_BY_CSP,"
                        " 05 REJECTED_BY_CSP, 06 REJECTED_BY_CSP");
    /* N59 goes to the other supplier, of the accepted ones only */
    assert_string_equal(alerts(scene),
                        "N18 to 1 of 1, N19 to 1 of 1, N20 to 1 of 1,"
                        " N22 to 1 of 1, N59 to 2 of 2");
    expect(&scene->world, "{00:00:00:00:00:00:11:01,00:00:00:00:00:00:11:03}",
           "select device_ids::text from alert where code = 'N59'");
}

/* decision 8, also of two that were taken in one set. */
static void each_report_of_a_request_has_its_n59(void **state) {
    struct scene *scene = *state;
    script(&scene->world,
           "with other as (insert into csp_job (job_id, request_no, csp,"
           " device_type, devices, created, next_try) select"
           " '00000000-0000-4000-8000-000000000000', request_no, csp,"
           " device_type, 3, created, next_try from csp_job"
           " where job_id = '" NORTH_JOB "' returning job_no)"
           "update tracking_live set job_no = (select job_no from other)"
           " where device_id between '00:00:00:00:00:00:11:04'"
           " and '00:00:00:00:00:00:11:06'");
    script(&scene->world,
           "select take_validation_reports('{north,north}', '{r1,r2}',"
           " '{" NORTH_JOB ",00000000-0000-4000-8000-000000000000}', '{2}',"
           " '{00:00:00:00:00:00:11:05}', '{IMAGE_INVALID}', now(),"
           " interval '5 days')");
    assert_string_equal(statuses(scene),
                        "01 APPROVED_FOR_DISTRIBUTION, 02 "
                        "APPROVED_FOR_DISTRIBUTION,"
                        " 03 APPROVED_FOR_DISTRIBUTION, 04 "
                        "APPROVED_FOR_DISTRIBUTION,"
                        " 05 REJECTED_BY_CSP, 06 APPROVED_FOR_DISTRIBUTION");
    expect(&scene->world, "3, 2",
           "select string_agg(cardinality(device_ids)::text, ', '"
           " order by alert_no) from alert where code = 'N59'");
}

static void a_report_counts_once(void **state) {
    struct scene *scene = *state;
    const char *report =
        "{'reportId':'r1','jobId':'" NORTH_JOB "','rejected':[]}";
    north_says(scene, REPORTS, report);
    expect_summary(scene, "1 0");
    north_says(scene, REPORTS, report);
    expect_summary(scene, "0 1");
    /* the same identifier is another report when the other CSP says it */
    post(scene, "bearer south's", REPORTS,
         quoted(scene,
                "{'reportId':'r1','jobId':'" SOUTH_JOB "','rejected':[]}"));
    expect_summary(scene, "1 0");
    assert_string_equal(alerts(scene), "N59 to 2 of 6, N59 to 2 of 1");
}

static void what_is_wrong_with_a_report_is_told(void **state) {
    struct scene *scene = *state;
#define HEAD "{'reportId':'r1','jobId':'" NORTH_JOB "',"
    static const struct {
        const char *body, *summary;
    } cases[] = {
        {"{}", "0 0 [0: reportId: missing]"},
        {"{'reportId':7}", "0 0 [0: reportId: not 1 to 128 characters]"},
        {"{'reportId':''}", "0 0 [0: reportId: not 1 to 128 characters]"},
        {"{'reportId':'a\\nb'}", "0 0 [0: reportId: not 1 to 128 characters]"},
        {"{'reportId':'r','jobId':'1'}", "0 0 [0: jobId: not a UUID]"},
        {"{'reportId':'r','jobId':'" NORTH_JOB "'}",
         "0 0 [0: rejected: not an array]"},
        {"{'reportId':'r','jobId':'" SOUTH_JOB "','rejected':[]}",
         "0 0 [0: jobId: not known]"},
        {"{'reportId':'r','jobId':'00000000-0000-4000-8000-0000000000ff',"
         "'rejected':[]}",
         "0 0 [0: jobId: not known]"},
        /* a bad row refuses the report: its device would count as accepted */
        {HEAD "'rejected':[{'deviceId':'00-00-00-00-00-00-11-01',"
              "'reason':'OTHER'},{'deviceId':'11-01','reason':'OTHER'},7,"
              "{'deviceId':'00-00-00-00-00-00-11-02'}]}",
         "0 0 [1: deviceId: not an EUI-64] [2: not a JSON object]"
         " [3: reason: missing]"},
        /* a device that the job has not does not */
        {HEAD "'rejected':[{'deviceId':'00-00-00-00-00-00-21-01',"
              "'reason':'OTHER'},{'deviceId':'00-00-00-00-00-00-11-01',"
              "'reason':'OTHER'}]}",
         "1 0 [0: deviceId: not in the job]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        north_says(scene, REPORTS, cases[i].body);
        expect_summary(scene, cases[i].summary);
    }
    assert_string_equal(alerts(scene), "N22 to 1 of 1, N59 to 2 of 5");
}

int main(void) {
    test_clock_open(NULL);
    const struct CMUnitTest tests[] = {
        TEST(who_is_not_known_is_answered_401),
        cmocka_unit_test_setup_teardown(a_csp_without_a_token_is_nobody,
                                        open_without_token, close_scene),
        TEST(what_is_not_such_json_is_refused_whole),
        TEST(what_is_too_much_is_refused_whole),
        TEST(devices_not_listed_are_accepted),
        TEST(each_report_of_a_request_has_its_n59),
        TEST(a_report_counts_once),
        TEST(what_is_wrong_with_a_report_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
