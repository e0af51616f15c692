/* SR 11.2: the command that reads a device's firmware version. */
#include "request/device.h"
#include "request/step.h"

#include <stdlib.h>

/* A number is used only if the transaction commits. */
static enum outcome take_acb_counter(struct rq *rq) {
    static const struct db_statement next = {"next_acb_counter",
                                             "select nextval('acb_counter')"};
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &next, NULL, rq->arena, &rows);
    if (outcome == DONE)
        rq->device.order.acb_counter = (uint64_t)db_get_int(rows, 0, 0);
    return outcome;
}

/* Makes the command of an 11.2. */
enum outcome request_read_version(struct rq *rq) {
    uint8_t z[GBCS_SECRET_LEN];
    enum outcome outcome = request_device_secret(rq, z);
    if (outcome == DONE && !rq->device.order.user_originates)
        outcome = take_acb_counter(rq);
    if (outcome != DONE)
        return outcome;
    struct buffer command = {0};
    if (!command_read_version(&rq->device.order, z, &command))
        return rq_refuse(rq, CONDITION_device_type, "no use case reads it");
    arena_adopt(rq->arena, command.data, free);
    return request_store_command(rq, false, buffer_span(&command));
}
