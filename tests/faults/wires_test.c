/*
 * The network between fotad and each of the others is gone for a while, and
 * nobody is told: packets vanish, so that only time ends a connection. Nothing
 * is lost, nothing is doubled, and work goes on as soon as it is back.
 *
 *   VANISH   seconds that each line is gone (3); from 30 on, also how long a
 *            database may be gone before each side says so
 *   DEVICES  PPMIDs of the campaign (400)
 */
#include "support/campaign.h"
#include "support/check.h"
#include "support/server.h"
#include "support/wires.h"

#include "base/wakeup.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { SENDS = 10 }; /* while a line is gone */

/* What fotad allows a database that says nothing, with one try to connect
 * again (db.c). */
static const instant MOST_SILENCE = 25 * SECOND;

static const char *unable; /* why there are no wires */

static struct campaign *begin(void) {
    if (unable) {
        print_message("skipped: %s\n", unable);
        skip();
    }
    size_t devices = campaign_number("DEVICES", 400);
    return campaign_open(
        (struct scenario_wish){.wires = true,
                               .config = "[user_gateway]\ntls = off\n"
                                         "[csp_gateway]\ntls = off\n"
                                         "[delivery]\nretry_most = 2s\n"},
        devices, devices / ((SENDS + 2) * LINES));
}

static double seconds_since(instant begun) {
    return (double)(clock_elapsed() - begun) / SECOND;
}

struct vanishing {
    enum scenario_line line;
    instant back; /* when it was there again */
    unsigned long packets;
    struct wakeup is_back; /* signalled once */
};

static void *vanish(void *context) {
    struct vanishing *vanishing = context;
    usleep(100000);
    wires_cut(vanishing->line);
    sleep((unsigned)campaign_number("VANISH", 3));
    vanishing->packets = wires_mend(vanishing->line);
    vanishing->back = clock_elapsed();
    wakeup_signal(&vanishing->is_back);
    return NULL;
}

/* While requests are sent and the ones before are worked off. */
static void lose(struct campaign *c, enum scenario_line line) {
    struct vanishing vanishing = {.line = line, .is_back = WAKEUP_NEW};
    instant pause = (instant)campaign_number("VANISH", 3) * SECOND / SENDS;
    pthread_t thread;
    if (pthread_create(&thread, NULL, vanish, &vanishing) != 0)
        abort();
    do {
        campaign_send(c, false);
        wakeup_wait(&vanishing.is_back, 0, pause);
    } while (wakeup_count(&vanishing.is_back) == 0);
    pthread_join(thread, NULL);
    wakeup_destroy(&vanishing.is_back);
    campaign_goes_on(c);
    print_message("%-30s %zu s gone, %lu packets vanished, %.1f s later the "
                  "first answer\n",
                  scenario_line_names[line], campaign_number("VANISH", 3),
                  vanishing.packets, seconds_since(vanishing.back));
    assert_true(vanishing.packets > 0);
}

static void lines_that_vanish(void **state) {
    (void)state;
    struct campaign *c = begin();
    for (enum scenario_line line = 0; line < LINES; line++)
        lose(c, line);
    campaign_close(c, "lines that vanish");
}

static void sessions_end(struct scenario *s) {
    const char *count = "";
    for (struct scenario_wait wait = {0}; strcmp(count, "0") != 0;) {
        count = scenario_ask(s, "select count(*) from pg_stat_activity"
                                " where datname = current_database()"
                                " and application_name like 'fotad%%'");
        assert_true(scenario_again(&wait));
    }
}

/* Either gives up the other, so that no lock stays with the dead. */
static void a_database_that_is_gone_is_noticed(void **state) {
    (void)state;
    struct campaign *c = begin();
    instant begun = clock_elapsed();
    wires_cut(LINE_TO_DATABASE);
    wires_enter(PLACE_USERS);
    size_t before = c->sent;
    campaign_send(c, false);
    assert_int_equal(c->sent, before);
    print_message("%.1f s until the first answer: E100\n",
                  seconds_since(begun));
    assert_true(clock_elapsed() - begun < MOST_SILENCE);
    campaign_readiness(c, "the database cannot be used", 503);
    print_message("%.1f s until /readyz says so\n", seconds_since(begun));
    scenario_logged(c->scenario, "db.trouble what=", "fotad connects again");
    campaign_counted(c, "fotad_db_trouble_total{what=\"connection_lost\"}");
    campaign_counted(c, "fotad_db_trouble_total{what=\"unreachable\"}");
    sessions_end(c->scenario);
    print_message("%.1f s until PostgreSQL has ended fotad's sessions\n",
                  seconds_since(begun));
    wires_mend(LINE_TO_DATABASE);
    wires_enter(PLACE_USERS);
    begun = clock_elapsed();
    campaign_goes_on(c);
    print_message("%.1f s after it is back the first answer\n",
                  seconds_since(begun));
    campaign_close(c, "a database that is gone");
}

/* In its own network, at the end of fotad's wire. */
static bool start_database(void) {
    const char *options[] = {"-c", "", NULL};
    char listen[64];
    snprintf(listen, sizeof listen, "listen_addresses=%s",
             wires_host(LINE_TO_DATABASE));
    options[1] = listen;
    wires_enter(PLACE_DATABASE);
    unable = server_open(NULL, options);
    wires_enter(PLACE_USERS);
    return unable || scenario_prepare();
}

int main(void) {
    if (!(unable = wires_open()) && !start_database())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_that_vanish),
        cmocka_unit_test(a_database_that_is_gone_is_noticed),
    };
    const struct CMUnitTest quick[] = {tests[0]};
    int failed = campaign_number("VANISH", 3) < 30
                     ? cmocka_run_group_tests(quick, NULL, NULL)
                     : cmocka_run_group_tests(tests, NULL, NULL);
    scenario_finish();
    return failed;
}
