#include "request/devices.h"
#include "request/identify.h"
#include "request/step.h"

/* Those that were taken before, or null. */
static void add_request_nos(struct db_params *params,
                            const struct rq_batch *batch) {
    if (!batch->rqs[0]->request_no) {
        db_null(params);
        return;
    }
    int64_t *numbers = arena_zero(batch->arena, batch->count, sizeof *numbers);
    for (size_t i = 0; i < batch->count; i++)
        numbers[i] = batch->rqs[i]->request_no;
    db_int8s(params, numbers, batch->count);
}

/* Where each one's devices begin, and the devices of all. */
static void add_devices(struct db_params *params,
                        const struct rq_batch *batch) {
    size_t total = 0;
    int64_t *firsts = arena_zero(batch->arena, batch->count, sizeof *firsts);
    for (size_t i = 0; i < batch->count; i++) {
        firsts[i] = (int64_t)total + 1;
        total += batch->rqs[i]->device_count;
    }
    eui64 *ids = arena_zero(batch->arena, total, sizeof *ids);
    for (size_t i = 0; i < batch->count; i++) {
        const struct rq *rq = batch->rqs[i];
        if (rq->device_count)
            memcpy(ids + firsts[i] - 1, rq->device_ids,
                   rq->device_count * sizeof *ids);
    }
    db_int8s(params, firsts, batch->count);
    db_eui64s(params, ids, total);
}

static enum outcome store_image(const struct rq *rq,
                                const struct rq_batch *batch) {
    static const struct db_statement store = {"store_image",
                                              "select store_image($1, $2, $3)"};
    struct db_params params = DB_PARAMS(batch->arena);
    db_bytea(&params, span_of(rq->image_id, sizeof rq->image_id));
    db_bytea(&params, span_of(rq->image_hash, sizeof rq->image_hash));
    db_bytea(&params, rq->duis.image);
    return db_run(batch->db, &store, &params, batch->arena, NULL);
}

/* Columns of take_updates() */
enum { REQUEST_NO, CONDITION, IMAGE_KNOWN, REFUSED_ORDINALS, REFUSED_LISTS };

/* What became of its devices; `before` devices of the batch are of the requests
 * before it. */
static void take_devices(struct rq *rq, const struct db_rows *rows, size_t row,
                         size_t before) {
    int32_t *ordinals, *lists;
    size_t refused =
        db_get_int4s(rows, row, REFUSED_ORDINALS, rq->arena, &ordinals);
    db_get_int4s(rows, row, REFUSED_LISTS, rq->arena, &lists);
    for (size_t i = 0; i < refused; i++)
        ordinals[i] -= (int32_t)before;
    rq_take_refused(rq, ordinals, lists, refused);
}

/* A request's row of the answer. */
static enum outcome take_row(struct rq *rq, const struct rq_batch *batch,
                             const struct db_rows *rows, size_t row,
                             size_t before) {
    if (db_is_null(rows, row, REQUEST_NO)) {
        enum outcome outcome = request_find_earlier(rq, batch->db);
        return outcome == REFUSED ? DONE : outcome;
    }
    rq->request_no = db_get_int(rows, row, REQUEST_NO);
    const char *condition = db_get_text(rows, row, CONDITION);
    if (rq->expected != CONDITION_accepted)
        rq_conclude(rq, rq->expected, rq->expected_detail);
    else if (*condition)
        rq_conclude(rq, condition_named(condition),
                    rq->duis.firmware_version.text);
    else
        take_devices(rq, rows, row, before);
    rq->brings_image = rq->accepted && !db_get_bool(rows, row, IMAGE_KNOWN);
    return DONE;
}

static int compare_images(const void *one, const void *other) {
    const struct rq *const *a = one, *const *b = other;
    return memcmp((*a)->image_id, (*b)->image_id, sizeof(*a)->image_id);
}

/* In one order for all, for who stores the same image waits. */
static enum outcome store_images(const struct rq_batch *batch) {
    /* pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
    struct rq **bring = arena_zero(batch->arena, batch->count, sizeof *bring);
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->rqs[i]->brings_image)
            bring[count++] = batch->rqs[i];
    /* NOLINTNEXTLINE(bugprone-sizeof-expression) */
    qsort(bring, count, sizeof *bring, compare_images);
    enum outcome outcome = DONE;
    for (size_t i = 0; i < count && outcome == DONE; i++)
        outcome = store_image(bring[i], batch);
    return outcome;
}

/* Takes the RequestIDs of updates, judges their images, claims their devices,
 * stores new images, and leaves in each how it ends. Those that have a
 * request_no are released ones. */
enum outcome request_claim(const struct rq_batch *batch) {
    static const struct db_statement take = {
        "take_updates",
        "select request_no, condition, image_known, refused_ordinals,"
        " refused_lists from take_updates($1, $2, $3, $4::numeric[], $5,"
        " $6::text[], $7::text[], $8, $9, $10, $11, $12, $13, $14::text[],"
        " $15::text[], $16, $17, $18, $19, $20::device_type[], $21, $22,"
        " $23::csp_region[], $24::text[],"
        " $25::bigint * interval '1 microsecond', $26)"};
    const struct config *config = batch->rqs[0]->management->config;
    struct db_params params = DB_PARAMS(batch->arena);
    add_request_nos(&params, batch);
    request_add_ids(&params, batch);
    add_devices(&params, batch);
    devices_add_rules(&params, config);
    db_int8(&params, config->tracking_timeout);
    request_add_meanings(&params, batch);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(batch->db, &take, &params, batch->arena, &rows);
    size_t before = 0;
    for (size_t i = 0; i < batch->count && outcome == DONE; i++) {
        outcome = take_row(batch->rqs[i], batch, rows, i, before);
        before += batch->rqs[i]->device_count;
    }
    return outcome == DONE ? store_images(batch) : outcome;
}
