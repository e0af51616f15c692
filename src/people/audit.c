/* The Service Audit Trail, and what it has of the messages about a device. */
#include "desk/device.h"
#include "people/answer.h"
#include "people/database.h"
#include "people/handlers.h"
#include "people/input.h"
#include "people/listing.h"
#include "people/param.h"

struct audit_filter {
    bool has_device, has_request;
    eui64 device;
    int64_t request_no;
    const char *person;
    instant from, to;
};

/* The days are looked at one by one, and each costs locks. */
enum { MOST_DAYS = 93 };

/* The period ends after `now`, so that an entry of this moment is in it. */
static bool audit_filter_read(struct call *call, struct audit_filter *f) {
    if (!query_period(call, call->now + 1, &f->from, &f->to) ||
        !query_eui64(call, "device", &f->has_device, &f->device) ||
        !query_text(call, "person", 128, &f->person) ||
        !database_find_request(call, &f->has_request, &f->request_no))
        return false;
    if (f->to - f->from <= MOST_DAYS * DAY)
        return true;
    http_problem(call->response, 400,
                 "At most %d days at once: give from and to.", MOST_DAYS);
    return false;
}

static void audit_filter_add(struct db_params *params, const void *context) {
    const struct audit_filter *f = context;
    db_eui64_if(params, f->has_device, f->device);
    db_int8_if(params, f->has_request, f->request_no);
    db_text(params, f->person);
    db_instant(params, f->from);
    db_instant(params, f->to);
}

void people_list_audit(struct call *call) {
    static const struct view_field fields[] = {
        VIEW_CSV("entry", COUNT),    VIEW_CSV("at", INSTANT),
        VIEW_CSV("kind", TEXT),      VIEW_CSV("requestId", TEXT),
        VIEW_CSV("deviceId", EUI64), VIEW_CSV("userId", EUI64),
        VIEW_CSV("userName", TEXT),  VIEW_CSV("csp", TEXT),
        VIEW_CSV("person", TEXT),    VIEW_CSV("code", TEXT),
        VIEW_CSV("detail", TEXT)};
    static const struct db_statement rows = {
        "list_audit",
        "select * from list_audit($1, $2, $3, $4, $5, $6::text::bigint, $7)"};
    static const struct db_statement page = {
        "audit_page", "select audit_page($1, $2, $3, $4, $5, $6, $7)::text"};
    static const struct listing listing = {.fields = fields,
                                           .field_count =
                                               sizeof fields / sizeof *fields,
                                           .rows = &rows,
                                           .page = &page,
                                           .add_filter = audit_filter_add,
                                           .file_name = "audit.csv",
                                           .missing = ""};
    struct audit_filter *filter = arena_zero(call->arena, 1, sizeof *filter);
    if (audit_filter_read(call, filter))
        listing_answer(call, &listing, filter);
}

void people_device_messages(struct call *call) {
    static const struct db_statement statement = {
        "device_messages", "select device_messages($1, $2, $3)::text"};
    eui64 device;
    if (!path_device_id(call, &device))
        return;
    struct db_params params = DB_PARAMS(call->arena);
    db_eui64(&params, device);
    param_viewer(&params, call->person);
    db_instant(&params, call->now);
    answer_screen(
        call, &statement, &params,
        answer_sentence(call->arena, device_missing(call->arena, device)));
}
