#include "db/connection.h"

#include "base/ending.h"
#include "base/log.h"
#include "db/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A row of a day whose partition was made while the statement was on its way:
 * the only check_violation that names no constraint. */
static bool is_rerouted(const PGresult *result) {
    return !PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
}

/* An error without SQLSTATE is of libpq, not of the server: the connection
 * cannot be used, whatever PQstatus() says. It still says that it is good when
 * the statement could not be sent and the end has not been read. */
static bool is_lost(const struct db *db, const PGresult *result) {
    return PQstatus(db->connection) != CONNECTION_OK ||
           (PQresultStatus(result) == PGRES_FATAL_ERROR && result &&
            !*db->sqlstate);
}

/* NULL: the same would be refused again. */
static const struct db_error *find_passing_error(const struct db *db,
                                                 const PGresult *result) {
    const struct db_error *error =
        *db->sqlstate ? db_error_of(db->sqlstate) : NULL;
    if (error && strcmp(db->sqlstate, "23514") == 0 && !is_rerouted(result))
        error = NULL;
    if (!error && is_lost(db, result))
        error = &DB_ERROR_LOST;
    return error;
}

enum outcome db_judge(struct db *db, const PGresult *result) {
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
        return DONE;
    default:
        break;
    }
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    db_keep_reason(db,
                   result ? PQresultErrorMessage(result)
                          : PQerrorMessage(db->connection),
                   sqlstate);
    const struct db_error *error = find_passing_error(db, result);
    if (error && (error->leave || is_lost(db, result)))
        db_disconnect(db);
    if (error) {
        db_error_tell(error, db->key, db->reason);
        return RETRY;
    }
    log_error("db.refused", "sqlstate=%s : %s", db->sqlstate, db->reason);
    return FAILED;
}

static bool is_prepared(const struct db *db, const struct db_statement *s) {
    for (size_t i = 0; i < db->prepared_count; i++)
        if (db->prepared[i] == s)
            return true;
    return false;
}

static enum outcome prepare_statement(struct db *db,
                                      const struct db_statement *s) {
    if (is_prepared(db, s))
        return DONE;
    PGresult *result = PQprepare(db->connection, s->name, s->sql, 0, NULL);
    enum outcome outcome = db_judge(db, result);
    PQclear(result);
    if (outcome == DONE && db->prepared_count < MOST_PREPARED)
        db->prepared[db->prepared_count++] = s;
    return outcome;
}

/* ---- statements ---- */

enum outcome db_prepare(struct db *db, const struct db_statement *statement) {
    enum outcome outcome = db_connect(db);
    return outcome == DONE ? prepare_statement(db, statement) : outcome;
}

static void clear_result(void *result) {
    PQclear(result);
}

enum outcome db_run(struct db *db, const struct db_statement *statement,
                    const struct db_params *params, struct arena *arena,
                    struct db_rows **rows) {
    static const struct db_params none;
    if (!params)
        params = &none;
    enum outcome outcome = db_prepare(db, statement);
    if (outcome != DONE)
        return outcome;
    PGresult *result =
        PQexecPrepared(db->connection, statement->name, params->count,
                       params->values, params->lengths, params->formats, 1);
    outcome = db_judge(db, result);
    if (outcome == DONE && rows)
        *rows = arena_adopt(arena, result, clear_result);
    else
        PQclear(result);
    return outcome;
}

enum outcome db_insist(struct db *db, const struct db_statement *statement,
                       const struct db_params *params, struct arena *arena,
                       struct db_rows **rows, bool safe_to_repeat) {
    enum outcome outcome = db_run(db, statement, params, arena, rows);
    for (int tries = 1;
         outcome == RETRY && tries < DB_MOST_TRIES && !db->in_transaction &&
         (db->connection || safe_to_repeat);
         tries++) {
        log_event(db_level(db, LOG_LEVEL_WARNING), "db.again", "try=%d : %s",
                  tries, db->reason);
        db_pause(tries);
        outcome = db_run(db, statement, params, arena, rows);
    }
    return outcome;
}

enum outcome db_fetch(struct db *db, const struct db_statement *statement,
                      const struct db_params *params,
                      const struct db_column *columns, size_t column_count,
                      size_t size, void **structs, size_t *count) {
    struct db_rows *rows;
    *structs = NULL;
    *count = 0;
    enum outcome outcome = db_run(db, statement, params, params->arena, &rows);
    if (outcome != DONE)
        return outcome;
    *count = db_row_count(rows);
    *structs = db_structs(rows, columns, column_count, size, params->arena);
    return DONE;
}

enum outcome db_script(struct db *db, const char *sql) {
    enum outcome outcome = db_connect(db);
    if (outcome != DONE)
        return outcome;
    PGresult *result = PQexec(db->connection, sql);
    outcome = db_judge(db, result);
    PQclear(result);
    return outcome;
}

void db_pause(int tries) {
    long milliseconds = 10L << tries;
    nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000}, NULL);
}

/* Only "COMMIT" is one: the server answers a transaction in which a statement
 * failed with "ROLLBACK", and that as if all were well. A session that ended
 * before has nothing to commit, and must not be replaced by one that says so.
 */
static enum outcome transaction_commit(struct db *db, bool *commit_lost) {
    if (!db->connection || !db_session_is_usable(db)) {
        db_keep_reason(db, "the session ended within the transaction", "");
        db_disconnect(db);
        return RETRY;
    }
    PGresult *result = PQexec(db->connection, "commit");
    enum outcome outcome = db_judge(db, result);
    *commit_lost = outcome == RETRY && !db->connection;
    if (outcome == DONE && strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        db_keep_reason(db, "a statement of the transaction had failed", "");
        log_error("db.refused", ": %s", db->reason);
        outcome = FAILED;
    }
    PQclear(result);
    return outcome;
}

static void transaction_roll_back(struct db *db) {
    char reason[sizeof db->reason];
    memcpy(reason, db->reason, sizeof reason);
    (void)db_script(db, "rollback");
    memcpy(db->reason, reason, sizeof reason);
}

static enum outcome transact_once(struct db *db, db_step *step, void *context,
                                  bool *commit_lost) {
    enum outcome outcome = db_script(db, "begin");
    if (outcome != DONE)
        return outcome;
    db->in_transaction = true;
    outcome = step(db, context);
    if (!db->connection && outcome != FAILED)
        outcome = RETRY; /* whatever the step says: nothing is left of it */
    if (outcome == DONE || outcome == REFUSED) {
        enum outcome committed = transaction_commit(db, commit_lost);
        outcome = committed == DONE ? outcome : committed;
    } else if (db->connection) {
        transaction_roll_back(db);
    }
    db->in_transaction = false;
    return outcome;
}

enum outcome db_transact(struct db *db, db_step *step, void *context,
                         bool safe_to_repeat) {
    enum outcome outcome = RETRY;
    for (int tries = 0; tries < DB_MOST_TRIES; tries++) {
        if (tries)
            db_pause(tries);
        bool commit_lost = false;
        outcome = transact_once(db, step, context, &commit_lost);
        if (commit_lost && !safe_to_repeat) {
            log_error("db.commit_lost", ": %s", db->reason);
            return FAILED;
        }
        if (outcome != RETRY)
            return outcome;
        log_event(db_level(db, LOG_LEVEL_WARNING), "db.again", "try=%d : %s",
                  tries + 1, db->reason);
    }
    return outcome;
}
