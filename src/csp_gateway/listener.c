#include "csp_gateway/listener.h"

#include "base/embedded.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "csp_gateway/inbound.h"
#include "delivery/delivery.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <strings.h>

static struct metric_family families[] = {
    {.name = "fotad_csp_entries_total",
     .help = "Entries of CSPs' messages by CSP, kind and what came of them",
     .kind = METRIC_COUNTER,
     .labels = {"csp", "kind", "outcome"}},
    {.name = "fotad_csp_notifications_total",
     .help = "Delivery notifications taken, by CSP and status",
     .kind = METRIC_COUNTER,
     .labels = {"csp", "status"}},
    {.name = "fotad_csp_message_seconds",
     .help = "Time to take a message of a CSP",
     .kind = METRIC_HISTOGRAM,
     .labels = {"kind"}},
    {.name = "fotad_csp_unknown_total",
     .help = "Requests to the CSPs' listener without the token or certificate "
             "of any CSP",
     .kind = METRIC_COUNTER},
};
enum { ENTRIES, NOTIFICATIONS, SECONDS, UNKNOWN };

enum { KINDS = 3 };
static const struct inbound_kind *const kinds[KINDS] = {
    &inbound_reports, &inbound_notifications, &inbound_device_messages};

/* ---- who it is ---- */

/* Digests are compared, so that neither content nor length of a token shows in
 * the time it takes. */
static bool token_equal(const char *given, const char *token) {
    uint8_t a[SHA256_DIGEST_LENGTH], b[SHA256_DIGEST_LENGTH];
    SHA256((const uint8_t *)given, strlen(given), a);
    SHA256((const uint8_t *)token, strlen(token), b);
    return CRYPTO_memcmp(a, b, sizeof a) == 0;
}

/* The token of Authorization: Bearer, or "". */
static const char *token_of(const struct http_request *request) {
    const char *given = http_header(request, "Authorization");
    if (!given || strncasecmp(given, "Bearer ", 7) != 0)
        return "";
    return given + 7 + strspn(given + 7, " ");
}

/* Every credential that the section names, and at least one. */
static bool csp_is_shown(const struct config_csp *csp, const char *token,
                         const char *name) {
    bool by_token = *csp->inbound_token, by_name = *csp->inbound_certificate;
    return (by_token || by_name) &&
           (!by_token || token_equal(token, csp->inbound_token)) &&
           (!by_name || (name && strcmp(name, csp->inbound_certificate) == 0));
}

static const struct config_csp *sender_of(const struct config *config,
                                          const struct http_request *request) {
    const char *token = token_of(request);
    const struct config_csp *found = NULL;
    for (size_t i = 0; i < config->csp_count; i++)
        if (csp_is_shown(&config->csps[i], token, request->peer_name))
            found = &config->csps[i];
    return found;
}

/* ---- what is answered ---- */

static size_t rejected_write(const struct inbound *in, struct buffer *out) {
    size_t count = 0;
    for (size_t i = 0; i < in->rows; i++) {
        if (!in->refused[i])
            continue;
        json_t *row = json_pack("{s:I, s:s}", "index", (json_int_t)i, "reason",
                                in->refused[i]);
        char *text = json_dumps(row, JSON_COMPACT);
        buffer_printf(out, "%s%s", count++ ? "," : "", text);
        free(text);
        json_decref(row);
    }
    return count;
}

/* Returns how many entries were rejected. */
static size_t answer_write(const struct inbound *in) {
    struct buffer out = {0};
    buffer_printf(&out, "{\"accepted\":%zu,\"duplicates\":%zu,\"rejected\":[",
                  in->accepted, in->duplicates);
    size_t rejected = rejected_write(in, &out);
    buffer_text(&out, "]}\n");
    in->response->content_type = "application/json";
    http_take_body(in->response, &out);
    return rejected;
}

static void notifications_count(const struct inbound *in) {
    const struct {
        const char *status;
        size_t count;
    } statuses[] = {{"Success", in->accepted - in->failures - in->others},
                    {"Failed", in->failures},
                    {"Other", in->others}};
    for (size_t i = 0; i < 3; i++)
        metric_add(metric_of(&families[NOTIFICATIONS], in->csp->name,
                             statuses[i].status, NULL),
                   (int64_t)statuses[i].count);
}

