/*
 * Responses to 11.2 and 11.3, and 8F66 and 8F67: requirements F2 and F3,
 * decisions 6 and 7, scenarios 1, 2 and 7. One row is one message for a command
 * whose request has the User's counter 2000; the ACB's own counter is 1300.
 */
#include "support/check.h"
#include "support/device_world.h"

enum use_case { CS06, CS06_ALERT, CS08, ECS52, GCS38 };

/* Who is the originator of the command. */
enum way { USER, THE_ACB };

static const struct {
    uint16_t code;
    enum gbcs_cra cra;
    const char *variant;
} use_cases[] = {
    [CS06] = {GBCS_CODE_CS06, GBCS_RESPONSE, "11.3"},
    [CS06_ALERT] = {GBCS_CODE_CS06_ALERT, GBCS_ALERT, "11.3"},
    [CS08] = {GBCS_CODE_CS08, GBCS_RESPONSE, "11.2"},
    [ECS52] = {GBCS_CODE_ECS52, GBCS_RESPONSE, "11.2"},
    [GCS38] = {GBCS_CODE_GCS38, GBCS_RESPONSE, "11.2"},
};

#define AT .has_time = true, .time = NOON - HOUR
#define READ(v)                                                                \
    { GBCS_READ_RESULT, .firmware_version = (v) }
#define READ_FAILED                                                            \
    { GBCS_READ_RESULT, .result = 1 }
#define ACTIVATED(r, v)                                                        \
    { GBCS_ACTIVATE_RESULT, .result = (r), .firmware_version = (v) }
#define ACCEPTED                                                               \
    { .kind = GBCS_ACTIVATE_ACCEPTED }
#define OUTCOME(alert, r, v)                                                   \
    {                                                                          \
        GBCS_ACTIVATE_ALERT, (alert), (r), AT, .counter = 2000,                \
                                               .firmware_version = (v)         \
    }

struct row {
    const char *name;
    enum use_case use_case;
    eui64 device, user;
    enum way way;
    const char *command; /* its state before; NULL: there is none */
    struct gbcs_payload says;
    const char *update; /* status of an update of request 1 (2A), or NULL */
    const char *updated, *told, *version, *answered, *state, *detail;
};

