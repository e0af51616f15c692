#include "fotad/errand.h"

#include "base/memory.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool errand_open(struct errand *errand, struct fotad *f) {
    *errand = (struct errand){.f = f, .ended = eventfd(0, EFD_CLOEXEC)};
    return errand->ended >= 0;
}

void errand_close(struct errand *errand) {
    if (errand->ended >= 0)
        close(errand->ended);
}

static void *errand_thread(void *context) {
    struct errand *errand = context;
    errand->good = errand->run(errand->f);
    if (eventfd_write(errand->ended, 1))
        abort();
    return NULL;
}

void errand_begin(struct errand *errand, bool (*run)(struct fotad *f)) {
    errand->run = run;
    errand->under_way = true;
    if (pthread_create(&errand->thread, NULL, errand_thread, errand))
        memory_exhausted(0);
}

bool errand_end(struct errand *errand) {
    eventfd_t ends;
    if (!errand->under_way)
        return true;
    pthread_join(errand->thread, NULL);
    errand->under_way = false;
    return eventfd_read(errand->ended, &ends) == 0 && errand->good;
}
