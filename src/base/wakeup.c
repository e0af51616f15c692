#include "base/wakeup.h"

void wakeup_destroy(struct wakeup *wakeup) {
    pthread_cond_destroy(&wakeup->signalled);
    pthread_mutex_destroy(&wakeup->lock);
}

void wakeup_signal(struct wakeup *wakeup) {
    pthread_mutex_lock(&wakeup->lock);
    wakeup->count++;
    pthread_cond_broadcast(&wakeup->signalled);
    pthread_mutex_unlock(&wakeup->lock);
}

uint64_t wakeup_count(struct wakeup *wakeup) {
    pthread_mutex_lock(&wakeup->lock);
    uint64_t count = wakeup->count;
    pthread_mutex_unlock(&wakeup->lock);
    return count;
}

void wakeup_wait(struct wakeup *wakeup, uint64_t seen, instant most) {
    struct timespec until = clock_in(most);
    int over = 0;
    pthread_mutex_lock(&wakeup->lock);
    while (wakeup->count == seen && !over)
        over = pthread_cond_clockwait(&wakeup->signalled, &wakeup->lock,
                                      CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&wakeup->lock);
}
