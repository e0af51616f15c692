/* What takes as long as the database lets it (the start, a reload), in a thread
 * of its own: the main thread goes on hearing signals and feeding the watchdog.
 * For this room only. */
#ifndef FOTAD_FOTAD_ERRAND_H
#define FOTAD_FOTAD_ERRAND_H

#include "fotad/fotad.h"

#include <pthread.h>

struct errand {
    bool (*run)(struct fotad *f);
    struct fotad *f;
    pthread_t thread;
    bool under_way;
    bool good;
    int ended; /* an eventfd: readable once it has ended */
};

/* Ready for the first one; false when there can be none. */
bool errand_open(struct errand *errand, struct fotad *f);
void errand_close(struct errand *errand);

/* Begins `run`; none may be under way. Ends the program when there can be no
 * thread. */
void errand_begin(struct errand *errand, bool (*run)(struct fotad *f));

/* Waits for its end: what `run` returned. True when none is under way. */
bool errand_end(struct errand *errand);

#endif
