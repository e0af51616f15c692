#include "csp_gateway/decision.h"

#include "csp_gateway/lease.h"
#include "dispatch/dispatch.h"

#include <stdlib.h>

/* Of each User and device type so many requests are looked at, the oldest; more
 * of them have to be of an image that one of these has. */
enum { LOOKED_AT = 64 };

/* What the CSP has may have ended meanwhile. */
#define LONGEST_REST SECOND

/* Plans are of minutes and days, as are blocks of hubs' memories; they are
 * looked at beside what goes. */
#define PLANS_EVERY SECOND

/* How the CSP is, as the database has it. */
struct pace {
    int32_t window;
    int64_t pause;
    instant paused_until, spoken[DISPATCH_CLASSES + 1];
    instant busy_since;
    eui64 turn;
    int64_t jobs[DISPATCH_CLASSES], devices[DISPATCH_CLASSES], offered;
};

/* What waits: some devices of a request. */
struct waiting {
    int64_t request_no;
    const char *device_type, *cell;
    eui64 sender;
    int32_t user_no, pool_no, ready, request_devices;
    int32_t cell_no, cell_jobs;
    instant since;
    bool meter;
    int64_t deficit;
};

/* Devices of one request in one job, of one cell if cells matter. */
struct part {
    int32_t job; /* from 1 */
    int64_t request_no;
    const char *device_type, *cell;
    int32_t devices;
};

/* A User of whom something waits. */
struct account {
    eui64 sender;
    int64_t deficit;
};

struct deciding {
    const struct csp_round *round;
    struct arena *arena;
    struct pace pace;
    struct waiting *waiting;
    size_t count;
    struct dispatch_input input;
    struct dispatch_decision decision;
    const char *waits; /* why something waits, "": nothing does */
    bool made;
    bool closed; /* nothing goes, whatever waits */
};

static struct dispatch_limits csp_limits(const struct config_csp *csp) {
    return (struct dispatch_limits){
        .jobs = (uint32_t)csp->jobs_in_flight,
        .devices = (uint32_t)csp->devices_in_flight,
        .devices_per_minute = (uint32_t)csp->devices_per_minute,
        .job_devices = (uint32_t)csp->max_devices_per_job,
        .meter_share = (uint32_t)csp->meter_share,
        .cell_channels = (uint32_t)csp->cell_channels,
        .gather = csp->gather};
}

/* Must what the CSP has in flight be counted? */
static bool csp_is_counted(const struct config_csp *csp) {
    return csp->jobs_in_flight || csp->devices_in_flight || csp->cell_channels;
}

/* ---- plans ---- */

enum { MOST_PLANS = 100 }; /* that change in one round */

enum outcome decision_plans(const struct csp_round *round) {
    static const struct db_statement advance = {"advance_plans",
                                                "select advance_plans($1)"};
    static const struct db_statement free_blocks = {
        "free_hub_blocks", "select free_hub_blocks($1, $2)"};
    instant elapsed = clock_elapsed();
    if (elapsed - round->memory->plans_looked < PLANS_EVERY)
        return DONE;
    round->memory->plans_looked = elapsed;
    enum outcome outcome = DONE;
    bool more = true;
    for (int n = 0; more && n < MOST_PLANS && task_goes_on(round->task); n++) {
        struct db_params params = DB_PARAMS(round->arena);
        db_instant(&params, round->now);
        struct db_rows *rows;
        outcome = db_run(round->db, &advance, &params, round->arena, &rows);
        more = outcome == DONE && db_get_bool(rows, 0, 0);
    }
    if (outcome != DONE || !round->config->tracking_hub_wait)
        return outcome;
    struct db_params params = DB_PARAMS(round->arena);
    db_text(&params, round->csp->name);
    db_instant(&params, round->now);
    return db_run(round->db, &free_blocks, &params, round->arena, NULL);
}

/* ---- what there is ---- */

