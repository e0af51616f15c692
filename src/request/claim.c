#include "request/request.h"

#include <stdlib.h>

/* A Device ID and where it was listed. */
struct listed {
    eui64 id;
    uint32_t position;
};

static int by_id_and_position(const void *a, const void *b) {
    const struct listed *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->position < y->position ? -1 : x->position > y->position;
}

void request_list_devices(struct rq *rq) {
    size_t count = rq->duis.device_id_count;
    if (rq->device_ids)
        return;
    struct listed *all = arena_zero(rq->arena, count, sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[i] = (struct listed){rq->duis.device_ids[i], (uint32_t)i};
    qsort(all, count, sizeof *all, by_id_and_position);
    rq->device_ids = arena_zero(rq->arena, count, sizeof *rq->device_ids);
    rq->positions = arena_zero(rq->arena, count, sizeof *rq->positions);
    rq->device_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (i && all[i].id == all[i - 1].id)
            continue;
        rq->device_ids[rq->device_count] = all[i].id;
        rq->positions[rq->device_count++] = all[i].position;
    }
}

/* The five lists, each in the order of the request's. */
static void sort_refused(struct rq *rq, const int32_t *ordinals,
                         const int32_t *lists, size_t count) {
    size_t listed = rq->duis.device_id_count;
    uint8_t *list_of = arena_zero(rq->arena, listed, 1);
    for (size_t i = 0; i < count; i++)
        list_of[rq->positions[ordinals[i] - 1]] = (uint8_t)lists[i];
    eui64 *ids[REFUSALS];
    for (int r = 0; r < REFUSALS; r++) {
        ids[r] = arena_zero(rq->arena, count, sizeof **ids);
        rq->refused[r] = (struct duis_devices){ids[r], 0};
    }
    for (size_t i = 0; i < listed; i++)
        if (list_of[i]) {
            int r = list_of[i] - 1;
            ids[r][rq->refused[r].count++] = rq->duis.device_ids[i];
        }
}

/* Device types and CSP Regions go as parallel arrays. */
static void add_minimum_gbcs(struct db_params *params,
                             const struct config *config) {
    static const char *const types[] = {"ESME", "GSME", "HCALCS", "PPMID"};
    const int32_t minima[] = {
        config->minimum_gbcs_esme, config->minimum_gbcs_gsme,
        config->minimum_gbcs_hcalcs, config->minimum_gbcs_ppmid};
    db_texts(params, types, 4);
    db_int4s(params, minima, 4);
}

void request_add_regions(struct db_params *params,
                         const struct config *config) {
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct config_region, name),
        DB_COLUMN(TEXT, struct config_region, csp),
    };
    db_arrays(params, DB_COLUMNS(columns), config->regions,
              config->region_count, sizeof *config->regions);
}

/* Six parameters: what every judging of devices goes by. */
static void add_rules(struct db_params *params, const struct config *config) {
    add_minimum_gbcs(params, config);
    db_bool(params, config->hcalcs_either_supplier);
    request_add_regions(params, config);
}

/* What came of the devices: those refused by their place among the request's,
 * and the list of each. */
static void take_refused(struct rq *rq, const int32_t *ordinals,
                         const int32_t *lists, size_t refused) {
    rq->judged = rq->device_count;
    rq->accepted = rq->judged - refused;
    if (refused)
        sort_refused(rq, ordinals, lists, refused);
    if (rq->accepted == 0)
        rq_end(rq, CONDITION_every_device_failed, "");
    else if (refused)
        rq_end(rq, CONDITION_some_devices_failed, "");
}

/* ---- rehearsal ---- */

enum step request_rehearse_claim(struct rq *rq) {
    static const struct db_statement rehearse = {
        "rehearse_claim",
        "select refused_ordinals, refused_lists"
        " from rehearse_claim($1, $2, $3, $4, $5, $6::device_type[], $7, $8,"
        " $9::csp_region[], $10::text[], $11)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    db_text(&params, rq->duis.service_reference_variant);
    db_bytea(&params, request_version(rq));
    db_bytea(&params, span_of(rq->image_hash, sizeof rq->image_hash));
    db_eui64s(&params, rq->device_ids, rq->device_count);
    add_rules(&params, rq->management->config);
    db_instant(&params, rq->received);
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &rehearse, &params, rq->arena, &rows);
    if (outcome != DONE)
        return rq_database(outcome);
    int32_t *ordinals, *lists;
    size_t refused = db_get_int4s(rows, 0, 0, rq->arena, &ordinals);
    db_get_int4s(rows, 0, 1, rq->arena, &lists);
    take_refused(rq, ordinals, lists, refused);
    return rq->condition == CONDITION_accepted ? STEP_ON : STEP_ANSWER;
}

