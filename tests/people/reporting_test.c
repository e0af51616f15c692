/* The screens read from a streaming replica and say how old their data is;
 * what people do goes to the primary (requirement G5, §4.11). */
#include "support/check.h"
#include "support/people.h"

#include <glob.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char directory[128];
static struct screens *s;

static void stop_servers(void) {
    char command[256];
    snprintf(command, sizeof command, "tests/support/replica.sh stop %s",
             directory);
    if (*directory && system(command) != 0)
        fprintf(stderr, "%s failed\n", command);
    *directory = '\0';
}

static bool start_servers(void) {
    FILE *pipe = popen("tests/support/replica.sh start", "r");
    if (!pipe || !fgets(directory, sizeof directory, pipe) || pclose(pipe) != 0)
        return false;
    directory[strcspn(directory, "\n")] = '\0';
    atexit(stop_servers); /* registered first, so run last */
    char conninfo[256];
    snprintf(conninfo, sizeof conninfo,
             "host=%s/primary user=fotad dbname=postgres", directory);
    setenv("FOTAD_TEST_CONNINFO", conninfo, 1);
    return true;
}

static bool is_installed(void) {
    glob_t found;
    bool any =
        glob("/usr/lib/postgresql/*/bin/pg_basebackup", 0, NULL, &found) == 0;
    globfree(&found);
    return any;
}

static const char *replica_conninfo(const char *primary) {
    const char *database = strstr(primary, "dbname=fotad_test");
    assert_non_null(database);
    return arena_printf(s->arena, "host=%s/replica %s user=fotad_test_reader",
                        directory, database);
}

static void on_replica(const char *sql) {
    struct sql *replica =
        sql_open(arena_printf(s->arena, "%s user=fotad",
                              s->gateway->config.database_reporting_conninfo));
    sql_rows(replica, "%s", sql);
    sql_close(replica);
}

static bool replica_has_database(void) {
    PGconn *replica =
        PQconnectdb(s->gateway->config.database_reporting_conninfo);
    bool has = PQstatus(replica) == CONNECTION_OK;
    PQfinish(replica);
    return has;
}

static int setup(void **state) {
    (void)state;
    if (!is_installed() || !start_servers()) {
        print_message("PostgreSQL is not installed\n");
        return 0;
    }
    s = screens_new();
    s->gateway->config.database_reporting_conninfo =
        replica_conninfo(s->gateway->conninfo);
    for (int i = 0; i < 300 && !replica_has_database(); i++)
        usleep(100 * 1000);
    screens_open(s);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    if (s)
        screens_free(s);
    return 0;
}

static struct told status(void) {
    char id[EUI64_TEXT_SIZE];
    return look(s, DESK,
                arena_printf(s->arena, "/devices/%s/firmware-status",
                             eui64_format(PPMID(PLAIN), id)));
}

static double age(const struct told *told) {
    const char *member = told_at(s, told, "dataAge");
    assert_true(atof(member) == atof(told_header(s, told, "X-Data-Age")));
    return atof(member);
}

/* Looks until the screen says so. */
static struct told wait_for(const char *wanted) {
    struct told told = {0};
    for (int i = 0; i < 200; i++) {
        told = status();
        if (strcmp(told_at(s, &told, "status"), wanted) == 0)
            return told;
        usleep(50 * 1000);
    }
    fail_msg("not %s but %s", wanted, told.text);
    return told;
}

static void screens_say_how_old_they_are(void **state) {
    (void)state;
    if (!s)
        skip();
    eui64 device = PPMID(PLAIN);
    gateway_send(s->gateway, USER_A,
                 &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                                        .device_ids = &device,
                                        .device_id_count = 1});
    struct told told = wait_for("AWAITING_CSP");
    assert_true(age(&told) < 10);

    on_replica("select pg_wal_replay_pause()");
    char id[EUI64_TEXT_SIZE];
    const char *path =
        arena_printf(s->arena, "/devices/%s/reset", eui64_format(device, id));
    struct ask reset = {.method = "POST",
                        .path = path,
                        .who = DESK,
                        .body = "{\"reason\":\"lag\"}"};
    assert_int_equal(ask(s, &reset).http, 200);
    assert_string_equal(
        gateway_ask(s->gateway, "select status from tracking_history"),
        "RESET_BY_DCC");
    usleep(1500 * 1000);
    told = status();
    assert_string_equal(told_at(s, &told, "status"), "AWAITING_CSP");
    assert_true(age(&told) >= 1.5);
    /* the primary knows better than the screen */
    assert_int_equal(ask(s, &reset).http, 409);
    told = look(s, DESK, "/requests");
    assert_true(age(&told) >= 1.5);

    on_replica("select pg_wal_replay_resume()");
    wait_for("RESET_BY_DCC");
}

static void without_the_replica_screens_say_so(void **state) {
    (void)state;
    if (!s)
        skip();
    screens_close(s);
    s->gateway->config.database_reporting_conninfo =
        "host=/nonexistent dbname=fotad";
    screens_open(s);
    struct told told = status();
    assert_int_equal(told.http, 503);
    assert_non_null(
        strstr(told.text, "The reporting database, which screens read"));
    /* but one may sign in, and act */
    sign_in(s, "dora", PASSWORD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens_say_how_old_they_are),
        cmocka_unit_test(without_the_replica_screens_say_so),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
