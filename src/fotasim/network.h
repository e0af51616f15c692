/*
 * A model of the networks that firmware goes through (`fotasim network`): a
 * year of requests, the CSPs and the hubs, in steps of five minutes. What goes
 * to a CSP next is decided by src/dispatch, as in fotad, or, as it was before
 * there was that: each request at once, as its own jobs.
 *
 *   network_year    the requests: campaigns of Users, or an export
 *   network_clock   what happens when
 *   network_again   what failed, until it is sent again
 *   network_hub     hubs: the block that GSME and PPMID share
 *   network_radio   CSP North: cells, channels, jobs
 *   network_relay   CSP South and Central: admission control
 *   network_send    who sends: as it was, or steered
 *   network_log     what happens to each update, as lines
 *   network_tally   what is counted; network_report says it
 *
 * CSP North (Appendix E): 1,350 cells with 3 or 6 channels; a job holds one in
 * each cell where it has devices for half a day; a cell's jobs wait for it in
 * their order, four days, then their devices fail; of more than 400 jobs at
 * once all devices are rejected. CSP South and Central: takes devices up to a
 * number at once, 503 beyond it; an image is at its hub within a day.
 *
 * Hubs (section 2.3.2): a GSME's image drives out a PPMID's, a newer PPMID's an
 * older; a PPMID's waits while a GSME's is there. What fails or is driven out
 * is sent again by its User a week later, twice.
 */
#ifndef FOTAD_FOTASIM_NETWORK_H
#define FOTAD_FOTASIM_NETWORK_H

#include "base/arena.h"
#include "base/clock.h"
#include "fotasim/random.h"

#include <stdio.h>

/* The time of the model: ticks from the year's first midnight, a Monday. */
typedef uint32_t tick;
#define NETWORK_TICK (5 * MINUTE)
enum {
    TICKS_AN_HOUR = 12,
    TICKS_A_DAY = 24 * TICKS_AN_HOUR,
    NETWORK_YEAR = 365 * TICKS_A_DAY,
    /* time for what is left of it */
    NETWORK_END = NETWORK_YEAR + 120 * TICKS_A_DAY,
};

enum network_type { NETWORK_ESME, NETWORK_GSME, NETWORK_PPMID, NETWORK_TYPES };
enum network_csp { NETWORK_NORTH, NETWORK_SOUTH, NETWORK_CSPS };

enum { NETWORK_TRIES = 3 };

struct network_options {
    uint64_t seed;
    uint64_t scale; /* a network of 1 / scale of the size */
    uint64_t channels;
    uint64_t jobs;   /* of CSP North at once, in the whole network */
    uint64_t gather; /* minutes */
    uint64_t resend; /* days until what failed is sent again */
    bool steered;
    bool blind;     /* who steers does not know the cells of hubs, */
    uint64_t offer; /* and offers CSP North so many jobs at once; 0: `jobs` */
    const char *requests; /* CSV; NULL: a synthetic year */
    const char *log;      /* CSV that is written; NULL: none */
    uint64_t log_every;   /* of one request of so many */
};

/* A request's image for one device. */
struct network_update {
    uint32_t home, request;
    uint8_t tries; /* before this one */
};

struct network_updates {
    struct network_update *rows;
    uint32_t count, size;
};

struct network_request {
    uint32_t user, pool; /* pool: its image */
    uint32_t devices;
    tick received;
    uint8_t type; /* enum network_type */
};

struct network;

/* ---- network_year.c ---- */

struct network_year;
/* NULL after saying why. */
struct network_year *network_year_new(struct network *network);
void network_year_free(struct network_year *year);
/* The requests of a campaign's sitting, or a line of the export. */
void network_year_happen(struct network *network, uint32_t which);

/* ---- network_export.c ---- */

/* Lines of "received,sender,image,device_type,devices", with that header, by
 * time. */
struct network_line {
    tick received;
    uint32_t user, pool, devices;
    uint8_t type;
};

struct network_export {
    struct network_line *lines;
    uint32_t count, size, users, pools;
};

/* False after saying why. The caller frees lines. */
bool network_export_read(const char *path, struct network_export *read);

/* ---- network_clock.c ---- */

