/* A job in hand: what the database says of it, for this room only. */
#ifndef FOTAD_CSP_GATEWAY_JOB_H
#define FOTAD_CSP_GATEWAY_JOB_H

#include "base/config.h"
#include "csp_gateway/post.h"
#include "db/db.h"

struct csp_job {
    const struct config_csp *csp;
    int64_t job_no;
    const char *job_id, *request_id, *device_type;
    struct span firmware_version; /* 4 octets */
    struct span image_id;         /* SHA-256 */
    struct span image; /* its octets; none when the CSP has taken it */
    unsigned tries;    /* before this one */
    instant created;
    instant lease; /* in hand until then */
    eui64 *device_ids, *chf_ids;
    size_t device_count;
};

/* Takes the next job that is due, or makes one of devices that wait, with the
 * image if this CSP needs it. *found: there is one, in *job. */
enum outcome csp_job_lease(struct db *db, const struct config_csp *csp,
                           struct arena *arena, struct csp_job *job,
                           bool *found);

/* One try: the image if it was not taken before, then the job. */
struct csp_answer csp_job_send(const struct csp_job *job, struct db *db,
                               struct http_client *client, struct arena *arena);

/* What became of the job, in the words of the metrics: "handed_over",
 * "again", "refused" or "given_up". */
enum outcome csp_job_settle(const struct csp_job *job,
                            const struct csp_answer *answer,
                            const struct config *config, struct db *db,
                            struct arena *arena, const char **ended_in);

#endif
