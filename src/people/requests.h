/* The request that a path names. */
#ifndef FOTAD_PEOPLE_REQUESTS_H
#define FOTAD_PEOPLE_REQUESTS_H

#include "people/call.h"

/* Its number, if the person may see it. False: answered. */
bool request_in_path(struct call *call, int64_t *request_no);

#endif