enum network_kind {
    HAPPENS_SITTING,   /* a: which */
    HAPPENS_AGAIN,     /* a: user, b: pool; what failed is sent again */
    HAPPENS_PART_ENDS, /* a: part */
    HAPPENS_PART_LATE, /* a: part, b: its number */
    HAPPENS_RELAY,     /* a: part */
    HAPPENS_OFFER,     /* a: job */
    HAPPENS_ARRIVAL,   /* a: home, b: request, tries */
    HAPPENS_HUB_ENDS,  /* a: home, b: when its image came */
    HAPPENS_ASIDE,     /* a: home, b: request, tries */
    HAPPENS_KINDS
};

struct network_event {
    uint8_t kind, tries;
    uint32_t a, b;
};

struct network_clock;
struct network_clock *network_clock_new(void);
void network_clock_free(struct network_clock *clock);
/* At `when`, or never if that is after the end. */
void network_at(struct network *network, tick when,
                const struct network_event *event);
/* The next of `now`; false: there is no more. */
bool network_next(struct network_clock *clock, tick now,
                  struct network_event *event);

/* ---- network_again.c ---- */

void network_updates_add(struct network_updates *updates,
                         const struct network_update *update);

/* What failed: its User sends it again, or no more. */
struct network_again;
struct network_again *network_again_new(const struct network *network);
void network_again_free(struct network_again *again);
void network_fail(struct network *network, const struct network_update *update);
/* All of a User's and an image that failed; the caller frees the rows. */
struct network_updates network_again_take(struct network *network,
                                          uint32_t user, uint32_t pool);

/* ---- network_hub.c ---- */

struct network_hubs;
struct network_hubs *network_hubs_new(uint32_t homes);
void network_hubs_free(struct network_hubs *hubs);
/* An image has come. */
void network_hub_take(struct network *network,
                      const struct network_update *update);
void network_hub_end(struct network *network, uint32_t home, tick came);
/* An image is on its way there: known to who steers. */
void network_hub_expect(struct network *network,
                        const struct network_update *update);
/* It does not come. */
void network_hub_forget(struct network *network,
                        const struct network_update *update);
/* Is the hub's block taken for this image, as dispatch_hub_waits() says? */
bool network_hub_is_taken(const struct network *network,
                          const struct network_update *update);

/* ---- network_radio.c and network_relay.c ---- */

/* A job. Its rows are taken over. */
struct network_radio;
struct network_radio *network_radio_new(struct network *network);
void network_radio_free(struct network_radio *radio);
void network_radio_take(struct network *network,
                        struct network_updates *updates, uint8_t class);
void network_part_ends(struct network *network, uint32_t part);
void network_part_is_late(struct network *network, uint32_t part,
                          uint32_t number);

struct network_relay;
struct network_relay *network_relay_new(struct network *network);
void network_relay_free(struct network_relay *relay);
/* False: it answers such a job with 503. */
bool network_relay_has_room(struct network *network,
                            const struct network_updates *updates);
void network_relay_take(struct network *network,
                        struct network_updates *updates, uint8_t class);
void network_relay_ends(struct network *network, uint32_t part);

/* ---- network_send.c ---- */

struct network_sender;
struct network_sender *network_sender_new(struct network *network);
void network_sender_free(struct network_sender *sender);
/* A request, or what failed of some; of one User and image. The rows are the
 * caller's. */
void network_send(struct network *network, struct network_update *rows,
                  uint32_t count);
void network_offer_again(struct network *network, uint32_t job);
void network_aside_again(struct network *network,
                         const struct network_update *update);
/* What goes now, if anything has changed. */
void network_decide(struct network *network);
/* What failed of a User's and an image goes as a request. */
void network_send_failed(struct network *network, uint32_t user, uint32_t pool);

/* ---- network_log.c ---- */

/* A try of an update: sent (again), taken by its CSP, its image at the hub, on
 * the device, or neither: it failed, or the device did not fetch it. */
enum network_step { STEP_SENT, STEP_TAKEN, STEP_HUB, STEP_DEVICE, STEP_FAILED };

/* A line of options.log, which network_log_open() opens; these are false after
 * saying why. */
bool network_log_open(struct network *network);
bool network_log_close(struct network *network);
void network_log(const struct network *network, enum network_step step,
                 const struct network_update *update);

/* ---- network_tally.c ---- */

/* Of delays, in ticks. */
struct network_delays {
    uint64_t counts[NETWORK_END + 1], total;
};

