/*
 * A message to a User, from a row of the table alert to signed XML. The same
 * row gives the same message at every try: ResponseID and ResponseDateTime are
 * in it (only the signature's bytes differ, for ECDSA takes a fresh random
 * number).
 *
 * ResponseID (decision 6; the parts of sr:MessageID are originator, target
 * and counter):
 *   a DCC Alert                ACB : User : alert_no, unique for ever
 *   a DeviceAlertMessage       device : User : the device's own counter
 *   an answer to a request     target : originator : counter of its RequestID,
 *                              so all answers of one 11.3 share it
 *
 * ResponseCode: the schema requires one in every header, and of those it lists
 * only I0 (success) fits an alert: I99 acknowledges a request, the others are
 * errors. DCC's own receiver takes a message with any other code as an error.
 * Ours: I0, unless the row says E20 or E21.
 *
 * The row says which version of DUIS it is written in, and whether that has
 * such a message; if not it is N999 (DUISVersionMismatch), with the ResponseID
 * that a DCC Alert of that row has.
 */
#ifndef FOTAD_DELIVERY_COMPOSE_H
#define FOTAD_DELIVERY_COMPOSE_H

#include "delivery/alert.h"
#include "duis/response.h"

/* What is the same for all messages. */
struct alert_sender {
    const struct duis_signer *signer;
    eui64 acb_id;
};

/* Appends the signed document to `out`. False with a reason (constant text)
 * when the row cannot be such a message, or signing failed: our own fault
 * either way; `out` is then as it was. */
bool alert_compose(struct buffer *out, const struct alert_sender *sender,
                   const struct alert *alert, const char **reason);

#endif
