/* What became of updates by model and version, and how Users use the network
 * (sql/outcomes.sql): rows for the CSV of the screens and for fotactl. */
#ifndef FOTAD_DESK_OUTCOMES_H
#define FOTAD_DESK_OUTCOMES_H

#include "desk/desk.h"
#include "desk/view.h"

struct outcome_filter {
    const eui64 *user;       /* whose requests; NULL: all */
    const char *device_type; /* NULL: all */
    bool has_version;
    uint8_t version[4]; /* firmware version that was asked for */
    const char *period; /* of report_periods; NULL: the whole time is one */
    instant from, to;   /* by days (UTC) of the requests */
};

/* In the order of list_outcomes(), list_neighbours() and activation_results(),
 * the number of the row
 * before. The first, which is not shown, is the key that a next page begins
 * after. */
enum { OUTCOME_FIELDS = 14, NEIGHBOUR_FIELDS = 16, RESULT_FIELDS = 15 };
extern const struct view_field outcome_fields[OUTCOME_FIELDS];
extern const struct view_field neighbour_fields[NEIGHBOUR_FIELDS];
extern const struct view_field result_fields[RESULT_FIELDS]; /* RSAT_004 */

/* Parameters: those of the function below, the key to begin after (as text, or
 * null), and the most rows (or null). */
extern const struct db_statement outcome_rows, neighbour_rows, result_rows;
void outcome_filter_add(struct db_params *params,
                        const struct outcome_filter *filter);
/* user, from and to alone */
void neighbour_filter_add(struct db_params *params,
                          const struct outcome_filter *filter);

#endif
