#include "csp_gateway/send.h"

#include "base/log.h"
#include "base/memory.h"
#include "csp_gateway/command.h"
#include "csp_gateway/job.h"
#include "csp_gateway/lease.h"
#include "csp_gateway/post.h"
#include "csp_gateway/recall.h"
#include "delivery/delivery.h"

#include <stdlib.h>

/* How often what waits is counted. */
#define COUNT_EVERY (5 * SECOND)

static const struct csp_work *const works[CSP_KINDS] = {
    [CSP_JOBS] = &csp_jobs,
    [CSP_COMMANDS] = &csp_commands,
    [CSP_RECALLS] = &csp_recalls};

/* All senders of the process hear them. */
static struct wakeup wakeups[CSP_KINDS] = {WAKEUP_NEW, WAKEUP_NEW, WAKEUP_NEW};

void csp_send_wake(enum csp_kind kind) {
    wakeup_signal(&wakeups[kind]);
}

/* What a task posts, and to whom. */
struct csp_route {
    const struct csp_work *work;
    const struct config *config;
    const struct config_csp *csp;
    struct http_client *client;
    struct csp_memory memory;
    instant counted; /* clock_elapsed() of the last count */
};

struct csp_sender {
    struct arena *arena;
    struct csp_route routes[CSP_KINDS * CONFIG_MOST_CSPS];
    size_t route_count;
    struct csp_overdue overdue;
    struct task *tasks[CSP_KINDS * CONFIG_MOST_CSPS + 1]; /* of the routes, then
                                                             the overdue's */
};

/* ---- a round ---- */

static enum outcome round_lease(struct csp_round *round) {
    const struct csp_work *work = round->work;
    round->lease_begun = round->read = clock_since_boot();
    round->now = clock_now();
    round->lease = round->now + csp_lease(round->csp);
    enum outcome outcome = work->lease(round);
    round->items = arena_zero(round->arena, round->count, sizeof *round->items);
    for (size_t i = 0; i < round->count; i++) {
        const char *leased = (const char *)round->leased + i * work->size;
        memcpy(&round->items[i], leased + work->item, sizeof *round->items);
        round->items[i].what = leased;
    }
    return outcome;
}

/* For as long as a request is tried, also when it is time to end. */
static enum outcome settle_briefly(const struct csp_round *round,
                                   const struct csp_item *items, size_t count) {
    enum outcome outcome = round->work->settle(round, items, count);
    for (int tries = 1; outcome == RETRY && tries < DB_MOST_TRIES; tries++) {
        db_pause(tries);
        outcome = round->work->settle(round, items, count);
    }
    return outcome;
}

/* What the CSP said is not forgotten while the database is away. */
static enum outcome round_insist(const struct csp_round *round,
                                 const struct csp_item *items, size_t count) {
    if (items->end == CSP_LEFT)
        return DONE;
    for (;;) {
        task_goes_on(round->task);
        enum outcome outcome = settle_briefly(round, items, count);
        if (outcome != RETRY || !task_rest(round->task, TASK_PAUSE))
            return outcome;
    }
}

static int by_end(const void *a, const void *b) {
    const struct csp_item *x = a, *y = b;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return x->what < y->what ? -1 : x->what > y->what;
}

/* How many from there on have the same end and go at once. */
static size_t run_of(const struct csp_round *round, size_t first) {
    const struct csp_item *items = round->items;
    size_t most =
        items[first].end == CSP_TAKEN ? round->count : round->work->settle_most;
    size_t count = 1;
    while (count < most && first + count < round->count &&
           items[first + count].end == items[first].end)
        count++;
    return count;
}

/* Those that were taken first. */
static enum outcome round_settle(const struct csp_round *round) {
    enum outcome all = DONE;
    size_t count;
    qsort(round->items, round->count, sizeof *round->items, by_end);
    for (size_t first = 0; first < round->count; first += count) {
        struct csp_item *items = &round->items[first];
        count = run_of(round, first);
        enum outcome outcome = round_insist(round, items, count);
        if (outcome != DONE)
            all = outcome;
        for (size_t i = 0; i < count; i++)
            items[i].settled = outcome == DONE;
    }
    return all;
}

