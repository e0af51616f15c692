#include "db/db.h"

#include "base/ending.h"
#include "base/log.h"
#include "base/memory.h"
#include "db/connect.h"
#include "db/copy.h"
#include "db/error.h"
#include "db/past.h"
#include "db/session.h"

#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { MOST_PREPARED = 256 };

struct db {
    struct db *next; /* of all, under all_lock */
    char *conninfo, *name;
    const char *key; /* of fotad.conf, that conninfo is of */
    PGconn *connection;
    const struct db_statement *prepared[MOST_PREPARED];
    size_t prepared_count;
    bool in_transaction;
    bool doubts; /* the session has been told that the time is not sound */
    bool any_past;
    struct past_place place; /* of the connection */
    enum db_use use;
    unsigned failures;  /* to connect, in a row */
    instant not_before; /* by clock_elapsed(): the next try to connect */
    char reason[512];
    char sqlstate[6];
};

/* All that are open; their connections come and go under the lock. */
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct db *all;

struct db *db_open(const char *conninfo, const char *name) {
    struct db *db = memory_alloc(sizeof *db);
    *db = (struct db){.conninfo = memory_text(conninfo),
                      .name = memory_text(name),
                      .key = "[database] conninfo"};
    pthread_mutex_lock(&all_lock);
    db->next = all;
    all = db;
    pthread_mutex_unlock(&all_lock);
    return db;
}

void db_is_of(struct db *db, const char *key) {
    db->key = key;
}

void db_takes_any_past(struct db *db) {
    db->any_past = true;
}

const char *db_place(const struct db *db) {
    return db->place.cluster;
}

static void db_forget(const struct db *db) {
    pthread_mutex_lock(&all_lock);
    struct db **at = &all;
    while (*at != db)
        at = &(*at)->next;
    *at = db->next;
    pthread_mutex_unlock(&all_lock);
}

static void db_set_connection(struct db *db, PGconn *connection) {
    pthread_mutex_lock(&all_lock);
    db->connection = connection;
    pthread_mutex_unlock(&all_lock);
}

void db_cut_all(void) {
    pthread_mutex_lock(&all_lock);
    for (const struct db *db = all; db; db = db->next)
        if (PQsocket(db->connection) >= 0)
            shutdown(PQsocket(db->connection), SHUT_RDWR);
    pthread_mutex_unlock(&all_lock);
}

void db_disconnect(struct db *db) {
    PGconn *connection = db->connection;
    db_set_connection(db, NULL);
    PQfinish(connection);
    db->prepared_count = 0;
    db->doubts = false;
}

void db_close(struct db *db) {
    if (!db)
        return;
    db_disconnect(db);
    db_forget(db);
    free(db->conninfo);
    free(db->name);
    free(db);
}

void db_is_for(struct db *db, enum db_use use) {
    db->use = use;
    db_disconnect(db);
}

const char *db_reason(const struct db *db) {
    return *db->reason ? db->reason : "the log says why";
}

const char *db_sqlstate(const struct db *db) {
    return db->sqlstate;
}

/* In one line. */
static void keep_reason(struct db *db, const char *reason,
                        const char *sqlstate) {
    if (!reason || !*reason)
        reason = "no reason was given";
    size_t len = 0;
    for (; *reason && len < sizeof db->reason - 1; reason++)
        if (*reason != '\t')
            db->reason[len++] = *reason == '\n' ? ' ' : *reason;
    while (len && db->reason[len - 1] == ' ')
        len--;
    db->reason[len] = '\0';
    snprintf(db->sqlstate, sizeof db->sqlstate, "%s", sqlstate ? sqlstate : "");
}

void db_blame(struct db *db, const char *reason) {
    keep_reason(db, reason, "");
}

enum log_level db_level(const struct db *db, enum log_level level) {
    return db_error_is_outage(db->key) ? LOG_LEVEL_DEBUG : level;
}

