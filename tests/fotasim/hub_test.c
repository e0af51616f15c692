/*
 * The memory of an emulated hub (hub.h): what happens, and what it then says,
 * as one table. Both are written down in a
 * line each:
 *
 *   "0h take P1; 1h P begins; 2h P ends"   ->   "0h P1 stored; 2h P1 8F8A,0"
 *
 *   E, F  ESMEs      G, K  GSMEs      P, Q  PPMIDs      H  an HCALCS
 *   P1    the image of delivery 1, for P
 *   2h    two hours (14d: fourteen days) after the beginning
 *   begins (or asks for more), misfits, ends, fails: what the device does; the
 *         row says what it is answered where that is not the usual: busy, none
 *   is_lost the hub loses what it has for that device
 *   passes  nothing but time
 */
#include "support/check.h"

#include "base/buffer.h"
#include "fotasim/hub.h"
#include "gbcs/payload.h"

#include <stdio.h>
#include <string.h>

enum { BEGINNING = 1000 };

struct row {
    const char *what, *happens, *says;
};

static const struct row rows[] = {
    /* ---- Table 4, a line each ---- */
    {"success", "0h take P1; 1h P begins; 2h P ends",
     "0h P1 stored; 2h P1 8F8A,0"},
    {"it is discarded then",
     "0h take P1; 1h P begins; 2h P ends; "
     "3h P begins none; 3h P ends none; 30d passes",
     "0h P1 stored; 2h P1 8F8A,0"},
    {"hardware version outside the range", "0h take P1; 1h P misfits",
     "0h P1 stored; 1h P1 8F89,2"},
    {"the range is looked at once", "0h take P1; 1h P begins; 2h P misfits",
     "0h P1 stored"},
    {"a GSME image comes", "0h take P1; 1h take G2",
     "0h P1 stored; 1h P1 8F89,1; 1h G2 stored"},
    {"a GSME image comes while a PPMID transfers",
     "0h take P1; 1h P begins; 2h take G2; 3h P ends none; 3h G begins; "
     "4h G ends",
     "0h P1 stored; 2h P1 8F89,1; 2h G2 stored; 4h G2 8F8A,0"},
    {"a GSME image comes while an HCALCS waits for its own",
     "0h take H1; 1h take G2", "0h H1 stored; 1h H1 8F89,1; 1h G2 stored"},
    {"a new image comes", "0h take P1; 1h take P2; 2h P begins; 3h P ends",
     "0h P1 stored; 1h P1 8F89,1; 1h P2 stored; 3h P2 8F8A,0"},
    {"a new image comes while the old one is transferred",
     "0h take P1; 1h P begins; 2h take P2; 2h P ends none; 3h P begins; "
     "4h P ends",
     "0h P1 stored; 2h P1 8F89,1; 2h P2 stored; 4h P2 8F8A,0"},
    {"a new image for another model", "0h take P1; 1h take H2",
     "0h P1 stored; 1h P1 8F89,1; 1h H2 stored"},
    {"ends otherwise", "0h take P1; 1h P begins; 2h P fails; 30d passes",
     "0h P1 stored; 2h P1 8F89,3"},
    {"stops for 24 hours", "0h take P1; 1h P begins; 24h passes; 25h passes",
     "0h P1 stored; 25h P1 8F89,3"},
    {"asks again within 24 hours",
     "0h take P1; 1h P begins; 24h P begins; 47h P begins; 71h passes",
     "0h P1 stored; 71h P1 8F89,3"},
    {"comes back too late", "0h take P1; 1h P begins; 26h P begins none",
     "0h P1 stored; 25h P1 8F89,3"},
    {"does not begin for 14 days",
     "0h take P1; 335h passes; 336h passes; 340h P begins none",
     "0h P1 stored; 336h P1 8F89,1"},
    {"begins on the last day", "0h take P1; 335h P begins; 337h P ends",
     "0h P1 stored; 337h P1 8F8A,0"},
    {"a limit has its own time", "0h take P1; 500h passes",
     "0h P1 stored; 336h P1 8F89,1"},
    {"all types have them",
     "0h take E1; 0h take G2; 336h passes; 400h take H3; 736h passes",
     "0h E1 stored; 0h G2 stored; 336h E1 8F89,1; 336h G2 8F89,1; "
     "400h H3 stored; 736h H3 8F89,1"},
    {"an ESME and a GSME stop and end otherwise",
     "0h take E1; 0h take G2; 1h E begins; 2h E fails; 3h G begins; "
     "27h passes",
     "0h E1 stored; 0h G2 stored; 2h E1 8F89,3; 27h G2 8F89,3"},

    /* ---- blocks ---- */
    {"two images are held",
     "0h take E1; 0h take P2; 1h E begins; 2h E ends; "
     "3h P begins; 4h P ends",
     "0h E1 stored; 0h P2 stored; 2h E1 8F8A,0; 4h P2 8F8A,0"},
    {"one transfer at a time",
     "0h take E1; 0h take P2; 1h E begins; 2h P begins busy; 3h E ends; "
     "3h P begins; 4h P ends",
     "0h E1 stored; 0h P2 stored; 3h E1 8F8A,0; 4h P2 8F8A,0"},
    {"one that stopped is in the way for 24 hours",
     "0h take E1; 0h take P2; 1h E begins; 24h P begins busy; 25h P begins; "
     "26h P ends",
     "0h E1 stored; 0h P2 stored; 25h E1 8F89,3; 26h P2 8F8A,0"},
    {"a misfit need not wait for the transfer",
     "0h take E1; 0h take P2; 1h E begins; 2h P misfits",
     "0h E1 stored; 0h P2 stored; 2h P2 8F89,2"},
    {"a new ESME image",
     "0h take E1; 0h take P2; 1h E begins; 2h take E3; "
     "3h E begins; 4h E ends",
     "0h E1 stored; 0h P2 stored; 2h E1 8F89,1; 2h E3 stored; 4h E3 8F8A,0"},
    {"a new GSME image", "0h take G1; 1h take G2; 2h G begins; 3h G ends",
     "0h G1 stored; 1h G1 8F89,1; 1h G2 stored; 3h G2 8F8A,0"},

    /* ---- waiting ---- */
    {"a GSME image that is being transferred is finished first",
     "0h take G1; 1h G begins; 2h take G2; 3h G ends; 4h G begins; 5h G ends",
     "0h G1 stored; 3h G1 8F8A,0; 3h G2 stored; 5h G2 8F8A,0"},
    {"or is not finished", "0h take G1; 1h G begins; 2h take G2; 25h passes",
     "0h G1 stored; 25h G1 8F89,3; 25h G2 stored"},
    {"a PPMID waits for a GSME",
     "0h take G1; 1h take P2; 2h P begins none; 3h G begins; 4h G ends; "
     "5h P begins; 6h P ends",
     "0h G1 stored; 4h G1 8F8A,0; 4h P2 stored; 6h P2 8F8A,0"},
    {"a GSME image stays 14 days, then makes room",
     "0h take G1; 100h take P2; 335h passes; 336h passes; 671h passes; "
     "672h passes",
     "0h G1 stored; 336h G1 8F89,1; 336h P2 stored; 672h P2 8F89,1"},
    {"unless it is being transferred",
     "0h take G1; 100h take P2; 335h G begins; 340h passes; 341h G ends",
     "0h G1 stored; 341h G1 8F8A,0; 341h P2 stored"},
    {"what waits is brought at the limit's time",
     "0h take G1; 100h take P2; 700h passes",
     "0h G1 stored; 336h G1 8F89,1; 336h P2 stored; 672h P2 8F89,1"},
    {"of two PPMID images that wait the newer one stays",
     "0h take G1; 1h take P2; 2h take P3; 3h G begins; 4h G ends",
     "0h G1 stored; 2h P2 8F89,1; 4h G1 8F8A,0; 4h P3 stored"},
    {"and of a PPMID's and an HCALCS's",
     "0h take G1; 1h take P2; 2h take H3; 3h G misfits",
     "0h G1 stored; 2h P2 8F89,1; 3h G1 8F89,2; 3h H3 stored"},
    {"of two GSME images that wait the newer one stays",
     "0h take G1; 1h G begins; 2h take G2; 3h take G3; 4h G ends",
     "0h G1 stored; 3h G2 8F89,1; 4h G1 8F8A,0; 4h G3 stored"},
    {"a GSME and a PPMID wait: the GSME is first",
     "0h take G1; 1h G begins; 2h take P2; 3h take G3; 4h G ends; "
     "5h G begins; 6h G ends",
     "0h G1 stored; 4h G1 8F8A,0; 4h G3 stored; 6h G3 8F8A,0; 6h P2 stored"},
    {"a new GSME image leaves a PPMID's waiting",
     "0h take G1; 1h take P2; 2h take G3; 3h G begins; 4h G ends",
     "0h G1 stored; 2h G1 8F89,1; 2h G3 stored; 4h G3 8F8A,0; 4h P2 stored"},
    {"an image that takes room is discarded like any other",
     "0h take G1; 1h take P2; 2h G misfits; 3h take G3",
     "0h G1 stored; 2h G1 8F89,2; 2h P2 stored; 3h P2 8F89,1; 3h G3 stored"},

    /* ---- targets ---- */
    {"one alert for each target", "0h take P1; 0h take Q1; 1h take G2",
     "0h P1 stored; 0h Q1 stored; 1h P1 8F89,1; 1h Q1 8F89,1; 1h G2 stored"},
    {"each has its own end",
     "0h take P1; 0h take Q1; 1h P begins; 1h Q begins busy; 2h P ends; "
     "3h Q begins; 4h Q fails",
     "0h P1 stored; 0h Q1 stored; 2h P1 8F8A,0; 4h Q1 8F89,3"},
    {"and its own 14 days",
     "0h take P1; 24h take Q1; 336h passes; 359h passes; 360h passes",
     "0h P1 stored; 24h Q1 stored; 336h P1 8F89,1; 360h Q1 8F89,1"},
    {"a GSME image with one that transfers is finished",
     "0h take G1; 0h take K1; 1h G begins; 2h take P2; 3h G ends; "
     "4h K begins; 5h take G3; 6h K ends",
     "0h G1 stored; 0h K1 stored; 3h G1 8F8A,0; 6h K1 8F8A,0; 6h G3 stored"},
    {"targets of what waits",
     "0h take G1; 1h take P2; 2h take Q2; 3h G misfits",
     "0h G1 stored; 3h G1 8F89,2; 3h P2 stored; 3h Q2 stored"},
    {"the same delivery again is nothing new",
     "0h take P1; 10h take P1; 336h passes", "0h P1 stored; 336h P1 8F89,1"},
    {"unless the hub is done with it",
     "0h take P1; 1h P begins; 2h P ends; 3h take P1; 339h passes",
     "0h P1 stored; 2h P1 8F8A,0; 3h P1 stored; 339h P1 8F89,1"},
    {"what is lost makes room",
     "0h take G1; 1h take P2; 2h G is_lost; 3h P is_lost; 4h P is_lost none",
     "0h G1 stored; 2h G1 8F89,1; 2h P2 stored; 3h P2 8F89,1"},
    {"and does not wait any more",
     "0h take G1; 1h take P2; 2h P is_lost; 3h G misfits",
     "0h G1 stored; 2h P2 8F89,1; 3h G1 8F89,2"},
    {"an empty hub", "0h P begins none; 1h P ends none; 2h passes", ""},
};

