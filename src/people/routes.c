/* routes.def as a table: what calls there are, and who may. */
#include "people/listener.h"

const struct people_route people_routes[] = {
#define ROUTE(operation, method, path, roles, type, handler)                   \
    {#operation, method, "/api/v1" path, roles},
#include "people/routes.def"
#undef ROUTE
    {NULL, NULL, NULL, 0},
};
