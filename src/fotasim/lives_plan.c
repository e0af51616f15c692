#include "fotasim/lives_plan.h"

#include "fotasim/random.h"

#include <inttypes.h>
#include <stdlib.h>

enum { HOURS_OF_DAY = 24 };

/* A life that is being drawn. */
struct drawing {
    struct sim_random random;
    struct life *life;
    unsigned day;     /* of the next request */
    unsigned updates; /* requests so far */
};

/* From `least` to `most`. */
static uint16_t draw_between(struct drawing *d, unsigned least, unsigned most) {
    return (uint16_t)(least + random_below(&d->random, most - least + 1));
}

static bool draw_share(struct drawing *d, unsigned per_cent) {
    return random_below(&d->random, 100) < per_cent;
}

static void draw_event(struct drawing *d, struct life_event event) {
    struct life_plan *plan = &d->life->plan;
    if (plan->count < LIFE_MOST_EVENTS)
        plan->events[plan->count++] = event;
}

/* Hours of the life, so many after the next request would be sent. */
static uint16_t draw_after(const struct drawing *d, int hours) {
    int at = (int)d->day * HOURS_OF_DAY + hours;
    return (uint16_t)(at < 0 ? 0 : at);
}

/* A request now, and the next one not before so many days. */
static void draw_request(struct drawing *d, uint8_t version) {
    draw_event(d, (struct life_event){.kind = LIFE_REQUEST,
                                      .version = version,
                                      .at = draw_after(d, 0)});
    d->updates++;
}

static void draw_off(struct drawing *d, int after, unsigned hours) {
    draw_event(d, (struct life_event){.kind = LIFE_OFF,
                                      .at = draw_after(d, after),
                                      .hours = (uint16_t)hours});
}

static void draw_local(struct drawing *d, uint8_t version, int after) {
    draw_event(d, (struct life_event){.kind = LIFE_LOCAL,
                                      .version = version,
                                      .at = draw_after(d, after)});
}

static void draw_of_update(struct drawing *d, enum life_event_kind kind,
                           unsigned hours) {
    draw_event(d, (struct life_event){.kind = (uint8_t)kind,
                                      .number = (uint8_t)d->updates,
                                      .hours = (uint16_t)hours});
}

static uint8_t last_version(const struct drawing *d) {
    return (uint8_t)(d->life->device.version_count - 1);
}

/* ---- kinds of lives ---- */

static void draw_plain(struct drawing *d) {
    draw_request(d, 1);
}

static void draw_slow_device(struct drawing *d) {
    draw_off(d, draw_between(d, 0, 30), draw_between(d, 1, 17) * HOURS_OF_DAY);
    draw_request(d, 1);
}

/* Hours from a day before what comes next to three days after it. */
static int about_then(struct drawing *d) {
    return (int)draw_between(d, 0, 96) - 24;
}

/* To a third version, or to the one that it runs. A second one is later than
 * any first: a device does not say two things in one second. */
static void draw_local_other(struct drawing *d) {
    draw_local(d, last_version(d) > 1 ? last_version(d) : 0, about_then(d));
    draw_request(d, 1);
    if (draw_share(d, 30))
        draw_local(d, 0, (int)draw_between(d, 73, 168));
}

static void draw_local_same(struct drawing *d) {
    draw_local(d, 1, about_then(d));
    if (draw_share(d, 50))
        draw_off(d, draw_between(d, 1, 30), 3 * HOURS_OF_DAY);
    draw_request(d, 1);
}

static void draw_reset_again(struct drawing *d) {
    if (draw_share(d, 75))
        draw_off(d, 2, draw_between(d, 3, 12) * HOURS_OF_DAY);
    draw_request(d, 1);
    unsigned days = draw_between(d, 1, 6);
    draw_event(d, (struct life_event){.kind = LIFE_RESET,
                                      .at = draw_after(d, (int)days * 24 - 8)});
    d->day += days + draw_between(d, 0, 2);
    draw_request(d, draw_share(d, 80) ? 1 : last_version(d));
}

static void draw_timeout_again(struct drawing *d) {
    if (draw_share(d, 50))
        draw_off(d, 2, draw_between(d, 6, 25) * HOURS_OF_DAY);
    if (draw_share(d, 50))
        draw_event(d, (struct life_event){.kind = draw_share(d, 50) ? LIFE_LOST
                                                                    : LIFE_LATE,
                                          .said = SAID_DELIVERY,
                                          .hours = draw_between(d, 120, 480)});
    draw_request(d, 1);
    d->day += draw_between(d, 6, 24);
    draw_request(d, draw_share(d, 80) ? 1 : last_version(d));
}

