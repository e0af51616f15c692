/* Parameters of statements that may be null. */
#ifndef FOTAD_PEOPLE_PARAM_H
#define FOTAD_PEOPLE_PARAM_H

#include "people/call.h"
#include "people/input.h"

/* The supplier that looks, or null for who sees all. */
void param_viewer(struct db_params *params, const struct person *person);
/* Four of them: user, state, after, limit. */
void param_narrowing(struct db_params *params,
                     const struct query_narrowing *narrowing);

#endif
