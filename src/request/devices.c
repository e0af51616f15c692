#include "request/devices.h"

#include "csp_gateway/region.h"

#include <stdlib.h>

/* ---- what was listed ---- */

/* A Device ID and where it was listed. */
struct listed {
    eui64 id;
    uint32_t position;
};

static int listed_compare(const void *a, const void *b) {
    const struct listed *x = a, *y = b;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->position < y->position ? -1 : x->position > y->position;
}

void rq_list_devices(struct rq *rq) {
    size_t count = rq->duis.device_id_count;
    if (rq->device_ids)
        return;
    struct listed *all = arena_zero(rq->arena, count, sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[i] = (struct listed){rq->duis.device_ids[i], (uint32_t)i};
    qsort(all, count, sizeof *all, listed_compare);
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

/* ---- what came of them ---- */

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

void rq_take_refused(struct rq *rq, const int32_t *ordinals,
                     const int32_t *lists, size_t refused) {
    rq->judged = rq->device_count;
    rq->accepted = rq->judged - refused;
    if (refused)
        sort_refused(rq, ordinals, lists, refused);
    if (rq->accepted == 0)
        rq_conclude(rq, CONDITION_every_device_failed, "");
    else if (refused)
        rq_conclude(rq, CONDITION_some_devices_failed, "");
}

/* ---- what they are judged by ---- */

static void add_minimum_gbcs(struct db_params *params,
                             const struct config *config) {
    static const char *const types[] = {"ESME", "GSME", "HCALCS", "PPMID"};
    const int32_t minima[] = {
        config->minimum_gbcs_esme, config->minimum_gbcs_gsme,
        config->minimum_gbcs_hcalcs, config->minimum_gbcs_ppmid};
    db_texts(params, types, 4);
    db_int4s(params, minima, 4);
}

void devices_add_rules(struct db_params *params, const struct config *config) {
    add_minimum_gbcs(params, config);
    db_bool(params, config->hcalcs_either_supplier);
    csp_add_regions(params, config);
}
