#include "http/worker.h"

#include "base/heartbeat.h"
#include "base/memory.h"
#include "http/answer.h"
#include "http/metrics.h"

#include <stdlib.h>

static void exchange_finish(struct http_exchange *x, instant took) {
    metric_observe(metric_of(&http_metrics[HTTP_SECONDS],
                             x->listener->options.name, route_label(x), NULL),
                   took);
    answer_count_body(x);
    answer_build(x);
    exchange_give_back(x);
}

static void exchange_handle(struct http_exchange *x, void *worker) {
    instant start = clock_elapsed();
    metric_add(x->listener->queued, -1);
    x->request.route->handler(worker, &x->request, &x->response);
    exchange_finish(x, clock_elapsed() - start);
}

/* ---- small requests in batches, others alone ---- */

static bool is_small(const struct http_exchange *x) {
    return !x->request.route->handler && x->request.body.len <= HTTP_SMALL;
}

static struct route_batch *batch_of(const struct http_exchange *x) {
    const struct http_listener *listener = x->listener;
    return &listener->batches
                .routes[x->request.route - listener->options.routes];
}

bool worker_is_wanted(const void *exchange) {
    const struct http_exchange *x = exchange;
    const struct http_listener *listener = x->listener;
    return !listener->options.batch_handler || !is_small(x) ||
           !atomic_load(&batch_of(x)->begun);
}

/* What a worker may take now, and that it has taken it. */
static bool exchange_may_be_taken(const void *item, void *context) {
    const struct http_exchange *x = item;
    struct http_listener *listener = context;
    struct batches *batches = &listener->batches;
    if (!listener->options.batch_handler || x->stage != WORKING)
        return true;
    if (is_small(x))
        return !atomic_exchange(&batch_of(x)->begun, true);
    unsigned alone = atomic_load(&batches->alone);
    if (alone && alone + batches->route_count >= listener->options.workers)
        return false;
    atomic_fetch_add(&batches->alone, 1);
    return true;
}

static bool exchange_joins(const void *item, void *context) {
    const struct http_exchange *x = item;
    const struct http_exchange *first = context;
    return x->stage == WORKING && x->request.route == first->request.route &&
           is_small(x);
}

/* The request and those that go with it. Whoever is answered by one batch often
 * asks again at once: a batch of those who come first would leave out the
 * others, and be a small one. */
static size_t batch_collect(struct http_exchange *first,
                            struct http_exchange *batch[]) {
    struct http_listener *listener = first->listener;
    struct route_batch *route = batch_of(first);
    size_t expected = route->last, count = 0;
    instant until = clock_elapsed() + HTTP_BATCH_WAIT;
    for (struct http_exchange *x = first; x;) {
        batch[count++] = x;
        x = count < HTTP_MOST_IN_BATCH
                ? queue_pop_until(listener->queue, exchange_joins, first,
                                  count < expected ? until : 0)
                : NULL;
    }
    route->last = count;
    return count;
}

static void batch_handle(struct http_exchange *const batch[], size_t count,
                         void *worker) {
    struct http_listener *listener = batch[0]->listener;
    const struct http_request *requests[HTTP_MOST_IN_BATCH];
    struct http_response *responses[HTTP_MOST_IN_BATCH];
    for (size_t i = 0; i < count; i++) {
        requests[i] = &batch[i]->request;
        responses[i] = &batch[i]->response;
    }
    instant start = clock_elapsed();
    metric_add(listener->queued, -(int64_t)count);
    listener->options.batch_handler(worker, requests, responses, count);
    instant took = clock_elapsed() - start;
    for (size_t i = 0; i < count; i++)
        exchange_finish(batch[i], took);
}

static void batch_lead(struct http_exchange *first, void *worker) {
    struct http_exchange *batch[HTTP_MOST_IN_BATCH];
    size_t count = batch_collect(first, batch);
    batch_handle(batch, count, worker);
}

static void exchange_handle_alone(struct http_exchange *x, void *worker) {
    if (x->request.route->handler)
        exchange_handle(x, worker);
    else
        batch_handle(&x, 1, worker);
}

static void worker_handle(struct http_exchange *x, void *worker) {
    struct http_listener *listener = x->listener;
    if (!listener->options.batch_handler) {
        exchange_handle(x, worker);
    } else if (is_small(x)) {
        struct route_batch *route = batch_of(x);
        batch_lead(x, worker);
        atomic_store(&route->begun, false);
    } else {
        exchange_handle_alone(x, worker);
        atomic_fetch_sub(&listener->batches.alone, 1);
    }
}

static void *worker_run(void *context) {
    const struct worker *self = context;
    struct http_listener *listener = self->listener;
    const struct http_options *options = &listener->options;
    void *worker = NULL;
    struct heartbeat *heartbeat = heartbeat_new(options->name);
    if (options->worker_start)
        worker = options->worker_start(options->worker_context, self->index);
    for (struct http_exchange *x;
         (x = queue_pop(listener->queue, exchange_may_be_taken, listener)) !=
         NULL;) {
        heartbeat_step(heartbeat);
        if (x->stage == WORKING)
            worker_handle(x, worker);
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
        if (pthread_create(&worker->thread, NULL, worker_run, worker) != 0)
            memory_exhausted(0);
    }
}

void workers_stop(struct http_listener *listener) {
    queue_close(listener->queue);
    for (unsigned i = 0; i < listener->options.workers; i++)
        pthread_join(listener->workers[i].thread, NULL);
    free(listener->workers);
}
