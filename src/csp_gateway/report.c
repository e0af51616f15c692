#include "csp_gateway/inbound.h"

#include "base/crash.h"

/* A row of the list of rejected devices. */
struct rejected {
    eui64 device_id;
    const char *reason;
};

struct report {
    const struct inbound_set *set;
    struct inbound *in;
    const char *report_id, *job_id;
    eui64 *device_ids;
    const char **reasons;
    size_t count;
};

static const struct field head_fields[] = {
    {"reportId", read_id, "1 to 128 characters",
     offsetof(struct report, report_id), false},
    {"jobId", read_uuid, "a UUID", offsetof(struct report, job_id), false},
};

static const struct field row_fields[] = {
    {"deviceId", read_eui64, "an EUI-64", offsetof(struct rejected, device_id),
     false},
    {"reason", read_code, "a reason", offsetof(struct rejected, reason), false},
};

/* False when the whole report is refused. Without a list nothing is said of
 * any device, so it has to be there, if only empty. */
static bool read_head(struct report *report) {
    struct inbound *in = report->in;
    const json_t *list = json_object_get(in->json, "rejected");
    const char *reason =
        entry_read(in->json, head_fields, 2, in->arena, report);
    if (!reason && !json_is_array(list))
        reason = "rejected: not an array";
    if (!reason && json_array_size(list) > MOST_ROWS)
        reason = "rejected: more devices than a job has";
    size_t rows = reason ? 0 : json_array_size(list);
    inbound_rows(in, rows ? rows : 1);
    report->count = rows;
    in->refused[0] = reason;
    return !reason;
}

static bool read_rows(struct report *report) {
    struct inbound *in = report->in;
    const json_t *list = json_object_get(in->json, "rejected");
    report->device_ids =
        arena_zero(in->arena, report->count, sizeof *report->device_ids);
    report->reasons =
        arena_zero(in->arena, report->count, sizeof *report->reasons);
    bool good = true;
    for (size_t i = 0; i < report->count; i++) {
        struct rejected row;
        in->refused[i] =
            entry_read(json_array_get(list, i), row_fields, 2, in->arena, &row);
        good = good && !in->refused[i];
        if (in->refused[i])
            continue;
        report->device_ids[i] = row.device_id;
        report->reasons[i] = row.reason;
    }
    return good;
}

/* What became of it: taken, duplicate, unknown_job. */
static void count_outcome(struct inbound *in, const char *outcome) {
    in->accepted = strcmp(outcome, "taken") == 0;
    in->duplicates = strcmp(outcome, "duplicate") == 0;
    in->refused[0] =
        strcmp(outcome, "unknown_job") == 0 ? "jobId: not known" : NULL;
}

static void settle(struct inbound *in, const struct db_rows *rows) {
    inbound_rows(in, in->rows); /* an earlier try is forgotten */
    count_outcome(in, db_get_text(rows, 0, 0));
    int32_t *foreign;
    size_t count = db_get_int4s(rows, 0, 1, in->arena, &foreign);
    for (size_t i = 0; i < count; i++)
        in->refused[foreign[i] - 1] = "deviceId: not in the job";
}

static enum outcome take(struct db *db, void *context) {
    static const struct db_statement statement = {
        "take_validation_report",
        "select outcome, foreign_ordinals from take_validation_report($1, $2,"
        " $3::uuid, $4, $5::text[], $6, $7::bigint * interval '1 "
        "microsecond')"};
    struct report *report = context;
    const struct inbound_set *set = report->set;
    struct db_params params = DB_PARAMS(set->arena);
    db_text(&params, report->in->csp->name);
    db_text(&params, report->report_id);
    db_text(&params, report->job_id);
    db_eui64s(&params, report->device_ids, report->count);
    db_texts(&params, report->reasons, report->count);
    db_instant(&params, set->now);
    db_int8(&params, set->config->tracking_timeout);
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &statement, &params, set->arena, &rows);
    if (outcome != DONE)
        return outcome;
    crash_point(CRASH_report_worked);
    settle(report->in, rows);
    return DONE;
}

/* Reports come one by one. */
enum outcome take_validation_report(struct inbound_set *set) {
    struct report report = {.set = set, .in = set->messages[0]};
    if (!read_head(&report) || !read_rows(&report))
        return DONE;
    return db_transact(set->db, take, &report, true);
}
