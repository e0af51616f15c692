#include "csp_gateway/job.h"

#include "base/backoff.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/log.h"
#include "csp_gateway/decision.h"
#include "csp_gateway/post.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>

/* Jobs in hand at once. */
enum { MOST_JOBS = DECISION_MOST_JOBS };

static struct metric_family families[] = {
    {.name = "fotad_csp_tries_total",
     .help = "Tries to hand a job over, by CSP and what came of it",
     .kind = METRIC_COUNTER,
     .labels = {"csp", "outcome"}},
    {.name = "fotad_csp_try_seconds",
     .help = "Time that a try takes, with the image and the jobs sent with it",
     .kind = METRIC_HISTOGRAM,
     .labels = {"csp"}},
    {.name = "fotad_csp_jobs_waiting",
     .help = "Jobs that are to be sent or tried again",
     .kind = METRIC_GAUGE,
     .labels = {"csp"}},
    {.name = "fotad_csp_images_gone_total",
     .help = "Jobs given up because their image was not in the database",
     .kind = METRIC_COUNTER,
     .labels = {"csp"}},
};
enum { TRIES, SECONDS, WAITING, GONE, FAMILIES };

struct csp_job {
    const char *request_id, *device_type;
    struct span firmware_version; /* 4 octets */
    struct span image_id;         /* SHA-256 */
    bool image_sent;              /* the CSP has it */
    struct span image;            /* its octets, unless the CSP has it */
    bool image_gone;              /* nor has the database */
    struct db_eui64s devices, chfs;
    const char *request_ids; /* of each device, spaces between; "" if all are of
                              * request_id */
    struct csp_item item;
};

static unsigned jobs_most(const struct config *config) {
    (void)config;
    return MOST_JOBS;
}

static instant jobs_give_up(const struct config *config,
                            const struct config_csp *csp) {
    (void)config;
    return csp->busy_give_up;
}

/* ---- taking ---- */

static enum outcome image_fetch(const struct csp_round *round,
                                struct csp_job *job) {
    static const struct db_statement fetch = {
        "fetch_image", "select octets from firmware_image where image_id = $1"};
    struct db_params params = DB_PARAMS(round->arena);
    db_bytea(&params, job->image_id);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(round->db, &fetch, &params, round->arena, &rows);
    if (outcome != DONE)
        return outcome;
    job->image_gone = !db_row_count(rows);
    if (!job->image_gone)
        job->image = db_get_span(rows, 0, 0);
    return DONE;
}

/* Those that are due. */
static enum outcome jobs_lease_due(struct csp_round *round) {
    static const struct db_statement lease = {
        "due_jobs", "select job_no, lease_number, job_id, request_id,"
                    " device_type, firmware_version, image_id, image_sent,"
                    " heard, tries, created, device_ids, chf_ids, request_ids"
                    " from due_jobs($1, $2, $3, $4, $5)"};
    static const struct db_column columns[] = {
        DB_COLUMN(INT8, struct csp_job, item.no),
        DB_COLUMN(INT8, struct csp_job, item.lease),
        DB_COLUMN(TEXT, struct csp_job, item.id),
        DB_COLUMN(TEXT, struct csp_job, request_id),
        DB_COLUMN(TEXT, struct csp_job, device_type),
        DB_COLUMN(BYTEA, struct csp_job, firmware_version),
        DB_COLUMN(BYTEA, struct csp_job, image_id),
        DB_COLUMN(BOOL, struct csp_job, image_sent),
        DB_COLUMN(INT4, struct csp_job, item.heard),
        DB_COLUMN(INT4, struct csp_job, item.tries),
        DB_COLUMN(INSTANT, struct csp_job, item.began),
        DB_COLUMN(EUI64S, struct csp_job, devices),
        DB_COLUMN(EUI64S, struct csp_job, chfs),
        DB_COLUMN(TEXT, struct csp_job, request_ids),
    };
    const struct config_csp *csp = round->csp;
    struct db_params params = DB_PARAMS(round->arena);
    db_text(&params, csp->name);
    db_instant(&params, round->now);
    db_instant(&params, round->lease);
    db_int4(&params, (int32_t)csp->max_devices_per_job);
    db_int4(&params, MOST_JOBS);
    return db_fetch(round->db, &lease, &params, DB_COLUMNS(columns),
                    sizeof(struct csp_job), &round->leased, &round->count);
}

