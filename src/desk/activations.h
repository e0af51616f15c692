/* RSAT_004, the Firmware Activations Service Request Report (§4.11):
 * its rows, for the CSV of the screens and for fotactl. */
#ifndef FOTAD_DESK_ACTIVATIONS_H
#define FOTAD_DESK_ACTIVATIONS_H

#include "desk/desk.h"
#include "desk/view.h"

/* In the order of list_activations(). The first, which is not shown, is the key
 * that a next page begins after. */
enum { ACTIVATION_FIELDS = 13 };
extern const struct view_field activation_fields[ACTIVATION_FIELDS];

struct activation_filter {
    const eui64 *supplier;   /* the sender; NULL: all */
    const char *device_type; /* NULL: all */
    instant from, to;
};

/* Parameters: those of activation_filter_add(), the key to begin after (as
 * text, or null), and the most rows (or null). */
extern const struct db_statement activation_rows;
void activation_filter_add(struct db_params *params,
                           const struct activation_filter *filter);

#endif
