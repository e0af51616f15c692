/* The history of a device, hub, request or User, and a device's state at any
 * moment. */
#include "desk/history.h"
#include "people/answer.h"
#include "people/database.h"
#include "people/handlers.h"
#include "people/input.h"
#include "people/listing.h"
#include "people/param.h"

/* What is not the supplier's is not there. */
static bool history_is_shown(struct call *call,
                             const struct history_filter *f) {
    static const struct db_statement ask = {
        "history_is_shown", "select history_is_shown($5, $1, $2, $3, $4)"};
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

static bool history_subject_read(struct call *call, struct history_filter *f) {
    f->supplier = call->person->supplier;
    if (!query_eui64(call, "device", &f->has_device, &f->device) ||
        !query_eui64(call, "hub", &f->has_hub, &f->hub) ||
        !query_eui64(call, "user", &f->has_user, &f->user) ||
        !database_find_request(call, &f->has_request, &f->request_no))
        return false;
    if (f->has_device + f->has_hub + f->has_user + f->has_request == 1)
        return history_is_shown(call, f);
    http_problem(call->response, 400,
                 "Say of what: one of device, hub, request, user.");
    return false;
}

/* Of a User the last days, unless said otherwise; of the others all. */
static bool history_period_read(struct call *call, struct history_filter *f) {
    if (!query_time(call, "from", false, &f->has_from, &f->from) ||
        !query_time(call, "to", true, &f->has_to, &f->to))
        return false;
    if (f->has_user && !f->has_from) {
        f->has_from = true;
        f->from = (f->has_to ? f->to : call->now) - DESK_USUAL_DAYS * DAY;
    }
    return true;
}

void people_show_history(struct call *call) {
    static const struct db_statement page = {
        "history_page", "select history_page($1, $2, $3, $4, $5, $6, $7, $8,"
                        " $9)::text"};
    static const struct listing listing = {.fields = history_fields,
                                           .field_count = HISTORY_FIELDS,
                                           .rows = &history_rows,
                                           .page = &page,
                                           .add_filter = history_filter_add,
                                           .file_name = "history.csv",
                                           .missing = ""};
    struct history_filter *filter = arena_zero(call->arena, 1, sizeof *filter);
    if (history_subject_read(call, filter) && history_period_read(call, filter))
        listing_answer(call, &listing, filter);
}

void people_show_state(struct call *call) {
    struct history_filter filter = {.supplier = call->person->supplier,
                                    .has_device = true};
    bool given;
    instant at;
    if (!path_device_id(call, &filter.device) ||
        !query_time(call, "at", false, &given, &at) ||
        !history_is_shown(call, &filter))
        return;
    struct db_params params = DB_PARAMS(call->arena);
    db_eui64(&params, filter.device);
    db_instant(&params, given ? at : call->now);
    answer_screen(call, &history_state, &params,
                  "Nothing was known of this device then.");
}