/* Between two tries to work on a database that went back in time. */
static const instant PAST_PAUSE = 200 * MILLISECOND;

static void drop_notice(void *context, const char *message) {
    (void)context;
    log_debug("db.notice", ": %s", message);
}

/* What conninfo does not say itself: who is gone without a word is given up
 * after 15 s, before our shortest lease runs out. */
static PGconn *connect_with_defaults(const struct db *db,
                                     struct refusal *refusal) {
    static const char *const keys[] = {
        "connect_timeout",           "keepalives_idle",  "keepalives_interval",
        "keepalives_count",          "tcp_user_timeout", "dbname",
        "fallback_application_name", "client_encoding",  NULL};
    const char *const values[] = {"5",          "5",      "3",    "3", "15000",
                                  db->conninfo, db->name, "UTF8", NULL};
    return connect_in_time(keys, values, refusal);
}

/* 0, then 25 ms doubling up to 400 ms; when nobody answered, as long as that
 * took: whoever tries again meanwhile need not wait for the same. */
static instant pause_after(unsigned failures, instant took) {
    if (took > SECOND)
        return took;
    if (failures < 2)
        return 0;
    return (25 * MILLISECOND) << (failures < 6 ? failures - 2 : 4);
}

/* A session that rested may have been ended by the server, which says so, and
 * closes, when nobody listens: what is to be read is read before the session is
 * used again. libpq itself would first find that it cannot send. Between two
 * statements nothing else comes. */
static bool session_is_usable(const struct db *db) {
    struct pollfd pending = {.fd = PQsocket(db->connection), .events = POLLIN};
    while (PQstatus(db->connection) == CONNECTION_OK &&
           poll(&pending, 1, 0) > 0)
        if (!PQconsumeInput(db->connection))
            return false;
    return PQstatus(db->connection) == CONNECTION_OK;
}

/* The times that it is given are this program's: clock_sound() in SQL asks for
 * this, too. */
static bool session_tell_clock(struct db *db) {
    bool doubts = !clock_is_sound();
    if (doubts == db->doubts)
        return true;
    PGresult *result =
        PQexec(db->connection, doubts ? "set fotad.clock = 'in doubt'"
                                      : "set fotad.clock = 'sound'");
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (good)
        db->doubts = doubts;
    return good;
}

static bool session_may_go_on(const struct db *db) {
    return db->any_past || past_is_open();
}

/* Who may not work on a database that went back in time, or may become one
 * that did: a standby that is promoted keeps its sessions. */
static enum outcome session_refuse(struct db *db, const char *reason) {
    bool is_standby = db->connection && !*db->place.cluster;
    keep_reason(db, is_standby ? "the server is a standby" : reason, "");
    db_disconnect(db);
    db->not_before = clock_elapsed() + PAST_PAUSE;
    db_error_tell(is_standby ? db_error_of("25006") : &DB_ERROR_WENT_BACK,
                  db->key, db->reason);
    return RETRY;
}

/* In the middle of a transaction its rest must not run outside of it. */
enum outcome db_connect(struct db *db) {
    if (db->connection &&
        (db->in_transaction ? PQstatus(db->connection) == CONNECTION_OK
                            : session_is_usable(db) && session_may_go_on(db) &&
                                  session_tell_clock(db)))
        return DONE;
    db_disconnect(db);
    if (db->in_transaction || clock_elapsed() < db->not_before)
        return RETRY;
    instant begun = clock_elapsed();
    struct refusal refusal;
    char reason[sizeof db->reason];
    if (!db->any_past && past_refuses(reason, sizeof reason))
        return session_refuse(db, reason);
    db_set_connection(db, connect_with_defaults(db, &refusal));
    if (PQstatus(db->connection) == CONNECTION_OK &&
        session_begin(db->connection, db->use, &db->place) &&
        session_tell_clock(db)) {
        if (!db->any_past &&
            !past_admits(db->connection, &db->place, reason, sizeof reason))
            return session_refuse(db, reason);
        PQsetNoticeProcessor(db->connection, drop_notice, NULL);
        db->failures = 0;
        db_error_connected(db->key);
        return DONE;
    }
    bool refused = PQstatus(db->connection) != CONNECTION_OK;
    keep_reason(db, refused ? refusal.reason : PQerrorMessage(db->connection),
                refused ? refusal.sqlstate : "");
    db_disconnect(db);
    db->failures++;
    instant now = clock_elapsed();
    db->not_before = now + pause_after(db->failures, now - begun);
    db_error_tell(db_error_of_connecting(db->sqlstate, db->reason), db->key,
                  db->reason);
    return RETRY;
}

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

