/* What follows from a job or a command that an emulated CSP has taken: its
 * report, the notifications, and what its hubs get. */
#include "fotasim/csp_sim.h"

#define REPORTS "/csp/v1/validation-reports"
#define NOTIFICATIONS "/csp/v1/delivery-notifications"

static enum csp_fate target_fate(const struct csp_faults *faults,
                                 const json_t *target, const char **reason) {
    eui64 id = 0;
    eui64_parse(span_text(csp_text(target, "deviceId")), &id);
    return csp_fate_of(faults, id, reason);
}

static json_t *report_make(const struct csp_faults *faults, const json_t *job,
                           const char *id) {
    json_t *rejected = json_array();
    const json_t *targets = json_object_get(job, "targets");
    for (size_t i = 0; i < json_array_size(targets); i++) {
        const json_t *target = json_array_get(targets, i);
        const char *reason;
        if (target_fate(faults, target, &reason) == CSP_REJECT)
            json_array_append_new(rejected,
                                  json_pack("{s:s, s:s}", "deviceId",
                                            csp_text(target, "deviceId"),
                                            "reason", reason));
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
    enum csp_fate fate = target_fate(faults, target, &reason);
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

static void batch_plan(struct csp_sim *sim, const struct csp_faults *faults,
                       const json_t *job, json_t *batch, size_t number) {
    char id[96];
    for (unsigned copy = 0; copy < faults->copies && json_array_size(batch);
         copy++) {
        snprintf(id, sizeof id, "notifications %.40s %zu %u",
                 csp_text(job, "jobId"), number, copy);
        bool single = json_array_size(batch) == 1;
        csp_queue_add(sim, id, NOTIFICATIONS,
                      json_incref(single ? json_array_get(batch, 0) : batch),
                      faults->delivery_delay * MILLISECOND);
    }
    json_decref(batch);
}

static void notifications_plan(struct csp_sim *sim,
                               const struct csp_faults *faults,
                               const json_t *job) {
    size_t count = json_array_size(json_object_get(job, "targets"));
    json_t *batch = json_array();
    for (size_t i = 0, number = 0; i < count; i++) {
        json_t *one = notification_make(faults, job, i);
        if (one)
            json_array_append_new(batch, one);
        if (json_array_size(batch) < faults->batch)
            continue;
        batch_plan(sim, faults, job, batch, number++);
        batch = json_array();
    }
    batch_plan(sim, faults, job, batch, count);
}

void csp_plan_job(struct csp_sim *sim, const json_t *job) {
    struct csp_faults faults;
    csp_faults_read(sim->options.faults, &faults);
    char id[96];
    snprintf(id, sizeof id, "%.30s report %.40s", sim->options.name,
             csp_text(job, "jobId"));
    for (unsigned copy = 0; copy < faults.copies; copy++) {
        char said[112];
        snprintf(said, sizeof said, "%s %u", id, copy);
        csp_queue_add(sim, said, REPORTS, report_make(&faults, job, id),
                      faults.report_delay * MILLISECOND);
    }
    notifications_plan(sim, &faults, job);
    if (sim->han)
        csp_queue_errand(sim, csp_hubs_take_image, job,
                         faults.delivery_delay * MILLISECOND);
}

void csp_plan_command(struct csp_sim *sim, const json_t *command) {
    if (sim->han)
        csp_queue_errand(sim, csp_hubs_take_command, command, 0);
}
