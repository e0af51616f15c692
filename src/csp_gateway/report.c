/* Validation reports: which devices of a job a CSP will not update. */
#include "csp_gateway/inbound.h"

/* A device of the list. */
struct rejected {
    int32_t report; /* its number, from 1 */
    struct inbound_place place;
    eui64 device_id;
    const char *reason;
};

/* What stands beside the list. */
struct report {
    struct inbound *in;
    const char *csp, *report_id, *job_id;
};

/* What is good of the reports, and their lists one after another. */
struct reports {
    const struct inbound_batch *batch;
    struct report *reports;
    size_t count;
    struct rejected *rejected;
    size_t rejected_count;
};

static const struct csp_member report_members[] = {
    {"reportId", read_id, "1 to 128 characters",
     offsetof(struct report, report_id), false},
    {"jobId", read_uuid, "a UUID", offsetof(struct report, job_id), false},
};

static const struct csp_member rejected_members[] = {
    {"deviceId", read_eui64, "an EUI-64", offsetof(struct rejected, device_id),
     false},
    {"reason", read_code, "a reason", offsetof(struct rejected, reason), false},
};

/* ---- from JSON to structs ---- */

static const json_t *list_of(const struct inbound *in) {
    return json_object_get(in->json, "rejected");
}

/* False when the whole report is refused. Without a list nothing is said of
 * any device, so it has to be there, if only empty. */
static bool report_read(struct inbound *in, struct report *report) {
    const json_t *list = list_of(in);
    const char *reason = csp_members_read(in->json, CSP_MEMBERS(report_members),
                                          in->arena, report);
    if (!reason && !json_is_array(list))
        reason = "rejected: not an array";
    if (!reason && json_array_size(list) > MOST_REJECTED)
        reason = "rejected: more devices than a job has";
    size_t rows = reason ? 0 : json_array_size(list);
    inbound_rows(in, rows ? rows : 1);
    in->refused[0] = reason;
    return !reason;
}

/* False, and nothing is added, when any device of the list is refused. */
static bool list_read(struct reports *all, struct inbound *in) {
    size_t before = all->rejected_count, count = json_array_size(list_of(in));
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        struct rejected one = {.place = {in, i},
                               .report = (int32_t)all->count + 1};
        in->refused[i] =
            csp_members_read(json_array_get(list_of(in), i),
                             CSP_MEMBERS(rejected_members), in->arena, &one);
        good = good && !in->refused[i];
        if (good)
            all->rejected[all->rejected_count++] = one;
    }
    if (!good)
        all->rejected_count = before;
    return good;
}

static size_t most_rejected(const struct inbound_batch *batch) {
    size_t most = 0;
    for (size_t i = 0; i < batch->count; i++) {
        size_t listed = json_array_size(list_of(batch->messages[i]));
        most += listed > MOST_REJECTED ? 0 : listed;
    }
    return most;
}

static void *reports_read(const struct inbound_batch *batch) {
    struct arena *arena = batch->arena;
    struct reports *all = arena_zero(arena, 1, sizeof *all);
    all->batch = batch;
    all->reports = arena_zero(arena, batch->count, sizeof *all->reports);
    all->rejected =
        arena_zero(arena, most_rejected(batch), sizeof *all->rejected);
    for (size_t i = 0; i < batch->count; i++) {
        struct inbound *in = batch->messages[i];
        struct report report = {.in = in, .csp = in->csp->name};
        if (report_read(in, &report) && list_read(all, in))
            all->reports[all->count++] = report;
    }
    return all->count ? all : NULL;
}

/* ---- to the database and back ---- */

static void reports_add(const void *read, struct db_params *params) {
    static const struct db_column report_columns[] = {
        DB_COLUMN(TEXT, struct report, csp),
        DB_COLUMN(TEXT, struct report, report_id),
        DB_COLUMN(TEXT, struct report, job_id),
    };
    static const struct db_column rejected_columns[] = {
        DB_COLUMN(INT4, struct rejected, report),
        DB_COLUMN(EUI64, struct rejected, device_id),
        DB_COLUMN(TEXT, struct rejected, reason),
    };
    const struct reports *all = read;
    db_arrays(params, DB_COLUMNS(report_columns), all->reports, all->count,
              sizeof *all->reports);
    db_arrays(params, DB_COLUMNS(rejected_columns), all->rejected,
              all->rejected_count, sizeof *all->rejected);
    db_instant(params, all->batch->now);
    db_int8(params, all->batch->config->tracking_timeout);
}

/* What became of it: taken, duplicate, unknown_job. */
static void report_settle(struct inbound *in, const char *outcome) {
    inbound_rows(in, in->rows); /* an earlier try is forgotten */
    in->accepted = strcmp(outcome, "taken") == 0;
    in->duplicates = strcmp(outcome, "duplicate") == 0;
    in->refused[0] =
        strcmp(outcome, "unknown_job") == 0 ? "jobId: not known" : NULL;
}

static void reports_settle(const void *read, const struct db_rows *rows) {
    const struct reports *all = read;
    struct arena *arena = all->batch->arena;
    const char **outcomes;
    int32_t *foreign;
    db_get_texts(rows, 0, 0, arena, &outcomes);
    for (size_t i = 0; i < all->count; i++)
        report_settle(all->reports[i].in, outcomes[i]);
    size_t count = db_get_int4s(rows, 0, 1, arena, &foreign);
    for (size_t i = 0; i < count; i++) {
        const struct inbound_place *place =
            &all->rejected[foreign[i] - 1].place;
        place->in->refused[place->index] = "deviceId: not in the job";
    }
}

const struct inbound_kind inbound_reports = {
    .path = "/csp/v1/validation-reports",
    .name = "report",
    .read = reports_read,
    .statement = {"take_validation_reports",
                  "select outcomes, foreign_ordinals from"
                  " take_validation_reports($1::text[], $2::text[],"
                  " $3::uuid[], $4, $5, $6::text[], $7,"
                  " $8::bigint * interval '1 microsecond')"},
    .add = reports_add,
    .settle = reports_settle,
    .worked = CRASH_report_worked,
    .committed = CRASH_report_committed,
};
