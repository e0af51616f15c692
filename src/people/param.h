/* Parameters of statements that may be null. */
#ifndef FOTAD_PEOPLE_PARAM_H
#define FOTAD_PEOPLE_PARAM_H

#include "people/call.h"
#include "people/input.h"

/* The supplier that looks, or null for who sees all. */
void param_viewer(struct db_params *params, const struct person *person);
void param_eui64(struct db_params *params, bool given, eui64 id);
void param_instant(struct db_params *params, bool given, instant when);
void param_number(struct db_params *params, bool given, int64_t value);
/* Four of them: user, state, after, limit. */
void param_narrowing(struct db_params *params,
                     const struct query_narrowing *narrowing);

#endif
