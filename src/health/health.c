#include "health/health.h"

#include "base/expiry.h"
#include "base/hsm.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/trouble.h"
#include "base/version.h"
#include "csp_gateway/denied.h"
#include "csp_gateway/sections.h"
#include "db/db.h"
#include "db/system_clock.h"
#include "health/descriptors.h"
#include "health/gauges.h"
#include "health/process.h"
#include "health/revocations.h"
#include "http/configured.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Why it is not ready, whatever the database says; NULL: it is. */
static _Atomic(const char *) unready = "the process is starting";

void health_say_ready(void) {
    atomic_store(&unready, NULL);
}

void health_say_stopping(void) {
    atomic_store(&unready, "the process is stopping");
}

static struct metric_family families[] = {
    {.name = "fotad_crl_overdue",
     .help = "Certificate Revocation Lists whose nextUpdate has passed.",
     .kind = METRIC_GAUGE},
    {.name = "fotad_sat_unsealed_seconds",
     .help = "How long entries of the audit trail have waited for their seal.",
     .kind = METRIC_GAUGE},
    {.name = "fotad_certificate_days_left",
     .help = "Days until a certificate that fotad shows ends; below 0 since.",
     .kind = METRIC_GAUGE,
     .labels = {"use"}},
    {.name = "fotad_build_info",
     .help = "1; the version that runs and its release of the database.",
     .kind = METRIC_GAUGE,
     .labels = {"version", "release"}},
    {.name = "fotad_hsm_away",
     .help = "1: a token of the HSM does not do what it is asked for.",
     .kind = METRIC_GAUGE},
};
enum { CRL_OVERDUE, SAT_UNSEALED, CERTIFICATE_DAYS, BUILD, HSM_AWAY };

/* A line for people. What others say in it may be no UTF-8: a server that does
 * not know our encoding yet. */
__attribute__((format(printf, 2, 3))) static void health_say(json_t *lines,
                                                             const char *format,
                                                             ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_add(lines, json_text(text));
}

struct worker {
    const struct config *config;
    struct db *db;
};

static void *start_worker(void *context, unsigned index) {
    (void)index;
    metrics_register(families, sizeof families / sizeof *families);
    char release[16];
    snprintf(release, sizeof release, "%d", FOTAD_RELEASE);
    metric_set(metric_of(&families[BUILD], FOTAD_VERSION, release, NULL), 1);
    struct worker *worker = memory_alloc(sizeof *worker);
    worker->config = context;
    worker->db = db_open(worker->config->database_conninfo, "fotad health");
    db_takes_any_past(worker->db);
    return worker;
}

static void stop_worker(void *context) {
    struct worker *worker = context;
    db_close(worker->db);
    free(worker);
}

static void answer_healthz(void *context, const struct http_request *request,
                           struct http_response *response) {
    (void)context;
    (void)request;
    response->content_type = "text/plain; charset=utf-8";
    response->body = span_text("ok\n");
}

/* Seconds for which the audit trail has waited for its seal. */
static int64_t seal_waits(struct worker *worker, struct arena *arena) {
    static const struct db_statement ask = {"sat_unsealed_for",
                                            "select sat_unsealed_for()"};
    struct db_rows *rows;
    return db_run(worker->db, &ask, NULL, arena, &rows) == DONE
               ? db_get_int(rows, 0, 0)
               : 0;
}

/* Whole days, rounded down. */
static int64_t days_until(instant when) {
    instant left = when - clock_now();
    return left / DAY - (left % DAY < 0);
}

static void expiry_measure(void *context, const char *use, instant not_after) {
    (void)context;
    metric_set(metric_of(&families[CERTIFICATE_DAYS], use, NULL, NULL),
               days_until(not_after));
}

static void answer_metrics(void *context, const struct http_request *request,
                           struct http_response *response) {
    struct worker *worker = context;
    struct db_rows *overdue;
    if (revocations_overdue(worker->db, request->arena, clock_now(),
                            &overdue) == DONE)
        metric_set(metric_of(&families[CRL_OVERDUE], NULL, NULL, NULL),
                   (int64_t)db_row_count(overdue));
    metric_set(metric_of(&families[SAT_UNSEALED], NULL, NULL, NULL),
               seal_waits(worker, request->arena));
    metric_set(metric_of(&families[HSM_AWAY], NULL, NULL, NULL),
               hsm_fault(request->arena) != NULL);
    expiry_each(expiry_measure, NULL);
    gauges_measure(worker->db, worker->config, request->arena);
    process_measure();
    struct buffer out = {0};
    metrics_render(&out);
    response->content_type = METRICS_MEDIA_TYPE;
    http_take_body(response, &out);
}

