/* Anomaly detection: what a User asks for against the thresholds. */
#include "request/anomaly.h"

#include "request/devices.h"
#include "request/step.h"

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

static void metric_count(const struct rq *rq, int family,
                         const char *threshold) {
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
    rq_list_devices(rq);
    return (int32_t)rq->device_count;
}

/* What count_volume() finds, and the thresholds whose warning level the volume
 * came to exceed in the column after the others. */
struct volume {
    const char *breach; /* "", "user", "dcc", or "full" */
    int64_t devices;
    int32_t quarantine, period_seconds;
};

static const struct db_column volume_columns[] = {
    DB_COLUMN(TEXT, struct volume, breach),
    DB_COLUMN(INT8, struct volume, devices),
    DB_COLUMN(INT4, struct volume, quarantine),
    DB_COLUMN(INT4, struct volume, period_seconds),
};
enum { WARNED = sizeof volume_columns / sizeof *volume_columns };

/* Once it is committed that they were exceeded, for they are not found again.
 */
static void warnings_tell(struct rq *rq) {
    for (size_t i = 0; i < rq->warned_count; i++) {
        log_warning("anomaly.warning",
                    "variant=%s threshold=%s devices=%zu : the volume of the "
                    "period exceeds the warning level; see Volumes on the "
                    "screens",
                    rq->duis.service_reference_variant, rq->warned[i],
                    rq->duis.device_id_count);
        metric_count(rq, WARNINGS, rq->warned[i]);
    }
    rq->warned_count = 0;
}

static enum outcome volume_count(struct rq *rq, bool enforce,
                                 const struct volume **volume) {
    static const struct db_statement count = {
        "count_volume",
        "select breach, volume, quarantine, period_seconds, warned"
        " from count_volume($1, $2::numeric, $3, $4, $5, $6, $7, $8, $9)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    db_uint8(&params, rq->duis.counter);
    db_int2(&params, rq_stage(rq));
    db_bytea(&params, span_of(rq->meaning, sizeof rq->meaning));
    db_text(&params, rq->duis.service_reference_variant);
    db_int4(&params, volume_of(rq));
    db_bool(&params, enforce);
    db_int4(&params, (int32_t)rq->management->config->anomaly_most_held);
    db_instant(&params, rq->received);
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &count, &params, rq->arena, &rows);
    if (outcome != DONE)
        return outcome;
    *volume = db_structs(rows, DB_COLUMNS(volume_columns), sizeof **volume,
                         rq->arena);
    rq->warned_count = db_get_texts(rows, 0, WARNED, rq->arena, &rq->warned);
    return DONE;
}

static void take_breach(struct rq *rq, const struct volume *volume) {
    if (*volume->breach)
        rq->breach = (struct breach){.threshold = volume->breach,
                                     .volume = volume->devices,
                                     .quarantine = volume->quarantine,
                                     .period_seconds = volume->period_seconds};
}

static enum outcome refuse_hold(struct rq *rq) {
    return rq_refuse(rq, CONDITION_quarantine_full,
                     "too many requests of this User are held by anomaly "
                     "detection");
}

/* §4.10: counts the devices against the thresholds of the User and of
 * all Users, in a transaction of its own; in excess of one the request is held
 * from here on. Nothing for a User that no threshold concerns. (A Transform has
 * no effect on a device: the Signed Pre-Command is counted.) */
enum outcome request_count_volume(struct rq *rq) {
    const struct volume *volume;
    if (!rq->watched)
        return DONE;
    enum outcome outcome = volume_count(rq, true, &volume);
    if (outcome != DONE)
        return outcome;
    warnings_tell(rq);
    if (strcmp(volume->breach, "full") == 0)
        return refuse_hold(rq);
    take_breach(rq, volume);
    if (rq->breach.threshold)
        rq->way = WAY_HELD;
    return DONE;
}

/* A dry run is told that it would be held, and is judged all the same, as it
 * would be once it is released. */
enum outcome request_judge_volume(struct rq *rq) {
    static const struct db_statement judge = {
        "judge_volume", "select breach, volume, quarantine, period_seconds"
                        " from judge_volume($1, $2, $3, $4, $5)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    db_text(&params, rq->duis.service_reference_variant);
    db_int4(&params, volume_of(rq));
    db_int4(&params, (int32_t)rq->management->config->anomaly_most_held);
    db_instant(&params, rq->received);
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &judge, &params, rq->arena, &rows);
    if (outcome == DONE)
        take_breach(rq, db_structs(rows, DB_COLUMNS(volume_columns),
                                   sizeof(struct volume), rq->arena));
    return outcome;
}

enum outcome request_count_released(struct rq *rq) {
    const struct volume *volume;
    return rq->watched ? volume_count(rq, false, &volume) : DONE;
}

/* ---- holding ---- */

/* Keeps the request whole for the Service Desk to decide on. FAILED in the
 * condition quarantine_full, for its RequestID is not used then: others were
 * held since it was counted. */
enum outcome request_hold(struct rq *rq) {
    static const struct db_statement hold = {
        "hold_request",
        "select hold_request($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
    const struct breach *breach = &rq->breach;
    struct db_params params = DB_PARAMS(rq->arena);
    db_int8(&params, rq->request_no);
    db_text(&params, breach->threshold);
    db_int4(&params, volume_of(rq));
    db_int8(&params, breach->volume);
    db_int4(&params, breach->quarantine);
    db_int4(&params, breach->period_seconds);
    db_bytea(&params, rq->body);
    db_int4(&params, (int32_t)rq->management->config->anomaly_most_held);
    db_instant(&params, rq->received);
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &hold, &params, rq->arena, &rows);
    if (outcome != DONE)
        return outcome;
    if (db_is_null(rows, 0, 0))
        return refuse_hold(rq) == DONE ? DONE : FAILED;
    rq->hold_no = db_get_int(rows, 0, 0);
    rq_conclude(rq, CONDITION_quarantined,
                arena_printf(rq->arena, "held as %jd", (intmax_t)rq->hold_no));
    return DONE;
}

static void hold_tell(const struct rq *rq) {
    const struct breach *breach = &rq->breach;
    log_warning("anomaly.held",
                "hold=%jd variant=%s threshold=%s volume=%jd level=%jd "
                "seconds=%jd : the Service Desk must decide: Held requests on "
                "the screens, or fotactl quarantine",
                (intmax_t)rq->hold_no, rq->duis.service_reference_variant,
                breach->threshold, (intmax_t)breach->volume,
                (intmax_t)breach->quarantine, (intmax_t)breach->period_seconds);
    metric_count(rq, QUARANTINED, breach->threshold);
}

/* Tells the Service Desk of what was held, or exceeds a level as it is
 * released. */
enum outcome request_tell_desk(struct rq *rq) {
    warnings_tell(rq);
    if (rq->hold_no)
        hold_tell(rq);
    return DONE;
}
