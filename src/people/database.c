#include "people/database.h"

#include "desk/desk.h"

#include "base/log.h"

bool database_done(struct call *call, enum outcome outcome,
                   const struct db *db) {
    if (outcome == DONE)
        return true;
    log_event(db_level(db, LOG_LEVEL_WARNING), "people.no_database",
              "path=%s : %s", call->request->path, db_reason(db));
    if (outcome == RETRY) {
        http_problem(
            call->response, 503, "%s",
            db == call->worker->primary
                ? "The database cannot be reached at this moment."
                : "The reporting database, which screens read, cannot "
                  "be reached at this moment; what is changed, and who "
                  "signs in, does not need it.");
        http_add_header(call->response, "Retry-After", "5");
    } else
        http_problem(call->response, 500, "An error of the DSP.");
    return false;
}

bool database_change(struct call *call, const struct db_statement *statement,
                     const struct db_params *params, struct db_rows **rows) {
    struct db *db = call->worker->primary;
    return database_done(call, db_run(db, statement, params, call->arena, rows),
                         db);
}

bool database_read(struct call *call, const struct db_statement *statement,
                   const struct db_params *params, struct db_rows **rows) {
    struct db *db = call->worker->reading;
    return database_done(call, db_run(db, statement, params, call->arena, rows),
                         db);
}

bool database_audit(struct call *call, const char *code, const char *detail) {
    static const struct db_statement statement = {
        "person_did", "select person_did($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(call->arena);
    db_text(&params, call->person->name);
    db_text(&params, code);
    db_text(&params, detail);
    db_instant(&params, call->now);
    return database_change(call, &statement, &params, NULL);
}

bool database_find_request(struct call *call, bool *given,
                           int64_t *request_no) {
    const char *text = http_query(call->request, "request");
    struct request_id id;
    *given = text;
    if (!text)
        return true;
    if (!request_id_parse(text, &id)) {
        http_problem(call->response, 400, "request must be a RequestID.");
        return false;
    }
    struct db_params params = DB_PARAMS(call->arena);
    struct db_rows *rows;
    desk_request_id_add(&params, &id);
    if (!database_read(call, &desk_request_no, &params, &rows))
        return false;
    *request_no = db_get_int(rows, 0, 0);
    return true;
}
