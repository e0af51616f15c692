/* The Service Audit Trail as people look into it: of a device, hub, request,
 * User or person over all its days, and a device's state at any moment of it
 * (requirement H1). */
#ifndef FOTAD_DESK_HISTORY_H
#define FOTAD_DESK_HISTORY_H

#include "desk/desk.h"
#include "desk/view.h"

/* In the order of list_trail(); the first is the key that a next page begins
 * after. */
enum { HISTORY_FIELDS = 12 };
extern const struct view_field history_fields[HISTORY_FIELDS];

/* What all holds of: of device and hub at most one. */
struct history_filter {
    bool has_device, has_hub, has_request, has_user;
    eui64 device, hub, user;
    int64_t request_no;
    const char *person;    /* who did it; NULL: anybody */
    const eui64 *supplier; /* who looks; NULL: sees all */
    bool has_from, has_to, has_at;
    instant from, to;
    instant at; /* what was known then */
};

/* Parameters: those of history_filter_add(), the key to begin after (as text,
 * or null), and the most rows (or null). */
extern const struct db_statement history_rows;
void history_filter_add(struct db_params *params, const void *filter);

/* The first six of them: what of, and who looks. */
void history_subject_add(struct db_params *params,
                         const struct history_filter *filter);

/* Device and moment; answers one JSON object, or null. */
extern const struct db_statement history_state;

#endif
