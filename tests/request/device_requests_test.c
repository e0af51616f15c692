/*
 * requirement R1 for 11.2 and 11.3, row by row through HTTP: the answer, and
 * what becomes of the command. Every command's MAC is verified with the
 * device's key. The same octets again get the same octets and do nothing.
 */
#include "support/check.h"
#include "support/command_scene.h"

#include <pthread.h>

#define READ DUIS_READ_FIRMWARE_VERSION
#define TRANSFORM DUIS_ACTIVATE_FIRMWARE
#define CANCEL "3000-12-31T00:00:00.00Z"

/* `from_now` is an execution time when it is not 0. */
struct row {
    const char *sent;
    struct asked asked;
    instant from_now;
    const char *says;
    const char *command; /* NULL: none */
};

static void check_once_only(struct scene *scene, const struct row *row,
                            const struct asked *asked, struct span body,
                            const struct answer *first) {
    struct answer again =
        gateway_post(scene->gateway, scene_service(asked), body);
    if (!span_equal(again.body, first->body))
        fail_msg("%s: the answer to the same octets differs", row->sent);
}

static void run_row(struct scene *scene, const struct row *row) {
    struct asked asked = row->asked;
    if (row->from_now)
        asked.when = scene_time(scene, row->from_now);
    struct span body = scene_request(scene, &asked);
    uint64_t counter = scene->counter;
    struct answer answer =
        gateway_post(scene->gateway, scene_service(&asked), body);
    assert_int_equal(answer.http, 200);
    const char *says = answer_says(scene->gateway, &answer);
    if (strcmp(says, row->says) != 0)
        fail_msg("%s: expected %s, got %s", row->sent, row->says, says);
    check_once_only(scene, row, &asked, body, &answer);
    const char *wanted = row->command ? row->command : "none";
    const char *command = scene_command(scene, counter);
    if (strcmp(command, wanted) != 0)
        fail_msg("%s: expected %s, got %s", row->sent, wanted, command);
    bool returned = scene_payload(scene, &answer).len > 0;
    if (strcmp(row->says, "I0") == 0 && !returned)
        fail_msg("%s: nothing is returned", row->sent);
}

static void run_rows(const struct row *rows, size_t count) {
    struct scene *scene = scene_open();
    /* home 0 is PLAIN */
    gateway_tell(scene->gateway,
                 "update smi_device set"
                 " export_supplier_id = '90b3d51f30030000',"
                 " network_operator_id = case device_type when 'GSME'"
                 " then macaddr8 '90b3d51f30080000'"
                 " else '90b3d51f30070000' end,"
                 " registered_agent_id = '90b3d51f30090000'"
                 " where chf_id = '00db120000000001'");
    for (size_t i = 0; i < count; i++)
        run_row(scene, &rows[i]);
    scene_close(scene);
}

/* ---- 11.2 ---- */

