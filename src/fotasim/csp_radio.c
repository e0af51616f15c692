/* How many jobs an emulated CSP carries at once: a job holds a channel in each
 * radio cell where it has devices, until its images are at the hubs. */
#include "base/json.h"
#include "base/memory.h"
#include "fotasim/csp_sim.h"
#include "fotasim/radio_cell.h"

#include <stdlib.h>

struct csp_carried {
    struct csp_carried *next;
    char *job_id;
    instant ends;   /* clock_elapsed() */
    uint8_t *cells; /* [options.cells]: 1 where it holds a channel */
};

static void carried_free(struct csp_carried *carried) {
    free(carried->job_id);
    free(carried->cells);
    free(carried);
}

void csp_radio_free(struct csp_sim *sim) {
    while (sim->carried) {
        struct csp_carried *first = sim->carried;
        sim->carried = first->next;
        carried_free(first);
    }
}

/* Those that `job_id` names, or whose time is over if it is NULL. */
static void carried_drop(struct csp_sim *sim, const char *job_id) {
    instant now = clock_elapsed();
    for (struct csp_carried **at = &sim->carried; *at;) {
        struct csp_carried *one = *at;
        if (job_id ? strcmp(one->job_id, job_id) != 0 : one->ends > now) {
            at = &one->next;
            continue;
        }
        *at = one->next;
        carried_free(one);
    }
}

void csp_radio_end(struct csp_sim *sim, const char *job_id) {
    carried_drop(sim, job_id);
}

instant csp_radio_takes(const struct csp_sim *sim) {
    return (instant)sim->options.hold * MILLISECOND;
}

static struct csp_carried *carried_new(const struct csp_sim *sim,
                                       const json_t *job) {
    uint64_t cells = sim->options.cells ? sim->options.cells : 1;
    struct csp_carried *carried = memory_alloc(sizeof *carried);
    *carried =
        (struct csp_carried){.job_id = memory_text(csp_text(job, "jobId")),
                             .ends = clock_elapsed() + csp_radio_takes(sim),
                             .cells = memory_alloc(cells)};
    memset(carried->cells, 0, cells);
    size_t i;
    json_t *target;
    json_array_foreach(json_object_get(job, "targets"), i, target) {
        carried->cells[sim_radio_cell(csp_text(target, "commsHubId"), cells)] =
            1;
    }
    return carried;
}

/* A channel in each of its cells, beside those that are held. */
static bool cells_have_room(const struct csp_sim *sim,
                            const struct csp_carried *carried) {
    uint64_t cells = sim->options.cells ? sim->options.cells : 1;
    for (uint64_t cell = 0; sim->options.channels && cell < cells; cell++) {
        uint64_t held = 0;
        for (const struct csp_carried *c = sim->carried; c; c = c->next)
            held += c->cells[cell];
        if (carried->cells[cell] && held >= sim->options.channels)
            return false;
    }
    return true;
}

static bool jobs_have_room(const struct csp_sim *sim) {
    uint64_t count = 0;
    for (const struct csp_carried *c = sim->carried; c; c = c->next)
        count++;
    return !sim->options.most_jobs || count < sim->options.most_jobs;
}

enum csp_admission csp_radio_admit(struct csp_sim *sim, json_t *job) {
    carried_drop(sim, NULL);
    struct csp_carried *carried = carried_new(sim, job);
    if (jobs_have_room(sim) && cells_have_room(sim, carried)) {
        carried->next = sim->carried;
        sim->carried = carried;
        return CSP_CARRIES;
    }
    carried_free(carried);
    const char *overload = sim->options.overload;
    if (!overload || strcmp(overload, "busy") == 0)
        return CSP_IS_FULL;
    json_put(job, "overload", json_text(overload));
    return CSP_GOES_WRONG;
}
