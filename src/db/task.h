/*
 * A background task: a thread with a database connection and an arena of its
 * own, which does a round of work, rests until it is woken or its rest is
 * over, and goes on so until it is stopped. The watchdog sees whether it gets
 * on (base/heartbeat.h). After a round that the database did not let end it
 * rests for TASK_PAUSE; the first such round of a series is logged, and from
 * the third on /readyz says so (base/trouble.h).
 */
#ifndef FOTAD_DB_TASK_H
#define FOTAD_DB_TASK_H

#include "base/wakeup.h"
#include "db/db.h"

#include <stdatomic.h>

struct task;

/* What a task does again and again. `*rest` is 0: the next round follows at
 * once; otherwise it follows after so long or when the task is woken, whichever
 * is first. The arena is empty at its beginning. */
typedef enum outcome task_round(struct task *task, void *context,
                                instant *rest);

struct task_options {
    const char *name;     /* for the watchdog: "csp_sender" */
    const char *session;  /* in pg_stat_activity: "fotad CSP sender" */
    const char *conninfo; /* of its connection */
    enum db_use use;      /* of the same; DB_FOR_work unless said */
    const char *failed;   /* event that is logged: "csp.waiting" */
    const char *about;    /* before the reason in that line: "csp=north "; NULL:
                             nothing */
    task_round *round;
    void *context;
    void (*free)(void *context); /* when it ends; NULL: it is not its own */
    struct wakeup *wakeup; /* what wakes it, static, perhaps others too; NULL:
                              nothing but task_stop() */
};

#define TASK_PAUSE SECOND

/* Starts it. The texts and the context must live until task_stop() returns.
 * Ends the program when there can be no thread. */
struct task *task_start(const struct task_options *options);

/* Waits for the round in hand and frees the task. NULL is allowed. */
void task_stop(struct task *task);

/* The same for several, which all hear that it is time to end before any is
 * waited for. */
void tasks_stop(struct task *const tasks[], size_t count);

/* For rounds that take long, between two steps: the watchdog hears that it gets
 * on; false when it is time to end. NULL, for a round without a task: true. */
bool task_goes_on(struct task *task);

/* Rests within a round, at most `most`: false when it is time to end. */
bool task_rest(struct task *task, instant most);

/* The rest after a round that found nothing to do: `least` after one that had
 * work, then twice as long each time, up to TASK_IDLE. For what is looked for
 * because no wakeup tells of it: another process may have made it. */
#define TASK_IDLE SECOND
instant task_idle(struct task *task, instant least);

/* Set when it is time to end, for those who cannot call task_goes_on(). */
const atomic_bool *task_ended(const struct task *task);

struct db *task_db(struct task *task);
struct arena *task_arena(struct task *task);

#endif
