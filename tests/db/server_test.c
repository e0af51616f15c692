/* What fotad is connected to: settings that a database, a role or a person has
 * made, encodings, poolers. */
#include "support/check.h"
#include "support/logged.h"
#include "support/pg.h"
#include "support/sql.h"

#include "base/log.h"
#include "db/db.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct arena *arena;

static const char *setting_of(struct db *db, const char *name) {
    static const struct db_statement ask = {"test_setting",
                                            "select current_setting($1)"};
    struct db_params params = DB_PARAMS(arena);
    struct db_rows *rows;
    db_text(&params, name);
    assert_int_equal(db_run(db, &ask, &params, arena, &rows), DONE);
    return db_get_text(rows, 0, 0);
}

static const char *database_of(const char *conninfo) {
    return strrchr(conninfo, '=') + 1;
}

/* ---- settings ---- */

/* ../shared/reference/cases/conforming.sql, and its like */
static void settings_of_the_database_change_nothing(void **state) {
    (void)state;
    static const char *const settings[][3] = {
        {"standard_conforming_strings", "off", "on"},
        {"quote_all_identifiers", "on", "off"},
        {"transform_null_equals", "on", "off"},
        {"bytea_output", "escape", "hex"},
        {"datestyle", "German", "ISO, MDY"},
        {"intervalstyle", "sql_standard", "postgres"},
        {"timezone", "Asia/Tokyo", "UTC"},
        {"extra_float_digits", "-3", "1"},
        {"search_path", "nowhere", "public"},
        {"default_transaction_isolation", "serializable", "read committed"},
        {"jit", "on", "off"},
    };
    const char *conninfo = pg_fresh_database();
    struct sql *sql = sql_open(conninfo);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        sql_do(sql, "alter database %s set %s = '%s'", database_of(conninfo),
               settings[i][0], settings[i][1]);
    struct db *db = db_open(conninfo, "server_test");
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        assert_string_equal(setting_of(db, settings[i][0]), settings[i][2]);
    assert_string_equal(setting_of(db, "tcp_user_timeout"), "0"); /* a socket */
    db_close(db);
    sql_close(sql);
}

/* Each use has its limits; whoever stands still is ended before those who wait
 * for its locks give up. */
static void each_use_has_its_limits(void **state) {
    (void)state;
    static const struct {
        const char *lock, *still, *statement;
    } limits[] = {[DB_FOR_work] = {"10s", "5s", "1min"},
                  [DB_FOR_beside] = {"1s", "5s", "1min"},
                  [DB_FOR_house] = {"10s", "5s", "10min"},
                  [DB_FOR_tool] = {"10s", "1min", "0"},
                  [DB_FOR_export] = {"10s", "0", "0"}};
    struct db *db = db_open(pg_fresh_database(), "server_test");
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (i)
            db_is_for(db, (enum db_use)i);
        assert_string_equal(setting_of(db, "lock_timeout"), limits[i].lock);
        assert_string_equal(
            setting_of(db, "idle_in_transaction_session_timeout"),
            limits[i].still);
        assert_string_equal(setting_of(db, "statement_timeout"),
                            limits[i].statement);
    }
    db_close(db);
}

/* What a person says by `options` or PGOPTIONS counts beside ours, and before
 * what only bounds waits. */
static void options_of_a_person_count(void **state) {
    (void)state;
    const char *conninfo =
        arena_printf(arena, "%s options='-c work_mem=7MB -c timezone=Japan'",
                     pg_fresh_database());
    setenv("PGOPTIONS", "-c lock_timeout=3s", 1);
    struct db *db = db_open(conninfo, "server_test");
    assert_string_equal(setting_of(db, "work_mem"), "7MB");
    assert_string_equal(setting_of(db, "timezone"), "UTC");
    db_close(db);
    db = db_open(pg_fresh_database(), "server_test");
    assert_string_equal(setting_of(db, "lock_timeout"), "3s");
    unsetenv("PGOPTIONS");
    db_is_for(db, DB_FOR_beside);
    assert_string_equal(setting_of(db, "lock_timeout"), "1s");
    db_close(db);
}

/* A database that is read-only for us is found when it is written to, and said
 * as such; see error.c. */
static void a_read_only_session_is_said(void **state) {
    (void)state;
    const char *conninfo =
        arena_printf(arena, "%s options='-c default_transaction_read_only=on'",
                     pg_fresh_database());
    struct db *db = db_open(conninfo, "server_test");
    assert_int_equal(db_script(db, "create table t ()"), RETRY);
    assert_string_equal(db_sqlstate(db), "25006");
    db_close(db);
}

/* ---- encodings ---- */

