#include "http/listener.h"

#include "base/memory.h"
#include "base/progress.h"

#include <stdlib.h>

static void handle(struct http_exchange *x, void *worker) {
    const struct http_route *route = x->request.route;
    instant start = clock_elapsed();
    metric_add(x->listener->queued, -1);
    route->handler(worker, &x->request, &x->response);
    metric_observe(metric_of(&http_metrics[HTTP_SECONDS],
                             x->listener->options.name, route_label(x), NULL),
                   clock_elapsed() - start);
    answer_build(x);
    exchange_give_back(x);
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
