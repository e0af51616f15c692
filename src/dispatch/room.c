/* How fast a CSP is given work, and what its answers change of that. */
#include "dispatch/room.h"

#include <string.h>

/* Of a limit, what is left to HCALCS and PPMID while any wait: one in so
 * many. */
enum { LEFT_TO_OTHERS = 10 };

/* A burst of so much of the devices a minute is allowed. */
#define BURST MINUTE

/* A window this wide is none. */
enum { WIDEST_WINDOW = 1000 };

/* The first pause of a CSP that does not ask for one. */
#define FIRST_PAUSE SECOND

const char *dispatch_reason_code(enum dispatch_reason reason) {
    static const char *const codes[DISPATCH_REASONS] = {
        [DISPATCH_GOES] = "",
#define REASON(name, code) [DISPATCH_##name] = (code),
#include "dispatch/reason.def"
#undef REASON
    };
    return codes[reason];
}

void dispatch_taken(struct dispatch_pace *pace) {
    pace->pause = 0;
    if (pace->window && ++pace->window >= WIDEST_WINDOW)
        pace->window = 0;
}

void dispatch_busy(struct dispatch_pace *pace, uint32_t offered, instant now,
                   instant retry_after, instant longest) {
    uint32_t had =
        pace->window && pace->window < offered ? pace->window : offered;
    pace->window = had > 1 ? had / 2 : 1;
    pace->pause = pace->pause ? 2 * pace->pause : FIRST_PAUSE;
    if (pace->pause > longest)
        pace->pause = longest;
    instant until = now + (retry_after ? retry_after : pace->pause);
    if (pace->paused_until < until)
        pace->paused_until = until;
}

/* ---- a limit and its classes ---- */

static uint32_t limit_left_to_others(uint32_t limit) {
    return limit > 1 ? (limit - 1) / LEFT_TO_OTHERS + 1 : 0;
}

static uint32_t limit_of_class(uint32_t limit, uint32_t meter_share,
                               enum dispatch_class class, bool others_wait) {
    uint32_t left = limit_left_to_others(limit);
    if (class == DISPATCH_METERS)
        return others_wait ? limit - left : limit;
    uint32_t others = (uint32_t)((uint64_t)limit * (100 - meter_share) / 100);
    if (others < left)
        others = left;
    return others ? others : 1;
}

static uint32_t limit_rest(uint32_t limit, uint32_t used) {
    return limit > used ? limit - used : 0;
}

/* What a class may have more, of what is limited in all. */
struct rest {
    uint32_t count;
    enum dispatch_reason reason; /* if it is 0 */
};

static struct rest class_rest(const struct dispatch_room *room, uint32_t limit,
                              const uint32_t *used, enum dispatch_class class,
                              enum dispatch_reason reason) {
    uint32_t all =
        limit_rest(limit, used[DISPATCH_METERS] + used[DISPATCH_OTHERS]);
    uint32_t own = limit_rest(limit_of_class(limit, room->limits->meter_share,
                                             class, room->others_wait),
                              used[class]);
    if (own < all)
        return (struct rest){own, DISPATCH_SHARE};
    return (struct rest){all, reason};
}

/* ---- devices a minute ---- */

static uint32_t class_rate(const struct dispatch_room *room, size_t class) {
    uint32_t limit = room->limits->devices_per_minute;
    return class < DISPATCH_CLASSES
               ? limit_of_class(limit, room->limits->meter_share,
                                (enum dispatch_class) class, room->others_wait)
               : limit;
}

static bool pace_is_spent(struct dispatch_room *room,
                          enum dispatch_class class) {
    if (!room->limits->devices_per_minute)
        return false;
    instant until = room->pace.spoken[class];
    if (until < room->pace.spoken[DISPATCH_CLASSES])
        until = room->pace.spoken[DISPATCH_CLASSES];
    if (until < room->now + BURST)
        return false;
    room_changes_at(room, until - BURST + 1);
    return true;
}

static void pace_spend(struct dispatch_room *room, size_t class,
                       uint32_t devices) {
    instant *spoken = &room->pace.spoken[class];
    if (*spoken < room->now)
        *spoken = room->now;
    *spoken += (instant)devices * MINUTE / class_rate(room, class);
}

/* ---- the room ---- */

void room_changes_at(struct dispatch_room *room, instant when) {
    if (when < room->next)
        room->next = when;
}

void room_open(const struct dispatch_input *input, bool others_wait,
               struct dispatch_room *room) {
    *room = (struct dispatch_room){.now = input->now,
                                   .limits = &input->limits,
                                   .pace = input->pace,
                                   .flight = input->flight,
                                   .others_wait = others_wait,
                                   .next = INT64_MAX};
}

enum dispatch_reason room_for_job(struct dispatch_room *room,
                                  enum dispatch_class class) {
    const struct dispatch_limits *limits = room->limits;
    struct rest rest;
    if (room->now < room->pace.paused_until) {
        room_changes_at(room, room->pace.paused_until);
        return DISPATCH_BUSY;
    }
    if (room->pace.window && room->flight.offered >= room->pace.window)
        return DISPATCH_WINDOW;
    if (limits->jobs &&
        !(rest = class_rest(room, limits->jobs, room->flight.jobs, class,
                            DISPATCH_JOBS))
             .count)
        return rest.reason;
    if (limits->devices &&
        !(rest = class_rest(room, limits->devices, room->flight.devices, class,
                            DISPATCH_DEVICES))
             .count)
        return rest.reason;
    return pace_is_spent(room, class) ? DISPATCH_PACE : DISPATCH_GOES;
}

uint32_t room_for_devices(const struct dispatch_room *room,
                          enum dispatch_class class) {
    const struct dispatch_limits *limits = room->limits;
    if (!limits->devices)
        return limits->job_devices;
    uint32_t rest = class_rest(room, limits->devices, room->flight.devices,
                               class, DISPATCH_DEVICES)
                        .count;
    return rest < limits->job_devices ? rest : limits->job_devices;
}

void room_take(struct dispatch_room *room, enum dispatch_class class,
               uint32_t devices) {
    room->flight.offered++;
    room->flight.jobs[class]++;
    room->flight.devices[class] += devices;
    if (!room->limits->devices_per_minute)
        return;
    pace_spend(room, class, devices);
    pace_spend(room, DISPATCH_CLASSES, devices);
}

enum dispatch_reason dispatch_closed(const struct dispatch_input *input,
                                     instant *next) {
    struct dispatch_room room;
    room_open(input, false, &room);
    enum dispatch_reason reason = room_for_job(&room, DISPATCH_METERS);
    *next = room.next;
    return reason;
}

bool dispatch_hub_waits(const char *type, const char *taken_by) {
    static const struct {
        const char *type, *taken_by;
    } waits[] = {
#define HUB_WAITS(type, taken_by) {#type, #taken_by},
#include "dispatch/hub.def"
#undef HUB_WAITS
    };
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
        if (!strcmp(waits[i].type, type) &&
            !strcmp(waits[i].taken_by, taken_by))
            return true;
    return false;
}
