/* Anomaly detection: held requests and the Service Desk's decisions on them,
 * volumes against thresholds. */
#include "base/lists.h"
#include "desk/quarantine.h"
#include "people/answer.h"
#include "people/handlers.h"
#include "people/input.h"
#include "people/listing.h"
#include "people/param.h"

/* ---- held requests ---- */

/* Who sees them sees all. */
static void holds_add(struct db_params *params, const void *context) {
    const struct query_narrowing *n = context;
    db_eui64_if(params, n->has_user, n->user);
    db_text(params, n->state);
}

void people_list_quarantine(struct call *call) {
    static const struct view_field fields[] = {
        VIEW_CSV("id", COUNT),
        VIEW_CSV("requestId", TEXT),
        VIEW_CSV("sender", TEXT),
        VIEW_CSV("senderName", TEXT),
        VIEW_CSV("serviceReferenceVariant", TEXT),
        VIEW_CSV("threshold", TEXT),
        VIEW_CSV("devices", COUNT),
        VIEW_CSV("volume", COUNT),
        VIEW_CSV("quarantine", COUNT),
        VIEW_CSV("periodSeconds", COUNT),
        VIEW_CSV("held", TEXT),
        VIEW_CSV("state", TEXT),
        VIEW_CSV("decided", TEXT),
        VIEW_CSV("person", TEXT),
        VIEW_CSV("reason", TEXT),
        VIEW_CSV("ended", TEXT),
        VIEW_CSV("responseCode", TEXT)};
    static const struct db_statement page = {
        "hold_page",
        "select hold_page($1, $2::text::hold_state, $3, $4)::text"};
    static const struct listing listing = {.fields = fields,
                                           .field_count =
                                               sizeof fields / sizeof *fields,
                                           .page = &page,
                                           .add_filter = holds_add,
                                           .file_name = "held-requests.csv",
                                           .missing = ""};
    const struct query_narrowing *narrowing =
        query_narrowing(call, hold_states);
    if (narrowing)
        listing_answer(call, &listing, narrowing);
}

static void release_or_reject(struct call *call, bool release) {
    struct desk desk = answer_desk(call);
    const char *hold = http_path_parameter(call->request, "holdId");
    const char *reason;
    struct quarantine_decision decision;
    char time[INSTANT_TEXT_SIZE];
    if (!body_reason(call, &reason) ||
        !answer_desk_done(
            call, &desk,
            quarantine_decide(&desk, hold, release, reason, &decision)))
        return;
    answer_json(call, 200,
                json_pack("{s:s, s:s, s:s, s:s}", "id", hold, "requestId",
                          decision.request_id, "state", decision.state, "at",
                          instant_format(call->now, time)));
}

void people_release_request(struct call *call) {
    release_or_reject(call, true);
}

void people_reject_request(struct call *call) {
    release_or_reject(call, false);
}

/* ---- volumes against thresholds ---- */

struct volumes {
    const struct person *person;
    bool has_user;
    eui64 user;
    const char *variant;
    instant from, to;
};

/* The period ends after `now`, so that a request of this moment is in it. */
static bool volumes_read(struct call *call, struct volumes *v) {
    *v = (struct volumes){.person = call->person};
    return query_period(call, call->now + 1, &v->from, &v->to) &&
           query_eui64(call, "user", &v->has_user, &v->user) &&
           query_choice(call, "variant", service_variants, &v->variant);
}

static void volumes_add(struct db_params *params, const void *context) {
    const struct volumes *v = context;
    param_viewer(params, v->person);
    db_eui64_if(params, v->has_user, v->user);
    db_text(params, v->variant);
    db_instant(params, v->from);
    db_instant(params, v->to);
}

void people_report_volumes(struct call *call) {
    static const struct view_field fields[] = {
        VIEW_CSV(NULL, TEXT),
        VIEW_CSV("day", TEXT),
        VIEW_CSV("userId", EUI64),
        VIEW_CSV("userName", TEXT),
        VIEW_CSV("serviceReferenceVariant", TEXT),
        VIEW_CSV("requests", COUNT),
        VIEW_CSV("devices", COUNT),
        VIEW_CSV("heldRequests", COUNT),
        VIEW_CSV("heldDevices", COUNT),
        VIEW_CSV("periodSeconds", COUNT),
        VIEW_CSV("warning", COUNT),
        VIEW_CSV("quarantine", COUNT)};
    static const struct db_statement rows = {
        "list_volumes",
        "select * from list_volumes($1, $2, $3, $4, $5, $6, $7)"};
    static const struct db_statement page = {
        "volume_page",
        "select volume_page($1, $2, $3, $4, $5, $6, $7, $8)::text"};
    static const struct listing listing = {.fields = fields,
                                           .field_count =
                                               sizeof fields / sizeof *fields,
                                           .rows = &rows,
                                           .page = &page,
                                           .page_takes_now = true,
                                           .add_filter = volumes_add,
                                           .file_name = "volumes.csv",
                                           .missing = ""};
    struct volumes *volumes = arena_zero(call->arena, 1, sizeof *volumes);
    if (volumes_read(call, volumes))
        listing_answer(call, &listing, volumes);
}
