/* A CSP for tests: answers by a script and remembers what it was sent. */
#ifndef FOTAD_TESTS_FAKE_CSP_H
#define FOTAD_TESTS_FAKE_CSP_H

#include "base/clock.h"

#include <jansson.h>

struct fake_csp;

/* Listens on a free port of 127.0.0.1. Ended with fake_csp_stop(). */
struct fake_csp *fake_csp_start(void);
void fake_csp_stop(struct fake_csp *csp);
/* "http://127.0.0.1:40123" */
const char *fake_csp_url(const struct fake_csp *csp);

/*
 * What PUTs (images) and POSTs (jobs, commands) are answered, one word each,
 * the last for ever:
 *   202               the status, without a body
 *   503+7200          with Retry-After
 *   400:OTHER         with {"reasonCode": "OTHER"}
 *   200={"recalled":[]}  with that body, which has no blanks
 *   202~              a second late
 *   hang              nothing until the caller goes away
 *   reset             the connection is cut
 *   garbage           octets that are not HTTP
 * The texts must live as long as the CSP.
 */
void fake_csp_script(struct fake_csp *csp, const char *images,
                     const char *jobs);
/* The same for DELETEs (recalls); 404 at first. */
void fake_csp_script_recalls(struct fake_csp *csp, const char *recalls);

struct fake_request {
    char method[8], path[128], key[64], authorization[128], media_type[64];
    size_t body_len;
    json_t *json; /* the body of a POST; the CSP's */
    instant at;   /* fotad's clock */
};

/* How many requests of that method came in. */
size_t fake_csp_count(struct fake_csp *csp, const char *method);
/* Waits until there are that many; false after 10 s. */
bool fake_csp_wait(struct fake_csp *csp, const char *method, size_t count);
/* The request of that method at `index` from 0. */
struct fake_request fake_csp_request(struct fake_csp *csp, const char *method,
                                     size_t index);

#endif
