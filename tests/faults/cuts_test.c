/*
 * The network is cut between every pair that talks, in every way, while a
 * campaign runs: nothing is lost, nothing is doubled.
 *
 *   CUTS     of each line in each way (1)
 *   DEVICES  PPMIDs of the campaign (400)
 */
#include "support/campaign.h"
#include "support/check.h"
#include "support/cutter.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH = 20 };

struct cutting {
    struct cutter *line;
    enum cut how;
    unsigned microseconds;
};

static void *cut_and_mend(void *context) {
    const struct cutting *cutting = context;
    usleep(cutting->microseconds / 4);
    cutter_cut(cutting->line, cutting->how);
    usleep(cutting->microseconds);
    cutter_cut(cutting->line, CUT_WELL);
    return NULL;
}

/* While requests are sent and the ones before are worked off. */
static void cut(struct campaign *c, enum scenario_line which, enum cut how) {
    struct cutting cutting = {c->scenario->lines[which], how,
                              100000 + campaign_random(c, 300000)};
    pthread_t thread;
    if (pthread_create(&thread, NULL, cut_and_mend, &cutting) != 0)
        abort();
    do {
        campaign_send(c, true);
        usleep(20000);
    } while (pthread_tryjoin_np(thread, NULL) != 0);
}

static void cuts_lose_nothing_and_double_nothing(void **state) {
    (void)state;
    size_t times = campaign_number("CUTS", 1), cuts = 0;
    struct campaign *c =
        campaign_open((struct scenario_wish){.fotads = 2, .lines = true},
                      campaign_number("DEVICES", 400), BATCH);
    for (size_t i = 0; i < times; i++)
        for (enum cut how = CUT_RESET; how < CUTS; how++)
            for (enum scenario_line line = 0; line < LINES; line++, cuts++)
                cut(c, line, how);
    for (enum scenario_line line = 0; line < LINES; line++)
        print_message("%-30s %zu cuts, %lu connections met them\n",
                      scenario_line_names[line], cuts / LINES,
                      cutter_hit(c->scenario->lines[line]));
    char what[64];
    snprintf(what, sizeof what, "%zu cuts", cuts);
    campaign_close(c, what);
}

int main(void) {
    if (!campaign_own_database())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_lose_nothing_and_double_nothing),
    };
    return scenario_tests(tests, NULL, NULL);
}
