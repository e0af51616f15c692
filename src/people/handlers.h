/* The functions that answer the calls of routes.def, and the pages. A handler
 * is called once the person may call it, and has answered when it returns. */
#ifndef FOTAD_PEOPLE_HANDLERS_H
#define FOTAD_PEOPLE_HANDLERS_H

#include "people/call.h"

typedef void people_handler(struct call *call);
#define ROUTE(operation, method, path, roles, type, handler)                   \
    people_handler handler;
#include "people/routes.def"
#undef ROUTE

/* Everything outside /api/v1. */
people_handler people_page;

#endif
