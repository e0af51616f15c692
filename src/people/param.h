/* Parameters of statements that may be null. */
#ifndef FOTAD_PEOPLE_PARAM_H
#define FOTAD_PEOPLE_PARAM_H

#include "people/call.h"
#include "people/input.h"

/* The supplier that looks, or null for who sees all. */
void param_viewer(struct db_params *params, const struct person *person);
/* Three of them, of a struct query_narrowing: the viewer, user, state. */
void param_narrowing(struct db_params *params, const void *narrowing);

#endif
