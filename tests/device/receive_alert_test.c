/*
 * Device Alerts in: Table 3 and §3.2.2 of the assessment, scenarios 1,
 * 6, 10, 14 and 16. One row is one alert and what follows from it.
 */
#include "support/check.h"
#include "support/device_world.h"

#define AT .has_time = true, .time = NOON - HOUR
#define SAID(id, receiver, use_case, ...)                                      \
    {                                                                          \
        .from = (id), .to = (receiver), .code = (use_case), .cra = GBCS_ALERT, \
        .payload = {                                                           \
            __VA_ARGS__                                                        \
        }                                                                      \
    }
#define FROM_HUB(hub, target, alert, reason, v)                                \
    SAID(hub, ACB, GBCS_CODE_CCS08, GBCS_TRANSFER_ALERT, (alert), (reason),    \
         AT, .device = (target), .firmware_version = (v))
#define FROM_PPMID(id, reason, v)                                              \
    SAID(id, ACB, GBCS_CODE_CS09, GBCS_PPMID_ALERT, 0x8F8B, (reason), AT,      \
         .firmware_version = (v))
#define TO_USER(id, user, alert)                                               \
    SAID(id, user, GBCS_CODE_FDRA_DLMS, GBCS_VERIFICATION_ALERT, (alert), AT,  \
         .hash = {hash, sizeof hash})

static const uint8_t hash[GBCS_HASH_LEN] = {0xAA, 0x75};

/* The update before: of request 1 (version 2A) or 2 (version 2B). */
struct row {
    const char *name;
    struct said said;
    eui64 device; /* whom it is about */
    int request;  /* 0: there never was one */
    const char *before, *after, *told, *version;
    const char *state, *detail;
};

