#include "base/bell.h"

void bell_destroy(struct bell *bell) {
    pthread_cond_destroy(&bell->moved);
    pthread_mutex_destroy(&bell->lock);
}

void bell_ring(struct bell *bell) {
    pthread_mutex_lock(&bell->lock);
    bell->rings++;
    pthread_cond_broadcast(&bell->moved);
    pthread_mutex_unlock(&bell->lock);
}

uint64_t bell_heard(struct bell *bell) {
    pthread_mutex_lock(&bell->lock);
    uint64_t heard = bell->rings;
    pthread_mutex_unlock(&bell->lock);
    return heard;
}

void bell_end(struct bell *bell) {
    atomic_store(&bell->ended, true);
    bell_ring(bell);
}

bool bell_wait(struct bell *bell, uint64_t heard, instant most) {
    struct timespec until = clock_in(most);
    int over = 0;
    pthread_mutex_lock(&bell->lock);
    while (bell->rings == heard && !atomic_load(&bell->ended) && !over)
        over = pthread_cond_clockwait(&bell->moved, &bell->lock,
                                      CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&bell->lock);
    return !atomic_load(&bell->ended);
}

bool bell_rest(struct bell *bell, instant most) {
    return bell_wait(bell, bell_heard(bell), most);
}
