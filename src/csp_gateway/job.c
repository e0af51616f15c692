#include "csp_gateway/job.h"

#include "base/backoff.h"
#include "base/crash.h"
#include "base/hex.h"
#include "base/log.h"
#include "csp_gateway/lease.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>

enum {
    JOB_NO,
    JOB_ID,
    REQUEST_ID,
    DEVICE_TYPE,
    FIRMWARE_VERSION,
    IMAGE_ID,
    TRIES,
    CREATED,
    DEVICE_IDS,
    CHF_IDS,
    IMAGE_SENT
};

static void read_job(const struct db_rows *rows, size_t row,
                     struct arena *arena, struct csp_job *job) {
    job->job_no = db_get_int(rows, row, JOB_NO);
    job->job_id = db_get_text(rows, row, JOB_ID);
    job->request_id = db_get_text(rows, row, REQUEST_ID);
    job->device_type = db_get_text(rows, row, DEVICE_TYPE);
    job->firmware_version = db_get_span(rows, row, FIRMWARE_VERSION);
    job->image_id = db_get_span(rows, row, IMAGE_ID);
    job->tries = (unsigned)db_get_int(rows, row, TRIES);
    job->created = db_get_instant(rows, row, CREATED);
    job->device_count =
        db_get_eui64s(rows, row, DEVICE_IDS, arena, &job->device_ids);
    db_get_eui64s(rows, row, CHF_IDS, arena, &job->chf_ids);
}

static enum outcome fetch_image(struct db *db, struct arena *arena,
                                struct csp_job *job) {
    static const struct db_statement fetch = {
        "fetch_image", "select octets from firmware_image where image_id = $1"};
    struct db_params params = DB_PARAMS(arena);
    db_bytea(&params, job->image_id);
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &fetch, &params, arena, &rows);
    if (outcome != DONE)
        return outcome;
    if (!db_row_count(rows)) {
        log_error("csp.image_gone",
                  "csp=%s job=%s : the image of the request "
                  "is not in the database",
                  job->csp->name, job->job_id);
        return FAILED;
    }
    job->image = db_get_span(rows, 0, 0);
    return DONE;
}

enum outcome csp_jobs_lease(struct db *db, const struct config_csp *csp,
                            struct arena *arena, struct csp_job *jobs,
                            size_t *count) {
    static const struct db_statement lease = {
        "lease_jobs", "select job_no, job_id, request_id, device_type,"
                      " firmware_version, image_id, tries, created, device_ids,"
                      " chf_ids, image_sent from lease_jobs($1, $2, $3, $4,"
                      " $5, $6)"};
    instant now = clock_now();
    struct db_params params = DB_PARAMS(arena);
    db_text(&params, csp->name);
    db_instant(&params, now);
    db_instant(&params, now + csp_lease(csp));
    db_int4(&params, (int32_t)csp->max_devices_per_job);
    db_instant(&params, now + csp->busy_give_up + csp_lease(csp));
    db_int4(&params, CSP_AT_ONCE);
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &lease, &params, arena, &rows);
    size_t found = outcome == DONE ? db_row_count(rows) : 0;
    for (*count = 0; *count < found; (*count)++) {
        struct csp_job *job = &jobs[*count];
        *job = (struct csp_job){.csp = csp, .lease = now + csp_lease(csp)};
        read_job(rows, *count, arena, job);
        if (!db_get_bool(rows, *count, IMAGE_SENT))
            outcome = fetch_image(db, arena, job);
        if (outcome != DONE) /* the others can go */
            return *count ? DONE : outcome;
    }
    return outcome;
}

/* ---- one try ---- */

/* The image's name on the wire: its SHA-256 in lower case. */
static const char *image_name(const struct csp_job *job, struct arena *arena) {
    char *text = arena_alloc(arena, 2 * job->image_id.len + 1);
    hex_format(job->image_id, text);
    for (char *c = text; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return text;
}

/* Lost, it only costs sending the image again, which the CSP knows then. */
static void note_image_sent(const struct csp_job *job, struct db *db,
                            struct arena *arena) {
    static const struct db_statement note = {"image_sent",
                                             "select image_sent($1, $2, $3)"};
    struct db_params params = DB_PARAMS(arena);
    db_text(&params, job->csp->name);
    db_bytea(&params, job->image_id);
    db_instant(&params, clock_now());
    db_run(db, &note, &params, arena, NULL);
}

static struct csp_answer send_image(const struct csp_job *job, struct db *db,
                                    struct http_client *client,
                                    struct arena *arena) {
    static const unsigned good[] = {200, 201, 0};
    const struct csp_call call = {
        .method = "PUT",
        .path =
            arena_printf(arena, "/firmware-images/%s", image_name(job, arena)),
        .media_type = "application/octet-stream",
        .body = job->image,
        .good = good};
    struct csp_answer answer;
    csp_post(client, job->csp, arena, &call, &answer, 1);
    if (answer.verdict != CSP_TAKEN)
        return answer;
    crash_point(CRASH_job_image_taken);
    note_image_sent(job, db, arena);
    crash_point(CRASH_job_image_noted);
    return answer;
}

static json_t *targets(const struct csp_job *job) {
    json_t *list = json_array();
    for (size_t i = 0; i < job->device_count; i++) {
        char device[EUI64_TEXT_SIZE], hub[EUI64_TEXT_SIZE];
        eui64_format(job->device_ids[i], device);
        eui64_format(job->chf_ids[i], hub);
        json_array_append_new(list, json_pack("{s:s, s:s}", "deviceId", device,
                                              "commsHubId", hub));
    }
    return list;
}

static struct span compose(const struct csp_job *job, struct arena *arena) {
    char version[9];
    hex_format(job->firmware_version, version);
    json_t *object = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o}", "jobId", job->job_id, "requestId",
        job->request_id, "deviceType", job->device_type, "firmwareVersion",
        version, "imageId", image_name(job, arena), "targets", targets(job));
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return span_text(arena_adopt(arena, text, free));
}

