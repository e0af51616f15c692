#include "fotasim/lives_world.h"

#include "base/memory.h"
#include "fotasim/lives_plan.h"
#include "gbcs/payload.h"

#include <stdlib.h>
#include <string.h>

/* What life_chance() is asked for. */
enum chance {
    CHANCE_ARRIVES,
    CHANCE_ASKS = 16,
    CHANCE_ENDS = 32,
    CHANCE_ACTIVATES = 48,
    CHANCE_COMES = 64, /* a message, by its number in life->messages */
};

/* Deliveries to a hub are known by the number of the update and 1; the GSME's
 * by this. */
enum { DELIVERY_OF_GSME = 1000, GSME_VERSION = 0x47000001 };

eui64 life_hub(const struct life *life) {
    return life->moved ? life->device.other_hub : life->device.hub;
}

static struct hub *hub_of(struct life *life) {
    return life->moved ? &life->other : &life->hub;
}

/* So many minutes and a part of one. */
static instant chance_minutes(const struct life *life, unsigned what,
                              unsigned least, unsigned most) {
    return (instant)(least + life_chance(life, what, most - least)) * MINUTE +
           (instant)life_chance(life, what + 1000, 60) * SECOND;
}

/* ---- what is due ---- */

/* What is asked for at a time of the day and what happens by itself are never
 * within the same minutes, for nobody could say which was first. */
static void due_add(struct life *life, struct life_due due) {
    enum { MOST = sizeof life->dues / sizeof *life->dues };
    if ((due.at - life->begin) % HOUR < 2 * MINUTE)
        due.at += 2 * MINUTE;
    if (life->due_count == MOST)
        abort();
    life->dues[life->due_count++] = due;
}

static struct life_due *due_first(struct life *life) {
    struct life_due *first = NULL;
    for (unsigned i = 0; i < life->due_count; i++)
        if (!first || life->dues[i].at < first->at)
            first = &life->dues[i];
    return first;
}

static void next_find(struct life *life) {
    const struct life_due *first = due_first(life);
    instant next = first ? first->at : INT64_MAX;
    instant hub = hub_next(&life->hub), other = hub_next(&life->other);
    if (hub < next)
        next = hub;
    life->next = other < next ? other : next;
}

/* ---- on and off ---- */

static instant event_time(const struct life *life,
                          const struct life_event *event) {
    return life->begin + event->at * HOUR;
}

/* When it is on again; `at` if it is not off. */
static instant on_again(const struct life *life, instant at) {
    for (size_t i = 0; i < life->plan.count; i++) {
        const struct life_event *event = &life->plan.events[i];
        instant from = event_time(life, event);
        if (event->kind == LIFE_OFF && from <= at &&
            at < from + event->hours * HOUR)
            return on_again(life, from + event->hours * HOUR);
    }
    return at;
}

/* ---- what is said ---- */

static void message_route(const struct life *life, struct life_message *m,
                          unsigned place) {
    const struct life_event *late =
        life_event_said(life, LIFE_LATE, m->said, m->number);
    const struct life_event *twice =
        life_event_said(life, LIFE_TWICE, m->said, m->number);
    m->due[0] = m->time + chance_minutes(life, CHANCE_COMES + place, 0, 100) +
                (late ? late->hours * HOUR : 0);
    m->due[1] = m->due[0] + (twice ? twice->hours * HOUR : 0);
    m->copies = twice ? 2 : 1;
    if (life_event_said(life, LIFE_LOST, m->said, m->number))
        m->copies = 0;
}

static struct life_message *message_add(struct life *life,
                                        struct life_message message) {
    if (life->message_count == life->message_size) {
        life->message_size = (uint8_t)(life->message_size * 2 + 4);
        life->messages = memory_grow(
            life->messages, life->message_size * sizeof *life->messages);
    }
    struct life_message *m = &life->messages[life->message_count];
    *m = message;
    m->time -= m->time % SECOND; /* as devices write it */
    message_route(life, m, life->message_count);
    life->message_count++;
    return m;
}

static void delivery_say(struct life *life, unsigned update, instant when,
                         bool good) {
    struct life_update *u = &life->updates[update];
    u->delivery = good ? OUTCOME_GOOD : OUTCOME_UNDELIVERED;
    if (good)
        u->reached = when;
    message_add(life, (struct life_message){
                          .said = SAID_DELIVERY,
                          .number = (uint8_t)update,
                          .update = (uint8_t)update,
                          .result = !good,
                          .version = life->device.versions[u->version],
                          .hub = u->hub,
                          .time = when});
}

/* ---- the hub ---- */