static const struct row rows[] = {
    /* 11.2: N49 to N51 to its sender, the inventory follows the first two */
    {"HCALCS runs what the inventory says", CS08, HCALCS, S1, THE_ACB, "sent",
     READ(0x29), NULL, "", "ResponseMessage S1", "29", "answered", "done", ""},
    {"PPMID runs what is not on the CPL", CS08, PPMID, S2, THE_ACB, "sent",
     READ(0x2C), NULL, "", "ResponseMessage S2, N51 S2", "29", "answered",
     "done", ""},
    {"HCALCS runs an Active version", CS08, HCALCS, S1, THE_ACB, "sent",
     READ(0x2A), NULL, "", "ResponseMessage S1, N49 S1", "2A", "answered",
     "done", ""},
    {"HCALCS runs a withdrawn version", CS08, HCALCS, S1, THE_ACB, "sent",
     READ(0x2B), NULL, "", "ResponseMessage S1, N50 S1", "2B", "answered",
     "done", ""},
    {"CHF runs an Active version", ECS52, HUB, S1, THE_ACB, "sent", READ(0x2A),
     NULL, "", "ResponseMessage S1, N49 S1", "2A", "answered", "done", ""},
    {"the read failed", CS08, PPMID, S1, THE_ACB, "sent", READ_FAILED, NULL, "",
     "ResponseMessage S1", "29", "answered", "done", ""},
    {"the read failed", ECS52, HUB, S1, THE_ACB, "sent", READ_FAILED, NULL, "",
     "ResponseMessage S1", "29", "answered", "done", ""},

    /* that a meter says to its supplier alone only the supplier can check */
    {"ESME says an Active version", ECS52, ESME, S1, USER, "sent", READ(0x2A),
     NULL, "", "ResponseMessage S1", "29", "sent", "done", ""},
    {"GSME says a withdrawn version", GCS38, GSME, S2, USER, "sent", READ(0x2B),
     NULL, "", "ResponseMessage S2", "29", "sent", "done", ""},
    {"the read of a meter failed", ECS52, ESME, S1, USER, "sent", READ_FAILED,
     NULL, "", "ResponseMessage S1", "29", "sent", "done", ""},
    {"ESME says the update's version", ECS52, ESME, S1, USER, "sent",
     READ(0x2A), "SUCCESSFUL_HAN_TRANSFER", "SUCCESSFUL_HAN_TRANSFER",
     "ResponseMessage S1", "29", "sent", "done", ""},

    /* a read that shows the update's version ends it */
    {"the new version is read", CS08, HCALCS, S1, THE_ACB, "sent", READ(0x2A),
     "SUCCESSFUL_HAN_TRANSFER", "FIRMWARE_ACTIVATED",
     "ResponseMessage S1, N49 S1", "2A", "answered", "done", ""},
    {"another version is read", CS08, HCALCS, S1, THE_ACB, "sent", READ(0x2B),
     "SUCCESSFUL_HAN_TRANSFER", "SUCCESSFUL_HAN_TRANSFER",
     "ResponseMessage S1, N50 S1", "2B", "answered", "done", ""},
    {"a PPMID shows the version", CS08, PPMID, S1, THE_ACB, "sent", READ(0x2A),
     "SUCCESSFUL_HAN_TRANSFER", "FIRMWARE_ACTIVATED",
     "ResponseMessage S1, N49 S1", "2A", "answered", "done", ""},

    /* 11.3 */
    {"activated", CS06, ESME, S1, USER, "sent", ACTIVATED(0, 0x2A),
     "SUCCESSFUL_HAN_TRANSFER", "FIRMWARE_ACTIVATED", "ResponseMessage S1",
     "2A", "answered", "done", ""},
    {"activated, but it runs what it ran", CS06, GSME, S2, USER, "sent",
     ACTIVATED(0, 0x29), "SUCCESSFUL_HAN_TRANSFER", "SUCCESSFUL_HAN_TRANSFER",
     "ResponseMessage S2", "29", "answered", "done", ""},
    {"activated what is not on the CPL", CS06, HCALCS, S1, USER, "sent",
     ACTIVATED(0, 0x2C), "SUCCESSFUL_HAN_TRANSFER", "SUCCESSFUL_HAN_TRANSFER",
     "ResponseMessage S1", "29", "answered", "done", ""},
    {"not activated", CS06, ESME, S1, USER, "sent", ACTIVATED(2, 0x29),
     "SUCCESSFUL_HAN_TRANSFER", "SUCCESSFUL_HAN_TRANSFER", "ResponseMessage S1",
     "29", "answered", "done", ""},
    {"repeated: it was activated before", CS06, ESME, S1, USER, "sent",
     ACTIVATED(1, 0x2A), "SUCCESSFUL_HAN_TRANSFER", "FIRMWARE_ACTIVATED",
     "ResponseMessage S1", "2A", "answered", "done", ""},
    {"future dated: accepted", CS06, ESME, S1, USER, "sent", ACCEPTED,
     "SUCCESSFUL_HAN_TRANSFER", "SUCCESSFUL_HAN_TRANSFER", "ResponseMessage S1",
     "29", "answered", "done", ""},
    {"8F66", CS06_ALERT, ESME, S1, USER, "answered", OUTCOME(0x8F66, 0, 0x2A),
     "SUCCESSFUL_HAN_TRANSFER", "FIRMWARE_ACTIVATED",
     "FutureDatedDeviceAlertMessage S1", "2A", "answered", "done", ""},
    {"8F67", CS06_ALERT, HCALCS, S1, USER, "answered", OUTCOME(0x8F67, 2, 0x29),
     "SUCCESSFUL_HAN_TRANSFER", "SUCCESSFUL_HAN_TRANSFER",
     "FutureDatedDeviceAlertMessage S1", "29", "answered", "done", ""},
    {"8F66 of a command that is not ours", CS06_ALERT, ESME, S1, USER, NULL,
     OUTCOME(0x8F66, 0, 0x2A), NULL, "", "DeviceAlertMessage S1", "2A", "",
     "done", ""},

    /* when it comes */
    {"before the CSP's 202 was recorded", CS08, PPMID, S1, THE_ACB, "waiting",
     READ(0x29), NULL, "", "ResponseMessage S1", "29", "answered", "done", ""},
    {"the same, of a meter", ECS52, ESME, S1, USER, "waiting", READ(0x29), NULL,
     "", "ResponseMessage S1", "29", "waiting", "done", ""},
    {"after E20", CS08, HCALCS, S1, THE_ACB, "failed", READ(0x29), NULL, "",
     "ResponseMessage S1", "29", "answered", "done", ""},
    {"after E20, of a meter", ECS52, ESME, S1, USER, "failed", READ(0x29), NULL,
     "", "ResponseMessage S1", "29", "failed", "done", ""},
    {"after E21", CS06, ESME, S1, USER, "no_answer", ACTIVATED(0, 0x2A),
     "SUCCESSFUL_HAN_TRANSFER", "FIRMWARE_ACTIVATED", "ResponseMessage S1",
     "2A", "answered", "done", ""},
    {"a second one", CS06, ESME, S1, USER, "answered", ACTIVATED(0, 0x2A), NULL,
     "", "", "29", "answered", "unknown", "the command was answered before"},
    {"to what was not sent", CS06, ESME, S1, USER, "local", ACTIVATED(0, 0x2A),
     NULL, "", "", "29", "local", "unknown",
     "the command it answers was not sent"},
    {"nobody waits: signed", CS06, ESME, S1, USER, NULL, ACTIVATED(0, 0x2A),
     NULL, "", "", "29", "", "unknown", "no command waits for it"},
    {"nobody waits: only the User could check", ECS52, ESME, S1, USER, NULL,
     READ(0x2A), NULL, "", "", "29", "", "unverified",
     "no command waits for it"},
};