static const struct row rows[] = {
    /* 8F8A and 8F89 in each status of Table 3: moved */
    {"delivered", FROM_HUB(HUB, ESME, 0x8F8A, 0, 0x2A), ESME, 1,
     "SUCCESSFUL_CH_TRANSFER", "SUCCESSFUL_HAN_TRANSFER", "N62 S1", "29",
     "done", ""},
    {"delivered before N61", FROM_HUB(HUB, PPMID, 0x8F8A, 0, 0x2A), PPMID, 1,
     "APPROVED_FOR_DISTRIBUTION", "SUCCESSFUL_HAN_TRANSFER", "N62 S1", "29",
     "done", ""},
    {"not delivered", FROM_HUB(HUB, HCALCS, 0x8F89, 3, 0x2A), HCALCS, 1,
     "SUCCESSFUL_CH_TRANSFER", "FAILED_HAN_TRANSFER", "N62 S1", "29", "done",
     ""},
    {"discarded", FROM_HUB(HUB, GSME, 0x8F89, 1, 0x2B), GSME, 2,
     "SUCCESSFUL_CH_TRANSFER", "HAN_DISCARDED", "N62 S2", "29", "done", ""},
    {"other hardware", FROM_HUB(HUB, PPMID, 0x8F89, 2, 0x2B), PPMID, 2,
     "AWAITING_CSP", "HAN_REJECTED_HW_MISMATCH", "N62 S2", "29", "done", ""},

    /* late, or of no update: told, not moved */
    {"delivered twice", FROM_HUB(HUB, ESME, 0x8F8A, 0, 0x2A), ESME, 1,
     "SUCCESSFUL_HAN_TRANSFER", "SUCCESSFUL_HAN_TRANSFER", "N62 S1", "29",
     "done", ""},
    {"after a reset", FROM_HUB(HUB, ESME, 0x8F8A, 0, 0x2A), ESME, 1,
     "RESET_BY_DCC", "RESET_BY_DCC", "N62 S1", "29", "done", ""},
    {"another version than the live update's",
     FROM_HUB(HUB, ESME, 0x8F8A, 0, 0x2B), ESME, 1, "SUCCESSFUL_CH_TRANSFER",
     "SUCCESSFUL_CH_TRANSFER", "N62 S1 of none", "29", "done", ""},
    {"no update at all", FROM_HUB(HUB, ESME, 0x8F8A, 0, 0x2A), ESME, 0, NULL,
     "", "N62 S1 of none, N62 S2 of none", "29", "done", ""},
    {"only one that we refused", FROM_HUB(HUB, ESME, 0x8F8A, 0, 0x2A), ESME, 1,
     "REJECTED_BY_DSP", "REJECTED_BY_DSP", "N62 S1 of none, N62 S2 of none",
     "29", "done", ""},
    {"a device that nobody knows", FROM_HUB(HUB, STRANGER, 0x8F8A, 0, 0x2A),
     STRANGER, 0, NULL, "", "", "", "unknown",
     "no update of this device is known"},
    {"another hub's device", FROM_HUB(HUB_2, ESME, 0x8F8A, 0, 0x2A), ESME, 1,
     "SUCCESSFUL_CH_TRANSFER", "SUCCESSFUL_CH_TRANSFER", "", "29", "unknown",
     "the hub neither holds the device nor held it when its job was made"},

    /* 8F8B: from any status, by its version; all suppliers are told */
    {"activated", FROM_PPMID(PPMID, 0, 0x2A), PPMID, 1,
     "SUCCESSFUL_HAN_TRANSFER", "FIRMWARE_ACTIVATED", "N39 S1, N39 S2", "2A",
     "done", ""},
    {"activated before all else", FROM_PPMID(PPMID, 0, 0x2A), PPMID, 1,
     "AWAITING_CSP", "FIRMWARE_ACTIVATED", "N39 S1, N39 S2", "2A", "done", ""},
    {"the first of two images", FROM_PPMID(PPMID, 0, 0x29), PPMID, 1,
     "SUCCESSFUL_HAN_TRANSFER", "STORED_ON_DEVICE", "N39 S1, N39 S2", "29",
     "done", ""},
    {"the version of before, the image not at the hub",
     FROM_PPMID(PPMID, 0, 0x29), PPMID, 1, "APPROVED_FOR_DISTRIBUTION",
     "APPROVED_FOR_DISTRIBUTION", "N39 S1 of none, N39 S2 of none", "29",
     "done", ""},
    {"not activated", FROM_PPMID(PPMID, 1, 0x2B), PPMID, 2,
     "SUCCESSFUL_HAN_TRANSFER", "ACTIVATION_FAILED", "N39 S1, N39 S2", "29",
     "done", ""},
    {"not activated, it says what it runs", FROM_PPMID(PPMID, 1, 0x29), PPMID,
     2, "SUCCESSFUL_HAN_TRANSFER", "ACTIVATION_FAILED", "N39 S1, N39 S2", "29",
     "done", ""},
    {"another version not activated", FROM_PPMID(PPMID, 1, 0x2A), PPMID, 2,
     "SUCCESSFUL_HAN_TRANSFER", "SUCCESSFUL_HAN_TRANSFER",
     "N39 S1 of none, N39 S2 of none", "29", "done", ""},
    {"a local update", FROM_PPMID(PPMID, 0, 0x2B), PPMID, 1,
     "SUCCESSFUL_HAN_TRANSFER", "SUCCESSFUL_HAN_TRANSFER",
     "N39 S1 of none, N39 S2 of none", "2B", "done", ""},
    {"failed at the hub, and runs", FROM_PPMID(PPMID, 0, 0x2A), PPMID, 1,
     "FAILED_CH_TRANSFER", "FIRMWARE_ACTIVATED", "N39 S1, N39 S2", "2A", "done",
     ""},
    {"activated after a reset", FROM_PPMID(PPMID, 0, 0x2A), PPMID, 1,
     "RESET_BY_DCC", "RESET_BY_DCC", "N39 S1, N39 S2", "2A", "done", ""},
    {"activated without an update", FROM_PPMID(PPMID, 0, 0x2B), PPMID, 0, NULL,
     "", "N39 S1 of none, N39 S2 of none", "2B", "done", ""},
    {"activated what is not on the CPL", FROM_PPMID(PPMID, 0, 0x2C), PPMID, 1,
     "SUCCESSFUL_HAN_TRANSFER", "SUCCESSFUL_HAN_TRANSFER",
     "N39 S1 of none, N39 S2 of none", "29", "done", ""},
    {"8F8B of a meter", FROM_PPMID(ESME, 0, 0x2A), ESME, 1,
     "SUCCESSFUL_HAN_TRANSFER", "SUCCESSFUL_HAN_TRANSFER", "", "29", "unknown",
     "the device is no PPMID"},

    /* to a User: passed on, and nothing else */
    {"8F72", TO_USER(ESME, S1, 0x8F72), ESME, 1, "SUCCESSFUL_CH_TRANSFER",
     "SUCCESSFUL_CH_TRANSFER", "DeviceAlertMessage S1", "29", "done", ""},
    {"8F1C", TO_USER(ESME, S2, 0x8F1C), ESME, 1, "SUCCESSFUL_CH_TRANSFER",
     "SUCCESSFUL_CH_TRANSFER", "DeviceAlertMessage S2", "29", "done", ""},
    {"8F72 to nobody", TO_USER(ESME, 0x90B3D51F30990000, 0x8F72), ESME, 0, NULL,
     "", "", "29", "unknown", "its recipient is no User"},
    {"8F72 to the ACB", TO_USER(ESME, ACB, 0x8F72), ESME, 0, NULL, "", "", "29",
     "unknown", "nothing follows from this alert to the ACB"},
};

