#include "csp_gateway/notify.h"

#include "base/crash.h"
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
};
enum { ENTRIES, NOTIFICATIONS, SECONDS };

static const struct kind {
    const char *path, *name;
    inbound_take *take;
    bool is_list; /* one object or an array of them */
    enum crash committed;
} kinds[] = {
    {"/csp/v1/validation-reports", "report", take_validation_reports, false,
     CRASH_report_committed},
    {"/csp/v1/delivery-notifications", "notification",
     take_delivery_notifications, true, CRASH_notifications_committed},
    {"/csp/v1/gbcs-messages", "gbcs_message", take_gbcs_messages, true,
     CRASH_messages_committed},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- who it is ---- */

/* Digests are compared, so that neither content nor length of a token shows in
 * the time it takes. */
static bool same_token(const char *given, const char *token) {
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
static bool is_shown(const struct config_csp *csp, const char *token,
                     const char *name) {
    bool by_token = *csp->inbound_token, by_name = *csp->inbound_certificate;
    return (by_token || by_name) &&
           (!by_token || same_token(token, csp->inbound_token)) &&
           (!by_name || (name && strcmp(name, csp->inbound_certificate) == 0));
}

static const struct config_csp *sender_of(const struct config *config,
                                          const struct http_request *request) {
    const char *token = token_of(request);
    const struct config_csp *found = NULL;
    for (size_t i = 0; i < config->csp_count; i++)
        if (is_shown(&config->csps[i], token, request->peer_name))
            found = &config->csps[i];
    return found;
}

/* ---- the entries ---- */

void inbound_rows(struct inbound *in, size_t rows) {
    in->rows = rows;
    in->refused = arena_zero(in->arena, rows, sizeof *in->refused);
}

bool inbound_open(struct inbound *in, unsigned *status, const char **reason) {
    bool is_array = json_is_array(in->json);
    if (!is_array && !json_is_object(in->json)) {
        *status = 400;
        *reason = "neither an object nor an array";
        return false;
    }
    size_t entries = is_array ? json_array_size(in->json) : 1;
    if (entries > MOST_ENTRIES) {
        *status = 413;
        *reason = "more than 10,000 entries";
        return false;
    }
    inbound_rows(in, entries);
    return true;
}

const json_t *inbound_entry(const struct inbound *in, size_t index) {
    return json_is_array(in->json) ? json_array_get(in->json, index) : in->json;
}

size_t inbound_total(const struct inbound_set *set) {
    size_t total = 0;
    for (size_t i = 0; i < set->count; i++)
        total += set->messages[i]->rows;
    return total;
}

void inbound_settle(const struct inbound_set *set, const struct db_rows *rows,
                    int column, const struct inbound_place *places,
                    size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct inbound *in = places[i].in;
        in->accepted = in->failures = in->others = in->duplicates = 0;
        in->refused[places[i].index] = NULL;
    }
    for (size_t i = 0; i < count; i++)
        places[i].in->duplicates++;
    int32_t *taken, *refused;
    const char **reasons;
    size_t taken_count = db_get_int4s(rows, 0, column, set->arena, &taken);
    for (size_t i = 0; i < taken_count; i++) {
        struct inbound *in = places[taken[i] - 1].in;
        in->accepted++;
        in->duplicates--;
    }
    size_t refused_count =
        db_get_int4s(rows, 0, column + 1, set->arena, &refused);
    db_get_texts(rows, 0, column + 2, set->arena, &reasons);
    for (size_t i = 0; i < refused_count; i++) {
        const struct inbound_place *place = &places[refused[i] - 1];
        place->in->refused[place->index] = reasons[i];
        place->in->duplicates--;
    }
}

/* ---- what is answered ---- */

static size_t write_rejected(const struct inbound *in, struct buffer *out) {
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

static size_t answer(const struct inbound *in, struct http_response *response) {
    struct buffer out = {0};
    buffer_printf(&out, "{\"accepted\":%zu,\"duplicates\":%zu,\"rejected\":[",
                  in->accepted, in->duplicates);
    size_t rejected = write_rejected(in, &out);
    buffer_text(&out, "]}\n");
    response->content_type = "application/json";
    http_take_body(response, &out);
    return rejected;
}

static void count_entries(const struct inbound *in, const struct kind *kind,
                          size_t rejected) {
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
    if (kind->take != take_delivery_notifications)
        return;
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
    db_connect(worker->db);
    return worker;
}

void csp_worker_stop(void *context) {
    struct worker *worker = context;
    db_close(worker->db);
    free(worker);
}

static const struct kind *kind_of(const struct http_request *request) {
    const struct kind *kind = kinds;
    while (strcmp(kind->path, request->route->path) != 0)
        kind++;
    return kind;
}

/* False when nothing is taken: then the answer stands. */
static bool open_message(struct inbound *in, const struct kind *kind) {
    unsigned status = 400;
    const char *reason;
    in->json = entry_json(in->request->body, in->arena, &reason);
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

static bool identify(struct inbound *in, const struct config *config) {
    in->csp = sender_of(config, in->request);
    if (in->csp)
        return true;
    http_problem(in->response, 401, "No CSP has this token or certificate");
    http_add_header(in->response, "WWW-Authenticate", "Bearer realm=\"fotad\"");
    log_warning("csp.unknown", "peer=%s path=%s", in->request->peer,
                in->request->route->path);
    return false;
}

/* Nothing is lost by a fault of ours: the CSP is asked to send it again. */
static void fail(const struct inbound_set *set, const struct inbound *in,
                 const struct kind *kind, enum outcome outcome) {
    bool passing = outcome == RETRY;
    http_problem(in->response, passing ? 503 : 500,
                 "Nothing was taken: the message may be sent again");
    if (passing)
        http_add_header(in->response, "Retry-After", "5");
    log_error("csp.failed", "csp=%s kind=%s : %s", in->csp->name, kind->name,
              db_reason(set->db));
}

static void succeed(const struct inbound *in, const struct kind *kind,
                    instant took) {
    size_t rejected = answer(in, in->response);
    count_entries(in, kind, rejected);
    metric_observe(metric_of(&families[SECONDS], kind->name, NULL, NULL), took);
    log_info("csp.message",
             "csp=%s kind=%s accepted=%zu duplicates=%zu rejected=%zu ms=%.1f",
             in->csp->name, kind->name, in->accepted, in->duplicates, rejected,
             (double)took / 1000.0);
}

/* Everything or nothing of the set is taken. */
static enum outcome take(struct inbound_set *set, const struct kind *kind) {
    instant start = clock_elapsed();
    enum outcome outcome = kind->take(set);
    if (outcome == DONE)
        crash_point(kind->committed);
    instant took = clock_elapsed() - start;
    for (size_t i = 0; i < set->count && outcome == DONE; i++)
        succeed(set->messages[i], kind, took);
    return outcome;
}

/* A message that the database cannot stomach must not fail those that came
 * with it: after such a fault each is tried by itself. */
static void take_apart(const struct inbound_set *set, const struct kind *kind) {
    for (size_t i = 0; i < set->count; i++) {
        struct inbound_set one = *set;
        one.messages = &set->messages[i];
        one.count = 1;
        enum outcome outcome = take(&one, kind);
        if (outcome != DONE)
            fail(&one, one.messages[0], kind, outcome);
    }
}

static void take_set(struct inbound_set *set, const struct kind *kind) {
    enum outcome outcome = take(set, kind);
    if (outcome == FAILED && set->count > 1)
        take_apart(set, kind);
    else if (outcome != DONE)
        for (size_t i = 0; i < set->count; i++)
            fail(set, set->messages[i], kind, outcome);
}

/* What can be taken of these messages, whosever they are. */
static void take_good(const struct worker *worker, const struct kind *kind,
                      struct inbound messages[], size_t count) {
    struct arena *arena = messages[0].arena;
    struct inbound_set set = {
        .config = worker->config,
        .db = worker->db,
        .arena = arena,
        .now = clock_now(),
        /* pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
        .messages = arena_zero(arena, count, sizeof *set.messages)};
    for (size_t i = 0; i < count; i++)
        if (messages[i].json)
            set.messages[set.count++] = &messages[i];
    if (set.count)
        take_set(&set, kind);
}

void csp_take(void *context, const struct http_request *const requests[],
              struct http_response *const responses[], size_t count) {
    const struct worker *worker = context;
    const struct kind *kind = kind_of(requests[0]);
    struct inbound *messages =
        arena_zero(requests[0]->arena, count, sizeof *messages);
    for (size_t i = 0; i < count; i++) {
        struct inbound *in = &messages[i];
        in->request = requests[i];
        in->response = responses[i];
        in->arena = requests[i]->arena;
        if (identify(in, worker->config) && !open_message(in, kind))
            in->json = NULL;
    }
    take_good(worker, kind, messages, count);
    delivery_wake(); /* what was taken may have been told */
}

static struct http_route routes[KINDS];
const size_t csp_route_count = KINDS;

const struct http_route *csp_routes(size_t max_body) {
    for (size_t i = 0; i < KINDS; i++)
        routes[i] = (struct http_route){
            .method = "POST", .path = kinds[i].path, .max_body = max_body};
    return routes;
}
