/* Devices that are later than others were. */
#include "people/answer.h"
#include "people/handlers.h"
#include "people/input.h"
#include "people/listing.h"
#include "people/param.h"

struct stuck_filter {
    const struct person *person;
    const char *csp;
    instant timeout, now;
};

static void stuck_filter_add(struct db_params *params, const void *context) {
    const struct stuck_filter *f = context;
    param_viewer(params, f->person);
    db_text(params, f->csp);
    db_int8(params, f->timeout / SECOND);
    db_instant(params, f->now);
}

void people_list_stuck(struct call *call) {
    static const struct view_field fields[] = {
        {NULL, NULL, NULL, VIEW_TEXT},  VIEW_CSV("deviceId", EUI64),
        VIEW_CSV("deviceType", TEXT),   VIEW_CSV("csp", TEXT),
        VIEW_CSV("stage", TEXT),        VIEW_CSV("since", INSTANT),
        VIEW_CSV("lateSince", INSTANT), VIEW_CSV("requestId", TEXT),
        VIEW_CSV("sender", EUI64),      VIEW_CSV("jobId", TEXT),
        VIEW_CSV("why", TEXT),          VIEW_CSV("comes", TEXT),
        VIEW_CSV("comesAt", INSTANT),   VIEW_CSV("advice", TEXT)};
    static const struct db_statement rows = {
        "list_stuck", "select * from list_stuck($1, $2, null,"
                      " make_interval(secs => $3::bigint), $4, $5, $6)"};
    static const struct db_statement page = {
        "stuck_page", "select stuck_page($1, $2, null,"
                      " make_interval(secs => $3::bigint), $4, $5, $6)::text"};
    static const struct listing listing = {.fields = fields,
                                           .field_count =
                                               sizeof fields / sizeof *fields,
                                           .rows = &rows,
                                           .page = &page,
                                           .add_filter = stuck_filter_add,
                                           .file_name = "stuck.csv",
                                           .missing = ""};
    struct stuck_filter *filter = arena_zero(call->arena, 1, sizeof *filter);
    *filter = (struct stuck_filter){.person = call->person,
                                    .timeout = call->config->tracking_timeout,
                                    .now = call->now};
    if (query_text(call, "csp", 64, &filter->csp))
        listing_answer(call, &listing, filter);
}
