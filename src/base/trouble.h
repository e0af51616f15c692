/*
 * Background steps that fail again and again, for whoever shows them
 * (/readyz). A step is known by its name; what it is of no matter.
 */
#ifndef FOTAD_BASE_TROUBLE_H
#define FOTAD_BASE_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>

/* So many times in a row are trouble. */
enum { TROUBLE_TIMES = 3 };

/* What came of a round of a step; `reason` (of a failure) is copied. True when
 * it is the first failure of a series, for a line in the log. */
bool trouble_note(const char *name, bool failed, const char *reason);

/* Calls `tell` for each step that failed TROUBLE_TIMES times in a row or more,
 * and has not succeeded since. */
void trouble_each(void (*tell)(void *context, const char *name, unsigned times,
                               const char *reason),
                  void *context);

#endif
