#include "db/connection.h"

#include "base/log.h"
#include "base/memory.h"
#include "db/connect.h"
#include "db/error.h"
#include "db/session.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

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

void db_keep_reason(struct db *db, const char *reason, const char *sqlstate) {
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
    db_keep_reason(db, reason, "");
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

bool db_session_is_usable(const struct db *db) {
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
    db_keep_reason(db, is_standby ? "the server is a standby" : reason, "");
    db_disconnect(db);
    db->not_before = clock_elapsed() + PAST_PAUSE;
    db_error_tell(is_standby ? db_error_of("25006") : &DB_ERROR_WENT_BACK,
                  db->key, db->reason);
    return RETRY;
}

/* In the middle of a transaction its rest must not run outside of it. */
enum outcome db_connect(struct db *db) {
    if (db->connection &&
        (db->in_transaction
             ? PQstatus(db->connection) == CONNECTION_OK
             : db_session_is_usable(db) && session_may_go_on(db) &&
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
    db_keep_reason(db,
                   refused ? refusal.reason : PQerrorMessage(db->connection),
                   refused ? refusal.sqlstate : "");
    db_disconnect(db);
    db->failures++;
    instant now = clock_elapsed();
    db->not_before = now + pause_after(db->failures, now - begun);
    db_error_tell(db_error_of_connecting(db->sqlstate, db->reason), db->key,
                  db->reason);
    return RETRY;
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
    db_keep_reason(db, reason, "");
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
        db_keep_reason(
            db,
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

enum outcome db_beat(struct db *db) {
    const char *fault;
    enum outcome outcome = db_connect(db);
    if (outcome != DONE)
        return outcome;
    if (!past_beat(db->connection, &db->place, &fault)) {
        db_keep_reason(db, PQerrorMessage(db->connection), "");
        db_disconnect(db);
        return RETRY;
    }
    if (fault)
        db_blame(db, fault);
    return fault ? FAILED : DONE;
}