enum network_count {
    COUNT_REQUESTS,
    COUNT_SINGLE,
    COUNT_UPDATES,
    COUNT_NORTHERN, /* of them */
    COUNT_PPMID,
    COUNT_JOBS_NORTH,
    COUNT_JOBS_SOUTH,
    COUNT_REJECTED,    /* jobs */
    COUNT_TIMED_OUT,   /* jobs */
    COUNT_BUSY,        /* 503 */
    COUNT_GIVEN_UP,    /* jobs after four days of 503 */
    COUNT_FAILED,      /* updates of such jobs */
    COUNT_OUT_BY_GSME, /* PPMID's images driven out */
    COUNT_OUT_BY_PPMID,
    COUNT_NEVER_BEGUN, /* the device did not fetch it in 14 days */
    COUNT_SENT_AGAIN,  /* updates */
    COUNT_LOST,        /* failed at the last try */
    COUNTS
};

struct network_tally {
    uint64_t counts[COUNTS];
    /* from the request to the hub; of those with one device, and to the CSP */
    struct network_delays delivered[NETWORK_CSPS][2 /* PPMID */];
    struct network_delays single, handed_single;
    uint64_t channel_ticks; /* that a channel was busy */
    uint64_t asked_by_day[NETWORK_END / TICKS_A_DAY + 1],
        done_by_day[NETWORK_END / TICKS_A_DAY + 1],
        busy_by_day[NETWORK_END / TICKS_A_DAY + 1];
};

static inline void network_add(struct network_tally *tally,
                               enum network_count count, uint64_t by) {
    tally->counts[count] += by;
}

/* ---- the whole ---- */

/* What a CSP has of us: by class of src/dispatch. */
struct network_flight {
    uint32_t jobs[2], devices[2];
    uint32_t *channels; /* [cells + 1]: jobs of steered in each cell */
    bool changed;       /* since the last decision */
};

static inline void network_flight_ends(struct network_flight *flight,
                                       uint8_t class, uint32_t devices) {
    flight->jobs[class]--;
    flight->devices[class] -= devices;
    flight->changed = true;
}

static inline void network_channel_ends(struct network_flight *flight,
                                        uint32_t cell) {
    if (flight->channels[cell])
        flight->channels[cell]--;
    flight->changed = true;
}

struct network {
    struct network_options options;
    struct sim_random random; /* of networks and hubs: the year has its own */
    tick now;
    uint32_t homes, northern; /* homes of CSP North come first */
    uint32_t cells;           /* 1 to that; 0: none */
    uint32_t users, pools;
    uint32_t most_jobs, most_devices, job_devices, most_relayed;
    struct network_request *requests;
    uint32_t request_count, request_size;
    struct network_year *year;
    struct network_clock *clock;
    struct network_again *again;
    struct network_hubs *hubs;
    struct network_flight flights[NETWORK_CSPS];
    struct network_radio *radio;
    struct network_relay *relay;
    struct network_sender *sender;
    struct network_tally *tally;
    FILE *log; /* NULL: none */
};

static inline enum network_csp network_csp_of(const struct network *network,
                                              uint32_t home) {
    return home < network->northern ? NETWORK_NORTH : NETWORK_SOUTH;
}

/* 0: in none. */
static inline uint32_t network_cell_of(const struct network *network,
                                       uint32_t home) {
    return home < network->northern
               ? 1 + (uint32_t)((uint64_t)home * network->cells /
                                network->northern)
               : 0;
}

/* 0 to below 1. */
static inline double network_chance(struct sim_random *random) {
    return (double)(random_next(random) >> 11) * 0x1p-53;
}

/* Runs the year. The tally is the caller's, who frees it; NULL after saying
 * why. */
struct network_tally *network_run(const struct network_options *options);

/* ---- network_report.c ---- */

struct network_column {
    const char *name;
    const struct network_options *options;
    const struct network_tally *tally;
};

/* A table in Markdown. */
void network_report(const struct network_column *columns, size_t count);
/* The same as a picture; false after saying why not. */
bool network_draw(const char *path, const struct network_column *columns,
                  size_t count);
/* The delay below which so much (0 to 1) of `of` was; in ticks; UINT32_MAX:
 * never. */
tick network_delay(const struct network_delays *const delays[], size_t count,
                   uint64_t of, double share);

#endif