/* ---- the set ---- */

/* Those that were taken before, or null. */
static void add_numbers(struct db_params *params, const struct rq_set *set) {
    if (!set->rqs[0]->request_no) {
        db_null(params);
        return;
    }
    int64_t *numbers = arena_zero(set->arena, set->count, sizeof *numbers);
    for (size_t i = 0; i < set->count; i++)
        numbers[i] = set->rqs[i]->request_no;
    db_int8s(params, numbers, set->count);
}

/* Where each one's devices begin, and the devices of all. */
static void add_devices(struct db_params *params, const struct rq_set *set) {
    size_t total = 0;
    int64_t *firsts = arena_zero(set->arena, set->count, sizeof *firsts);
    for (size_t i = 0; i < set->count; i++) {
        firsts[i] = (int64_t)total + 1;
        total += set->rqs[i]->device_count;
    }
    eui64 *ids = arena_zero(set->arena, total, sizeof *ids);
    for (size_t i = 0; i < set->count; i++) {
        const struct rq *rq = set->rqs[i];
        if (rq->device_count)
            memcpy(ids + firsts[i] - 1, rq->device_ids,
                   rq->device_count * sizeof *ids);
    }
    db_int8s(params, firsts, set->count);
    db_eui64s(params, ids, total);
}

static enum outcome store_image(const struct rq *rq, const struct rq_set *set) {
    static const struct db_statement store = {"store_image",
                                              "select store_image($1, $2, $3)"};
    struct db_params params = DB_PARAMS(set->arena);
    db_bytea(&params, span_of(rq->image_id, sizeof rq->image_id));
    db_bytea(&params, span_of(rq->image_hash, sizeof rq->image_hash));
    db_bytea(&params, rq->duis.image);
    return db_run(set->db, &store, &params, set->arena, NULL);
}

/* Columns of take_updates() */
enum { REQUEST_NO, CONDITION, IMAGE_KNOWN, REFUSED_ORDINALS, REFUSED_LISTS };

/* A request's row; `before` devices of the set are of those before it. */
static enum outcome settle(struct rq *rq, const struct rq_set *set,
                           const struct db_rows *rows, size_t row,
                           size_t before) {
    if (db_is_null(rows, row, REQUEST_NO)) {
        enum step step = request_find_earlier(rq, set->db);
        return step == STEP_AGAIN ? RETRY : step == STEP_FAILED ? FAILED : DONE;
    }
    rq->request_no = db_get_int(rows, row, REQUEST_NO);
    const char *condition = db_get_text(rows, row, CONDITION);
    if (rq->expected != CONDITION_accepted)
        rq_end(rq, rq->expected, rq->expected_detail);
    else if (*condition)
        rq_end(rq, condition_named(condition), rq->duis.firmware_version.text);
    if (rq->condition != CONDITION_accepted)
        return DONE;
    int32_t *ordinals, *lists;
    size_t refused =
        db_get_int4s(rows, row, REFUSED_ORDINALS, rq->arena, &ordinals);
    db_get_int4s(rows, row, REFUSED_LISTS, rq->arena, &lists);
    for (size_t i = 0; i < refused; i++)
        ordinals[i] -= (int32_t)before;
    take_refused(rq, ordinals, lists, refused);
    bool stored = !rq->accepted || db_get_bool(rows, row, IMAGE_KNOWN);
    return stored ? DONE : store_image(rq, set);
}

enum outcome request_claim(const struct rq_set *set) {
    static const struct db_statement take = {
        "take_updates",
        "select request_no, condition, image_known, refused_ordinals,"
        " refused_lists from take_updates($1, $2, $3, $4::numeric[], $5,"
        " $6::text[], $7::text[], $8, $9, $10, $11, $12, $13, $14::text[],"
        " $15::text[], $16, $17, $18, $19, $20::device_type[], $21, $22,"
        " $23::csp_region[], $24::text[],"
        " $25::bigint * interval '1 microsecond')"};
    const struct config *config = set->rqs[0]->management->config;
    struct db_params params = DB_PARAMS(set->arena);
    add_numbers(&params, set);
    request_add_ids(&params, set);
    add_devices(&params, set);
    add_rules(&params, config);
    db_int8(&params, config->tracking_timeout);
    struct db_rows *rows;
    enum outcome outcome = db_run(set->db, &take, &params, set->arena, &rows);
    size_t before = 0;
    for (size_t i = 0; i < set->count && outcome == DONE; i++) {
        outcome = settle(set->rqs[i], set, rows, i, before);
        before += set->rqs[i]->device_count;
    }
    return outcome;
}
