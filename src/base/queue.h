/*
 * A bounded queue of pointers between threads: any number put in, any number
 * take out, first in first out of what fits them. It never grows: what does not
 * fit is the caller's to refuse.
 */
#ifndef FOTAD_BASE_QUEUE_H
#define FOTAD_BASE_QUEUE_H

#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

struct queue;

/* Room for `size` (at least 1) items. The caller ends it with queue_free(). */
struct queue *queue_new(size_t size);

/* When no thread uses it any more. Items left inside are not touched. */
void queue_free(struct queue *queue);

/* False when the queue is full or closed; never waits. `item` is not NULL. One
 * that waits in queue_pop() is woken, unless `wakes` says no, under the queue's
 * lock: then somebody is still to pop who takes it. NULL: yes. */
bool queue_try_push(struct queue *queue, void *item,
                    bool (*wakes)(const void *item));

/* May the thread that pops take this item now? Asked under the queue's lock;
 * the item that it says yes to is taken. When something changes so that it
 * would say yes to an item that it refused, the thread that changed it must pop
 * next: nobody else is woken for that item. */
typedef bool queue_fits(const void *item, void *context);

/* Waits for an item that fits (`fits` NULL: any does) and takes the first; the
 * others stay where they are. `context` is for `fits`. NULL when the queue is
 * closed and empty. */
void *queue_pop(struct queue *queue, queue_fits *fits, void *context);

/* The same, but waits only until then (by clock_elapsed(); 0: not at all), and
 * for one thread at a time. NULL when there is none. */
void *queue_pop_until(struct queue *queue, queue_fits *fits, void *context,
                      instant until);

/* Nothing more goes in; what is inside can still be taken. */
void queue_close(struct queue *queue);

/* Items inside at this moment. */
size_t queue_depth(struct queue *queue);

#endif