static void run(struct device_world *world, const struct row *row) {
    world_begin(world);
    if (row->request)
        world_update(world, row->device, row->request, row->before);
    world_hear(world, &row->said);
    assert_int_equal(world_take(world), 1);
    world_expect_device(world, row->name, row->device, row->after,
                        row->version);
    world_expect_told(world, row->name, row->told);
    world_expect_end(world, row->name, row->state, row->detail);
    /* it is taken once */
    assert_int_equal(world_take(world), 0);
}

static void every_alert(void **state) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        run(*state, &rows[i]);
}

/* What an alert says arrives in the message to the User. */
static void alerts_carry_what_the_device_said(void **state) {
    struct device_world *world = *state;
    world_begin(world);
    world_update(world, PPMID, 1, "SUCCESSFUL_CH_TRANSFER");
    world_hear(world, &(struct said)FROM_HUB(HUB, PPMID, 0x8F89, 3, 0x2A));
    world_take(world);
    world_expect(
        world, "N62",
        "select concat_ws(' ', request_no, eui64_text(chf_id),"
        " eui64_text(device_id), encode(firmware_version, 'hex'),"
        " to_hex(device_alert_code), result, event_time at time zone 'UTC')"
        " from alert",
        "1 00-DB-00-00-00-00-01-00 00-DB-00-00-00-00-01-03 0000002a 8f89 3"
        " 2030-01-01 11:00:00");
    world_expect(
        world, "SAT",
        "select concat_ws(' ', eui64_text(device_id), csp, code, detail)"
        " from sat_entry where kind = 'device_alert'"
        " order by entry_no desc limit 1",
        arena_printf(world->arena,
                     "00-DB-00-00-00-00-01-03 north 8F89 response code 3,"
                     " version 0000002A, from 00-DB-00-00-00-00-01-00,"
                     " messageId m-%u",
                     world->messages));
}

static void n39_carries_what_the_device_said(void **state) {
    struct device_world *world = *state;
    for (unsigned failed = 0; failed < 2; failed++) {
        world_begin(world);
        struct said said = FROM_PPMID(PPMID, 0, 0x2A);
        said.payload.result = (uint8_t)failed;
        world_hear(world, &said);
        world_take(world);
        /* ActivateImageResultCode: 1 for success in the table alert */
        world_expect(
            world, "N39",
            "select concat_ws(' ', request_no, eui64_text(device_id),"
            " encode(firmware_version, 'hex'), to_hex(device_alert_code),"
            " result, event_time at time zone 'UTC') from alert limit 1",
            failed ? "00-DB-00-00-00-00-01-03 0000002a 8f8b 0"
                     " 2030-01-01 11:00:00"
                   : "00-DB-00-00-00-00-01-03 0000002a 8f8b 1"
                     " 2030-01-01 11:00:00");
    }
}

