#include "fotasim/lives_csp.h"

#include "base/base64.h"
#include "base/memory.h"
#include "fotasim/catalogue.h"
#include "fotasim/lives_image.h"
#include "fotasim/lives_plan.h"
#include "fotasim/lives_world.h"
#include "fotasim/receiver.h"
#include "gbcs/payload.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static const char *member_text(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static eui64 member_id(const json_t *object, const char *name) {
    eui64 id = 0;
    eui64_parse(span_text(member_text(object, name)), &id);
    return id;
}

/* ---- jobs ---- */

/* RequestID: originator:target:counter. */
static uint64_t request_counter(const char *request_id) {
    const char *last = strrchr(request_id, ':');
    return last ? strtoull(last + 1, NULL, 10) : 0;
}

static bool job_known(const struct lives_run *run, const char *id) {
    for (size_t i = run->job_count; i-- > 0;)
        if (strcmp(run->jobs[i].id, id) == 0)
            return true;
    return false;
}

static struct lives_job *job_add(struct lives_run *run, const char *id,
                                 size_t most) {
    if (run->job_count == run->job_size) {
        run->job_size = run->job_size * 2 + 64;
        run->jobs = memory_grow(run->jobs, run->job_size * sizeof *run->jobs);
    }
    struct lives_job *job = &run->jobs[run->job_count++];
    *job = (struct lives_job){.due = INT64_MAX};
    snprintf(job->id, sizeof job->id, "%s", id);
    job->lives = memory_alloc((most + 1) * sizeof *job->lives);
    job->updates = memory_alloc(most + 1);
    return job;
}

static int update_of(const struct life *life, uint64_t counter) {
    for (int i = life->update_count; i-- > 0;)
        if (life->updates[i].counter == counter)
            return i;
    return -1;
}

static void target_take(struct lives_run *run, struct lives_job *job,
                        const json_t *target, uint64_t counter, instant now) {
    struct life *life = lives_find(run, member_id(target, "deviceId"));
    int number = life ? update_of(life, counter) : -1;
    if (number < 0)
        return;
    struct life_update *update = &life->updates[number];
    update->hub = member_id(target, "commsHubId");
    update->taken = now;
    snprintf(update->job_id, sizeof update->job_id, "%s", job->id);
    job->csp = lives_csp_of(life, update->hub);
    job->lives[job->count] = life->number;
    job->updates[job->count++] = (uint8_t)number;
    if (!life_event_of(life, LIFE_REJECTED, (unsigned)number))
        life_image_comes(life, (unsigned)number);
}

/* The devices of a request agree in what becomes of its report. */
static void report_plan(const struct lives_run *run, struct lives_job *job,
                        instant now) {
    const struct life *life = &run->lives[job->lives[0]];
    unsigned number = job->updates[0];
    const struct life_event *late =
        life_event_said(life, LIFE_LATE, SAID_REPORT, number);
    if (!life_event_said(life, LIFE_LOST, SAID_REPORT, number))
        job->due = now + HOUR + (late ? late->hours * HOUR : 0);
}

static unsigned job_take(struct lives_run *run, const json_t *body) {
    const json_t *targets = json_object_get(body, "targets");
    uint64_t counter = request_counter(member_text(body, "requestId"));
    const char *id = member_text(body, "jobId");
    if (job_known(run, id))
        return 202;
    struct lives_job *job = job_add(run, id, json_array_size(targets));
    instant now = clock_now();
    for (size_t i = 0; i < json_array_size(targets); i++)
        target_take(run, job, json_array_get(targets, i), counter, now);
    if (job->count)
        report_plan(run, job, now);
    return 202;
}

/* ---- commands ---- */

static uint8_t version_of_hash(struct lives_run *run, const struct life *life,
                               struct span hash) {
    for (uint8_t i = 1; i < life->device.version_count; i++)
        if (memcmp(lives_image_hash(run, &life->device, i), hash.data,
                   GBCS_HASH_LEN) == 0)
            return i;
    return LIFE_NONE;
}

/* One that came before is not obeyed again. */
static bool command_keep(struct life *life, const struct gbcs_header *header) {
    for (unsigned i = 0; i < life->command_count; i++)
        if (life->commands[i].counter == header->counter)
            return false;
    if (life->command_count == LIFE_MOST_COMMANDS)
        return false;
    life->commands[life->command_count] = *header;
    life->commands[life->command_count++].date_time = (struct span){0};
    return true;
}

static void command_obey(struct lives_run *run, struct life *life,
                         const struct gbcs_message *message,
                         const struct gbcs_payload *asked) {
    instant now = clock_now();
    uint8_t command = life->command_count;
    if (!command_keep(life, &message->header))
        return;
    if (asked->kind == GBCS_ACTIVATE)
        life_activate(life, version_of_hash(run, life, asked->hash), command,
                      asked->has_time ? asked->time : 0, now);
    else if (asked->kind == GBCS_READ)
        life_read(life, command, now);
}

static unsigned command_take(struct lives_run *run, const json_t *body) {
    const char *text = member_text(body, "payload");
    uint8_t octets[1024];
    struct gbcs_message message;
    struct gbcs_payload asked;
    const char *reason;
    struct life *life = lives_find(run, member_id(body, "deviceId"));
    ptrdiff_t len = strlen(text) < sizeof octets
                        ? base64_parse(span_text(text), octets)
                        : -1;
    if (life && len > 0 &&
        gbcs_message_parse(span_of(octets, (size_t)len), &message, &reason) &&
        gbcs_payload_read(&message, &asked, &reason))
        command_obey(run, life, &message, &asked);
    return 202;
}

/* ---- the listener ---- */

static struct reply csp_receive(void *context,
                                const struct received *received) {
    struct lives_run *run = context;
    struct reply reply = {.status = 201};
    if (strcmp(received->method, "PUT") == 0)
        return reply;
    json_t *body = json_loadb((const char *)received->body.data,
                              received->body.len, 0, NULL);
    pthread_mutex_lock(&run->lock);
    reply.status = strstr(received->path, "/gbcs-commands")
                       ? command_take(run, body)
                       : job_take(run, body);
    pthread_mutex_unlock(&run->lock);
    json_decref(body);
    return reply;
}

void lives_csps_start(struct lives_run *run) {
    const char *const addresses[] = {run->options->north, run->options->south};
    for (size_t i = 0; i < LIVES_CSPS; i++) {
        const char *reason;
        run->csps[i] = receiver_start(addresses[i], csp_receive, run, &reason);
        if (!run->csps[i])
            lives_die("%s: %s", addresses[i], reason);
    }
}

void lives_forget_jobs(struct lives_run *run) {
    for (size_t i = 0; i < run->job_count; i++) {
        free(run->jobs[i].lives);
        free(run->jobs[i].updates);
    }
    run->job_count = 0;
}

void lives_csps_stop(struct lives_run *run) {
    for (size_t i = 0; i < LIVES_CSPS; i++)
        receiver_stop(run->csps[i]);
    lives_forget_jobs(run);
    free(run->jobs);
}
