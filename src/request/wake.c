/* Those who send to CSPs need not wait for their next look. */
#include "request/step.h"

#include "csp_gateway/send.h"
#include "device/send.h"

enum outcome request_wake_senders(struct rq *rq) {
    if (rq->accepted)
        csp_send_wake();
    if (rq->variant && rq->variant->sent)
        command_send_wake();
    return DONE;
}
