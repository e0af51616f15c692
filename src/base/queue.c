#include "base/queue.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled; /* or closed */
    size_t size, first, depth;
    bool closed;
    void *items[];
};

struct queue *queue_new(size_t size) {
    struct queue *queue = memory_alloc(sizeof *queue + size * sizeof(void *));
    *queue = (struct queue){.size = size};
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->filled, NULL);
    return queue;
}

void queue_free(struct queue *queue) {
    if (!queue)
        return;
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

bool queue_try_push(struct queue *queue, void *item) {
    pthread_mutex_lock(&queue->lock);
    bool fits = !queue->closed && queue->depth < queue->size;
    if (fits)
        queue->items[(queue->first + queue->depth++) % queue->size] = item;
    pthread_mutex_unlock(&queue->lock);
    if (fits)
        pthread_cond_signal(&queue->filled);
    return fits;
}

static void *take_first(struct queue *queue) {
    void *item = queue->items[queue->first];
    queue->first = (queue->first + 1) % queue->size;
    queue->depth--;
    return item;
}

void *queue_pop(struct queue *queue) {
    pthread_mutex_lock(&queue->lock);
    while (!queue->depth && !queue->closed)
        pthread_cond_wait(&queue->filled, &queue->lock);
    void *item = queue->depth ? take_first(queue) : NULL;
    pthread_mutex_unlock(&queue->lock);
    return item;
}

void *queue_pop_if(struct queue *queue,
                   bool (*fits)(const void *item, const void *context),
                   const void *context) {
    pthread_mutex_lock(&queue->lock);
    void *item = queue->depth && fits(queue->items[queue->first], context)
                     ? take_first(queue)
                     : NULL;
    pthread_mutex_unlock(&queue->lock);
    return item;
}

void queue_close(struct queue *queue) {
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_mutex_unlock(&queue->lock);
    pthread_cond_broadcast(&queue->filled);
}

size_t queue_depth(struct queue *queue) {
    pthread_mutex_lock(&queue->lock);
    size_t depth = queue->depth;
    pthread_mutex_unlock(&queue->lock);
    return depth;
}