static void a_passed_on_alert_has_the_octets(void **state) {
    struct device_world *world = *state;
    world_begin(world);
    struct said said = TO_USER(ESME, S1, 0x8F72);
    said.counter = 77;
    world_hear(world, &said);
    world_take(world);
    world_expect(world, "8F72",
                 "select concat_ws(' ', to_hex(a.device_alert_code),"
                 " a.originator_counter, eui64_text(a.device_id),"
                 " a.payload = g.payload) from alert a, gbcs_message g",
                 "8f72 77 00-DB-00-00-00-00-01-01 t");
}

/* ---- whose request is it? (decision 11: told, not moved) ---- */

static void an_alert_goes_to_the_latest_request_with_that_version(
    void **state) {
    struct device_world *world = *state;
    world_begin(world);
    world_update(world, PPMID, 1, "RESET_BY_DCC");           /* 2A, of S1 */
    world_update(world, PPMID, 2, "SUCCESSFUL_CH_TRANSFER"); /* 2B, of S2 */
    world_hear(world, &(struct said)FROM_HUB(HUB, PPMID, 0x8F8A, 0, 0x2A));
    world_take(world);
    world_expect_device(world, "live", PPMID, "SUCCESSFUL_CH_TRANSFER", "29");
    world_expect_told(world, "to the sender of 2A", "N62 S1");

    struct said other = FROM_HUB(HUB, PPMID, 0x8F8A, 0, 0x2C);
    other.counter = 1;
    world_hear(world, &other);
    world_take(world);
    world_expect_device(world, "live", PPMID, "SUCCESSFUL_CH_TRANSFER", "29");
    world_expect_told(world, "else to the latest", "N62 S1, N62 S2 of none");
}

/* Moved to another hub in the middle of an update: the new one never had the
 * image. */
static void only_the_hub_that_had_the_image_counts(void **state) {
    struct device_world *world = *state;
    static const struct {
        eui64 hub;
        const char *after, *told;
    } hubs[] = {{HUB, "SUCCESSFUL_HAN_TRANSFER", "N62 S1"},
                {HUB_2, "SUCCESSFUL_CH_TRANSFER", "N62 S1 of none"}};
    for (size_t i = 0; i < 2; i++) {
        world_begin(world);
        world_script(world,
                     "update smi_device set chf_id = " ID_FORMAT
                     " where device_id = " ID_FORMAT,
                     ID(HUB), ID(ESME));
        world_update(world, ESME, 1, "SUCCESSFUL_CH_TRANSFER");
        world_script(world,
                     "update smi_device set chf_id = " ID_FORMAT
                     " where device_id = " ID_FORMAT,
                     ID(HUB_2), ID(ESME));
        struct said said = FROM_HUB(HUB, ESME, 0x8F8A, 0, 0x2A);
        said.from = hubs[i].hub;
        world_hear(world, &said);
        world_take(world);
        world_expect_device(world, "moved", ESME, hubs[i].after, "29");
        world_expect_told(world, "moved", hubs[i].told);
    }
    world_script(world,
                 "update smi_device set chf_id = " ID_FORMAT
                 " where device_id = " ID_FORMAT,
                 ID(HUB), ID(ESME));
}

static void disorder_ends_well(void **state) {
    struct device_world *world = *state;
    world_begin(world);
    world_update(world, PPMID, 1, "APPROVED_FOR_DISTRIBUTION");
    world_hear(world, &(struct said)FROM_PPMID(PPMID, 0, 0x2A));
    world_hear(world, &(struct said)FROM_HUB(HUB, PPMID, 0x8F8A, 0, 0x2A));
    assert_int_equal(world_take(world), 2);
    world_expect_device(world, "one batch", PPMID, "FIRMWARE_ACTIVATED", "2A");
    world_expect_told(world, "one batch", "N62 S1, N39 S1, N39 S2");
}

/* ---- our clock is ahead of the device's, by less than an hour ---- */

/* Its job was made after AT, by our clock. What the CSP and the hub say of the
 * image is by other clocks. */
