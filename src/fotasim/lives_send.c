#include "fotasim/lives_send.h"

#include "base/base64.h"
#include "base/memory.h"
#include "fotasim/device_key.h"
#include "fotasim/device_sim.h"
#include "fotasim/lives_plan.h"
#include "gbcs/build.h"
#include "gbcs/time.h"

#include <openssl/evp.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Entries of one post, posts sent together, and how long fotad may be down. */
enum { BATCH = 1000, MOST_POSTS = 64, MOST_TRIES = 3000 };

/* ---- posts ---- */

static bool answer_is_good(const struct http_answer *answer) {
    return answer->status == 200;
}

void lives_post(struct http_client *client, const struct http_message *messages,
                struct http_answer *answers, size_t count) {
    http_client_send_many(client, messages, answers, count);
    for (size_t i = 0; i < count; i++)
        for (unsigned tries = 0; !answer_is_good(&answers[i]); tries++) {
            if (tries == MOST_TRIES || answers[i].status / 100 == 4)
                lives_die("%s: %u %s%.300s", messages[i].url, answers[i].status,
                          answers[i].error,
                          answers[i].body.len
                              ? (const char *)answers[i].body.data
                              : "");
            usleep(20000);
            http_answer_free(&answers[i]);
            http_client_send(client, &messages[i], &answers[i]);
        }
}

/* Bodies for one CSP's address, sent together. */
struct outgoing {
    struct lives_run *run;
    uint8_t csp;
    const char *path;
    struct buffer bodies[MOST_POSTS];
    size_t count, entries; /* of the last body */
};

static void outgoing_send(struct outgoing *out) {
    static const char *const headers[] = {"Content-Type: application/json",
                                          NULL};
    struct http_message messages[MOST_POSTS];
    struct http_answer answers[MOST_POSTS];
    char url[256];
    snprintf(url, sizeof url, "http://%s%s", out->run->config.csp_listen,
             out->path);
    for (size_t i = 0; i < out->count; i++)
        messages[i] =
            (struct http_message){.method = "POST",
                                  .url = url,
                                  .headers = headers,
                                  .body = buffer_span(&out->bodies[i])};
    lives_post(out->run->to_csps[out->csp], messages, answers, out->count);
    for (size_t i = 0; i < out->count; i++) {
        const char *body = (const char *)answers[i].body.data;
        if (!strstr(body, "\"rejected\":[]"))
            lives_die("%s: %.300s", url, body);
        http_answer_free(&answers[i]);
        buffer_free(&out->bodies[i]);
    }
    out->count = 0;
}

/* Where the next entry goes; its comma is there. */
static struct buffer *outgoing_entry(struct outgoing *out) {
    if (!out->entries) {
        out->bodies[out->count] = (struct buffer){0};
        buffer_text(&out->bodies[out->count++], "[");
    }
    struct buffer *body = &out->bodies[out->count - 1];
    if (out->entries++)
        buffer_text(body, ",");
    return body;
}

static void outgoing_end_entry(struct outgoing *out, bool last) {
    if (!out->entries || (!last && out->entries < BATCH))
        return;
    buffer_text(&out->bodies[out->count - 1], "]");
    out->entries = 0;
    if (last || out->count == MOST_POSTS)
        outgoing_send(out);
}

/* ---- reports ---- */

static void report_write(const struct lives_run *run,
                         const struct lives_job *job, struct buffer *out) {
    const char *comma = "";
    char id[EUI64_TEXT_SIZE];
    buffer_printf(out, "{\"reportId\":\"r-%s\",\"jobId\":\"%s\",\"rejected\":[",
                  job->id, job->id);
    for (size_t i = 0; i < job->count; i++) {
        const struct life *life = &run->lives[job->lives[i]];
        if (!life_event_of(life, LIFE_REJECTED, job->updates[i]))
            continue;
        buffer_printf(out, "%s{\"deviceId\":\"%s\",\"reason\":\"%s\"}", comma,
                      eui64_format(life->device.id, id),
                      "DEVICE_NOT_IDENTIFIED");
        comma = ",";
    }
    buffer_text(out, "]}");
}