static const struct row READ_DEVICES[] = {
    {"an ESME: ECS52 by its supplier",
     {.device = ESME(PLAIN), .body = READ},
     0,
     "I99",
     "waiting 0059 by the User for north"},
    {"a GSME: GCS38 by its supplier",
     {.device = GSME(PLAIN), .body = READ},
     0,
     "I99",
     "waiting 0084 by the User for north"},
    {"a CHF: ECS52 by the ACB",
     {.device = CHF(PLAIN), .body = READ},
     0,
     "I99",
     "waiting 0059 by the ACB for north"},
    {"a PPMID: CS08 by the ACB",
     {.device = PPMID(PLAIN), .body = READ},
     0,
     "I99",
     "waiting 0129 by the ACB for north"},
    {"an HCALCS: CS08 by the ACB",
     {.device = HCALCS(PLAIN), .body = READ},
     0,
     "I99",
     "waiting 0129 by the ACB for north"},
    {"a device of the other CSP",
     {.device = ESME(CENTRAL), .body = READ},
     0,
     "I99",
     "waiting 0059 by the User for south-and-central"},
    {"a device that is not in the inventory",
     {.device = NOWHERE, .body = READ},
     0,
     "E19",
     NULL},
    {"an IHD", {.device = IHD(PLAIN), .body = READ}, 0, "E11", NULL},
    {"a CAD", {.device = CAD(PLAIN), .body = READ}, 0, "E11", NULL},
    {"a GPF", {.device = GPF(PLAIN), .body = READ}, 0, "E11", NULL},
    {"a SMETS1 ESME",
     {.device = ESME(SMETS1_NORTH), .body = READ},
     0,
     "E11",
     NULL},
    {"a pending device",
     {.device = ESME(PENDING), .body = READ},
     0,
     "E5",
     NULL},
    {"a suspended device",
     {.device = PPMID(SUSPENDED), .body = READ},
     0,
     "I99",
     "waiting 0129 by the ACB for north"},
    {"a home in a region without a CSP",
     {.device = ESME(REGION_UNKNOWN), .body = READ},
     0,
     "E20",
     NULL},
    {"a home whose hub is not in the inventory",
     {.device = ESME(NO_HUB), .body = READ},
     0,
     "E20",
     NULL},
    {"a device without a certificate",
     {.device = ESME(PLAIN_TOO), .body = READ},
     0,
     "E20",
     NULL},
};

static const struct row READ_SENDERS[] = {
    {"another supplier's ESME",
     {.sender = BY_SUPPLIER_B, .device = ESME(DUAL), .body = READ},
     0,
     "E4",
     NULL},
    {"another supplier's GSME",
     {.sender = BY_SUPPLIER_A, .device = GSME(DUAL), .body = READ},
     0,
     "E4",
     NULL},
    {"an ESME without a supplier",
     {.device = ESME(NO_SUPPLIER), .body = READ},
     0,
     "E4",
     NULL},
    {"the PPMID of a home with two suppliers, by the first",
     {.sender = BY_SUPPLIER_A, .device = PPMID(DUAL), .body = READ},
     0,
     "I99",
     "waiting 0129 by the ACB for north"},
    {"the same by the second",
     {.sender = BY_SUPPLIER_B, .device = PPMID(DUAL), .body = READ},
     0,
     "I99",
     "waiting 0129 by the ACB for north"},
    {"the HCALCS of that home by the gas supplier",
     {.sender = BY_SUPPLIER_B, .device = HCALCS(DUAL), .body = READ},
     0,
     "I99",
     "waiting 0129 by the ACB for north"},
    {"the CHF of that home by the gas supplier",
     {.sender = BY_SUPPLIER_B, .device = CHF(DUAL), .body = READ},
     0,
     "I99",
     "waiting 0059 by the ACB for north"},
    {"the PPMID of another supplier's home",
     {.device = PPMID(OF_B), .body = READ},
     0,
     "E4",
     NULL},
    {"an export supplier: a party unknown to the meter",
     {.sender = BY_EXPORT, .device = ESME(PLAIN), .body = READ},
     0,
     "I99",
     "waiting 0059 by the ACB for north"},
    {"another export supplier's",
     {.sender = BY_EXPORT, .device = ESME(DUAL), .body = READ},
     0,
     "E4",
     NULL},
    {"a distributor: a party known to the meter",
     {.sender = BY_DISTRIBUTOR, .device = ESME(PLAIN), .body = READ},
     0,
     "I99",
     "waiting 0059 by the User for north"},
    {"a transporter: the same",
     {.sender = BY_TRANSPORTER, .device = GSME(PLAIN), .body = READ},
     0,
     "I99",
     "waiting 0084 by the User for north"},
    {"another distributor's",
     {.sender = BY_DISTRIBUTOR, .device = GSME(PLAIN), .body = READ},
     0,
     "E4",
     NULL},
    {"a registered supplier agent",
     {.sender = BY_AGENT, .device = GSME(PLAIN), .body = READ},
     0,
     "I99",
     "waiting 0084 by the ACB for north"},
    {"another registered supplier agent's",
     {.sender = BY_AGENT, .device = GSME(DUAL), .body = READ},
     0,
     "E4",
     NULL},
    {"an other User: any device",
     {.sender = BY_OTHER, .device = ESME(DUAL), .body = READ},
     0,
     "I99",
     "waiting 0059 by the ACB for north"},
    {"all roles, none of which makes it known",
     {.sender = BY_ALL_ROLES, .device = GSME(CENTRAL), .body = READ},
     0,
     "I99",
     "waiting 0084 by the ACB for south-and-central"},
};

