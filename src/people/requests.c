/* Service Requests: the list, one of them, its devices. */
#include "base/hex.h"
#include "people/call.h"
#include "tracking/transition.h"

#include <errno.h>
#include <stdlib.h>

static const char MISSING[] = "There is no such request.";

/* ---- the list ---- */

/* What `search` may be. */
struct search {
    bool has_device, has_version, has_name, has_counter;
    eui64 device;
    uint8_t version[4];
    struct request_id name; /* its counter alone, for has_counter */
};

static bool read_counter(const char *text, uint64_t *counter) {
    enum { MOST_DIGITS = 20 };
    if (strlen(text) > MOST_DIGITS || text[strspn(text, "0123456789")])
        return false;
    errno = 0;
    *counter = strtoull(text, NULL, 10);
    return !errno;
}

/* Eight digits may be a version or a counter: a version. */
static bool read_search(struct call *call, struct search *search) {
    const char *text;
    *search = (struct search){0};
    if (!people_query_text(call, "search", 128, &text) || !text)
        return !call->response->content_type;
    search->has_device = eui64_parse(span_text(text), &search->device);
    search->has_name = request_id_parse(text, &search->name);
    search->has_version = strlen(text) == 8 &&
                          hex_parse(span_text(text), search->version, 4) == 4;
    search->has_counter = !search->has_name && !search->has_version &&
                          read_counter(text, &search->name.counter);
    if (search->has_device || search->has_name || search->has_version ||
        search->has_counter)
        return true;
    http_problem(call->response, 400,
                 "search must be a RequestID, a Device ID, a firmware version "
                 "of 8 hexadecimal digits, or a counter.");
    return false;
}

struct request_filter {
    struct search search;
    bool has_user, has_from, has_to, has_after;
    eui64 user;
    const char *state, *variant;
    instant from, to;
    int64_t after;
    int32_t limit;
};

static bool read_filter(struct call *call, struct request_filter *f) {
    return people_query_eui64(call, "user", &f->has_user, &f->user) &&
           people_query_choice(call, "state", request_states, &f->state) &&
           people_query_choice(call, "variant", service_variants,
                               &f->variant) &&
           people_query_time(call, "from", false, &f->has_from, &f->from) &&
           people_query_time(call, "to", true, &f->has_to, &f->to) &&
           people_query_number(call, "after", 0, INT64_MAX, &f->has_after,
                               &f->after) &&
           people_query_limit(call, &f->limit) && read_search(call, &f->search);
}

static void add_search(struct db_params *params, const struct search *search) {
    people_add_eui64(params, search->has_device, search->device);
    if (search->has_version)
        db_bytea(params, span_of(search->version, sizeof search->version));
    else
        db_null(params);
    people_add_eui64(params, search->has_name, search->name.originator);
    people_add_eui64(params, search->has_name, search->name.target);
    if (search->has_name || search->has_counter)
        db_uint8(params, search->name.counter);
    else
        db_null(params);
}

void people_requests(struct call *call) {
    static const struct db_statement statement = {
        "request_list", "select request_list($1, $2, $3, $4, $5, $6, $7, $8,"
                        " $9, $10, $11, $12, $13, $14)::text"};
    struct request_filter f;
    if (!read_filter(call, &f))
        return;
    struct db_params params = DB_PARAMS(call->arena);
    people_add_viewer(&params, call->person);
    people_add_eui64(&params, f.has_user, f.user);
    db_text(&params, f.state);
    db_text(&params, f.variant);
    people_add_instant(&params, f.has_from, f.from);
    people_add_instant(&params, f.has_to, f.to);
    add_search(&params, &f.search);
    people_add_number(&params, f.has_after, f.after);
    db_int4(&params, f.limit);
    db_instant(&params, call->now);
    people_screen(call, &statement, &params, MISSING);
}

/* ---- one request ---- */

/* The parameters of seen_request(), as $1 to $4. */
static void add_name(struct db_params *params, const struct person *person,
                     const struct request_id *name) {
    db_eui64(params, name->originator);
    db_eui64(params, name->target);
    db_uint8(params, name->counter);
    people_add_viewer(params, person);
}

void people_request(struct call *call) {
    static const struct db_statement statement = {
        "request_screen", "select request_screen(r, $5)::text"
                          " from seen_request($1, $2, $3, $4) r"};
    struct request_id name;
    if (!people_request_id(call, &name))
        return;
    struct db_params params = DB_PARAMS(call->arena);
    add_name(&params, call->person, &name);
    db_instant(&params, call->now);
    people_screen(call, &statement, &params, MISSING);
}

bool people_find_request(struct call *call, int64_t *request_no) {
    static const struct db_statement statement = {
        "seen_request", "select request_no from seen_request($1, $2, $3, $4)"};
    struct db *db = call->worker->reading;
    struct request_id name;
    if (!people_request_id(call, &name))
        return false;
    struct db_params params = DB_PARAMS(call->arena);
    add_name(&params, call->person, &name);
    struct db_rows *rows;
    if (!people_done(call, db_run(db, &statement, &params, call->arena, &rows),
                     db))
        return false;
    if (db_row_count(rows) == 0) {
        http_problem(call->response, 404, "%s", MISSING);
        return false;
    }
    *request_no = db_get_int(rows, 0, 0);
    return true;
}

/* ---- its devices ---- */

struct device_filter {
    int64_t request_no;
    const char *status, *reason, *csp;
    instant now;
};

static void add_device_filter(struct db_params *params, const void *context) {
    const struct device_filter *f = context;
    db_int8(params, f->request_no);
    db_text(params, f->status);
    db_text(params, f->reason);
    db_text(params, f->csp);
    db_instant(params, f->now);
}

void people_request_devices(struct call *call) {
    static const struct list_column columns[] = {{"deviceId", LIST_EUI64},
                                                 {"deviceType", LIST_TEXT},
                                                 {"status", LIST_TEXT},
                                                 {"inProgress", LIST_BOOL},
                                                 {"reasonCode", LIST_TEXT},
                                                 {"lastUpdated", LIST_INSTANT},
                                                 {"releaseDue", LIST_INSTANT},
                                                 {"commsHubId", LIST_EUI64},
                                                 {"csp", LIST_TEXT}};
    static const struct listing listing = {
        .columns = columns,
        .column_count = sizeof columns / sizeof *columns,
        .key = 0,
        .rows = {"list_request_devices",
                 "select * from list_request_devices($1,"
                 " $2::text::processing_status, $3, $4, $6::text::macaddr8,"
                 " $7, $5)"},
        .page = {"request_device_page",
                 "select request_device_page($1, $2::text::processing_status,"
                 " $3, $4, $6, $7, $5)::text"},
        .add_filter = add_device_filter,
        .file_name = "devices.csv",
        .missing = MISSING};
    struct device_filter *filter = arena_zero(call->arena, 1, sizeof *filter);
    bool csv;
    filter->now = call->now;
    if (people_query_csv(call, &csv) &&
        people_query_choice(call, "status", tracking_statuses,
                            &filter->status) &&
        people_query_text(call, "reason", 64, &filter->reason) &&
        people_query_text(call, "csp", 64, &filter->csp) &&
        people_find_request(call, &filter->request_no))
        people_listing(call, &listing, csv, filter);
}
