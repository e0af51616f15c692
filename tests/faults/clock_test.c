/* A campaign while clocks are set: PostgreSQL's, which is the system's, and
 * that of fotad's machine. */
#include "support/campaign.h"
#include "support/check.h"
#include "support/own_clock.h"
#include "support/server.h"

#include <unistd.h>

enum { DEVICES = 40, BATCH = 8 };

static struct own_clock *of_database, *of_fotad;
static const char *unable;

/* PostgreSQL's clock is set, and with it that of devices, CSPs and Users. */
static void system_set(instant ahead) {
    own_clock_set(of_database, ahead);
    clock_follow(clock_of_machine() - clock_since_boot() + ahead);
}

static struct campaign *begin(void) {
    if (unable) {
        print_message("skipped: %s\n", unable);
        skip();
    }
    system_set(0);
    own_clock_set(of_fotad, 0);
    own_clock_give(of_fotad);
    struct campaign *c = campaign_open(
        (struct scenario_wish){.config = "[delivery]\nretry_first = 10s\n"
                                         "retry_most = 20s\n"
                                         "[clock]\nsettle = 3s\n",
                               .csp_config = "busy_retry = 20s\n"},
        DEVICES, BATCH);
    own_clock_give(NULL);
    return c;
}

/* Users and CSPs fail, so that pauses are on, and no job is handed over by
 * another time than that of the devices; then the clock is set, and all is well
 * again: nothing waits for hours. */
static void set_clock(instant by, const char *direction) {
    struct campaign *c = begin();
    struct scenario *s = c->scenario;
    sim_users_switch(s->users, false);
    scenario_faults(s, "north", "job 503\n");
    scenario_faults(s, "south", "job 503\n");
    campaign_send(c, true);
    scenario_logged(s, "delivery.failing", "tries=1");
    scenario_logged(s, "csp.job", "outcome=again");
    system_set(by);
    scenario_logged(s, "clock.moved", direction);
    campaign_counted(
        c, arena_printf(s->arena, "fotad_clock_jumps_total{direction=\"%s\"}",
                        direction));
    if (by < 0)
        scenario_logged(s, "warning clock.cut", "times=");
    scenario_do(s, holds,
                "0 select count(*) from (select next_try from alert_lane union"
                " all select next_try from csp_job where state = 'waiting') x"
                " where next_try > now() + interval '40 s'");
    sim_users_switch(s->users, true);
    scenario_faults(s, "north", "");
    scenario_faults(s, "south", "");
    campaign_close(c, direction);
}

static void clock_back(void **state) {
    (void)state;
    set_clock(-50 * MINUTE, "back");
}

static void clock_forward(void **state) {
    (void)state;
    set_clock(50 * MINUTE, "forward");
}

/* What it says moves nothing, and it does nothing that cannot be undone. */
static void a_machine_that_is_apart(void **state) {
    (void)state;
    struct campaign *c = begin();
    campaign_send(c, true);
    own_clock_set(of_fotad, 10 * 365 * DAY);
    campaign_readiness(c, "the clock of this machine is", 200);
    scenario_logged(c->scenario, "error clock.doubted", "");
    campaign_counted(c, "fotad_clock_apart_seconds");
    campaign_goes_on(c);
    own_clock_set(of_fotad, 0);
    campaign_readiness(c, "\"warnings\": [\n    \"[clock] offset_file", 200);
    campaign_close(c, "a machine that is apart");
}

static void ten_years_ahead_for_seven_seconds(void **state) {
    (void)state;
    struct campaign *c = begin();
    struct scenario *s = c->scenario;
    campaign_send(c, true);
    own_clock_set(of_database, 10 * 365 * DAY);
    own_clock_set(of_fotad, 10 * 365 * DAY);
    campaign_readiness(c, "is in doubt", 200);
    scenario_logged(s, "error clock.doubted", "");
    campaign_counted(c, "fotad_clock_in_doubt");
    campaign_goes_on(c);
    sleep(4);
    own_clock_set(of_database, 0);
    own_clock_set(of_fotad, 0);
    scenario_logged(s, "clock.believed", "");
    scenario_do(s, holds, "t select min(entry_no) = 1 from sat_entry");
    campaign_close(c, "ten years ahead for seven seconds");
}

int main(void) {
    of_database = own_clock_new();
    of_fotad = own_clock_new();
    own_clock_give(of_database);
    unable = of_database ? server_open(NULL, (const char *const[]){NULL})
                         : "there is no clock of its own in this variant";
    own_clock_give(NULL);
    if (!unable && !scenario_prepare())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_back),
        cmocka_unit_test(clock_forward),
        cmocka_unit_test(a_machine_that_is_apart),
        cmocka_unit_test(ten_years_ahead_for_seven_seconds),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    if (!unable)
        scenario_finish();
    return failed;
}
