/* Those who send to CSPs need not wait for their next look. */
#include "request/step.h"

#include "csp_gateway/send.h"

enum outcome request_wake_senders(struct rq *rq) {
    if (rq->accepted)
        csp_send_wake(CSP_JOBS);
    if (rq->variant && rq->variant->sent)
        csp_send_wake(CSP_COMMANDS);
    return DONE;
}