static void update_made_later(struct device_world *world, const char *status,
                              const char *made, const char *delivered,
                              const char *at_hub) {
    world_begin(world);
    world_update(world, PPMID, 1, status);
    world_script(
        world,
        "update csp_job set created = '2030-01-01 %s'"
        " where job_no = (select job_no from tracking_live);"
        " update tracking_live set"
        " delivery_time = ('2030-01-01 ' || nullif('%s', ''))::timestamptz,"
        " hub_time = ('2030-01-01 ' || nullif('%s', ''))::timestamptz",
        made, delivered, at_hub);
}

static void an_8f8b_is_of_an_update_that_our_clock_made_later(void **state) {
    static const struct {
        const char *before, *made, *delivered, *at_hub;
        uint32_t version;
        const char *after, *told;
    } of[] = {
        /* AT is 11:00 */
        {"SUCCESSFUL_CH_TRANSFER", "11:40", "10:50", "", 0x2A,
         "FIRMWARE_ACTIVATED", "N39 S1, N39 S2"},
        {"SUCCESSFUL_HAN_TRANSFER", "11:40", "", "10:55", 0x2A,
         "FIRMWARE_ACTIVATED", "N39 S1, N39 S2"},
        {"SUCCESSFUL_HAN_TRANSFER", "11:40", "10:50", "10:55", 0x29,
         "STORED_ON_DEVICE", "N39 S1, N39 S2"},
        /* no image was there: a local update */
        {"SUCCESSFUL_CH_TRANSFER", "11:40", "11:45", "", 0x2A,
         "SUCCESSFUL_CH_TRANSFER", "N39 S1 of none, N39 S2 of none"},
        {"APPROVED_FOR_DISTRIBUTION", "11:40", "", "", 0x2A,
         "APPROVED_FOR_DISTRIBUTION", "N39 S1 of none, N39 S2 of none"},
    };
    struct device_world *world = *state;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        update_made_later(world, of[i].before, of[i].made, of[i].delivered,
                          of[i].at_hub);
        world_hear(world, &(struct said)FROM_PPMID(PPMID, 0, of[i].version));
        assert_int_equal(world_take(world), 1);
        world_expect(world, of[i].made,
                     "select status::text from tracking order by inserted"
                     " desc limit 1",
                     of[i].after);
        world_expect_told(world, of[i].made, of[i].told);
    }
}

/* ---- twice ---- */

static void the_same_alert_under_another_message_id_is_a_duplicate(
    void **state) {
    struct device_world *world = *state;
    world_begin(world);
    world_update(world, ESME, 1, "SUCCESSFUL_CH_TRANSFER");
    struct said said = FROM_HUB(HUB, ESME, 0x8F8A, 0, 0x2A);
    /* a new signature each time, so other octets: in a batch, and later */
    world_hear(world, &said);
    world_hear(world, &said);
    assert_int_equal(world_take(world), 2);
    world_expect_told(world, "a batch", "N62 S1");
    world_hear(world, &said);
    assert_int_equal(world_take(world), 1);
    world_expect_told(world, "later", "N62 S1");
    world_expect(
        world, "states",
        "select string_agg(state || coalesce(' ' || left(detail, 9), ''),"
        " ', ' order by received) from gbcs_message",
        "done, unknown duplicate, unknown duplicate");
    /* another counter is another alert */
    said.counter = 9;
    world_hear(world, &said);
    world_take(world);
    world_expect_told(world, "another", "N62 S1, N62 S1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(every_alert),
        WORLD_TEST(alerts_carry_what_the_device_said),
        WORLD_TEST(n39_carries_what_the_device_said),
        WORLD_TEST(a_passed_on_alert_has_the_octets),
        WORLD_TEST(an_alert_goes_to_the_latest_request_with_that_version),
        WORLD_TEST(only_the_hub_that_had_the_image_counts),
        WORLD_TEST(disorder_ends_well),
        WORLD_TEST(an_8f8b_is_of_an_update_that_our_clock_made_later),
        WORLD_TEST(the_same_alert_under_another_message_id_is_a_duplicate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