static void hub_hear(void *context, const struct hub_said *said) {
    static const uint8_t outcomes[] = {
        [GBCS_FILE_TRANSFER_SUCCESS] = OUTCOME_GOOD,
        [GBCS_FIRMWARE_IMAGE_DISCARDED] = OUTCOME_DISCARDED,
        [GBCS_HARDWARE_VERSION_MISMATCH] = OUTCOME_MISFITS,
        [GBCS_FILE_TRANSFER_FAILURE] = OUTCOME_FAILED};
    struct life *life = context;
    if (said->device != life->device.id)
        return;
    uint8_t update = (uint8_t)(said->delivery - 1);
    struct life_update *u = &life->updates[update];
    if (said->code == HUB_STORED) {
        delivery_say(life, update, said->time, true);
        due_add(life, (struct life_due){
                          .at = said->time +
                                chance_minutes(life, CHANCE_ASKS + update, 20,
                                               20 * 60),
                          .deed = DEED_ASK});
        return;
    }
    u->at_hub = outcomes[said->result];
    message_add(life, (struct life_message){.said = SAID_HUB,
                                            .number = update,
                                            .update = update,
                                            .code = said->code,
                                            .result = said->result,
                                            .version = said->version,
                                            .hub = u->hub,
                                            .time = said->time});
}

static struct hub_ear ear_of(struct life *life) {
    return (struct hub_ear){hub_hear, life};
}

/* ---- deeds ---- */

static void image_arrive(struct life *life, const struct life_due *due) {
    const struct life_update *u = &life->updates[due->number];
    if (life_event_of(life, LIFE_UNDELIVERED, due->number)) {
        delivery_say(life, due->number, due->at, false);
        return;
    }
    struct hub_ear ear = ear_of(life);
    struct hub *hub =
        u->hub == life->device.other_hub ? &life->other : &life->hub;
    hub_take_image(
        hub,
        &(struct hub_arrival){.device = life->device.id,
                              .type = life->device.type,
                              .version = life->device.versions[u->version],
                              .delivery = (uint64_t)due->number + 1},
        due->at, &ear);
}

static void ask_again(struct life *life, instant when) {
    due_add(life, (struct life_due){.at = when, .deed = DEED_ASK});
}

static void transfer_begin(struct life *life, uint8_t update, instant now) {
    if (life_event_of(life, LIFE_STALLS, update))
        return;
    instant takes = chance_minutes(life, CHANCE_ENDS + update, 30, 6 * 60);
    due_add(life, (struct life_due){
                      .at = now + takes, .deed = DEED_END, .number = update});
}

/* A PPMID that runs the version already does not begin. */
static void image_ask(struct life *life, const struct life_due *due) {
    struct hub_ear ear = ear_of(life);
    struct hub_offer offer;
    instant on = on_again(life, due->at);
    if (on > due->at) {
        ask_again(life, on + 10 * MINUTE);
        return;
    }
    if (!hub_offer_for(hub_of(life), life->device.id, &offer) ||
        offer.running ||
        (life->device.type == TYPE_PPMID && offer.version == life->running))
        return;
    uint8_t update = (uint8_t)(offer.delivery - 1);
    bool fits = !life_event_of(life, LIFE_MISFITS, update);
    switch (hub_begin(hub_of(life), life->device.id, fits, due->at, &ear)) {
    case HUB_GIVES:
        transfer_begin(life, update, due->at);
        return;
    case HUB_IS_BUSY:
        ask_again(life, due->at + 3 * HOUR);
        return;
    default:
        return;
    }
}

/* One that is off asks again if its 24 hours are not over by then. */
static void transfer_end(struct life *life, const struct life_due *due) {
    struct hub_ear ear = ear_of(life);
    struct hub_offer offer;
    if (!hub_offer_for(hub_of(life), life->device.id, &offer) ||
        offer.delivery != (uint64_t)due->number + 1 || !offer.running)
        return;
    instant on = on_again(life, due->at);
    if (on > due->at) {
        struct life_due later = *due;
        later.at = on + MINUTE;
        due_add(life, later);
        return;
    }
    bool good = !life_event_of(life, LIFE_TRANSFER_FAILS, due->number);
    if (!hub_end_transfer(hub_of(life), life->device.id, good, due->at, &ear) ||
        !good)
        return;
    life->held = due->number;
    if (life->device.type == TYPE_PPMID)
        due_add(life,
                (struct life_due){
                    .at = due->at +
                          chance_minutes(life, CHANCE_ACTIVATES + due->number,
                                         5, 180),
                    .deed = DEED_ACTIVATE,
                    .number = due->number});
}

