#include "delivery/lease.h"

#include "base/crash.h"

void leases_init(struct leases *leases, instant lease, instant timeout) {
    *leases = (struct leases){.lease = lease, .timeout = timeout};
    pthread_mutex_init(&leases->lock, NULL);
}

void leases_destroy(struct leases *leases) {
    pthread_mutex_destroy(&leases->lock);
}

instant lease_until(const struct leases *leases, instant now) {
    return now + leases->lease;
}

instant lease_begin_until(const struct leases *leases) {
    return clock_since_boot() + leases->timeout;
}

static size_t users_in_hand(const struct leases *leases, struct arena *arena,
                            eui64 **users) {
    size_t count = 0;
    for (const struct lane *lane = leases->lanes; lane; lane = lane->next)
        count++;
    eui64 *user = *users = arena_zero(arena, count, sizeof **users);
    for (const struct lane *lane = leases->lanes; lane; lane = lane->next)
        *user++ = lane->row.user_id;
    return count;
}

static void lane_add(struct leases *leases, struct lane *lane) {
    lane->next = leases->lanes;
    leases->lanes = lane;
}

/* One look at a time, so that no two workers can take the same lane, not even
 * when the clock jumps over a lease. */
enum outcome lease_lanes(struct leases *leases, struct db *db, unsigned most,
                         struct lane *lanes[], size_t *count) {
    struct arena *arena = arena_new();
    struct queue_lane *rows;
    eui64 *in_hand;
    pthread_mutex_lock(&leases->lock);
    size_t in_hand_count = users_in_hand(leases, arena, &in_hand);
    instant begin_until = lease_begin_until(leases);
    instant now = clock_now(), until = lease_until(leases, now);
    enum outcome outcome = queue_lease(db, arena, in_hand, in_hand_count, now,
                                       until, most, &rows, count);
    for (size_t i = 0; i < *count; i++) {
        lanes[i] = lane_new(&rows[i], begin_until);
        lane_add(leases, lanes[i]);
    }
    pthread_mutex_unlock(&leases->lock);
    if (*count)
        crash_point(CRASH_lane_leased);
    arena_free(arena);
    return outcome;
}

static bool has_turn(const struct turn *turns, const struct lane *lane) {
    while (turns && turns->lane != lane)
        turns = turns->next;
    return turns != NULL;
}

struct lane *lease_join(struct leases *leases, unsigned connections,
                        const struct turn *own) {
    pthread_mutex_lock(&leases->lock);
    struct lane *lane = leases->lanes;
    while (lane && (!lane_has_room(lane, connections) || has_turn(own, lane)))
        lane = lane->next;
    if (lane)
        atomic_fetch_add(&lane->workers, 1);
    pthread_mutex_unlock(&leases->lock);
    return lane;
}

bool lease_close(struct leases *leases, struct lane *lane) {
    pthread_mutex_lock(&leases->lock);
    bool last = atomic_load(&lane->workers) == 1;
    if (last)
        atomic_store(&lane->more, false);
    pthread_mutex_unlock(&leases->lock);
    return last;
}

bool lease_leave(struct leases *leases, struct lane *lane) {
    pthread_mutex_lock(&leases->lock);
    bool last = atomic_fetch_sub(&lane->workers, 1) == 1;
    struct lane **at = &leases->lanes;
    while (*at != lane)
        at = &(*at)->next;
    if (last)
        *at = lane->next;
    pthread_mutex_unlock(&leases->lock);
    return last;
}
