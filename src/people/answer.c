#include "base/log.h"
#include "people/call.h"

#include <stdio.h>
#include <stdlib.h>

bool people_done(struct call *call, enum outcome outcome, const struct db *db) {
    if (outcome == DONE)
        return true;
    log_warning("people.no_database", "path=%s : %s", call->request->path,
                db_reason(db));
    if (outcome == RETRY) {
        http_problem(call->response, 503,
                     "The database cannot be reached at this moment.");
        http_add_header(call->response, "Retry-After", "5");
    } else
        http_problem(call->response, 500, "An error of the DSP.");
    return false;
}

void people_json(struct call *call, unsigned status, json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT);
    json_decref(value);
    call->response->status = status;
    call->response->content_type = "application/json";
    call->response->body = span_text(arena_adopt(call->arena, text, free));
}

void people_data_age(struct call *call, double seconds) {
    http_add_header(call->response, "X-Data-Age",
                    arena_printf(call->arena, "%.3f", seconds));
}

void people_screen(struct call *call, const struct db_statement *statement,
                   const struct db_params *params, const char *missing) {
    static const struct db_statement age = {"data_age",
                                            "select data_age()::text"};
    struct db *db = call->worker->reading;
    struct db_rows *rows, *ages;
    /* first: the data may only be younger than that */
    if (!people_done(call, db_run(db, &age, NULL, call->arena, &ages), db) ||
        !people_done(call, db_run(db, statement, params, call->arena, &rows),
                     db))
        return;
    if (db_row_count(rows) == 0 || db_is_null(rows, 0, 0)) {
        http_problem(call->response, 404, "%s", missing);
        return;
    }
    double seconds = atof(db_get_text(ages, 0, 0));
    people_data_age(call, seconds);
    const char *object = db_get_text(rows, 0, 0) + 1;
    call->response->content_type = "application/json";
    call->response->body = span_text(
        arena_printf(call->arena, "{\"dataAge\":%.3f,%s", seconds, object));
}

bool people_change(struct call *call, const struct db_statement *statement,
                   const struct db_params *params, struct db_rows **rows) {
    struct db *db = call->worker->primary;
    return people_done(call, db_run(db, statement, params, call->arena, rows),
                       db);
}

bool people_audit(struct call *call, const char *code, const char *detail) {
    static const struct db_statement statement = {
        "person_did", "select person_did($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, call->person->name);
    db_text(&params, code);
    db_text(&params, detail);
    db_instant(&params, call->now);
    return people_change(call, &statement, &params, NULL);
}
