/* Orders about updates that are under way: hold, release, stop, reset
 * (sql/steer.sql). */
#ifndef FOTAD_DESK_STEERING_H
#define FOTAD_DESK_STEERING_H

#include "base/eui64.h"
#include "desk/desk.h"

/* Devices that one order may name, as many as a request may. */
enum { STEERING_MOST_DEVICES = 50000 };

/* What is ordered, of the devices of which all is so that is said here; texts
 * as a person gave them, NULL: nothing is said. */
struct steering_order {
    const char *verb;    /* of steering_verbs */
    const char *request; /* RequestID */
    const char *image;   /* Manufacturer Image Hash, hexadecimal */
    const char *model;   /* MANUFACTURER:MODEL or MANUFACTURER:MODEL:HARDWARE,
                            hexadecimal of 2, 2 and 1 octets */
    const char *csp, *device_type;
    const eui64 *user; /* whose requests */
    const eui64 *devices;
    size_t device_count; /* 0: nothing is said */
    const char *reason;
    instant until; /* a hold: when it ends by itself; 0: never */
};

struct steering_end {
    int64_t number; /* of the order */
    bool asked;     /* nothing is done: another person is to decide */
    int64_t devices, under_way; /* it was carried out on; a CSP has them */
};

/* Gives the order, or with [steering] second_person asks for another person's
 * word. `supplier`: who may order of its own requests alone; NULL: of all.
 * Outcomes as all functions of this room; nothing is done unless DONE. */
enum outcome steering_give(struct desk *desk, const eui64 *supplier,
                           const struct steering_order *order,
                           struct steering_end *end);

/* The second person's word on the order of that number. */
enum outcome steering_decide(struct desk *desk, const eui64 *supplier,
                             const char *number, bool approve,
                             const char *reason, struct steering_end *end);

/* ---- plans ---- */

/* How a request goes out: waves, hours, when it holds by itself, as
 * sql/plan.sql reads it: "first 100, next 10%, wait 2h, failures 2% of 50".
 * Empty text: all at once. */
enum outcome plan_set_request(struct desk *desk, const eui64 *supplier,
                              const char *request, const char *plan,
                              const char *reason);

/* The plan that requests begin with: of that User, Service Reference Variant
 * and model (as in an order), each NULL for any. Empty text: none. */
enum outcome plan_set_default(struct desk *desk, const eui64 *user,
                              const char *variant, const char *model,
                              const char *plan, const char *reason);

#endif
