#include "device/receive.h"

#include "base/heartbeat.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/wakeup.h"

#include <stdlib.h>

enum { BATCH = 1000 };

/* Between looks: when nothing waits, and after a fault. */
static const instant TURN = 100 * MILLISECOND, AFTER_FAULT = SECOND;

struct receivers {
    const struct receiving *receiving;
    struct wakeup wakeup;
    size_t count;
    pthread_t *threads;
};

/* The message that stood alone in a batch that failed. */
static void put_back(struct db *db) {
    static const struct db_statement put_back = {
        "put_back_message", "select put_back_message($1, $2)"};
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    db_text(&params, arena_text(arena, span_text(db_reason(db))));
    db_instant(&params, clock_now());
    db_run(db, &put_back, &params, arena, NULL);
    arena_free(arena);
    log_error("device.message_failed",
              ": gbcs_message.detail of the newest waiting message says why; "
              "it is tried again after all others");
}

/* A message that the database does not take for a reason that nobody thought
 * of must not hold up the others: a batch that fails is halved until it stands
 * alone, and then it goes to the end of the queue. `*most` gets the size of
 * the next batch. Returns how long to rest before it. */
static instant after(struct db *db, enum outcome outcome, size_t taken,
                     size_t *most) {
    if (outcome == FAILED && taken > 1) {
        *most = taken / 2;
        return 0;
    }
    if (outcome == FAILED && taken == 1)
        put_back(db);
    if (outcome != DONE)
        return AFTER_FAULT;
    bool more = taken == *most;
    *most = *most < BATCH / 2 ? 2 * *most : BATCH;
    return more ? 0 : TURN;
}

static void *work(void *context) {
    struct receivers *receivers = context;
    struct db *db = db_open(receivers->receiving->config->database_conninfo,
                            "fotad device");
    struct heartbeat *heartbeat = heartbeat_new("device_receiver");
    size_t most = BATCH, taken;
    instant pause;
    do {
        heartbeat_step(heartbeat);
        enum outcome outcome =
            receive_batch(receivers->receiving, db, most, clock_now(), &taken);
        pause = after(db, outcome, taken, &most);
        heartbeat_rest(heartbeat);
    } while (wakeup_rest(&receivers->wakeup, pause));
    heartbeat_free(heartbeat);
    db_close(db);
    return NULL;
}

struct receivers *receivers_start(const struct receiving *receiving) {
    struct receivers *receivers = memory_alloc(sizeof *receivers);
    *receivers = (struct receivers){.wakeup = WAKEUP_NEW,
                                    .receiving = receiving,
                                    .count = receiving->config->device_workers};
    receivers->threads =
        memory_alloc(receivers->count * sizeof *receivers->threads);
    for (size_t i = 0; i < receivers->count; i++)
        if (pthread_create(&receivers->threads[i], NULL, work, receivers) != 0)
            memory_exhausted(0);
    return receivers;
}

void receivers_stop(struct receivers *receivers) {
    if (!receivers)
        return;
    wakeup_end(&receivers->wakeup);
    for (size_t i = 0; i < receivers->count; i++)
        pthread_join(receivers->threads[i], NULL);
    wakeup_destroy(&receivers->wakeup);
    free(receivers->threads);
    free(receivers);
}
