/* What an emulated CSP says, and when. */
#include "base/memory.h"
#include "fotasim/csp_sim.h"

#include <stdlib.h>

struct csp_said {
    struct csp_said *next;
    char *id, *path;
    json_t *body;
    instant due; /* clock_elapsed() */
};

/* ---- the list ---- */

static void insert(struct csp_sim *sim, struct csp_said *said) {
    struct csp_said **at = &sim->waiting;
    while (*at && (*at)->due <= said->due)
        at = &(*at)->next;
    said->next = *at;
    *at = said;
    pthread_cond_signal(&sim->moved);
}

static void forget(struct csp_said *said) {
    free(said->id);
    free(said->path);
    json_decref(said->body);
    free(said);
}

void csp_forget_waiting(struct csp_sim *sim) {
    while (sim->waiting) {
        struct csp_said *first = sim->waiting;
        sim->waiting = first->next;
        forget(first);
    }
}

/* Under the lock. */
static void plan(struct csp_sim *sim, const char *id, const char *path,
                 json_t *body, instant delay) {
    struct csp_said *said = memory_alloc(sizeof *said);
    *said = (struct csp_said){.id = memory_text(id),
                              .path = memory_text(path),
                              .body = body,
                              .due = clock_elapsed() + delay};
    if (csp_seen(&sim->said, id)->taken)
        forget(said);
    else
        insert(sim, said);
}

void csp_sim_say(struct csp_sim *sim, const char *id, const char *path,
                 json_t *body, instant delay) {
    pthread_mutex_lock(&sim->lock);
    plan(sim, id, path, body, delay);
    pthread_mutex_unlock(&sim->lock);
}

/* ---- what is said of a job ---- */

#define REPORTS "/csp/v1/validation-reports"
#define NOTIFICATIONS "/csp/v1/delivery-notifications"
/* not for fotad: what is passed on to emulated hubs */
#define TO_HUBS "hubs"
#define TO_DEVICE "device"

static const char *text(const json_t *object, const char *name) {
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static enum csp_fate fate_of(const struct csp_faults *faults,
                             const json_t *target, const char **reason) {
    eui64 id = 0;
    eui64_parse(span_text(text(target, "deviceId")), &id);
    return csp_fate_of(faults, id, reason);
}

static json_t *report_of(const struct csp_faults *faults, const json_t *job,
                         const char *id) {
    json_t *rejected = json_array();
    const json_t *targets = json_object_get(job, "targets");
    for (size_t i = 0; i < json_array_size(targets); i++) {
        const json_t *target = json_array_get(targets, i);
        const char *reason;
        if (fate_of(faults, target, &reason) == CSP_REJECT)
            json_array_append_new(rejected, json_pack("{s:s, s:s}", "deviceId",
                                                      text(target, "deviceId"),
                                                      "reason", reason));
    }
    return json_pack("{s:s, s:s, s:o}", "reportId", id, "jobId",
                     text(job, "jobId"), "rejected", rejected);
}

/* NULL: nothing is said of this device. */
static json_t *notification_of(const struct csp_faults *faults,
                               const json_t *job, size_t index) {
    static const char *const statuses[CSP_FATES] = {[CSP_WELL] = "Success",
                                                    [CSP_FAIL] = "Failed",
                                                    [CSP_OTHER] = "Other",
                                                    [CSP_ANOTHER_HUB] =
                                                        "Success"};
    const json_t *target =
        json_array_get(json_object_get(job, "targets"), index);
    const char *reason;
    enum csp_fate fate = fate_of(faults, target, &reason);
    if (!statuses[fate])
        return NULL;
    char id[80], now[INSTANT_TEXT_SIZE];
    snprintf(id, sizeof id, "%.40s-%zu", text(job, "jobId"), index);
    bool well = fate == CSP_WELL || fate == CSP_ANOTHER_HUB;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s*}",
                     "notificationId", id, "jobId", text(job, "jobId"),
                     "commsHubId",
                     fate == CSP_ANOTHER_HUB ? "00-00-00-00-00-00-00-00"
                                             : text(target, "commsHubId"),
                     "deviceId", text(target, "deviceId"), "deviceType",
                     text(job, "deviceType"), "firmwareVersion",
                     text(job, "firmwareVersion"), "timestamp",
                     instant_format(clock_now(), now), "status", statuses[fate],
                     "reasonCode", well ? NULL : reason);
}

static void plan_batch(struct csp_sim *sim, const struct csp_faults *faults,
                       const json_t *job, json_t *batch, size_t number) {
    char id[96];
    for (unsigned copy = 0; copy < faults->copies && json_array_size(batch);
         copy++) {
        snprintf(id, sizeof id, "notifications %.40s %zu %u",
                 text(job, "jobId"), number, copy);
        bool single = json_array_size(batch) == 1;
        plan(sim, id, NOTIFICATIONS,
             json_incref(single ? json_array_get(batch, 0) : batch),
             faults->delivery_delay * MILLISECOND);
    }
    json_decref(batch);
}