static void report_settle(struct lives_run *run, struct lives_job *job,
                          instant now) {
    for (size_t i = 0; i < job->count; i++) {
        struct life *life = &run->lives[job->lives[i]];
        struct life_update *update = &life->updates[job->updates[i]];
        update->reported = now;
        update->report = life_event_of(life, LIFE_REJECTED, job->updates[i])
                             ? OUTCOME_REJECTED
                             : OUTCOME_GOOD;
    }
    job->due = INT64_MAX;
}

static void reports_send(struct lives_run *run, uint8_t csp, instant now) {
    struct outgoing out = {
        .run = run, .csp = csp, .path = "/csp/v1/validation-reports"};
    for (size_t i = 0; i < run->job_count; i++) {
        struct lives_job *job = &run->jobs[i];
        if (job->csp != csp || job->due > now || !job->count)
            continue;
        out.bodies[out.count] = (struct buffer){0};
        report_write(run, job, &out.bodies[out.count++]);
        report_settle(run, job, now);
        if (out.count == MOST_POSTS)
            outgoing_send(&out);
    }
    if (out.count)
        outgoing_send(&out);
}

/* ---- delivery notifications ---- */

static void notification_write(const struct life *life,
                               const struct life_message *m,
                               struct buffer *out) {
    const struct life_update *update = &life->updates[m->update];
    char hub[EUI64_TEXT_SIZE], device[EUI64_TEXT_SIZE], time[INSTANT_TEXT_SIZE];
    buffer_printf(
        out,
        "{\"notificationId\":\"n-%s-%u\",\"jobId\":\"%s\","
        "\"commsHubId\":\"%s\",\"deviceId\":\"%s\","
        "\"deviceType\":\"%s\",\"firmwareVersion\":\"%08" PRIX32 "\","
        "\"timestamp\":\"%s\",\"status\":\"%s\"%s}",
        update->job_id, life->number, update->job_id,
        eui64_format(update->hub, hub), eui64_format(life->device.id, device),
        device_types[life->device.type], m->version,
        instant_format(m->time, time), m->result ? "Failed" : "Success",
        m->result ? ",\"reasonCode\":\"HUB_UNREACHABLE\"" : "");
}

/* ---- messages of hubs and devices ---- */

static void header_fill(const struct life *life, const struct life_message *m,
                        struct gbcs_header *header) {
    if (m->said == SAID_ANSWER || m->said == SAID_READ) {
        *header = life->commands[m->command];
        header->cra = GBCS_RESPONSE;
        header->originator = life->device.id;
        header->recipient = life->commands[m->command].originator;
        return;
    }
    *header = (struct gbcs_header){.cra = GBCS_ALERT,
                                   .counter = m->counter,
                                   .originator = life->device.id,
                                   .recipient = sim_acb,
                                   .code = GBCS_CODE_CS09};
    if (m->said == SAID_HUB) {
        header->originator = m->hub;
        header->code = GBCS_CODE_CCS08;
    } else if (m->said == SAID_LATER) {
        header->recipient = life->commands[m->command].originator;
        header->code = GBCS_CODE_CS06_ALERT;
    }
}

static struct gbcs_payload payload_of(const struct life *life,
                                      const struct life_message *m) {
    static const enum gbcs_kind kinds[SAID_KINDS] = {
        [SAID_HUB] = GBCS_TRANSFER_ALERT,
        [SAID_DEVICE] = GBCS_PPMID_ALERT,
        [SAID_LOCAL] = GBCS_PPMID_ALERT,
        [SAID_ANSWER] = GBCS_ACTIVATE_RESULT,
        [SAID_LATER] = GBCS_ACTIVATE_ALERT,
        [SAID_READ] = GBCS_READ_RESULT};
    bool is_alert = m->said != SAID_ANSWER && m->said != SAID_READ;
    return (struct gbcs_payload){
        .kind = m->accepted ? GBCS_ACTIVATE_ACCEPTED : kinds[m->said],
        .alert_code = is_alert ? m->code : 0,
        .result = m->result,
        .has_time = is_alert,
        .time = m->time,
        .counter = m->said == SAID_LATER ? life->commands[m->command].counter
                                         : m->counter,
        .device = life->device.id,
        .firmware_version = m->version};
}

