#include "fotad/last_resort.h"

#include "base/ending.h"
#include "base/log.h"
#include "base/memory.h"
#include "db/db.h"
#include "fotad/fotad.h"

#include <pthread.h>
#include <unistd.h>

static void rest_for(instant pause) {
    struct timespec until = clock_in(pause);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
        ;
}

static void *last_resort(void *context) {
    rest_for(ENDING_OWN);
    for (int second = 0; second < 10; second++) {
        log_warning("fotad.cut_off",
                    ": the end takes long: %s; connections are cut off",
                    services_at());
        db_cut_all();
        rest_for(SECOND);
    }
    log_error("fotad.stuck", ": %s does not end; fotad ends where it is",
              services_at());
    _exit(1);
    return context;
}

void last_resort_begin(void) {
    ending_begin();
    pthread_t thread;
    if (pthread_create(&thread, NULL, last_resort, NULL) != 0)
        memory_exhausted(0);
    pthread_detach(thread);
}
