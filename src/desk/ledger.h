/* The ledger: what a User was told against what it confirmed, and messages told
 * again (requirement E3); what CSPs took against what they reported. */
#ifndef FOTAD_DESK_LEDGER_H
#define FOTAD_DESK_LEDGER_H

#include "desk/desk.h"
#include "desk/view.h"

/* In the order of list_ledger(). The first, which is not shown, is the key that
 * a next page begins after. */
enum { LEDGER_FIELDS = 9 };
extern const struct view_field ledger_fields[LEDGER_FIELDS];

/* In the order of ledger_csps(). */
enum { LEDGER_CSP_FIELDS = 11 };
extern const struct view_field ledger_csp_fields[LEDGER_CSP_FIELDS];

struct ledger_filter {
    eui64 user, acb;
    bool has_from; /* else from the first entry of the trail on */
    instant from, to;
};

/* Parameters: those of ledger_filter_add(), the key to begin after (as text, or
 * null), and the most rows (or null). */
extern const struct db_statement ledger_rows;
void ledger_filter_add(struct db_params *params, const void *filter);

/* Tells a User again what it confirmed from a number on: same address, same
 * ResponseIDs. *messages gets how many; *first_kept the first number that can
 * still be told again, 0 when there is none. */
enum outcome ledger_replay(struct desk *desk, eui64 user, int64_t number,
                           const char *reason, int64_t *messages,
                           int64_t *first_kept);

#endif
