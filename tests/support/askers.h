/* Threads that ask a TLS listener on and on, every other one over one
 * connection that lasts, the others over a new one each time. */
#ifndef FOTAD_TESTS_ASKERS_H
#define FOTAD_TESTS_ASKERS_H

#include "support/check.h"

#include "http/client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { ASKERS = 4 };

struct askers;

struct asker {
    const struct askers *all;
    pthread_t thread;
    bool lasting;
    unsigned asked, failed;
    char error[128];
};

struct askers {
    char url[64];
    const char *ca;    /* path of the CAs to trust */
    unsigned expected; /* status of every answer */
    atomic_bool stop;
    struct asker each[ASKERS];
};

static inline void asker_ask(struct asker *asker, struct http_client *client) {
    struct http_message message = {.method = "GET", .url = asker->all->url};
    struct http_answer answer;
    http_client_send(client, &message, &answer);
    asker->asked++;
    if (answer.status != asker->all->expected) {
        asker->failed++;
        snprintf(asker->error, sizeof asker->error, "%u %.100s", answer.status,
                 answer.error);
    }
    http_answer_free(&answer);
}

static inline void *asker_run(void *context) {
    struct asker *asker = context;
    const struct http_client_options options = {.ca = asker->all->ca};
    struct http_client *client = NULL;
    while (!atomic_load(&asker->all->stop)) {
        if (!client)
            client = http_client_new(&options);
        asker_ask(asker, client);
        if (!asker->lasting) {
            http_client_free(client);
            client = NULL;
        }
    }
    if (client)
        http_client_free(client);
    return NULL;
}

/* `askers` has url, ca and expected. */
static inline void askers_start(struct askers *askers) {
    for (int i = 0; i < ASKERS; i++) {
        struct asker *asker = &askers->each[i];
        *asker = (struct asker){.all = askers, .lasting = i % 2};
        pthread_create(&asker->thread, NULL, asker_run, asker);
    }
}

/* Each must have asked ten times, and always been answered. */
static inline void askers_stop(struct askers *askers) {
    atomic_store(&askers->stop, true);
    for (int i = 0; i < ASKERS; i++) {
        const struct asker *asker = &askers->each[i];
        pthread_join(asker->thread, NULL);
        if (asker->failed || asker->asked < 10)
            fail_msg("%u of %u failed: %s", asker->failed, asker->asked,
                     asker->error);
    }
}

#endif