/* ---- playing a row ---- */

struct play {
    struct hub hub;
    struct buffer said;
    const char *what;
};

static enum device_type type_of(char device) {
    switch (device) {
    case 'E':
    case 'F':
        return TYPE_ESME;
    case 'G':
    case 'K':
        return TYPE_GSME;
    case 'H':
        return TYPE_HCALCS;
    default:
        return TYPE_PPMID;
    }
}

static void hear(void *context, const struct hub_said *said) {
    struct play *play = context;
    char code[16] = "stored";
    if (said->code)
        snprintf(code, sizeof code, "%04X,%u", said->code, said->result);
    assert_int_equal(said->version, 0x100 + said->delivery);
    assert_int_equal((said->time - BEGINNING) % HOUR, 0);
    buffer_printf(&play->said, "%s%ldh %c%lu %s", play->said.len ? "; " : "",
                  (long)((said->time - BEGINNING) / HOUR), (char)said->device,
                  (unsigned long)said->delivery, code);
}

/* "P begins busy" */
static void act(struct play *play, const char *step, instant now,
                const struct hub_ear *ear) {
    static const char *const answers[] = {"", "busy", "none", ""};
    char device, verb[16], answer[16] = "";
    assert_true(sscanf(step, "%c %15s %15s", &device, verb, answer) >= 2);
    bool fits = strcmp(verb, "misfits") != 0;
    const char *given;
    if (!fits || strcmp(verb, "begins") == 0)
        given = answers[hub_begin(&play->hub, (eui64)device, fits, now, ear)];
    else if (strcmp(verb, "is_lost") == 0)
        given = hub_discard(&play->hub, (eui64)device, now, ear) ? "" : "none";
    else
        given = hub_end_transfer(&play->hub, (eui64)device,
                                 strcmp(verb, "ends") == 0, now, ear)
                    ? ""
                    : "none";
    if (strcmp(given, answer) != 0)
        fail_msg("%s: %s is answered \"%s\"", play->what, step, given);
}