static void other_encodings_are_refused(void **state) {
    (void)state;
    const char *conninfo = pg_fresh_database();
    struct sql *sql = sql_open(conninfo);
    static const char *const encodings[] = {"LATIN1", "SQL_ASCII"};
    for (int i = 0; i < 2; i++) {
        const char *name =
            arena_printf(arena, "%s_%d", database_of(conninfo), i);
        sql_do(sql,
               "create database %s encoding '%s' lc_collate 'C' lc_ctype 'C'"
               " template template0",
               name, encodings[i]);
        struct db *db =
            db_open(arena_printf(arena, "%.*s%s",
                                 (int)(database_of(conninfo) - conninfo),
                                 conninfo, name),
                    "server_test");
        int missing;
        assert_int_equal(db_migrate(db, "test", &missing), FAILED);
        assert_non_null(strstr(db_reason(db), encodings[i]));
        assert_non_null(strstr(db_reason(db), "is encoded in"));
        assert_non_null(strstr(db_reason(db), "create database"));
        db_close(db);
        sql_do(sql, "drop database %s", name);
    }
    sql_close(sql);
}

/* ---- poolers ---- */

struct pooler {
    char folder[32];
    pid_t pid;
};

static const char *value_of(const char *conninfo, const char *key) {
    const char *from = strstr(conninfo, key) + strlen(key);
    return arena_printf(arena, "%.*s", (int)strcspn(from, " "), from);
}

/* A pgbouncer in a folder of its own, as user postgres when we are root. */
static void pooler_start(struct pooler *pooler, const char *conninfo,
                         const char *mode) {
    strcpy(pooler->folder, "/tmp/fotad-pooler-XXXXXX");
    assert_non_null(mkdtemp(pooler->folder));
    const char *path = arena_printf(arena, "%s/ini", pooler->folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(
        file,
        "[databases]\n* = host=%s user=%s\n[pgbouncer]\n"
        "unix_socket_dir = %s\nunix_socket_mode = 0777\nlisten_port = 6432\n"
        "auth_type = any\npool_mode = %s\nignore_startup_parameters ="
        " extra_float_digits,options\n",
        value_of(conninfo, "host="), value_of(conninfo, "user="),
        pooler->folder, mode);
    fclose(file);
    if (system(arena_printf(arena, "chmod -R a+rwX %s", pooler->folder)) != 0)
        fail_msg("chmod");
    pooler->pid = fork();
    if (pooler->pid == 0) {
        if (geteuid() == 0)
            execlp("setpriv", "setpriv", "--reuid=postgres", "--regid=postgres",
                   "--clear-groups", "pgbouncer", "-q", path, NULL);
        else
            execlp("pgbouncer", "pgbouncer", "-q", path, NULL);
        _exit(127);
    }
    const char *socket =
        arena_printf(arena, "%s/.s.PGSQL.6432", pooler->folder);
    for (int i = 0; i < 500 && access(socket, F_OK); i++)
        usleep(10 * 1000);
    assert_int_equal(access(socket, F_OK), 0);
}

static void pooler_stop(const struct pooler *pooler) {
    kill(pooler->pid, SIGTERM);
    waitpid(pooler->pid, NULL, 0);
    assert_int_equal(system(arena_printf(arena, "rm -r %s", pooler->folder)),
                     0);
}

static struct db *pooler_db(const struct pooler *pooler, const char *conninfo) {
    return db_open(arena_printf(arena, "host=%s port=6432 user=%s dbname=%s",
                                pooler->folder, value_of(conninfo, "user="),
                                database_of(conninfo)),
                   "server_test");
}

static void skip_without_pgbouncer(void) {
    if (system("command -v pgbouncer >/dev/null") == 0)
        return;
    print_message("there is no pgbouncer: tools/deps faults\n");
    skip();
}

static void a_pooler_of_sessions_will_do(void **state) {
    (void)state;
    skip_without_pgbouncer();
    struct pooler pooler;
    const char *conninfo = pg_fresh_database();
    pooler_start(&pooler, conninfo, "session");
    struct db *db = pooler_db(&pooler, conninfo);
    int missing = -1;
    assert_int_equal(db_migrate(db, NULL, &missing), DONE);
    assert_int_equal(missing, 0);
    assert_string_equal(setting_of(db, "timezone"), "UTC");
    assert_string_equal(setting_of(db, "lock_timeout"), "10s");
    db_close(db);
    pooler_stop(&pooler);
}

static void a_pooler_of_transactions_will_not(void **state) {
    (void)state;
    skip_without_pgbouncer();
    static const char *const modes[] = {"transaction", "statement"};
    for (int i = 0; i < 2; i++) {
        struct pooler pooler;
        const char *conninfo = pg_fresh_database();
        pooler_start(&pooler, conninfo, modes[i]);
        struct db *db = pooler_db(&pooler, conninfo);
        int missing;
        assert_int_equal(db_migrate(db, NULL, &missing), FAILED);
        assert_non_null(strstr(db_reason(db), "pool_mode = session"));
        assert_non_null(strstr(db_reason(db), "leads to a pooler"));
        db_close(db);
        pooler_stop(&pooler);
    }
}

/* ---- a server that refuses, in its own language ---- */

/* Speaks PostgreSQL's protocol: FATAL, a SQLSTATE and German words. */
struct refuser {
    int handle;
    uint16_t port;
    const char *sqlstate;
    pthread_t thread;
};

static void *refuse_all(void *context) {
    const struct refuser *r = context;
    for (int peer; (peer = accept(r->handle, NULL, NULL)) >= 0; close(peer)) {
        static const char severity[] = "SFATAL", text[] = "Mso nicht";
        char packet[1024], answer[64] = "E";
        if (read(peer, packet, sizeof packet) <= 0)
            continue;
        size_t len = 5;
        memcpy(answer + len, severity, sizeof severity);
        len += sizeof severity;
        answer[len++] = 'C';
        memcpy(answer + len, r->sqlstate, 6);
        len += 6;
        memcpy(answer + len, text, sizeof text);
        len += sizeof text + 1;
        answer[4] = (char)(len - 1);
        assert_int_equal(write(peer, answer, len), (ssize_t)len);
    }
    return NULL;
}

static void refuser_start(struct refuser *r) {
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    r->handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(r->handle, (struct sockaddr *)&at, size), 0);
    assert_int_equal(listen(r->handle, 8), 0);
    assert_int_equal(getsockname(r->handle, (struct sockaddr *)&at, &size), 0);
    r->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&r->thread, NULL, refuse_all, r), 0);
}