static enum outcome pace_read(struct deciding *deciding, struct db *db) {
    static const struct db_statement read = {
        "csp_pace_of",
        "select offers, pause, paused_until, spoken_meters, spoken_others,"
        " spoken, coalesce(busy_since, 'infinity'), turn, meter_jobs,"
        " other_jobs, meter_devices, other_devices, offered"
        " from csp_pace_of($1, $2, $3)"};
    static const struct db_column columns[] = {
        DB_COLUMN(INT4, struct pace, window),
        DB_COLUMN(INT8, struct pace, pause),
        DB_COLUMN(INSTANT, struct pace, paused_until),
        DB_COLUMN(INSTANT, struct pace, spoken[DISPATCH_METERS]),
        DB_COLUMN(INSTANT, struct pace, spoken[DISPATCH_OTHERS]),
        DB_COLUMN(INSTANT, struct pace, spoken[DISPATCH_CLASSES]),
        DB_COLUMN(INSTANT, struct pace, busy_since),
        DB_COLUMN(EUI64, struct pace, turn),
        DB_COLUMN(INT8, struct pace, jobs[DISPATCH_METERS]),
        DB_COLUMN(INT8, struct pace, jobs[DISPATCH_OTHERS]),
        DB_COLUMN(INT8, struct pace, devices[DISPATCH_METERS]),
        DB_COLUMN(INT8, struct pace, devices[DISPATCH_OTHERS]),
        DB_COLUMN(INT8, struct pace, offered),
    };
    const struct config_csp *csp = deciding->round->csp;
    struct db_params params = DB_PARAMS(deciding->arena);
    db_text(&params, csp->name);
    db_bool(&params, csp_is_counted(csp));
    db_instant(&params, deciding->round->now);
    void *rows;
    size_t count;
    enum outcome outcome = db_fetch(db, &read, &params, DB_COLUMNS(columns),
                                    sizeof deciding->pace, &rows, &count);
    if (outcome == DONE && count)
        deciding->pace = *(struct pace *)rows;
    return outcome;
}

static enum outcome waiting_read(struct deciding *deciding, struct db *db) {
    static const struct db_statement read = {
        "groups_waiting",
        "select request_no, device_type, sender, user_no, pool_no, ready,"
        " request_devices, since, meter, deficit, '', 0, 0"
        " from groups_waiting($1, $2, $3)"};
    static const struct db_statement read_cells = {
        "cells_waiting",
        "select request_no, device_type, sender, user_no, pool_no, ready,"
        " request_devices, since, meter, deficit, cell, cell_no, cell_jobs"
        " from cells_waiting($1, $2, $3, $4)"};
    static const struct db_column columns[] = {
        DB_COLUMN(INT8, struct waiting, request_no),
        DB_COLUMN(TEXT, struct waiting, device_type),
        DB_COLUMN(EUI64, struct waiting, sender),
        DB_COLUMN(INT4, struct waiting, user_no),
        DB_COLUMN(INT4, struct waiting, pool_no),
        DB_COLUMN(INT4, struct waiting, ready),
        DB_COLUMN(INT4, struct waiting, request_devices),
        DB_COLUMN(INSTANT, struct waiting, since),
        DB_COLUMN(BOOL, struct waiting, meter),
        DB_COLUMN(INT8, struct waiting, deficit),
        DB_COLUMN(TEXT, struct waiting, cell),
        DB_COLUMN(INT4, struct waiting, cell_no),
        DB_COLUMN(INT4, struct waiting, cell_jobs),
    };
    const struct config_csp *csp = deciding->round->csp;
    struct db_params params = DB_PARAMS(deciding->arena);
    db_text(&params, csp->name);
    db_int4(&params, LOOKED_AT);
    db_int4(&params, (int32_t)csp->max_devices_per_job);
    if (csp->cell_channels)
        db_int4(&params, (int32_t)csp->cell_channels);
    void *rows;
    enum outcome outcome = db_fetch(
        db, csp->cell_channels ? &read_cells : &read, &params,
        DB_COLUMNS(columns), sizeof(struct waiting), &rows, &deciding->count);
    deciding->waiting = rows;
    return outcome;
}

/* ---- the decision ---- */

