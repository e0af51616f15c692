/* What a call asks of the database. Each function answers 503 or 500 and
 * returns false when the database does not do it. */
#ifndef FOTAD_PEOPLE_DATABASE_H
#define FOTAD_PEOPLE_DATABASE_H

#include "people/call.h"

/* Was the outcome of a statement DONE? */
bool database_done(struct call *call, enum outcome outcome,
                   const struct db *db);

/* Runs a statement on the primary; `rows` may be NULL. */
bool database_change(struct call *call, const struct db_statement *statement,
                     const struct db_params *params, struct db_rows **rows);

/* Runs one on what the screens are read from. */
bool database_read(struct call *call, const struct db_statement *statement,
                   const struct db_params *params, struct db_rows **rows);

/* The number of the request that the query names; 0: there is none such. 400
 * for what is no RequestID. */
bool database_find_request(struct call *call, bool *given, int64_t *request_no);

/* Writes into the audit trail what the person did. */
bool database_audit(struct call *call, const char *code, const char *detail);

#endif