static void refuser_stop(struct refuser *r) {
    shutdown(r->handle, SHUT_RDWR);
    pthread_join(r->thread, NULL);
    close(r->handle);
}

static void a_refusal_is_known_in_every_language(void **state) {
    (void)state;
    static const char key[] = "[database] reporting_conninfo";
    static const struct {
        const char *sqlstate, *what;
        bool names_key;
    } cases[] = {{"53300", "out_of_connections", false},
                 {"57P03", "going_down", false},
                 {"28P01", "denied", true},
                 {"28000", "denied", true},
                 {"3D000", "no_database", true},
                 {"XX000", "unreachable", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct refuser r = {.sqlstate = cases[i].sqlstate};
        char advice[DB_ADVICE_SIZE];
        refuser_start(&r);
        struct db *db =
            db_open(arena_printf(arena,
                                 "host=127.0.0.1 port=%u dbname=x user=x "
                                 "sslmode=disable gssencmode=disable",
                                 r.port),
                    "server_test");
        db_is_of(db, key);
        logged_begin(LOG_LEVEL_ERROR);
        assert_int_equal(db_connect(db), RETRY);
        /* once in a while for each kind */
        if (i && strcmp(cases[i].what, cases[i - 1].what) == 0)
            logged_pass();
        else
            logged_end("error db.trouble",
                       arena_printf(arena, "what=%s ", cases[i].what));
        assert_non_null(strstr(db_reason(db), "so nicht"));
        assert_string_equal(db_sqlstate(db), cases[i].sqlstate);
        assert_string_equal(db_lasting_error(advice), cases[i].what);
        assert_int_equal(strstr(advice, key) != NULL, cases[i].names_key);
        db_close(db);
        refuser_stop(&r);
    }
}

static void a_reason_is_never_empty(void **state) {
    (void)state;
    struct db *db = db_open(pg_fresh_database(), "server_test");
    assert_true(*db_reason(db));
    db_blame(db, "");
    assert_true(*db_reason(db));
    db_blame(db, "a table is not as it must be");
    assert_string_equal(db_reason(db), "a table is not as it must be");
    db_close(db);
}

int main(void) {
    arena = arena_new();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_of_the_database_change_nothing),
        cmocka_unit_test(a_refusal_is_known_in_every_language),
        cmocka_unit_test(a_reason_is_never_empty),
        cmocka_unit_test(each_use_has_its_limits),
        cmocka_unit_test(options_of_a_person_count),
        cmocka_unit_test(a_read_only_session_is_said),
        cmocka_unit_test(other_encodings_are_refused),
        cmocka_unit_test(a_pooler_of_sessions_will_do),
        cmocka_unit_test(a_pooler_of_transactions_will_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
