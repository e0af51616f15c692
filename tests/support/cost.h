/*
 * The cost budget: no single input of somebody who is not known yet takes more
 * than COST_MOST of processor time. Tables of the worst inputs that we know,
 * one test program for each kind of input.
 */
#ifndef FOTAD_TESTS_COST_H
#define FOTAD_TESTS_COST_H

#include "support/check.h"

#include "base/buffer.h"
#include "base/clock.h"

/* As many octets as any listener takes ([user_gateway] max_body). */
enum { COST_OCTETS = 16 * 1024 * 1024 - 8192 };

static const instant COST_MOST = 50 * MILLISECOND;

struct cost_case {
    const char *name;
    void (*make)(struct buffer *out);
};

void cost_repeat(struct buffer *out, const char *text, size_t times);

/* Processor time of this process so far. */
instant cost_now(void);

/* The same of all threads but this one: of a server, not of its client. */
instant cost_of_server(void);

/* Gives `read` each input, measures it by `now`, and fails with the name and
 * cost of each that is over the budget (the least of a few tries: the first
 * one pays for memory). Prints the table. */
void cost_check(const struct cost_case *cases, size_t count,
                instant (*now)(void), void (*read)(struct span input));

#endif
