#include "http/listener.h"

#include "base/heartbeat.h"
#include "base/memory.h"

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

/* ---- small requests together, others alone ---- */

static bool is_small(const struct http_exchange *x) {
    return !x->request.route->handler && x->request.body.len <= HTTP_SMALL;
}

static struct gathering *gathering_of(const struct http_exchange *x) {
    const struct http_listener *listener = x->listener;
    return &listener->together
                .routes[x->request.route - listener->options.routes];
}

bool worker_is_wanted(const void *exchange) {
    const struct http_exchange *x = exchange;
    const struct http_listener *listener = x->listener;
    return !listener->options.set_handler || !is_small(x) ||
           !atomic_load(&gathering_of(x)->begun);
}

/* What a worker may take now, and that it has taken it. */
static bool fits(const void *item, void *context) {
    const struct http_exchange *x = item;
    struct http_listener *listener = context;
    struct together *together = &listener->together;
    if (!listener->options.set_handler || x->stage != WORKING)
        return true;
    if (is_small(x))
        return !atomic_exchange(&gathering_of(x)->begun, true);
    unsigned alone = atomic_load(&together->alone);
    if (alone && alone + together->route_count >= listener->options.workers)
        return false;
    atomic_fetch_add(&together->alone, 1);
    return true;
}

static bool joins(const void *item, void *context) {
    const struct http_exchange *x = item;
    const struct http_exchange *first = context;
    return x->stage == WORKING && x->request.route == first->request.route &&
           is_small(x);
}

/* The request and those that go with it. Whoever is answered by one set often
 * asks again at once: a set of those who come first would leave out the
 * others, and be a small one. */
static size_t gather(struct http_exchange *first, struct http_exchange *set[]) {
    struct http_listener *listener = first->listener;
    struct gathering *gathering = gathering_of(first);
    size_t expected = gathering->last, count = 0;
    instant until = clock_elapsed() + HTTP_COMPANY;
    for (struct http_exchange *x = first; x;) {
        set[count++] = x;
        x = count < HTTP_MOST_TOGETHER
                ? queue_pop_until(listener->queue, joins, first,
                                  count < expected ? until : 0)
                : NULL;
    }
    gathering->last = count;
    return count;
}

static void handle_all(struct http_exchange *set[], size_t count,
                       void *worker) {
    struct http_listener *listener = set[0]->listener;
    const struct http_request *requests[HTTP_MOST_TOGETHER];
    struct http_response *responses[HTTP_MOST_TOGETHER];
    for (size_t i = 0; i < count; i++) {
        requests[i] = &set[i]->request;
        responses[i] = &set[i]->response;
    }
    instant start = clock_elapsed();
    metric_add(listener->queued, -(int64_t)count);
    listener->options.set_handler(worker, requests, responses, count);
    instant took = clock_elapsed() - start;
    for (size_t i = 0; i < count; i++)
        finish(set[i], took);
}

static void handle_set(struct http_exchange *first, void *worker) {
    struct http_exchange *set[HTTP_MOST_TOGETHER];
    size_t count = gather(first, set);
    handle_all(set, count, worker);
}

static void handle_alone(struct http_exchange *x, void *worker) {
    if (x->request.route->handler)
        handle_one(x, worker);
    else
        handle_all(&x, 1, worker);
}

static void handle(struct http_exchange *x, void *worker) {
    struct http_listener *listener = x->listener;
    if (!listener->options.set_handler) {
        handle_one(x, worker);
    } else if (is_small(x)) {
        struct gathering *gathering = gathering_of(x);
        handle_set(x, worker);
        atomic_store(&gathering->begun, false);
    } else {
        handle_alone(x, worker);
        atomic_fetch_sub(&listener->together.alone, 1);
    }
}

static void *work(void *context) {
    const struct worker *self = context;
    struct http_listener *listener = self->listener;
    const struct http_options *options = &listener->options;
    void *worker = NULL;
    struct heartbeat *heartbeat = heartbeat_new(options->name);
    if (options->worker_start)
        worker = options->worker_start(options->worker_context, self->index);
    for (struct http_exchange *x;
         (x = queue_pop(listener->queue, fits, listener)) != NULL;) {
        heartbeat_step(heartbeat);
        if (x->stage == WORKING)
            handle(x, worker);
        else
            answer_make_piece(x, worker);
        heartbeat_rest(heartbeat);
    }
    if (options->worker_stop)
        options->worker_stop(worker);
    heartbeat_free(heartbeat);
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
