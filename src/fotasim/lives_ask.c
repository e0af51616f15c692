#include "fotasim/lives_ask.h"

#include "base/memory.h"
#include "desk/device.h"
#include "fotasim/lives_image.h"
#include "fotasim/lives_plan.h"
#include "fotasim/lives_send.h"
#include "fotasim/lives_world.h"
#include "fotasim/service_request.h"
#include "gbcs/build.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_OF_REQUEST = 2000, MOST_REQUESTS = 64 };

/* Of the moment: after a change of supplier it is the other one. */
static uint8_t life_sender(const struct life *life) {
    return life->other_supplier ? (uint8_t)(1 - life->device.sender)
                                : life->device.sender;
}

/* ---- requests of updates ---- */

/* A life that asks for an update, and what a request's devices agree in. */
struct wish {
    struct life *life;
    uint8_t update, sender;
    unsigned report; /* hours that it is late, and 1; 0: there is none */
    const uint8_t *image;
};

static unsigned report_kind(const struct life *life, unsigned update) {
    const struct life_event *late =
        life_event_said(life, LIFE_LATE, SAID_REPORT, update);
    if (life_event_said(life, LIFE_LOST, SAID_REPORT, update))
        return 0;
    return 1 + (late ? late->hours : 0u);
}

static int by_request(const void *a, const void *b) {
    const struct wish *x = a, *y = b;
    if (x->sender != y->sender)
        return (int)x->sender - (int)y->sender;
    if (x->report != y->report)
        return x->report < y->report ? -1 : 1;
    if (x->image != y->image)
        return x->image < y->image ? -1 : 1;
    return x->life->number < y->life->number ? -1 : 1;
}

static bool wishes_agree(const struct wish *a, const struct wish *b) {
    return a->sender == b->sender && a->report == b->report &&
           a->image == b->image;
}

/* The update is there before fotad hears of it, for its job may be quicker than
 * the answer. */
static void wish_add(struct lives_run *run, struct life *life, uint8_t version,
                     instant now, struct wish *wish) {
    uint8_t number = life->update_count++;
    life->updates[number] = (struct life_update){.version = version,
                                                 .sender = life_sender(life),
                                                 .asked = now,
                                                 .ran = life->running};
    *wish =
        (struct wish){.life = life,
                      .update = number,
                      .sender = life_sender(life),
                      .report = report_kind(life, number),
                      .image = lives_image(run, &life->device, version).data};
}

/* One request for some wishes that agree. */
struct asking {
    struct wish *wishes;
    size_t count;
    struct buffer text;
};

static void asking_write(struct lives_run *run, struct asking *asking) {
    eui64 ids[MOST_OF_REQUEST];
    char version[9];
    const struct wish *first = asking->wishes;
    uint8_t index = first->life->updates[first->update].version;
    uint64_t counter = ++run->request_counter;
    for (size_t i = 0; i < asking->count; i++) {
        const struct wish *wish = &asking->wishes[i];
        ids[i] = wish->life->device.id;
        wish->life->updates[wish->update].counter = counter;
    }
    snprintf(version, sizeof version, "%08" PRIX32,
             first->life->device.versions[index]);
    const struct service_request request = {
        .variant = lives_service(&first->life->device),
        .target = sim_acb,
        .counter = counter,
        .image = lives_image(run, &first->life->device, index),
        .firmware_version = version,
        .device_ids = ids,
        .device_count = asking->count};
    if (!service_request_write(&request, run->signers[first->sender],
                               &asking->text))
        lives_die("a request cannot be signed");
    run->requests++;
}

/* ---- the answers ---- */

static void list_refuse(struct lives_run *run, const char *answer,
                        uint64_t counter, const char *list,
                        enum life_answer what) {
    char tag[64];
    snprintf(tag, sizeof tag, "<sr:%s>", list);
    const char *at = strstr(answer, tag);
    if (!at)
        return;
    const char *end = strchr(at + 1, '<');
    for (at += strlen(tag); end && at + EUI64_TEXT_LEN <= end;
         at += EUI64_TEXT_LEN + 1) {
        eui64 id = 0;
        eui64_parse(span_of(at, EUI64_TEXT_LEN), &id);
        struct life *life = lives_find(run, id);
        for (int i = 0; life && i < life->update_count; i++)
            if (life->updates[i].counter == counter)
                life->updates[i].answer = (uint8_t)what;
    }
}

static void answer_take(struct lives_run *run, const struct asking *asking,
                        const char *answer) {
    const struct wish *first = asking->wishes;
    uint64_t counter = first->life->updates[first->update].counter;
    bool good = strstr(answer, ">I99<") || strstr(answer, ">W110101<") ||
                strstr(answer, ">W110401<");
    for (size_t i = 0; i < asking->count; i++)
        asking->wishes[i].life->updates[asking->wishes[i].update].answer =
            good ? ANSWER_ACCEPTED : ANSWER_OTHER;
    if (!good)
        lives_die("an update was refused: %s", answer);
    list_refuse(run, answer, counter, "OtherRequestInProgressList",
                ANSWER_BUSY);
    list_refuse(run, answer, counter, "InvalidDeviceIDList", ANSWER_OTHER);
    list_refuse(run, answer, counter, "NotCommissionedDeviceIDList",
                ANSWER_OTHER);
    list_refuse(run, answer, counter, "NotApplicableFirmwareDeviceIDList",
                ANSWER_OTHER);
    list_refuse(run, answer, counter, "InvalidGBCSVersionList", ANSWER_OTHER);
}

