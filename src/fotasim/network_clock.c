/* What happens when: a list for each tick. */
#include "base/memory.h"
#include "fotasim/network.h"

#include <stdlib.h>

struct network_clock {
    struct moment {
        struct network_event *events;
        uint32_t count, size, next;
    } moments[NETWORK_END];
};

struct network_clock *network_clock_new(void) {
    struct network_clock *clock = memory_zeros(1, sizeof *clock);
    return clock;
}

void network_clock_free(struct network_clock *clock) {
    for (tick t = 0; clock && t < NETWORK_END; t++)
        free(clock->moments[t].events);
    free(clock);
}

void network_at(struct network *network, tick when,
                const struct network_event *event) {
    if (when >= NETWORK_END)
        return;
    struct moment *moment = &network->clock->moments[when];
    if (moment->count == moment->size) {
        moment->size = moment->size ? 2 * moment->size : 16;
        moment->events =
            memory_grow(moment->events, moment->size * sizeof *event);
    }
    moment->events[moment->count++] = *event;
}

bool network_next(struct network_clock *clock, tick now,
                  struct network_event *event) {
    struct moment *moment = &clock->moments[now];
    if (moment->next < moment->count) {
        *event = moment->events[moment->next++];
        return true;
    }
    free(moment->events);
    *moment = (struct moment){.events = NULL};
    return false;
}
