/*
 * A disk of PostgreSQL's that is really full, while a campaign runs: first the
 * one of its data, which it refuses to go beyond, then the one of its WAL,
 * which stops it. Requests get E100, the log says what to do; when there is
 * room again everything goes on, and the account comes out right.
 *
 *   DEVICES  PPMIDs of each campaign (400)
 */
#include "support/campaign.h"
#include "support/check.h"
#include "support/server.h"

#include "db/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BATCH = 10 };

static const char *unable; /* why there is no such disk */

static struct campaign *begin(void) {
    if (unable) {
        print_message("skipped: %s\n", unable);
        skip();
    }
    struct campaign *c = campaign_open((struct scenario_wish){.fotads = 0},
                                       campaign_number("DEVICES", 400), BATCH);
    campaign_send(c, true);
    return c;
}

/* Until a request is refused: nothing may have been left to write into. What
 * was taken before is worked on meanwhile. */
static void becomes_full(struct campaign *c, enum server_disk which) {
    server_fill(which);
    size_t before;
    struct scenario_wait wait = {0};
    do {
        before = c->sent + c->read_count;
        campaign_send(c, true);
        server_fill(which);
        assert_true(scenario_again(&wait));
    } while (c->sent + c->read_count > before && c->sent < c->devices);
    assert_true(c->sent < c->devices);
}

static void has_room_again(struct campaign *c, enum server_disk which) {
    instant begun = clock_elapsed();
    server_clear(which);
    if (server_has_ended())
        assert_true(server_start());
    campaign_goes_on(c);
    print_message("%.1f s after there is room the first answer\n",
                  (double)(clock_elapsed() - begun) / SECOND);
}

/* A checkpoint that cannot write makes PostgreSQL start again, by itself or
 * here: then no session is left, and perhaps no room for a new one. */
static void the_disk_of_the_data(void **state) {
    (void)state;
    struct campaign *c = begin();
    becomes_full(c, SERVER_DATA);
    scenario_logged(c->scenario, "db.trouble what=disk_full",
                    "make room on the database's disk");
    campaign_counted(c, "fotad_db_trouble_total{what=\"disk_full\"}");
    campaign_readiness(c, "disk_full", 503);
    scenario_ask(c->scenario, "checkpoint");
    server_fill(SERVER_DATA);
    campaign_readiness(c, "disk_full", 503);
    has_room_again(c, SERVER_DATA);
    campaign_close(c, "the disk of the data is full");
}

/* A standby that is gone has all of it kept. PostgreSQL ends itself, and
 * cannot start again before there is room. */
static void the_disk_of_the_wal(void **state) {
    (void)state;
    struct campaign *c = begin();
    scenario_tell(c->scenario,
                  "select pg_create_physical_replication_slot('gone', true)");
    becomes_full(c, SERVER_WAL);
    for (struct scenario_wait wait = {0}; !server_has_ended();)
        assert_true(scenario_again(&wait));
    scenario_logged(c->scenario, "db.trouble what=unreachable",
                    "see that the server runs");
    campaign_counted(c, "fotad_db_trouble_total{what=\"unreachable\"}");
    campaign_readiness(c, "the database cannot be used", 503);
    assert_false(server_start());
    server_clear(SERVER_WAL);
    assert_true(server_start());
    while (!scenario_ask(c->scenario, "select ''"))
        usleep(10000);
    scenario_tell(c->scenario, "select pg_drop_replication_slot('gone')");
    has_room_again(c, SERVER_WAL);
    campaign_close(c, "the disk of the WAL is full");
}

/* PostgreSQL refuses the session with words that speak of a file only. */
static void too_full_to_connect(void **state) {
    (void)state;
    if (unable) {
        print_message("skipped: %s\n", unable);
        skip();
    }
    struct db *db = db_open(getenv("FOTAD_TEST_CONNINFO"), "disk_test");
    char advice[DB_ADVICE_SIZE];
    server_forget();
    server_fill(SERVER_DATA);
    assert_int_equal(db_connect(db), RETRY);
    assert_non_null(strstr(db_reason(db), "init file"));
    assert_string_equal(db_lasting_error(advice), "disk_full");
    assert_non_null(strstr(advice, "make room on the database's disk"));
    server_clear(SERVER_DATA);
    assert_int_equal(db_connect(db), DONE);
    db_close(db);
}

int main(void) {
    static const size_t sizes[SERVER_DISKS] = {
        [SERVER_DATA] = 200, [SERVER_WAL] = 100};
    static const char *const options[] = {"-c", "min_wal_size=2MB", "-c",
                                          "max_wal_size=2MB", NULL};
    if (!(unable = server_open(sizes, options)) && !scenario_prepare())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_disk_of_the_data),
        cmocka_unit_test(the_disk_of_the_wal),
        cmocka_unit_test(too_full_to_connect),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scenario_finish();
    return failed;
}