static void documents_post(struct lives_run *run, const char *service,
                           struct buffer *const *texts,
                           struct http_answer *answers, size_t count) {
    static const char *const headers[] = {"Content-Type: application/xml",
                                          NULL};
    struct http_message messages[MOST_REQUESTS];
    char url[256];
    snprintf(url, sizeof url, "http://%s/api/v1/%s", run->config.user_listen,
             service);
    for (size_t i = 0; i < count; i++)
        messages[i] = (struct http_message){.method = "POST",
                                            .url = url,
                                            .headers = headers,
                                            .body = buffer_span(texts[i])};
    lives_post(run->to_users, messages, answers, count);
}

static void askings_send(struct lives_run *run, struct asking *askings,
                         size_t count) {
    struct buffer *texts[MOST_REQUESTS];
    struct http_answer answers[MOST_REQUESTS];
    for (size_t i = 0; i < count; i++) {
        askings[i].text = (struct buffer){0};
        asking_write(run, &askings[i]);
        texts[i] = &askings[i].text;
    }
    documents_post(run, "serviceD", texts, answers, count);
    pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < count; i++) {
        answer_take(run, &askings[i], (const char *)answers[i].body.data);
        http_answer_free(&answers[i]);
        buffer_free(&askings[i].text);
    }
    pthread_mutex_unlock(&run->lock);
}

static void wishes_send(struct lives_run *run, struct wish *wishes,
                        size_t count) {
    struct asking askings[MOST_REQUESTS];
    size_t asked = 0;
    qsort(wishes, count, sizeof *wishes, by_request);
    for (size_t i = 0, n; i < count; i += n) {
        for (n = 1; i + n < count && n < MOST_OF_REQUEST &&
                    wishes_agree(&wishes[i], &wishes[i + n]);)
            n++;
        askings[asked++] = (struct asking){.wishes = &wishes[i], .count = n};
        if (asked < MOST_REQUESTS && i + n < count)
            continue;
        askings_send(run, askings, asked);
        asked = 0;
    }
}

/* ---- commands ---- */

static void pre_command_sign(struct lives_run *run, const struct life *life,
                             const struct life_event *event, uint64_t counter,
                             instant now, struct buffer *out) {
    uint8_t sender = life_sender(life);
    const struct gbcs_header header = {.cra = GBCS_COMMAND,
                                       .counter = counter,
                                       .originator = sim_suppliers[sender],
                                       .recipient = life->device.id,
                                       .code = GBCS_CODE_CS06};
    const struct gbcs_payload payload = {
        .kind = GBCS_ACTIVATE,
        .counter = counter,
        .has_time = event->hours > 0,
        .time = now + event->hours * HOUR,
        .hash = span_of(lives_image_hash(run, &life->device, event->version),
                        GBCS_HASH_LEN)};
    if (!gbcs_build(&header, &payload, run->keys[sender], NULL, out))
        lives_die("a command cannot be signed");
}

static void command_write(struct lives_run *run, const struct life *life,
                          const struct life_event *event, instant now,
                          struct buffer *out) {
    uint64_t counter = ++run->request_counter;
    struct buffer command = {0};
    bool activates = event->kind == LIFE_ACTIVATE;
    if (activates)
        pre_command_sign(run, life, event, counter, now, &command);
    const struct service_request request = {
        .variant = activates ? "11.3" : "11.2",
        .target = life->device.id,
        .counter = counter,
        .gbcs_payload = buffer_span(&command)};
    if (!service_request_write(&request, run->signers[life_sender(life)], out))
        lives_die("a request cannot be signed");
    buffer_free(&command);
}

struct commanding {
    struct lives_run *run;
    struct buffer texts[MOST_REQUESTS];
    size_t count;
};

static void commands_send(struct commanding *c) {
    struct buffer *texts[MOST_REQUESTS];
    struct http_answer answers[MOST_REQUESTS];
    for (size_t i = 0; i < c->count; i++)
        texts[i] = &c->texts[i];
    documents_post(c->run, "serviceS", texts, answers, c->count);
    for (size_t i = 0; i < c->count; i++) {
        if (!strstr((const char *)answers[i].body.data, ">I"))
            lives_die("a command was refused: %s",
                      (const char *)answers[i].body.data);
        http_answer_free(&answers[i]);
        buffer_free(&c->texts[i]);
    }
    c->count = 0;
}

