#include "db/task.h"

#include "base/heartbeat.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/trouble.h"

#include <stdlib.h>

struct task {
    struct task_options options;
    struct db *db;
    struct arena *arena;
    struct heartbeat *heartbeat;
    struct wakeup own; /* when nobody gave one */
    atomic_bool ended; /* set before the wakeup is signalled */
    bool failed;       /* the round before */
    instant idle;      /* the rest after it; 0: it had work */
    bool idles;        /* this round has nothing to do */
    pthread_t thread;
};

bool task_goes_on(struct task *task) {
    if (!task)
        return true;
    heartbeat_step(task->heartbeat);
    return !atomic_load(&task->ended);
}

const atomic_bool *task_ended(const struct task *task) {
    return task ? &task->ended : NULL;
}

struct db *task_db(struct task *task) {
    return task->db;
}

struct arena *task_arena(struct task *task) {
    return task->arena;
}

instant task_idle(struct task *task, instant least) {
    task->idles = true;
    if (!task->idle)
        task->idle = least;
    else if (task->idle < TASK_IDLE)
        task->idle = 2 * task->idle < TASK_IDLE ? 2 * task->idle : TASK_IDLE;
    return task->idle;
}

/* A signal more than those seen ends the rest. */
static bool task_rest_from(struct task *task, uint64_t seen, instant most) {
    if (!atomic_load(&task->ended))
        wakeup_wait(task->options.wakeup, seen, most);
    return !atomic_load(&task->ended);
}

bool task_rest(struct task *task, instant most) {
    return task_rest_from(task, wakeup_count(task->options.wakeup), most);
}

static instant task_run_round(struct task *task) {
    instant rest = 0;
    heartbeat_step(task->heartbeat);
    task->idles = false;
    enum outcome outcome =
        task->options.round(task, task->options.context, &rest);
    bool failed = outcome != DONE;
    trouble_note(task->options.session, failed, db_reason(task->db));
    if (failed && !task->failed)
        log_event(db_level(task->db, LOG_LEVEL_WARNING), task->options.failed,
                  "%s: %s", task->options.about ? task->options.about : "",
                  db_reason(task->db));
    task->failed = failed;
    if (!task->idles)
        task->idle = 0;
    arena_reset(task->arena);
    heartbeat_rest(task->heartbeat);
    return failed ? TASK_PAUSE : rest;
}

static void *task_run(void *context) {
    struct task *task = context;
    uint64_t seen;
    instant rest;
    do {
        seen = wakeup_count(task->options.wakeup);
        rest = task_run_round(task);
        if (task->failed)
            seen = wakeup_count(task->options.wakeup);
    } while (task_rest_from(task, seen, rest));
    return NULL;
}

struct task *task_start(const struct task_options *options) {
    struct task *task = memory_alloc(sizeof *task);
    *task = (struct task){.options = *options,
                          .db = db_open(options->conninfo, options->session),
                          .arena = arena_new(),
                          .heartbeat = heartbeat_new(options->name),
                          .own = WAKEUP_NEW};
    db_is_for(task->db, options->use);
    if (!task->options.wakeup)
        task->options.wakeup = &task->own;
    if (pthread_create(&task->thread, NULL, task_run, task) != 0)
        memory_exhausted(0);
    return task;
}

static void task_end(struct task *task) {
    atomic_store(&task->ended, true);
    wakeup_signal(task->options.wakeup);
}

void task_stop(struct task *task) {
    if (!task)
        return;
    task_end(task);
    pthread_join(task->thread, NULL);
    trouble_note(task->options.session, false, NULL);
    wakeup_destroy(&task->own);
    heartbeat_free(task->heartbeat);
    arena_free(task->arena);
    db_close(task->db);
    if (task->options.free)
        task->options.free(task->options.context);
    free(task);
}

void tasks_stop(struct task *const tasks[], size_t count) {
    for (size_t i = 0; i < count; i++)
        task_end(tasks[i]);
    for (size_t i = 0; i < count; i++)
        task_stop(tasks[i]);
}