static void put_command(struct device_world *world, const struct row *row) {
    world_script(world, "delete from service_request where request_no > 2");
    if (!row->command)
        return;
    world_script(
        world,
        "with r as (insert into service_request (originator, target, counter,"
        " stage, used, service, service_reference_variant, command_variant,"
        " content, received) values (" ID_FORMAT ", " ID_FORMAT ", 2000, 1,"
        " true, 'serviceS', '%s', 1, sha256('y'), '2030-01-01')"
        " returning request_no)"
        " insert into device_command (request_no, device_id, device_type,"
        " chf_id, csp, originator, counter, message_code, state, created,"
        " next_try, response_due, payload) select request_no, device_id,"
        " device_type, chf_id, 'north', " ID_FORMAT ", %d, %d, '%s',"
        " '2030-01-01', '2030-01-01', '2030-01-02', '' from r, smi_device"
        " where device_id = " ID_FORMAT,
        ID(row->user), ID(row->device), use_cases[row->use_case].variant,
        ID(row->way == USER ? row->user : ACB), row->way == USER ? 2000 : 1300,
        row->use_case == CS06_ALERT ? GBCS_CODE_CS06
                                    : use_cases[row->use_case].code,
        row->command, ID(row->device));
}

static struct said said_of(const struct row *row) {
    bool acb = row->way == THE_ACB;
    return (struct said){.from = row->device,
                         .to = acb ? ACB : row->user,
                         .counter = acb ? 1300 : 2000,
                         .code = use_cases[row->use_case].code,
                         .cra = use_cases[row->use_case].cra,
                         .payload = row->says,
                         .party = acb ? row->user : 0,
                         .party_counter = acb ? 2000 : 0};
}