/* Alerts and answers to 11.3 are signed, answers to 11.2 have a MAC. */
static void message_build(const struct lives_run *run, const struct life *life,
                          const struct life_message *m, struct buffer *out) {
    uint8_t clock[GBCS_DATE_TIME_LEN], z[GBCS_SECRET_LEN];
    struct gbcs_header header;
    struct gbcs_payload payload = payload_of(life, m);
    header_fill(life, m, &header);
    if (m->said == SAID_ANSWER) {
        gbcs_cosem_write(m->time, clock);
        header.date_time = span_of(clock, sizeof clock);
    }
    EVP_PKEY *key = NULL;
    bool maced = m->said == SAID_READ, good = true;
    if (maced)
        good = sim_secret(run->han, header.originator, header.recipient, z);
    else
        key = sim_device_key(LIVES_ESTATE_SEED, header.originator, SIM_SIGNS);
    good = good && gbcs_build(&header, &payload, key, maced ? z : NULL, out);
    EVP_PKEY_free(key);
    if (!good)
        lives_die("a message cannot be made");
}

static void message_write(struct lives_run *run, const struct life *life,
                          struct life_message *m, struct buffer *out) {
    struct buffer octets = {0};
    char hub[EUI64_TEXT_SIZE];
    if (!m->counter)
        m->counter = ++run->device_counter;
    message_build(run, life, m, &octets);
    buffer_printf(out,
                  "{\"messageId\":\"m-%u-%" PRIu64 "-%u\",\"commsHubId\":"
                  "\"%s\",\"payload\":\"",
                  life->number, m->counter,
                  life_chance(life, 300, 2) ? m->posted : 0,
                  eui64_format(m->hub, hub));
    base64_add(out, buffer_span(&octets));
    buffer_text(out, "\"}");
    buffer_free(&octets);
}

/* ---- all that is due ---- */

static bool message_is_due(const struct life_message *m, bool delivery,
                           instant now) {
    return (m->said == SAID_DELIVERY) == delivery && m->posted < m->copies &&
           m->due[m->posted] <= now;
}

static void life_messages_send(struct outgoing *out, struct life *life,
                               bool delivery, instant now) {
    for (unsigned i = 0; i < life->message_count; i++) {
        struct life_message *m = &life->messages[i];
        if (!message_is_due(m, delivery, now) ||
            lives_csp_of(life, m->hub) != out->csp)
            continue;
        if (delivery)
            notification_write(life, m, outgoing_entry(out));
        else
            message_write(out->run, life, m, outgoing_entry(out));
        if (!m->posted++)
            m->took = now;
        outgoing_end_entry(out, false);
        *(delivery ? &out->run->notifications : &out->run->messages) += 1;
    }
}

static void messages_send(struct lives_run *run, uint8_t csp, bool delivery,
                          instant now) {
    struct outgoing out = {.run = run,
                           .csp = csp,
                           .path = delivery ? "/csp/v1/delivery-notifications"
                                            : "/csp/v1/gbcs-messages"};
    for (size_t i = 0; i < run->count; i++)
        life_messages_send(&out, &run->lives[i], delivery, now);
    outgoing_end_entry(&out, true);
    if (out.count)
        outgoing_send(&out);
}

/* What comes first is another at every step. */
void lives_send_due(struct lives_run *run, instant now) {
    unsigned order = (unsigned)(now / LIVES_STEP) % 3;
    pthread_mutex_lock(&run->lock);
    for (unsigned n = 0; n < LIVES_CSPS; n++)
        for (unsigned i = 0; i < 3; i++) {
            uint8_t csp = (uint8_t)n;
            unsigned what = (i + order) % 3;
            if (what == 0)
                reports_send(run, csp, now);
            else
                messages_send(run, csp, what == 1, now);
        }
    pthread_mutex_unlock(&run->lock);
}
