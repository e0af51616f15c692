#include "csp_gateway/inbound.h"

#include "base/crash.h"

/* A row of the list of rejected devices. */
struct rejected {
    eui64 device_id;
    const char *reason;
};

/* What stands before the list. */
struct head {
    const char *report_id, *job_id;
};

/* What is good of the reports: one of each, and their rows one after another.
 * Members of the same index belong together. */
struct reports {
    const struct inbound_set *set;
    struct inbound **in;
    const char **csps, **report_ids, **job_ids;
    size_t count;
    struct inbound_place *places;
    int32_t *whose; /* the report, from 1 */
    eui64 *device_ids;
    const char **reasons;
    size_t row_count;
};

static const struct field head_fields[] = {
    {"reportId", read_id, "1 to 128 characters",
     offsetof(struct head, report_id), false},
    {"jobId", read_uuid, "a UUID", offsetof(struct head, job_id), false},
};

static const struct field row_fields[] = {
    {"deviceId", read_eui64, "an EUI-64", offsetof(struct rejected, device_id),
     false},
    {"reason", read_code, "a reason", offsetof(struct rejected, reason), false},
};

static const json_t *list_of(const struct inbound *in) {
    return json_object_get(in->json, "rejected");
}

/* False when the whole report is refused. Without a list nothing is said of
 * any device, so it has to be there, if only empty. */
static bool read_head(struct inbound *in, struct head *head) {
    const json_t *list = list_of(in);
    const char *reason = entry_read(in->json, head_fields, 2, in->arena, head);
    if (!reason && !json_is_array(list))
        reason = "rejected: not an array";
    if (!reason && json_array_size(list) > MOST_ROWS)
        reason = "rejected: more devices than a job has";
    size_t rows = reason ? 0 : json_array_size(list);
    inbound_rows(in, rows ? rows : 1);
    in->refused[0] = reason;
    return !reason;
}

/* False, and nothing is added, when any row is refused. */
static bool add_rows(struct reports *all, struct inbound *in) {
    size_t before = all->row_count, count = json_array_size(list_of(in));
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        struct rejected row;
        in->refused[i] = entry_read(json_array_get(list_of(in), i), row_fields,
                                    2, in->arena, &row);
        good = good && !in->refused[i];
        if (!good)
            continue;
        size_t at = all->row_count++;
        all->places[at] = (struct inbound_place){in, i};
        all->whose[at] = (int32_t)all->count + 1;
        all->device_ids[at] = row.device_id;
        all->reasons[at] = row.reason;
    }
    if (!good)
        all->row_count = before;
    return good;
}

static void add(struct reports *all, struct inbound *in) {
    struct head head;
    if (!read_head(in, &head) || !add_rows(all, in))
        return;
    size_t at = all->count++;
    all->in[at] = in;
    all->csps[at] = in->csp->name;
    all->report_ids[at] = head.report_id;
    all->job_ids[at] = head.job_id;
}

static size_t most_rows(const struct inbound_set *set) {
    size_t rows = 0;
    for (size_t i = 0; i < set->count; i++) {
        size_t listed = json_array_size(list_of(set->messages[i]));
        rows += listed > MOST_ROWS ? 0 : listed;
    }
    return rows;
}

static struct reports read_all(const struct inbound_set *set) {
    struct arena *arena = set->arena;
    size_t rows = most_rows(set), count = set->count;
    struct reports all = {
        .set = set,
        /* pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
        .in = arena_zero(arena, count, sizeof *all.in),
        .csps = arena_zero(arena, count, sizeof(const char *)),
        .report_ids = arena_zero(arena, count, sizeof(const char *)),
        .job_ids = arena_zero(arena, count, sizeof(const char *)),
        .places = arena_zero(arena, rows, sizeof(struct inbound_place)),
        .whose = arena_zero(arena, rows, sizeof(int32_t)),
        .device_ids = arena_zero(arena, rows, sizeof(eui64)),
        .reasons = arena_zero(arena, rows, sizeof(const char *))};
    for (size_t i = 0; i < count; i++)
        add(&all, set->messages[i]);
    return all;
}

/* What became of it: taken, duplicate, unknown_job. */
static void settle_one(struct inbound *in, const char *outcome) {
    inbound_rows(in, in->rows); /* an earlier try is forgotten */
    in->accepted = strcmp(outcome, "taken") == 0;
    in->duplicates = strcmp(outcome, "duplicate") == 0;
    in->refused[0] =
        strcmp(outcome, "unknown_job") == 0 ? "jobId: not known" : NULL;
}

static void settle(const struct reports *all, const struct db_rows *rows) {
    struct arena *arena = all->set->arena;
    const char **outcomes;
    int32_t *foreign;
    db_get_texts(rows, 0, 0, arena, &outcomes);
    for (size_t i = 0; i < all->count; i++)
        settle_one(all->in[i], outcomes[i]);
    size_t count = db_get_int4s(rows, 0, 1, arena, &foreign);
    for (size_t i = 0; i < count; i++) {
        const struct inbound_place *place = &all->places[foreign[i] - 1];
        place->in->refused[place->index] = "deviceId: not in the job";
    }
}

static enum outcome take(struct db *db, void *context) {
    static const struct db_statement statement = {
        "take_validation_reports",
        "select outcomes, foreign_ordinals from take_validation_reports("
        "$1::text[], $2::text[], $3::uuid[], $4, $5, $6::text[], $7,"
        " $8::bigint * interval '1 microsecond')"};
    const struct reports *all = context;
    const struct inbound_set *set = all->set;
    struct db_params params = DB_PARAMS(set->arena);
    db_texts(&params, all->csps, all->count);
    db_texts(&params, all->report_ids, all->count);
    db_texts(&params, all->job_ids, all->count);
    db_int4s(&params, all->whose, all->row_count);
    db_eui64s(&params, all->device_ids, all->row_count);
    db_texts(&params, all->reasons, all->row_count);
    db_instant(&params, set->now);
    db_int8(&params, set->config->tracking_timeout);
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &statement, &params, set->arena, &rows);
    if (outcome != DONE)
        return outcome;
    crash_point(CRASH_report_worked);
    settle(all, rows);
    return DONE;
}

enum outcome take_validation_reports(struct inbound_set *set) {
    struct reports all = read_all(set);
    return all.count ? db_transact(set->db, take, &all, true) : DONE;
}
