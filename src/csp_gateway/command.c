#include "csp_gateway/command.h"

#include "base/base64.h"
#include "base/log.h"
#include "csp_gateway/post.h"
#include "csp_gateway/sections.h"
#include "db/regions.h"
#include "delivery/delivery.h"

#include <stdlib.h>

/* Overdue commands ended by one statement. */
enum { MOST_OVERDUE = 1000 };

/* Often enough to be seen within the minute that csp_sections_differ() looks
 * back. */
static const instant SECTIONS_EVERY = 10 * SECOND;

#define STRANDED_JOBS_AFTER (4 * DAY)

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
enum { TRIES, OVERDUE, FAMILIES };

struct csp_command {
    eui64 chf, device;
    struct span payload;
    struct csp_item item;
};

static unsigned commands_most(const struct config *config) {
    return config->device_commands_at_once;
}

static instant commands_give_up(const struct config *config,
                                const struct config_csp *csp) {
    instant most = config->device_response_timeout;
    return csp->busy_give_up < most ? csp->busy_give_up : most;
}

static enum outcome commands_lease(struct csp_round *round) {
    static const struct db_statement lease = {
        "command_leases",
        "select command_no, lease_number, command_id, chf_id, device_id,"
        " payload, heard, tries, began from command_leases($1,"
        " $2::csp_region[], $3::text[], $4, $5, $6, $7)"};
    static const struct db_column columns[] = {
        DB_COLUMN(INT8, struct csp_command, item.no),
        DB_COLUMN(INT8, struct csp_command, item.lease),
        DB_COLUMN(TEXT, struct csp_command, item.id),
        DB_COLUMN(EUI64, struct csp_command, chf),
        DB_COLUMN(EUI64, struct csp_command, device),
        DB_COLUMN(BYTEA, struct csp_command, payload),
        DB_COLUMN(INT4, struct csp_command, item.heard),
        DB_COLUMN(INT4, struct csp_command, item.tries),
        DB_COLUMN(INSTANT, struct csp_command, item.began),
    };
    struct db_params params = DB_PARAMS(round->arena);
    db_text(&params, round->csp->name);
    db_regions(&params, round->config);
    db_instant(&params, round->now);
    db_instant(&params, round->lease);
    db_instant(&params, round->now - round->config->device_execution_most_late);
    db_int4(&params, (int32_t)commands_most(round->config));
    return db_fetch(round->db, &lease, &params, DB_COLUMNS(columns),
                    sizeof(struct csp_command), &round->leased, &round->count);
}

/* ---- posting ---- */

static struct span command_body(const struct csp_item *item,
                                struct arena *arena) {
    const struct csp_command *command = item->what;
    char chf[EUI64_TEXT_SIZE], device[EUI64_TEXT_SIZE];
    struct buffer body = {0};
    buffer_printf(&body,
                  "{\"commandId\":\"%s\",\"commsHubId\":\"%s\","
                  "\"deviceId\":\"%s\",\"payload\":\"",
                  item->id, eui64_format(command->chf, chf),
                  eui64_format(command->device, device));
    base64_add(&body, command->payload);
    buffer_text(&body, "\"}");
    arena_adopt(arena, body.data, free);
    return buffer_span(&body);
}

static void commands_post(struct csp_round *round) {
    static const unsigned good[] = {202, 0};
    struct csp_post *posts =
        arena_zero(round->arena, round->count, sizeof *posts);
    for (size_t i = 0; i < round->count; i++)
        posts[i] = (struct csp_post){
            .method = "POST",
            .path = "/gbcs-commands",
            .media_type = "application/json",
            .key = round->items[i].id,
            .body = command_body(&round->items[i], round->arena),
            .good = good};
    csp_post(round, posts, round->items, round->count);
}

/* ---- what came of them ---- */

static const struct db_column numbers[] = {
    DB_COLUMN(INT8, struct csp_item, no),
    DB_COLUMN(INT8, struct csp_item, lease),
};
static const struct db_column next_tries[] = {
    DB_COLUMN(INT8, struct csp_item, no),
    DB_COLUMN(INT8, struct csp_item, lease),
    DB_COLUMN(INSTANT, struct csp_item, next_try),
    DB_COLUMN(TEXT, struct csp_item, detail),
    DB_COLUMN(INT4, struct csp_item, heard),
};
static const struct db_column failures[] = {
    DB_COLUMN(INT8, struct csp_item, no),
    DB_COLUMN(INT8, struct csp_item, lease),
    DB_COLUMN(TEXT, struct csp_item, detail),
};

/* Items of one end. */
struct ended {
    const struct csp_round *round;
    const struct csp_item *items;
    size_t count;
};

static enum outcome commands_sent(struct db *db, void *context) {
    static const struct db_statement sent = {
        "commands_sent", "select commands_sent($1, $2, $3, $4)"};
    const struct ended *ended = context;
    struct db_params params = DB_PARAMS(ended->round->arena);
    instant now = clock_now();
    db_arrays(&params, DB_COLUMNS(numbers), ended->items, ended->count,
              sizeof *ended->items);
    db_instant(&params, now + ended->round->config->device_response_timeout);
    db_instant(&params, now);
    return db_run(db, &sent, &params, params.arena, NULL);
}

static enum outcome commands_again(struct db *db, void *context) {
    static const struct db_statement again = {
        "commands_again", "select commands_again($1, $2, $3, $4, $5)"};
    const struct ended *ended = context;
    struct db_params params = DB_PARAMS(ended->round->arena);
    db_arrays(&params, DB_COLUMNS(next_tries), ended->items, ended->count,
              sizeof *ended->items);
    return db_run(db, &again, &params, params.arena, NULL);
}

