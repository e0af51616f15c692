/*
 * Requests that anomaly detection held and the Service Desk released: each
 * goes through the other steps as if it came now, from the octets as they
 * were received, in one transaction. What it would have been answered goes to
 * its sender's Receive Response address. One that nobody decided on within
 * [anomaly_detection] hold_most is rejected.
 *
 * Several fotad may do it; a request is taken by one. What fails by our own
 * fault is tried again a minute later.
 */
#ifndef FOTAD_REQUEST_RELEASE_H
#define FOTAD_REQUEST_RELEASE_H

#include "db/task.h"
#include "request/management.h"

/* Does what is due now. RETRY or FAILED when the database did not let it; what
 * was done until then is done. `*taken`: how many requests it took in hand. */
enum outcome request_release(const struct request_management *management,
                             struct db *db, size_t *taken);

/* A task that looks every second; task_stop() lets it finish the request in
 * hand, and the others wait for the next start. `management` must live as
 * long. */
struct task *request_releases_start(struct request_management *management);

#endif
