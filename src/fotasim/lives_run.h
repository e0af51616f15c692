/* One run of many lives against a fotad. */
#ifndef FOTAD_FOTASIM_LIVES_RUN_H
#define FOTAD_FOTASIM_LIVES_RUN_H

#include "base/config.h"
#include "db/db.h"
#include "fotasim/device.h"
#include "fotasim/estate.h"
#include "fotasim/lives.h"
#include "fotasim/lives_estate.h"
#include "http/client.h"

#include <openssl/types.h>
#include <pthread.h>

/* A step of the run's time; requests are sent once a day. */
#define LIVES_STEP (8 * HOUR)

struct lives_options {
    const char *config;                /* fotad's */
    const char *pki;                   /* the folder of fotasim pki */
    const char *north, *south, *users; /* addresses to listen at */
    uint64_t octets;                   /* of an image */
    uint64_t seed, devices;
    uint64_t life;   /* the first lives, which are printed anyway */
    uint64_t show;   /* lives that went wrong and are printed */
    uint64_t shrink; /* of them are made shorter */
};

struct lives_image {
    struct span octets;
    uint8_t hash[32]; /* of the Manufacturer Image */
};

/* A job that a CSP has taken, and what it will report. */
struct lives_job {
    char id[LIFE_MOST_JOB_ID];
    uint8_t csp;
    instant due; /* of the report; INT64_MAX: none, or done */
    uint32_t *lives;
    uint8_t *updates;
    size_t count;
};

struct lives_run {
    const struct lives_options *options;
    struct arena *arena; /* of the run */
    struct config config;
    int64_t *offset; /* fotad's clock and ours */
    instant begin;   /* of the lives */
    struct lives_estate estate;
    struct life *lives;
    size_t count;
    uint32_t *index; /* open addressing by Device ID: number of the life, + 1 */
    size_t index_size;
    pthread_mutex_t lock; /* of the lives and the jobs, while fotad works */
    pthread_mutex_t told_lock; /* of what Users were told */
    struct lives_job *jobs;
    size_t job_count, job_size;
    struct db *db;
    struct http_client *to_users, *to_csps[LIVES_CSPS];
    struct duis_signer *signers[SIM_SUPPLIERS];
    EVP_PKEY *keys[SIM_SUPPLIERS]; /* that sign commands */
    struct sim_han *han;
    struct lives_image *images; /* by number of sim_firmwares[] */
    struct receiver *csps[LIVES_CSPS], *users;
    uint64_t request_counter, device_counter;
    /* for people */
    size_t requests, notifications, messages, told;
};

/* Where the index begins to look for a device. */
size_t lives_index_of(eui64 device);

/* The life of that device; NULL: it is none of ours. */
struct life *lives_find(const struct lives_run *run, eui64 device);

/* Of the job's hub, or of the one that a message goes through. */
uint8_t lives_csp_of(const struct life *life, eui64 hub);

/* Ends the program: the run cannot go on. */
_Noreturn void lives_die(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
