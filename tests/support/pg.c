#include "support/pg.h"
#include "support/check.h"

#include "base/buffer.h"
#include "base/embedded.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/memory.h"
#include "db/db.h"
#include "db/lock.h"
#include "tracking/transition.h"

#include <glob.h>
#include <libpq-fe.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST_DATABASES = 256, NAME_SIZE = 64 };

static struct {
    char server[256]; /* conninfo without a database */
    char template[NAME_SIZE];
    pid_t owner; /* a forked child does not drop its parent's databases */
    int count;
    char *conninfos[MOST_DATABASES];
} pg;

_Noreturn static void die(const char *what, const char *reason) {
    fprintf(stderr, "%s: %s\n", what, reason);
    exit(1);
}

/* tests/run has started the server once for all; alone, we start it. */
static void find_server(void) {
    const char *given = getenv("FOTAD_TEST_CONNINFO");
    if (given) {
        snprintf(pg.server, sizeof pg.server, "%s", given);
        return;
    }
    FILE *pipe = popen("tools/pg start tests", "r");
    if (!pipe || !fgets(pg.server, sizeof pg.server, pipe) || pclose(pipe) != 0)
        die("tools/pg start tests", "failed");
    pg.server[strcspn(pg.server, "\n")] = '\0';
}

static PGconn *connect_to(const char *database) {
    char conninfo[2 * sizeof pg.server];
    snprintf(conninfo, sizeof conninfo,
             "%s dbname=%s options='-c client_min_messages=warning'", pg.server,
             database);
    PGconn *connection = PQconnectdb(conninfo);
    if (PQstatus(connection) != CONNECTION_OK)
        die(conninfo, PQerrorMessage(connection));
    return connection;
}

/* Runs SQL without parameters; true when it gave a row. */
static bool run(PGconn *connection, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool run(PGconn *connection, const char *format, ...) {
    char sql[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        die(sql, PQerrorMessage(connection));
    bool any = PQntuples(result) > 0;
    PQclear(result);
    return any;
}

/* The template's name says what is in it. */
static void name_template(void) {
    struct buffer all = {0};
    tracking_explain(&all);
    for (const struct embedded_file *f = embedded_files; f->name; f++) {
        if (strncmp(f->name, "sql/", 4) != 0)
            continue;
        buffer_text(&all, f->name);
        buffer_add(&all, f->text);
    }
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256(all.data, all.len, digest);
    buffer_free(&all);
    char text[17];
    snprintf(pg.template, sizeof pg.template, "template_%s",
             hex_format(span_of(digest, 8), text));
}

static void migrate(const char *database) {
    char conninfo[sizeof pg.server + NAME_SIZE + 8];
    snprintf(conninfo, sizeof conninfo, "%s dbname=%s", pg.server, database);
    struct db *db = db_open(conninfo, "tests");
    int missing;
    log_set_level(LOG_LEVEL_WARNING);
    if (db_migrate(db, "test", &missing) != DONE ||
        tracking_migrate(db) != DONE)
        die("migrating the template", db_reason(db));
    log_set_level(LOG_LEVEL_INFO);
    db_close(db);
}

/* Log-in roles of the cluster; the rights come from those that the migration
 * has made. */
static void make_roles(PGconn *server) {
    static const char *const roles[][2] = {
        {"fotad_test_daemon", "fotad_daemon"},
        {"fotad_test_reader", "fotad_reader"}};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (!run(server, "select from pg_roles where rolname = '%s'",
                 roles[i][0]))
            run(server, "create role %s login in role %s", roles[i][0],
                roles[i][1]);
}

static const char *as(const char *conninfo, const char *role) {
    enum { MOST_TEXTS = 512 };
    static char *texts[MOST_TEXTS];
    static size_t count;
    char text[sizeof pg.server + NAME_SIZE + 32];
    snprintf(text, sizeof text, "%s user=%s", conninfo, role);
    for (size_t i = 0; i < count; i++)
        if (strcmp(texts[i], text) == 0)
            return texts[i];
    if (count == MOST_TEXTS)
        die("pg_as_daemon", "too many databases in one program");
    return texts[count++] = memory_text(text);
}

const char *pg_as_daemon(const char *conninfo) {
    return as(conninfo, "fotad_test_daemon");
}

const char *pg_as_reader(const char *conninfo) {
    return as(conninfo, "fotad_test_reader");
}

/* Templates of what sql/ said before. */
static void drop_old_templates(PGconn *server) {
    PGresult *old = PQexec(server, "select datname from pg_database"
                                   " where datname like 'template\\__%'");
    for (int i = 0; i < PQntuples(old); i++)
        run(server, "drop database if exists \"%s\" with (force)",
            PQgetvalue(old, i, 0));
    PQclear(old);
}

/* Made under another name first, so that a template that exists is whole. */
static void make_template(PGconn *server) {
    drop_old_templates(server);
    run(server, "create database template_unfinished");
    migrate("template_unfinished");
    run(server, "alter database template_unfinished rename to \"%s\"",
        pg.template);
}

static void prepare(void) {
    find_server();
    name_template();
    PGconn *server = connect_to("postgres");
    run(server, "select pg_advisory_lock(%d)", LOCK_template);
    if (!run(server, "select from pg_database where datname = '%s'",
             pg.template))
        make_template(server);
    make_roles(server);
    PQfinish(server);
}

static void drop_databases(void) {
    if (getpid() != pg.owner)
        return;
    PGconn *server = connect_to("postgres");
    for (int i = 0; i < pg.count; i++) {
        run(server, "drop database if exists fotad_test_%d_%d with (force)",
            (int)pg.owner, i);
        free(pg.conninfos[i]);
    }
    PQfinish(server);
}

static bool is_installed(void) {
    glob_t found;
    bool any = glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0;
    globfree(&found);
    return any;
}

const char *pg_fresh_database(void) {
    if (!getenv("FOTAD_TEST_CONNINFO") && !is_installed()) {
        print_message("PostgreSQL is not installed\n");
        skip();
    }
    if (pg.owner != getpid()) {
        pg.owner = getpid();
        pg.count = 0;
        prepare();
        atexit(drop_databases);
    }
    if (pg.count == MOST_DATABASES)
        die("pg_fresh_database", "too many databases in one program");
    PGconn *server = connect_to("postgres");
    run(server, "create database fotad_test_%d_%d template \"%s\"",
        (int)pg.owner, pg.count, pg.template);
    PQfinish(server);
    char conninfo[sizeof pg.server + NAME_SIZE];
    snprintf(conninfo, sizeof conninfo, "%s dbname=fotad_test_%d_%d", pg.server,
             (int)pg.owner, pg.count);
    pg.conninfos[pg.count] = memory_text(conninfo);
    return pg.conninfos[pg.count++];
}

void pg_hand_over(const char *conninfo) {
    struct arena *arena = arena_new();
    struct config config;
    const char *reason;
    if (!config_read(&config, NULL, arena, &reason))
        die("the configuration", reason);
    config.alerts_n59_collect = 0; /* a room's test sees each at once */
    struct db *db = db_open(conninfo, "tests");
    if (tracking_hand_over(db, &config) != DONE)
        die("handing over the transitions", db_reason(db));
    db_close(db);
    arena_free(arena);
}

const char *pg_tracking_database(void) {
    const char *conninfo = pg_fresh_database();
    pg_hand_over(conninfo);
    return conninfo;
}
