/* Waits until so many requests wait for a worker of a listener. */
#ifndef FOTAD_TESTS_QUEUE_DEPTH_H
#define FOTAD_TESTS_QUEUE_DEPTH_H

#include "support/check.h"

#include "base/metrics.h"

#include <stdio.h>
#include <time.h>

static inline void wait_for_queue(const char *listener, int depth) {
    char line[128];
    snprintf(line, sizeof line,
             "\nfotad_http_queue_depth{listener=\"%s\"} %d\n", listener, depth);
    for (int tries = 0; tries < 2000; tries++) {
        struct buffer text = {0};
        metrics_render(&text);
        bool there = strstr((const char *)text.data, line) != NULL;
        buffer_free(&text);
        if (there)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    fail_msg("never %s", line);
}

#endif