static const struct row READ_VARIANTS[] = {
    {"CV 2: returned, not sent",
     {.device = ESME(PLAIN), .body = READ, .variant = "2"},
     0,
     "I0",
     "local 0059 by the User for north"},
    {"CV 3: returned and sent",
     {.device = PPMID(PLAIN), .body = READ, .variant = "3"},
     0,
     "I99",
     "waiting 0129 by the ACB for north"},
    {"CV 4: not of 11.2",
     {.device = ESME(PLAIN),
      .body = READ,
      .variant = "4",
      .service = "serviceS"},
     0,
     "E12",
     NULL},
    {"CV 8: not of 11.2",
     {.device = ESME(PLAIN),
      .body = READ,
      .variant = "8",
      .service = "serviceS"},
     0,
     "E12",
     NULL},
    {"CV 1 to the Non-Device service",
     {.device = ESME(PLAIN), .body = READ, .service = "serviceD"},
     0,
     "E13",
     NULL},
    {"CV 2 to the Send Command service",
     {.device = ESME(PLAIN),
      .body = READ,
      .variant = "2",
      .service = "serviceS"},
     0,
     "E13",
     NULL},
    {"11.2 to the Transform service",
     {.device = ESME(PLAIN), .body = READ, .service = "serviceT"},
     0,
     "E13",
     NULL},
    {"an execution time within 30 days: held",
     {.device = ESME(PLAIN), .body = READ},
     29 * DAY,
     "I99",
     "held 0059 by the User for north"},
    {"an execution time more than 30 days ahead",
     {.device = ESME(PLAIN), .body = READ},
     30 * DAY + MINUTE,
     "E31",
     NULL},
    {"an execution time that is past",
     {.device = ESME(PLAIN), .body = READ},
     -SECOND,
     "E31",
     NULL},
    {"the time that cancels an 11.3",
     {.device = ESME(PLAIN), .body = READ, .when = CANCEL},
     0,
     "E31",
     NULL},
    {"CV 2 with an execution time: on demand only",
     {.device = ESME(PLAIN), .body = READ, .variant = "2"},
     DAY,
     "E12",
     NULL},
    {"CV 3 with an execution time: on demand only",
     {.device = ESME(PLAIN), .body = READ, .variant = "3"},
     DAY,
     "E12",
     NULL},
};

/* ---- 11.3 ---- */

