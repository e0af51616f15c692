/* Service Requests: the list, one of them, its devices. */
#include "people/requests.h"
#include "base/hex.h"
#include "base/lists.h"
#include "people/answer.h"
#include "people/database.h"
#include "people/handlers.h"
#include "people/input.h"
#include "people/listing.h"
#include "people/param.h"
#include "tracking/transition.h"

#include <errno.h>
#include <stdlib.h>

static const char NO_REQUEST[] = "There is no such request.";

/* ---- the list ---- */

/* What `search` may be. */
struct search {
    bool has_device, has_version, has_name, has_counter;
    eui64 device;
    uint8_t version[4];
    struct request_id name; /* its counter alone, for has_counter */
};

static bool counter_read(const char *text, uint64_t *counter) {
    enum { MOST_DIGITS = 20 };
    if (strlen(text) > MOST_DIGITS || text[strspn(text, "0123456789")])
        return false;
    errno = 0;
    *counter = strtoull(text, NULL, 10);
    return !errno;
}

/* Eight digits could be a version or a counter; they are taken for a version.
 */
static bool search_read(struct call *call, struct search *search) {
    const char *text;
    *search = (struct search){0};
    if (!query_text(call, "search", 128, &text) || !text)
        return !call->response->content_type;
    search->has_device = eui64_parse(span_text(text), &search->device);
    search->has_name = request_id_parse(text, &search->name);
    search->has_version = strlen(text) == 8 &&
                          hex_parse(span_text(text), search->version, 4) == 4;
    search->has_counter = !search->has_name && !search->has_version &&
                          counter_read(text, &search->name.counter);
    if (search->has_device || search->has_name || search->has_version ||
        search->has_counter)
        return true;
    http_problem(call->response, 400,
                 "search must be a RequestID, a Device ID, a firmware version "
                 "of 8 hexadecimal digits, or a counter.");
    return false;
}

struct request_filter {
    const struct person *person;
    struct search search;
    bool has_user, has_from, has_to;
    eui64 user;
    const char *state, *variant;
    instant from, to;
    bool progress;
};

/* What is downloaded says how far each is, too. */
static bool request_filter_read(struct call *call, struct request_filter *f) {
    static const char *const yes[] = {"yes", NULL};
    const char *progress;
    bool csv;
    f->person = call->person;
    if (!query_eui64(call, "user", &f->has_user, &f->user) ||
        !query_choice(call, "state", request_states, &f->state) ||
        !query_choice(call, "variant", service_variants, &f->variant) ||
        !query_time(call, "from", false, &f->has_from, &f->from) ||
        !query_time(call, "to", true, &f->has_to, &f->to) ||
        !query_choice(call, "progress", yes, &progress) ||
        !query_csv(call, &csv) || !search_read(call, &f->search))
        return false;
    f->progress = progress || csv;
    return true;
}

static void search_add(struct db_params *params, const struct search *search) {
    db_eui64_if(params, search->has_device, search->device);
    if (search->has_version)
        db_bytea(params, span_of(search->version, sizeof search->version));
    else
        db_null(params);
    db_eui64_if(params, search->has_name, search->name.originator);
    db_eui64_if(params, search->has_name, search->name.target);
    if (search->has_name || search->has_counter)
        db_uint8(params, search->name.counter);
    else
        db_null(params);
}

static void requests_add(struct db_params *params, const void *context) {
    const struct request_filter *f = context;
    param_viewer(params, f->person);
    db_eui64_if(params, f->has_user, f->user);
    db_text(params, f->state);
    db_text(params, f->variant);
    db_instant_if(params, f->has_from, f->from);
    db_instant_if(params, f->has_to, f->to);
    search_add(params, &f->search);
    db_bool(params, f->progress);
}

void people_list_requests(struct call *call) {
    static const struct view_field fields[] = {
        VIEW_CSV("requestId", TEXT),
        VIEW_CSV("serviceReferenceVariant", TEXT),
        VIEW_CSV("sender", TEXT),
        VIEW_CSV("senderName", TEXT),
        VIEW_CSV("received", TEXT),
        VIEW_CSV("responseCode", TEXT),
        VIEW_CSV("state", TEXT),
        VIEW_CSV("firmwareVersion", TEXT),
        VIEW_CSV("imageHash", TEXT),
        VIEW_CSV("devices.listed", COUNT),
        VIEW_CSV("devices.accepted", COUNT),
        VIEW_CSV("progress.inProgress", COUNT),
        VIEW_CSV("progress.succeeded", COUNT),
        VIEW_CSV("progress.failed", COUNT),
        VIEW_CSV("progress.expectedEnd", TEXT),
        VIEW_CSV("progress.p50", TEXT),
        VIEW_CSV("progress.p90", TEXT)};
    static const struct db_statement page = {
        "request_list", "select request_list($1, $2, $3, $4, $5, $6, $7, $8,"
                        " $9, $10, $11, $13, $14, $15, $12)::text"};
    static const struct listing listing = {.fields = fields,
                                           .field_count =
                                               sizeof fields / sizeof *fields,
                                           .page = &page,
                                           .page_takes_now = true,
                                           .add_filter = requests_add,
                                           .file_name = "requests.csv",
                                           .missing = NO_REQUEST};
    struct request_filter *filter = arena_zero(call->arena, 1, sizeof *filter);
    if (request_filter_read(call, filter))
        listing_answer(call, &listing, filter);
}