/* None is due, but devices wait that are in no job. */
static bool jobs_can_be_made(const struct csp_round *round) {
    const struct csp_job *jobs = round->leased;
    return round->count == 1 && !jobs->item.no;
}

/* Takes the next jobs that are due, or makes some of devices that wait; one
 * alone if it is large. Only the last may need its image: it has it then, or
 * is left out, for the others can go. */
static enum outcome jobs_lease(struct csp_round *round) {
    bool made = true;
    enum outcome outcome = decision_plans(round);
    if (outcome == DONE)
        outcome = jobs_lease_due(round);
    if (outcome == DONE && jobs_can_be_made(round)) {
        round->count = 0;
        outcome = decision_make(round, &made);
        if (outcome == DONE && made)
            outcome = jobs_lease_due(round);
        if (jobs_can_be_made(round))
            round->count = 0;
    }
    if (outcome != DONE || !round->count)
        return outcome;
    struct csp_job *jobs = round->leased, *last = &jobs[round->count - 1];
    if (!last->image_sent && (outcome = image_fetch(round, last)) != DONE)
        round->count--;
    return round->count ? DONE : outcome;
}

/* ---- posting ---- */

/* The image's name on the wire: its SHA-256 in lower case. */
static const char *image_name(const struct csp_job *job, struct arena *arena) {
    char *text = arena_alloc(arena, 2 * job->image_id.len + 1);
    hex_format(job->image_id, text);
    for (char *c = text; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return text;
}

/* Lost, it only costs sending the image again, which the CSP knows then. */
static void image_note(const struct csp_round *round,
                       const struct csp_job *job) {
    static const struct db_statement note = {"image_sent",
                                             "select image_sent($1, $2, $3)"};
    struct db_params params = DB_PARAMS(round->arena);
    db_text(&params, round->csp->name);
    db_bytea(&params, job->image_id);
    db_instant(&params, clock_now());
    (void)db_run(round->db, &note, &params, round->arena, NULL);
}

/* Nobody can send it: the devices hear so, and a person. */
static void image_is_gone(const struct csp_round *round,
                          struct csp_item *item) {
    item->end = CSP_GIVEN_UP;
    item->next_try = RETRY_NEVER;
    item->detail = "the image is not in the database";
    metric_add(metric_of(&families[GONE], round->csp->name, NULL, NULL), 1);
    log_error("csp.image_gone",
              "csp=%s job=%s : the image of its request is not in the "
              "database; its devices are refused with IMAGE_GONE. Who deleted "
              "from firmware_image? The User may send the request again",
              round->csp->name, item->id);
}

/* True when the CSP has the image of the job; otherwise the try has ended. */
static bool image_post(const struct csp_round *round, struct csp_item *item) {
    static const unsigned good[] = {200, 201, 0};
    const struct csp_job *job = item->what;
    if (job->image_sent)
        return true;
    if (job->image_gone) {
        image_is_gone(round, item);
        return false;
    }
    const struct csp_post post = {
        .method = "PUT",
        .path = arena_printf(round->arena, "/firmware-images/%s",
                             image_name(job, round->arena)),
        .media_type = "application/octet-stream",
        .body = job->image,
        .good = good};
    csp_post(round, &post, item, 1);
    if (item->end != CSP_TAKEN)
        return false;
    crash_point(CRASH_job_image_taken);
    image_note(round, job);
    crash_point(CRASH_job_image_noted);
    return true;
}

/* The next of several texts with spaces between. */
static json_t *text_next(const char **texts) {
    size_t len = strcspn(*texts, " ");
    json_t *text = json_stringn(*texts, len);
    *texts += len + ((*texts)[len] == ' ');
    return text;
}

static json_t *job_targets(const struct csp_job *job) {
    json_t *list = json_array();
    const char *request_ids = job->request_ids;
    for (size_t i = 0; i < job->devices.count; i++) {
        char device[EUI64_TEXT_SIZE], hub[EUI64_TEXT_SIZE];
        eui64_format(job->devices.ids[i], device);
        eui64_format(job->chfs.ids[i], hub);
        json_t *target =
            json_pack("{s:s, s:s}", "deviceId", device, "commsHubId", hub);
        if (*request_ids)
            json_put(target, "requestId", text_next(&request_ids));
        json_add(list, target);
    }
    return list;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each RequestID once. */
static json_t *job_request_ids(const struct csp_job *job, struct arena *arena) {
    const char **texts = arena_zero(arena, job->devices.count, sizeof *texts);
    const char *at = job->request_ids;
    for (size_t i = 0; i < job->devices.count; i++) {
        size_t len = strcspn(at, " ");
        texts[i] = arena_text(arena, span_of(at, len));
        at += len + (at[len] == ' ');
    }
    qsort(texts, job->devices.count, sizeof *texts, by_text);
    json_t *list = json_array();
    for (size_t i = 0; i < job->devices.count; i++)
        if (!i || strcmp(texts[i], texts[i - 1]) != 0)
            json_add(list, json_string(texts[i]));
    return list;
}

static struct span job_body(const struct csp_job *job, struct arena *arena) {
    char version[9];
    hex_format(job->firmware_version, version);
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "jobId", job->item.id,
                  "requestId", job->request_id, "deviceType", job->device_type,
                  "firmwareVersion", version, "imageId", image_name(job, arena),
                  "targets", job_targets(job));
    if (*job->request_ids)
        json_put(object, "requestIds", job_request_ids(job, arena));
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return span_text(arena_adopt(arena, text, free));
}

/* It is ours, with these devices, and noted as one that the CSP may know. What
 * has its image was noted when it was leased. */
static bool job_is_ours(struct csp_round *round, struct csp_item *item) {
    static const struct db_statement posts = {"job_posts",
                                              "select job_posts($1, $2, $3)"};
    const struct csp_job *job = item->what;
    struct db_params params = DB_PARAMS(round->arena);
    db_int8(&params, item->no);
    db_int8(&params, item->lease);
    db_int4(&params, (int32_t)job->devices.count);
    struct db_rows *rows;
    round->read = clock_since_boot();
    if (db_run(round->db, &posts, &params, round->arena, &rows) == DONE &&
        db_get_bool(rows, 0, 0)) {
        crash_point(CRASH_job_noted);
        return true;
    }
    csp_item_late(item);
    return false;
}

static void jobs_post_some(const struct csp_round *round,
                           struct csp_item *items, size_t count) {
    static const unsigned good[] = {202, 0};
    struct csp_post *posts = arena_zero(round->arena, count, sizeof *posts);
    for (size_t i = 0; i < count; i++)
        posts[i] =
            (struct csp_post){.method = "POST",
                              .path = "/firmware-jobs",
                              .media_type = "application/json",
                              .key = items[i].id,
                              .body = job_body(items[i].what, round->arena),
                              .good = good};
    csp_post(round, posts, items, count);
}

/* The last by itself, behind its image, if the CSP has that not. */
static void jobs_post_all(struct csp_round *round) {
    size_t count = round->count;
    struct csp_item *last = &round->items[count - 1];
    const struct csp_job *job = last->what;
    if (job->image_sent) {
        jobs_post_some(round, round->items, count);
        return;
    }
    jobs_post_some(round, round->items, count - 1);
    round->read = clock_since_boot(); /* job_posts() looks again */
    if (image_post(round, last) && job_is_ours(round, last))
        jobs_post_some(round, last, 1);
}

/* What is not learnt now is at the next answer. */
static void jobs_post(struct csp_round *round) {
    jobs_post_all(round);
    (void)decision_learn(round);
}

/* ---- what came of them ---- */

static enum outcome jobs_handed_over(const struct csp_round *round,
                                     const struct csp_item *items,
                                     size_t count) {
    static const struct db_statement note = {
        "jobs_handed_over", "select jobs_handed_over($1, $2, $3)"};
    static const struct db_column numbers[] = {
        DB_COLUMN(INT8, struct csp_item, no),
        DB_COLUMN(INT8, struct csp_item, lease)};
    struct db_params params = DB_PARAMS(round->arena);
    db_arrays(&params, DB_COLUMNS(numbers), items, count, sizeof *items);
    db_instant(&params, clock_now());
    return db_run(round->db, &note, &params, round->arena, NULL);
}

static enum outcome job_again(const struct csp_round *round,
                              const struct csp_item *item) {
    static const struct db_statement note = {
        "job_again", "select job_again($1, $2, $3, $4, $5)"};
    struct db_params params = DB_PARAMS(round->arena);
    db_int8(&params, item->no);
    db_int8(&params, item->lease);
    db_instant(&params, item->next_try);
    db_text(&params, item->detail);
    db_bool(&params, item->heard);
    return db_run(round->db, &note, &params, round->arena, NULL);
}

struct job_failure {
    const struct csp_round *round;
    const struct csp_item *item;
};

static enum outcome job_failed(struct db *db, void *context) {
    static const struct db_statement note = {
        "job_failed", "select job_failed($1, $2, $3, $4, $5, $6, $7,"
                      " $8::bigint * interval '1 microsecond')"};
    const struct job_failure *failure = context;
    const struct csp_item *item = failure->item;
    const struct csp_job *job = item->what;
    bool refused = item->end == CSP_REFUSED;
    const char *ours = job->image_gone ? "IMAGE_GONE" : "NEVER_ANSWERED";
    struct db_params params = DB_PARAMS(failure->round->arena);
    db_int8(&params, item->no);
    db_int8(&params, item->lease);
    db_text(&params, refused ? "csp_refused" : "csp_never_answered");
    db_text(&params, refused ? item->reason : ours);
    db_text(&params, item->detail);
    db_bool(&params, !refused && item->heard);
    db_instant(&params, clock_now());
    db_int8(&params, failure->round->config->tracking_timeout);
    return db_run(db, &note, &params, params.arena, NULL);
}

static enum outcome jobs_settle(const struct csp_round *round,
                                const struct csp_item *items, size_t count) {
    struct job_failure failure = {round, items};
    switch (items->end) {
    case CSP_TAKEN:
        return jobs_handed_over(round, items, count);
    case CSP_AGAIN:
    case CSP_LATE:
        return job_again(round, items);
    default:
        return db_transact(round->db, job_failed, &failure, true);
    }
}

static void job_tell(const struct csp_round *round, const struct csp_item *item,
                     const char *end, instant took) {
    const struct csp_job *job = item->what;
    bool well = item->end == CSP_TAKEN;
    log_set_request(job->request_id);
    log_event(well ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "csp.job",
              "csp=%s outcome=%s job=%s type=%s devices=%zu try=%d ms=%.1f%s%s",
              round->csp->name, end, item->id, job->device_type,
              job->devices.count, item->tries + 1, (double)took / 1000.0,
              well ? "" : " : ", well ? "" : item->detail);
    log_set_request(NULL);
    metric_observe(metric_of(&families[SECONDS], round->csp->name, NULL, NULL),
                   took);
}

static const struct db_statement jobs_waiting = {"jobs_waiting",
                                                 "select jobs_waiting($1)"};

const struct csp_work csp_jobs = {
    .kind = CSP_JOBS,
    .task = "csp_sender",
    .session = "fotad CSP sender",
    .failed = "csp.waiting",
    .most_answer = 64 * 1024,
    .most = jobs_most,
    .give_up = jobs_give_up,
    .lease = jobs_lease,
    .size = sizeof(struct csp_job),
    .item = offsetof(struct csp_job, item),
    .post = jobs_post,
    .settle = jobs_settle,
    .settle_most = 1,
    .tell = job_tell,
    .waiting = &jobs_waiting,
    .waiting_gauge = &families[WAITING],
    .ends = {"handed_over", "again", "refused", "given_up", "late", "left"},
    .leased = CRASH_job_leased,
    .posted = CRASH_job_taken,
    .settled = CRASH_job_settled,
    .families = families,
    .family_count = FAMILIES,
};
