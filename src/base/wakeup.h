/*
 * What a thread rests by: until somebody rings, it is time to end, or so much
 * time has passed, whichever is first. The time is that of clock_elapsed(), so
 * a clock that is set makes no rest longer or shorter. Rings are counted: one
 * that comes between hearing the wakeup and waiting for it is not lost.
 */
#ifndef FOTAD_BASE_WAKEUP_H
#define FOTAD_BASE_WAKEUP_H

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>

struct wakeup {
    pthread_mutex_t lock;
    pthread_cond_t moved; /* rung, or ended */
    uint64_t rings;
    atomic_bool ended; /* work that takes long looks at it in between */
};

/* How a wakeup begins, a static one as well. It must not move afterwards. */
#define WAKEUP_NEW                                                             \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER }

/* When no thread uses it any more; for a wakeup that is not static. */
void wakeup_destroy(struct wakeup *wakeup);

/* Ends the waits of all threads. From any thread. */
void wakeup_signal(struct wakeup *wakeup);

/* The number of rings until now, for wakeup_wait(). */
uint64_t wakeup_count(struct wakeup *wakeup);

/* It is time to end, for good: no wait lasts from now on. From any thread. */
void wakeup_end(struct wakeup *wakeup);

/* Until there is another ring than the `heard` ones, it is time to end, or
 * `most` (0 or more) has passed. False when it is time to end. */
bool wakeup_wait(struct wakeup *wakeup, uint64_t heard, instant most);

/* wakeup_wait() for a ring from now on. */
bool wakeup_rest(struct wakeup *wakeup, instant most);

#endif
