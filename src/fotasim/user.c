#include "fotasim/user.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "duis/certificate.h"
#include "fotasim/csp_sim.h"
#include "fotasim/user_message.h"
#include "fotasim/verbs.h"

#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_USERS = 1024 };

struct user {
    eui64 id;
    struct sim_fault fault;
    struct sim_counts counts;
};

/* A message by its ResponseID and element: the answers to one request share
 * the ResponseID (decision 6). */
struct known {
    const char *key; /* NULL: free */
    uint8_t meaning[32];
};

struct sim_users {
    struct sim_users_options options;
    EVP_PKEY *key; /* NULL: signatures are not checked */
    struct receiver *receiver;
    FILE *ledger;
    pthread_mutex_t lock; /* of what follows */
    struct arena *arena;
    struct user users[MOST_USERS]; /* [0] stands for all */
    size_t user_count;
    struct known *known;
    size_t known_size, known_count; /* the size is a power of 2 */
    struct sim_message *messages;
    size_t message_count, message_room;
    uint64_t unchecked_count;
};

/* ---- Users ---- */

/* With the lock held. Past MOST_USERS everybody is [0]. */
static struct user *find_user(struct sim_users *users, eui64 id) {
    for (size_t i = 0; i < users->user_count; i++)
        if (users->users[i].id == id)
            return &users->users[i];
    if (users->user_count == MOST_USERS)
        return &users->users[0];
    struct user *user = &users->users[users->user_count++];
    user->id = id;
    return user;
}

static struct sim_fault take_fault(struct user *user) {
    struct sim_fault fault = user->fault;
    if (fault.kind != SIM_WELL && user->fault.times && --user->fault.times == 0)
        user->fault = (struct sim_fault){0};
    return fault;
}

static struct sim_fault next_fault(struct sim_users *users, eui64 id) {
    pthread_mutex_lock(&users->lock);
    struct user *user = find_user(users, id);
    user->counts.requests++;
    struct sim_fault fault = take_fault(user);
    if (fault.kind == SIM_WELL)
        fault = take_fault(&users->users[0]);
    pthread_mutex_unlock(&users->lock);
    return fault;
}

/* ---- messages known ---- */

static size_t key_hash(const char *key) {
    size_t h = 0xcbf29ce484222325U;
    for (; *key; key++)
        h = (h ^ (uint8_t)*key) * 0x100000001b3U;
    return h;
}

static struct known *find_known(const struct sim_users *users,
                                const char *key) {
    size_t at = key_hash(key);
    for (;; at++) {
        struct known *known = &users->known[at & (users->known_size - 1)];
        if (!known->key || strcmp(known->key, key) == 0)
            return known;
    }
}

static void grow_known(struct sim_users *users) {
    struct known *old = users->known;
    size_t old_size = users->known_size;
    users->known_size = old_size ? 2 * old_size : 1024;
    users->known = memory_alloc(users->known_size * sizeof *users->known);
    memset(users->known, 0, users->known_size * sizeof *users->known);
    for (size_t i = 0; i < old_size; i++)
        if (old[i].key)
            *find_known(users, old[i].key) = old[i];
    free(old);
}

/* ---- ledger ---- */

static void write_line(FILE *ledger, const struct sim_message *message,
                       const char *wrong) {
    char user[EUI64_TEXT_SIZE], now[INSTANT_TEXT_SIZE];
    json_t *line =
        json_pack("{ss ss ss ss ss ss ss ss sb ss}", "at",
                  instant_format(clock_now(), now), "user",
                  eui64_format(message->user, user), "responseId",
                  message->response_id, "requestId", message->request_id,
                  "responseCode", message->response_code, "element",
                  message->element, "code", message->code, "devices",
                  message->devices, "repeat", message->repeat, "wrong", wrong);
    csp_journal_write(ledger, line);
}

/* One that is wrong may have no ResponseID, and what came with one may not be
 * what came with it before. */
static void message_keep(const struct sim_users *users, struct span text,
                         const struct sim_message *message, const char *wrong) {
    if (!users->options.keep_messages)
        return;
    struct buffer path = {0};
    buffer_printf(&path, "%s/", users->options.state);
    if (wrong)
        buffer_printf(&path, "wrong-%jd.xml", (intmax_t)clock_elapsed());
    else
        buffer_printf(&path, "%s-%s.xml", message->response_id,
                      message->element);
    FILE *file = fopen((const char *)path.data, "we");
    if (file) {
        span_write(text, file);
        fclose(file);
    }
    buffer_free(&path);
}

static void add_message(struct sim_users *users,
                        const struct sim_message *message) {
    if (users->message_count == users->message_room) {
        users->message_room =
            users->message_room ? 2 * users->message_room : 1024;
        users->messages = memory_grow(
            users->messages, users->message_room * sizeof *users->messages);
    }
    users->messages[users->message_count++] = *message;
}

static const char *text_keep(struct sim_users *users, const char *text) {
    return *text ? arena_text(users->arena, span_text(text)) : "";
}

