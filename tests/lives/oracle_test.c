/* The oracle of the lives: to which update each event belongs, and that it
 * finds a record that is not true. */
#include "support/check.h"

#include "fotasim/lives_oracle.h"
#include "fotasim/lives_plan.h"
#include "gbcs/payload.h"

#include <stdio.h>
#include <string.h>

enum { HUB = 0x100, OLD = 0x0A000001, NEW = 0x0A000002, THIRD = 0x0A000003 };

/* A PPMID that runs OLD, with two updates to NEW: taken on day 1 and 31,
 * which reached the hub on day 2 and 32. */
struct scene {
    struct life life;
    struct life_message messages[8];
    struct life_told told[8];
};

static struct life_message *scene_says(struct scene *s, enum life_said said,
                                       uint8_t update, instant time) {
    struct life_message *m = &s->messages[s->life.message_count++];
    *m = (struct life_message){.said = (uint8_t)said,
                               .update = update,
                               .copies = 1,
                               .posted = 1,
                               .version = NEW,
                               .hub = HUB,
                               .time = time,
                               .took = time};
    return m;
}

static void scene_tells(struct scene *s, uint16_t code, uint64_t request,
                        uint16_t alert, uint8_t result, uint32_t version) {
    struct life_told *told = &s->told[s->life.told_count++];
    *told = (struct life_told){.code = code,
                               .request = request,
                               .alert = alert,
                               .result = result,
                               .version = version,
                               .id = s->life.told_count};
}

static void scene_update(struct scene *s, unsigned number, const char *status) {
    struct life *life = &s->life;
    instant taken = (30 * number + 1) * DAY;
    life->updates[number] = (struct life_update){.version = 1,
                                                 .answer = ANSWER_ACCEPTED,
                                                 .reported = taken,
                                                 .report = OUTCOME_GOOD,
                                                 .counter = number + 1,
                                                 .asked = taken,
                                                 .taken = taken,
                                                 .hub = HUB,
                                                 .ran = OLD};
    life->records[number].counter = number + 1;
    snprintf(life->records[number].status, LIFE_MOST_STATUS, "%s", status);
    life->update_count = life->record_count = (uint8_t)(number + 1);
    scene_says(s, SAID_DELIVERY, (uint8_t)number, taken + DAY);
    scene_tells(s, 61, number + 1, 0, 0, NEW);
}

/* As life_make() begins one; its first update is there. */
static void scene_begin(struct scene *s, const char *status) {
    memset(s, 0, sizeof *s);
    s->life.device.type = TYPE_PPMID;
    s->life.device.hub = HUB;
    s->life.device.version_count = 3;
    s->life.device.versions[0] = s->life.smi = OLD;
    s->life.device.versions[1] = NEW;
    s->life.device.versions[2] = THIRD;
    s->life.messages = s->messages;
    s->life.told = s->told;
    scene_update(s, 0, status);
}

static void hub_says(struct scene *s, uint8_t update, uint8_t result,
                     instant time, uint64_t named) {
    struct life_message *m = scene_says(s, SAID_HUB, update, time);
    m->code = result ? GBCS_8F89_TRANSFER_FAILED : GBCS_8F8A_TRANSFER_SUCCEEDED;
    m->result = result;
    scene_tells(s, 62, named, m->code, result, NEW);
}

static void device_says(struct scene *s, uint32_t version, uint8_t result,
                        instant time) {
    struct life_message *m = scene_says(s, SAID_DEVICE, 0, time);
    m->code = GBCS_8F8B_PPMID_ACTIVATION;
    m->version = version;
    m->result = result;
    s->life.smi = version;
    scene_tells(s, 39, 0, m->code, result, version);
}

static void scene_good(struct scene *s) {
    struct buffer why = {0};
    life_judge(&s->life, &why);
    if (s->life.wrong)
        fail_msg("%s", (const char *)why.data);
    buffer_free(&why);
}

static void scene_wrong(struct scene *s, bool complete) {
    struct lives_verdict verdict = life_judge(&s->life, NULL);
    assert_true(verdict.contradiction == complete);
    assert_true(verdict.overclaim == !complete);
}

static void a_record_that_says_what_was_is_good(void **state) {
    (void)state;
    struct scene s;
    scene_begin(&s, "FIRMWARE_ACTIVATED");
    hub_says(&s, 0, 0, 3 * DAY, 1);
    device_says(&s, NEW, 0, 3 * DAY + HOUR);
    scene_good(&s);
    snprintf(s.life.records[0].status, LIFE_MOST_STATUS,
             "SUCCESSFUL_HAN_TRANSFER");
    scene_wrong(&s, true);
}

