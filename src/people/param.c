#include "people/param.h"

void param_eui64(struct db_params *params, bool given, eui64 id) {
    if (given)
        db_eui64(params, id);
    else
        db_null(params);
}

void param_viewer(struct db_params *params, const struct person *person) {
    const eui64 *supplier = person->supplier;
    param_eui64(params, supplier != NULL, supplier ? *supplier : 0);
}

void param_instant(struct db_params *params, bool given, instant when) {
    if (given)
        db_instant(params, when);
    else
        db_null(params);
}

void param_number(struct db_params *params, bool given, int64_t value) {
    if (given)
        db_int8(params, value);
    else
        db_null(params);
}

void param_narrowing(struct db_params *params,
                     const struct query_narrowing *n) {
    param_eui64(params, n->has_user, n->user);
    db_text(params, n->state);
    param_number(params, n->has_after, n->after);
    db_int4(params, n->limit);
}
