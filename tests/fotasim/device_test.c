/*
 * The emulated hubs and devices: what they say is checked with the keys that
 * fotad would have (their certificates, the ACB's private key), and what they
 * do with an 11.3 is requirement M4.
 */
#include "support/check.h"

#include "duis/certificate.h"
#include "fotasim/device.h"
#include "fotasim/device_key.h"
#include "fotasim/estate.h"
#include "fotasim/keys.h"
#include "fotasim/verbs.h"
#include "gbcs/build.h"
#include "gbcs/time.h"

#include <openssl/evp.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEED = 3, MOST_SAID = 8 };

#define HUB 0x00DB000000000100
#define ESME 0x00DB000000000101
#define GSME 0x00DB000000000102
#define PPMID 0x00DB000000000103
#define HCALCS 0x00DB000000000104
#define NOON (1893499200 * SECOND) /* 2030-01-01T12:00:00Z */

static const uint8_t hash[32] = {1, 2, 3}, other_hash[32] = {4};

struct world {
    char folder[64];
    struct arena *arena;
    struct sim_han *han;
    EVP_PKEY *acb, *supplier_ka, *supplier_ds;
    unsigned count;
    struct said {
        struct gbcs_message message;
        struct gbcs_payload payload;
        char id[96];
        eui64 hub;
        instant delay;
        bool genuine;
    } said[MOST_SAID];
};

static const char *path(struct world *world, const char *name) {
    return arena_printf(world->arena, "%s/%s", world->folder, name);
}

static void write_faults(struct world *world, const char *text) {
    assert_true(write_whole(path(world, "faults"), span_text(text)));
}

static int set_up(void **state) {
    static struct world world;
    world = (struct world){.folder = "/tmp/fotasim-test-XXXXXX",
                           .arena = arena_new()};
    assert_non_null(mkdtemp(world.folder));
    char *words[] = {arena_text(world.arena, span_text("pki")), world.folder,
                     NULL};
    assert_int_equal(verb_pki(2, words), 0);
    write_faults(&world, "# none\n");
    world.han = sim_han_new(
        &(struct sim_han_options){.seed = SEED,
                                  .certificates = path(&world, "certificates"),
                                  .faults = path(&world, "faults")});
    assert_non_null(world.han);
    world.acb = key_read(world.arena, path(&world, "keys/acb-ka.key"));
    world.supplier_ka =
        key_read(world.arena, path(&world, "keys/supplier-1-ka.key"));
    world.supplier_ds =
        key_read(world.arena, path(&world, "keys/supplier-1-ds.key"));
    *state = &world;
    return 0;
}

static int remove_one(const char *name, const struct stat *status, int type,
                      struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(name);
}