static void draw_gsme(struct drawing *d) {
    draw_off(d, 2, draw_between(d, 2, 10) * HOURS_OF_DAY);
    draw_request(d, 1);
    draw_event(d,
               (struct life_event){
                   .kind = LIFE_GSME,
                   .at = draw_after(d, (int)draw_between(d, 0, 96) - 20),
                   .hours = draw_share(d, 30) ? 500 : draw_between(d, 2, 100)});
    if (draw_share(d, 40)) {
        d->day += draw_between(d, 3, 12);
        draw_request(d, 1);
    }
}

static void draw_moved(struct drawing *d) {
    if (draw_share(d, 70))
        draw_off(d, 2, draw_between(d, 1, 4) * HOURS_OF_DAY);
    draw_request(d, 1);
    draw_event(d, (struct life_event){
                      .kind = LIFE_MOVE,
                      .at = draw_after(d, (int)draw_between(d, 1, 12) * 8)});
    if (draw_share(d, 50)) {
        d->day += draw_between(d, 4, 20);
        draw_request(d, 1);
    }
}

static void draw_supplier(struct drawing *d) {
    draw_request(d, 1);
    draw_event(d, (struct life_event){
                      .kind = LIFE_SUPPLIER,
                      .at = draw_after(d, (int)draw_between(d, 1, 12) * 8)});
    if (draw_share(d, 50)) {
        draw_off(d, 2, draw_between(d, 1, 8) * HOURS_OF_DAY);
        d->day += draw_between(d, 2, 20);
        draw_request(d, 1);
    }
}

static void draw_two_images(struct drawing *d) {
    draw_of_update(d, LIFE_STORES, 0);
    draw_request(d, 1);
    d->day += draw_between(d, 1, 7);
    draw_request(d, last_version(d));
}

/* What goes wrong once, and may be tried again. */
static void draw_trouble(struct drawing *d, enum life_event_kind kind) {
    draw_of_update(d, kind, kind == LIFE_SLOW ? draw_between(d, 24, 200) : 0);
    draw_request(d, 1);
    if (draw_share(d, 60)) {
        d->day += draw_between(d, 2, 18);
        draw_request(d, 1);
    }
}

static void draw_rejected(struct drawing *d) {
    draw_trouble(d, LIFE_REJECTED);
}

static void draw_undelivered(struct drawing *d) {
    draw_trouble(d, LIFE_UNDELIVERED);
}

static void draw_slow_csp(struct drawing *d) {
    draw_trouble(d, LIFE_SLOW);
}

static void draw_misfits(struct drawing *d) {
    draw_trouble(d, LIFE_MISFITS);
}

static void draw_transfer_fails(struct drawing *d) {
    draw_trouble(d, draw_share(d, 60) ? LIFE_TRANSFER_FAILS : LIFE_STALLS);
}

static void draw_activation_fails(struct drawing *d) {
    draw_trouble(d, LIFE_ACTIVATION_FAILS);
}

static void draw_silent(struct drawing *d) {
    draw_event(d, (struct life_event){.kind = LIFE_LOST, .said = SAID_REPORT});
    draw_trouble(d, draw_share(d, 50) ? LIFE_SLOW : LIFE_UNDELIVERED);
}

static void draw_activation(struct drawing *d) {
    draw_request(d, 1);
    bool later = draw_share(d, 40);
    draw_event(d, (struct life_event){
                      .kind = LIFE_ACTIVATE,
                      .version = 1,
                      .at = draw_after(d, (int)draw_between(d, 2, 75) * 8),
                      .hours = later ? draw_between(d, 10, 200) : 0});
    if (draw_share(d, 20))
        draw_event(d, (struct life_event){.kind = LIFE_READ,
                                          .at = draw_after(d, 700)});
}

/* What it runs is only seen by a read. */
static void draw_read(struct drawing *d) {
    draw_request(d, 1);
    if (d->life->device.type != TYPE_PPMID)
        draw_event(d, (struct life_event){.kind = LIFE_ACTIVATE,
                                          .version = 1,
                                          .at = draw_after(d, 120)});
    draw_event(d, (struct life_event){
                      .kind = LIFE_READ,
                      .at = draw_after(d, (int)draw_between(d, 3, 60) * 8)});
}

enum for_whom { FOR_ALL, FOR_PPMID, FOR_METER, FOR_AGREEING };

