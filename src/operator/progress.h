/* A progress bar on stderr, when that is a terminal. */
#ifndef FOTAD_OPERATOR_PROGRESS_H
#define FOTAD_OPERATOR_PROGRESS_H

#include "base/clock.h"

struct progress {
    bool shown;     /* stderr is a terminal */
    uint64_t whole; /* what `part` comes to in the end; 0: not known */
    instant begun, last;
};

/* `whole` may be set later. */
void progress_begin(struct progress *progress, uint64_t whole);

/* How far it is: `part` of the whole, and `items` of `noun` so far. Cheap: the
 * line is written five times a second at most. */
void progress_show(struct progress *progress, uint64_t part, uint64_t items,
                   const char *noun);

/* What goes on after the last item, which cannot be counted. */
void progress_phase(struct progress *progress, const char *what);

/* Clears the line. */
void progress_end(struct progress *progress);

#endif
