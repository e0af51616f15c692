/*
 * What CSPs bring, over HTTP: who may speak, what is read, what is taken, what
 * becomes of the devices, and what is answered. In the tables ' stands for ".
 */
#include "world.h"

#include "base/base64.h"
#include "csp_gateway/notify.h"
#include "gbcs/message.h"
#include "http/client.h"

#include <jansson.h>

#define REPORTS "/csp/v1/validation-reports"
#define NOTIFICATIONS "/csp/v1/delivery-notifications"
#define MESSAGES "/csp/v1/gbcs-messages"

#define NORTH_JOB "00000000-0000-4000-8000-000000000001"
#define SOUTH_JOB "00000000-0000-4000-8000-000000000002"

struct scene {
    struct world world;
    struct http_listener *listener;
    struct http_client *client;
    struct http_answer answer;
};

/* Two jobs that were handed over: north's of devices 1 to 6, south's of 1. */
static const char jobs[] =
    "insert into csp_job (job_id, request_no, csp, device_type, devices,"
    " created, state, next_try, ended)"
    " select ('00000000-0000-4000-8000-00000000000' || request_no)::uuid,"
    " request_no, csp, 'PPMID', devices, now(), 'handed_over', now(), now()"
    " from distribution;"
    "update tracking_live set job_no = request_no;";

static int open_scene(void **state) {
    static struct scene scene;
    scene = (struct scene){.listener = NULL};
    world_open(&scene.world);
    accept_request(&scene.world, 1, "north", 1, 6);
    accept_request(&scene.world, 2, "south", 1, 1);
    script(&scene.world, "%s", jobs);
    const char *reason;
    scene.listener = http_listen(
        &(struct http_options){.name = "csp_gateway",
                               .address = "127.0.0.1:0",
                               .routes = csp_routes(8 << 20),
                               .route_count = csp_route_count,
                               .worker_start = csp_worker_start,
                               .worker_stop = csp_worker_stop,
                               .worker_context = &scene.world.config},
        &reason);
    assert_non_null(scene.listener);
    scene.client = http_client_new(&(struct http_client_options){0});
    *state = &scene;
    return 0;
}

static int close_scene(void **state) {
    struct scene *scene = *state;
    if (!scene)
        return 0;
    http_answer_free(&scene->answer);
    http_client_free(scene->client);
    http_close(scene->listener);
    world_close(&scene->world);
    return 0;
}

static unsigned post(struct scene *scene, const char *authorization,
                     const char *path, struct span body) {
    struct arena *arena = scene->world.arena;
    const char *headers[] = {
        "Content-Type: application/json",
        authorization ? arena_printf(arena, "Authorization: %s", authorization)
                      : NULL,
        NULL};
    http_answer_free(&scene->answer);
    http_client_send(scene->client,
                     &(struct http_message){
                         .method = "POST",
                         .url = arena_printf(arena, "http://127.0.0.1:%u%s",
                                             http_port(scene->listener), path),
                         .headers = headers,
                         .body = body},
                     &scene->answer);
    return scene->answer.status;
}

static struct span quoted(struct scene *scene, const char *text) {
    char *body = arena_text(scene->world.arena, span_text(text));
    for (char *c = body; *c; c++)
        if (*c == '\'')
            *c = '"';
    return span_text(body);
}

static unsigned north_says(struct scene *scene, const char *path,
                           const char *text) {
    return post(scene, "Bearer north's", path, quoted(scene, text));
}

/* "2 1 [0: reason] [3: reason]": accepted, duplicates, rejected */
static const char *summary(struct scene *scene) {
    struct arena *arena = scene->world.arena;
    json_t *json = json_loadb((const char *)scene->answer.body.data,
                              scene->answer.body.len, 0, NULL);
    if (!json)
        return "no JSON";
    const char *text = arena_printf(
        arena, "%d %d",
        (int)json_integer_value(json_object_get(json, "accepted")),
        (int)json_integer_value(json_object_get(json, "duplicates")));
    const json_t *rejected = json_object_get(json, "rejected");
    for (size_t i = 0; i < json_array_size(rejected); i++) {
        const json_t *row = json_array_get(rejected, i);
        text =
            arena_printf(arena, "%s [%d: %s]", text,
                         (int)json_integer_value(json_object_get(row, "index")),
                         json_string_value(json_object_get(row, "reason")));
    }
    json_decref(json);
    return text;
}