/* After each step: at most two held, one transfer, and a limit to come. */
static void check_hub(const struct play *play, instant now) {
    struct hub_offer offer;
    unsigned running = 0, held = 0;
    for (size_t i = 0; hub_offer_at(&play->hub, i, &offer); i++) {
        running += offer.running;
        held += offer.is_held;
        assert_true(offer.is_held || !offer.running);
    }
    instant next = hub_next(&play->hub);
    if (running > 1 || (held ? next <= now : next != HUB_NEVER))
        fail_msg("%s: %u transfers run of %u held", play->what, running, held);
}

static void step_play(struct play *play, const char *step) {
    const struct hub_ear ear = {hear, play};
    long number;
    char unit;
    int at = 0;
    assert_int_equal(sscanf(step, " %ld%c %n", &number, &unit, &at), 2);
    instant now = BEGINNING + number * (unit == 'd' ? DAY : HOUR);
    step += at;
    char device;
    unsigned delivery;
    if (sscanf(step, "take %c%u", &device, &delivery) == 2)
        hub_take_image(&play->hub,
                       &(struct hub_arrival){.device = (eui64)device,
                                             .type = type_of(device),
                                             .version = 0x100 + delivery,
                                             .delivery = delivery},
                       now, &ear);
    else if (strcmp(step, "passes") == 0)
        hub_advance(&play->hub, now, &ear);
    else
        act(play, step, now, &ear);
    check_hub(play, now);
}

