/*
 * Two fotads behind a load balancer are killed, one or both, and PostgreSQL
 * falls, at any moment of a campaign: nothing is lost, nothing is doubled
 * (scenario 17).
 *
 *   KILLS    SIGKILLs (6)
 *   CRASHES  immediate stops of PostgreSQL (1)
 *   DEVICES  PPMIDs of the campaign (300)
 *   SEED     of the moments (the time)
 */
#include "support/campaign.h"
#include "support/check.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH = 50 };

struct killing {
    pid_t processes[SCENARIO_FOTADS]; /* 0: not this one */
    unsigned microseconds;
};

static void *kill_soon(void *context) {
    const struct killing *killing = context;
    usleep(killing->microseconds);
    for (unsigned i = 0; i < SCENARIO_FOTADS; i++)
        if (killing->processes[i] > 0)
            kill(killing->processes[i], SIGKILL);
    return NULL;
}

/* Either or both, while a request may be on its way. A fotad that has just
 * been started may be killed as well. Returns how many. */
static size_t kill_some(struct campaign *c) {
    struct scenario *s = c->scenario;
    unsigned which = 1 + campaign_random(c, 3);
    struct killing killing = {.microseconds = campaign_random(c, 300000)};
    size_t killed = 0;
    for (unsigned i = 0; i < SCENARIO_FOTADS; i++)
        if (which >> i & 1)
            killing.processes[i] = s->fotads[i].pid;
    pthread_t killer;
    if (pthread_create(&killer, NULL, kill_soon, &killing) != 0)
        abort();
    campaign_send(c, campaign_random(c, 4) == 0);
    pthread_join(killer, NULL);
    for (unsigned i = 0; i < SCENARIO_FOTADS; i++)
        if (killing.processes[i] > 0) {
            scenario_end_one(s, i, SIGKILL);
            killed++;
        }
    campaign_keep_running(c);
    return killed;
}

static void nothing_is_lost_and_nothing_is_doubled(void **state) {
    (void)state;
    size_t kills = campaign_number("KILLS", 6);
    size_t crashes = campaign_number("CRASHES", 1), killed = 0, crashed = 0;
    struct campaign *c = campaign_open((struct scenario_wish){.fotads = 2},
                                       campaign_number("DEVICES", 300), BATCH);
    while (killed < kills || crashed < crashes) {
        if (crashed < crashes &&
            killed >= (2 * crashed + 1) * kills / (2 * crashes)) {
            usleep(campaign_random(c, 200000));
            campaign_crash_database(c);
            crashed++;
        } else {
            killed += kill_some(c);
        }
    }
    char what[64];
    snprintf(what, sizeof what, "%zu kills, %zu crashes", killed, crashed);
    campaign_close(c, what);
}

int main(void) {
    if (!campaign_own_database())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_and_nothing_is_doubled),
    };
    return scenario_tests(tests, NULL, NULL);
}
