#include "housekeeping/past_watch.h"

#include "base/crash.h"
#include "base/metrics.h"
#include "base/span.h"

#include <stdlib.h>

/* Between two looks, and the most that is not known of numbers used. */
static const instant LOOK = 3 * SECOND;

static struct metric_family families[] = {
    {.name = "fotad_past_in_doubt",
     .help = "1: the database went back in time, and nobody works on it",
     .kind = METRIC_GAUGE},
};

static enum outcome past_watch_look(struct db *db) {
    struct arena *arena = arena_new();
    enum outcome outcome = db_beat(db);
    metric_set(metric_of(families, NULL, NULL, NULL),
               db_past_fault(arena) != NULL);
    arena_free(arena);
    return outcome;
}

/* systemd names several with colons between. */
static const char *state_directory(const struct config *config,
                                   struct arena *arena) {
    const char *unit = getenv("STATE_DIRECTORY");
    if (*config->database_state_directory || !unit)
        return config->database_state_directory;
    return arena_text(arena, span_of(unit, strcspn(unit, ":")));
}

bool past_watch_begin(struct db *db, const struct config *config,
                      const char **reason) {
    metrics_register(families, sizeof families / sizeof *families);
    struct arena *arena = arena_new();
    bool good = db_remember(state_directory(config, arena), reason);
    arena_free(arena);
    if (good && past_watch_look(db) != DONE) {
        *reason = db_reason(db);
        good = false;
    }
    return good;
}

static enum outcome past_round(struct task *task, void *context,
                               instant *rest) {
    (void)context;
    *rest = LOOK;
    db_takes_any_past(task_db(task));
    return past_watch_look(task_db(task));
}

struct task *past_watch_start(const struct config *config) {
    return task_start(
        &(struct task_options){.name = "past",
                               .session = "fotad past",
                               .conninfo = config->database_conninfo,
                               .failed = "past.unread",
                               .round = past_round});
}
