/* One Service Request in hand, for the steps of this room only. */
#ifndef FOTAD_REQUEST_REQUEST_H
#define FOTAD_REQUEST_REQUEST_H

#include "cpl/ota.h"
#include "device/command.h"
#include "duis/request.h"
#include "duis/response.h"
#include "request/pipeline.h"

/* What a step says. */
enum step {
    STEP_ON,     /* go on with the next */
    STEP_ANSWER, /* the request ends in rq->condition: answer it */
    STEP_SENT,   /* the answer stands in rq->answer already */
    STEP_AGAIN,  /* the database may do it at another try */
    STEP_FAILED, /* our own fault */
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
    const char *threshold; /* "user" or "dcc"; NULL: none */
    int64_t volume;        /* devices in the period, with this request's */
    int32_t quarantine, period_seconds;
};

struct rq {
    const struct request_management *management;
    const struct rules *rules;
    struct db *db;
    struct arena *arena;
    struct span body;
    const char *service; /* "serviceD" */
    instant received;
    eui64 client;   /* of the TLS client certificate; 0: none */
    bool rehearsal; /* judge only */

    struct duis_request duis;      /* parse */
    struct duis_fault fault;       /* parse, when it refuses */
    uint8_t content[OTA_HASH_LEN]; /* verify: SHA-256 of the body */
    const char *user_status;       /* verify; NULL: no such User */
    const char **user_roles;       /* verify */
    size_t user_role_count;        /* verify */
    const char *duis_version;      /* verify */
    bool watched; /* verify: a threshold may concern the User */
    const struct rules_variant *variant; /* authorise */
    struct ota_image image;              /* image */
    uint8_t image_id[OTA_HASH_LEN];      /* image */
    uint8_t image_hash[OTA_HASH_LEN];    /* image */
    enum condition expected;             /* image: what it may well end in */
    const char *expected_detail;         /* image */
    struct span expected_answer;         /* expect: signed, to be stored */
    struct breach breach;                /* count */
    const char *detail;                  /* why it was refused, for the log */
    int64_t request_no;                  /* identify */
    bool replayed;       /* identify: rq->answer is what was answered before */
    eui64 *device_ids;   /* list_devices: each once, sorted */
    uint32_t *positions; /* where each was listed first */
    size_t device_count; /* list_devices */
    size_t judged;       /* claim: devices */
    size_t accepted;     /* claim */
    struct duis_devices refused[REFUSALS]; /* claim: in the order listed */
    struct signed_pre_command pre_command; /* pre-command */
    const instant *execution;              /* device: NULL: at once, or never */
    struct judged_device device;           /* device */
    struct span returned; /* the command or Pre-Command for the answer */

    enum condition condition; /* how it ends */
    struct span answer;       /* the signed DUIS Response */
    const char *error;        /* why the database failed; NULL: ask it */
};

/* Requests whose statements are made together, on one connection; `arena` is
 * for what they are made of. */
struct rq_set {
    struct rq **rqs;
    size_t count;
    struct db *db;
    struct arena *arena;
};

/* Ends the request in a condition; `detail` says more than the condition in
 * the log. */
enum step rq_end(struct rq *rq, enum condition condition, const char *detail);

/* What a database call's outcome means for the step. */
enum step rq_database(enum outcome outcome);

/* Takes what a row of find_signer() or find_sender() says of the User, from
 * column `first` on: status, roles, DUIS version. */
void rq_take_user(struct rq *rq, const struct db_rows *rows, int first);

/* Before the transaction. */
enum step request_parse(struct rq *rq);
enum step request_verify(struct rq *rq);
enum step request_authorise(struct rq *rq);
/* A Signed Pre-Command's form and signature; on with anything else. */
enum step request_check_pre_command(struct rq *rq);
/* An image's size and form (requirement B1), and its hashes; on with anything
 * else. It never ends the request, for the RequestID comes first: rq->expected
 * says what it will end in. */
enum step request_check_image(struct rq *rq);
/* Composes rq->expected_answer, to be written with the RequestID. */
enum step request_expect(struct rq *rq);

/* Anomaly detection (§4.10): counts the devices against the thresholds
 * of the User and of all Users, in a transaction of its own, and sets
 * rq->breach when the request must be held. Nothing for a User that no
 * threshold concerns. */
