/*
 * A bounded queue of pointers between threads: any number put in, any number
 * take out, first in first out. It never grows: what does not fit is the
 * caller's to refuse.
 */
#ifndef FOTAD_BASE_QUEUE_H
#define FOTAD_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct queue;

/* Room for `size` (at least 1) items. The caller ends it with queue_free(). */
struct queue *queue_new(size_t size);

/* When no thread uses it any more. Items left inside are not touched. */
void queue_free(struct queue *queue);

/* False when the queue is full or closed; never waits. `item` is not NULL. */
bool queue_try_push(struct queue *queue, void *item);

/* Waits for an item. NULL when the queue is closed and empty. */
void *queue_pop(struct queue *queue);

/* The next item if there is one now and it fits; otherwise NULL, and it stays
 * where it is. `fits` is called under the queue's lock. */
void *queue_pop_if(struct queue *queue,
                   bool (*fits)(const void *item, const void *context),
                   const void *context);

/* Nothing more goes in; what is inside can still be taken. */
void queue_close(struct queue *queue);

/* Items inside at this moment. */
size_t queue_depth(struct queue *queue);

#endif
