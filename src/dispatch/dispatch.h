/*
 * What goes to a CSP next, of all that waits for it: the one decision, pure. It
 * knows neither database nor network: whoever asks says what waits, what the
 * CSP has and what time it is. fotad asks for each CSP, `fotasim network` for
 * those of its model.
 *
 * - Order: ESME and GSME (DISPATCH_METERS) before HCALCS and PPMID
 *   (DISPATCH_OTHERS), to whom a tenth is left while any wait; among Users by
 *   deficit round robin in devices; of a User the oldest first. But before all
 * that goes, the oldest first, what has waited for a channel of its cell for
 * half a day, and for a quarter what is of a request of few devices: it costs
 * next to nothing, and would wait for the ends of others' campaigns.
 * - Shape: a job is for one image and device type (a pool). It is filled up
 * with what else waits in its pool, whosever it is, oldest first. Who may
 * gather waits for company, but not beyond `gather` or a full job.
 * - Limits: of jobs and devices in flight, devices a minute, channels of a
 * cell; each may be none. A job in flight is one that the CSP has, or is about
 * to get, and of which a device is on its way to its hub.
 * - Window: a CSP that says "busy" is left alone for a pause, its own or one
 *   that doubles; it halves the jobs that it is offered at once, and each that
 *   it takes adds one: dispatch_busy(), dispatch_taken().
 */
#ifndef FOTAD_DISPATCH_DISPATCH_H
#define FOTAD_DISPATCH_DISPATCH_H

#include "base/arena.h"
#include "base/clock.h"

enum dispatch_class { DISPATCH_METERS, DISPATCH_OTHERS, DISPATCH_CLASSES };

/* DISPATCH_GOES: nothing of it stays. */
enum dispatch_reason {
    DISPATCH_GOES,
#define REASON(name, code) DISPATCH_##name,
#include "dispatch/reason.def"
#undef REASON
    DISPATCH_REASONS
};

/* "jobs"; of DISPATCH_GOES "". Static. */
const char *dispatch_reason_code(enum dispatch_reason reason);

/* Devices of one request, one type and one radio cell that may go now. */
struct dispatch_group {
    uint32_t user;  /* index of dispatch_input.users: whose request it is */
    uint32_t pool;  /* same number, below pool_count: same image and device
                     * type, so they may share a job */
    uint32_t cell;  /* index of dispatch_input.channels; 0: not known */
    uint32_t ready; /* devices; 0 is allowed */
    uint32_t request_devices; /* that its whole request has; 0: many */
    enum dispatch_class class;
    instant since; /* when they could first have gone */
};

/* What a CSP takes. 0 is "no limit" but for job_devices. */
struct dispatch_limits {
    uint32_t jobs;               /* in flight */
    uint32_t devices;            /* in flight */
    uint32_t devices_per_minute; /* a job that is begun goes whole */
    uint32_t job_devices;        /* most in one job; above 0 */
    uint32_t meter_share;   /* percent of those before that are left to meters
                             * even when none waits; 0 to 100 */
    uint32_t cell_channels; /* jobs at once in a cell */
    instant gather;         /* how long a group waits for company */
};

/* How a CSP is, from one decision to the next; all zero at first. */
struct dispatch_pace {
    uint32_t window;      /* most jobs that it is offered at once, and has not
                           * answered; 0: it was not busy lately, no limit */
    instant pause;        /* how long nothing went when it was busy last */
    instant paused_until; /* nothing goes before */
    instant spoken[DISPATCH_CLASSES + 1]; /* until when the devices a minute
                                           * are spent: by class, then in all */
};

/* What the CSP has. */
struct dispatch_flight {
    uint32_t jobs[DISPATCH_CLASSES], devices[DISPATCH_CLASSES];
    uint32_t offered; /* of the jobs: those that it has not answered yet */
};

/* A User's account of the round robin, from one decision to the next; all zero
 * at first, and again (by dispatch_decide()) once nothing of his waits. */
struct dispatch_user {
    int64_t deficit; /* devices that he may send before others; below 0: that
                      * he had before his turn */
};

struct dispatch_input {
    instant now;
    struct dispatch_limits limits;
    struct dispatch_pace pace;
    struct dispatch_flight flight;
    const struct dispatch_group *groups; /* oldest first; of a request side by
                                          * side in the order of cells */
    size_t group_count;                  /* below UINT32_MAX */
    size_t pool_count;
    struct dispatch_user *users; /* changed */
    size_t user_count;
    size_t turn; /* user whose turn it is: as the decision before said, or 0 */
    uint32_t *channels; /* changed: jobs in flight in each cell; [0] stays. NULL
                         * if there is no cell but 0 */
    size_t cell_count;
    /* Of this decision: at most so many jobs, and no more of them once they
     * have so many devices. */
    uint32_t most_jobs, most_devices;
};

/* Devices of a group that go in a job. */
struct dispatch_part {
    uint32_t group; /* index of dispatch_input.groups */
    uint32_t devices;
};

struct dispatch_job {
    const struct dispatch_part *parts; /* each group once */
    size_t part_count;
    uint32_t devices;
};

struct dispatch_decision {
    const struct dispatch_job *jobs; /* in the order in which they go */
    size_t job_count;
    const uint8_t *waits; /* [group_count]: enum dispatch_reason */
    struct dispatch_pace pace;
    size_t turn;
    instant next; /* when time alone changes something; INT64_MAX: never */
};

/* The same input has the same decision. All of it is in the arena. Costs time
 * in proportion to the groups. */
void dispatch_decide(const struct dispatch_input *input, struct arena *arena,
                     struct dispatch_decision *decision);

/* Could anything go at all, whatever waits? DISPATCH_GOES, or why not. Cheap:
 * asked before what waits is read. `next` as in a decision. */
enum dispatch_reason dispatch_closed(const struct dispatch_input *input,
                                     instant *next);

/* The CSP took a job. */
void dispatch_taken(struct dispatch_pace *pace);
/* It was too busy for jobs, of which it was offered so many at once. Nothing
 * goes for as long as it asks (retry_after; 0: it does not say), else for a
 * second, which doubles until it takes one, to `longest` at most. */
void dispatch_busy(struct dispatch_pace *pace, uint32_t offered, instant now,
                   instant retry_after, instant longest);

/* Of the devices that have images in a hub, two share a block of its memory
 * but ESME, that has one. Does an image for a device of one type wait for the
 * end of an image for another of that type, for it or that would be discarded?
 * Types as DUIS writes them. ESME and GSME never wait for HCALCS and PPMID. */
bool dispatch_hub_waits(const char *type, const char *taken_by);

#endif
