/* Delivery notifications: what is taken, what becomes of the devices, and what
 * is answered. */
#include "says.h"

/* ---- delivery notifications ---- */

/* The last is added to the object. */
#define ENTRY(id, job, hub, device, type, version, time, status, more)         \
    "{'notificationId':'" id "','jobId':'" job                                 \
    "','commsHubId':'00-00-00-00-00-00-" hub                                   \
    "','deviceId':'00-00-00-00-00-00-" device "','deviceType':'" type          \
    "','firmwareVersion':'" version "','timestamp':'" time                     \
    "','status':'" status "'" more "}"
#define WHEN "2026-11-21T09:15:00Z"
#define NOTIFICATION(id, hub, device, status)                                  \
    ENTRY(id, NORTH_JOB, hub, device, "PPMID", "0000AB2A", WHEN, status, "")
/* Of the first device. */
#define FIRST(id, type, version, time)                                         \
    ENTRY(id, NORTH_JOB, "10-01", "11-01", type, version, time, "Success", "")
/* Of the second; the time is WHEN, elsewhere. */
#define SECOND_FAILED(id, reason)                                              \
    ENTRY(id, NORTH_JOB, "10-02", "11-02", "PPMID", "0000ab2a",                \
          "2026-11-21T10:15:00+01:00", "Failed", ",'reasonCode':" reason)

#define N1 NOTIFICATION("n1", "10-01", "11-01", "Success")

#define ACCEPT_ALL                                                             \
    north_says(scene, REPORTS,                                                 \
               "{'reportId':'r','jobId':'" NORTH_JOB "','rejected':[]}")

/* One notification was taken; the first device then has that status ("live"
 * while its update is in progress), and Users are told that. */
static void expect_first(struct scene *scene, const char *status,
                         const char *told) {
    expect_summary(scene, "1 0");
    expect(&scene->world, status,
           "select string_agg(status::text, ' ') || case when exists ("
           " select from tracking_live where device_id = f.device_id)"
           " then ' live' else '' end"
           " from (select macaddr8 '00:00:00:00:00:00:11:01') f (device_id)"
           " join tracking using (device_id) group by f.device_id");
    assert_string_equal(alerts(scene), told);
}

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
    north_says(scene, NOTIFICATIONS, N1);
    expect_summary(scene, "1 0");
    north_says(scene, NOTIFICATIONS,
               NOTIFICATION("n2", "10-01", "11-07", "Success"));
    expect_summary(scene, "0 0 [0: deviceId: not in the job]");
    north_says(scene, NOTIFICATIONS, "[]");
    expect_summary(scene, "0 0");
}

/* JSON that we cannot hold costs its entry, and none of those beside it. */
static void an_unheard_of_text_costs_its_entry_alone(void **state) {
    struct scene *scene = *state;
    static const struct {
        const char *entry, *reason;
    } cases[] = {
        {"{'notificationId':'\\u0000'}", "has the character \\u0000"},
        {"{'notificationId':'n','\\u0000':1}", "has the character \\u0000"},
        {"{'more':'[,]\\'\\uD800'}", "has half of a surrogate pair"},
        {"{'more':[{'far':1e999},{}]}", "has a number that is too large"},
        {"99999999999999999999", "has a number that is too large"},
    };
    ACCEPT_ALL;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char batch[2048], expected[256];
        snprintf(batch, sizeof batch, " [%s , %s,%s] ",
                 i ? N1 : NOTIFICATION("n0", "10-02", "11-02", "Success"),
                 cases[i].entry, N1);
        snprintf(expected, sizeof expected, "%s [1: %s]", i ? "0 2" : "2 0",
                 cases[i].reason);
        north_says(scene, NOTIFICATIONS, batch);
        expect_summary(scene, expected);
    }
}

static void is_taken_for_midnight(struct scene *scene, const char *says) {
    ACCEPT_ALL;
    north_says(scene, NOTIFICATIONS, says);
    expect_summary(scene, "1 0");
    expect(&scene->world, "2026-11-21 00:00:00+00",
           "select event_time::text from alert where code = 'N61'");
}

/* xs:dateTime writes it as 24:00:00, too. */
static void the_end_of_a_day_is_a_time(void **state) {
    is_taken_for_midnight(
        *state, FIRST("n", "PPMID", "0000AB2A", "2026-11-20T24:00:00Z"));
}

/* Whether there was one or not, it is the second after it. */
static void a_leap_second_is_a_time(void **state) {
    is_taken_for_midnight(
        *state, FIRST("n", "PPMID", "0000AB2A", "2026-11-20T23:59:60Z"));
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
    north_says(scene, NOTIFICATIONS, N1);
    expect_summary(scene, "1 0");
    assert_string_equal(statuses(scene), "01 SUCCESSFUL_CH_TRANSFER");
    ACCEPT_ALL;
    expect_first(scene, "SUCCESSFUL_CH_TRANSFER live",
                 "N59 to 2 of 6, N61 to 1 of 01");
}

