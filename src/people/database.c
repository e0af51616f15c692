#include "people/database.h"

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
