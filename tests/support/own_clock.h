/*
 * A clock of their own for programs that a test starts, PostgreSQL among them:
 * as far ahead of the kernel's as the test says, at any moment
 * (preload/clock.c). What clock.h moves is the time that passes, for all.
 */
#ifndef FOTAD_TESTS_OWN_CLOCK_H
#define FOTAD_TESTS_OWN_CLOCK_H

#include "base/clock.h"

struct own_clock;

/* Goes with the kernel's at first. Ends the program when it cannot; NULL in a
 * variant that cannot have one (a sanitizer, valgrind). */
struct own_clock *own_clock_new(void);
/* What is started from now on has it; NULL: has the kernel's. */
void own_clock_give(const struct own_clock *clock);
/* So far ahead, at once. */
void own_clock_set(struct own_clock *clock, instant ahead);
/* So much time passes for all of them at once: the machines' clocks go on, and
 * what they count since they were started, as when they were suspended. */
void own_clock_pass(instant by);

#endif