static void round_tell(const struct csp_round *round, instant took) {
    const struct csp_work *work = round->work;
    bool told = false; /* a User hears of it */
    for (size_t i = 0; i < round->count; i++) {
        const struct csp_item *item = &round->items[i];
        const char *end = item->settled ? work->ends[item->end] : "forgotten";
        work->tell(round, item, end, took);
        metric_add(metric_of(work->families, round->csp->name, end, NULL), 1);
        told |= item->end == CSP_REFUSED || item->end == CSP_GIVEN_UP;
    }
    if (told)
        delivery_wake();
}

static enum outcome round_hand_over(struct csp_round *round) {
    crash_point(round->work->leased);
    instant start = clock_elapsed();
    round->work->post(round);
    instant took = clock_elapsed() - start;
    crash_point(round->work->posted);
    enum outcome outcome = round_settle(round);
    crash_point(round->work->settled);
    round_tell(round, took);
    return outcome;
}

static void round_count(const struct csp_round *round,
                        struct csp_route *route) {
    const struct csp_work *work = round->work;
    if (!work->waiting ||
        (route->counted && clock_elapsed() - route->counted < COUNT_EVERY))
        return;
    route->counted = clock_elapsed();
    struct db_params params = DB_PARAMS(round->arena);
    db_text(&params, round->csp->name);
    struct db_rows *rows;
    if (db_run(round->db, work->waiting, &params, round->arena, &rows) == DONE)
        metric_set(metric_of(work->waiting_gauge, round->csp->name, NULL, NULL),
                   db_get_int(rows, 0, 0));
}

static enum outcome route_round(struct task *task, void *context,
                                instant *rest) {
    struct csp_route *route = context;
    struct csp_round round = {.work = route->work,
                              .config = route->config,
                              .csp = route->csp,
                              .client = route->client,
                              .memory = &route->memory,
                              .task = task,
                              .db = task_db(task),
                              .arena = task_arena(task)};
    enum outcome outcome = round_lease(&round);
    *rest = round.count ? 0 : task_idle(task, CSP_POLL);
    if (outcome == DONE && round.count)
        outcome = round_hand_over(&round);
    if (outcome == DONE)
        round_count(&round, route);
    return outcome;
}

/* ---- start and end ---- */

static void route_start(struct csp_sender *sender, const struct config *config,
                        enum csp_kind kind, const struct config_csp *csp) {
    const struct csp_work *work = works[kind];
    size_t i = sender->route_count++;
    sender->routes[i] =
        (struct csp_route){.work = work,
                           .config = config,
                           .csp = csp,
                           .client = csp_client(work, config, csp),
                           .memory = {.was_busy = true}};
    sender->tasks[i] = task_start(&(struct task_options){
        .name = work->task,
        .session = work->session,
        .conninfo = config->database_conninfo,
        .failed = work->failed,
        .about = arena_printf(sender->arena, "csp=%s ", csp->name),
        .round = route_round,
        .context = &sender->routes[i],
        .wakeup = &wakeups[kind]});
}

static void overdue_start(struct csp_sender *sender,
                          const struct config *config) {
    sender->overdue = (struct csp_overdue){.config = config};
    sender->tasks[sender->route_count] =
        task_start(&(struct task_options){.name = csp_commands.task,
                                          .session = csp_commands.session,
                                          .conninfo = config->database_conninfo,
                                          .failed = csp_commands.failed,
                                          .round = csp_commands_end_overdue,
                                          .context = &sender->overdue});
}

struct csp_sender *csp_send_start(const struct config *config) {
    struct csp_sender *sender = memory_alloc(sizeof *sender);
    *sender = (struct csp_sender){.arena = arena_new()};
    for (enum csp_kind kind = 0; kind < CSP_KINDS; kind++) {
        metrics_register(works[kind]->families, works[kind]->family_count);
        for (size_t i = 0; i < config->csp_count; i++)
            if (kind != CSP_RECALLS || config->csps[i].recall)
                route_start(sender, config, kind, &config->csps[i]);
    }
    overdue_start(sender, config);
    return sender;
}

void csp_send_stop(struct csp_sender *sender) {
    if (!sender)
        return;
    tasks_stop(sender->tasks, sender->route_count + 1);
    for (size_t i = 0; i < sender->route_count; i++)
        http_client_free(sender->routes[i].client);
    arena_free(sender->arena);
    free(sender);
}