/* The server's own word: can it be written to, and do commits get done? */
static enum outcome look_at_server(struct worker *worker, bool *read_only,
                                   json_t *reasons) {
    static const struct db_statement look = {
        "look_at_server",
        "select current_setting('transaction_read_only')::bool,"
        " (select count(*) from pg_stat_activity"
        " where wait_event = 'SyncRep' and datname = current_database()"
        " and usename = session_user"
        " and state_change < clock_timestamp() - interval '5 seconds')"};
    struct arena *arena = arena_new();
    struct db_rows *rows;
    int64_t commits = 0;
    enum outcome outcome = db_run(worker->db, &look, NULL, arena, &rows);
    if (outcome == DONE) {
        *read_only = db_get_bool(rows, 0, 0);
        commits = db_get_int(rows, 0, 1);
    }
    arena_free(arena);
    if (commits)
        health_say(reasons,
                   "%jd commits wait for the synchronous standby: bring it "
                   "back, or take it out of synchronous_standby_names",
                   (intmax_t)commits);
    return outcome;
}

/* Nobody who is judged by a date can be, while the time is not known; after a
 * time in which nobody ran it is believed, and only not yet relied on. */
static void look_at_clock(const struct config *config, struct arena *arena,
                          json_t *reasons, json_t *warnings) {
    const char *fault = system_clock_fault(config, arena);
    bool unknown =
        !clock_is_known() && strcmp(system_clock_latest().doubt, "gap") != 0;
    if (fault)
        health_say(unknown ? reasons : warnings,
                   "%s. Until then nothing is destroyed, released, given up or "
                   "called too late",
                   fault);
}

/* On a disk that is full nothing can be written, so no request be taken. */
static void look_at_errors(json_t *reasons, json_t *warnings) {
    char advice[DB_ADVICE_SIZE];
    const char *what = db_lasting_error(advice);
    if (what)
        health_say(strcmp(what, DB_DISK_FULL) == 0 ? reasons : warnings,
                   "the database said lately: %s; %s", what, advice);
}

static void warn_of_step(void *context, const char *name, unsigned times,
                         const char *reason) {
    health_say(context, "%s has failed %u times in a row: %s", name, times,
               reason);
}

static void warn_of_seals(struct worker *worker, struct arena *arena,
                          json_t *warnings) {
    int64_t waits = seal_waits(worker, arena);
    if (waits * SECOND >
        10 * MINUTE + 2 * worker->config->tracking_housekeeping)
        health_say(warnings,
                   "the audit trail has not been sealed for %jd s: look "
                   "for a transaction of this database that does not end "
                   "(pg_stat_activity.xact_start, pg_prepared_xacts), "
                   "and for housekeeping.failed in the log",
                   (intmax_t)waits);
}

static void check_database(struct worker *worker, json_t *reasons) {
    int missing = 0;
    bool read_only = false;
    if (db_migrate(worker->db, NULL, &missing) != DONE ||
        look_at_server(worker, &read_only, reasons) != DONE)
        health_say(reasons, "the database cannot be used: %s",
                   db_reason(worker->db));
    if (read_only) {
        db_disconnect(worker->db); /* another server may be found next time */
        health_say(reasons, "the database is read-only: a standby, or "
                            "default_transaction_read_only is on");
    }
    if (missing)
        health_say(reasons,
                   "the database lacks %d SQL files of this "
                   "version: run fotactl migrate",
                   missing);
}

static void warn_of_expiry(void *context, const char *use, instant not_after) {
    int64_t days = days_until(not_after);
    if (not_after - clock_now() > EXPIRY_NEAR)
        return;
    if (days < 0)
        health_say(context,
                   "the certificate of %s has expired: replace it, "
                   "and reload",
                   use);
    else
        health_say(context,
                   "the certificate of %s ends in %jd days: replace "
                   "it, and reload",
                   use, (intmax_t)days);
}