static const struct row TRANSFORMS[] = {
    {"an ESME", {.device = ESME(PLAIN), .body = TRANSFORM}, 0, "I0", NULL},
    {"a GSME", {.device = GSME(PLAIN), .body = TRANSFORM}, 0, "I0", NULL},
    {"an HCALCS", {.device = HCALCS(PLAIN), .body = TRANSFORM}, 0, "I0", NULL},
    {"a suspended device",
     {.device = ESME(SUSPENDED), .body = TRANSFORM},
     0,
     "I0",
     NULL},
    {"a CHF", {.device = CHF(PLAIN), .body = TRANSFORM}, 0, "E11", NULL},
    {"a PPMID", {.device = PPMID(PLAIN), .body = TRANSFORM}, 0, "E11", NULL},
    {"an IHD", {.device = IHD(PLAIN), .body = TRANSFORM}, 0, "E11", NULL},
    {"a device that is not in the inventory",
     {.device = NOWHERE, .body = TRANSFORM},
     0,
     "E19",
     NULL},
    {"a pending device",
     {.device = GSME(PENDING), .body = TRANSFORM},
     0,
     "E5",
     NULL},
    {"another supplier's ESME",
     {.device = ESME(OF_B), .body = TRANSFORM},
     0,
     "E4",
     NULL},
    {"an HCALCS by the gas supplier of the home",
     {.sender = BY_SUPPLIER_B, .device = HCALCS(DUAL), .body = TRANSFORM},
     0,
     "E4",
     NULL},
    {"a role that may not",
     {.sender = BY_EXPORT, .device = ESME(PLAIN), .body = TRANSFORM},
     0,
     "E2",
     NULL},
    {"a role that may not, beside those that may",
     {.sender = BY_ALL_ROLES, .device = ESME(PLAIN), .body = TRANSFORM},
     0,
     "E4",
     NULL},
    {"an execution time within 30 days",
     {.device = ESME(PLAIN), .body = TRANSFORM},
     29 * DAY,
     "I0",
     NULL},
    {"an execution time more than 30 days ahead",
     {.device = ESME(PLAIN), .body = TRANSFORM},
     30 * DAY + MINUTE,
     "E31",
     NULL},
    {"an execution time that is past",
     {.device = ESME(PLAIN), .body = TRANSFORM},
     -SECOND,
     "E31",
     NULL},
    {"a cancellation",
     {.device = ESME(PLAIN), .body = TRANSFORM, .when = CANCEL},
     0,
     "I0",
     NULL},
    {"to the Send Command service",
     {.device = ESME(PLAIN), .body = TRANSFORM, .service = "serviceS"},
     0,
     "E13",
     NULL},
    {"CV 5 with an ActivateFirmware",
     {.device = ESME(PLAIN), .body = TRANSFORM, .variant = "5"},
     0,
     "E12",
     NULL},
};

#define TEST_ROWS(name, rows)                                                  \
    static void name(void **state) {                                           \
        (void)state;                                                           \
        run_rows((rows), sizeof(rows) / sizeof *(rows));                       \
    }
TEST_ROWS(reads_go_to_their_devices, READ_DEVICES)
TEST_ROWS(reads_come_from_whom_it_concerns, READ_SENDERS)
TEST_ROWS(reads_by_variant_and_time, READ_VARIANTS)
TEST_ROWS(transforms, TRANSFORMS)

/* Only these two are named by the published text. */
static void statuses_of_a_device(void **state) {
    (void)state;
    static const struct {
        const char *status, *read, *transform;
    } rows[] = {
        {"Pending", "E5", "E5"},
        {"Whitelisted", "E5", "E5"},
        {"InstalledNotCommissioned", "E5", "E5"},
        {"Commissioned", "I99", "I0"},
        {"Decommissioned", "E5", "E5"},
        {"Withdrawn", "E5", "E5"},
        {"Suspended", "I99", "I0"},
        {"Recovery", "E5", "E5"},
        {"Recovered", "E5", "E5"},
    };
    struct scene *scene = scene_open();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gateway_tell(scene->gateway, "%s",
                     arena_printf(scene->arena,
                                  "update smi_device set device_status = '%s'",
                                  rows[i].status));
        run_row(scene, &(struct row){rows[i].status,
                                     {.device = ESME(PLAIN), .body = READ},
                                     0,
                                     rows[i].read,
                                     rows[i].read[0] == 'E'
                                         ? NULL
                                         : "waiting 0059 by the User for "
                                           "north"});
        run_row(scene, &(struct row){rows[i].status,
                                     {.device = ESME(PLAIN), .body = TRANSFORM},
                                     0,
                                     rows[i].transform,
                                     NULL});
    }
    scene_close(scene);
}

static void an_unfit_certificate_makes_no_command(void **state) {
    (void)state;
    struct scene *scene = scene_open();
    scene_certify_device(
        scene, ESME(PLAIN_TOO),
        (struct test_certificate){.not_after = "20240101000000Z"});
    const struct row expired = {"an expired certificate",
                                {.device = ESME(PLAIN_TOO), .body = READ},
                                0,
                                "E20",
                                NULL};
    run_row(scene, &expired);
    scene->gateway->config.accept_expired = true;
    const struct row accepted = {"the same on a test system",
                                 {.device = ESME(PLAIN_TOO), .body = READ},
                                 0,
                                 "I99",
                                 "waiting 0059 by the User for north"};
    run_row(scene, &accepted);
    scene_close(scene);
}

