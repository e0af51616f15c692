#include "request/pipeline.h"

#include "request/metrics.h"
#include "request/step.h"

struct step {
    enum part part;
    const char *name;
    enum outcome (*run)(struct rq *rq);
    enum outcome (*run_batch)(const struct rq_batch *batch);
    const char *ways[DUIS_BODIES]; /* of each body: "N-RD" */
};

/* A body without a cell does not compile. */
#define CELLS(...)                                                             \
    sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)
#define STEP(part, name, function, ...)                                        \
    _Static_assert(CELLS(__VA_ARGS__) == DUIS_BODIES, name);
#define BATCH_STEP STEP
#include "request/steps.def"

static const struct step steps[] = {
#define STEP(part, name, function, ...)                                        \
    {part, name, function, NULL, {__VA_ARGS__}},
#define BATCH_STEP(part, name, function, ...)                                  \
    {part, name, NULL, function, {__VA_ARGS__}},
#include "request/steps.def"
};

static bool step_leads(const struct step *step, enum part part,
                       const struct rq *rq) {
    return step->part == part && strchr(step->ways[rq->duis.body], rq->way);
}

static enum outcome step_run(const struct step *step,
                             const struct rq_batch *batch) {
    instant start = clock_elapsed();
    enum outcome outcome =
        step->run ? step->run(batch->rqs[0]) : step->run_batch(batch);
    if (batch->rqs[0]->way != WAY_DRY_RUN)
        request_observe_step(step->name, clock_elapsed() - start, batch->count);
    return outcome;
}

/* A statement outside of a transaction may pass at another try. A released
 * request is all in one transaction, and who asks for a dry run asks again. */
static bool step_repeats(const struct step *step, const struct rq *rq) {
    return (step->part == EXAMINE || step->part == REFUSAL) &&
           (rq->way == WAY_NEW || rq->way == WAY_HELD);
}

static enum outcome step_insist(const struct step *step,
                                const struct rq_batch *batch) {
    enum outcome outcome = step_run(step, batch);
    for (int tries = 1; outcome == RETRY && tries < DB_MOST_TRIES; tries++) {
        db_pause(tries);
        outcome = step_run(step, batch);
    }
    return outcome;
}

enum outcome pipeline_run(enum part part, const struct rq_batch *batch) {
    const struct rq *rq = batch->rqs[0];
    enum outcome outcome = DONE;
    for (size_t i = 0; i < sizeof steps / sizeof *steps && outcome == DONE; i++)
        if (step_leads(&steps[i], part, rq))
            outcome = step_repeats(&steps[i], rq)
                          ? step_insist(&steps[i], batch)
                          : step_run(&steps[i], batch);
    return outcome;
}
