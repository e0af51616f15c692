/* SR 8.2: what the Smart Metering Inventory has of a device, and of the others
 * of its home that its User may see. */
#include "request/step.h"

/* A row of read_inventory(). */
struct inventory_row {
    const char *condition; /* "": a device */
    struct duis_inventory_device device;
};

static const struct db_column inventory_columns[] = {
    DB_COLUMN(TEXT, struct inventory_row, condition),
    DB_COLUMN(EUI64, struct inventory_row, device.id),
    DB_COLUMN(TEXT, struct inventory_row, device.type),
    DB_COLUMN(TEXT, struct inventory_row, device.status),
    DB_COLUMN(TEXT, struct inventory_row, device.manufacturer),
    DB_COLUMN(TEXT, struct inventory_row, device.model),
    DB_COLUMN(TEXT, struct inventory_row, device.smets_version),
    DB_COLUMN(TEXT, struct inventory_row, device.firmware_version),
    DB_COLUMN(TEXT, struct inventory_row, device.firmware_version_status),
    DB_COLUMN(TEXT, struct inventory_row, device.csp_region),
    DB_COLUMN(TEXT, struct inventory_row, device.gbcs_version),
};

static enum outcome find_inventory(struct rq *rq,
                                   const struct inventory_row **found,
                                   size_t *count) {
    static const struct db_statement read = {
        "read_inventory",
        "select condition, device_id, device_type, device_status, manufacturer,"
        " model, smets_version, firmware_version, firmware_status, csp_region,"
        " gbcs_version from read_inventory($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    db_eui64(&params, rq->duis.inventory_device);
    db_text(&params, rq->duis_version);
    db_int4(&params, DUIS_MOST_IN_INVENTORY);
    void *rows;
    enum outcome outcome =
        db_fetch(rq->db, &read, &params, DB_COLUMNS(inventory_columns),
                 sizeof **found, &rows, count);
    *found = rows;
    return outcome;
}

enum outcome request_read_inventory(struct rq *rq) {
    if (!rq->duis.by_device)
        return rq_refuse(rq, CONDITION_inventory_key, "");
    const struct inventory_row *found;
    size_t count;
    enum outcome outcome = find_inventory(rq, &found, &count);
    if (outcome != DONE)
        return outcome;
    if (*found->condition)
        return rq_refuse(rq, condition_named(found->condition), "");
    struct duis_inventory_device *devices =
        arena_zero(rq->arena, count, sizeof *devices);
    for (size_t i = 0; i < count; i++)
        devices[i] = found[i].device;
    rq->inventory = devices;
    rq->inventory_count = count;
    rq_conclude(rq, CONDITION_inventory, "");
    return DONE;
}
