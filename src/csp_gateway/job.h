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

/* Takes the next jobs that are due, or makes some of devices that wait: at most
 * CSP_AT_ONCE, one if it is large. Only the last may need its image, and then
 * has it. */
enum outcome csp_jobs_lease(struct db *db, const struct config_csp *csp,
                            struct arena *arena, struct csp_job *jobs,
                            size_t *count);

/* One try of each: the image if the CSP has it not, then the jobs. */
void csp_jobs_send(const struct csp_job *jobs, struct csp_answer *answers,
                   size_t count, struct db *db, struct http_client *client,
                   struct arena *arena);

/* Writes that the CSP has taken those jobs whose answer says so. */
enum outcome csp_jobs_taken(const struct csp_job *jobs,
                            const struct csp_answer *answers, size_t count,
                            struct db *db, struct arena *arena);

/* Writes what became of a job that it has not taken, in the words of the
 * metrics: "again", "refused" or "given_up". */
enum outcome csp_job_not_taken(const struct csp_job *job,
                               const struct csp_answer *answer,
                               const struct config *config, struct db *db,
                               struct arena *arena, const char **ended_in);

#endif