static const struct {
    const char *name;
    unsigned weight;
    enum for_whom whom;
    void (*draw)(struct drawing *d);
} kinds[] = {
    {"plain", 24, FOR_ALL, draw_plain},
    {"off for days", 10, FOR_ALL, draw_slow_device},
    {"updated locally", 7, FOR_PPMID, draw_local_other},
    {"updated locally to the same", 5, FOR_PPMID, draw_local_same},
    {"reset, then again", 12, FOR_ALL, draw_reset_again},
    {"timeout, then again", 9, FOR_ALL, draw_timeout_again},
    {"a GSME image evicts", 6, FOR_PPMID, draw_gsme},
    {"moved", 6, FOR_PPMID, draw_moved},
    {"another supplier", 7, FOR_ALL, draw_supplier},
    {"two images", 6, FOR_PPMID, draw_two_images},
    {"CSP rejects", 3, FOR_ALL, draw_rejected},
    {"CSP does not deliver", 4, FOR_ALL, draw_undelivered},
    {"CSP is slow", 3, FOR_ALL, draw_slow_csp},
    {"hardware mismatch", 2, FOR_ALL, draw_misfits},
    {"transfer fails", 4, FOR_ALL, draw_transfer_fails},
    {"activation fails", 4, FOR_PPMID, draw_activation_fails},
    {"CSP is silent", 3, FOR_ALL, draw_silent},
    {"activated by 11.3", 60, FOR_METER, draw_activation},
    {"read by 11.2", 12, FOR_AGREEING, draw_read},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static bool kind_fits(const struct life_device *device, size_t kind) {
    bool ppmid = device->type == TYPE_PPMID;
    switch (kinds[kind].whom) {
    case FOR_PPMID:
        return ppmid;
    case FOR_METER:
        return !ppmid && device->agrees;
    case FOR_AGREEING:
        return device->agrees;
    default:
        return true;
    }
}

static size_t draw_kind(struct drawing *d) {
    const struct life_device *device = &d->life->device;
    unsigned all = 0;
    for (size_t i = 0; i < KINDS; i++)
        all += kind_fits(device, i) ? kinds[i].weight : 0;
    unsigned at = random_below(&d->random, all);
    for (size_t i = 0;; i++) {
        unsigned weight = kind_fits(device, i) ? kinds[i].weight : 0;
        if (at < weight)
            return i;
        at -= weight;
    }
}

/* ---- what becomes of messages ---- */

/* Shares in per cent of all messages of a life. */
struct weather {
    unsigned lost, late, twice;
};

static bool weather_has_event(const struct drawing *d, enum life_said said,
                              unsigned number) {
    return life_event_said(d->life, LIFE_LOST, said, number) ||
           life_event_said(d->life, LIFE_LATE, said, number);
}

/* A report is of many devices: it is not lost for one of them, but the whole
 * job's (draw_silent) or late. */
static void weather_of_message(struct drawing *d, const struct weather *weather,
                               enum life_said said, unsigned number) {
    struct life_event event = {
        .said = (uint8_t)said,
        .number = (uint8_t)number,
        .hours = draw_between(d, 1, LIVES_MOST_LATE * HOURS_OF_DAY)};
    unsigned at = random_below(&d->random, 100);
    if (weather_has_event(d, said, number))
        return;
    if (at < weather->lost)
        event.kind = LIFE_LOST;
    else if (at - weather->lost < weather->late)
        event.kind = LIFE_LATE;
    else if (at - weather->lost - weather->late < weather->twice)
        event.kind = LIFE_TWICE;
    else
        return;
    if (said == SAID_REPORT) {
        if (event.kind != LIFE_LATE || !draw_share(d, 20))
            return;
        event.hours = draw_share(d, 50) ? 48 : 8 * HOURS_OF_DAY;
    }
    draw_event(d, event);
}

/* How many messages of that kind there may be. */
static unsigned said_count(const struct drawing *d, enum life_said said) {
    static const uint8_t of[SAID_KINDS] = {[SAID_LOCAL] = LIFE_LOCAL,
                                           [SAID_ANSWER] = LIFE_ACTIVATE,
                                           [SAID_LATER] = LIFE_ACTIVATE,
                                           [SAID_READ] = LIFE_READ};
    const struct life_plan *plan = &d->life->plan;
    unsigned count = 0;
    if (said < SAID_LOCAL)
        return d->updates;
    for (unsigned i = 0; i < plan->count; i++)
        count += plan->events[i].kind == of[said];
    return count;
}

static void draw_weather(struct drawing *d) {
    static const struct weather weathers[] = {
        {0, 0, 0}, {0, 35, 15}, {30, 10, 5}, {10, 30, 10}};
    const struct weather *weather =
        &weathers[random_below(&d->random, sizeof weathers / sizeof *weathers)];
    bool ppmid = d->life->device.type == TYPE_PPMID;
    for (unsigned said = 0; said < SAID_KINDS; said++)
        for (unsigned n = 0; n < said_count(d, (enum life_said)said); n++)
            if (said != SAID_DEVICE || ppmid)
                weather_of_message(d, weather, (enum life_said)said, n);
}

/* ---- the whole ---- */

static int by_time(const void *a, const void *b) {
    const struct life_event *x = a, *y = b;
    bool timed = life_event_is_timed(x), other = life_event_is_timed(y);
    if (timed != other)
        return timed ? -1 : 1;
    return timed ? (int)x->at - (int)y->at : 0;
}

void life_draw(struct life *life, uint64_t seed) {
    struct drawing d = {
        .random = {seed * UINT64_C(0xD1342543DE82EF95) + life->number},
        .life = life};
    life->plan = (struct life_plan){.chance = random_next(&d.random)};
    d.day = 1 + random_below(&d.random, LIVES_BEGIN_WITHIN);
    size_t kind = draw_kind(&d);
    life->plan.kind = (uint8_t)kind;
    kinds[kind].draw(&d);
    draw_weather(&d);
    qsort(life->plan.events, life->plan.count, sizeof *life->plan.events,
          by_time);
}

const char *life_kind_name(const struct life *life) {
    return kinds[life->plan.kind].name;
}

unsigned life_chance(const struct life *life, unsigned what, unsigned below) {
    struct sim_random random = {life->plan.chance +
                                what * UINT64_C(0x9E3779B97F4A7C15)};
    return random_below(&random, below);
}

bool life_event_is_timed(const struct life_event *event) {
    return event->kind < LIFE_REJECTED;
}

const struct life_event *life_event_of(const struct life *life,
                                       enum life_event_kind kind,
                                       unsigned number) {
    for (size_t i = 0; i < life->plan.count; i++)
        if (life->plan.events[i].kind == kind &&
            life->plan.events[i].number == number)
            return &life->plan.events[i];
    return NULL;
}

const struct life_event *life_event_said(const struct life *life,
                                         enum life_event_kind kind,
                                         enum life_said said, unsigned number) {
    for (size_t i = 0; i < life->plan.count; i++)
        if (life->plan.events[i].kind == kind &&
            life->plan.events[i].said == said &&
            life->plan.events[i].number == number)
            return &life->plan.events[i];
    return NULL;
}

/* ---- as text ---- */

static const char *const event_names[LIFE_EVENT_KINDS] = {
    [LIFE_REQUEST] = "request",
    [LIFE_RESET] = "reset",
    [LIFE_LOCAL] = "updated locally",
    [LIFE_OFF] = "off",
    [LIFE_MOVE] = "moved to another hub",
    [LIFE_SUPPLIER] = "another supplier",
    [LIFE_GSME] = "a GSME image",
    [LIFE_ACTIVATE] = "activate",
    [LIFE_READ] = "read",
    [LIFE_REJECTED] = "the CSP rejects the device",
    [LIFE_UNDELIVERED] = "the CSP does not deliver",
    [LIFE_SLOW] = "comes to the hub late",
    [LIFE_MISFITS] = "hardware version does not fit",
    [LIFE_TRANSFER_FAILS] = "the transfer fails",
    [LIFE_STALLS] = "the transfer stops",
    [LIFE_STORES] = "first of two images: stored",
    [LIFE_ACTIVATION_FAILS] = "the activation fails",
    [LIFE_LOST] = "lost",
    [LIFE_LATE] = "late",
    [LIFE_TWICE] = "twice",
};

static const char *const said_names[SAID_KINDS] = {
    [SAID_REPORT] = "the CSP's report",
    [SAID_DELIVERY] = "the delivery notification",
    [SAID_HUB] = "the hub's alert",
    [SAID_DEVICE] = "8F8B",
    [SAID_LOCAL] = "8F8B of a local update",
    [SAID_ANSWER] = "the answer to 11.3",
    [SAID_LATER] = "8F66 or 8F67",
    [SAID_READ] = "the answer to 11.2",
};

static void print_event(const struct life *life, const struct life_event *event,
                        struct buffer *out) {
    if (life_event_is_timed(event))
        buffer_printf(out, "    day %2u %02u:00  %s", event->at / HOURS_OF_DAY,
                      event->at % HOURS_OF_DAY, event_names[event->kind]);
    else
        buffer_printf(out, "    of update %u   %s", event->number,
                      event_names[event->kind]);
    if (event->kind == LIFE_REQUEST || event->kind == LIFE_LOCAL ||
        event->kind == LIFE_ACTIVATE)
        buffer_printf(out, " %08" PRIX32,
                      life->device.versions[event->version]);
    if (event->kind >= LIFE_LOST)
        buffer_printf(out, ": %s", said_names[event->said]);
    if (event->hours)
        buffer_printf(out, " (%u h)", event->hours);
    buffer_text(out, "\n");
}

void life_print_plan(const struct life *life, struct buffer *out) {
    buffer_printf(out, "  planned (%s):\n", life_kind_name(life));
    for (size_t i = 0; i < life->plan.count; i++)
        print_event(life, &life->plan.events[i], out);
}
