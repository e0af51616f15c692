/*
 * Whether threads get on with their work, for the watchdog: each says when it
 * begins a step and when it only waits for work. One that has been at the same
 * step for too long is stuck, and the program lets systemd end it.
 */
#ifndef FOTAD_BASE_HEARTBEAT_H
#define FOTAD_BASE_HEARTBEAT_H

#include "base/clock.h"

#include <stddef.h>

struct heartbeat;

/* For one thread, resting. The caller ends it with heartbeat_free(). `name` is
 * what a person is told: "delivery", "csp_sender north". */
struct heartbeat *heartbeat_new(const char *name);
/* NULL is allowed, in the next ones as well. */
void heartbeat_free(struct heartbeat *heartbeat);

/* A step begins now. */
void heartbeat_step(struct heartbeat *heartbeat);
/* It waits for work, however long that may be. */
void heartbeat_rest(struct heartbeat *heartbeat);

/* A thread that has been at its step for `limit` or longer: true, with its
 * name (cut off to fit) and for how long. */
bool heartbeat_stuck(instant limit, char *name, size_t size, instant *since);

#endif
