/*
 * What people do, whichever way they do it: by the screens (src/people) or by
 * fotactl. For each SQL function that both call, this room has the statement,
 * the limits of what is given to it, and a text for each of its outcomes.
 *
 * Every function returns DONE; REFUSED, and then desk->fault and desk->refusal
 * say what is wrong; or RETRY or FAILED of db_run(), whose reason the database
 * connection has. Nothing was changed unless it is DONE.
 */
#ifndef FOTAD_DESK_DESK_H
#define FOTAD_DESK_DESK_H

#include "base/config.h"
#include "base/request_id.h"
#include "db/db.h"

/* Whose fault a refusal is. */
enum desk_fault {
    DESK_MALFORMED, /* what was given cannot be: screens 400, fotactl 2 */
    DESK_UNFIT,     /* it may be elsewhere, but not here: 400, 1 */
    DESK_UNKNOWN,   /* there is no such thing: 404, 1 */
    DESK_CONFLICT,  /* as things are now it cannot be done: 409, 1 */
};

struct desk {
    struct db *db;       /* of the primary */
    struct arena *arena; /* for all that is returned; its owner frees it */
    const struct config *config;
    const char *person; /* for the audit trail */
    instant now;
    /* after REFUSED: a sentence without its capital and full stop; it does not
     * begin with a name that people chose */
    enum desk_fault fault;
    const char *refusal;
};

/* Reasons that a person gives have 1 to this many characters. */
enum { DESK_REASON_MOST = 500 };

/* Reports are of this many days unless somebody says otherwise. */
enum { DESK_USUAL_DAYS = 30 };

/* Sets the refusal; returns REFUSED. */
enum outcome desk_refuse(struct desk *desk, enum desk_fault fault,
                         const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Is it a reason? Otherwise REFUSED. NULL is none. */
enum outcome desk_check_reason(struct desk *desk, const char *reason);

/* The number that a thing is called by, as people say it: digits, the first of
 * them no 0. */
bool desk_read_number(const char *text, int64_t *number);

/* The number of the request with a RequestID (three parameters), 0: there is
 * none. */
extern const struct db_statement desk_request_no;
void desk_request_id_add(struct db_params *params, const struct request_id *id);

/* May a person do here what cannot be undone? Otherwise REFUSED: the clock of
 * the system is in doubt, or this machine's is another. */
enum outcome desk_check_clock(struct desk *desk);

/* An outcome that an SQL function names, when it is a refusal. `text` may have
 * one "%s", for what the refusal is about. */
struct desk_outcome {
    const char *name;
    enum desk_fault fault;
    const char *text;
};

/* Runs a statement whose first column names its outcome: REFUSED when that is
 * in the table, which ends with a NULL name. `rows` may be NULL. */
enum outcome desk_run(struct desk *desk, const struct db_statement *statement,
                      const struct db_params *params,
                      const struct desk_outcome *refusals, const char *about,
                      struct db_rows **rows);

#endif
