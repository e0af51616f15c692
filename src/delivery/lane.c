#include "delivery/lane.h"

#include "base/memory.h"

#include <stdlib.h>

struct lane *lane_new(const struct queue_lane *row, instant begin_until) {
    struct lane *lane = memory_alloc(sizeof *lane);
    *lane = (struct lane){.arena = arena_new(),
                          .row = *row,
                          .lease = row->lease,
                          .begin_until = begin_until};
    lane->row.receive_url =
        arena_text(lane->arena, span_text(row->receive_url));
    atomic_init(&lane->workers, 1);
    pthread_mutex_init(&lane->lock, NULL);
    return lane;
}

void lane_free(struct lane *lane) {
    pthread_mutex_destroy(&lane->lock);
    arena_free(lane->arena);
    free(lane);
}

bool lane_has_room(const struct lane *lane, unsigned connections) {
    return atomic_load(&lane->more) && !atomic_load(&lane->stopped) &&
           atomic_load(&lane->workers) < connections;
}

bool lane_take_connection(struct lane *lane, unsigned connections, size_t own) {
    unsigned workers = atomic_load(&lane->workers);
    if (own >= (connections + workers - 1) / workers)
        return false;
    if (atomic_fetch_add(&lane->on_the_way, 1) < connections)
        return true;
    lane_give_back(lane);
    return false;
}

void lane_give_back(struct lane *lane) {
    atomic_fetch_sub(&lane->on_the_way, 1);
}
