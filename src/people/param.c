#include "people/param.h"

void param_viewer(struct db_params *params, const struct person *person) {
    db_eui64_at(params, person->supplier);
}

void param_narrowing(struct db_params *params,
                     const struct query_narrowing *n) {
    db_eui64_if(params, n->has_user, n->user);
    db_text(params, n->state);
    db_int8_if(params, n->has_after, n->after);
    db_int4(params, n->limit);
}
