#include "request/metrics.h"

#include "request/step.h"

#include "base/metrics.h"

static struct metric_family families[] = {
    {.name = "fotad_service_requests_total",
     .help = "Service Requests by variant and by what they ended in",
     .kind = METRIC_COUNTER,
     .labels = {"variant", "condition"}},
    {.name = "fotad_update_devices_total",
     .help = "Devices of update requests, accepted or by list",
     .kind = METRIC_COUNTER,
     .labels = {"outcome"}},
    {.name = "fotad_request_step_seconds",
     .help = "Time that each step of a Service Request takes",
     .kind = METRIC_HISTOGRAM,
     .labels = {"step"}},
};
enum { REQUESTS, DEVICES, STEPS };

static void our_fault_show(const char *variant) {
    (void)metric_of(&families[REQUESTS], variant,
                    condition_name(CONDITION_our_fault), NULL);
}

/* What people are to be told of is there with 0, so that the first is an
 * increase. */
void request_metrics_register(void) {
    metrics_register(families, sizeof families / sizeof *families);
    struct rules *rules = rules_current();
    rules_each_variant(rules, our_fault_show);
    rules_release(rules);
    our_fault_show("none");
}

void request_observe_step(const char *name, instant took, size_t count) {
    struct metric *metric = metric_of(&families[STEPS], name, NULL, NULL);
    for (size_t i = 0; i < count; i++)
        metric_observe(metric, took);
}

const char *request_ended_in(const struct rq *rq) {
    return rq->replayed ? "replayed" : condition_name(rq->condition);
}

void request_count_answer(const struct rq *rq) {
    bool known = rules_known_variant(rq->rules, rq_variant(rq));
    metric_add(metric_of(&families[REQUESTS], known ? rq_variant(rq) : "none",
                         request_ended_in(rq), NULL),
               1);
}

/* Counts the devices by what became of them. */
enum outcome request_count_devices(struct rq *rq) {
    static const char *const lists[REFUSALS] = {"invalid", "not_commissioned",
                                                "not_applicable", "in_progress",
                                                "gbcs_version"};
    metric_add(metric_of(&families[DEVICES], "accepted", NULL, NULL),
               (int64_t)rq->accepted);
    for (int i = 0; i < REFUSALS; i++)
        metric_add(metric_of(&families[DEVICES], lists[i], NULL, NULL),
                   (int64_t)rq->refused[i].count);
    return DONE;
}
