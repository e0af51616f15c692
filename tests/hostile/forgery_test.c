/*
 * GBCS messages that are well formed and lie: other keys, other hands, octets
 * changed after signing, the same once more. None has an effect (requirement
 * F1, decisions 11 and 20); afterwards the genuine one has its own.
 */
#include "hostile/ledger.h"
#include "support/device_world.h"

/* From the hub: the PPMID has its image. */
#define ALERT(from_, device_, ...)                                             \
    {                                                                          \
        .from = (from_), .to = ACB, .counter = 1, .code = GBCS_CODE_CCS08,     \
        .cra = GBCS_ALERT,                                                     \
        .payload = {GBCS_TRANSFER_ALERT, 0x8F8A,                               \
                    .has_time = true,    .time = NOON,                         \
                    .device = (device_), .firmware_version = 0x2A},            \
        __VA_ARGS__                                                            \
    }
/* From a PPMID: it runs the new firmware. */
#define ACTIVATED(from_, ...)                                                  \
    {                                                                          \
        .from = (from_), .to = ACB, .counter = 1, .code = GBCS_CODE_CS09,      \
        .cra = GBCS_ALERT,                                                     \
        .payload = {GBCS_PPMID_ALERT, 0x8F8B, .has_time = true, .time = NOON,  \
                    .firmware_version = 0x2A},                                 \
        __VA_ARGS__                                                            \
    }
/* From a device: an answer that nobody asked for. */
#define RESPONSE(from_, ...)                                                   \
    {                                                                          \
        .from = (from_), .to = ACB, .counter = 4711, .code = GBCS_CODE_CS08,   \
        .cra = GBCS_RESPONSE,                                                  \
        .payload = {GBCS_READ_RESULT, .firmware_version = 0x2A}, .party = S1,  \
        .party_counter = 2000, __VA_ARGS__                                     \
    }

struct forgery {
    const char *name;
    struct said said;
    /* Octets changed after it was signed: at `at`, or from the end if that is
     * below 0; none when `flip` is 0. */
    int at;
    uint8_t flip;
    const char *state;
};

/* Where things stand in a signed message. */
enum { CRA_AT = 2, COUNTER_AT = 10, FROM_AT = 19, TO_AT = 28, CODE_AT = 32 };

#define SOUND ALERT(HUB, PPMID)
#define CHANGED(name, at, flip)                                                \
    { name, SOUND, at, flip, "unverified" }

static const struct forgery FORGERIES[] = {
    {"the key of another hub", ALERT(HUB, PPMID, .signer = HUB_2), 0, 0,
     "unverified"},
    {"the key of the device itself", ALERT(HUB, PPMID, .signer = PPMID), 0, 0,
     "unverified"},
    {"the key of a supplier's meter", ALERT(HUB, PPMID, .signer = ESME), 0, 0,
     "unverified"},
    {"another hub, by its own key", ALERT(HUB_2, PPMID), 0, 0, "unknown"},
    {"another hub's device", ALERT(HUB, ESME_2), 0, 0, "unknown"},
    {"a device that there is not", ALERT(HUB, STRANGER), 0, 0, "unknown"},
    {"a meter that speaks as a hub", ALERT(ESME, PPMID), 0, 0, "unknown"},
    {"a PPMID that speaks as a hub", ALERT(PPMID, PPMID), 0, 0, "unknown"},
    {"activated, by the hub's key", ACTIVATED(PPMID, .signer = HUB), 0, 0,
     "unverified"},
    {"activated, by another home's key", ACTIVATED(PPMID, .signer = ESME_2), 0,
     0, "unverified"},
    {"activated, from a meter", ACTIVATED(ESME), 0, 0, "unknown"},
    {"activated, from a hub", ACTIVATED(HUB), 0, 0, "unknown"},
    {"an answer that nobody asked for", RESPONSE(PPMID), 0, 0, "unknown"},
    {"an answer by another's key", RESPONSE(PPMID, .signer = ESME), 0, 0,
     "unverified"},
    {"an answer with a MAC for another", RESPONSE(PPMID, .to_other = true), 0,
     0, "unknown"},
    CHANGED("another counter", COUNTER_AT, 1),
    CHANGED("a counter that is far ahead", COUNTER_AT - 7, 0x40),
    CHANGED("another hub's name", FROM_AT - 1, 3),
    CHANGED("another recipient", TO_AT, 1),
    CHANGED("another firmware version", -66, 1),
    CHANGED("r changed", -64, 1),
    CHANGED("s changed", -32, 1),
    CHANGED("the last octet changed", -1, 1),
    CHANGED("the last octet changed by its top bit", -1, 0x80),
};

