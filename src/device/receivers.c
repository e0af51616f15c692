#include "device/receive.h"

#include "base/log.h"
#include "base/memory.h"
#include "db/task.h"

#include <stdlib.h>

enum { MOST_MESSAGES = 1000 };

/* Between looks when less waits than a batch may have. */
static const instant POLL = 100 * MILLISECOND;

struct receiver {
    const struct receiving *receiving;
    size_t most; /* messages in the next batch */
};

struct receivers {
    size_t count;
    struct receiver *receivers;
    struct task **tasks;
};

/* The message that stood alone in a batch that failed. */
static void message_put_back(struct task *task,
                             const struct received *message) {
    static const struct db_statement put_back = {
        "put_back_message", "select put_back_message($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(task_arena(task));
    db_text(&params, message->csp);
    db_text(&params, message->message_id);
    db_text(&params,
            arena_text(params.arena, span_text(db_reason(task_db(task)))));
    db_instant(&params, clock_now());
    bool behind =
        db_run(task_db(task), &put_back, &params, params.arena, NULL) == DONE;
    log_error("device.message_failed", "%s",
              behind ? ": gbcs_message.detail of the newest waiting "
                       "message says why; it is tried again after all "
                       "others"
                     : ": it stands before all others and is tried "
                       "again");
}

/* A message that the database does not take for a reason that nobody thought
 * of must not hold up the others: a batch that fails is halved until it stands
 * alone, and then it goes to the end of the queue. */
static enum outcome receiver_round(struct task *task, void *context,
                                   instant *rest) {
    struct receiver *receiver = context;
    struct received taken;
    size_t most = receiver->most;
    enum outcome outcome =
        receive_batch(receiver->receiving, task_db(task), task_arena(task),
                      most, clock_now(), &taken);
    if (outcome == FAILED && taken.count > 1) {
        receiver->most = taken.count / 2;
        return DONE;
    }
    if (outcome == FAILED && taken.count == 1) {
        message_put_back(task, &taken);
        *rest = TASK_PAUSE;
        return DONE;
    }
    if (outcome == DONE)
        receiver->most = most < MOST_MESSAGES / 2 ? 2 * most : MOST_MESSAGES;
    *rest =
        taken.count ? taken.count == most ? 0 : POLL : task_idle(task, POLL);
    return outcome;
}

struct receivers *receivers_start(const struct receiving *receiving) {
    struct receivers *all = memory_alloc(sizeof *all);
    size_t count = receiving->config->device_workers;
    *all = (struct receivers){
        .count = count,
        .receivers = memory_alloc(count * sizeof *all->receivers),
        /* pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
        .tasks = memory_alloc(count * sizeof *all->tasks)};
    for (size_t i = 0; i < count; i++) {
        all->receivers[i] =
            (struct receiver){.receiving = receiving, .most = MOST_MESSAGES};
        all->tasks[i] = task_start(&(struct task_options){
            .name = "device_receiver",
            .session = "fotad device",
            .conninfo = receiving->config->database_conninfo,
            .failed = "device.waiting",
            .round = receiver_round,
            .context = &all->receivers[i]});
    }
    return all;
}

void receivers_stop(struct receivers *receivers) {
    if (!receivers)
        return;
    tasks_stop(receivers->tasks, receivers->count);
    free(receivers->receivers);
    free(receivers->tasks);
    free(receivers);
}