static int tear_down(void **state) {
    struct world *world = *state;
    sim_han_free(world->han);
    nftw(world->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    arena_free(world->arena);
    return 0;
}

/* ---- hearing ---- */

/* By the public half of the device's key, as from its certificate. */
static bool is_genuine(struct world *world, const struct gbcs_message *m) {
    bool is_signed = m->signature.len;
    EVP_PKEY *key = sim_device_key(SEED, m->header.originator,
                                   is_signed ? SIM_SIGNS : SIM_AGREES);
    uint8_t z[GBCS_SECRET_LEN];
    bool good = is_signed ? gbcs_message_verify(key, m)
                          : gbcs_shared_secret(m->header.recipient == sim_acb
                                                   ? world->acb
                                                   : world->supplier_ka,
                                               key, z) &&
                                gbcs_mac_verify(z, m);
    EVP_PKEY_free(key);
    return good;
}

static void hear(void *context, const struct sim_han_message *message) {
    struct world *world = context;
    assert_true(world->count < MOST_SAID);
    struct said *said = &world->said[world->count++];
    const char *reason;
    struct span octets = arena_copy(world->arena, message->octets);
    if (!gbcs_message_parse(octets, &said->message, &reason) ||
        !gbcs_payload_read(&said->message, &said->payload, &reason))
        fail_msg("%s: %s", message->id, reason);
    snprintf(said->id, sizeof said->id, "%s", message->id);
    said->hub = message->hub;
    said->delay = message->delay;
    said->genuine = is_genuine(world, &said->message);
}

static void deliver(struct world *world, const char *type, eui64 device) {
    struct sim_transfer transfer = {.hub = HUB,
                                    .device = device,
                                    .device_type = type,
                                    .supplier = sim_suppliers[0],
                                    .version = 0x2A};
    memcpy(transfer.hash, hash, sizeof hash);
    world->count = 0;
    sim_han_image(world->han, &transfer, NOON, hear, world);
}

/* ---- an image ---- */

/* What is said: device alert codes with their results, in their order. */
struct image_row {
    const char *faults, *type;
    eui64 device;
    struct {
        eui64 from;
        uint16_t code;
        uint8_t result;
    } said[3];
    bool forged;
};

static const struct image_row image_rows[] = {
    {"", "PPMID", PPMID, {{PPMID, 0x8F8B, 0}, {HUB, 0x8F8A, 0}}, false},
    {"", "ESME", ESME, {{ESME, 0x8F72, 0}, {HUB, 0x8F8A, 0}}, false},
    {"", "GSME", GSME, {{GSME, 0x8F72, 0}, {HUB, 0x8F8A, 0}}, false},
    {"", "HCALCS", HCALCS, {{HUB, 0x8F8A, 0}}, false},
    {"transfer_failed 100", "PPMID", PPMID, {{HUB, 0x8F89, 3}}, false},
    {"discarded 100", "ESME", ESME, {{HUB, 0x8F89, 1}}, false},
    {"hardware_mismatch 100", "HCALCS", HCALCS, {{HUB, 0x8F89, 2}}, false},
    {"hub_silent 100", "PPMID", PPMID, {{PPMID, 0x8F8B, 0}}, false},
    {"device_silent 100", "PPMID", PPMID, {{HUB, 0x8F8A, 0}}, false},
    {"activation_failed 100",
     "PPMID",
     PPMID,
     {{PPMID, 0x8F8B, 1}, {HUB, 0x8F8A, 0}},
     false},
    {"verification_failed 100",
     "ESME",
     ESME,
     {{ESME, 0x8F1C, 0}, {HUB, 0x8F8A, 0}},
     false},
    {"twice 100 00-DB-00-00-00-00-01-03",
     "PPMID",
     PPMID,
     {{PPMID, 0x8F8B, 0}, {PPMID, 0x8F8B, 0}, {HUB, 0x8F8A, 0}},
     false},
    {"bad_signature 100", "HCALCS", HCALCS, {{HUB, 0x8F8A, 0}}, true},
    {"transfer_failed 100 00-DB-00-00-00-00-01-04",
     "PPMID",
     PPMID,
     {{PPMID, 0x8F8B, 0}, {HUB, 0x8F8A, 0}},
     false},
};

static void expect_image_row(struct world *world, const struct image_row *row) {
    unsigned expected = 0;
    while (expected < 3 && row->said[expected].from)
        expected++;
    if (world->count != expected)
        fail_msg("%s %s: %u said", row->type, row->faults, world->count);
    for (unsigned i = 0; i < expected; i++) {
        const struct said *said = &world->said[i];
        assert_int_equal(said->message.header.originator, row->said[i].from);
        assert_int_equal(said->payload.alert_code, row->said[i].code);
        assert_int_equal(said->payload.result, row->said[i].result);
        assert_int_equal(said->genuine, !row->forged);
        assert_int_equal(said->hub, HUB);
    }
}

static void an_image_is_delivered(void **state) {
    struct world *world = *state;
    for (size_t i = 0; i < sizeof image_rows / sizeof *image_rows; i++) {
        write_faults(world, image_rows[i].faults);
        deliver(world, image_rows[i].type, image_rows[i].device);
        expect_image_row(world, &image_rows[i]);
    }
}

static void alerts_say_whom_and_what(void **state) {
    struct world *world = *state;
    write_faults(world, "han_delay 2000\nactivation_delay 3000\n");
    deliver(world, "PPMID", PPMID);
    const struct said *own = &world->said[0], *hub = &world->said[1];
    assert_int_equal(hub->payload.device, PPMID);
    assert_int_equal(hub->payload.firmware_version, 0x2A);
    assert_int_equal(hub->delay, 2 * SECOND);
    assert_int_equal(hub->payload.time, NOON + 2 * SECOND);
    assert_int_equal(own->payload.firmware_version, 0x2A);
    assert_int_equal(own->delay, 5 * SECOND);
    assert_int_equal(own->message.header.recipient, sim_acb);
    assert_string_not_equal(own->id, hub->id);
    assert_true(own->message.header.counter != hub->message.header.counter);
    deliver(world, "ESME", ESME);
    assert_int_equal(world->said[0].message.header.recipient, sim_suppliers[0]);
    assert_memory_equal(world->said[0].payload.hash.data, hash, sizeof hash);
}

/* ---- hubs that remember, and devices that are not well ----
 *
 * What happens and what is then heard, in a line each (as in hub_test.c):
 * E, G, P and C are the devices of the hub H, J is another hub. "6d" is six
 * days after noon, and so is @6d in a row of faults. Each row has a world of
 * its own.
 *
 *   "0h image P 2A; 6d ticks"   ->   "0h P 8F8B,0 2A; 0h H 8F8A,0 P 2A"
 */
#define OTHER_HUB 0x00DB000000000200

static const struct {
    char name;
    eui64 id;
    const char *type;
} players[] = {{'E', ESME, "ESME"},   {'G', GSME, "GSME"},
               {'P', PPMID, "PPMID"}, {'C', HCALCS, "HCALCS"},
               {'H', HUB, "CHF"},     {'J', OTHER_HUB, "CHF"}};
enum { PLAYERS = sizeof players / sizeof *players };

static const struct hub_row {
    const char *what, *happens, *heard;
} hub_rows[] = {
    {"one that is off fetches the image when it is on",
     "0h faults off 100 P; 0h image P 2A; 144h ticks; 144h faults; 145h ticks; "
     "146h ticks",
     "145h P 8F8B,0 2A; 145h H 8F8A,0 P 2A"},
    {"off until a time",
     "0h faults off_until @6d P; 0h image P 2A; "
     "143h ticks; 144h ticks",
     "144h P 8F8B,0 2A; 144h H 8F8A,0 P 2A"},
    {"a clock that leaps",
     "0h faults off_until @6d P; 0h image P 2A; 480h ticks",
     "144h P 8F8B,0 2A; 144h H 8F8A,0 P 2A"},
    {"off for too long",
     "0h faults off_until @15d P; 0h image P 2A; 335h ticks; "
     "336h ticks; 370h ticks",
     "336h H 8F89,1 P 2A"},
    {"and the clock leaps",
     "0h faults off_until @15d P; 0h image P 2A; "
     "500h ticks",
     "336h H 8F89,1 P 2A"},
    {"does not begin", "0h faults not_beginning 100; 0h image C 2A; 336h ticks",
     "336h H 8F89,1 C 2A"},
    {"stops", "0h faults stopping 100 E; 0h image E 2A; 23h ticks; 24h ticks",
     "24h H 8F89,3 E 2A"},
    {"goes on in time",
     "0h faults stopping 100 E; 0h image E 2A; "
     "23h faults; 23h ticks; 48h ticks",
     "23h E 8F72 2A; 23h H 8F8A,0 E 2A"},
    {"another one waits for it",
     "0h faults stopping 100 E; 0h image E 2A; 1h image P 2B; 23h ticks; "
     "24h ticks",
     "24h H 8F89,3 E 2A; 24h P 8F8B,0 2B; 24h H 8F8A,0 P 2B"},
    {"and the clock leaps",
     "0h faults stopping 100 E; 0h image E 2A; 1h image P 2B; 500h ticks",
     "24h H 8F89,3 E 2A; 24h P 8F8B,0 2B; 24h H 8F8A,0 P 2B"},
    {"the same update again while the hub has the old copy",
     "0h faults off 100 P; 0h image P 2A; 120h image P 2A; 121h faults; "
     "121h ticks",
     "120h H 8F89,1 P 2A; 121h P 8F8B,0 2A; 121h H 8F8A,0 P 2A"},
    {"a GSME image comes while a PPMID's waits for it",
     "0h faults off 100 P; 0h image P 2A; 1h image G 2B; 2h faults; 2h ticks",
     "1h H 8F89,1 P 2A; 1h G 8F72 2B; 1h H 8F8A,0 G 2B"},
    {"a PPMID's waits for a GSME's",
     "0h faults off 100 G; 0h image G 2A; 1h image P 2B; 2h ticks; 336h ticks",
     "336h H 8F89,1 G 2A; 336h P 8F8B,0 2B; 336h H 8F8A,0 P 2B"},
    {"a PPMID that was moved does not find its image",
     "0h faults joined J P; 0h image P 2A; 336h ticks; 337h image2 P 2A",
     "336h H 8F89,1 P 2A; 337h P 8F8B,0 2A; 337h J 8F8A,0 P 2A"},
    {"moved in the middle of the transfer",
     "0h faults stopping 100 P; 0h image P 2A; 1h faults joined J P; 24h ticks",
     "24h H 8F89,3 P 2A"},
    {"updated locally",
     "0h image P 2A; 1h ticks; 1h faults local @2h 2B P; 1h ticks; 3h ticks; "
     "4h ticks",
     "0h P 8F8B,0 2A; 0h H 8F8A,0 P 2A; 2h P 8F8B,0 2B"},
    {"at a time long ago: at once, and each time once",
     "1h image P 2A; 2h faults local @0h 2B P; 2h ticks; 3h ticks; "
     "3h faults local @0h 2B P|local @1h 2C P; 4h ticks; 5h ticks",
     "1h P 8F8B,0 2A; 1h H 8F8A,0 P 2A; 2h P 8F8B,0 2B; 4h P 8F8B,0 2C"},
    {"updated locally when it is on",
     "0h ticks; 0h faults joined J P|local @1h 2B P|off_until @5h P; 4h ticks; "
     "6h ticks",
     "5h P 8F8B,0 2B"},
    {"an update in two images",
     "0h faults parts 15 20; 0h image P 10; 1h image P 20; 2h image P 15; "
     "3h image P 20; 4h image P 20",
     "0h P 8F8B,0 10; 0h H 8F8A,0 P 10; 1h P 8F8B,1 10; 1h H 8F8A,0 P 20; "
     "2h P 8F8B,0 10; 2h H 8F8A,0 P 15; 3h P 8F8B,0 20; 3h H 8F8A,0 P 20; "
     "4h P 8F8B,1 20; 4h H 8F8A,0 P 20"},
    {"a hub without WAN",
     "0h faults off 100 P; 0h image P 2A; 1h faults no_wan 100 H; 1h ticks; "
     "480h ticks; 480h faults; 481h ticks; 482h ticks",
     "1h P 8F8B,0 2A; 1h H 8F8A,0 P 2A"},
    {"and an image for it",
     "0h faults no_wan 100 H; 0h image P 2A; 1h image P 2B; 480h ticks; "
     "481h faults off 100 P; 481h image P 2C; 481h ticks; 482h faults; "
     "482h ticks",
     "481h H 8F89,1 P 2A; 481h H 8F89,1 P 2B; 482h P 8F8B,0 2C; "
     "482h H 8F8A,0 P 2C"},
    {"what goes wrong at once, as ever",
     "0h faults transfer_failed 100 P|discarded 100 E|hardware_mismatch 100 C; "
     "0h image P 2A; 0h image E 2A; 0h image C 2A; 500h ticks",
     "0h H 8F89,3 P 2A; 0h H 8F89,1 E 2A; 0h H 8F89,2 C 2A"},
};

static size_t player(char name) {
    size_t at = 0;
    while (at < PLAYERS && players[at].name != name)
        at++;
    assert_true(at < PLAYERS);
    return at;
}

static char player_name(eui64 id) {
    size_t at = 0;
    while (at < PLAYERS && players[at].id != id)
        at++;
    assert_true(at < PLAYERS);
    return players[at].name;
}

/* "off_until @6d P" with times and identifiers; | ends a row. */
static void hub_faults(struct world *world, char *text) {
    struct buffer rows = {0};
    char words[512], *rest, written[INSTANT_TEXT_SIZE];
    snprintf(words, sizeof words, "%s", text);
    for (char *at = words; (at = strchr(at, '|'));)
        *at = '\n';
    for (char *word = strtok_r(words, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest)) {
        char *end = word + strcspn(word, "\n");
        if (*word == '@')
            buffer_text(&rows,
                        instant_format(NOON + strtol(word + 1, NULL, 10) *
                                                  (end[-1] == 'd' ? DAY : HOUR),
                                       written));
        else if (end == word + 1 && *word >= 'A')
            buffer_text(&rows,
                        eui64_format(players[player(*word)].id, written));
        else
            buffer_add(&rows, span_of(word, (size_t)(end - word)));
        buffer_printf(&rows, "%s ", end);
    }
    buffer_add(&rows, span_of("", 1));
    write_faults(world, (const char *)rows.data);
    buffer_free(&rows);
}

static void hub_image(struct world *world, eui64 hub, const char *text,
                      instant now) {
    char name;
    unsigned version;
    assert_int_equal(sscanf(text, "%c %x", &name, &version), 2);
    struct sim_transfer transfer = {.hub = hub,
                                    .device = players[player(name)].id,
                                    .device_type = players[player(name)].type,
                                    .supplier = sim_suppliers[0],
                                    .version = version,
                                    .hash = {(uint8_t)version}};
    sim_han_image(world->han, &transfer, now, hear, world);
}

static void hub_step(struct world *world, const char *step) {
    long hours;
    char verb[16];
    int at = 0;
    assert_int_equal(sscanf(step, " %ldh %15s %n", &hours, verb, &at), 2);
    char *rest = arena_text(world->arena, span_text(step + at));
    instant now = NOON + hours * HOUR;
    if (strcmp(verb, "faults") == 0)
        hub_faults(world, rest);
    else if (strcmp(verb, "ticks") == 0)
        sim_han_tick(world->han, now, hear, world);
    else
        hub_image(world, strcmp(verb, "image") == 0 ? HUB : OTHER_HUB, rest,
                  now);
}

/* What was heard since the last step, in words. */
static void hub_heard(struct world *world, struct buffer *words) {
    for (unsigned i = 0; i < world->count; i++) {
        const struct said *said = &world->said[i];
        const struct gbcs_payload *payload = &said->payload;
        eui64 from = said->message.header.originator;
        assert_true(said->genuine);
        buffer_printf(words, "%s%ldh %c %04X", words->len ? "; " : "",
                      (long)((payload->time - NOON) / HOUR), player_name(from),
                      payload->alert_code);
        unsigned version = payload->firmware_version;
        if (payload->kind == GBCS_VERIFICATION_ALERT)
            version = payload->hash.data[0];
        else
            buffer_printf(words, ",%u", payload->result);
        if (payload->kind == GBCS_TRANSFER_ALERT)
            buffer_printf(words, " %c", player_name(payload->device));
        buffer_printf(words, " %X", version);
    }
    world->count = 0;
}

static void hub_row_play(struct world *world, const struct hub_row *row) {
    sim_han_free(world->han);
    write_faults(world, "# none\n");
    world->han = sim_han_new(
        &(struct sim_han_options){.seed = SEED,
                                  .certificates = path(world, "certificates"),
                                  .faults = path(world, "faults")});
    struct buffer heard = {0};
    char *rest, *happens = arena_text(world->arena, span_text(row->happens));
    for (char *step = strtok_r(happens, ";", &rest); step;
         step = strtok_r(NULL, ";", &rest)) {
        hub_step(world, step);
        hub_heard(world, &heard);
    }
    buffer_add(&heard, span_of("", 1));
    if (strcmp((const char *)heard.data, row->heard) != 0)
        fail_msg("%s: heard \"%s\" and not \"%s\"", row->what,
                 (const char *)heard.data, row->heard);
    buffer_free(&heard);
}

static void hubs_remember_images(void **state) {
    for (size_t i = 0; i < sizeof hub_rows / sizeof *hub_rows; i++)
        hub_row_play(*state, &hub_rows[i]);
}

/* ---- commands ---- */

struct command {
    eui64 from, to;
    uint16_t code;
    struct gbcs_payload asks;
    EVP_PKEY *signer;
    eui64 mac_of; /* whose key the MAC is made for; 0: `to` */
};

static const char *send(struct world *world, const struct command *command) {
    struct gbcs_header header = {.cra = GBCS_COMMAND,
                                 .counter = command->asks.counter,
                                 .originator = command->from,
                                 .recipient = command->to,
                                 .code = command->code};
    if (command->from == sim_acb) {
        header.supplementary = GBCS_SUPPLEMENTARY_PARTY_COUNTER;
        header.supplementary_party = sim_suppliers[0];
        header.supplementary_party_counter = 1000;
    }
    EVP_PKEY *device = sim_device_key(
        SEED, command->mac_of ? command->mac_of : command->to, SIM_AGREES);
    uint8_t z[GBCS_SECRET_LEN];
    struct buffer octets = {0};
    assert_true(
        gbcs_shared_secret(world->acb, device, z) &&
        gbcs_build(&header, &command->asks, command->signer, z, &octets));
    EVP_PKEY_free(device);
    world->count = 0;
    const char *reason = sim_han_command(
        world->han, HUB, command->to, buffer_span(&octets), NOON, hear, world);
    buffer_free(&octets);
    return reason;
}

static struct command activate(struct world *world, const uint8_t *image,
                               uint64_t counter) {
    return (struct command){.from = sim_suppliers[0],
                            .to = ESME,
                            .code = GBCS_CODE_CS06,
                            .asks = {.kind = GBCS_ACTIVATE,
                                     .counter = counter,
                                     .hash = {image, 32}},
                            .signer = world->supplier_ds};
}

static void expect_result(struct world *world, uint8_t result,
                          uint32_t version) {
    assert_int_equal(world->count, 1);
    const struct said *said = &world->said[0];
    assert_true(said->genuine);
    assert_int_equal(said->payload.kind, GBCS_ACTIVATE_RESULT);
    assert_int_equal(said->payload.result, result);
    assert_int_equal(said->payload.firmware_version, version);
    assert_int_equal(said->message.header.recipient, sim_suppliers[0]);
}

static void an_activation_needs_the_right_image(void **state) {
    struct world *world = *state;
    struct command right = activate(world, hash, 1),
                   wrong = activate(world, other_hash, 2);
    assert_null(send(world, &right));
    expect_result(world, GBCS_ACTIVATE_NO_IMAGE_HELD, 0);
    deliver(world, "ESME", ESME);
    assert_null(send(world, &wrong));
    expect_result(world, GBCS_ACTIVATE_HASH_MISMATCH, 0);
    write_faults(world, "activation_failed 100");
    assert_null(send(world, &right));
    expect_result(world, GBCS_ACTIVATE_FAILURE, 0);
    write_faults(world, "");
    assert_null(send(world, &right));
    expect_result(world, GBCS_ACTIVATE_SUCCESS, 0x2A);
    /* repeated: it runs it already */
    assert_null(send(world, &right));
    expect_result(world, GBCS_ACTIVATE_NO_IMAGE_HELD, 0x2A);
}

static void a_device_holds_an_activation(void **state) {
    struct world *world = *state;
    struct command later = activate(world, hash, 9),
                   never = activate(world, hash, 10);
    later.asks.has_time = never.asks.has_time = true;
    later.asks.time = NOON + HOUR;
    never.asks.time = GBCS_CANCELLATION;
    deliver(world, "ESME", ESME);
    for (int cancelled = 0; cancelled < 2; cancelled++) {
        assert_null(send(world, &later));
        assert_int_equal(world->said[0].payload.kind, GBCS_ACTIVATE_ACCEPTED);
        assert_true(world->said[0].genuine);
        if (cancelled)
            assert_null(send(world, &never));
        world->count = 0;
        sim_han_tick(world->han, NOON + HOUR - SECOND, hear, world);
        assert_int_equal(world->count, 0);
        sim_han_tick(world->han, NOON + HOUR, hear, world);
        assert_int_equal(world->count, !cancelled);
        sim_han_tick(world->han, NOON + 2 * HOUR, hear, world);
        assert_int_equal(world->count, !cancelled);
    }
}

static void one_that_is_off_hears_nothing(void **state) {
    struct world *world = *state;
    struct command at_once = activate(world, hash, 1),
                   later = activate(world, hash, 2);
    later.asks.has_time = true;
    later.asks.time = NOON + HOUR;
    deliver(world, "ESME", ESME);
    assert_null(send(world, &later));
    write_faults(world, "off 100 00-DB-00-00-00-00-01-01");
    assert_string_equal(send(world, &at_once), "it is off");
    sim_han_tick(world->han, NOON + 2 * HOUR, hear, world);
    assert_int_equal(world->count, 0);
    /* what it was to do meanwhile it does then, and says when it did */
    write_faults(world,
                 "joined 00-DB-00-00-00-00-02-00 00-DB-00-00-00-00-01-01");
    sim_han_tick(world->han, NOON + 2 * HOUR + SECOND, hear, world);
    assert_int_equal(world->count, 1);
    assert_int_equal(world->said[0].payload.alert_code, 0x8F66);
    assert_int_equal(world->said[0].payload.time, NOON + 2 * HOUR);
    assert_int_equal(world->said[0].hub, OTHER_HUB);
    assert_string_equal(send(world, &at_once), "it is joined to another hub");
}

static void the_outcome_names_its_command(void **state) {
    struct world *world = *state;
    for (int good = 0; good < 2; good++) {
        struct command later = activate(world, good ? hash : other_hash, 9);
        later.asks.has_time = true;
        later.asks.time = NOON + HOUR;
        deliver(world, "ESME", ESME);
        send(world, &later);
        world->count = 0;
        sim_han_tick(world->han, NOON + HOUR, hear, world);
        const struct said *said = &world->said[0];
        assert_int_equal(world->count, 1);
        assert_true(said->genuine);
        assert_int_equal(said->payload.alert_code, good ? 0x8F66 : 0x8F67);
        assert_int_equal(said->payload.result,
                         good ? GBCS_ACTIVATE_SUCCESS
                              : GBCS_ACTIVATE_HASH_MISMATCH);
        assert_int_equal(said->payload.counter, 9);
        assert_int_equal(said->payload.time, NOON + HOUR);
        assert_int_equal(said->payload.firmware_version, good ? 0x2A : 0);
    }
}

static void versions_are_read(void **state) {
    static const struct {
        eui64 from, to;
        uint16_t code;
    } reads[] = {{0, ESME, GBCS_CODE_ECS52},
                 {0, GSME, GBCS_CODE_GCS38},
                 {1, PPMID, GBCS_CODE_CS08},
                 {1, HUB, GBCS_CODE_ECS52}};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
        for (int bad = 0; bad < 2; bad++) {
            struct command command = {
                .from = reads[i].from ? sim_acb : sim_suppliers[0],
                .to = reads[i].to,
                .code = reads[i].code,
                .asks = {.kind = GBCS_READ, .counter = 1300}};
            write_faults(world, bad ? "read_failed 100" : "version 1234ABCD");
            assert_null(send(world, &command));
            const struct said *said = &world->said[0];
            assert_int_equal(world->count, 1);
            assert_true(said->genuine);
            assert_int_equal(said->payload.result, bad);
            assert_int_equal(said->message.header.counter, 1300);
            assert_int_equal(said->message.header.recipient, command.from);
            if (!bad)
                assert_int_equal(said->payload.firmware_version, 0x1234ABCD);
            if (reads[i].from)
                assert_int_equal(
                    said->message.header.supplementary_party_counter, 1000);
        }
}

static void what_is_not_genuine_is_dropped(void **state) {
    struct world *world = *state;
    struct command command = activate(world, hash, 1);
    command.mac_of = GSME;
    assert_string_equal(send(world, &command), "the MAC is not good");
    command.mac_of = 0;
    command.signer = world->supplier_ka;
    assert_string_equal(send(world, &command), "the signature is not good");
    assert_int_equal(world->count, 0);
    write_faults(world, "bad_mac 100");
    command = (struct command){.from = sim_acb,
                               .to = PPMID,
                               .code = GBCS_CODE_CS08,
                               .asks = {.kind = GBCS_READ, .counter = 5}};
    assert_null(send(world, &command));
    assert_false(world->said[0].genuine);
}

/* ---- the estate ---- */

static void a_device_is_found_in_its_home(void **state) {
    (void)state;
    for (uint64_t number = 0; number < 2000; number += 97) {
        struct sim_home home, found;
        sim_home(SEED, number, &home);
        for (size_t i = 0; i < home.device_count; i++) {
            size_t place;
            assert_true(sim_home_of(SEED, home.devices[i].id, &found, &place));
            assert_int_equal(place, i);
            assert_int_equal(found.devices[0].id, home.devices[0].id);
            assert_false(sim_home_of(SEED,
                                     home.devices[i].id ^ (UINT64_C(1) << 50),
                                     &found, &place));
        }
    }
}

/* Those of the devices that send messages, under their keys. */
static void pki_writes_certificates_of_an_estate(void **state) {
    struct world *world = *state;
    char *words[] = {arena_text(world->arena, span_text("pki")),
                     world->folder,
                     arena_text(world->arena, span_text("--homes")),
                     arena_text(world->arena, span_text("3")),
                     arena_text(world->arena, span_text("--seed")),
                     arena_text(world->arena, span_text("3")),
                     NULL};
    assert_int_equal(verb_pki(6, words), 0);
    struct buffer pem = {0};
    assert_true(read_whole(path(world, "certificates/devices-0000.pem"), &pem));
    buffer_add(&pem, span_of("", 1));
    unsigned count[2] = {0, 0};
    for (const char *at = (char *)pem.data; (at = strstr(at, "-----BEGIN"));
         at++) {
        struct certificate certificate;
        struct sim_home home;
        size_t place;
        const char *reason;
        assert_true(certificate_read(world->arena, span_text(at), &certificate,
                                     &reason));
        assert_int_equal(certificate.role, CERTIFICATE_DEVICE);
        assert_true(sim_home_of(SEED, certificate.id, &home, &place));
        bool agrees = certificate.usage == CERTIFICATE_KEY_AGREEMENT;
        EVP_PKEY *key = sim_device_key(SEED, certificate.id,
                                       agrees ? SIM_AGREES : SIM_SIGNS);
        assert_int_equal(EVP_PKEY_eq(key, certificate.key), 1);
        EVP_PKEY_free(key);
        count[agrees]++;
    }
    assert_true(count[0] >= 3 * 3 && count[0] == count[1]);
    buffer_free(&pem);
}

static void wrong_fault_rows_are_refused(void **state) {
    struct world *world = *state;
    static const char *const wrong[] = {"no_such_fault 100",
                                        "discarded",
                                        "discarded 101",
                                        "discarded -1",
                                        "discarded 10 00-DB",
                                        "version XYZ",
                                        "han_delay x",
                                        "off_until tomorrow",
                                        "off_until 2030-01-01T00:00:00Z 00-DB",
                                        "joined 00-DB-00-00-00-00-01-00",
                                        "local 2030-01-01T00:00:00Z 2A",
                                        "local 2030-01-01T00:00:00Z",
                                        "parts 2A",
                                        "parts 2A 2B 2C",
                                        "off_until"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        write_faults(world, wrong[i]);
        assert_null(sim_han_new(&(struct sim_han_options){
            .certificates = path(world, "certificates"),
            .faults = path(world, "faults")}));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_image_is_delivered),
        TEST(alerts_say_whom_and_what),
        TEST(hubs_remember_images),
        TEST(an_activation_needs_the_right_image),
        TEST(a_device_holds_an_activation),
        TEST(one_that_is_off_hears_nothing),
        TEST(the_outcome_names_its_command),
        TEST(versions_are_read),
        TEST(what_is_not_genuine_is_dropped),
        cmocka_unit_test(a_device_is_found_in_its_home),
        TEST(pki_writes_certificates_of_an_estate),
        TEST(wrong_fault_rows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
