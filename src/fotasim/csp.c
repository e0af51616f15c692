/* The listener of an emulated CSP; its start and end. */
#include "fotasim/csp.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/memory.h"
#include "fotasim/csp_sim.h"
#include "fotasim/device.h"
#include "http/server.h"

#include <openssl/sha.h>

#include <stdlib.h>
#include <time.h>

/* An image, a job or a command in hand. */
struct csp_try {
    struct csp_sim *sim;
    enum csp_route route;
    const char *id;
    json_t *line;         /* what is written of it */
    unsigned good, again; /* the status when all is well, and the next time */
};

/* ---- faults ---- */

static bool is_stopping(struct csp_sim *sim) {
    pthread_mutex_lock(&sim->lock);
    bool stopping = sim->stopping;
    pthread_mutex_unlock(&sim->lock);
    return stopping;
}

/* Longer than anybody waits. */
static void connection_hang(struct csp_sim *sim) {
    for (int i = 0; i < 1200 && !is_stopping(sim); i++)
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
}

static enum http_more connection_cut(void *worker, void *context,
                                     struct buffer *piece) {
    (void)worker;
    (void)context;
    (void)piece;
    return HTTP_STREAM_CUT;
}

static void reply_give(struct csp_sim *sim, const struct csp_reply *reply,
                       struct http_response *response) {
    unsigned status = (unsigned)strtoul(reply->answer, NULL, 10);
    response->status = status ? status : 200;
    response->content_type = "application/json";
    if (strcmp(reply->answer, "hang") == 0)
        connection_hang(sim);
    if (strcmp(reply->answer, "cut") == 0)
        response->stream.next = connection_cut;
    else if (strcmp(reply->answer, "garbage") == 0)
        response->body = span_text("<html>\x01\x02{{{");
    else if (*reply->reason)
        response->body = span_text(arena_printf(
            response->arena, "{\"reasonCode\":\"%s\"}", reply->reason));
    if (reply->retry_after)
        http_add_header(
            response, "Retry-After",
            arena_printf(response->arena, "%u", reply->retry_after));
}

/* ---- taking ---- */

/* No fault is scripted for this try, which is counted, or it came before. */
static bool try_goes_well(const struct csp_try *try, struct csp_seen_row *row,
                          struct csp_reply *reply) {
    struct csp_faults faults;
    csp_faults_read(try->sim->options.faults, &faults);
    *reply = faults.replies[try->route];
    row->count++;
    return row->taken || !*reply->answer ||
           (reply->first && row->count > reply->first);
}

static struct csp_reply reply_busy(const struct csp_sim *sim) {
    uint64_t after = sim->options.retry_after;
    return (struct csp_reply){.answer = "503",
                              .reason = "BUSY",
                              .retry_after = after ? (unsigned)after : 60};
}

/* What this try is answered; also counts and writes it. */
static struct csp_reply try_decide(struct csp_try *try) {
    struct csp_reply reply;
    struct csp_sim *sim = try->sim;
    struct csp_seen_row *row = csp_seen(&sim->seen[try->route], try->id);
    bool well = try_goes_well(try, row, &reply);
    if (well && !row->taken && try->route == CSP_JOB &&
        csp_radio_admit(sim, try->line) == CSP_IS_FULL) {
        reply = reply_busy(sim);
        well = false;
    }
    if (well) {
        reply = (struct csp_reply){.reason = ""};
        snprintf(reply.answer, sizeof reply.answer, "%u",
                 row->taken ? try->again : try->good);
    }
    if (well && !row->taken && try->route == CSP_JOB)
        csp_plan_job(sim, try->line);
    if (well && !row->taken && try->route == CSP_COMMAND)
        csp_plan_command(sim, try->line);
    row->taken = row->taken || well;
    json_put(try->line, "try", json_integer(row->count));
    json_put(try->line, "status", json_integer(strtol(reply.answer, NULL, 10)));
    json_put(try->line, "fault", well ? json_null() : json_text(reply.answer));
    csp_journal_write(sim->files[try->route], try->line);
    return reply;
}

static void try_take(struct csp_try *try, struct http_response *response) {
    pthread_mutex_lock(&try->sim->lock);
    struct csp_reply reply = try_decide(try);
    pthread_mutex_unlock(&try->sim->lock);
    reply_give(try->sim, &reply, response);
}

