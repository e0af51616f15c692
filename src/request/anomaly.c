/* Anomaly detection: what a User asks for against the thresholds. */
#include "request/request.h"

#include "base/log.h"
#include "base/metrics.h"

static struct metric_family families[] = {
    {.name = "fotad_volume_warnings_total",
     .help = "Volumes that came to exceed a warning level",
     .kind = METRIC_COUNTER,
     .labels = {"variant", "threshold"}},
    {.name = "fotad_quarantined_requests_total",
     .help = "Requests held because they exceed a quarantine level",
     .kind = METRIC_COUNTER,
     .labels = {"variant", "threshold"}},
};
enum { WARNINGS, QUARANTINED };

static void tell(const struct rq *rq, int family, const char *threshold) {
    metrics_register(families, sizeof families / sizeof *families);
    metric_add(metric_of(&families[family], rq->duis.service_reference_variant,
                         threshold, NULL),
               1);
}

/* ---- counting ---- */

/* The devices it concerns: an 11.2 or 11.3 is for one. */
static int32_t volume_of(struct rq *rq) {
    if (!rq->duis.device_id_count)
        return 1;
    request_list_devices(rq);
    return (int32_t)rq->device_count;
}

static enum outcome count(struct rq *rq, bool enforce, struct db_rows **rows) {
    static const struct db_statement statement = {
        "count_volume",
        "select breach, warned, volume, quarantine, period_seconds"
        " from count_volume($1, $2::numeric, $3, $4, $5, $6, $7, $8, $9)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    db_uint8(&params, rq->duis.counter);
    db_int2(&params, request_stage(rq));
    db_bytea(&params, span_of(rq->content, sizeof rq->content));
    db_text(&params, rq->duis.service_reference_variant);
    db_int4(&params, volume_of(rq));
    db_bool(&params, enforce);
    db_int4(&params, (int32_t)rq->management->config->anomaly_most_held);
    db_instant(&params, rq->received);
    return db_run(rq->db, &statement, &params, rq->arena, rows);
}

static void take_warnings(struct rq *rq, const struct db_rows *rows) {
    const char **thresholds;
    size_t warned = db_get_texts(rows, 0, 1, rq->arena, &thresholds);
    for (size_t i = 0; i < warned; i++) {
        log_warning("anomaly.warning",
                    "variant=%s threshold=%s devices=%zu : the volume of the "
                    "period exceeds the warning level; see Volumes on the "
                    "screens",
                    rq->duis.service_reference_variant, thresholds[i],
                    rq->duis.device_id_count);
        tell(rq, WARNINGS, thresholds[i]);
    }
}

/* A Transform has no effect on a device: the Signed Pre-Command is counted. */
enum step request_count(struct rq *rq) {
    if (!rq->watched || rq->duis.body == DUIS_ACTIVATE_FIRMWARE)
        return STEP_ON;
    struct db_rows *rows;
    enum outcome outcome = count(rq, true, &rows);
    if (outcome != DONE)
        return rq_database(outcome);
    take_warnings(rq, rows);
    const char *breach = db_get_text(rows, 0, 0);
    if (strcmp(breach, "full") == 0)
        return rq_end(rq, CONDITION_quarantine_full,
                      "too many requests of this User are held by anomaly "
                      "detection");
    if (*breach)
        rq->breach =
            (struct breach){.threshold = breach,
                            .volume = db_get_int(rows, 0, 2),
                            .quarantine = (int32_t)db_get_int(rows, 0, 3),
                            .period_seconds = (int32_t)db_get_int(rows, 0, 4)};
    return STEP_ON;
}

enum outcome request_count_released(struct rq *rq) {
    struct db_rows *rows;
    enum outcome outcome = rq->watched ? count(rq, false, &rows) : DONE;
    if (outcome == DONE && rq->watched)
        take_warnings(rq, rows);
    return outcome;
}

/* ---- holding ---- */

enum step request_hold(struct rq *rq) {
    static const struct db_statement hold = {
        "hold_request", "select hold_request($1, $2, $3, $4, $5, $6, $7, $8)"};
    const struct breach *breach = &rq->breach;
    struct db_params params = DB_PARAMS(rq->arena);
    db_int8(&params, rq->request_no);
    db_text(&params, breach->threshold);
    db_int4(&params, volume_of(rq));
    db_int8(&params, breach->volume);
    db_int4(&params, breach->quarantine);
    db_int4(&params, breach->period_seconds);
    db_bytea(&params, rq->body);
    db_instant(&params, rq->received);
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &hold, &params, rq->arena, &rows);
    if (outcome != DONE)
        return rq_database(outcome);
    intmax_t number = db_get_int(rows, 0, 0);
    log_warning("anomaly.held",
                "hold=%jd variant=%s threshold=%s volume=%jd level=%jd "
                "seconds=%jd : the Service Desk must decide: Held requests on "
                "the screens, or fotactl quarantine",
                number, rq->duis.service_reference_variant, breach->threshold,
                (intmax_t)breach->volume, (intmax_t)breach->quarantine,
                (intmax_t)breach->period_seconds);
    tell(rq, QUARANTINED, breach->threshold);
    return rq_end(rq, CONDITION_quarantined,
                  arena_printf(rq->arena, "held as %jd", number));
}
