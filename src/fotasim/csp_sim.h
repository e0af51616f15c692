/* Inside the emulated CSP. */
#ifndef FOTAD_FOTASIM_CSP_SIM_H
#define FOTAD_FOTASIM_CSP_SIM_H

#include "fotasim/csp.h"
#include "fotasim/device.h"
#include "http/client.h"

#include <pthread.h>
#include <stdio.h>

/* Identifiers seen, with how often. */
struct csp_seen {
    struct csp_seen_row {
        char *id;
        unsigned count;
        bool taken;
        json_t *recalled; /* Device IDs of a job that was; or NULL */
    } * rows;
    size_t count, size;
};

struct csp_message; /* that is to be sent */
struct csp_carried; /* a job that takes channels */
struct csp_image;
struct csp_untold;

struct csp_sim {
    struct csp_options options;
    struct http_listener *listener;
    pthread_t senders[CSP_MOST_CONNECTIONS], ticker;
    unsigned sender_count;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t moved;
    bool stopping;
    struct csp_seen seen[CSP_ROUTES], said;
    FILE *files[CSP_ROUTES], *said_file;
    struct csp_message *waiting; /* by due time */
    struct csp_carried *carried;
    struct csp_image *images;
    struct csp_untold *untold; /* notifications of what waits for room */
    struct sim_han *han;       /* its own lock; NULL: no hubs are emulated */
};

/* What the name of a JSON object says; "" when it is no text. */
static inline const char *csp_text(const json_t *object, const char *name) {
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

/* Something to do with a job or a command as it came. */
typedef void csp_errand(struct csp_sim *sim, const json_t *object);

/* ---- csp_journal.c: the files of the state folder ---- */

/* The row of `id`, made if it is new. Under the lock. */
struct csp_seen_row *csp_seen(struct csp_seen *seen, const char *id);

/* Reads and opens the files; calls `taken_job` for each job that was taken.
 * False after saying why. */
bool csp_journal_open(struct csp_sim *sim, csp_errand *taken_job);
void csp_journal_close(struct csp_sim *sim);
/* Appends one line (`line` is taken over). Under the lock of the file. Ends the
 * program when it cannot: what was seen is what it is for. */
void csp_journal_write(FILE *file, json_t *line);

/* ---- csp_queue.c: what is to be said to fotad and passed on to hubs ---- */

/* As csp_sim_send(). Under the lock. */
void csp_queue_add(struct csp_sim *sim, const char *id, const char *path,
                   json_t *body, instant delay);
/* Runs `errand` with a copy of the object after a while, not under the lock.
 * Under the lock. */
void csp_queue_errand(struct csp_sim *sim, csp_errand *errand,
                      const json_t *object, instant delay);
/* What waits of that job is not said and not passed on. Its devices, or NULL:
 * there is nothing of them. Under the lock. */
json_t *csp_queue_take_back(struct csp_sim *sim, const char *job_id);
/* A thread that sends what is due, until the CSP stops. */
void *csp_queue_run(void *sim);
/* Forgets what waits. */
void csp_queue_free(struct csp_sim *sim);

/* ---- csp_hubs.c: emulated hubs and devices; not under the lock ---- */

/* For the hash that devices compute. */
void csp_hubs_keep_image(struct csp_sim *sim, const char *id,
                         struct span octets);
/* Images and notifications. */
void csp_hubs_forget(struct csp_sim *sim);
/* What they have to say. */
sim_han_stored csp_hubs_stored;
/* Must the image of the job wait for room in the hub of that notification? Then
 * it is sent when the image is there, and not at all if that is discarded
 * before. The only one of these under the lock. */
bool csp_hubs_untold(struct csp_sim *sim, const json_t *job,
                     json_t *notification);
/* The image of the job has reached the hubs of its devices. */
csp_errand csp_hubs_take_image;
csp_errand csp_hubs_take_command;
/* What devices do at their time. */
void csp_hubs_tick(struct csp_sim *sim);

/* ---- csp_radio.c: how many jobs are carried at once. Under the lock ---- */

enum csp_admission { CSP_CARRIES, CSP_IS_FULL, CSP_GOES_WRONG };

/* Is there room for a job? CSP_GOES_WRONG: no, but it is taken, and in the job
 * "overload" says what becomes of its devices. */
enum csp_admission csp_radio_admit(struct csp_sim *sim, json_t *job);
/* It is carried no more. */
void csp_radio_end(struct csp_sim *sim, const char *job_id);
/* How long a job takes to its hubs. */
instant csp_radio_takes(const struct csp_sim *sim);
void csp_radio_free(struct csp_sim *sim);

/* ---- csp_plan.c: what follows. Under the lock ---- */

/* Of a job that was taken: one report, notifications, the image at the hubs. */
csp_errand csp_plan_job;
/* Of a command: its device gets it. */
csp_errand csp_plan_command;

#endif
