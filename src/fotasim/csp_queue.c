/* The messages of an emulated CSP to fotad, and its errands to the hubs behind
 * it, each at its time. */
#include "base/json.h"
#include "base/memory.h"
#include "fotasim/csp_sim.h"

#include <stdlib.h>

struct csp_message {
    struct csp_message *next;
    char *id, *path;    /* path NULL: an errand */
    csp_errand *errand; /* NULL: a message to fotad */
    json_t *body;
    instant due; /* clock_elapsed() */
};

/* ---- the queue ---- */

static void queue_insert(struct csp_sim *sim, struct csp_message *message) {
    struct csp_message **at = &sim->waiting;
    while (*at && (*at)->due <= message->due)
        at = &(*at)->next;
    message->next = *at;
    *at = message;
    pthread_cond_signal(&sim->moved);
}

static void message_free(struct csp_message *message) {
    free(message->id);
    free(message->path);
    json_decref(message->body);
    free(message);
}

void csp_queue_free(struct csp_sim *sim) {
    while (sim->waiting) {
        struct csp_message *first = sim->waiting;
        sim->waiting = first->next;
        message_free(first);
    }
}

void csp_queue_add(struct csp_sim *sim, const char *id, const char *path,
                   json_t *body, instant delay) {
    if (csp_seen(&sim->said, id)->taken) {
        json_decref(body);
        return;
    }
    struct csp_message *message = memory_alloc(sizeof *message);
    *message = (struct csp_message){.id = memory_text(id),
                                    .path = memory_text(path),
                                    .body = body,
                                    .due = clock_elapsed() + delay};
    queue_insert(sim, message);
}

void csp_queue_errand(struct csp_sim *sim, csp_errand *errand,
                      const json_t *object, instant delay) {
    struct csp_message *message = memory_alloc(sizeof *message);
    *message = (struct csp_message){.errand = errand,
                                    .body = json_deep_copy(object),
                                    .due = clock_elapsed() + delay};
    queue_insert(sim, message);
}

/* ---- what is taken back ---- */

static bool is_of_job(const json_t *body, const char *job_id) {
    if (json_is_array(body))
        body = json_array_get(body, 0);
    const json_t *job = json_object_get(body, "job");
    return strcmp(csp_text(job ? job : body, "jobId"), job_id) == 0;
}

/* Devices of a notification, of several, or of a job. */
static void devices_add(json_t *devices, const json_t *body) {
    size_t i;
    json_t *one;
    if (json_is_object(body) && *csp_text(body, "deviceId"))
        json_put(devices, csp_text(body, "deviceId"), json_true());
    if (json_is_object(body))
        body = json_object_get(json_object_get(body, "job"), "targets");
    json_array_foreach(body, i, one) {
        json_put(devices, csp_text(one, "deviceId"), json_true());
    }
}

json_t *csp_queue_take_back(struct csp_sim *sim, const char *job_id) {
    json_t *devices = json_object(), *list = json_array(), *value;
    const char *name;
    for (struct csp_message **at = &sim->waiting; *at;) {
        struct csp_message *message = *at;
        if (!is_of_job(message->body, job_id)) {
            at = &message->next;
            continue;
        }
        devices_add(devices, message->body);
        *at = message->next;
        message_free(message);
    }
    json_object_foreach(devices, name, value) {
        json_add(list, json_text(name));
    }
    json_decref(devices);
    if (json_array_size(list))
        return list;
    json_decref(list);
    return NULL;
}

void csp_sim_send(struct csp_sim *sim, const char *id, const char *path,
                  json_t *body, instant delay) {
    pthread_mutex_lock(&sim->lock);
    csp_queue_add(sim, id, path, body, delay);
    pthread_mutex_unlock(&sim->lock);
}

/* ---- sending ---- */

/* The first that is due; NULL when the CSP is to stop. Under the lock. */
static struct csp_message *queue_next(struct csp_sim *sim) {
    while (!sim->stopping) {
        instant wait = HOUR;
        if (sim->waiting)
            wait = sim->waiting->due - clock_elapsed();
        if (wait <= 0) {
            struct csp_message *first = sim->waiting;
            sim->waiting = first->next;
            return first;
        }
        struct timespec until = clock_in(wait);
        pthread_cond_clockwait(&sim->moved, &sim->lock, CLOCK_MONOTONIC,
                               &until);
    }
    return NULL;
}

static void message_post(const struct csp_sim *sim, struct http_client *client,
                         const struct csp_message *message,
                         struct http_answer *answer) {
    char url[512];
    snprintf(url, sizeof url, "%s%s", sim->options.fotad, message->path);
    const char *const headers[] = {"Content-Type: application/json", NULL};
    char *body = json_dumps(message->body, JSON_COMPACT);
    http_client_send(client,
                     &(struct http_message){.method = "POST",
                                            .url = url,
                                            .headers = headers,
                                            .body = span_text(body)},
                     answer);
    free(body);
}

/* Writes what it was answered; it goes back into the queue unless that was a
 * 200. Under the lock. */
static void message_settle(struct csp_sim *sim, struct csp_message *message,
                           const struct http_answer *answer) {
    json_t *told =
        json_loadb((const char *)answer->body.data, answer->body.len, 0, NULL);
    bool taken = answer->status == 200;
    json_t *line = json_pack(
        "{s:s, s:s, s:i, s:i, s:o*}", "id", message->id, "path", message->path,
        "entries",
        json_is_array(message->body) ? (int)json_array_size(message->body) : 1,
        "status", (int)answer->status, "answer", told);
    csp_journal_write(sim->said_file, line);
    csp_seen(&sim->said, message->id)->taken = taken;
    if (taken) {
        message_free(message);
        return;
    }
    message->due = clock_elapsed() + SECOND;
    queue_insert(sim, message);
}

/* Under the lock, which it leaves meanwhile. */
static void message_send(struct csp_sim *sim, struct http_client *client,
                         struct csp_message *message) {
    struct http_answer answer;
    pthread_mutex_unlock(&sim->lock);
    if (message->errand)
        message->errand(sim, message->body);
    else
        message_post(sim, client, message, &answer);
    pthread_mutex_lock(&sim->lock);
    if (message->errand) {
        message_free(message);
        return;
    }
    message_settle(sim, message, &answer);
    http_answer_free(&answer);
}

void *csp_queue_run(void *context) {
    struct csp_sim *sim = context;
    struct http_client *client = http_client_new(
        &(struct http_client_options){.bearer = sim->options.token});
    pthread_mutex_lock(&sim->lock);
    for (struct csp_message *message; (message = queue_next(sim));)
        message_send(sim, client, message);
    pthread_mutex_unlock(&sim->lock);
    http_client_free(client);
    return NULL;
}