/* Codes and element names repeat, but they are short. */
static struct sim_message message_of(struct sim_users *users, eui64 user,
                                     const struct user_message *r) {
    return (struct sim_message){
        .user = user,
        .at = clock_elapsed(),
        .response_id = text_keep(users, r->response_id),
        .request_id = text_keep(users, r->request_id),
        .response_code = text_keep(users, r->response_code),
        .schema_version = text_keep(users, r->schema_version),
        .date_time = text_keep(users, r->date_time),
        .element = text_keep(users, r->element),
        .code = text_keep(users, r->code),
        .devices = text_keep(users, r->devices),
    };
}

/* ---- one message ---- */

static const char *message_note_good(struct sim_users *users, eui64 id,
                                     struct sim_message *message,
                                     const struct user_message *response) {
    struct user *user = find_user(users, id);
    if (2 * users->known_count >= users->known_size)
        grow_known(users);
    const char *key = arena_printf(users->arena, "%s/%s", response->response_id,
                                   response->element);
    struct known *known = find_known(users, key);
    message->repeat = known->key != NULL;
    if (known->key &&
        memcmp(known->meaning, response->meaning, sizeof known->meaning) != 0) {
        user->counts.wrong++;
        return "the same ResponseID has said something else";
    }
    if (message->repeat) {
        user->counts.repeats++;
    } else {
        user->counts.taken++;
        users->known_count++;
        known->key = key;
        memcpy(known->meaning, response->meaning, sizeof known->meaning);
    }
    add_message(users, message);
    return NULL;
}

/* NULL when it is good. */
static const char *message_note(struct sim_users *users, eui64 id,
                                struct span text,
                                const struct user_message *response,
                                const char *wrong) {
    pthread_mutex_lock(&users->lock);
    struct sim_message message = message_of(users, id, response);
    if (wrong)
        find_user(users, id)->counts.wrong++;
    else
        wrong = message_note_good(users, id, &message, response);
    if (users->ledger) {
        write_line(users->ledger, &message, wrong ? wrong : "");
        message_keep(users, text, &message, wrong);
    }
    pthread_mutex_unlock(&users->lock);
    return wrong;
}

static void keep_sample(const struct sim_users *users, uint64_t number,
                        struct span text) {
    struct buffer path = {0};
    buffer_printf(&path, "%s/sample-%04" PRIu64 ".xml", users->options.state,
                  number);
    write_whole((const char *)path.data, text);
    buffer_free(&path);
}

static const char *message_count_only(struct sim_users *users, eui64 id,
                                      struct span text) {
    pthread_mutex_lock(&users->lock);
    find_user(users, id)->counts.taken++;
    uint64_t number = ++users->unchecked_count;
    pthread_mutex_unlock(&users->lock);
    if (users->options.state && number <= users->options.sample)
        keep_sample(users, number, text);
    return NULL;
}

static const char *message_check(struct sim_users *users, eui64 id,
                                 const struct received *request) {
    if (users->options.unchecked)
        return message_count_only(users, id, request->body);
    struct user_message response = {.response_id = "",
                                    .request_id = "",
                                    .response_code = "",
                                    .schema_version = "",
                                    .date_time = "",
                                    .element = "",
                                    .code = "",
                                    .devices = ""};
    const char *wrong = NULL;
    if (user_message_read(request->arena, request->body, users->key, &response,
                          &wrong))
        wrong = response.recipient == id ? NULL : "it is for another User";
    return message_note(users, id, request->body, &response, wrong);
}

static struct reply take_message(struct sim_users *users, eui64 id,
                                 const struct received *request) {
    struct sim_fault fault = next_fault(users, id);
    struct reply reply = {.status = 204};
    switch (fault.kind) {
    case SIM_STATUS:
        reply.status = fault.number;
        return reply;
    case SIM_HANG:
        reply.kind = REPLY_HANG;
        return reply;
    case SIM_GARBAGE:
        reply.kind = REPLY_GARBAGE;
        return reply;
    case SIM_CLOSE:
        reply.kind = REPLY_CLOSE;
        break;
    case SIM_SLOW:
        reply.delay = fault.number * MILLISECOND;
        break;
    default:
        break;
    }
    const char *wrong = message_check(users, id, request);
    if (wrong) {
        reply.status = 400;
        reply.content_type = "text/plain";
        reply.body = span_text(arena_printf(request->arena, "%s\n", wrong));
    }
    return reply;
}

/* ---- faults and counts over HTTP ---- */

static const char *const kinds[] = {
    [SIM_WELL] = "well",       [SIM_STATUS] = "status", [SIM_HANG] = "hang",
    [SIM_GARBAGE] = "garbage", [SIM_CLOSE] = "close",   [SIM_SLOW] = "slow",
};