/* ---- one request ---- */

/* The parameters of seen_request(), as $1 to $4. */
static void request_name_add(struct db_params *params,
                             const struct person *person,
                             const struct request_id *name) {
    desk_request_id_add(params, name);
    param_viewer(params, person);
}

void people_show_request(struct call *call) {
    static const struct db_statement statement = {
        "request_screen", "select request_screen(r, $4, $5)::text"
                          " from seen_request($1, $2, $3, $4) r"};
    struct request_id name;
    if (!path_request_id(call, &name))
        return;
    struct db_params params = DB_PARAMS(call->arena);
    request_name_add(&params, call->person, &name);
    db_instant(&params, call->now);
    answer_screen(call, &statement, &params, NO_REQUEST);
}

bool request_in_path(struct call *call, int64_t *request_no) {
    static const struct db_statement statement = {
        "seen_request", "select request_no from seen_request($1, $2, $3, $4)"};
    struct request_id name;
    if (!path_request_id(call, &name))
        return false;
    struct db_params params = DB_PARAMS(call->arena);
    request_name_add(&params, call->person, &name);
    struct db_rows *rows;
    if (!database_read(call, &statement, &params, &rows))
        return false;
    if (db_row_count(rows) == 0) {
        http_problem(call->response, 404, "%s", NO_REQUEST);
        return false;
    }
    *request_no = db_get_int(rows, 0, 0);
    return true;
}

/* ---- its devices ---- */

struct device_filter {
    int64_t request_no;
    const char *status, *reason, *csp, *outcome, *model, *sort;
    bool has_device;
    eui64 device;
    instant now;
};

static void device_filter_add(struct db_params *params, const void *context) {
    const struct device_filter *f = context;
    db_int8(params, f->request_no);
    db_text(params, f->status);
    db_text(params, f->reason);
    db_text(params, f->csp);
    db_text(params, f->outcome);
    db_eui64_if(params, f->has_device, f->device);
    db_text(params, f->model);
    db_text(params, f->sort);
    db_instant(params, f->now);
}

/* Where a page of them ended: a Device ID, and what the list is sorted by. */
static bool device_key_is_good(struct call *call) {
    const char *key = http_query(call->request, "after");
    eui64 device;
    if (!key ||
        (eui64_parse(span_of(key, strnlen(key, EUI64_TEXT_LEN)), &device) &&
         (!key[EUI64_TEXT_LEN] || key[EUI64_TEXT_LEN] == '/')))
        return true;
    http_problem(call->response, 400,
                 "after must be `next` of the page before.");
    return false;
}

/* Its file is called by the RequestID's counter. */
static const char *devices_file(struct call *call) {
    struct request_id id;
    return path_request_id(call, &id)
               ? arena_printf(call->arena, "devices-%ju.csv",
                              (uintmax_t)id.counter)
               : "devices.csv";
}

void people_list_request_devices(struct call *call) {
    static const struct view_field fields[] = {VIEW_CSV(NULL, TEXT),
                                               VIEW_CSV("deviceId", EUI64),
                                               VIEW_CSV("deviceType", TEXT),
                                               VIEW_CSV("status", TEXT),
                                               VIEW_CSV("inProgress", BOOL),
                                               VIEW_CSV("reasonCode", TEXT),
                                               VIEW_CSV("lastUpdated", INSTANT),
                                               VIEW_CSV("releaseDue", INSTANT),
                                               VIEW_CSV("commsHubId", EUI64),
                                               VIEW_CSV("csp", TEXT),
                                               VIEW_CSV("late", BOOL)};
    static const struct db_statement rows = {
        "list_request_devices",
        "select * from list_request_devices($1, $2::text::processing_status,"
        " $3, $4, $5, $6, $7, $8, $10, $11, $9)"};
    static const struct db_statement page = {
        "request_device_page",
        "select request_device_page($1, $2::text::processing_status, $3, $4,"
        " $5, $6, $7, $8, $10, $11, $9)::text"};
    static const char *const outcomes[] = {"inProgress", "succeeded", "failed",
                                           "reset",      "stopped",   NULL};
    static const char *const sorts[] = {
        "status", "-status", "reason", "-reason", "updated", "-updated", NULL};
    struct listing *listing = arena_zero(call->arena, 1, sizeof *listing);
    *listing = (struct listing){.fields = fields,
                                .field_count = sizeof fields / sizeof *fields,
                                .rows = &rows,
                                .page = &page,
                                .add_filter = device_filter_add,
                                .file_name = devices_file(call),
                                .missing = NO_REQUEST};
    struct device_filter *filter = arena_zero(call->arena, 1, sizeof *filter);
    filter->now = call->now;
    if (query_choice(call, "status", tracking_statuses, &filter->status) &&
        query_text(call, "reason", 64, &filter->reason) &&
        query_text(call, "csp", 64, &filter->csp) &&
        query_choice(call, "outcome", outcomes, &filter->outcome) &&
        query_eui64(call, "device", &filter->has_device, &filter->device) &&
        query_text(call, "model", 16, &filter->model) &&
        query_choice(call, "sort", sorts, &filter->sort) &&
        request_in_path(call, &filter->request_no) && device_key_is_good(call))
        listing_answer(call, listing, filter);
}
