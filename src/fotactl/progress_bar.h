/* A progress bar on stderr, when that is a terminal. */
#ifndef FOTAD_FOTACTL_PROGRESS_BAR_H
#define FOTAD_FOTACTL_PROGRESS_BAR_H

#include "base/clock.h"

struct progress_bar {
    bool shown;     /* stderr is a terminal */
    uint64_t whole; /* what `part` comes to in the end; 0: not known */
    instant begun, last;
};

/* `whole` may be set later. */
void progress_bar_begin(struct progress_bar *bar, uint64_t whole);

/* How far it is: `part` of the whole, and `items` of `noun` so far. Cheap: the
 * line is written five times a second at most. */
void progress_bar_show(struct progress_bar *bar, uint64_t part, uint64_t items,
                       const char *noun);

/* Shows what is done after the last item, where there is nothing to count. */
void progress_bar_phase(struct progress_bar *bar, const char *what);

/* Clears the line. */
void progress_bar_end(struct progress_bar *bar);

#endif
