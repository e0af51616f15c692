/*
 * One Service Request in hand, for the files of this room only: what the steps
 * (steps.def) leave in it for those after them.
 */
#ifndef FOTAD_REQUEST_RQ_H
#define FOTAD_REQUEST_RQ_H

#include "base/outcome.h"
#include "cpl/ota.h"
#include "device/command.h"
#include "duis/request.h"
#include "duis/response.h"
#include "request/management.h"
#include "request/rules.h"

/* Which way a request goes: the letters of steps.def. */
enum way {
    WAY_NEW = 'N',      /* answered at once */
    WAY_HELD = 'H',     /* was new; the Service Desk decides on it */
    WAY_RELEASED = 'R', /* was held; its answer is a message to the User */
    WAY_DRY_RUN = 'D',  /* only judged */
};

/* The five lists of a warning, in the order of the SQL type refusal. */
enum { REFUSALS = 5 };

/* The device of an 11.2 or 11.3 as the inventory has it. */
struct judged_device {
    const char *type, *csp, *gbcs_version;
    eui64 chf;
    struct command_order order; /* acb_counter is not set yet */
};

/* The threshold that a request exceeds. */
struct breach {
    const char *threshold; /* "user" or "dcc" */
    int64_t volume;        /* devices in the period, with this request's */
    int32_t quarantine, period_seconds;
};

struct rq {
    const struct request_management *management;
    const struct rules *rules;
    struct db *db;
    struct arena *arena;
    enum way way;
    struct span body;
    const char *service; /* "serviceD" */
    instant received;
    eui64 client;     /* of the TLS client certificate; 0: none */
    const char *peer; /* where it came from; NULL: it did not come just now */

    /* What each step leaves, in their order. */
    struct duis_request duis;      /* parse */
    struct duis_fault fault;       /* parse, when it refuses */
    const char *duis_version;      /* version: it is read and answered in it */
    uint8_t content[OTA_HASH_LEN]; /* verify: SHA-256 of the body */
    uint8_t meaning[OTA_HASH_LEN]; /* the same but for its signature */
    const char *user_status;       /* verify; NULL: no such User */
    const char **user_roles;       /* verify */
    size_t user_role_count;        /* verify */
    bool watched;        /* verify: a threshold may concern the User */
    const char **warned; /* anomaly: thresholds whose warning level it came
                            to exceed, still to be told */
    size_t warned_count;
    const struct rules_variant *variant;   /* authorise */
    struct signed_pre_command pre_command; /* pre-command */
    struct ota_image image;                /* image */
    uint8_t image_id[OTA_HASH_LEN];        /* image */
    uint8_t image_hash[OTA_HASH_LEN];      /* image */
    const char *image_unsigned;  /* image: why the supplier's signature is none;
                                  * NULL: it is good, or is not looked at */
    enum condition expected;     /* image: what it may well end in */
    const char *expected_detail; /* image */
    eui64 *device_ids;           /* image, anomaly: each once, sorted */
    uint32_t *positions;         /* where each was listed first */
    size_t device_count;
    struct breach breach;        /* anomaly: of a request that is held */
    const char *guard;           /* of a dry run: what it says, as JSON */
    struct span expected_answer; /* expect: signed, to be stored */

    /* What a try at the transaction leaves; rq_reset() forgets it. */
    int64_t request_no; /* identify, claim */
    bool replayed;      /* identify, claim: `answer` is the earlier one */
    bool repeated;      /* the same, or an earlier refusal's */
    bool brings_image;  /* its image is not stored yet */
    size_t judged;      /* claim: devices */
    size_t accepted;    /* claim */
    int64_t hold_no;    /* hold; 0: it is not held */
    struct duis_devices refused[REFUSALS]; /* claim: in the order listed */
    struct judged_device device;           /* device */
    const instant *execution;              /* device: NULL: at once, or never */
    struct span returned; /* the command or Pre-Command for the answer */
    const struct duis_inventory_device *inventory; /* inventory */
    size_t inventory_count;

    enum condition condition; /* how it ends */
    const char *detail;       /* more than the condition says, for the log */
    struct span answer;       /* the signed DUIS Response; empty: none yet */
    const char *put_off;      /* by what it cannot be judged now; NULL: it is */
    const char *error;        /* why the database failed; NULL: ask it */
};

/* Requests that share one transaction and its statements; `arena` is
 * for what these are made of. All go the same way. */
struct rq_batch {
    struct rq **rqs;
    size_t count;
    struct db *db;
    struct arena *arena;
};

/* A batch of one. */
#define RQ_ALONE(one)                                                          \
    (&(struct rq_batch){&(struct rq *){one}, 1, (one)->db, (one)->arena})

/* A step says DONE: on with the next; REFUSED: the request ends in
 * rq->condition, the other steps of that part are left out; RETRY: the database
 * may do it at another try; FAILED: our own fault. */

/* Ends the request in a condition: REFUSED. */
enum outcome rq_refuse(struct rq *rq, enum condition condition,
                       const char *detail);

/* What it is judged by goes by the time, and that is not known: FAILED; nothing
 * is done, and its sender is asked to send it again. */
enum outcome rq_put_off(struct rq *rq, const char *detail);

/* What it comes to unless a later step refuses it. */
void rq_conclude(struct rq *rq, enum condition condition, const char *detail);

/* Forgets what an earlier try at the transaction came to. */
void rq_reset(struct rq *rq);

static inline bool rq_is_update(const struct rq *rq) {
    return duis_body_is_update(rq->duis.body);
}

/* 1: a Service Request, 2: a Signed Pre-Command (service_request.stage) */
int16_t rq_stage(const struct rq *rq);

/* "11.1", or "" while it is not known */
const char *rq_variant(const struct rq *rq);

/* The FirmwareVersion's octets; empty when it is no number. */
struct span rq_firmware_version(const struct rq *rq);

/* The code that answers a condition of this request, as its version of DUIS
 * has it, or "". */
const char *rq_code(const struct rq *rq, enum condition condition);

/* How many devices were listed, accepted and refused by each list: nothing but
 * int32_t, for release.c makes an array of it. */
struct rq_counts {
    int32_t listed, accepted, refused[REFUSALS];
};
struct rq_counts rq_count(const struct rq *rq);

#endif