/* fotad has to present its token. */
static bool has_token(const struct csp_sim *sim,
                      const struct http_request *request,
                      struct http_response *response) {
    const char *given = http_header(request, "Authorization");
    const char *token = sim->options.expect_token;
    if (!token || (given && strncmp(given, "Bearer ", 7) == 0 &&
                   strcmp(given + 7, token) == 0))
        return true;
    http_problem(response, 401, "Not the token of fotad");
    return false;
}

static void take_image(void *worker, const struct http_request *request,
                       struct http_response *response) {
    struct csp_sim *sim = worker;
    const char *name = http_path_parameter(request, "sha256");
    uint8_t digest[SHA256_DIGEST_LENGTH];
    char text[2 * SHA256_DIGEST_LENGTH + 1];
    SHA256(request->body.data, request->body.len, digest);
    hex_format(span_of(digest, sizeof digest), text);
    if (!has_token(sim, request, response))
        return;
    if (strcasecmp(text, name) != 0) {
        http_problem(response, 422, "The image has the hash %s", text);
        return;
    }
    struct csp_try try = {.sim = sim,
                          .route = CSP_IMAGE,
                          .id = name,
                          .good = 201,
                          .again = 200,
                          .line =
                              json_pack("{s:s, s:I}", "imageId", name, "octets",
                                        (json_int_t)request->body.len)};
    csp_hubs_keep_image(sim, name, request->body);
    try_take(&try, response);
}

/* Jobs and commands: an object with an identifier that is its key as well. */
static void take_object(struct csp_sim *sim, const struct http_request *request,
                        struct http_response *response, enum csp_route route,
                        const char *id_name) {
    if (!has_token(sim, request, response))
        return;
    json_t *object =
        json_loadb((const char *)request->body.data, request->body.len,
                   JSON_REJECT_DUPLICATES, NULL);
    const char *id = json_string_value(json_object_get(object, id_name));
    const char *key = http_header(request, "Idempotency-Key");
    if (!id || !key || strcmp(id, key) != 0) {
        json_decref(object);
        http_problem(response, 400, "%s and Idempotency-Key are not the same",
                     id_name);
        return;
    }
    json_put(object, "key", json_text(key));
    struct csp_try try = {.sim = sim,
                          .route = route,
                          .id = key,
                          .good = 202,
                          .again = 202,
                          .line = object};
    try_take(&try, response);
}

static void take_job(void *worker, const struct http_request *request,
                     struct http_response *response) {
    take_object(worker, request, response, CSP_JOB, "jobId");
}

/* What a recall comes to, as a status; a new one takes back what waits. */
static unsigned recall_decide(struct csp_sim *sim, const char *id,
                              struct csp_seen_row *row) {
    if (!csp_seen(&sim->seen[CSP_JOB], id)->taken)
        return 404;
    if (!row->taken)
        row->recalled = csp_queue_take_back(sim, id);
    row->taken = row->recalled != NULL;
    if (row->taken)
        csp_radio_end(sim, id);
    return row->taken ? 200 : 409;
}

static void recall_take(struct csp_sim *sim, const char *id,
                        struct http_response *response) {
    const struct csp_try try = {.sim = sim, .route = CSP_RECALL, .id = id};
    struct csp_seen_row *row = csp_seen(&sim->seen[CSP_RECALL], id);
    struct csp_reply reply;
    char *body = NULL;
    if (try_goes_well(&try, row, &reply)) {
        unsigned status = recall_decide(sim, id, row);
        reply = (struct csp_reply){.reason = ""};
        snprintf(reply.answer, sizeof reply.answer, "%u", status);
        json_t *told = json_pack("{s:O?}", "recalled", row->recalled);
        body = status == 200 ? json_dumps(told, JSON_COMPACT) : NULL;
        json_decref(told);
    }
    csp_journal_write(sim->files[CSP_RECALL],
                      json_pack("{s:s, s:i, s:i, s:O?}", "jobId", id, "try",
                                (int)row->count, "status", atoi(reply.answer),
                                "recalled", row->recalled));
    reply_give(sim, &reply, response);
    if (body)
        response->body = span_text(arena_adopt(response->arena, body, free));
}

