/* What follows from a job or a command that an emulated CSP has taken: its
 * report, the notifications, and what its hubs get. */
#include "fotasim/csp_sim.h"

#include "base/json.h"

#define REPORTS "/csp/v1/validation-reports"
#define NOTIFICATIONS "/csp/v1/delivery-notifications"

static enum csp_fate target_fate(const struct csp_faults *faults,
                                 const json_t *job, const json_t *target,
                                 const char **reason) {
    const char *overload = csp_text(job, "overload");
    *reason = "NO_CHANNEL";
    if (*overload)
        return strcmp(overload, "reject") == 0 ? CSP_REJECT : CSP_FAIL;
    eui64 id = 0;
    eui64_parse(span_text(csp_text(target, "deviceId")), &id);
    return csp_fate_of(faults, id, reason);
}

static json_t *report_make(const struct csp_faults *faults, const json_t *job,
                           const char *id, bool contradicts) {
    json_t *rejected = json_array();
    const json_t *targets = json_object_get(job, "targets");
    for (size_t i = 0; i < json_array_size(targets); i++) {
        const json_t *target = json_array_get(targets, i);
        const char *reason;
        bool refuses = target_fate(faults, job, target, &reason) == CSP_REJECT;
        if (refuses != contradicts)
            json_add(rejected, json_pack("{s:s, s:s}", "deviceId",
                                         csp_text(target, "deviceId"), "reason",
                                         refuses ? reason : "OTHER"));
    }
    return json_pack("{s:s, s:s, s:o}", "reportId", id, "jobId",
                     csp_text(job, "jobId"), "rejected", rejected);
}

/* NULL: nothing is said of this device. */
static json_t *notification_make(const struct csp_faults *faults,
                                 const json_t *job, size_t index) {
    static const char *const statuses[CSP_FATES] = {[CSP_WELL] = "Success",
                                                    [CSP_FAIL] = "Failed",
                                                    [CSP_OTHER] = "Other",
                                                    [CSP_ANOTHER_HUB] =
                                                        "Success"};
    const json_t *target =
        json_array_get(json_object_get(job, "targets"), index);
    const char *reason;
    enum csp_fate fate = target_fate(faults, job, target, &reason);
    if (!statuses[fate])
        return NULL;
    char id[80], now[INSTANT_TEXT_SIZE];
    snprintf(id, sizeof id, "%.40s-%zu", csp_text(job, "jobId"), index);
    bool well = fate == CSP_WELL || fate == CSP_ANOTHER_HUB;
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s*}",
                     "notificationId", id, "jobId", csp_text(job, "jobId"),
                     "commsHubId",
                     fate == CSP_ANOTHER_HUB ? "00-00-00-00-00-00-00-00"
                                             : csp_text(target, "commsHubId"),
                     "deviceId", csp_text(target, "deviceId"), "deviceType",
                     csp_text(job, "deviceType"), "firmwareVersion",
                     csp_text(job, "firmwareVersion"), "timestamp",
                     instant_format(clock_now(), now), "status", statuses[fate],
                     "reasonCode", well ? NULL : reason);
}

/* All of a job. */
static json_t *notifications_make(const struct csp_faults *faults,
                                  const json_t *job) {
    size_t count = json_array_size(json_object_get(job, "targets"));
    json_t *all = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *one = notification_make(faults, job, i);
        if (one)
            json_add(all, one);
    }
    return all;
}

/* ---- a delivery: the notifications of a job, and how they are sent ---- */

static size_t delivery_number(const json_t *delivery, const char *name) {
    return (size_t)json_integer_value(json_object_get(delivery, name));
}

static void batch_plan(struct csp_sim *sim, const json_t *delivery,
                       json_t *batch, size_t number, instant delay) {
    char id[96];
    size_t copies = delivery_number(delivery, "copies");
    const json_t *job = json_object_get(delivery, "job");
    for (size_t copy = 0; copy < copies && json_array_size(batch); copy++) {
        snprintf(id, sizeof id, "notifications %.40s %zu %zu",
                 csp_text(job, "jobId"), number, copy);
        bool single = json_array_size(batch) == 1;
        csp_queue_add(sim, id, NOTIFICATIONS,
                      json_incref(single ? json_array_get(batch, 0) : batch),
                      delay);
    }
    json_decref(batch);
}

static void delivery_notify(struct csp_sim *sim, const json_t *delivery,
                            instant delay) {
    const json_t *job = json_object_get(delivery, "job");
    size_t most = delivery_number(delivery, "batch"), i, number = 0;
    json_t *batch = json_array(), *one;
    json_array_foreach(json_object_get(delivery, "notifications"), i, one) {
        if (!sim->han || !csp_hubs_untold(sim, job, one))
            json_add(batch, json_incref(one));
        if (json_array_size(batch) < most)
            continue;
        batch_plan(sim, delivery, batch, number++, delay);
        batch = json_array();
    }
    batch_plan(sim, delivery, batch,
               json_array_size(json_object_get(job, "targets")), delay);
}

/* The images reach the hubs, those that have room: that is notified, before
 * anybody there says anything. Not under the lock. */
static void delivery_reach(struct csp_sim *sim, const json_t *delivery) {
    pthread_mutex_lock(&sim->lock);
    delivery_notify(sim, delivery, 0);
    pthread_mutex_unlock(&sim->lock);
    csp_hubs_take_image(sim, json_object_get(delivery, "job"));
}

static void delivery_plan(struct csp_sim *sim, const struct csp_faults *faults,
                          const json_t *job) {
    json_t *delivery =
        json_pack("{s:O, s:o, s:i, s:i}", "job", job, "notifications",
                  notifications_make(faults, job), "copies",
                  (int)faults->copies, "batch", (int)faults->batch);
    instant delay = faults->delivery_delay * MILLISECOND + csp_radio_takes(sim);
    if (sim->han)
        csp_queue_errand(sim, delivery_reach, delivery, delay);
    else
        delivery_notify(sim, delivery, delay);
    json_decref(delivery);
}

static void reports_plan(struct csp_sim *sim, const struct csp_faults *faults,
                         const json_t *job, bool contradicts) {
    char id[128], said[160];
    snprintf(id, sizeof id, "%.30s report %.40s%s", sim->options.name,
             csp_text(job, "jobId"), contradicts ? " otherwise" : "");
    instant delay = faults->report_delay * MILLISECOND;
    if (contradicts)
        delay += faults->contradict * MILLISECOND;
    for (unsigned copy = 0; copy < faults->reports; copy++) {
        snprintf(said, sizeof said, "%s %u", id, copy);
        csp_queue_add(sim, said, REPORTS,
                      report_make(faults, job, id, contradicts), delay);
    }
}

void csp_plan_job(struct csp_sim *sim, const json_t *job) {
    struct csp_faults faults;
    csp_faults_read(sim->options.faults, &faults);
    reports_plan(sim, &faults, job, false);
    if (faults.contradict)
        reports_plan(sim, &faults, job, true);
    delivery_plan(sim, &faults, job);
}

void csp_plan_command(struct csp_sim *sim, const json_t *command) {
    if (sim->han)
        csp_queue_errand(sim, csp_hubs_take_command, command, 0);
}
