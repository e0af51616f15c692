/* fotactl request: one Service Request and what became of it. */
#include "base/json.h"
#include "fotactl/forecast.h"
#include "fotactl/lists.h"
#include "fotactl/verbs.h"

static const struct view_field status_fields[] = {
    {"status", "Status", "STATUS", VIEW_TEXT},
    {"count", "Devices", "DEVICES", VIEW_COUNT},
};

enum { STATUS_FIELDS = sizeof status_fields / sizeof *status_fields };

/* A request and its devices' statuses as they were at one moment. */
struct request_look {
    struct arena *arena;
    struct request_id id;
    instant now;
    struct db_rows *request, *statuses; /* NULL: there is no such request */
    struct db_rows *where;              /* as its page says it */
    struct db_rows *forecast;
};

static enum outcome request_locate(struct db *db,
                                   const struct request_look *look,
                                   struct db_rows **found) {
    struct db_params params = DB_PARAMS(look->arena);
    desk_request_id_add(&params, &look->id);
    return db_run(db, &desk_request_no, &params, look->arena, found);
}

static enum outcome request_read(struct db *db, void *context) {
    static const struct db_statement show = {
        "show_request", "select q.* from service_request r,"
                        " request_report(r, $2) q where r.request_no = $1"};
    static const struct db_statement count = {
        "count_statuses", "select status, count(*) from tracking"
                          " where request_no = $1 group by 1 order by 1"};
    static const struct db_statement where = {
        "where_text",
        "select where_text(r, request_tally(r.request_no, $2, $2), $2)"
        " from service_request r where request_no = $1"};
    static const struct db_statement forecast = {
        "request_forecast", "select request_forecast_json(r, null, $2)::text"
                            " from service_request r where request_no = $1"};
    struct request_look *look = context;
    struct db_rows *found;
    enum outcome outcome = request_locate(db, look, &found);
    if (outcome != DONE || !db_get_int(found, 0, 0))
        return outcome;
    struct db_params number = DB_PARAMS(look->arena);
    db_int8(&number, db_get_int(found, 0, 0));
    outcome = db_run(db, &count, &number, look->arena, &look->statuses);
    db_instant(&number, look->now);
    if (outcome == DONE)
        outcome = db_run(db, &forecast, &number, look->arena, &look->forecast);
    if (outcome == DONE)
        outcome = db_run(db, &show, &number, look->arena, &look->request);
    if (outcome == DONE)
        outcome = db_run(db, &where, &number, look->arena, &look->where);
    return outcome;
}

static json_t *statuses_json(const struct db_rows *statuses) {
    json_t *object = json_object();
    for (size_t i = 0; i < db_row_count(statuses); i++)
        json_put(object, db_get_text(statuses, i, 0),
                 json_integer(db_get_int(statuses, i, 1)));
    return object;
}

static const char *where_text(const struct request_look *look) {
    return db_is_null(look->where, 0, 0) ? NULL
                                         : db_get_text(look->where, 0, 0);
}

/* The caller's. */
static json_t *look_forecast(const struct request_look *look) {
    return db_is_null(look->forecast, 0, 0)
               ? json_null()
               : json_loads(db_get_text(look->forecast, 0, 0), 0, NULL);
}

static void print_request(struct verb_run *run,
                          const struct request_look *look) {
    if (run->options.json) {
        json_t *object =
            view_object(request_fields, REQUEST_FIELDS, look->request, 0);
        const char *where = where_text(look);
        json_put(object, "statuses", statuses_json(look->statuses));
        json_put(object, "where", where ? json_text(where) : json_null());
        json_put(object, "forecast", look_forecast(look));
        run_print_json(run, object);
        return;
    }
    view_list(run->out, request_fields, REQUEST_FIELDS, look->request, 0);
    buffer_text(run->out, "\n");
    if (where_text(look))
        buffer_printf(run->out, "%s\n\n", where_text(look));
    if (db_row_count(look->statuses))
        view_table(run->out, status_fields, STATUS_FIELDS, look->statuses);
    else
        buffer_text(run->out, "No device of it was tracked.\n");
    json_t *forecast = look_forecast(look);
    if (!json_is_null(forecast) || db_row_count(look->statuses)) {
        buffer_text(run->out, "\n");
        forecast_print(run->out, forecast);
    }
    json_decref(forecast);
}

enum outcome verb_request(struct verb_run *run) {
    struct request_look look = {.arena = run->arena, .now = clock_now()};
    if (!run_read_request_id(run, &look.id))
        return REFUSED;
    enum outcome outcome = run_look(run, request_read, &look);
    if (outcome != DONE)
        return outcome;
    if (!look.request)
        return run_refuse(run, "there is no request %s on record",
                          run->argument);
    print_request(run, &look);
    return DONE;
}