static bool read_fault(const char *text, struct sim_fault *fault) {
    char kind[16];
    *fault = (struct sim_fault){0};
    if (sscanf(text, "%15s %u %u", kind, &fault->number, &fault->times) < 1)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kind, kinds[i]) == 0) {
            fault->kind = (enum sim_fault_kind)i;
            return true;
        }
    return false;
}

static struct reply set_fault(struct sim_users *users, const char *who,
                              const struct received *request) {
    eui64 id = 0;
    struct sim_fault fault;
    bool known = strcmp(who, "all") == 0 || eui64_parse(span_text(who), &id);
    if (!known ||
        !read_fault(arena_text(request->arena, request->body), &fault))
        return (struct reply){.status = 400};
    sim_users_fault(users, id, fault);
    return (struct reply){.status = 204};
}

static struct reply tell_counts(struct sim_users *users,
                                const struct received *request) {
    struct sim_counts c = sim_users_counts(users, 0);
    const char *text = arena_printf(
        request->arena,
        "{\"requests\":%ju,\"taken\":%ju,\"repeats\":%ju,\"wrong\":%ju}\n",
        (uintmax_t)c.requests, (uintmax_t)c.taken, (uintmax_t)c.repeats,
        (uintmax_t)c.wrong);
    return (struct reply){.status = 200,
                          .content_type = "application/json",
                          .body = span_text(text)};
}

static struct reply request_handle(void *context,
                                   const struct received *request) {
    static const char faults[] = "/faults/", user[] = "/user/";
    struct sim_users *users = context;
    const char *path = request->path;
    eui64 id = users->options.only;
    if (strcmp(request->method, "PUT") == 0 &&
        strncmp(path, faults, sizeof faults - 1) == 0)
        return set_fault(users, path + sizeof faults - 1, request);
    if (strcmp(request->method, "GET") == 0 && strcmp(path, "/counts") == 0)
        return tell_counts(users, request);
    if (strcmp(request->method, "POST") != 0)
        return (struct reply){.status = 405};
    if (!id && (strncmp(path, user, sizeof user - 1) != 0 ||
                !eui64_parse(span_text(path + sizeof user - 1), &id)))
        return (struct reply){.status = 404};
    return take_message(users, id, request);
}

/* ---- start and stop ---- */

static bool read_key(struct sim_users *users, const char **reason) {
    struct certificate certificate;
    if (!users->options.certificate_pem.len)
        return true;
    if (!certificate_read(users->arena, users->options.certificate_pem,
                          &certificate, reason))
        return false;
    users->key = certificate.key;
    return true;
}

static bool open_ledger(struct sim_users *users, const char **reason) {
    if (!users->options.state)
        return true;
    *reason =
        arena_printf(users->arena, "%s/ledger.jsonl", users->options.state);
    users->ledger = fopen(*reason, "ae");
    *reason = "the ledger cannot be written";
    return users->ledger != NULL;
}

struct sim_users *sim_users_start(const struct sim_users_options *options,
                                  const char **reason) {
    struct sim_users *users = memory_alloc(sizeof *users);
    *users = (struct sim_users){
        .options = *options, .arena = arena_new(), .user_count = 1};
    pthread_mutex_init(&users->lock, NULL);
    if (read_key(users, reason) && open_ledger(users, reason))
        users->receiver =
            receiver_start(options->listen, request_handle, users, reason);
    if (users->receiver)
        return users;
    sim_users_stop(users);
    return NULL;
}

unsigned sim_users_port(const struct sim_users *users) {
    return receiver_port(users->receiver);
}

void sim_users_stop(struct sim_users *users) {
    if (!users)
        return;
    receiver_stop(users->receiver);
    if (users->ledger)
        fclose(users->ledger);
    pthread_mutex_destroy(&users->lock);
    free(users->known);
    free(users->messages);
    arena_free(users->arena);
    free(users);
}

void sim_users_fault(struct sim_users *users, eui64 user,
                     struct sim_fault fault) {
    pthread_mutex_lock(&users->lock);
    find_user(users, user)->fault = fault;
    pthread_mutex_unlock(&users->lock);
}

bool sim_users_switch(struct sim_users *users, bool on) {
    return receiver_switch(users->receiver, on);
}

struct sim_counts sim_users_counts(struct sim_users *users, eui64 user) {
    struct sim_counts sum = {0};
    pthread_mutex_lock(&users->lock);
    for (size_t i = 0; i < users->user_count; i++) {
        const struct sim_counts *c = &users->users[i].counts;
        if (user && users->users[i].id != user)
            continue;
        sum.requests += c->requests;
        sum.taken += c->taken;
        sum.repeats += c->repeats;
        sum.wrong += c->wrong;
    }
    pthread_mutex_unlock(&users->lock);
    return sum;
}

void sim_users_ledger(struct sim_users *users,
                      void (*each)(void *context,
                                   const struct sim_message *message),
                      void *context) {
    pthread_mutex_lock(&users->lock);
    for (size_t i = 0; i < users->message_count; i++)
        each(context, &users->messages[i]);
    pthread_mutex_unlock(&users->lock);
}
