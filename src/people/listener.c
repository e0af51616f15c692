#include "base/log.h"
#include "base/memory.h"
#include "http/configured.h"
#include "people/call.h"
#include "people/dispatch.h"

#include <stdlib.h>

struct people {
    struct http_listener *listener;
};

/* ---- workers ---- */

static void *worker_start(void *context, unsigned index) {
    (void)index;
    const struct config *config = context;
    struct people_worker *worker = memory_alloc(sizeof *worker);
    worker->config = config;
    worker->primary = db_open(config->database_conninfo, "fotad people");
    worker->reading =
        *config->database_reporting_conninfo
            ? db_open(config->database_reporting_conninfo, "fotad screens")
            : worker->primary;
    if (worker->reading != worker->primary) {
        db_is_of(worker->reading, "[database] reporting_conninfo");
        db_takes_any_past(worker->reading);
    }
    return worker;
}

static void worker_stop(void *context) {
    struct people_worker *worker = context;
    if (worker->reading != worker->primary)
        db_close(worker->reading);
    db_close(worker->primary);
    free(worker);
}

/* ---- start and stop ---- */

struct people *people_start(const struct config *config, const char **reason) {
    people_set_max_body(config->people_max_body);
    struct http_listener *listener = http_listen(
        &(struct http_options){.name = "people",
                               HTTP_CONFIGURED(config, people),
                               .routes = people_http_routes,
                               .route_count = people_http_route_count,
                               .workers = config->people_workers,
                               .queue_size = config->people_queue,
                               .body_budget = config->people_body_budget,
                               .worker_start = worker_start,
                               .worker_stop = worker_stop,
                               .worker_context = (void *)(uintptr_t)config},
        reason);
    if (!listener)
        return NULL;
    struct people *people = memory_alloc(sizeof *people);
    *people = (struct people){.listener = listener};
    return people;
}

struct http_listener *people_listener(struct people *people) {
    return people->listener;
}

void people_stop(struct people *people) {
    if (!people)
        return;
    http_close(people->listener);
    free(people);
}

unsigned people_port(const struct people *people) {
    return http_port(people->listener);
}
