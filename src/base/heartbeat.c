#include "base/heartbeat.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct heartbeat {
    struct heartbeat *next;
    char *name;
    _Atomic instant since; /* clock_elapsed() of the step; 0: resting */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct heartbeat *all; /* under the lock */

struct heartbeat *heartbeat_new(const char *name) {
    struct heartbeat *heartbeat = memory_alloc(sizeof *heartbeat);
    *heartbeat = (struct heartbeat){.name = memory_text(name)};
    pthread_mutex_lock(&lock);
    heartbeat->next = all;
    all = heartbeat;
    pthread_mutex_unlock(&lock);
    return heartbeat;
}

void heartbeat_free(struct heartbeat *heartbeat) {
    if (!heartbeat)
        return;
    pthread_mutex_lock(&lock);
    struct heartbeat **at = &all;
    while (*at != heartbeat)
        at = &(*at)->next;
    *at = heartbeat->next;
    pthread_mutex_unlock(&lock);
    free(heartbeat->name);
    free(heartbeat);
}

void heartbeat_step(struct heartbeat *heartbeat) {
    if (heartbeat)
        atomic_store_explicit(&heartbeat->since, clock_elapsed(),
                              memory_order_relaxed);
}

void heartbeat_rest(struct heartbeat *heartbeat) {
    if (heartbeat)
        atomic_store_explicit(&heartbeat->since, 0, memory_order_relaxed);
}

bool heartbeat_stuck(instant limit, char *name, size_t size, instant *since) {
    instant now = clock_elapsed(), longest = 0;
    pthread_mutex_lock(&lock);
    for (struct heartbeat *h = all; h; h = h->next) {
        instant begun = atomic_load_explicit(&h->since, memory_order_relaxed);
        if (!begun || now - begun < limit || now - begun <= longest)
            continue;
        longest = now - begun;
        snprintf(name, size, "%s", h->name);
    }
    pthread_mutex_unlock(&lock);
    *since = longest;
    return longest > 0;
}
