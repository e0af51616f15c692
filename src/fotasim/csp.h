/*
 * An emulated CSP (requirements I3 and I4). It takes images
 * (whose hash it checks), jobs and commands, and tells fotad what became of
 * the devices. In the folder `state` it writes as JSON lines what it saw, for
 * those who check:
 *
 *   images.jsonl    {"imageId", "octets", "status"}
 *   jobs.jsonl      the job as it came, and "key", "try", "status", and
 *                   "overload" where it came too much and was taken
 *   recalls.jsonl   {"jobId", "try", "status", "recalled"}
 *   commands.jsonl  the command as it came, and "key", "try", "status"
 *   said.jsonl      {"id", "path", "entries", "status", "answer"}
 *
 * A job is worked once, however often it comes: the same Idempotency-Key gets
 * 202 again. What was taken before a restart is known from these files, and
 * what had not been said then is said after it.
 */
#ifndef FOTAD_FOTASIM_CSP_H
#define FOTAD_FOTASIM_CSP_H

#include "base/clock.h"
#include "fotasim/csp_faults.h"

#include <jansson.h>

enum { CSP_MOST_CONNECTIONS = 16 };

struct csp_options {
    const char *listen;       /* "127.0.0.1:9101", port 0: any free one */
    const char *name;         /* in identifiers: "north" */
    const char *fotad;        /* "http://127.0.0.1:8081" */
    const char *token;        /* what it presents */
    const char *expect_token; /* what fotad has to present; NULL: anything */
    const char *state;        /* a folder, made if it is not there */
    const char *faults;       /* see csp_faults.h; NULL: none */
    /* What it says goes over so many connections at once, at most 16, and so in
     * no order; 0: over one. */
    uint64_t connections;
    /* Hubs and devices: the folder of `fotasim pki`, its seed, and their faults
     * (device_faults.h). NULL: there are none. */
    const char *pki;
    uint64_t seed;
    const char *device_faults;
    const char *recall; /* "yes": it gives jobs back; else DELETE gets 405 */
    /* Admission control; 0: no limit. A job is carried for `hold` milliseconds,
     * when its images are at the hubs, and holds a channel in each radio cell
     * where it has devices: there are so many `cells`, in which the hubs are
     * spread. What is too much is answered 503 with `retry_after` seconds;
     * `overload` "reject": it is taken, and the report rejects all of it;
     * "timeout": it is taken, and fails after `hold`. */
    uint64_t most_jobs, channels, cells, hold, retry_after;
    const char *overload;
};

struct csp_sim;

/* NULL when it cannot: then *reason says why. */
struct csp_sim *csp_sim_start(const struct csp_options *options,
                              const char **reason);
unsigned csp_sim_port(const struct csp_sim *sim);
/* Ends at once; what was not said yet is said by the next one. */
void csp_sim_stop(struct csp_sim *sim);

/* Sends `body` (taken over) to fotad at `path` after a while, again every
 * second until it is answered 200, and never again once said.jsonl has its
 * `id`. Emulated hubs bring their messages by this as well. */
void csp_sim_send(struct csp_sim *sim, const char *id, const char *path,
                  json_t *body, instant delay);

#endif