#define expect_summary(scene, expected)                                        \
    do {                                                                       \
        assert_int_equal((scene)->answer.status, 200);                         \
        assert_string_equal(summary(scene), expected);                         \
    } while (0)

static const char *statuses(struct scene *scene) {
    return ask(&scene->world,
               "select string_agg(right(device_id::text, 2) || ' ' || status,"
               " ', ' order by device_id) from tracking where request_no = 1"
               " and status <> 'AWAITING_CSP'");
}

static const char *alerts(struct scene *scene) {
    return ask(&scene->world, "select coalesce(string_agg(code || ' to ' ||"
                              " right(user_id::text, 1) || ' of ' ||"
                              " coalesce(right(device_id::text, 2),"
                              " cardinality(device_ids)::text), ', '"
                              " order by code, alert_no), 'none') from alert");
}

/* ---- who may speak, and what is read at all ---- */

static void who_is_not_known_is_answered_401(void **state) {
    struct scene *scene = *state;
    static const char *const wrong[] = {
        NULL,          "Bearer",        "Bearer ",         "Bearer north",
        "Bearer ours", "Basic north's", "Bearer north's2", "north's",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(
            post(scene, wrong[i], REPORTS,
                 quoted(scene, "{'reportId':'r','jobId':'" NORTH_JOB
                               "','rejected':[]}")),
            401);
        assert_non_null(strstr((char *)scene->answer.body.data,
                               "\"type\":\"about:blank\""));
    }
    expect(&scene->world, "0", "select count(*)::text from csp_message");
    assert_string_equal(alerts(scene), "none");
}

