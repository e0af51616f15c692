/*
 * What a thread rests by: until somebody signals, or so much time has passed,
 * whichever is first. The time is that of clock_elapsed(), so a clock that is
 * set makes no rest longer or shorter. Signals are counted, and a rest ends
 * when the count is another than the thread has seen: a signal that comes
 * between its last look at the work and its rest is not lost.
 *
 *     for (;;) {
 *         uint64_t seen = wakeup_count(wakeup);
 *         do_what_there_is();
 *         wakeup_wait(wakeup, seen, SECOND);
 *     }
 */
#ifndef FOTAD_BASE_WAKEUP_H
#define FOTAD_BASE_WAKEUP_H

#include "base/clock.h"

#include <pthread.h>

struct wakeup {
    pthread_mutex_t lock;
    pthread_cond_t signalled;
    uint64_t count; /* of signals, under the lock */
};

/* How a wakeup begins, a static one as well. It must not move afterwards. */
#define WAKEUP_NEW                                                             \
    { .lock = PTHREAD_MUTEX_INITIALIZER, .signalled = PTHREAD_COND_INITIALIZER }

/* When no thread uses it any more; for a wakeup that is not static. */
void wakeup_destroy(struct wakeup *wakeup);

/* Ends the rests of all threads. From any thread. */
void wakeup_signal(struct wakeup *wakeup);

/* The number of signals until now, for wakeup_wait(). */
uint64_t wakeup_count(struct wakeup *wakeup);

/* Rests until there are more signals than the `seen` ones, or `most` (0 or
 * more) has passed. */
void wakeup_wait(struct wakeup *wakeup, uint64_t seen, instant most);

#endif
