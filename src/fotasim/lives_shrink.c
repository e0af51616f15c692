#include "fotasim/lives_shrink.h"

#include "base/memory.h"
#include "fotasim/lives_csp.h"
#include "fotasim/lives_oracle.h"
#include "fotasim/lives_pass.h"
#include "fotasim/lives_plan.h"
#include "fotasim/lives_start.h"
#include "fotasim/lives_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One that is being made shorter. */
struct shrinking {
    const struct life *life; /* as it went wrong */
    struct life_plan plan;   /* the shortest so far */
    size_t first, count;     /* its tries of the pass */
    bool over;
};

/* ---- a plan without one of its events ---- */

/* What the number of an event counts: the same for what is done and for what is
 * said of it. */
static enum life_event_kind counted_kind(const struct life_event *event) {
    static const uint8_t of[SAID_KINDS] = {
        [SAID_REPORT] = LIFE_REQUEST, [SAID_DELIVERY] = LIFE_REQUEST,
        [SAID_HUB] = LIFE_REQUEST,    [SAID_DEVICE] = LIFE_REQUEST,
        [SAID_LOCAL] = LIFE_LOCAL,    [SAID_ANSWER] = LIFE_ACTIVATE,
        [SAID_LATER] = LIFE_ACTIVATE, [SAID_READ] = LIFE_READ};
    if (event->kind >= LIFE_LOST)
        return (enum life_event_kind)of[event->said];
    return event->kind >= LIFE_REJECTED ? LIFE_REQUEST : LIFE_EVENT_KINDS;
}

static unsigned event_number(const struct life_plan *plan, unsigned index) {
    unsigned number = 0;
    for (unsigned i = 0; i < index; i++)
        number += plan->events[i].kind == plan->events[index].kind;
    return number;
}

/* What was of the event goes with it, and what was of later ones is now of the
 * one before. */
static struct life_plan plan_without(const struct life_plan *plan,
                                     unsigned index) {
    struct life_plan less = *plan;
    enum life_event_kind kind = plan->events[index].kind;
    unsigned number = event_number(plan, index);
    less.count = 0;
    for (unsigned i = 0; i < plan->count; i++) {
        struct life_event event = plan->events[i];
        bool of_kind = counted_kind(&event) == kind;
        if (i == index || (of_kind && event.number == number))
            continue;
        if (of_kind && event.number > number)
            event.number--;
        less.events[less.count++] = event;
    }
    return less;
}

/* ---- tries ---- */

static bool device_fits(const struct life_device *device,
                        const struct life_device *wanted) {
    return device->type == wanted->type &&
           device->version_count == wanted->version_count &&
           device->agrees == wanted->agrees && !device->gsme == !wanted->gsme;
}

/* A spare device like it; NULL: there is none left. */
static const struct life_device *spare_take(const struct lives_run *run,
                                            bool *spare,
                                            const struct life_device *wanted) {
    for (size_t i = 0; i < run->estate.count; i++)
        if (spare[i] && device_fits(&run->estate.devices[i], wanted)) {
            spare[i] = false;
            return &run->estate.devices[i];
        }
    return NULL;
}

/* The plan itself at first, then without one event each. */
static void tries_add(const struct lives_run *run, struct shrinking *s,
                      bool *spare, bool whole, struct life *lives,
                      size_t *count) {
    s->first = *count;
    for (unsigned i = 0; i < s->plan.count + (whole ? 1u : 0u); i++) {
        const struct life_device *device =
            spare_take(run, spare, &s->life->device);
        if (!device)
            break;
        struct life *life = &lives[*count];
        memset(life, 0, sizeof *life);
        life->number = (uint32_t)*count;
        life->device = *device;
        life->plan = i < s->plan.count ? plan_without(&s->plan, i) : s->plan;
        *count += 1;
    }
    s->count = *count - s->first;
    s->over = s->over || !s->count;
}

/* The shortest of its tries that went wrong; NULL: none did. */
static struct life *tries_judge(const struct shrinking *s, struct life *lives) {
    struct life *shortest = NULL;
    for (size_t i = s->first; i < s->first + s->count; i++) {
        life_judge(&lives[i], NULL);
        if (lives[i].wrong &&
            (!shortest || lives[i].plan.count < shortest->plan.count))
            shortest = &lives[i];
    }
    return shortest;
}

/* Takes over the shortest, which is printed when nothing more can go. */
static void tries_settle(struct shrinking *s, struct life *lives,
                         struct buffer *best) {
    struct life *shortest = tries_judge(s, lives);
    if (!shortest) {
        if (!best->len)
            printf("life %u does not go wrong again by itself\n",
                   s->life->number);
        s->over = true;
        return;
    }
    s->plan = shortest->plan;
    best->len = 0;
    buffer_text(best, "the shortest that still goes wrong:\n");
    life_judge(shortest, best);
    life_print(shortest, best);
}

static void pass_do(struct lives_run *run, struct life *lives, size_t count) {
    lives_set(run, lives, count);
    lives_forget_jobs(run);
    lives_pass(run);
}

void lives_shrink(struct lives_run *run, struct life *const *wrong,
                  size_t count, bool *spare) {
    enum { MOST_TRIES = LIVES_MOST_SHRUNK * (LIFE_MOST_EVENTS + 1) };
    struct shrinking all[LIVES_MOST_SHRUNK] = {{0}};
    struct buffer best[LIVES_MOST_SHRUNK] = {{0}};
    struct life *lives = memory_alloc(MOST_TRIES * sizeof *lives);
    for (size_t i = 0; i < count; i++)
        all[i] = (struct shrinking){.life = wrong[i], .plan = wrong[i]->plan};
    for (bool whole = true;; whole = false) {
        size_t tries = 0;
        for (size_t i = 0; i < count; i++) {
            all[i].count = 0;
            if (!all[i].over)
                tries_add(run, &all[i], spare, whole, lives, &tries);
        }
        if (!tries)
            break;
        pass_do(run, lives, tries);
        for (size_t i = 0; i < count; i++)
            if (!all[i].over)
                tries_settle(&all[i], lives, &best[i]);
        for (size_t i = 0; i < tries; i++)
            life_free(&lives[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (best[i].len)
            printf("%s\n", (const char *)best[i].data);
        buffer_free(&best[i]);
    }
    free(lives);
}
