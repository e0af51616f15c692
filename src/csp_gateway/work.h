/* What is posted to CSPs, for this room only: one round of a task, and what a
 * kind of work is. */
#ifndef FOTAD_CSP_GATEWAY_WORK_H
#define FOTAD_CSP_GATEWAY_WORK_H

#include "base/config.h"
#include "base/crash.h"
#include "base/metrics.h"
#include "csp_gateway/send.h"
#include "db/task.h"
#include "http/client.h"

/* The clock may jump and another process may accept work, so the database is
 * looked at this often, and less often while there is nothing (task_idle). */
#define CSP_POLL (250 * MILLISECOND)

/* What a try comes to. */
enum csp_end {
    CSP_TAKEN,
    CSP_AGAIN,    /* tried again at next_try */
    CSP_REFUSED,  /* 4xx with a reasonCode, or by ourselves */
    CSP_GIVEN_UP, /* it was the last try */
    CSP_LATE,     /* not begun, for too little of its lease was left, or it is
                   * another's by now; leased anew */
    CSP_LEFT,     /* the process ends; it is tried again after its lease */
    CSP_ENDS
};

/* A job, a command or a recall in hand. */
struct csp_item {
    int64_t no;       /* job_no, command_no, recall_no */
    int64_t lease;    /* lease_number */
    const char *id;   /* jobId, commandId: its Idempotency-Key, too */
    int32_t heard;    /* the CSP may have heard of it: 0 or 1 */
    int32_t tries;    /* before this one */
    instant began;    /* since when it could be sent */
    const void *what; /* as leased: struct csp_job, csp_command */

    /* what the try came to */
    enum csp_end end;
    instant next_try;    /* CSP_AGAIN: when; CSP_LATE: INT64_MIN; else
                          * RETRY_NEVER */
    const char *reason;  /* reasonCode as the CSP gave it, or "" */
    const char *detail;  /* for people: what was met; NULL: it was taken */
    bool busy;           /* CSP_AGAIN: it is the CSP that is busy, or away */
    instant retry_after; /* for so long, it says; 0: it does not */
    const void *said;    /* CSP_TAKEN: what struct csp_post.read made of it */
    bool settled;        /* the database knows */
};

/* What a task remembers from round to round. */
struct csp_memory {
    bool was_busy;        /* the CSP; at first as if it had been */
    instant closed_until; /* by clock_elapsed(): nothing goes to it before */
    instant plans_looked; /* by clock_elapsed(): at the plans of requests */
};

/* A round of a task. */
struct csp_round {
    const struct csp_work *work;
    const struct config *config;
    const struct config_csp *csp;
    struct http_client *client;
    struct csp_memory *memory;
    struct task *task;
    struct db *db;
    struct arena *arena;       /* of all that is in hand */
    instant now, lease;        /* in hand until then */
    instant lease_begun, read; /* by clock_since_boot(): before it was
                                * leased, before its bodies were read */
    void *leased;              /* structs of the kind */
    struct csp_item *items;
    size_t count;
};

/* A kind of work. */
struct csp_work {
    enum csp_kind kind;
    /* As in struct task_options. */
    const char *task, *session, *failed;
    size_t most_answer; /* octets of an answer's body that are looked at */
    bool asks_on;       /* no 4xx is a refusal: it is tried again */
    /* Most posts at once to one CSP. */
    unsigned (*most)(const struct config *config);
    /* How long after its beginning the last try is. */
    instant (*give_up)(const struct config *config,
                       const struct config_csp *csp);

    /* Takes what is due at round->now until round->lease: sets leased and
     * count, which may be 0. */
    enum outcome (*lease)(struct csp_round *round);
    size_t size, item; /* of a leased struct; where its struct csp_item is */
    /* Posts all items; sets what the tries came to. */
    void (*post)(struct csp_round *round);
    /* Writes what `count` items with the same end came to; safe to repeat. */
    enum outcome (*settle)(const struct csp_round *round,
                           const struct csp_item *items, size_t count);
    size_t settle_most; /* at once, of those not taken */
    /* Log, and metrics beyond the count of tries. `end` is out of ends, or
     * "forgotten": the database does not know. */
    void (*tell)(const struct csp_round *round, const struct csp_item *item,
                 const char *end, instant took);
    /* How many wait for the CSP ($1), now and then; NULL: nobody asks. */
    const struct db_statement *waiting;
    struct metric_family *waiting_gauge;

    const char *ends[CSP_ENDS]; /* in log and metrics */
    enum crash leased, posted, settled;
    struct metric_family *families; /* the first: tries, by csp and end */
    size_t family_count;
};

#endif