void csp_jobs_send(const struct csp_job *jobs, struct csp_answer *answers,
                   size_t count, struct db *db, struct http_client *client,
                   struct arena *arena) {
    static const unsigned good[] = {202, 0};
    struct csp_call calls[CSP_AT_ONCE];
    const struct csp_job *last = &jobs[count - 1];
    if (last->image.len) {
        answers[count - 1] = send_image(last, db, client, arena);
        if (answers[count - 1].verdict != CSP_TAKEN)
            count--;
    }
    for (size_t i = 0; i < count; i++)
        calls[i] = (struct csp_call){.method = "POST",
                                     .path = "/firmware-jobs",
                                     .media_type = "application/json",
                                     .key = jobs[i].job_id,
                                     .body = compose(&jobs[i], arena),
                                     .good = good};
    csp_post(client, last->csp, arena, calls, answers, count);
}

/* ---- what became of it ---- */

enum outcome csp_jobs_taken(const struct csp_job *jobs,
                            const struct csp_answer *answers, size_t count,
                            struct db *db, struct arena *arena) {
    static const struct db_statement note = {"jobs_handed_over",
                                             "select jobs_handed_over($1, $2)"};
    int64_t taken[CSP_AT_ONCE];
    size_t taken_count = 0;
    for (size_t i = 0; i < count; i++)
        if (answers[i].verdict == CSP_TAKEN)
            taken[taken_count++] = jobs[i].job_no;
    if (!taken_count)
        return DONE;
    struct db_params params = DB_PARAMS(arena);
    db_int8s(&params, taken, taken_count);
    db_instant(&params, clock_now());
    return db_run(db, &note, &params, arena, NULL);
}

static enum outcome again(const struct csp_job *job, instant next,
                          const char *error, struct db *db,
                          struct arena *arena) {
    static const struct db_statement note = {
        "job_again", "select job_again($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(arena);
    db_int8(&params, job->job_no);
    db_instant(&params, next);
    db_text(&params, error);
    db_instant(&params, job->lease);
    return db_run(db, &note, &params, arena, NULL);
}

struct failure {
    const struct csp_job *job;
    const char *event, *reason, *error;
    instant tracking_timeout;
    struct arena *arena;
};

static enum outcome fail(struct db *db, void *context) {
    static const struct db_statement note = {
        "job_failed", "select job_failed($1, $2, $3, $4, $5,"
                      " $6::bigint * interval '1 microsecond')"};
    const struct failure *failure = context;
    struct db_params params = DB_PARAMS(failure->arena);
    db_int8(&params, failure->job->job_no);
    db_text(&params, failure->event);
    db_text(&params, failure->reason);
    db_text(&params, failure->error);
    db_instant(&params, clock_now());
    db_int8(&params, failure->tracking_timeout);
    return db_run(db, &note, &params, failure->arena, NULL);
}

/* When the job is tried again, or RETRY_NEVER. Retry-After may put a try of
 * the long retry off, but the immediate one takes place. */
static instant next_try(const struct csp_job *job,
                        const struct csp_answer *answer) {
    const struct config_csp *csp = job->csp;
    const struct retry_policy policy = {.immediate = 1,
                                        .first = csp->busy_retry,
                                        .most = csp_longest_pause(csp),
                                        .give_up = csp->busy_give_up};
    instant now = clock_now(), end = job->created + csp->busy_give_up;
    instant next = retry_at(&policy, job->tries + 1, job->created, now);
    if (next == RETRY_NEVER || next <= now)
        return next;
    instant asked = now + answer->retry_after;
    if (asked > end)
        asked = end;
    return asked > next ? asked : next;
}

enum outcome csp_job_not_taken(const struct csp_job *job,
                               const struct csp_answer *answer,
                               const struct config *config, struct db *db,
                               struct arena *arena, const char **ended_in) {
    struct failure failure = {job,
                              "csp_refused",
                              answer->reason,
                              answer->detail,
                              config->tracking_timeout,
                              arena};
    *ended_in = "refused";
    if (answer->verdict != CSP_REFUSED) {
        instant next = next_try(job, answer);
        *ended_in = "again";
        if (next != RETRY_NEVER)
            return again(job, next, answer->detail, db, arena);
        *ended_in = "given_up";
        failure.event = "csp_never_answered";
        failure.reason = "NEVER_ANSWERED";
    }
    return db_transact(db, fail, &failure, true);
}
