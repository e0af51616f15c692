#include "http/listener.h"

#include "base/memory.h"
#include "base/progress.h"

#include <stdlib.h>

static void finish(struct http_exchange *x, instant took) {
    metric_observe(metric_of(&http_metrics[HTTP_SECONDS],
                             x->listener->options.name, route_label(x), NULL),
                   took);
    answer_build(x);
    exchange_give_back(x);
}

static void handle_one(struct http_exchange *x, void *worker) {
    instant start = clock_elapsed();
    metric_add(x->listener->queued, -1);
    x->request.route->handler(worker, &x->request, &x->response);
    finish(x, clock_elapsed() - start);
}

/* What may still go into a set. */
struct room {
    const struct http_route *route;
    size_t octets;
};

static bool joins(const void *item, const void *context) {
    const struct http_exchange *x = item;
    const struct room *room = context;
    return x->stage == WORKING && x->request.route == room->route &&
           x->request.body.len <= room->octets;
}

/* The exchange and those behind it that go with it. */
static size_t gather(struct http_exchange *x, struct http_exchange *set[]) {
    struct room room = {x->request.route, HTTP_MOST_OCTETS_TOGETHER};
    size_t count = 0;
    while (x) {
        size_t octets = x->request.body.len;
        room.octets -= octets < room.octets ? octets : room.octets;
        set[count++] = x;
        x = count < HTTP_MOST_TOGETHER
                ? queue_pop_if(x->listener->queue, joins, &room)
                : NULL;
    }
    return count;
}

static void handle_set(struct http_exchange *x, void *worker) {
    struct http_exchange *set[HTTP_MOST_TOGETHER];
    const struct http_request *requests[HTTP_MOST_TOGETHER];
    struct http_response *responses[HTTP_MOST_TOGETHER];
    size_t count = gather(x, set);
    for (size_t i = 0; i < count; i++) {
        requests[i] = &set[i]->request;
        responses[i] = &set[i]->response;
    }
    instant start = clock_elapsed();
    metric_add(x->listener->queued, -(int64_t)count);
    x->listener->options.set_handler(worker, requests, responses, count);
    instant took = clock_elapsed() - start;
    for (size_t i = 0; i < count; i++)
        finish(set[i], took);
}

static void handle(struct http_exchange *x, void *worker) {
    if (x->request.route->handler)
        handle_one(x, worker);
    else
        handle_set(x, worker);
}

static void *work(void *context) {
    const struct worker *self = context;
    struct http_listener *listener = self->listener;
    const struct http_options *options = &listener->options;
    void *worker = NULL;
    struct progress *progress = progress_new(options->name);
    if (options->worker_start)
        worker = options->worker_start(options->worker_context, self->index);
    for (struct http_exchange *x; (x = queue_pop(listener->queue)) != NULL;) {
        progress_step(progress);
        if (x->stage == WORKING)
            handle(x, worker);
        else
            answer_make_piece(x, worker);
        progress_rest(progress);
    }
    if (options->worker_stop)
        options->worker_stop(worker);
    progress_free(progress);
    return NULL;
}

void workers_start(struct http_listener *listener) {
    unsigned count = listener->options.workers;
    listener->workers = memory_alloc(count * sizeof *listener->workers);
    for (unsigned i = 0; i < count; i++) {
        struct worker *worker = &listener->workers[i];
        *worker = (struct worker){.listener = listener, .index = i};
        if (pthread_create(&worker->thread, NULL, work, worker) != 0)
            memory_exhausted(0);
    }
}

void workers_stop(struct http_listener *listener) {
    queue_close(listener->queue);
    for (unsigned i = 0; i < listener->options.workers; i++)
        pthread_join(listener->workers[i].thread, NULL);
    free(listener->workers);
}