static void begin(struct device_world *world, const struct row *row) {
    world_begin(world);
    put_command(world, row);
    if (row->update)
        world_update(world, row->device, 1, row->update);
}

static void run(struct device_world *world, const struct row *row) {
    begin(world, row);
    struct said said = said_of(row);
    world_hear(world, &said);
    assert_int_equal(world_take(world), 1);
    world_expect_told(world, row->name, row->told);
    world_expect_device(world, row->name, row->device, row->updated,
                        row->version);
    world_expect_end(world, row->name, row->state, row->detail);
    world_expect(world, row->name, "select state::text from device_command",
                 row->answered);
    assert_int_equal(world_take(world), 0);
}

static void every_response(void **state) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        run(*state, &rows[i]);
}

static const struct row read_of_ppmid = {
    "read", CS08, PPMID, S2, THE_ACB, "sent", READ(0x2A), .update = NULL};

static void a_response_has_the_octets_and_its_request(void **state) {
    struct device_world *world = *state;
    begin(world, &read_of_ppmid);
    struct said said = said_of(&read_of_ppmid);
    world_hear(world, &said);
    world_take(world);
    world_expect(world, "ResponseMessage",
                 "select concat_ws(' ', a.request_no = c.request_no,"
                 " a.response_code, a.payload = g.payload)"
                 " from alert a, gbcs_message g, device_command c"
                 " where a.code = 'ResponseMessage'",
                 "t t");
    world_expect(world, "N49",
                 "select concat_ws(' ', a.device_type,"
                 " encode(a.firmware_version, 'hex'),"
                 " encode(a.other_version, 'hex'), eui64_text(a.device_id))"
                 " from alert a where a.code = 'N49'",
                 "PPMID 0000002a 00000029 00-DB-00-00-00-00-01-03");
    world_expect(world, "no E21 any more",
                 "select (response_due is null and ended is not null)::text"
                 " from device_command",
                 "true");
}

/* The ACB's counter alone would let one User's answer go to another. */
static void supplementary_fields_must_be_those_of_the_request(void **state) {
    struct device_world *world = *state;
    struct said right = said_of(&read_of_ppmid), wrong[3];
    wrong[0] = wrong[1] = wrong[2] = right;
    wrong[0].party = S1;
    wrong[1].party_counter = 2001;
    wrong[2].party = wrong[2].party_counter = 0;
    for (size_t i = 0; i < 3; i++) {
        begin(world, &read_of_ppmid);
        world_hear(world, &wrong[i]);
        world_take(world);
        world_expect_told(world, "supplementary", "");
        world_expect_end(
            world, "supplementary", "unknown",
            "its supplementary fields are not those of the request");
    }
}

static void a_response_of_another_use_case_is_none(void **state) {
    struct device_world *world = *state;
    begin(world, &read_of_ppmid);
    world_script(world, "update device_command set message_code = 89");
    struct said said = said_of(&read_of_ppmid);
    world_hear(world, &said);
    world_take(world);
    world_expect_told(world, "use case", "");
    world_expect_end(world, "use case", "unknown",
                     "the command it answers is of another use case");
}

