/*
 * Crash points, for the tests that kill fotad between any two durable steps
 * (make check-faults). They do nothing unless FOTAD_CRASH_AT is set when the
 * program starts, to "NAME" or "NAME:N": at the Nth time that the point NAME
 * of crash.def is passed the process ends by SIGKILL, as if the power failed.
 * "NAME:N:stop": it is frozen there by SIGSTOP, until somebody lets it go on.
 */
#ifndef FOTAD_BASE_CRASH_H
#define FOTAD_BASE_CRASH_H

#include <stdbool.h>

enum crash {
#define CRASH(name, where) CRASH_##name,
#include "base/crash.def"
#undef CRASH
    CRASH_POINTS
};

/* Reads FOTAD_CRASH_AT; before threads start. False when it names no point. */
bool crash_prepare(void);

/* Its name and its text in crash.def. */
const char *crash_name(enum crash point);
const char *crash_where(enum crash point);

/* For crash_point() alone. */
extern enum crash crash_armed; /* CRASH_POINTS: none */
void crash_passed(void);

/* This point of the program is passed. */
static inline void crash_point(enum crash point) {
    if (__builtin_expect(crash_armed == point, 0))
        crash_passed();
}

#endif
