/*
 * The heartbeats of threads, which the watchdog watches: each thread beats when
 * it begins a step of its work, and says when it only waits for work. One that
 * has been at the same step for too long is stuck, and the program lets systemd
 * end it.
 */
#ifndef FOTAD_BASE_HEARTBEAT_H
#define FOTAD_BASE_HEARTBEAT_H

#include "base/clock.h"

#include <stddef.h>

struct heartbeat;

/* For one thread, resting at first. `name` is what a person is told, and is
 * copied: "delivery", "csp_sender". Free with heartbeat_free(). */
struct heartbeat *heartbeat_new(const char *name);

/* NULL is allowed, in the next two as well. */
void heartbeat_free(struct heartbeat *heartbeat);

/* A beat: a step of the work begins now. */
void heartbeat_step(struct heartbeat *heartbeat);

/* The thread waits for work, however long that may be. */
void heartbeat_rest(struct heartbeat *heartbeat);

/* Has any thread been at its step for `limit` or longer? *since gets for how
 * long the one that has been longest, 0 if none has; `name` its name, cut off
 * to `size`. From any thread. */
bool heartbeat_stuck(instant limit, char *name, size_t size, instant *since);

#endif
