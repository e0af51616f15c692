/* What a request can end in: the names of condition.def. */
#ifndef FOTAD_REQUEST_CONDITION_H
#define FOTAD_REQUEST_CONDITION_H

#include <stdbool.h>

enum condition {
#define CONDITION(name, form) CONDITION_##name,
#include "request/condition.def"
#undef CONDITION
    CONDITIONS
};

/* "not_well_formed" */
const char *condition_name(enum condition condition);
/* Is it answered in DUIS? Otherwise with problem+json. */
bool condition_has_response(enum condition condition);
/* CONDITIONS when there is none of that name. */
enum condition condition_named(const char *name);

#endif