static void entries_count(const struct inbound *in,
                          const struct inbound_kind *kind, size_t rejected) {
    const struct {
        const char *outcome;
        size_t count;
    } outcomes[] = {{"accepted", in->accepted},
                    {"duplicate", in->duplicates},
                    {"rejected", rejected}};
    for (size_t i = 0; i < 3; i++)
        metric_add(metric_of(&families[ENTRIES], in->csp->name, kind->name,
                             outcomes[i].outcome),
                   (int64_t)outcomes[i].count);
    if (kind == &inbound_notifications)
        notifications_count(in);
}

/* ---- HTTP ---- */

struct worker {
    const struct config *config;
    struct db *db;
};

void *csp_worker_start(void *context, unsigned index) {
    (void)index;
    metrics_register(families, sizeof families / sizeof *families);
    struct worker *worker = memory_alloc(sizeof *worker);
    worker->config = context;
    worker->db =
        db_open(worker->config->database_conninfo, "fotad CSP gateway");
    (void)db_connect(worker->db);
    return worker;
}

void csp_worker_stop(void *context) {
    struct worker *worker = context;
    db_close(worker->db);
    free(worker);
}

/* Of a route that comes in batches. */
static const struct inbound_kind *kind_of(const struct http_request *request) {
    size_t i = 0;
    while (i < KINDS - 1 && strcmp(kinds[i]->path, request->route->path) != 0)
        i++;
    return kinds[i];
}

/* False when nothing is taken: then the answer stands. */
static bool message_open(struct inbound *in, const struct inbound_kind *kind) {
    unsigned status = 400;
    const char *reason;
    in->json = csp_json_parse(in->request->body, in->arena,
                              kind->is_list ? &in->faults : NULL, &reason);
    bool good = in->json != NULL;
    if (good && kind->is_list)
        good = inbound_open(in, &status, &reason);
    else if (good && !(good = json_is_object(in->json)))
        reason = "not an object";
    if (!good) {
        http_problem(in->response, status, "The body cannot be taken: %s",
                     reason);
        log_warning("csp.refused", "csp=%s kind=%s status=%u : %s",
                    in->csp->name, kind->name, status, reason);
    }
    return good;
}

/* One that has a wrong token comes again and again: all are counted, and one a
 * minute is said. */
static void unknown_tell(const struct http_request *request) {
    static _Atomic instant told;
    instant now = clock_elapsed(), before = atomic_load(&told);
    metric_add(metric_of(&families[UNKNOWN], NULL, NULL, NULL), 1);
    if ((!before || now - before >= MINUTE) &&
        atomic_compare_exchange_strong(&told, &before, now))
        log_warning("csp.unknown",
                    "peer=%s path=%s : it showed no token or certificate of a "
                    "CSP: have inbound_token or inbound_certificate of its "
                    "[csp NAME] section and what it shows agree",
                    request->peer, request->route->path);
}

/* NULL when nobody is known: then the answer stands. */
static const struct config_csp *request_identify(
    const struct config *config, const struct http_request *request,
    struct http_response *response) {
    const struct config_csp *csp = sender_of(config, request);
    if (csp)
        return csp;
    http_problem(response, 401, "No CSP has this token or certificate");
    http_add_header(response, "WWW-Authenticate", "Bearer realm=\"fotad\"");
    unknown_tell(request);
    return NULL;
}

static void show_contract(void *context, const struct http_request *request,
                          struct http_response *response) {
    const struct worker *worker = context;
    if (!request_identify(worker->config, request, response))
        return;
    response->content_type = "application/json";
    response->body = embedded_file("schemas/csp-gateway-openapi.json");
}

/* ---- a batch of one kind ---- */

struct batch_in_hand {
    const struct inbound_batch *batch;
    const struct inbound_kind *kind;
    void *read;
};