/* What the device said of an 11.3 is kept with the command (RSAT_004). */
static void a_command_keeps_what_became_of_it(void **state) {
    struct device_world *world = *state;
    static const struct {
        const char *name;
        enum use_case use_case;
        struct gbcs_payload says;
        const char *results, *result, *executed, *counts;
    } cases[] = {
        {"success", CS06, ACTIVATED(0, 0x2A), "0", "success", "f", "1 0 1"},
        {"noImageHeld", CS06, ACTIVATED(1, 0x29), "1", "noImageHeld", "f",
         "0 1 0"},
        {"accepted", CS06, ACCEPTED, "", "", "f", "1 0 0"},
        {"8F66", CS06_ALERT, OUTCOME(0x8F66, 0, 0x2A), " 0", "success", "t",
         "1 0 1"},
        {"8F67", CS06_ALERT, OUTCOME(0x8F67, 2, 0x29), " 2", "hashMismatch",
         "f", "0 1 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct row row = {.use_case = cases[i].use_case,
                                .device = ESME,
                                .user = S1,
                                .command = "sent",
                                .says = cases[i].says};
        begin(world, &row);
        struct said said = said_of(&row);
        world_hear(world, &said);
        world_take(world);
        world_expect(world, cases[i].name,
                     "select rtrim(coalesce(response_result::text, '') || ' '"
                     " || coalesce(outcome_result::text, ''))"
                     " from device_command",
                     cases[i].results);
        world_expect(world, cases[i].name,
                     "select coalesce(result, '') from list_activations(null,"
                     " null, '2029-12-31', '2030-01-02', null, null)",
                     cases[i].result);
        world_expect(world, cases[i].name,
                     "select executed is not null from list_activations(null,"
                     " null, '2029-12-31', '2030-01-02', null, null)",
                     cases[i].executed);
        world_expect(world, cases[i].name,
                     "select concat_ws(' ', answered, failed, succeeded)"
                     " from activation_counts(null, null, '2029-12-31',"
                     " '2030-01-02')",
                     cases[i].counts);
    }
}

/* ---- cancellations ---- */

/* A future dated command, counter 2000, and its cancellation, 2001, as they go
 * out: the hash of the image, then the time. */
static void put_cancellation(struct device_world *world,
                             const struct row *row) {
    begin(world, row);
    world_script(
        world,
        "update device_command set future_dated = true, payload ="
        " decode(repeat('00', 45) || '00120000000420', 'hex') || sha256('a')"
        " || '20300201120000Z';"
        "with r as (insert into service_request (originator, target, counter,"
        " stage, used, service, service_reference_variant, command_variant,"
        " content, received) select originator, target, 2001, stage, used,"
        " service, service_reference_variant, command_variant, sha256('z'),"
        " received from service_request where counter = 2000"
        " returning request_no) insert into device_command (request_no,"
        " device_id, device_type, chf_id, csp, originator, counter,"
        " message_code, state, created, next_try, response_due, payload)"
        " select r.request_no, device_id, device_type, chf_id, csp, originator,"
        " 2001, message_code, 'sent', created, next_try, response_due,"
        " substring(payload for 84) || '99991231235959Z'"
        " from device_command, r");
}

/* The device has taken the cancellation: nothing was activated by it, and
 * nothing will be by what it cancels; whatever comes first. */
