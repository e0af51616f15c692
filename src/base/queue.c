#include "base/queue.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled; /* or closed */
    pthread_cond_t more;   /* for queue_pop_until() */
    size_t size, first, depth;
    bool closed;
    void *items[];
};

struct queue *queue_new(size_t size) {
    struct queue *queue = memory_alloc(sizeof *queue + size * sizeof(void *));
    *queue = (struct queue){.size = size};
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->filled, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->more, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return queue;
}

void queue_free(struct queue *queue) {
    if (!queue)
        return;
    pthread_cond_destroy(&queue->more);
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

bool queue_try_push(struct queue *queue, void *item,
                    bool (*wakes)(const void *item)) {
    pthread_mutex_lock(&queue->lock);
    bool fits = !queue->closed && queue->depth < queue->size;
    if (fits)
        queue->items[(queue->first + queue->depth++) % queue->size] = item;
    bool wake = fits && (!wakes || wakes(item));
    pthread_mutex_unlock(&queue->lock);
    if (wake)
        pthread_cond_signal(&queue->filled);
    if (fits)
        pthread_cond_signal(&queue->more);
    return fits;
}

static void **place_of(struct queue *queue, size_t i) {
    return &queue->items[(queue->first + i) % queue->size];
}

/* Those before it move up. */
static void *take_at(struct queue *queue, size_t i) {
    void *item = *place_of(queue, i);
    for (; i > 0; i--)
        *place_of(queue, i) = *place_of(queue, i - 1);
    queue->first = (queue->first + 1) % queue->size;
    queue->depth--;
    return item;
}

static void *take_fitting(struct queue *queue, queue_fits *fits,
                          void *context) {
    for (size_t i = 0; i < queue->depth; i++)
        if (!fits || fits(*place_of(queue, i), context))
            return take_at(queue, i);
    return NULL;
}

/* What is left may fit another; at the end all are told. */
void *queue_pop(struct queue *queue, queue_fits *fits, void *context) {
    void *item;
    pthread_mutex_lock(&queue->lock);
    while (!(item = take_fitting(queue, fits, context)) &&
           (queue->depth || !queue->closed))
        pthread_cond_wait(&queue->filled, &queue->lock);
    if (queue->closed)
        pthread_cond_broadcast(&queue->filled);
    else if (queue->depth)
        pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
    return item;
}

void *queue_pop_until(struct queue *queue, queue_fits *fits, void *context,
                      instant until) {
    const struct timespec end = {until / SECOND,
                                 until % SECOND * (1000000000 / SECOND)};
    void *item;
    pthread_mutex_lock(&queue->lock);
    while (!(item = take_fitting(queue, fits, context)) && !queue->closed &&
           clock_elapsed() < until)
        pthread_cond_timedwait(&queue->more, &queue->lock, &end);
    pthread_mutex_unlock(&queue->lock);
    return item;
}

void queue_close(struct queue *queue) {
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_mutex_unlock(&queue->lock);
    pthread_cond_broadcast(&queue->filled);
    pthread_cond_broadcast(&queue->more);
}

size_t queue_depth(struct queue *queue) {
    pthread_mutex_lock(&queue->lock);
    size_t depth = queue->depth;
    pthread_mutex_unlock(&queue->lock);
    return depth;
}