static enum outcome batch_step(struct db *db, void *context) {
    const struct batch_in_hand *hand = context;
    const struct inbound_kind *kind = hand->kind;
    struct db_params params = DB_PARAMS(hand->batch->arena);
    kind->add(hand->read, &params);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(db, &kind->statement, &params, hand->batch->arena, &rows);
    if (outcome != DONE)
        return outcome;
    crash_point(kind->worked);
    kind->settle(hand->read, rows);
    return DONE;
}

static void message_taken(const struct inbound *in,
                          const struct inbound_kind *kind, instant took) {
    size_t rejected = answer_write(in);
    entries_count(in, kind, rejected);
    metric_observe(metric_of(&families[SECONDS], kind->name, NULL, NULL), took);
    log_info("csp.message",
             "csp=%s kind=%s accepted=%zu duplicates=%zu rejected=%zu ms=%.1f",
             in->csp->name, kind->name, in->accepted, in->duplicates, rejected,
             (double)took / 1000.0);
}

/* Everything or nothing of the batch is taken. */
static enum outcome batch_try(struct db *db, const struct inbound_batch *batch,
                              const struct inbound_kind *kind) {
    instant start = clock_elapsed();
    struct batch_in_hand hand = {batch, kind, kind->read(batch)};
    enum outcome outcome =
        hand.read ? db_transact(db, batch_step, &hand, true) : DONE;
    if (outcome == DONE)
        crash_point(kind->committed);
    instant took = clock_elapsed() - start;
    for (size_t i = 0; i < batch->count && outcome == DONE; i++)
        message_taken(batch->messages[i], kind, took);
    return outcome;
}

/* Nothing is lost by a fault of ours: the CSP is asked to send it again. */
static void message_failed(const struct inbound *in,
                           const struct inbound_kind *kind, const struct db *db,
                           enum outcome outcome) {
    bool passing = outcome == RETRY;
    http_problem(in->response, passing ? 503 : 500,
                 "Nothing was taken: the message may be sent again");
    if (passing)
        http_add_header(in->response, "Retry-After", "5");
    log_event(db_level(db, LOG_LEVEL_ERROR), "csp.failed",
              "csp=%s kind=%s : %s", in->csp->name, kind->name, db_reason(db));
}

/* A message that the database cannot take must not fail those that came with
 * it: after such a fault each is tried by itself. */
static void batch_take(struct db *db, const struct inbound_batch *batch,
                       const struct inbound_kind *kind) {
    enum outcome outcome = batch_try(db, batch, kind);
    for (size_t i = 0; i < batch->count && outcome != DONE; i++) {
        struct inbound_batch one = *batch;
        one.messages = &batch->messages[i];
        one.count = 1;
        enum outcome alone = outcome;
        if (outcome == FAILED && batch->count > 1)
            alone = batch_try(db, &one, kind);
        if (alone != DONE)
            message_failed(one.messages[0], kind, db, alone);
    }
}

void csp_take(void *context, const struct http_request *const requests[],
              struct http_response *const responses[], size_t count) {
    const struct worker *worker = context;
    const struct inbound_kind *kind = kind_of(requests[0]);
    struct arena *arena = requests[0]->arena;
    struct inbound *messages = arena_zero(arena, count, sizeof *messages);
    struct inbound_batch batch = {
        .config = worker->config,
        .arena = arena,
        .now = clock_now(),
        /* pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
        .messages = arena_zero(arena, count, sizeof *batch.messages)};
    for (size_t i = 0; i < count; i++) {
        struct inbound *in = &messages[i];
        in->request = requests[i];
        in->response = responses[i];
        in->arena = requests[i]->arena;
        in->csp = request_identify(worker->config, in->request, in->response);
        if (in->csp && message_open(in, kind))
            batch.messages[batch.count++] = in;
    }
    if (batch.count)
        batch_take(worker->db, &batch, kind);
    delivery_wake(); /* what was taken may have been told */
}

static struct http_route routes[KINDS + 1] = {
    [KINDS] = {.method = "GET",
               .path = "/csp/v1/openapi.json",
               .handler = show_contract}};
const size_t csp_route_count = KINDS + 1;

const struct http_route *csp_routes(size_t max_body) {
    for (size_t i = 0; i < KINDS; i++)
        routes[i] = (struct http_route){
            .method = "POST", .path = kinds[i]->path, .max_body = max_body};
    return routes;
}
