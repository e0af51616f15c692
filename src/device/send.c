#include "device/send.h"

#include "base/crash.h"
#include "base/heartbeat.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/wakeup.h"
#include "delivery/delivery.h"
#include "device/lease.h"
#include "device/post.h"

#include <stdlib.h>

/* The clock may jump and another process may accept commands, so the database
 * is looked at this often. */
#define POLL (250 * MILLISECOND)
/* After trouble with the database. */
#define PAUSE SECOND

/* Overdue commands ended by one statement. */
enum { MOST_OVERDUE = 1000 };

static struct metric_family families[] = {
    {.name = "fotad_device_commands_total",
     .help = "Tries to hand a command to a CSP, and what came of them",
     .kind = METRIC_COUNTER,
     .labels = {"csp", "outcome"}},
    {.name = "fotad_device_commands_overdue_total",
     .help = "Commands ended because their time was over",
     .kind = METRIC_COUNTER,
     .labels = {NULL}},
};
enum { TRIES, OVERDUE };

/* One thread: a CSP's, or the one that ends what is overdue. */
struct lane {
    struct command_sender *sender;
    const struct config_csp *csp; /* NULL: the latter */
    pthread_t thread;
    struct db *db;
    struct http_client *client;
    struct arena *arena;
    struct heartbeat *heartbeat;
};

struct command_sender {
    const struct config *config;
    atomic_bool stopping; /* set before the wakeup is rung */
    struct lane lanes[CONFIG_MOST_CSPS + 1];
    size_t lane_count;
};

/* All senders of the process hear it. */
static struct wakeup wakeup = WAKEUP_NEW;

void command_send_wake(void) {
    wakeup_signal(&wakeup);
}

/* ---- a turn ---- */

static const char *const END_NAMES[COMMAND_ENDS] = {"sent", "again", "failed"};

static void tell(const struct lane *lane,
                 const struct leased_command *command) {
    const char *end = END_NAMES[command->end];
    char device[EUI64_TEXT_SIZE];
    log_event(command->end == COMMAND_SENT ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
              "device.command",
              "csp=%s device=%s outcome=%s command=%s try=%u%s%s",
              lane->csp->name, eui64_format(command->device, device), end,
              command->id, command->tries + 1, command->error ? " : " : "",
              command->error ? command->error : "");
    metric_add(metric_of(&families[TRIES], lane->csp->name, end, NULL), 1);
}

/* What the CSP said is not forgotten while the database is away. */
static enum outcome settle(struct lane *lane,
                           const struct leased_command *commands, size_t count,
                           instant lease) {
    for (;;) {
        heartbeat_step(lane->heartbeat);
        enum outcome outcome =
            commands_settle(lane->db, lane->arena, lane->sender->config,
                            commands, count, lease);
        if (outcome != RETRY || atomic_load(&lane->sender->stopping))
            return outcome;
        wakeup_rest(&wakeup, PAUSE);
    }
}

static enum outcome send_due(struct lane *lane, bool *busy) {
    const struct config *config = lane->sender->config;
    instant now = clock_now(), until = now + command_lease(lane->csp);
    struct leased_command *commands = NULL;
    size_t count;
    enum outcome outcome =
        commands_lease(lane->db, lane->arena, lane->csp, now, until,
                       config->device_commands_at_once, &commands, &count);
    *busy = count > 0;
    if (!count)
        return outcome;
    crash_point(CRASH_commands_leased);
    commands_post(lane->client, lane->arena, config, lane->csp, commands,
                  count);
    crash_point(CRASH_commands_sent);
    outcome = settle(lane, commands, count, until);
    crash_point(CRASH_commands_settled);
    for (size_t i = 0; i < count; i++)
        tell(lane, &commands[i]);
    delivery_wake();
    return outcome;
}

static enum outcome end_overdue(struct lane *lane, bool *busy) {
    static const struct db_statement end = {
        "end_overdue_commands", "select end_overdue_commands($1, $2, $3)"};
    const struct config *config = lane->sender->config;
    const char *csps[CONFIG_MOST_CSPS];
    for (size_t i = 0; i < config->csp_count; i++)
        csps[i] = config->csps[i].name;
    struct db_params params = DB_PARAMS(lane->arena);
    db_texts(&params, csps, config->csp_count);
    db_int4(&params, MOST_OVERDUE);
    db_instant(&params, clock_now());
    struct db_rows *rows;
    enum outcome outcome = db_run(lane->db, &end, &params, lane->arena, &rows);
    int64_t ended = outcome == DONE ? db_get_int(rows, 0, 0) : 0;
    *busy = ended > 0;
    if (!ended)
        return outcome;
    crash_point(CRASH_overdue_ended);
    log_warning("device.overdue", "commands=%jd", (intmax_t)ended);
    metric_add(metric_of(&families[OVERDUE], NULL, NULL, NULL), ended);
    delivery_wake();
    return outcome;
}

static void *run(void *context) {
    struct lane *lane = context;
    bool well = true;
    while (!atomic_load(&lane->sender->stopping)) {
        uint64_t heard = wakeup_count(&wakeup);
        bool busy = false;
        heartbeat_step(lane->heartbeat);
        enum outcome outcome =
            lane->csp ? send_due(lane, &busy) : end_overdue(lane, &busy);
        if (outcome != DONE && well)
            log_warning("device.waiting", ": %s", db_reason(lane->db));
        well = outcome == DONE;
        heartbeat_rest(lane->heartbeat);
        if (!well)
            wakeup_rest(&wakeup, PAUSE);
        else if (!busy)
            wakeup_wait(&wakeup, heard, POLL);
        arena_reset(lane->arena);
    }
    return NULL;
}

/* ---- start and end ---- */

static void start_lane(struct command_sender *sender,
                       const struct config_csp *csp) {
    struct lane *lane = &sender->lanes[sender->lane_count++];
    const struct config *config = sender->config;
    *lane = (struct lane){
        .sender = sender,
        .csp = csp,
        .db = db_open(config->database_conninfo, "fotad commands"),
        .client =
            csp ? command_client(csp, config->device_commands_at_once) : NULL,
        .arena = arena_new(),
        .heartbeat = heartbeat_new("command_sender")};
    if (pthread_create(&lane->thread, NULL, run, lane) != 0) {
        log_error("device.no_thread", "%s", "");
        abort();
    }
}

struct command_sender *command_send_start(const struct config *config) {
    metrics_register(families, sizeof families / sizeof *families);
    struct command_sender *sender = memory_alloc(sizeof *sender);
    *sender = (struct command_sender){.config = config};
    for (size_t i = 0; i < config->csp_count; i++)
        start_lane(sender, &config->csps[i]);
    start_lane(sender, NULL);
    return sender;
}

void command_send_stop(struct command_sender *sender) {
    if (!sender)
        return;
    atomic_store(&sender->stopping, true);
    wakeup_signal(&wakeup);
    for (size_t i = 0; i < sender->lane_count; i++) {
        struct lane *lane = &sender->lanes[i];
        pthread_join(lane->thread, NULL);
        if (lane->client)
            http_client_free(lane->client);
        db_close(lane->db);
        arena_free(lane->arena);
        heartbeat_free(lane->heartbeat);
    }
    free(sender);
}