static void a_cancellation_ends_what_the_device_holds(void **state) {
    struct device_world *world = *state;
    static const struct {
        const char *name, *order; /* of their counters' last digits */
        struct gbcs_payload says; /* to the cancellation */
        const char *states, *counts, *results;
    } cases[] = {
        {"in order", "01", ACCEPTED, "cancelled answered", "1 0 0 1 0",
         "- cancellation"},
        {"the other way round", "10", ACCEPTED, "cancelled answered",
         "1 0 0 1 0", "- cancellation"},
        {"with a code", "01", ACTIVATED(0, 0x29), "cancelled answered",
         "1 0 0 1 0", "- cancellation"},
        {"refused", "01", ACTIVATED(1, 0x29), "answered answered", "1 1 0 0 0",
         "- noImageHeld"},
        {"not answered", "0", ACCEPTED, "answered sent", "1 1 0 0 0", "- -"},
        {"done all the same", "018", ACCEPTED, NULL, "1 1 0 0 1",
         "success cancellation"},
    };
    const struct row row = {.use_case = CS06,
                            .device = ESME,
                            .user = S1,
                            .command = "sent",
                            .says = ACCEPTED};
    const struct row outcome = {.use_case = CS06_ALERT,
                                .device = ESME,
                                .user = S1,
                                .says = OUTCOME(0x8F66, 0, 0x2A)};
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        bool one_batch = i % 2;
        const char *name = cases[i / 2].name;
        put_cancellation(world, &row);
        for (const char *next = cases[i / 2].order; *next; next++) {
            struct said said = said_of(*next == '8' ? &outcome : &row);
            if (*next == '1') {
                said.counter = 2001;
                said.payload = cases[i / 2].says;
            } else if (*next == '8')
                said.counter = 5;
            world_hear(world, &said);
            if (!one_batch)
                world_take(world);
        }
        world_take(world);
        if (cases[i / 2].states)
            world_expect(world, name,
                         "select string_agg(state::text, ' ' order by counter)"
                         " from device_command",
                         cases[i / 2].states);
        world_expect(world, name,
                     "select concat_ws(' ', requested, answered, failed,"
                     " cancelled, succeeded) from activation_counts(null, null,"
                     " '2029-12-31', '2030-01-02')",
                     cases[i / 2].counts);
        world_expect(world, name,
                     "select string_agg(coalesce(result, '-'), ' ' order by"
                     " command_no) from list_activations(null, null,"
                     " '2029-12-31', '2030-01-02', null, null)",
                     cases[i / 2].results);
    }
}