/* What a CV 2 or 3 returns is the command that is stored. */
static void the_command_is_returned(void **state) {
    (void)state;
    struct scene *scene = scene_open();
    static const char *const variants[] = {"2", "3"};
    for (int i = 0; i < 2; i++) {
        struct answer answer =
            scene_ask(scene, &(struct asked){.device = CHF(PLAIN),
                                             .body = READ,
                                             .variant = variants[i]});
        struct span stored = scene_command_octets(scene, scene->counter);
        assert_true(stored.len > 0);
        assert_true(span_equal(scene_payload(scene, &answer), stored));
        assert_non_null(strstr((const char *)answer.body.data,
                               "<sr:LocalCommand><sr:GBCSPayload>"));
    }
    scene_close(scene);
}

/* The ACB counts its own messages, also across requests that were refused. */
static void no_counter_of_the_acb_is_used_twice(void **state) {
    (void)state;
    struct scene *scene = scene_open();
    uint64_t last = 0;
    for (int i = 0; i < 6; i++) {
        eui64 device = i % 2 ? PPMID(PLAIN) : CHF(PLAIN);
        if (i == 3)
            device = PPMID(PLAIN_TOO); /* has no key */
        scene_ask(scene, &(struct asked){.device = device, .body = READ});
        struct span octets = scene_command_octets(scene, scene->counter);
        if (i == 3) {
            assert_int_equal(octets.len, 0);
            continue;
        }
        struct gbcs_message message;
        const char *reason;
        assert_true(gbcs_message_parse(octets, &message, &reason));
        assert_int_equal(message.header.originator, ACB_ID);
        assert_true(message.header.counter > last);
        last = message.header.counter;
        assert_int_equal(message.header.supplementary,
                         GBCS_SUPPLEMENTARY_PARTY_COUNTER);
        assert_int_equal(message.header.supplementary_party, SUPPLIER_A);
        assert_int_equal(message.header.supplementary_party_counter,
                         scene->counter);
    }
    scene_close(scene);
}

/* ---- many at once ---- */

enum { THREADS = 4, EACH = 8 };

struct poster {
    struct gateway *gateway;
    struct span bodies[EACH];
};

static void *post_all(void *context) {
    struct poster *poster = context;
    struct arena *arena = arena_new();
    for (int i = 0; i < EACH; i++)
        gateway_post_raw(poster->gateway, arena, "serviceS", poster->bodies[i]);
    arena_free(arena);
    return NULL;
}

static void commands_of_the_acb_at_the_same_moment(void **state) {
    (void)state;
    struct scene *scene = scene_open();
    struct poster posters[THREADS];
    pthread_t threads[THREADS];
    const struct asked asked = {.device = PPMID(PLAIN), .body = READ};
    for (int i = 0; i < THREADS; i++) {
        posters[i].gateway = scene->gateway;
        for (int j = 0; j < EACH; j++)
            posters[i].bodies[j] = scene_request(scene, &asked);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_string_equal(
        gateway_ask(scene->gateway,
                    "select count(*) || ' ' || count(distinct counter)"
                    " || ' ' || count(distinct payload) from device_command"),
        "32 32 32");
    for (uint64_t i = 1; i <= THREADS * EACH; i++)
        assert_string_equal(scene_command(scene, i),
                            "waiting 0129 by the ACB for north");
    scene_close(scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_go_to_their_devices),
        cmocka_unit_test(reads_come_from_whom_it_concerns),
        cmocka_unit_test(reads_by_variant_and_time),
        cmocka_unit_test(transforms),
        cmocka_unit_test(statuses_of_a_device),
        cmocka_unit_test(an_unfit_certificate_makes_no_command),
        cmocka_unit_test(the_command_is_returned),
        cmocka_unit_test(no_counter_of_the_acb_is_used_twice),
        cmocka_unit_test(commands_of_the_acb_at_the_same_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
