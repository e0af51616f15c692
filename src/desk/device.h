/* One device: its firmware update status and why it waits, and the Service
 * Desk's reset (§4.8 and §4.11, requirement C5). */
#ifndef FOTAD_DESK_DEVICE_H
#define FOTAD_DESK_DEVICE_H

#include "desk/desk.h"

/* Who looks at a device. */
struct device_viewer {
    const eui64 *supplier; /* who sees what it is responsible for; NULL: all */
    bool may_reset;
};

/* The one question about a device: its answer is one row of one JSON object
 * (DeviceStatus of schemas/ssi-openapi.json, without dataAge), null when the
 * device was never tracked, if only refusals of it are known (they are seen in
 * their requests), or the viewer may not see it. May be asked of a
 * replica. `timeout`: [tracking] timeout. `params` are empty before. */
extern const struct db_statement device_question;
void device_question_add(struct db_params *params, eui64 device,
                         const struct device_viewer *viewer, instant now,
                         instant timeout);

/* What null means: a sentence as struct desk has it. */
const char *device_missing(struct arena *arena, eui64 device);

/* Ends the update that is in progress; *request_id gets that of its request. */
enum outcome device_reset(struct desk *desk, eui64 device, const char *reason,
                          const char **request_id);

#endif
