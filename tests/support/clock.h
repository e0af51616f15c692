/*
 * The time that a test lives at: an offset file ([clock] offset_file) that this
 * program uses and hands to those that it starts. What is given the time as a
 * parameter gets it from instant_at(). The kernel's own clock is moved by
 * ahead.h.
 */
#ifndef FOTAD_TESTS_CLOCK_H
#define FOTAD_TESTS_CLOCK_H

#include "base/clock.h"

/* Makes the file, at no offset, and uses it; when it has been, nothing. Before
 * there are threads. `path`: for other programs; NULL: it has no name. Ends the
 * program when it cannot. */
void test_clock_open(const char *path);

/* Time goes on by so much at once. These open the clock if it is not open. */
void test_clock_move(instant by);
/* It is so much ahead of the real time. */
void test_clock_set(instant offset);

/* "2031-05-20T12:00:00Z"; fails the test when it is none. */
instant instant_at(const char *text);

#endif
