#include "base/progress.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct progress {
    struct progress *next;
    char *name;
    _Atomic instant since; /* clock_elapsed() of the step; 0: resting */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct progress *all; /* under the lock */

struct progress *progress_new(const char *name) {
    struct progress *progress = memory_alloc(sizeof *progress);
    *progress = (struct progress){.name = memory_text(name)};
    pthread_mutex_lock(&lock);
    progress->next = all;
    all = progress;
    pthread_mutex_unlock(&lock);
    return progress;
}

void progress_free(struct progress *progress) {
    if (!progress)
        return;
    pthread_mutex_lock(&lock);
    struct progress **at = &all;
    while (*at != progress)
        at = &(*at)->next;
    *at = progress->next;
    pthread_mutex_unlock(&lock);
    free(progress->name);
    free(progress);
}

void progress_step(struct progress *progress) {
    if (progress)
        atomic_store_explicit(&progress->since, clock_elapsed(),
                              memory_order_relaxed);
}

void progress_rest(struct progress *progress) {
    if (progress)
        atomic_store_explicit(&progress->since, 0, memory_order_relaxed);
}

bool progress_stuck(instant limit, char *name, size_t size, instant *since) {
    instant now = clock_elapsed(), longest = 0;
    pthread_mutex_lock(&lock);
    for (struct progress *p = all; p; p = p->next) {
        instant begun = atomic_load_explicit(&p->since, memory_order_relaxed);
        if (!begun || now - begun < limit || now - begun <= longest)
            continue;
        longest = now - begun;
        snprintf(name, size, "%s", p->name);
    }
    pthread_mutex_unlock(&lock);
    *since = longest;
    return longest > 0;
}