static void command_add(struct commanding *c, const struct life *life,
                        const struct life_event *event, instant now) {
    c->texts[c->count] = (struct buffer){0};
    command_write(c->run, life, event, now, &c->texts[c->count++]);
    if (c->count == MOST_REQUESTS)
        commands_send(c);
}

/* ---- the Service Desk and the inventory ---- */

static void device_reset_now(struct lives_run *run, struct life *life,
                             instant now) {
    struct arena *arena = arena_new();
    struct desk desk = {.db = run->db,
                        .arena = arena,
                        .config = &run->config,
                        .person = "lives",
                        .now = now};
    const char *request;
    enum outcome outcome =
        device_reset(&desk, life->device.id, "of a life", &request);
    if (outcome != DONE && outcome != REFUSED)
        lives_die("a device cannot be reset: %s", db_reason(run->db));
    const char *counter = outcome == DONE ? strrchr(request, ':') : NULL;
    for (unsigned i = 0; counter && i < life->update_count; i++)
        if (life->updates[i].counter == strtoull(counter + 1, NULL, 10))
            life->updates[i].reset = now;
    arena_free(arena);
}

static void inventory_run(struct lives_run *run,
                          const struct db_statement *statement,
                          const eui64 *ids, size_t count) {
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    for (size_t i = 0; i < count; i++)
        db_eui64(&params, ids[i]);
    if (db_run(run->db, statement, &params, arena, NULL) != DONE)
        lives_die("the inventory: %s", db_reason(run->db));
    arena_free(arena);
}

static const struct db_statement homes_refresh = {
    "lives_refresh_homes", "select refresh_homes(array[$1, $2]::macaddr8[])"};

static void device_move_now(struct lives_run *run, struct life *life,
                            instant now) {
    static const struct db_statement move = {
        "lives_move", "update smi_device set chf_id = $2 where device_id = $1"};
    const eui64 ids[] = {life->device.id, life->device.other_hub};
    const eui64 homes[] = {life->device.hub, life->device.other_hub};
    inventory_run(run, &move, ids, 2);
    inventory_run(run, &homes_refresh, homes, 2);
    life_move(life, now);
}

static void supplier_change_now(struct lives_run *run, struct life *life) {
    static const struct db_statement
        import =
            {"lives_import_supplier",
             "update smi_device set import_supplier_id = $2 where chf_id = $1"
             " and device_type = 'ESME'"},
        gas = {"lives_gas_supplier", "update smi_device set gas_supplier_id"
                                     " = $2 where chf_id = $1 and"
                                     " device_type = 'GSME'"};
    life->other_supplier = true;
    const eui64 ids[] = {life->device.hub, sim_suppliers[life_sender(life)]};
    const eui64 homes[] = {life->device.hub, life->device.hub};
    inventory_run(run, life->device.type == TYPE_GSME ? &gas : &import, ids, 2);
    inventory_run(run, &homes_refresh, homes, 2);
}

/* ---- the whole ---- */

struct doing {
    struct lives_run *run;
    instant now;
    struct wish *wishes;
    size_t wish_count;
    struct commanding commands;
};

static void event_do(struct doing *d, struct life *life,
                     const struct life_event *event) {
    switch ((enum life_event_kind)event->kind) {
    case LIFE_REQUEST:
        if (life->update_count < LIFE_MOST_UPDATES)
            wish_add(d->run, life, event->version, d->now,
                     &d->wishes[d->wish_count++]);
        return;
    case LIFE_RESET:
        device_reset_now(d->run, life, d->now);
        return;
    case LIFE_MOVE:
        device_move_now(d->run, life, d->now);
        return;
    case LIFE_SUPPLIER:
        supplier_change_now(d->run, life);
        return;
    case LIFE_ACTIVATE:
    case LIFE_READ:
        command_add(&d->commands, life, event, d->now);
        return;
    default:
        return;
    }
}

/* Requests are sent once a day, so that many devices share one; at most one of
 * a life at a time. */
static void life_do(struct doing *d, struct life *life) {
    bool asked = false;
    while (life->next_event < life->plan.count) {
        const struct life_event *event = &life->plan.events[life->next_event];
        bool is_request = event->kind == LIFE_REQUEST;
        if (!life_event_is_timed(event) ||
            life->begin + event->at * HOUR > d->now || (is_request && asked))
            return;
        life->next_event++;
        asked = asked || is_request;
        event_do(d, life, event);
    }
}

void lives_ask_due(struct lives_run *run, instant now) {
    struct doing *d = memory_alloc(sizeof *d);
    *d = (struct doing){.run = run,
                        .now = now,
                        .wishes =
                            memory_alloc((run->count + 1) * sizeof *d->wishes),
                        .commands = {.run = run}};
    pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < run->count; i++)
        life_do(d, &run->lives[i]);
    pthread_mutex_unlock(&run->lock);
    wishes_send(run, d->wishes, d->wish_count);
    if (d->commands.count)
        commands_send(&d->commands);
    free(d->wishes);
    free(d);
}
