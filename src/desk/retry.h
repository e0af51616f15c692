/* What of a request did not succeed and may be sent again now, and why the rest
 * may not (sql/screen_retry.sql): its rows, for the CSV of the screens and for
 * fotactl, and the request that sends them again. */
#ifndef FOTAD_DESK_RETRY_H
#define FOTAD_DESK_RETRY_H

#include "desk/desk.h"
#include "desk/view.h"

/* In the order of list_retry(); the first is the key that a next page begins
 * after. */
enum { RETRY_FIELDS = 8 };
extern const struct view_field retry_fields[RETRY_FIELDS];

struct retry_filter {
    int64_t request_no;
    const char *reason; /* only with this status or reason; NULL: all */
    const struct config *config;
    instant now;
};

/* Parameters: those of retry_filter_add(), the key to begin after (as text, or
 * null; of the page an EUI-64), and the most rows (or null). */
extern const struct db_statement retry_rows, retry_page;
void retry_filter_add(struct db_params *params,
                      const struct retry_filter *filter);

/* *xml gets an unsigned DUIS request with the devices that may be sent again
 * now, *devices how many these are. REFUSED when there is none, or the octets
 * of its image are no longer held. */
enum outcome retry_request(struct desk *desk, const struct retry_filter *filter,
                           const char **xml, int64_t *devices);

#endif