static void row_play(const struct row *row) {
    struct play play = {.what = row->what};
    char happens[512];
    assert_true((size_t)snprintf(happens, sizeof happens, "%s", row->happens) <
                sizeof happens);
    char *rest;
    for (char *step = strtok_r(happens, ";", &rest); step;
         step = strtok_r(NULL, ";", &rest))
        step_play(&play, step);
    buffer_add(&play.said, span_of("", 1));
    if (strcmp((const char *)play.said.data, row->says) != 0)
        fail_msg("%s: \"%s\" and not \"%s\"", row->what,
                 (const char *)play.said.data, row->says);
    buffer_free(&play.said);
    hub_clear(&play.hub);
}

static void a_hub_does_what_the_table_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        row_play(&rows[i]);
}

/* ---- looking ---- */

static void nobody(void *context, const struct hub_said *said) {
    (void)context, (void)said;
}

static void what_is_there_can_be_seen(void **state) {
    (void)state;
    const struct hub_ear ear = {nobody, NULL};
    struct hub hub = {.places = {NULL}};
    hub_take_image(&hub, &(struct hub_arrival){'G', TYPE_GSME, 7, 1}, HOUR,
                   &ear);
    hub_take_image(&hub, &(struct hub_arrival){'P', TYPE_PPMID, 8, 2}, 2 * HOUR,
                   &ear);
    assert_false(hub_would_wait(&hub, TYPE_GSME, 3));
    hub_begin(&hub, 'G', true, 3 * HOUR, &ear);
    assert_true(hub_would_wait(&hub, TYPE_GSME, 3));
    assert_false(hub_would_wait(&hub, TYPE_GSME, 1));
    assert_true(hub_would_wait(&hub, TYPE_HCALCS, 3));
    assert_true(hub_would_wait(&hub, TYPE_PPMID, 2));
    assert_false(hub_would_wait(&hub, TYPE_ESME, 3));
    struct hub_offer offer;
    assert_true(hub_offer_for(&hub, 'G', &offer));
    assert_true(offer.is_held && offer.running && offer.since == 3 * HOUR);
    assert_int_equal(offer.version, 7);
    assert_true(hub_offer_for(&hub, 'P', &offer));
    assert_true(!offer.is_held && !offer.running && offer.delivery == 2);
    assert_false(hub_offer_for(&hub, 'Q', &offer));
    assert_int_equal(hub_next(&hub), 27 * HOUR);
    hub_end_transfer(&hub, 'G', true, 4 * HOUR, &ear);
    assert_int_equal(hub_next(&hub), 4 * HOUR + 14 * DAY);
    hub_clear(&hub);
    assert_false(hub_offer_at(&hub, 0, &offer));
    assert_int_equal(hub_next(&hub), HUB_NEVER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hub_does_what_the_table_says),
        cmocka_unit_test(what_is_there_can_be_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
