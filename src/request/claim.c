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

enum { MOST_REGIONS = 8 * CONFIG_MOST_CSPS };

void request_add_regions(struct db_params *params,
                         const struct config *config) {
    const char *regions[MOST_REGIONS], *csps[MOST_REGIONS];
    size_t count = 0;
    for (size_t i = 0; i < config->csp_count; i++) {
        char *rest =
            arena_text(params->arena, span_text(config->csps[i].regions));
        for (char *one; count < MOST_REGIONS && (one = strsep(&rest, ","));) {
            one += strspn(one, " ");
            regions[count] = one;
            csps[count++] = config->csps[i].name;
        }
    }
    db_texts(params, regions, count);
    db_texts(params, csps, count);
}

static enum outcome store_image(struct rq *rq) {
    static const struct db_statement store = {"store_image",
                                              "select store_image($1, $2, $3)"};
    if (rq->image_known || rq->rehearsal)
        return DONE;
    struct db_params params = DB_PARAMS(rq->arena);
    db_bytea(&params, span_of(rq->image_id, sizeof rq->image_id));
    db_bytea(&params, span_of(rq->image_hash, sizeof rq->image_hash));
    db_bytea(&params, rq->duis.image);
    return db_run(rq->db, &store, &params, rq->arena, NULL);
}

/* Parameters that claiming and rehearsing it have in common, as $1 to $8. */
static void name_devices(struct db_params *params, const struct rq *rq) {
    const struct config *config = rq->management->config;
    db_eui64(params, rq->duis.originator);
    db_eui64s(params, rq->device_ids, rq->device_count);
    add_minimum_gbcs(params, config);
    db_bool(params, config->hcalcs_either_supplier);
    request_add_regions(params, config);
    db_instant(params, rq->received);
}

static enum outcome claim_devices(struct rq *rq, struct db_rows **rows) {
    static const struct db_statement claim = {
        "claim_devices",
        "select accepted, refused_ordinals, refused_lists"
        " from claim_devices($9, $1, $2, $3::device_type[], $4, $5,"
        " $6::csp_region[], $7::text[], $8, $10)"};
    struct db_params params = DB_PARAMS(rq->arena);
    name_devices(&params, rq);
    db_int8(&params, rq->request_no);
    db_instant(&params,
               rq->received + rq->management->config->tracking_timeout);
    return db_run(rq->db, &claim, &params, rq->arena, rows);
}

static enum outcome rehearse_claim(struct rq *rq, struct db_rows **rows) {
    static const struct db_statement rehearse = {
        "rehearse_claim",
        "select accepted, refused_ordinals, refused_lists"
        " from rehearse_claim($9, $10, $11, $1, $2, $3::device_type[], $4, $5,"
        " $6::csp_region[], $7::text[], $8)"};
    struct db_params params = DB_PARAMS(rq->arena);
    name_devices(&params, rq);
    db_text(&params, rq->duis.service_reference_variant);
    db_bytea(&params, span_of(rq->image_hash, sizeof rq->image_hash));
    request_add_version(&params, rq);
    return db_run(rq->db, &rehearse, &params, rq->arena, rows);
}

enum step request_claim(struct rq *rq) {
    request_list_devices(rq);
    struct db_rows *rows;
    enum outcome outcome =
        rq->rehearsal ? rehearse_claim(rq, &rows) : claim_devices(rq, &rows);
    if (outcome != DONE)
        return rq_database(outcome);
    rq->accepted = (size_t)db_get_int(rows, 0, 0);
    int32_t *ordinals, *lists;
    size_t refused = db_get_int4s(rows, 0, 1, rq->arena, &ordinals);
    db_get_int4s(rows, 0, 2, rq->arena, &lists);
    sort_refused(rq, ordinals, lists, refused);
    if (rq->accepted == 0)
        return rq_end(rq, CONDITION_every_device_failed, "");
    outcome = store_image(rq);
    if (outcome != DONE)
        return rq_database(outcome);
    return refused ? rq_end(rq, CONDITION_some_devices_failed, "") : STEP_ON;
}