/* A command tells by the hash of its image which update failed. */
static void a_failure_is_of_the_update_with_that_image(void **state) {
    struct device_world *world = *state;
    static const struct {
        const char *name;
        enum use_case use_case;
        struct gbcs_payload says;
        const char *image, *updated;
    } cases[] = {
        {"response", CS06, ACTIVATED(3, 0x29), "a", "ACTIVATION_FAILED"},
        {"8F67", CS06_ALERT, OUTCOME(0x8F67, 3, 0x29), "a",
         "ACTIVATION_FAILED"},
        {"another image", CS06, ACTIVATED(3, 0x29), "b",
         "SUCCESSFUL_HAN_TRANSFER"},
        {"success without effect", CS06, ACTIVATED(0, 0x29), "a",
         "SUCCESSFUL_HAN_TRANSFER"},
        {"it runs it all the same", CS06, ACTIVATED(3, 0x2A), "a",
         "FIRMWARE_ACTIVATED"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct row row = {.use_case = cases[i].use_case,
                                .device = ESME,
                                .user = S1,
                                .command = "sent",
                                .says = cases[i].says,
                                .update = "SUCCESSFUL_HAN_TRANSFER"};
        begin(world, &row);
        world_script(world,
                     "update service_request set manufacturer_image_hash ="
                     " sha256('a') where request_no = 1;"
                     "update device_command set payload = decode(repeat('00',"
                     " 45) || '00120000000420', 'hex') || sha256('%s')",
                     cases[i].image);
        struct said said = said_of(&row);
        world_hear(world, &said);
        world_take(world);
        world_expect(world, cases[i].name,
                     "select string_agg(status::text, ' ') from tracking",
                     cases[i].updated);
    }
}

/* 8F66 names the version that runs now, at 11:00 by the device's clock; ours
 * had been ahead when the job was made. */
static void a_version_is_of_an_update_that_our_clock_made_later(void **state) {
    struct device_world *world = *state;
    static const struct {
        const char *delivered, *updated;
    } cases[] = {{"10:50", "FIRMWARE_ACTIVATED"},
                 {"11:10", "SUCCESSFUL_HAN_TRANSFER"}};
    const struct row row = {.use_case = CS06_ALERT,
                            .device = ESME,
                            .user = S1,
                            .command = "sent",
                            .says = OUTCOME(0x8F66, 0, 0x2A),
                            .update = "SUCCESSFUL_HAN_TRANSFER"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(world, &row);
        world_script(world,
                     "update csp_job set created = '2030-01-01 11:40';"
                     " update tracking_live set hub_time = null,"
                     " delivery_status = 'SUCCESSFUL_CH_TRANSFER',"
                     " delivery_time = '2030-01-01 %s'",
                     cases[i].delivered);
        struct said said = said_of(&row);
        world_hear(world, &said);
        world_take(world);
        world_expect(world, cases[i].delivered,
                     "select string_agg(status::text, ' ') from tracking",
                     cases[i].updated);
    }
}

/* Which octets are the meter's only the User finds out: each is passed on,
 * once, and all have the ResponseID of the request. */
static void only_the_user_knows_which_answer_is_genuine(void **state) {
    struct device_world *world = *state;
    const struct row row = {.use_case = ECS52,
                            .device = ESME,
                            .user = S1,
                            .command = "sent",
                            .says = READ(0x29)};
    begin(world, &row);
    struct said said = said_of(&row), other = said;
    other.payload.firmware_version = 0x2A;
    struct buffer octets = {0};
    world_say(&said, &octets);
    world_put(world, buffer_span(&octets));
    world_put(world, buffer_span(&octets));
    assert_int_equal(world_take(world), 1);
    world_hear(world, &other);
    assert_int_equal(world_take(world), 1);
    world_put(world, buffer_span(&octets));
    assert_int_equal(world_take(world), 0);
    world_expect_told(world, "both", "ResponseMessage S1, ResponseMessage S1");
    world_expect(world, "one ResponseID, two payloads",
                 "select concat_ws(' ', count(distinct a.payload),"
                 " count(distinct response_id_text(a, r, '"
                 "90B3D51F30000002"
                 "'))) from alert a join service_request r using (request_no)",
                 "2 1");
    buffer_free(&octets);
}

/* Future dated: the response, then the outcome; each once. */
static void accepted_then_done(void **state) {
    struct device_world *world = *state;
    const struct row accepted = {.use_case = CS06,
                                 .device = ESME,
                                 .user = S1,
                                 .command = "sent",
                                 .says = ACCEPTED,
                                 .update = "SUCCESSFUL_HAN_TRANSFER"};
    struct row outcome = accepted;
    outcome.use_case = CS06_ALERT;
    outcome.says = (struct gbcs_payload)OUTCOME(0x8F66, 0, 0x2A);
    begin(world, &accepted);
    struct said said[2] = {said_of(&accepted), said_of(&outcome)};
    said[1].counter = 5;
    /* in one batch, and the later one first */
    world_hear(world, &said[1]);
    world_hear(world, &said[0]);
    assert_int_equal(world_take(world), 2);
    world_expect_told(world, "both",
                      "FutureDatedDeviceAlertMessage S1, ResponseMessage S1");
    world_expect(world, "outcome seen",
                 "select concat_ws(' ', c.state, c.outcome_seen is not null,"
                 " to_hex(a.device_alert_code), a.request_no = c.request_no,"
                 " a.payload is not null) from device_command c, alert a"
                 " where a.code like 'Future%%'",
                 "answered t 8f66 t t");
    world_expect_device(world, "both", ESME, "FIRMWARE_ACTIVATED", "2A");
    world_hear(world, &said[1]);
    world_take(world);
    world_expect_told(world, "again",
                      "FutureDatedDeviceAlertMessage S1, ResponseMessage S1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(every_response),
        WORLD_TEST(a_response_has_the_octets_and_its_request),
        WORLD_TEST(supplementary_fields_must_be_those_of_the_request),
        WORLD_TEST(a_response_of_another_use_case_is_none),
        WORLD_TEST(a_command_keeps_what_became_of_it),
        WORLD_TEST(a_cancellation_ends_what_the_device_holds),
        WORLD_TEST(a_failure_is_of_the_update_with_that_image),
        WORLD_TEST(a_version_is_of_an_update_that_our_clock_made_later),
        WORLD_TEST(only_the_user_knows_which_answer_is_genuine),
        WORLD_TEST(accepted_then_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