/* Whose fault a result is; takes the reason from it. */
static enum outcome judge_result(struct db *db, const PGresult *result) {
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
    keep_reason(db,
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
    enum outcome outcome = judge_result(db, result);
    PQclear(result);
    if (outcome == DONE && db->prepared_count < MOST_PREPARED)
        db->prepared[db->prepared_count++] = s;
    return outcome;
}

/* ---- what it is connected to ---- */

static bool encoding_fits(struct db *db) {
    const char *encoding = PQparameterStatus(db->connection, "server_encoding");
    if (encoding && strcmp(encoding, "UTF8") == 0)
        return true;
    char reason[256];
    snprintf(reason, sizeof reason,
             "the database %s is encoded in %s, and fotad needs UTF8: make "
             "another by `create database NAME encoding 'UTF8' template "
             "template0`",
             PQdb(db->connection), encoding ? encoding : "nothing known");
    keep_reason(db, reason, "");
    return false;
}

static bool pooler_fits(struct db *db) {
    if (!session_has_pooler(db->connection))
        return true;
    struct refusal refusal;
    PGconn *second = connect_with_defaults(db, &refusal);
    bool fits = !sessions_are_one(db->connection, second);
    PQfinish(second);
    if (!fits)
        keep_reason(db,
                    "[database] conninfo leads to a pooler in transaction or "
                    "statement mode, and fotad needs sessions: set PgBouncer's "
                    "pool_mode = session for it, or connect to PostgreSQL "
                    "itself",
                    "");
    return fits;
}

enum outcome db_check_server(struct db *db) {
    enum outcome outcome = db_connect(db);
    if (outcome != DONE)
        return outcome;
    return encoding_fits(db) && pooler_fits(db) ? DONE : FAILED;
}

bool db_is_denied(const struct db *db) {
    return db_error_lasts(db_error_of_connecting(db->sqlstate, db->reason));
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
    outcome = judge_result(db, result);
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
    outcome = judge_result(db, result);
    PQclear(result);
    return outcome;
}

enum outcome db_beat(struct db *db) {
    const char *fault;
    enum outcome outcome = db_connect(db);
    if (outcome != DONE)
        return outcome;
    if (!past_beat(db->connection, &db->place, &fault)) {
        keep_reason(db, PQerrorMessage(db->connection), "");
        db_disconnect(db);
        return RETRY;
    }
    if (fault)
        db_blame(db, fault);
    return fault ? FAILED : DONE;
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
    if (!db->connection || !session_is_usable(db)) {
        keep_reason(db, "the session ended within the transaction", "");
        db_disconnect(db);
        return RETRY;
    }
    PGresult *result = PQexec(db->connection, "commit");
    enum outcome outcome = judge_result(db, result);
    *commit_lost = outcome == RETRY && !db->connection;
    if (outcome == DONE && strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        keep_reason(db, "a statement of the transaction had failed", "");
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

PGconn *db_connection_of(const struct db *db) {
    return db->connection;
}

enum outcome db_judge(struct db *db, const PGresult *result) {
    return judge_result(db, result);
}

enum outcome db_is_broken(struct db *db) {
    keep_reason(db, PQerrorMessage(db->connection), "");
    return RETRY;
}