static void plan_notifications(struct csp_sim *sim,
                               const struct csp_faults *faults,
                               const json_t *job) {
    size_t count = json_array_size(json_object_get(job, "targets"));
    json_t *batch = json_array();
    for (size_t i = 0, number = 0; i < count; i++) {
        json_t *one = notification_of(faults, job, i);
        if (one)
            json_array_append_new(batch, one);
        if (json_array_size(batch) < faults->batch)
            continue;
        plan_batch(sim, faults, job, batch, number++);
        batch = json_array();
    }
    plan_batch(sim, faults, job, batch, count);
}

void csp_plan_job(struct csp_sim *sim, const json_t *job) {
    struct csp_faults faults;
    csp_faults_read(sim->options.faults, &faults);
    char id[96];
    snprintf(id, sizeof id, "%.30s report %.40s", sim->options.name,
             text(job, "jobId"));
    for (unsigned copy = 0; copy < faults.copies; copy++) {
        char said[112];
        snprintf(said, sizeof said, "%s %u", id, copy);
        plan(sim, said, REPORTS, report_of(&faults, job, id),
             faults.report_delay * MILLISECOND);
    }
    plan_notifications(sim, &faults, job);
    if (sim->han)
        plan(sim, text(job, "jobId"), TO_HUBS, json_deep_copy(job),
             faults.delivery_delay * MILLISECOND);
}

void csp_plan_command(struct csp_sim *sim, const json_t *command) {
    plan(sim, text(command, "commandId"), TO_DEVICE, json_deep_copy(command),
         0);
}

/* ---- saying it ---- */

/* The first that is due; NULL when the CSP is to stop. Under the lock. */
static struct csp_said *next_due(struct csp_sim *sim) {
    while (!sim->stopping) {
        instant wait = HOUR;
        if (sim->waiting)
            wait = sim->waiting->due - clock_elapsed();
        if (wait <= 0) {
            struct csp_said *first = sim->waiting;
            sim->waiting = first->next;
            return first;
        }
        struct timespec until = clock_in(wait);
        pthread_cond_clockwait(&sim->moved, &sim->lock, CLOCK_MONOTONIC,
                               &until);
    }
    return NULL;
}

static void send(const struct csp_sim *sim, struct http_client *client,
                 const struct csp_said *said, struct http_answer *answer) {
    char url[512];
    snprintf(url, sizeof url, "%s%s", sim->options.fotad, said->path);
    const char *const headers[] = {"Content-Type: application/json", NULL};
    char *body = json_dumps(said->body, JSON_COMPACT);
    http_client_send(client,
                     &(struct http_message){.method = "POST",
                                            .url = url,
                                            .headers = headers,
                                            .body = span_text(body)},
                     answer);
    free(body);
}

/* Under the lock. */
static void note(struct csp_sim *sim, struct csp_said *said,
                 const struct http_answer *answer) {
    json_t *told =
        json_loadb((const char *)answer->body.data, answer->body.len, 0, NULL);
    bool taken = answer->status == 200;
    json_t *line = json_pack(
        "{s:s, s:s, s:i, s:i, s:o*}", "id", said->id, "path", said->path,
        "entries",
        json_is_array(said->body) ? (int)json_array_size(said->body) : 1,
        "status", (int)answer->status, "answer", told);
    csp_journal_write(sim->said_file, line);
    csp_seen(&sim->said, said->id)->taken = taken;
    if (taken) {
        forget(said);
        return;
    }
    said->due = clock_elapsed() + SECOND;
    insert(sim, said);
}

/* Passes it on to hubs and devices; false when it is for fotad. */
static bool pass_on(struct csp_sim *sim, struct csp_said *said) {
    bool hubs = strcmp(said->path, TO_HUBS) == 0;
    if (!hubs && strcmp(said->path, TO_DEVICE) != 0)
        return false;
    if (hubs)
        csp_han_deliver(sim, said->body);
    else
        csp_han_command(sim, said->body);
    forget(said);
    return true;
}

void *csp_speak(void *context) {
    struct csp_sim *sim = context;
    struct http_client *client = http_client_new(
        &(struct http_client_options){.bearer = sim->options.token});
    pthread_mutex_lock(&sim->lock);
    for (struct csp_said *said; (said = next_due(sim));) {
        struct http_answer answer;
        pthread_mutex_unlock(&sim->lock);
        if (pass_on(sim, said)) {
            pthread_mutex_lock(&sim->lock);
            continue;
        }
        send(sim, client, said, &answer);
        pthread_mutex_lock(&sim->lock);
        note(sim, said, &answer);
        http_answer_free(&answer);
    }
    pthread_mutex_unlock(&sim->lock);
    http_client_free(client);
    return NULL;
}
