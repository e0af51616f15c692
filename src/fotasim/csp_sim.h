/* Inside the emulated CSP. */
#ifndef FOTAD_FOTASIM_CSP_SIM_H
#define FOTAD_FOTASIM_CSP_SIM_H

#include "fotasim/csp.h"
#include "http/client.h"

#include <pthread.h>
#include <stdio.h>

/* Identifiers seen, with how often. */
struct csp_seen {
    struct csp_seen_row {
        char *id;
        unsigned count;
        bool taken;
    } * rows;
    size_t count, size;
};

struct csp_said; /* a message that is to be said */
struct csp_image;

struct csp_sim {
    struct csp_options options;
    struct http_listener *listener;
    pthread_t speakers[CSP_MOST_CONNECTIONS], ticker;
    unsigned speaker_count;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t moved;
    bool stopping;
    struct csp_seen seen[CSP_ROUTES], said;
    FILE *files[CSP_ROUTES], *said_file;
    struct csp_said *waiting; /* by due time */
    struct csp_image *images;
    struct sim_han *han; /* its own lock; NULL: no hubs are emulated */
};

/* The row of `id`, made if it is new. Under the lock. */
struct csp_seen_row *csp_seen(struct csp_seen *seen, const char *id);

/* Reads and opens the files of the state folder; false after saying why. */
bool csp_journal_open(struct csp_sim *sim);
void csp_journal_close(struct csp_sim *sim);
/* Appends one line (`line` is taken over). Under the lock. */
void csp_journal_write(FILE *file, json_t *line);

/* Plans what is said of a job that was taken: one report, notifications. */
void csp_plan_job(struct csp_sim *sim, const json_t *job);

/* Plans that the devices of a job, or of a command, hear of it. */
void csp_plan_command(struct csp_sim *sim, const json_t *command);

/* A thread that says what is due. */
void *csp_speak(void *sim);
void csp_forget_waiting(struct csp_sim *sim);

/* ---- emulated hubs and devices (csp_han.c); never under the lock ---- */

void csp_han_keep_image(struct csp_sim *sim, const char *id,
                        struct span octets);
void csp_han_forget_images(struct csp_sim *sim);
/* The image of the job has reached the hubs of its devices. */
void csp_han_deliver(struct csp_sim *sim, const json_t *job);
void csp_han_command(struct csp_sim *sim, const json_t *command);
/* What devices do at their time. */
void csp_han_turn(struct csp_sim *sim);

#endif