static void ppmid_say(struct life *life, enum life_said said, uint8_t number,
                      uint8_t result, instant now) {
    message_add(life, (struct life_message){
                          .said = (uint8_t)said,
                          .number = number,
                          .update = said == SAID_DEVICE ? number : LIFE_NONE,
                          .code = GBCS_8F8B_PPMID_ACTIVATION,
                          .result = result,
                          .version = life->running,
                          .hub = life_hub(life),
                          .time = now});
}

/* Later, if it is off. */
static bool deed_waits(struct life *life, const struct life_due *due) {
    instant on = on_again(life, due->at);
    if (on == due->at)
        return false;
    struct life_due later = *due;
    later.at = on + 5 * MINUTE;
    due_add(life, later);
    return true;
}

static void ppmid_activate(struct life *life, const struct life_due *due) {
    if (deed_waits(life, due))
        return;
    struct life_update *u = &life->updates[due->number];
    bool failed = life_event_of(life, LIFE_ACTIVATION_FAILS, due->number);
    bool stored = life_event_of(life, LIFE_STORES, due->number);
    u->at_device = failed ? OUTCOME_FAILED : OUTCOME_GOOD;
    if (stored && !failed)
        u->at_device = OUTCOME_STORED;
    if (!failed && !stored)
        life->running = life->device.versions[u->version];
    ppmid_say(life, SAID_DEVICE, due->number,
              failed ? GBCS_PPMID_ACTIVATION_FAILURE
                     : GBCS_PPMID_ACTIVATION_SUCCESS,
              due->at);
}

static void local_update(struct life *life, const struct life_due *due) {
    if (deed_waits(life, due))
        return;
    life->running = life->device.versions[due->version];
    ppmid_say(life, SAID_LOCAL, life->locals++, GBCS_PPMID_ACTIVATION_SUCCESS,
              due->at);
}

/* ---- the GSME of the home, which is no life of its own ---- */

static void gsme_comes(struct life *life, const struct life_due *due) {
    struct hub_ear ear = ear_of(life);
    hub_take_image(hub_of(life),
                   &(struct hub_arrival){.device = life->device.gsme,
                                         .type = TYPE_GSME,
                                         .version = GSME_VERSION,
                                         .delivery = DELIVERY_OF_GSME},
                   due->at, &ear);
    struct life_due begins = *due;
    begins.at += due->hours * HOUR;
    begins.deed = DEED_GSME_BEGIN;
    due_add(life, begins);
}

static void gsme_begin(struct life *life, const struct life_due *due) {
    struct hub_ear ear = ear_of(life);
    struct life_due next = *due;
    switch (hub_begin(&life->hub, life->device.gsme, true, due->at, &ear)) {
    case HUB_GIVES:
        next.at += 2 * HOUR;
        next.deed = DEED_GSME_END;
        due_add(life, next);
        return;
    case HUB_IS_BUSY:
        next.at += HOUR;
        due_add(life, next);
        return;
    default:
        return;
    }
}

static void gsme_end(struct life *life, const struct life_due *due) {
    struct hub_ear ear = ear_of(life);
    hub_end_transfer(&life->hub, life->device.gsme, true, due->at, &ear);
}

/* ---- commands ---- */

/* The code of the answer. The image that it holds goes with success. */
static uint8_t meter_activate(struct life *life, uint8_t version) {
    struct life_update *held =
        life->held == LIFE_NONE ? NULL : &life->updates[life->held];
    if (!held)
        return GBCS_ACTIVATE_NO_IMAGE_HELD;
    if (held->version != version)
        return GBCS_ACTIVATE_HASH_MISMATCH;
    if (life_event_of(life, LIFE_ACTIVATION_FAILS, life->held)) {
        held->at_device = OUTCOME_FAILED;
        return GBCS_ACTIVATE_FAILURE;
    }
    held->at_device = OUTCOME_GOOD;
    life->running = life->device.versions[version];
    life->held = LIFE_NONE;
    return GBCS_ACTIVATE_SUCCESS;
}

static void answer_say(struct life *life, enum life_said said, uint8_t number,
                       uint16_t code, uint8_t result, uint8_t command,
                       instant now) {
    message_add(life, (struct life_message){.said = (uint8_t)said,
                                            .number = number,
                                            .update = LIFE_NONE,
                                            .code = code,
                                            .result = result,
                                            .version = life->running,
                                            .hub = life_hub(life),
                                            .command = command,
                                            .time = now});
}

/* The answer that was said last: which image the command named, and the update
 * whose image the device held then. */
static void answer_concerns(struct life *life, uint8_t version, uint8_t held) {
    struct life_message *answer = &life->messages[life->message_count - 1];
    answer->image = version;
    if (held != LIFE_NONE && life->updates[held].version == version)
        answer->update = held;
}