enum step request_count(struct rq *rq);

/* In the transaction; each may run again after a rollback. */
enum step request_identify(struct rq *rq);
/* Keeps the request whole for the Service Desk to decide on. */
enum step request_hold(struct rq *rq);
/* May the command go to this device, and by which use case? */
enum step request_check_device(struct rq *rq);
/* Make the command of an 11.2, the Pre-Command of an 11.3, the command that a
 * Signed Pre-Command becomes. */
enum step request_read_version(struct rq *rq);
enum step request_transform(struct rq *rq);
enum step request_activate(struct rq *rq);
/* Answers what the steps before ended in (or CONDITION_accepted) and stores
 * the answer. */
enum step request_respond(struct rq *rq);

/* Update requests in the transaction of their set: takes their RequestIDs,
 * judges their images, claims their devices, stores new images, and leaves in
 * each how it ends. Those that were taken before (request_no) are released
 * ones; a set has one kind. DONE, or what the database says. */
enum outcome request_claim(const struct rq_set *set);
/* Composes and stores the answers of those that ended otherwise than was
 * expected. */
enum outcome request_respond_all(const struct rq_set *set);

/* The transaction of an update request, together with small ones that wait at
 * the same time: one of their workers does it for all. STEP_SENT when it is
 * committed, STEP_ANSWER when its RequestID was used with other content. */
enum step request_update(struct rq *rq);

static inline bool request_is_update(const struct rq *rq) {
    return rq->duis.body == DUIS_UPDATE_FIRMWARE ||
           rq->duis.body == DUIS_UPDATE_PPMID_FIRMWARE;
}

/* Forgets what an earlier try came to. */
void request_begin(struct rq *rq);

/* Sixteen parameters: what take_request_ids() wants to know of each. */
void request_add_ids(struct db_params *params, const struct rq_set *set);
/* What the same request was answered before, or CONDITION_request_id_used. */
enum step request_find_earlier(struct rq *rq, struct db *db);
/* listed, accepted and those of each list, into counts[] */
enum { COUNTS = 2 + REFUSALS };
void request_counts(const struct rq *rq, int32_t counts[static COUNTS]);

/* Answers a request that was refused before its RequestID was looked at: the
 * earlier answer when it was refused so before. */
enum step request_refuse(struct rq *rq);

/* Each Device ID of an 11.1 or 11.4 once (requirement A4), sorted, for sorted
 * look-ups are quicker and two requests then take their devices in the same
 * order. */
void request_list_devices(struct rq *rq);

/* Counts a released request, whatever the thresholds say. */
enum outcome request_count_released(struct rq *rq);

/* 1: a Service Request, 2: a Signed Pre-Command (service_request.stage) */
int16_t request_stage(const struct rq *rq);

/* The steps after `identify` that make the effect of the request, in the
 * transaction. */
enum step request_take_effect(struct rq *rq);

/* The steps before the transaction. */
enum step request_examine(struct rq *rq);

/* Counts the devices of an answered request in the metrics. */
void request_count_devices(const struct rq *rq);

/* The FirmwareVersion's octets; empty when it is no number. */
struct span request_version(const struct rq *rq);
/* The code that answers a condition of this request, or "". */
const char *request_code(const struct rq *rq, enum condition condition);

/* Judges the image and the devices as request_claim() would at this moment,
 * without any effect. */
enum step request_rehearse_image(struct rq *rq);
enum step request_rehearse_claim(struct rq *rq);

/* Two parameters: the CSP Regions that are served, and by which CSP. They go
 * together. */
void request_add_regions(struct db_params *params, const struct config *config);

/* Z of the ACB and the device. STEP_ANSWER: there is no key to use. */
enum step request_device_secret(struct rq *rq,
                                uint8_t z[static GBCS_SECRET_LEN]);

/* Stores the command as it goes out, to be sent or only returned. `holds`: the
 * device keeps it until its execution time. */
enum step request_store_command(struct rq *rq, bool holds, struct span command);

/* Composes and signs the answer to rq->condition into rq->answer. False when
 * signing failed. */
bool request_compose(struct rq *rq);

#endif
