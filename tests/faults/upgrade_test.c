/*
 * A release with another migration and other functions is started beside the
 * one that works, which is then ended: no request fails, nothing is lost.
 */
#include "support/campaign.h"
#include "support/check.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { DEVICES = 400, BATCH = 10 };

static struct {
    struct campaign *campaign;
    atomic_bool over;
    size_t failed; /* requests without an answer, or with E100 */
} load;

/* Requests without a break; each is answered at the first try. */
static void *pour(void *context) {
    struct campaign *c = load.campaign;
    while (!atomic_load(&load.over)) {
        campaign_send(c, true);
        if (!c->request.len && !c->read.len)
            continue;
        load.failed++;
        print_message("no good answer: %s\n", c->scenario->refusal);
    }
    return context;
}

static void an_upgrade_under_load_fails_no_request(void **state) {
    (void)state;
    struct campaign *c = campaign_open(
        (struct scenario_wish){.fotads = 2,
                               .config = "[delivery]\nretry_most = 2s\n"
                                         "[operations]\nstop_grace = 1s\n"},
        DEVICES, BATCH);
    struct scenario *s = c->scenario;
    scenario_end_one(s, 1, SIGTERM);
    s->fotads[1].program = "tests/faults/fotad_next";
    c->strict = true;
    load.campaign = campaign_apart(c);
    pthread_t thread;
    pthread_create(&thread, NULL, pour, NULL);
    usleep(300000);
    scenario_launch(s, 1, NULL);
    if (!scenario_wait_ready(s, 1))
        scenario_fail(s, "the later release does not start");
    usleep(300000); /* both work */
    unsigned status;
    scenario_get(s, 0, "/readyz", &status);
    assert_int_equal(status, 200);
    scenario_end_one(s, 0, SIGTERM);
    usleep(300000);
    /* back to the release before: it leaves the later functions alone */
    scenario_launch(s, 0, NULL);
    if (!scenario_wait_ready(s, 0))
        scenario_fail(s, "the release before does not start again");
    scenario_logged(s, "db.later", "later release");
    atomic_store(&load.over, true);
    pthread_join(thread, NULL);
    campaign_together(c, load.campaign);
    print_message("%zu requests without a good answer\n", load.failed);
    assert_int_equal(load.failed, 0);
    assert_string_equal(
        scenario_ask(s, "select count(*) from pg_proc where proname ="
                        " 'jobs_waiting' and pg_get_functiondef(oid)"
                        " like '%%priority%%'"),
        "1");
    campaign_close(c, "an upgrade and a way back");
}

/* Somebody holds a table that the migration wants: it waits for a short while
 * at a time, so that those who work hardly do. */
static void a_migration_gives_way_to_work(void **state) {
    (void)state;
    struct campaign *c =
        campaign_open((struct scenario_wish){.fotads = 2}, 2 * BATCH, BATCH);
    struct scenario *s = c->scenario;
    scenario_end_one(s, 1, SIGTERM);
    s->fotads[1].program = "tests/faults/fotad_next";
    scenario_tell(s, "begin");
    scenario_tell(s, "lock table csp_job in access share mode");
    scenario_launch(s, 1, NULL);
    instant start = clock_elapsed();
    while (clock_elapsed() - start < 5 * SECOND) {
        campaign_send(c, true);
        assert_int_equal(c->request.len + c->read.len, 0);
    }
    scenario_tell(s, "commit");
    if (!scenario_wait_ready(s, 1))
        scenario_fail(s, "the later release does not start");
    campaign_close(c, "a migration that has to wait");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upgrade_under_load_fails_no_request),
        cmocka_unit_test(a_migration_gives_way_to_work),
    };
    return scenario_tests(tests, NULL, NULL);
}