static void a_claim_of_what_was_lost_is_found(void **state) {
    (void)state;
    struct scene s;
    scene_begin(&s, "FIRMWARE_ACTIVATED");
    hub_says(&s, 0, 0, 3 * DAY, 1);
    device_says(&s, NEW, 0, 3 * DAY + HOUR);
    s.messages[2].posted = 0; /* the 8F8B */
    s.life.smi = OLD;
    scene_wrong(&s, false);
    snprintf(s.life.records[0].status, LIFE_MOST_STATUS,
             "SUCCESSFUL_HAN_TRANSFER");
    scene_good(&s);
}

static void what_is_discarded_for_the_new_image_is_the_old_one(void **state) {
    (void)state;
    struct scene s;
    scene_begin(&s, "HAN_DISCARDED");
    scene_update(&s, 1, "SUCCESSFUL_HAN_TRANSFER");
    hub_says(&s, 0, 1, 32 * DAY, 1);
    hub_says(&s, 1, 0, 33 * DAY, 2);
    scene_good(&s);
}

static void what_is_discarded_after_14_days_is_the_newest(void **state) {
    (void)state;
    struct scene s;
    scene_begin(&s, "RESET_BY_DCC");
    s.life.updates[0].reset = 2 * DAY;
    scene_update(&s, 1, "HAN_DISCARDED");
    hub_says(&s, 1, 1, 46 * DAY, 2);
    scene_good(&s);
}

static void an_alert_of_the_time_before_is_of_the_first(void **state) {
    (void)state;
    struct scene s;
    scene_begin(&s, "SUCCESSFUL_HAN_TRANSFER");
    scene_update(&s, 1, "SUCCESSFUL_CH_TRANSFER");
    hub_says(&s, 0, 0, 2 * DAY + HOUR, 1);
    scene_good(&s);
    snprintf(s.life.records[1].status, LIFE_MOST_STATUS,
             "SUCCESSFUL_HAN_TRANSFER");
    scene_wrong(&s, true);
}

static void the_old_version_again_is_stored(void **state) {
    (void)state;
    struct scene s;
    scene_begin(&s, "STORED_ON_DEVICE");
    hub_says(&s, 0, 0, 3 * DAY, 1);
    device_says(&s, OLD, 0, 3 * DAY + HOUR);
    scene_good(&s);
    snprintf(s.life.records[0].status, LIFE_MOST_STATUS, "FIRMWARE_ACTIVATED");
    scene_wrong(&s, true);
}

static void a_third_version_moves_nothing(void **state) {
    (void)state;
    struct scene s;
    scene_begin(&s, "SUCCESSFUL_CH_TRANSFER");
    device_says(&s, THIRD, 0, 3 * DAY + HOUR);
    scene_good(&s);
    snprintf(s.life.records[0].status, LIFE_MOST_STATUS, "FIRMWARE_ACTIVATED");
    scene_wrong(&s, true);
}

static void success_beats_failure_in_any_order(void **state) {
    (void)state;
    struct scene s;
    scene_begin(&s, "FIRMWARE_ACTIVATED");
    hub_says(&s, 0, 3, 3 * DAY, 1);
    device_says(&s, NEW, 0, 2 * DAY + HOUR);
    scene_good(&s);
}

static void another_ones_request_in_n62_is_found(void **state) {
    (void)state;
    struct scene s;
    scene_begin(&s, "SUCCESSFUL_HAN_TRANSFER");
    hub_says(&s, 0, 0, 3 * DAY, 7);
    scene_wrong(&s, true);
}

static void a_plan_follows_from_seed_and_number(void **state) {
    (void)state;
    struct scene s;
    for (uint32_t i = 0; i < 1000; i++) {
        scene_begin(&s, "AWAITING_CSP");
        struct life again = s.life;
        s.life.number = again.number = i;
        life_draw(&s.life, 7);
        life_draw(&again, 7);
        assert_memory_equal(&s.life.plan, &again.plan, sizeof again.plan);
        assert_true(again.plan.count > 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_says_what_was_is_good),
        cmocka_unit_test(a_claim_of_what_was_lost_is_found),
        cmocka_unit_test(what_is_discarded_for_the_new_image_is_the_old_one),
        cmocka_unit_test(what_is_discarded_after_14_days_is_the_newest),
        cmocka_unit_test(an_alert_of_the_time_before_is_of_the_first),
        cmocka_unit_test(the_old_version_again_is_stored),
        cmocka_unit_test(a_third_version_moves_nothing),
        cmocka_unit_test(success_beats_failure_in_any_order),
        cmocka_unit_test(another_ones_request_in_n62_is_found),
        cmocka_unit_test(a_plan_follows_from_seed_and_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
