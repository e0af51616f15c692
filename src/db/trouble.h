/* What a server's refusal means, for this room only. */
#ifndef FOTAD_DB_TROUBLE_H
#define FOTAD_DB_TROUBLE_H

#include <stdbool.h>

/* A kind of trouble that may pass. */
struct trouble {
    const char *sqlstate; /* or the beginning of it */
    const char *what;     /* in metrics and logs */
    const char *advice;   /* to the operator; NULL: nothing to do */
    bool leave;           /* this connection is of no use any more */
};

/* The connection broke, or none could be made. */
extern const struct trouble TROUBLE_LOST, TROUBLE_UNREACHABLE;

/* NULL: the same would happen again. */
const struct trouble *trouble_of(const char *sqlstate);

/* What kept a connection from being made, by what was said. */
const struct trouble *trouble_of_connecting(const char *reason);

/* Counts it, and says it in the log if that was not done just now. */
void trouble_tell(const struct trouble *trouble, const char *reason);

/* A connection was made. */
void trouble_connected(void);

#endif