static enum outcome commands_failed(struct db *db, void *context) {
    static const struct db_statement failed = {
        "commands_given_up", "select commands_given_up($1, $2, $3, $4)"};
    const struct ended *ended = context;
    struct db_params params = DB_PARAMS(ended->round->arena);
    db_arrays(&params, DB_COLUMNS(failures), ended->items, ended->count,
              sizeof *ended->items);
    db_instant(&params, clock_now());
    return db_run(db, &failed, &params, params.arena, NULL);
}

static enum outcome commands_settle(const struct csp_round *round,
                                    const struct csp_item *items,
                                    size_t count) {
    static db_step *const steps[CSP_ENDS] = {[CSP_TAKEN] = commands_sent,
                                             [CSP_AGAIN] = commands_again,
                                             [CSP_REFUSED] = commands_failed,
                                             [CSP_GIVEN_UP] = commands_failed,
                                             [CSP_LATE] = commands_again};
    struct ended ended = {round, items, count};
    return db_transact(round->db, steps[items->end], &ended, true);
}

static void command_tell(const struct csp_round *round,
                         const struct csp_item *item, const char *end,
                         instant took) {
    const struct csp_command *command = item->what;
    char device[EUI64_TEXT_SIZE];
    (void)took;
    log_event(item->end == CSP_TAKEN ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING,
              "device.command",
              "csp=%s device=%s outcome=%s command=%s try=%d%s%s",
              round->csp->name, eui64_format(command->device, device), end,
              item->id, item->tries + 1, item->detail ? " : " : "",
              item->detail ? item->detail : "");
}

const struct csp_work csp_commands = {
    .kind = CSP_COMMANDS,
    .task = "command_sender",
    .session = "fotad commands",
    .failed = "device.waiting",
    .most_answer = 4096,
    .most = commands_most,
    .give_up = commands_give_up,
    .lease = commands_lease,
    .size = sizeof(struct csp_command),
    .item = offsetof(struct csp_command, item),
    .post = commands_post,
    .settle = commands_settle,
    .settle_most = SIZE_MAX,
    .tell = command_tell,
    .ends = {"sent", "again", "failed", "failed", "late", "left"},
    .leased = CRASH_commands_leased,
    .posted = CRASH_commands_sent,
    .settled = CRASH_commands_settled,
    .families = families,
    .family_count = FAMILIES,
};

/* ---- those whose time is over ---- */

/* As late as a CSP would be given up that has always been there. */
static enum outcome stranded_jobs_end(const struct config *config,
                                      struct task *task) {
    static const struct db_statement end = {
        "end_stranded_jobs",
        "select end_stranded_jobs($1, $2::bigint * interval '1 microsecond',"
        " $3, $4, $5::bigint * interval '1 microsecond')"};
    static const struct db_column names[] = {
        DB_COLUMN(TEXT, struct config_csp, name)};
    struct db_params params = DB_PARAMS(task_arena(task));
    db_arrays(&params, DB_COLUMNS(names), config->csps, config->csp_count,
              sizeof *config->csps);
    db_int8(&params, STRANDED_JOBS_AFTER);
    db_int4(&params, MOST_OVERDUE);
    db_instant(&params, clock_now());
    db_int8(&params, config->tracking_timeout);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(task_db(task), &end, &params, params.arena, &rows);
    if (outcome == DONE && db_get_int(rows, 0, 0)) {
        log_error("csp.stranded",
                  "jobs=%jd : no fotad has had their CSP's section for an "
                  "hour, and they have waited for four days: their devices "
                  "are refused with NEVER_ANSWERED",
                  (intmax_t)db_get_int(rows, 0, 0));
        delivery_wake();
    }
    return outcome;
}

static enum outcome sections_say(struct csp_overdue *overdue,
                                 struct task *task) {
    instant now = clock_elapsed();
    if (overdue->said && now - overdue->said < SECTIONS_EVERY)
        return DONE;
    enum outcome outcome =
        csp_sections_note(overdue->config, task_db(task), task_arena(task));
    if (outcome == DONE)
        outcome = stranded_jobs_end(overdue->config, task);
    if (outcome == DONE)
        overdue->said = now;
    return outcome;
}

static enum outcome overdue_end(const struct config *config, struct task *task,
                                int64_t *ended) {
    static const struct db_statement end = {
        "end_overdue_commands", "select end_overdue_commands($1, $2, $3, $4)"};
    static const struct db_column names[] = {
        DB_COLUMN(TEXT, struct config_csp, name)};
    struct db_params params = DB_PARAMS(task_arena(task));
    db_arrays(&params, DB_COLUMNS(names), config->csps, config->csp_count,
              sizeof *config->csps);
    instant now = clock_now();
    db_instant(&params, now - config->device_execution_most_late);
    db_int4(&params, MOST_OVERDUE);
    db_instant(&params, now);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(task_db(task), &end, &params, params.arena, &rows);
    *ended = outcome == DONE ? db_get_int(rows, 0, 0) : 0;
    return outcome;
}

enum outcome csp_commands_end_overdue(struct task *task, void *context,
                                      instant *rest) {
    struct csp_overdue *overdue = context;
    int64_t ended = 0;
    enum outcome outcome = sections_say(overdue, task);
    if (outcome == DONE)
        outcome = overdue_end(overdue->config, task, &ended);
    *rest = ended ? 0 : task_idle(task, CSP_POLL);
    if (!ended)
        return outcome;
    crash_point(CRASH_overdue_ended);
    log_warning("device.overdue", "commands=%jd", (intmax_t)ended);
    metric_add(metric_of(&families[OVERDUE], NULL, NULL, NULL), ended);
    delivery_wake();
    return outcome;
}