static void warn_of_config(const struct config *config, json_t *warnings) {
    if (config->accept_expired)
        health_say(warnings, "[identity] accept_expired: expired "
                             "certificates are accepted");
    if (!hsm_is_uri(config->key_agreement_key) &&
        access(config->key_agreement_key, F_OK) != 0)
        health_say(warnings, "[identity] key_agreement_key is not there: "
                             "11.2 and 11.3 cannot be sent to devices");
    if (*config->clock_offset_file)
        health_say(warnings, "[clock] offset_file: the time is moved");
}

/* The name is empty where one has none at all. */
static void warn_of_sections(struct worker *worker, struct arena *arena,
                             json_t *warnings) {
    struct db_rows *rows;
    if (csp_sections_differ(worker->db, arena, &rows) != DONE)
        return;
    for (size_t i = 0; i < db_row_count(rows); i++)
        health_say(warnings, "[csp %s] is not the same in all running fotads",
                   db_get_text(rows, i, 0));
}

static void warn_of_csps(const struct config *config, json_t *warnings) {
    for (size_t i = 0; i < config->csp_count; i++)
        if (csp_denied(i))
            health_say(warnings,
                       "the CSP %s does not let fotad in: it answers %u",
                       config->csps[i].name, csp_denied(i));
}

static void warn_of_overdue(struct worker *worker, struct arena *arena,
                            json_t *warnings) {
    struct db_rows *rows;
    if (revocations_overdue(worker->db, arena, clock_now(), &rows) != DONE)
        return;
    for (size_t i = 0; i < db_row_count(rows); i++)
        health_say(warnings,
                   "the revocation list of %s is overdue: run fotactl "
                   "import crl with a new one",
                   db_get_text(rows, i, 0));
}

static void answer_readyz(void *context, const struct http_request *request,
                          struct http_response *response) {
    struct worker *worker = context;
    json_t *reasons = json_array(), *warnings = json_array();
    const char *why = atomic_load(&unready);
    if (why)
        health_say(reasons, "%s", why);
    else
        check_database(worker, reasons);
    const char *past = db_past_fault(request->arena);
    if (past)
        health_say(reasons, "%s", past);
    const char *hsm = hsm_fault(request->arena);
    if (hsm)
        health_say(reasons, "%s", hsm);
    look_at_clock(worker->config, request->arena, reasons, warnings);
    look_at_errors(reasons, warnings);
    warn_of_config(worker->config, warnings);
    warn_of_csps(worker->config, warnings);
    expiry_each(warn_of_expiry, warnings);
    trouble_each(warn_of_step, warnings);
    if (json_array_size(reasons) == 0) {
        warn_of_overdue(worker, request->arena, warnings);
        warn_of_sections(worker, request->arena, warnings);
        warn_of_seals(worker, request->arena, warnings);
    }
    const char *few = descriptors_warning(request->arena);
    if (few)
        health_say(warnings, "%s", few);
    bool ready = json_array_size(reasons) == 0;
    json_t *answer = json_pack("{s:b, s:o, s:o}", "ready", ready, "reasons",
                               reasons, "warnings", warnings);
    char *text = json_dumps(answer, JSON_INDENT(2));
    json_decref(answer);
    response->status = ready ? 200 : 503;
    response->content_type = "application/json";
    response->body = span_text(arena_adopt(request->arena, text, free));
}

static const struct http_route routes[] = {
    {.method = "GET", .path = "/healthz", .handler = answer_healthz},
    {.method = "GET", .path = "/readyz", .handler = answer_readyz},
    {.method = "GET", .path = "/metrics", .handler = answer_metrics},
};

struct http_listener *health_start(const struct config *config,
                                   const char **reason) {
    return http_listen(
        &(struct http_options){.name = "operations",
                               HTTP_CONFIGURED(config, operations),
                               .routes = routes,
                               .route_count = sizeof routes / sizeof *routes,
                               .workers = 1,
                               .queue_size = 16,
                               .worker_start = start_worker,
                               .worker_stop = stop_worker,
                               .worker_context = (void *)(uintptr_t)config},
        reason);
}