static void meter_act_later(struct life *life, const struct life_due *due) {
    if (deed_waits(life, due))
        return;
    uint8_t held = life->held;
    uint8_t result = meter_activate(life, due->version);
    answer_say(life, SAID_LATER, due->number,
               result ? GBCS_8F67_ACTIVATION_FAILED
                      : GBCS_8F66_ACTIVATION_SUCCEEDED,
               result, due->command, due->at);
    answer_concerns(life, due->version, held);
}

void life_activate(struct life *life, uint8_t version, uint8_t command,
                   instant when, instant now) {
    if (on_again(life, now) > now)
        return;
    uint8_t number = life->activations++, held = life->held;
    uint8_t result = when ? 0 : meter_activate(life, version);
    answer_say(life, SAID_ANSWER, number, GBCS_CODE_CS06, result, command, now);
    answer_concerns(life, version, held);
    if (!when)
        return;
    life->messages[life->message_count - 1].accepted = true;
    due_add(life, (struct life_due){.at = when,
                                    .deed = DEED_LATER,
                                    .number = number,
                                    .version = version,
                                    .command = command});
    next_find(life);
}

void life_read(struct life *life, uint8_t command, instant now) {
    static const uint16_t codes[DEVICE_TYPES] = {[TYPE_ESME] = GBCS_CODE_ECS52,
                                                 [TYPE_GSME] = GBCS_CODE_GCS38,
                                                 [TYPE_PPMID] = GBCS_CODE_CS08,
                                                 [TYPE_HCALCS] =
                                                     GBCS_CODE_CS08};
    if (on_again(life, now) > now)
        return;
    answer_say(life, SAID_READ, life->reads++, codes[life->device.type], 0,
               command, now);
    for (uint8_t i = 0; i < life->update_count; i++)
        if (life->updates[i].at_device == OUTCOME_GOOD &&
            life->device.versions[life->updates[i].version] == life->running)
            life->messages[life->message_count - 1].update = i;
}

/* ---- the whole ---- */

static void deed_do(struct life *life, const struct life_due *due) {
    static void (*const deeds[])(struct life *, const struct life_due *) = {
        [DEED_ARRIVE] = image_arrive,   [DEED_ASK] = image_ask,
        [DEED_END] = transfer_end,      [DEED_ACTIVATE] = ppmid_activate,
        [DEED_LATER] = meter_act_later, [DEED_LOCAL] = local_update,
        [DEED_GSME] = gsme_comes,       [DEED_GSME_BEGIN] = gsme_begin,
        [DEED_GSME_END] = gsme_end};
    deeds[due->deed](life, due);
}

void life_advance(struct life *life, instant now) {
    struct hub_ear ear = ear_of(life);
    for (next_find(life); life->next <= now; next_find(life)) {
        struct life_due *first = due_first(life);
        hub_advance(&life->hub, life->next, &ear);
        hub_advance(&life->other, life->next, &ear);
        if (!first || first->at != life->next)
            continue;
        struct life_due due = *first;
        *first = life->dues[--life->due_count];
        deed_do(life, &due);
    }
}

void life_image_comes(struct life *life, unsigned update) {
    const struct life_update *u = &life->updates[update];
    const struct life_event *slow = life_event_of(life, LIFE_SLOW, update);
    due_add(life, (struct life_due){
                      .at = u->taken + (slow ? slow->hours * HOUR : 0) +
                            chance_minutes(life, CHANCE_ARRIVES + update, 30,
                                           14 * 60),
                      .deed = DEED_ARRIVE,
                      .number = (uint8_t)update});
    next_find(life);
}

void life_move(struct life *life, instant now) {
    life_advance(life, now);
    life->moved = true;
}

static void inner_events_plan(struct life *life) {
    for (size_t i = 0; i < life->plan.count; i++) {
        const struct life_event *event = &life->plan.events[i];
        instant at = event_time(life, event) + 7 * MINUTE;
        if (event->kind == LIFE_LOCAL)
            due_add(life, (struct life_due){.at = at,
                                            .deed = DEED_LOCAL,
                                            .version = event->version});
        if (event->kind == LIFE_GSME)
            due_add(life, (struct life_due){.at = at,
                                            .deed = DEED_GSME,
                                            .hours = event->hours});
    }
}

void life_begin(struct life *life, instant begin) {
    life->begin = begin;
    life->running = life->device.versions[0];
    life->held = LIFE_NONE;
    inner_events_plan(life);
    next_find(life);
}

void life_free(struct life *life) {
    hub_clear(&life->hub);
    hub_clear(&life->other);
    free(life->messages);
    free(life->told);
    life->messages = NULL;
    life->told = NULL;
}