/* decision 16: the last change plus the tracking timeout (5 days), after a
 * report as after a notification. */
static void the_timeout_begins_anew_with_each_change(void **state) {
    struct scene *scene = *state;
    ACCEPT_ALL;
    north_says(scene, NOTIFICATIONS, N1);
    expect(&scene->world,
           "APPROVED_FOR_DISTRIBUTION 5 days, SUCCESSFUL_CH_TRANSFER 15 days",
           "select string_agg(distinct status || ' ' ||"
           " (release_due - last_updated)::text, ', ') from tracking_live"
           " where request_no = 1");
}

/* Told, not moved (requirement C2). */
static void a_notification_after_a_reset_moves_nothing(void **state) {
    struct scene *scene = *state;
    ACCEPT_ALL;
    script(&scene->world,
           "select apply_events(array[row(1, 'reset', device_id, 1, null, null,"
           " null, null, null, null)::tracking_event], '2026-11-21',"
           " interval '5 days') from tracking_live"
           " where device_id = '00:00:00:00:00:00:11:01'");
    north_says(scene, NOTIFICATIONS, N1);
    expect_first(scene, "RESET_BY_DCC", "N59 to 2 of 6, N61 to 1 of 01");
}

/* decision 17: recorded, without effect. */
static void another_hub_has_no_effect(void **state) {
    struct scene *scene = *state;
    ACCEPT_ALL;
    north_says(scene, NOTIFICATIONS,
               NOTIFICATION("n1", "10-02", "11-01", "Success"));
    expect_first(scene, "APPROVED_FOR_DISTRIBUTION live", "N59 to 2 of 6");
    expect(&scene->world, "n1 another hub: 00-00-00-00-00-00-10-02",
           "select detail from sat_entry where kind = 'notification'");
}

static void what_is_wrong_with_an_entry_is_told_by_its_place(void **state) {
    struct scene *scene = *state;
    ACCEPT_ALL;
    static const char *const entries[] = {
        NOTIFICATION("n0", "10-01", "11-01", "Success"),
        NOTIFICATION("", "10-01", "11-01", "Success"),
        NOTIFICATION("n2", "10-1", "11-01", "Success"),
        NOTIFICATION("n3", "10-01", "11-0101", "Success"),
        NOTIFICATION("n4", "10-01", "11-01", "success"),
        "{'notificationId':'n5','jobId':'" NORTH_JOB "'}",
        "[]",
        ENTRY("n7", SOUTH_JOB, "20-01", "21-01", "PPMID", "0000AB2A", WHEN,
              "Success", ""),
        NOTIFICATION("n8", "10-07", "11-07", "Success"),
        FIRST("n9", "ESME", "0000AB2A", WHEN),
        FIRST("n10", "PPMID", "0000AB2B", WHEN),
        FIRST("n11", "METER", "AB2A", "yesterday"),
        FIRST("n12", "PPMID", "AB2A", "yesterday"),
        FIRST("n13", "PPMID", "0000AB2A", "2026-02-30T09:15:00Z"),
        SECOND_FAILED("n14", "7"),
        SECOND_FAILED("n15", "'NO_SLOT','more':[{}]"),
        /* no year that a message to a User could say */
        FIRST("n16", "PPMID", "0000AB2A", "9999-12-31T23:59:59-12:00"),
        FIRST("n17", "PPMID", "0000AB2A", "2026-11-21T09:15:61Z"),
    };
    const char *list = "";
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        list = arena_printf(scene->world.arena, "%s%s%s", list, i ? "," : "",
                            entries[i]);
    north_says(scene, NOTIFICATIONS,
               arena_printf(scene->world.arena, "[%s]", list));
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
        " [14: reasonCode: not at most 128 characters]"
        " [16: timestamp: not an xs:dateTime]"
        " [17: timestamp: not an xs:dateTime]");
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

int main(void) {
    test_clock_open(NULL);
    const struct CMUnitTest tests[] = {
        TEST(each_status_has_its_consequence),
        TEST(a_single_object_is_a_batch_of_one),
        TEST(an_unheard_of_text_costs_its_entry_alone),
        TEST(the_end_of_a_day_is_a_time),
        TEST(a_leap_second_is_a_time),
        TEST(every_notification_counts_once),
        TEST(a_notification_may_overtake_the_report),
        TEST(the_timeout_begins_anew_with_each_change),
        TEST(a_notification_after_a_reset_moves_nothing),
        TEST(another_hub_has_no_effect),
        TEST(what_is_wrong_with_an_entry_is_told_by_its_place),
        TEST(a_refused_identifier_is_not_used_up),
        TEST(a_batch_of_10000_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