static uint32_t count_of(int64_t number) {
    return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

static void input_open(struct deciding *deciding) {
    const struct pace *pace = &deciding->pace;
    struct dispatch_input *input = &deciding->input;
    *input = (struct dispatch_input){
        .now = deciding->round->now,
        .limits = csp_limits(deciding->round->csp),
        .pace = {.window = (uint32_t)pace->window,
                 .pause = pace->pause,
                 .paused_until = pace->paused_until},
        .flight = {.offered = count_of(pace->offered)},
        .most_jobs = DECISION_MOST_JOBS,
        .most_devices = (uint32_t)deciding->round->csp->max_devices_per_job};
    for (int i = 0; i < DISPATCH_CLASSES; i++) {
        input->flight.jobs[i] = count_of(pace->jobs[i]);
        input->flight.devices[i] = count_of(pace->devices[i]);
    }
    memcpy(input->pace.spoken, pace->spoken, sizeof pace->spoken);
}

/* The jobs that each cell has; cell 0 is of those whose cell is not known. */
static void input_count_cells(struct deciding *deciding) {
    struct dispatch_input *input = &deciding->input;
    if (!input->limits.cell_channels)
        return;
    int32_t last = 0;
    for (size_t i = 0; i < deciding->count; i++)
        if (last < deciding->waiting[i].cell_no)
            last = deciding->waiting[i].cell_no;
    input->cell_count = (size_t)last + 1;
    input->channels =
        arena_zero(deciding->arena, input->cell_count, sizeof *input->channels);
    for (size_t i = 0; i < deciding->count; i++)
        if (deciding->waiting[i].cell_no)
            input->channels[deciding->waiting[i].cell_no] =
                (uint32_t)deciding->waiting[i].cell_jobs;
}

static void input_fill(struct deciding *deciding) {
    struct dispatch_input *input = &deciding->input;
    struct arena *arena = deciding->arena;
    size_t count = deciding->count;
    struct dispatch_group *groups = arena_zero(arena, count, sizeof *groups);
    input->users = arena_zero(arena, count, sizeof *input->users);
    for (size_t i = 0; i < count; i++) {
        const struct waiting *one = &deciding->waiting[i];
        uint32_t pool = deciding->round->csp->shared_jobs
                            ? (uint32_t)one->pool_no
                            : (uint32_t)i;
        groups[i] = (struct dispatch_group){
            .user = (uint32_t)one->user_no,
            .pool = pool,
            .cell = (uint32_t)one->cell_no,
            .ready = (uint32_t)one->ready,
            .request_devices = (uint32_t)one->request_devices,
            .class = one->meter ? DISPATCH_METERS : DISPATCH_OTHERS,
            .since = one->since};
        input->users[one->user_no].deficit = one->deficit;
        if (input->pool_count <= pool)
            input->pool_count = (size_t)pool + 1;
        if (input->user_count <= (size_t)one->user_no)
            input->user_count = (size_t)one->user_no + 1;
        if (one->sender == deciding->pace.turn)
            input->turn = (size_t)one->user_no;
    }
    input->groups = groups;
    input->group_count = count;
    input_count_cells(deciding);
}

/* Why the first of those that wait does; "" when all goes. */
static const char *decision_waits(const struct deciding *deciding) {
    for (size_t i = 0; i < deciding->count; i++)
        if (deciding->decision.waits[i])
            return dispatch_reason_code(
                (enum dispatch_reason)deciding->decision.waits[i]);
    return "";
}

static enum outcome deciding_decide(struct deciding *deciding, struct db *db) {
    input_open(deciding);
    struct dispatch_decision *decision = &deciding->decision;
    *decision = (struct dispatch_decision){.pace = deciding->input.pace};
    enum dispatch_reason closed =
        dispatch_closed(&deciding->input, &decision->next);
    deciding->waits = dispatch_reason_code(closed);
    deciding->closed = closed != DISPATCH_GOES;
    if (closed)
        return DONE;
    enum outcome outcome = waiting_read(deciding, db);
    if (outcome != DONE)
        return outcome;
    input_fill(deciding);
    dispatch_decide(&deciding->input, deciding->arena, decision);
    deciding->waits = decision_waits(deciding);
    return DONE;
}

/* ---- what follows ---- */

static size_t parts_list(const struct deciding *deciding, struct part **parts) {
    const struct dispatch_decision *decision = &deciding->decision;
    size_t count = 0;
    for (size_t i = 0; i < decision->job_count; i++)
        count += decision->jobs[i].part_count;
    struct part *part = *parts =
        arena_zero(deciding->arena, count, sizeof *part);
    for (size_t i = 0; i < decision->job_count; i++) {
        const struct dispatch_job *job = &decision->jobs[i];
        for (size_t k = 0; k < job->part_count; k++) {
            const struct waiting *from =
                &deciding->waiting[job->parts[k].group];
            *part++ = (struct part){.job = (int32_t)i + 1,
                                    .request_no = from->request_no,
                                    .device_type = from->device_type,
                                    .cell = from->cell,
                                    .devices = (int32_t)job->parts[k].devices};
        }
    }
    return count;
}

/* One User alone has no account: he is before nobody. */
static size_t accounts_list(const struct deciding *deciding,
                            struct account **accounts) {
    size_t count = deciding->input.user_count;
    *accounts = arena_zero(deciding->arena, count, sizeof **accounts);
    if (count < 2)
        return 0;
    for (size_t i = 0; i < deciding->count; i++) {
        const struct waiting *one = &deciding->waiting[i];
        (*accounts)[one->user_no] = (struct account){
            one->sender, deciding->input.users[one->user_no].deficit};
    }
    return count;
}

static enum outcome decided_write(const struct deciding *deciding,
                                  struct db *db) {
    static const struct db_statement write = {
        "dispatch_decided",
        "select dispatch_decided($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
        " $12, $13, $14, $15, $16, $17)"};
    static const struct db_column account_columns[] = {
        DB_COLUMN(EUI64, struct account, sender),
        DB_COLUMN(INT8, struct account, deficit)};
    static const struct db_column part_columns[] = {
        DB_COLUMN(INT4, struct part, job),
        DB_COLUMN(INT8, struct part, request_no),
        DB_COLUMN(TEXT, struct part, device_type),
        DB_COLUMN(INT4, struct part, devices)};
    static const struct db_column cell_column[] = {
        DB_COLUMN(TEXT, struct part, cell)};
    const struct csp_round *round = deciding->round;
    const struct dispatch_decision *decision = &deciding->decision;
    struct account *accounts;
    struct part *parts;
    size_t account_count = accounts_list(deciding, &accounts);
    size_t part_count = parts_list(deciding, &parts);
    struct db_params params = DB_PARAMS(deciding->arena);
    db_text(&params, round->csp->name);
    for (int i = 0; i <= DISPATCH_CLASSES; i++)
        db_instant(&params, decision->pace.spoken[i]);
    db_eui64(&params, account_count ? accounts[decision->turn].sender : 0);
    db_arrays(&params, DB_COLUMNS(account_columns), accounts, account_count,
              sizeof *accounts);
    db_text(&params, deciding->waits);
    db_instant(&params, decision->next);
    db_arrays(&params, DB_COLUMNS(part_columns), parts, part_count,
              sizeof *parts);
    db_bool(&params, csp_is_counted(round->csp));
    db_instant(&params, round->now);
    /* until a CSP that took the job last thing is silent */
    db_instant(&params, round->lease + round->csp->busy_give_up +
                            round->config->tracking_timeout);
    if (round->csp->cell_channels)
        db_arrays(&params, DB_COLUMNS(cell_column), parts, part_count,
                  sizeof *parts);
    else
        db_null(&params);
    return db_run(db, &write, &params, params.arena, NULL);
}

/* Of a CSP that was busy all the time. */
static enum outcome waiting_give_up(const struct deciding *deciding,
                                    struct db *db) {
    static const struct db_statement give_up = {
        "give_up_waiting",
        "select give_up_waiting($1, $2::bigint * interval '1 microsecond', $3,"
        " $4, $5::bigint * interval '1 microsecond')"};
    const struct csp_round *round = deciding->round;
    if (deciding->pace.busy_since > round->now - round->csp->busy_give_up)
        return DONE;
    struct db_params params = DB_PARAMS(deciding->arena);
    db_text(&params, round->csp->name);
    db_int8(&params, round->csp->busy_give_up);
    db_int4(&params, DECISION_MOST_JOBS);
    db_instant(&params, round->now);
    db_int8(&params, round->config->tracking_timeout);
    return db_run(db, &give_up, &params, params.arena, NULL);
}

static enum outcome decision_step(struct db *db, void *context) {
    struct deciding *deciding = context;
    enum outcome outcome = pace_read(deciding, db);
    if (outcome == DONE)
        outcome = waiting_give_up(deciding, db);
    if (outcome == DONE)
        outcome = deciding_decide(deciding, db);
    deciding->made = deciding->decision.job_count != 0;
    return outcome == DONE ? decided_write(deciding, db) : outcome;
}

/* While the CSP takes nothing, what else is accepted changes nothing. */
static void decision_rests(const struct deciding *deciding) {
    instant rest = deciding->decision.next - deciding->round->now;
    if (!deciding->closed)
        return;
    deciding->round->memory->closed_until =
        clock_elapsed() + (rest < LONGEST_REST ? rest : LONGEST_REST);
}

enum outcome decision_make(const struct csp_round *round, bool *made) {
    struct deciding deciding = {.round = round, .arena = round->arena};
    *made = false;
    if (clock_elapsed() < round->memory->closed_until)
        return DONE;
    enum outcome outcome =
        db_transact(round->db, decision_step, &deciding, true);
    if (outcome != DONE)
        return outcome;
    decision_rests(&deciding);
    *made = deciding.made;
    if (*made)
        crash_point(CRASH_job_made);
    return DONE;
}

/* ---- what the CSP answered ---- */

struct learning {
    struct deciding deciding;
    uint32_t taken, busy; /* of the posts */
    instant retry_after;
};

/* That a job is still not taken says nothing new. */
static struct learning learning_of(const struct csp_round *round) {
    struct learning learning = {
        .deciding = {.round = round, .arena = round->arena}};
    for (size_t i = 0; i < round->count; i++) {
        const struct csp_item *item = &round->items[i];
        learning.taken += item->end == CSP_TAKEN;
        learning.busy += item->busy && item->tries < 2;
        if (learning.retry_after < item->retry_after)
            learning.retry_after = item->retry_after;
    }
    if (learning.retry_after > round->csp->busy_give_up)
        learning.retry_after = round->csp->busy_give_up;
    return learning;
}

static enum outcome learning_step(struct db *db, void *context) {
    static const struct db_statement write = {
        "csp_pace_answered",
        "select csp_pace_answered($1, $2, $3, $4, $5, $6)"};
    struct learning *learning = context;
    const struct csp_round *round = learning->deciding.round;
    enum outcome outcome = pace_read(&learning->deciding, db);
    if (outcome != DONE)
        return outcome;
    input_open(&learning->deciding);
    struct dispatch_pace *pace = &learning->deciding.input.pace;
    for (uint32_t i = 0; i < learning->taken; i++)
        dispatch_taken(pace);
    if (learning->busy)
        dispatch_busy(pace, (uint32_t)round->count, clock_now(),
                      learning->retry_after, csp_longest_pause(round->csp));
    struct db_params params = DB_PARAMS(round->arena);
    db_text(&params, round->csp->name);
    db_int4(&params, (int32_t)pace->window);
    db_int8(&params, pace->pause);
    db_instant(&params, pace->paused_until);
    db_bool(&params, !learning->taken);
    db_instant(&params, clock_now());
    return db_run(db, &write, &params, params.arena, NULL);
}

enum outcome decision_learn(const struct csp_round *round) {
    struct learning learning = learning_of(round);
    if (!learning.busy && (!learning.taken || !round->memory->was_busy))
        return DONE;
    round->memory->was_busy = true;
    enum outcome outcome =
        db_transact(round->db, learning_step, &learning, true);
    if (outcome == DONE && !learning.deciding.input.pace.window)
        round->memory->was_busy = false;
    return outcome;
}
