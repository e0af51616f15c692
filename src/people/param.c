#include "people/param.h"

void param_viewer(struct db_params *params, const struct person *person) {
    db_eui64_at(params, person->supplier);
}

void param_narrowing(struct db_params *params, const void *narrowing) {
    const struct query_narrowing *n = narrowing;
    param_viewer(params, n->person);
    db_eui64_if(params, n->has_user, n->user);
    db_text(params, n->state);
}