static void take_recall(void *worker, const struct http_request *request,
                        struct http_response *response) {
    struct csp_sim *sim = worker;
    if (!has_token(sim, request, response))
        return;
    if (!sim->options.recall || strcmp(sim->options.recall, "yes") != 0) {
        http_problem(response, 405, "It gives no jobs back");
        return;
    }
    pthread_mutex_lock(&sim->lock);
    recall_take(sim, http_path_parameter(request, "id"), response);
    pthread_mutex_unlock(&sim->lock);
}

static void take_command(void *worker, const struct http_request *request,
                         struct http_response *response) {
    take_object(worker, request, response, CSP_COMMAND, "commandId");
}

enum { MOST_BODY = 32 << 20 };

static const struct http_route routes[] = {
    {.method = "PUT",
     .path = "/firmware-images/{sha256}",
     .max_body = MOST_BODY,
     .handler = take_image},
    {.method = "POST",
     .path = "/firmware-jobs",
     .max_body = MOST_BODY,
     .handler = take_job},
    {.method = "DELETE", .path = "/firmware-jobs/{id}", .handler = take_recall},
    {.method = "POST",
     .path = "/gbcs-commands",
     .max_body = MOST_BODY,
     .handler = take_command},
};

/* ---- start and end ---- */

static void *start_worker(void *context, unsigned index) {
    (void)index;
    return context;
}

static bool listen_at(struct csp_sim *sim, const char **reason) {
    sim->listener = http_listen(
        &(struct http_options){.name = "csp",
                               .address = sim->options.listen,
                               .routes = routes,
                               .route_count = sizeof routes / sizeof *routes,
                               .workers = 8,
                               .worker_start = start_worker,
                               .worker_context = sim},
        reason);
    return sim->listener != NULL;
}

static void *devices_tick(void *context) {
    struct csp_sim *sim = context;
    for (int i = 0; !is_stopping(sim); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
        if (i % 10 == 9)
            csp_hubs_tick(sim);
    }
    return NULL;
}

static void csp_free(struct csp_sim *sim) {
    csp_queue_free(sim);
    csp_radio_free(sim);
    csp_hubs_forget(sim);
    sim_han_free(sim->han);
    csp_journal_close(sim);
    free(sim);
}

static bool open_han(struct csp_sim *sim, const char **reason) {
    if (!sim->options.pki)
        return true;
    char certificates[1024];
    snprintf(certificates, sizeof certificates, "%s/certificates",
             sim->options.pki);
    sim->han = sim_han_new(
        &(struct sim_han_options){.seed = sim->options.seed,
                                  .certificates = certificates,
                                  .faults = sim->options.device_faults,
                                  .stored = csp_hubs_stored});
    *reason = "the hubs and devices cannot be emulated";
    return sim->han != NULL;
}

static void start_senders(struct csp_sim *sim) {
    uint64_t count = sim->options.connections;
    if (!count)
        count = 1;
    if (count > CSP_MOST_CONNECTIONS)
        count = CSP_MOST_CONNECTIONS;
    for (; sim->sender_count < count; sim->sender_count++)
        if (pthread_create(&sim->senders[sim->sender_count], NULL,
                           csp_queue_run, sim) != 0)
            abort();
}

struct csp_sim *csp_sim_start(const struct csp_options *options,
                              const char **reason) {
    struct csp_sim *sim = memory_alloc(sizeof *sim);
    *sim = (struct csp_sim){.options = *options,
                            .lock = PTHREAD_MUTEX_INITIALIZER,
                            .moved = PTHREAD_COND_INITIALIZER};
    *reason = "the state folder cannot be used";
    if (!csp_journal_open(sim, csp_plan_job) || !open_han(sim, reason) ||
        !listen_at(sim, reason)) {
        csp_free(sim);
        return NULL;
    }
    start_senders(sim);
    if (sim->han && pthread_create(&sim->ticker, NULL, devices_tick, sim) != 0)
        abort();
    return sim;
}

unsigned csp_sim_port(const struct csp_sim *sim) {
    return http_port(sim->listener);
}

void csp_sim_stop(struct csp_sim *sim) {
    pthread_mutex_lock(&sim->lock);
    sim->stopping = true;
    pthread_cond_broadcast(&sim->moved);
    pthread_mutex_unlock(&sim->lock);
    http_close(sim->listener);
    for (unsigned i = 0; i < sim->sender_count; i++)
        pthread_join(sim->senders[i], NULL);
    if (sim->han)
        pthread_join(sim->ticker, NULL);
    csp_free(sim);
}
