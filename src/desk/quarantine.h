/* Requests that anomaly detection holds, and what people decide on them
 * (requirement A7; docs/architecture.md, Anomaly detection). */
#ifndef FOTAD_DESK_QUARANTINE_H
#define FOTAD_DESK_QUARANTINE_H

#include "desk/desk.h"

struct quarantine_decision {
    const char *request_id;
    const char *state; /* "released" or "rejected" */
};

/* Has the held request of that number (as text: what is no number is refused)
 * go on, or ends it. Once only. */
enum outcome quarantine_decide(struct desk *desk, const char *number,
                               bool release, const char *reason,
                               struct quarantine_decision *decision);

#endif