static void say(const struct forgery *f, uint64_t counter, struct buffer *out) {
    struct said said = f->said;
    said.counter = counter;
    world_say(&said, out);
    size_t at = f->at < 0 ? out->len - (size_t)-f->at : (size_t)f->at;
    out->data[at] ^= f->flip;
}

static int set_up(void **state) {
    struct device_world *world = device_world_new();
    *state = world;
    world_begin(world);
    world_update(world, PPMID, 1, "SUCCESSFUL_CH_TRANSFER");
    world_update(world, ESME, 1, "SUCCESSFUL_CH_TRANSFER");
    return 0;
}

static int tear_down(void **state) {
    if (*state)
        device_world_free(*state);
    return 0;
}

static void expect_state(struct device_world *world, const char *name,
                         const char *state) {
    const char *got =
        world_ask(world, "select concat_ws(' ', state, detail) from"
                         " gbcs_message order by received desc limit 1");
    if (strncmp(got, state, strlen(state)) != 0)
        fail_msg("%s: %s, not %s", name, got, state);
}

/* The genuine one is told to the sender and moves the device. */
static void expect_genuine(struct device_world *world) {
    world_hear(world, &(struct said)SOUND);
    assert_int_equal(world_take(world), 1);
    world_expect_device(world, "genuine", PPMID, "SUCCESSFUL_HAN_TRANSFER",
                        "29");
    world_expect_told(world, "genuine", "N62 S1");
}

static void forgeries(void **state) {
    struct device_world *world = *state;
    struct ledger ledger;
    /* what is genuine and of no use is heard once, too */
    ledger_open(&ledger, world->conninfo,
                "sat_entry,gbcs_message,replay_window");
    for (size_t i = 0; i < sizeof FORGERIES / sizeof *FORGERIES; i++) {
        const struct forgery *f = &FORGERIES[i];
        struct buffer octets = {0};
        say(f, 100 + i, &octets);
        world_put(world, buffer_span(&octets));
        assert_int_equal(world_take(world), 1);
        expect_state(world, f->name, f->state);
        ledger_check(&ledger, f->name);
        buffer_free(&octets);
    }
    ledger_close(&ledger);
    world_expect(world, "counters that forgeries took",
                 "select count(*)::text from gbcs_message g"
                 " join replay_window w using (originator, recipient)"
                 " where g.state = 'unverified' and w.seen @> g.counter",
                 "0");
    expect_genuine(world);
}

/* Told once, whatever is said again: under another messageId, with another
 * signature of the same, or between forgeries of it. */
static void replays(void **state) {
    struct device_world *world = *state;
    struct ledger ledger;
    expect_genuine(world);
    ledger_open(&ledger, world->conninfo, "sat_entry,gbcs_message");
    static const struct forgery again[] = {
        {"signed anew", SOUND, 0, 0, "unknown duplicate"},
        {"the same once more", SOUND, 0, 0, "unknown duplicate"},
        {"by another key", ALERT(HUB, PPMID, .signer = HUB_2), 0, 0, "un"},
        {"of another counter", SOUND, COUNTER_AT, 1, "unverified"},
    };
    for (size_t i = 0; i < sizeof again / sizeof *again; i++) {
        struct buffer octets = {0};
        say(&again[i], 1, &octets);
        world_put(world, buffer_span(&octets));
        world_take(world);
        expect_state(world, again[i].name, again[i].state);
        ledger_check(&ledger, again[i].name);
        buffer_free(&octets);
    }
    ledger_close(&ledger);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(forgeries), TEST(replays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
