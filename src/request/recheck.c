#include "request/recheck.h"

#include "base/log.h"
#include "duis/signature.h"
#include "request/step.h"

enum outcome request_recheck(const struct config *config, struct db *db,
                             struct arena *arena, struct span body, instant at,
                             const char **fault) {
    struct request_management management = {.config = config};
    struct rq rq = {.management = &management,
                    .db = db,
                    .arena = arena,
                    .body = body,
                    .received = at,
                    .way = WAY_DRY_RUN,
                    .detail = ""};
    enum outcome outcome = request_parse(&rq);
    if (outcome == DONE && !duis_is_signed(&rq.duis.document))
        outcome = rq_refuse(&rq, CONDITION_not_authentic, "it is not signed");
    if (outcome == DONE)
        outcome = request_verify(&rq);
    log_set_request(NULL);
    *fault = outcome == REFUSED ? rq.detail : NULL;
    return outcome;
}
