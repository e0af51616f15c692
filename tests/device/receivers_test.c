/* The threads that take what devices send. */
#include "support/check.h"
#include "support/device_world.h"

#include "base/log.h"

#include <unistd.h>

enum { MESSAGES = 40 };

static void hear_some(struct device_world *world) {
    for (unsigned n = 1; n <= MESSAGES; n++)
        world_hear(world,
                   &(struct said){.from = HUB,
                                  .to = ACB,
                                  .counter = n,
                                  .code = GBCS_CODE_CCS08,
                                  .cra = GBCS_ALERT,
                                  .payload = {GBCS_TRANSFER_ALERT, 0x8F8A,
                                              .has_time = true, .time = NOON,
                                              .device = PPMID,
                                              .firmware_version = 0x2A}});
}

/* At most 20 s, sanitizers included. */
static void wait_until(struct device_world *world, const char *query,
                       const char *expected) {
    for (int i = 0; i < 400; i++) {
        if (strcmp(world_ask(world, "%s", query), expected) == 0)
            return;
        usleep(50000);
    }
    world_expect(world, "in time", query, expected);
}

static void they_take_what_comes(void **state) {
    struct device_world *world = *state;
    world_update(world, PPMID, 1, "SUCCESSFUL_CH_TRANSFER");
    struct receivers *receivers = receivers_start(&world->receiving);
    hear_some(world);
    wait_until(world,
               "select count(*)::text from gbcs_message where state = 'done'",
               "40");
    receivers_stop(receivers);
    world_expect_device(world, "moved", PPMID, "SUCCESSFUL_HAN_TRANSFER", "29");
    world_expect(world, "told", "select count(*)::text from alert", "40");
}

/* What the database does not take holds up nothing else, and is tried again
 * when the reason is gone. */
static void one_that_fails_waits_behind_the_others(void **state) {
    struct device_world *world = *state;
    world_update(world, PPMID, 1, "SUCCESSFUL_CH_TRANSFER");
    world_script(world,
                 "create function refuse() returns trigger language plpgsql"
                 " as $$ begin raise exception 'not this one'; end $$;"
                 "create trigger refuse before update on gbcs_message"
                 " for each row when (new.counter = 7 and new.state <>"
                 " 'waiting') execute function refuse()");
    hear_some(world);
    log_set_level(LOG_LEVEL_NONE);
    struct receivers *receivers = receivers_start(&world->receiving);
    wait_until(world,
               "select count(*)::text from gbcs_message where state = 'done'",
               "39");
    wait_until(world,
               "select counter::text from gbcs_message"
               " where detail like '%not this one%'",
               "7");
    world_script(world, "drop trigger refuse on gbcs_message");
    wait_until(world,
               "select string_agg(distinct concat_ws(' ', state, detail), ',')"
               " from gbcs_message",
               "done");
    receivers_stop(receivers);
    log_set_level(LOG_LEVEL_INFO);
    world_expect(world, "told", "select count(*)::text from alert", "40");
}

static void they_stop_without_a_database(void **state) {
    struct device_world *world = *state;
    world->config.database_conninfo = "host=/nonexistent";
    log_set_level(LOG_LEVEL_NONE);
    receivers_stop(receivers_start(&world->receiving));
    log_set_level(LOG_LEVEL_INFO);
    receivers_stop(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(they_take_what_comes),
        WORLD_TEST(one_that_fails_waits_behind_the_others),
        WORLD_TEST(they_stop_without_a_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