/* A CSP that has no token is nobody, also to one who presents none. */
static void a_csp_without_a_token_is_nobody(void **state) {
    struct scene *scene = *state;
    scene->world.config.csps[0].inbound_token = "";
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

/* ---- delivery notifications ---- */

#define NOTIFICATION(id, hub, device, status)                                  \
    "{'notificationId':'" id "','jobId':'" NORTH_JOB                           \
    "','commsHubId':'00-00-00-00-00-00-" hub                                   \
    "','deviceId':'00-00-00-00-00-00-" device                                  \
    "','deviceType':'PPMID','firmwareVersion':'0000AB2A',"                     \
    "'timestamp':'2026-11-21T09:15:00Z','status':'" status "'}"

#define ACCEPT_ALL                                                             \
    north_says(scene, REPORTS,                                                 \
               "{'reportId':'r','jobId':'" NORTH_JOB "','rejected':[]}")

static void each_status_has_its_consequence(void **state) {
    struct scene *scene = *state;
    ACCEPT_ALL;
    north_says(scene, NOTIFICATIONS,
               "[" NOTIFICATION("n1", "10-01", "11-01", "Success") "," /**/
               NOTIFICATION("n2", "10-02", "11-02", "Failed") ","      /**/
               NOTIFICATION("n3", "10-03", "11-03", "Other") "]");
    expect_summary(scene, "3 0");
    assert_string_equal(statuses(scene),
                        "01 SUCCESSFUL_CH_TRANSFER, 02 FAILED_CH_TRANSFER,"
                        " 03 APPROVED_FOR_DISTRIBUTION,"
                        " 04 APPROVED_FOR_DISTRIBUTION,"
                        " 05 APPROVED_FOR_DISTRIBUTION,"
                        " 06 APPROVED_FOR_DISTRIBUTION");
    assert_string_equal(alerts(scene),
                        "N59 to 2 of 6, N60 to 1 of 02, N61 to 1 of 01");
    expect(&scene->world, "2026-11-21 09:15:00+00",
           "select event_time::text from alert where code = 'N61'");
    expect(&scene->world, "03 Other n3",
           "select right(device_id::text, 2) || ' ' || code || ' ' || detail"
           " from sat_entry where kind = 'notification' and code = 'Other'");
}

static void a_single_object_is_a_batch_of_one(void **state) {
    struct scene *scene = *state;
    ACCEPT_ALL;
    north_says(scene, NOTIFICATIONS,
               NOTIFICATION("n1", "10-01", "11-01", "Success"));
    expect_summary(scene, "1 0");
    north_says(scene, NOTIFICATIONS,
               NOTIFICATION("n2", "10-01", "11-07", "Success"));
    expect_summary(scene, "0 0 [0: deviceId: not in the job]");
    north_says(scene, NOTIFICATIONS, "[]");
    expect_summary(scene, "0 0");
}

static void every_notification_counts_once(void **state) {
    struct scene *scene = *state;
    ACCEPT_ALL;
    const char *batch =
        "[" NOTIFICATION("n1", "10-01", "11-01", "Success") "," /**/
        NOTIFICATION("n1", "10-01", "11-01", "Success") ","     /**/
        NOTIFICATION("n2", "10-02", "11-02", "Failed") "]";
    north_says(scene, NOTIFICATIONS, batch);
    expect_summary(scene, "2 1");
    north_says(scene, NOTIFICATIONS, batch);
    expect_summary(scene, "0 3");
    assert_string_equal(alerts(scene),
                        "N59 to 2 of 6, N60 to 1 of 02, N61 to 1 of 01");
    /* reports and notifications do not share their identifiers */
    north_says(scene, NOTIFICATIONS,
               NOTIFICATION("r", "10-03", "11-03", "Success"));
    expect_summary(scene, "1 0");
}

static void a_notification_may_overtake_the_report(void **state) {
    struct scene *scene = *state;
    north_says(scene, NOTIFICATIONS,
               NOTIFICATION("n1", "10-01", "11-01", "Success"));
    expect_summary(scene, "1 0");
    assert_string_equal(statuses(scene), "01 SUCCESSFUL_CH_TRANSFER");
    ACCEPT_ALL;
    expect_summary(scene, "1 0");
    expect(&scene->world, "SUCCESSFUL_CH_TRANSFER",
           "select status::text from tracking_live where device_id ="
           " '00:00:00:00:00:00:11:01'");
    assert_string_equal(alerts(scene), "N59 to 2 of 6, N61 to 1 of 01");
}

/* Told, not moved (DESIGN.md). */
static void a_notification_after_a_reset_moves_nothing(void **state) {
    struct scene *scene = *state;
    ACCEPT_ALL;
    script(&scene->world,
           "select apply_events(array[row(1, 'reset', device_id, 1, null, null,"
           " null, null, null, null)::tracking_event], '2026-11-21',"
           " interval '5 days') from tracking_live"
           " where device_id = '00:00:00:00:00:00:11:01'");
    north_says(scene, NOTIFICATIONS,
               NOTIFICATION("n1", "10-01", "11-01", "Success"));
    expect_summary(scene, "1 0");
    expect(&scene->world, "RESET_BY_DCC",
           "select string_agg(status::text, ' ') from tracking"
           " where device_id = '00:00:00:00:00:00:11:01'");
    assert_string_equal(alerts(scene), "N59 to 2 of 6, N61 to 1 of 01");
}

/* decisions.md 17: recorded, without effect. */
static void another_hub_has_no_effect(void **state) {
    struct scene *scene = *state;
    ACCEPT_ALL;
    north_says(scene, NOTIFICATIONS,
               NOTIFICATION("n1", "10-02", "11-01", "Success"));
    expect_summary(scene, "1 0");
    expect(&scene->world, "APPROVED_FOR_DISTRIBUTION",
           "select status::text from tracking_live where device_id ="
           " '00:00:00:00:00:00:11:01'");
    assert_string_equal(alerts(scene), "N59 to 2 of 6");
    expect(&scene->world, "n1 another hub: 00-00-00-00-00-00-10-02",
           "select detail from sat_entry where kind = 'notification'");
}

static void what_is_wrong_with_an_entry_is_told_by_its_place(void **state) {
    struct scene *scene = *state;
    ACCEPT_ALL;
    north_says(
        scene, NOTIFICATIONS,
        "[" NOTIFICATION("n0", "10-01", "11-01", "Success") "," /* good */
        NOTIFICATION("", "10-01", "11-01", "Success") ","       /* 1 */
        NOTIFICATION("n2", "10-1", "11-01", "Success") ","      /* 2 */
        NOTIFICATION("n3", "10-01", "11-0101", "Success") ","   /* 3 */
        NOTIFICATION(
            "n4", "10-01", "11-01",
            "success") "," /* 4 */
                       "{'notificationId':'n5','jobId':'" NORTH_JOB
                       "'},"                                        /* 5 */
                       "[],"                                        /* 6 */
                       "{'notificationId':'n7','jobId':'" SOUTH_JOB /* 7 */
                       "','commsHubId':'00-00-00-00-00-00-20-01',"
                       "'deviceId':'00-00-00-00-00-00-21-01','deviceType':'"
                       "PPMID',"
                       "'firmwareVersion':'0000AB2A','timestamp':'2026-11-"
                       "21T09:15:00Z',"
                       "'status':'Success'}," NOTIFICATION(
                           "n8", "10-07", "11-07",
                           "Success") "," /* 8 */
                                      "{'notificationId':'n9','jobId':"
                                      "'" NORTH_JOB /* 9 */
                                      "','commsHubId':'00-00-00-00-00-00-10-01'"
                                      ","
                                      "'deviceId':'00-00-00-00-00-00-11-01','"
                                      "deviceType':'ESME',"
                                      "'firmwareVersion':'0000AB2A','timestamp'"
                                      ":'2026-11-21T09:15:00Z',"
                                      "'status':'Success'},"
                                      "{'notificationId':'n10','jobId':"
                                      "'" NORTH_JOB /* 10 */
                                      "','commsHubId':'00-00-00-00-00-00-10-01'"
                                      ","
                                      "'deviceId':'00-00-00-00-00-00-11-01','"
                                      "deviceType':'PPMID',"
                                      "'firmwareVersion':'0000AB2B','timestamp'"
                                      ":'2026-11-21T09:15:00Z',"
                                      "'status':'Success'},"
                                      "{'notificationId':'n11','jobId':"
                                      "'" NORTH_JOB /* 11 */
                                      "','commsHubId':'00-00-00-00-00-00-10-01'"
                                      ","
                                      "'deviceId':'00-00-00-00-00-00-11-01','"
                                      "deviceType':'METER',"
                                      "'firmwareVersion':'AB2A','timestamp':'"
                                      "yesterday',"
                                      "'status':'Success'},"
                                      "{'notificationId':'n12','jobId':"
                                      "'" NORTH_JOB /* 12 */
                                      "','commsHubId':'00-00-00-00-00-00-10-01'"
                                      ","
                                      "'deviceId':'00-00-00-00-00-00-11-01','"
                                      "deviceType':'PPMID',"
                                      "'firmwareVersion':'AB2A','timestamp':'"
                                      "yesterday',"
                                      "'status':'Success'},"
                                      "{'notificationId':'n13','jobId':"
                                      "'" NORTH_JOB /* 13 */
                                      "','commsHubId':'00-00-00-00-00-00-10-01'"
                                      ","
                                      "'deviceId':'00-00-00-00-00-00-11-01','"
                                      "deviceType':'PPMID',"
                                      "'firmwareVersion':'0000AB2A','timestamp'"
                                      ":'2026-02-30T09:15:00Z',"
                                      "'status':'Success'},"
                                      "{'notificationId':'n14','jobId':"
                                      "'" NORTH_JOB /* 14 */
                                      "','commsHubId':'00-00-00-00-00-00-10-02'"
                                      ","
                                      "'deviceId':'00-00-00-00-00-00-11-02','"
                                      "deviceType':'PPMID',"
                                      "'firmwareVersion':'0000ab2a','timestamp'"
                                      ":'2026-11-21T10:15:00+01:00',"
                                      "'status':'Failed','reasonCode':7},"
                                      "{'notificationId':'n15','jobId':"
                                      "'" NORTH_JOB /* good */
                                      "','commsHubId':'00-00-00-00-00-00-10-02'"
                                      ","
                                      "'deviceId':'00-00-00-00-00-00-11-02','"
                                      "deviceType':'PPMID',"
                                      "'firmwareVersion':'0000ab2a','timestamp'"
                                      ":'2026-11-21T10:15:00+01:00',"
                                      "'status':'Failed','reasonCode':'NO_SLOT'"
                                      ",'more':[{}]}]");
    expect_summary(
        scene,
        "2 0 [1: notificationId: not 1 to 128 characters]"
        " [2: commsHubId: not an EUI-64] [3: deviceId: not an EUI-64]"
        " [4: status: not Success, Failed or Other] [5: commsHubId: missing]"
        " [6: not a JSON object] [7: jobId: not known]"
        " [8: deviceId: not in the job]"
        " [9: deviceType: not that of the job]"
        " [10: firmwareVersion: not that of the job]"
        " [11: deviceType: not a DeviceType]"
        " [12: firmwareVersion: not 8 hexadecimal digits]"
        " [13: timestamp: not an xs:dateTime]"
        " [14: reasonCode: not at most 128 characters]");
    assert_string_equal(alerts(scene),
                        "N59 to 2 of 6, N60 to 1 of 02, N61 to 1 of 01");
    expect(&scene->world, "2026-11-21 09:15:00+00",
           "select event_time::text from alert where code = 'N60'");
}

/* What was refused may come again, in good form, under the same identifier. */
static void a_refused_identifier_is_not_used_up(void **state) {
    struct scene *scene = *state;
    ACCEPT_ALL;
    north_says(scene, NOTIFICATIONS,
               "[" NOTIFICATION("n1", "10-09", "11-09", "Success") "," /**/
               NOTIFICATION("n1", "10-01", "11-01", "Success") "]");
    expect_summary(scene, "1 0 [0: deviceId: not in the job]");
}

/* The whole way in one batch: 10,000 devices of one job. */
static void a_batch_of_10000_is_taken(void **state) {
    struct scene *scene = *state;
    script(&scene->world,
           "insert into tracking_live (device_id, chf_id, request_no, job_no,"
           " last_updated, release_due, status, device_type, csp,"
           " responsible_supplier_ids) select ('00:00:00:00:01:'"
           " || substr(h, 1, 2) || ':' || substr(h, 3, 2) || ':00')::macaddr8,"
           " '00:00:00:00:00:00:10:01', 1, 1, now(), now() + interval '1 year',"
           " 'APPROVED_FOR_DISTRIBUTION', 'PPMID', 'north', '{}'"
           " from generate_series(1, 9999) n, to_hex(n + 65536) g (x),"
           " substr(x, 2) h");
    struct buffer body = {0};
    for (int i = 0; i < 10000; i++) {
        const char *bad = i == 4321 ? "zz" : "00";
        buffer_printf(&body,
                      "%s{'notificationId':'%d','jobId':'" NORTH_JOB
                      "','commsHubId':'00-00-00-00-00-00-10-01',"
                      "'deviceId':'00-00-00-00-01-%02X-%02X-%s',"
                      "'deviceType':'PPMID','firmwareVersion':'0000AB2A',"
                      "'timestamp':'2026-11-21T09:15:00Z',"
                      "'status':'Success'}",
                      i ? "," : "[", i, i >> 8, i & 0xFF, bad);
    }
    buffer_text(&body, "]");
    for (size_t i = 0; i < body.len; i++)
        if (body.data[i] == '\'')
            body.data[i] = '"';
    post(scene, "Bearer north's", NOTIFICATIONS, buffer_span(&body));
    expect_summary(scene, "9998 0 [0: deviceId: not in the job]"
                          " [4321: deviceId: not an EUI-64]");
    post(scene, "Bearer north's", NOTIFICATIONS, buffer_span(&body));
    expect_summary(scene, "0 9998 [0: deviceId: not in the job]"
                          " [4321: deviceId: not an EUI-64]");
    expect(&scene->world, "9998",
           "select count(*)::text from alert where code = 'N61'");
    buffer_free(&body);
}

/* ---- messages of devices ---- */

/* An entry with an alert (or another kind) of device 11-01. */
static const char *message(struct scene *scene, const char *id, const char *hub,
                           enum gbcs_cra cra, uint64_t counter, uint8_t mark) {
    struct buffer octets = {0}, base64 = {0};
    uint8_t signature[GBCS_SIGNATURE_LEN] = {mark};
    gbcs_put_content(&(struct gbcs_header){.cra = cra,
                                           .counter = counter,
                                           .originator = 0x1101,
                                           .recipient = 0x90B3D51F30000002,
                                           .code = 0x00CA},
                     span_text("payload"), &octets);
    gbcs_put_signature(signature, &octets);
    base64_add(&base64, buffer_span(&octets));
    const char *text =
        arena_printf(scene->world.arena,
                     "{'messageId':'%s','commsHubId':'00-00-00-00-00-00-%s',"
                     "'payload':'%.*s'}",
                     id, hub, (int)base64.len, (char *)base64.data);
    buffer_free(&octets);
    buffer_free(&base64);
    return text;
}

static void a_device_message_is_stored_as_it_is(void **state) {
    struct scene *scene = *state;
    north_says(scene, MESSAGES,
               message(scene, "m1", "10-01", GBCS_ALERT, UINT64_MAX, 1));
    expect_summary(scene, "1 0");
    expect(&scene->world,
           "m1 00:00:00:00:00:00:10:01 00:00:00:00:00:00:11:01"
           " 90:b3:d5:1f:30:00:00:02 3 202 18446744073709551615 waiting t",
           "select concat_ws(' ', message_id, chf_id, originator, recipient,"
           " cra, code, counter, state, get_byte(payload, 0) = 223)"
           " from gbcs_message");
}

/* decisions.md 11 */
static void the_same_device_message_counts_once(void **state) {
    struct scene *scene = *state;
    static const struct {
        const char *id;
        enum gbcs_cra cra;
        uint64_t counter;
        uint8_t mark;
        const char *summary;
    } cases[] = {
        {"m1", GBCS_ALERT, 5, 1, "1 0"},
        {"m1", GBCS_ALERT, 5, 1, "0 1"},
        {"m1", GBCS_ALERT, 6, 1, "0 1"}, /* the identifier is used */
        {"m2", GBCS_ALERT, 5, 1, "0 1"}, /* the message is there */
        {"m3", GBCS_RESPONSE, 5, 1, "1 0"},
        {"m4", GBCS_ALERT, 6, 1, "1 0"},
        /* one of the two may be forged: both are looked at */
        {"m5", GBCS_ALERT, 5, 2, "1 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        north_says(scene, MESSAGES,
                   message(scene, cases[i].id, "10-01", cases[i].cra,
                           cases[i].counter, cases[i].mark));
        expect_summary(scene, cases[i].summary);
    }
    script(
        &scene->world,
        "update gbcs_message set state = case message_id when 'm1'"
        " then 'done' else 'unverified' end where message_id in ('m1', 'm4')");
    /* m1 was the genuine one: no other of that counter is any longer */
    north_says(scene, MESSAGES,
               message(scene, "m6", "10-01", GBCS_ALERT, 5, 3));
    expect_summary(scene, "0 1");
    /* m4 was not: the genuine one may still come */
    north_says(scene, MESSAGES,
               message(scene, "m7", "10-01", GBCS_ALERT, 6, 3));
    expect_summary(scene, "1 0");
}

static void what_is_no_device_message_is_told_by_its_place(void **state) {
    struct scene *scene = *state;
    const char *good = message(scene, "m0", "10-01", GBCS_ALERT, 1, 1);
    const char *twice = message(scene, "m0", "10-02", GBCS_ALERT, 2, 1);
    const char *south = message(scene, "m1", "20-01", GBCS_ALERT, 3, 1);
    const char *nowhere = message(scene, "m2", "66-01", GBCS_ALERT, 4, 1);
    const char *meter = message(scene, "m3", "11-01", GBCS_ALERT, 5, 1);
    north_says(
        scene, MESSAGES,
        arena_printf(scene->world.arena,
                     "[%s,%s,%s,%s,%s,"
                     "{'messageId':'m5','commsHubId':'00-00-00-00-00-00-10-01',"
                     "'payload':'3w=='},"
                     "{'messageId':'m6','commsHubId':'00-00-00-00-00-00-10-01',"
                     "'payload':'*'},"
                     "{'messageId':'m7','commsHubId':'00-00-00-00-00-00-10-01',"
                     "'payload':''},"
                     "{'messageId':'m8'}]",
                     good, twice, south, nowhere, meter));
    const char *got = summary(scene);
    const char *cut = strstr(got, " [5: payload: ");
    assert_non_null(cut);
    assert_int_equal(
        strncmp(got,
                "1 1 [2: commsHubId: in no region of this CSP]"
                " [3: commsHubId: not known] [4: commsHubId: not known]",
                (size_t)(cut - got)),
        0);
    assert_non_null(strstr(cut, "] [6: payload: not base64]"
                                " [7: payload: not base64]"
                                " [8: commsHubId: missing]"));
    expect(&scene->world, "1", "select count(*)::text from gbcs_message");
}

int main(void) {
    own_the_clock();
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        TEST(who_is_not_known_is_answered_401),
        TEST(a_csp_without_a_token_is_nobody),
        TEST(what_is_not_such_json_is_refused_whole),
        TEST(what_is_too_much_is_refused_whole),
        TEST(devices_not_listed_are_accepted),
        TEST(a_report_counts_once),
        TEST(what_is_wrong_with_a_report_is_told),
        TEST(each_status_has_its_consequence),
        TEST(a_single_object_is_a_batch_of_one),
        TEST(every_notification_counts_once),
        TEST(a_notification_may_overtake_the_report),
        TEST(a_notification_after_a_reset_moves_nothing),
        TEST(another_hub_has_no_effect),
        TEST(what_is_wrong_with_an_entry_is_told_by_its_place),
        TEST(a_refused_identifier_is_not_used_up),
        TEST(a_batch_of_10000_is_taken),
        TEST(a_device_message_is_stored_as_it_is),
        TEST(the_same_device_message_counts_once),
        TEST(what_is_no_device_message_is_told_by_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
