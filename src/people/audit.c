/* The Service Audit Trail, and what it has of the messages about a device. */
#include "desk/device.h"
#include "desk/history.h"
#include "people/answer.h"
#include "people/database.h"
#include "people/handlers.h"
#include "people/input.h"
#include "people/listing.h"
#include "people/param.h"

/* What is of no device and no request is looked for in all days of a time,
 * which are looked at at once: each costs locks (trail_entries()). */
enum { MOST_DAYS = 93 };

static bool audit_subject_read(struct call *call, struct history_filter *f) {
    f->supplier = call->person->supplier;
    if (!query_eui64(call, "device", &f->has_device, &f->device) ||
        !query_eui64(call, "hub", &f->has_hub, &f->hub) ||
        !query_eui64(call, "user", &f->has_user, &f->user) ||
        !query_text(call, "person", 128, &f->person) ||
        !database_find_request(call, &f->has_request, &f->request_no))
        return false;
    if (f->has_device && f->has_hub) {
        http_problem(call->response, 400, "Give device or hub, not both.");
        return false;
    }
    bool narrowed = f->has_device || f->has_hub || f->has_user ||
                    f->has_request || f->person;
    if (f->supplier && !narrowed) {
        f->has_user = true;
        f->user = *f->supplier;
    }
    return true;
}

/* What is not the supplier's is not there. */
static bool audit_is_shown(struct call *call, const struct history_filter *f) {
    static const struct db_statement ask = {
        "history_is_shown", "select history_is_shown($6, $1, $2, $3, $4, $5)"};
    struct db_params params = DB_PARAMS(call->arena);
    struct db_rows *rows;
    history_subject_add(&params, f);
    if (!database_read(call, &ask, &params, &rows))
        return false;
    bool shown = !db_is_null(rows, 0, 0) && db_get_bool(rows, 0, 0);
    if (!shown)
        http_problem(call->response, 404, "There is no such history.");
    return shown;
}

/* Of a device, hub or request all of it; of anything else the last days, unless
 * said otherwise. The period ends after `now`, so that an entry of this moment
 * is in it. */
static bool audit_period_read(struct call *call, struct history_filter *f) {
    if (!query_time(call, "at", false, &f->has_at, &f->at))
        return false;
    if (f->has_device || f->has_hub || f->has_request)
        return query_time(call, "from", false, &f->has_from, &f->from) &&
               query_time(call, "to", true, &f->has_to, &f->to);
    f->has_from = f->has_to = true;
    if (!query_period(call, (f->has_at ? f->at : call->now) + 1, &f->from,
                      &f->to))
        return false;
    if (f->to - f->from <= MOST_DAYS * DAY)
        return true;
    http_problem(call->response, 400,
                 "At most %d days at once: give from and to, or a device, hub "
                 "or request.",
                 MOST_DAYS);
    return false;
}

void people_list_audit(struct call *call) {
    static const struct db_statement page = {
        "trail_page", "select trail_page($1, $2, $3, $4, $5, $6, $7, $8, $9,"
                      " $10, $11)::text"};
    static const struct listing listing = {.fields = history_fields,
                                           .field_count = HISTORY_FIELDS,
                                           .rows = &history_rows,
                                           .page = &page,
                                           .add_filter = history_filter_add,
                                           .file_name = "audit.csv",
                                           .missing = ""};
    struct history_filter *filter = arena_zero(call->arena, 1, sizeof *filter);
    if (audit_subject_read(call, filter) && audit_period_read(call, filter) &&
        audit_is_shown(call, filter))
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
