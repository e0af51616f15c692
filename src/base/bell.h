/*
 * What a thread rests by: until somebody rings, it is time to end, or so much
 * time has passed, whichever is first. The time is that of clock_elapsed(), so
 * a clock that is set makes no rest longer or shorter. Rings are counted: one
 * that comes between hearing the bell and waiting for it is not lost.
 */
#ifndef FOTAD_BASE_BELL_H
#define FOTAD_BASE_BELL_H

#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>

struct bell {
    pthread_mutex_t lock;
    pthread_cond_t moved; /* rung, or ended */
    uint64_t rings;
    atomic_bool ended; /* work that takes long looks at it in between */
};

/* How a bell begins, a static one as well. It must not move afterwards. */
#define BELL_NEW                                                               \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER }

/* When no thread uses it any more; for a bell that is not static. */
void bell_destroy(struct bell *bell);

/* Ends the waits of all threads. From any thread. */
void bell_ring(struct bell *bell);

/* The number of rings until now, for bell_wait(). */
uint64_t bell_heard(struct bell *bell);

/* It is time to end, for good: no wait lasts from now on. From any thread. */
void bell_end(struct bell *bell);

/* Until there is another ring than the `heard` ones, it is time to end, or
 * `most` (0 or more) has passed. False when it is time to end. */
bool bell_wait(struct bell *bell, uint64_t heard, instant most);

/* bell_wait() for a ring from now on. */
bool bell_rest(struct bell *bell, instant most);

#endif
