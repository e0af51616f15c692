/*
 * PostgreSQL with a synchronous standby: while a campaign runs the primary is
 * killed and the standby promoted, the old one comes back as the new standby,
 * and so on. fotad finds the one that can be written to by itself; what was
 * answered is there, and nothing is doubled. The standby goes and comes as
 * well.
 *
 *   FAILOVERS  how often (1)
 *   DEVICES    PPMIDs of the campaign (200)
 */
#include "support/campaign.h"
#include "support/check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCH = 10 };

static char directory[128];

static int cluster(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static int cluster(const char *format, ...) {
    char words[256], command[512];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    snprintf(command, sizeof command, "tests/support/cluster.sh %s", words);
    return system(command);
}

static void stop_cluster(void) {
    if (*directory && cluster("stop %s", directory) != 0)
        fprintf(stderr, "%s is left\n", directory);
    *directory = '\0';
}

static bool start_cluster(void) {
    FILE *pipe = popen("tests/support/cluster.sh start", "r");
    if (!pipe || !fgets(directory, sizeof directory, pipe) || pclose(pipe) != 0)
        return false;
    directory[strcspn(directory, "\n")] = '\0';
    atexit(stop_cluster); /* registered first, so run last */
    char conninfo[512];
    snprintf(conninfo, sizeof conninfo,
             "host=%s/a,%s/b user=fotad target_session_attrs=read-write "
             "connect_timeout=2 dbname=postgres",
             directory, directory);
    return setenv("FOTAD_TEST_CONNINFO", conninfo, 1) == 0;
}

/* What is done to the cluster while requests are sent. */
struct change {
    const char *name;
    char words[192];
    int result;
};

static void *make_change(void *context) {
    struct change *change = context;
    change->result = cluster("%s", change->words);
    return NULL;
}

static void under_load(struct campaign *c, const char *name, const char *verb,
                       const char *first, const char *second) {
    struct change change = {.name = name};
    snprintf(change.words, sizeof change.words, "%s %s %s %s", verb, directory,
             first, second);
    instant start = clock_elapsed();
    pthread_t thread;
    if (pthread_create(&thread, NULL, make_change, &change) != 0)
        abort();
    do {
        campaign_keep_running(c);
        campaign_send(c, true);
        usleep(20000);
    } while (pthread_tryjoin_np(thread, NULL) != 0);
    print_message("%s: %.1f s\n", name,
                  (double)(clock_elapsed() - start) / (double)SECOND);
    assert_int_equal(change.result, 0);
}

/* Until a request is answered again. */
static void measure_outage(struct campaign *c) {
    instant start = clock_elapsed();
    size_t before = c->sent + c->read_count;
    for (struct scenario_wait wait = {0}; c->sent + c->read_count == before;) {
        campaign_keep_running(c);
        campaign_send(c, true);
        if (!scenario_again(&wait))
            scenario_fail(c->scenario, "no request is answered any more");
    }
    print_message("the first answer %.1f s after the promotion\n",
                  (double)(clock_elapsed() - start) / (double)SECOND);
}

static void failovers_lose_nothing_and_double_nothing(void **state) {
    (void)state;
    size_t failovers = campaign_number("FAILOVERS", 1);
    struct campaign *c = campaign_open((struct scenario_wish){.fotads = 2},
                                       campaign_number("DEVICES", 200), BATCH);
    const char *primary = "a", *standby = "b";
    for (size_t i = 0; i < failovers; i++) {
        for (int more = 0; more < 3; more++)
            campaign_send(c, true);
        under_load(c, "fail-over", "fail", primary, standby);
        measure_outage(c);
        under_load(c, "rebuilt", "rebuild", primary, standby);
        const char *old = primary;
        primary = standby;
        standby = old;
    }
    /* without its standby the primary lets commits wait */
    assert_int_equal(cluster("cut %s %s", directory, standby), 0);
    under_load(c, "the standby is back", "mend", standby, "");
    measure_outage(c);
    scenario_logged(c->scenario, "db.trouble what=", "fotad connects again");
    campaign_counted(c, "fotad_db_trouble_total{what=\"connection_lost\"}");
    char what[64];
    snprintf(what, sizeof what, "%zu fail-overs", failovers);
    campaign_close(c, what);
}

int main(void) {
    if (system("ls /usr/lib/postgresql/*/bin/pg_basebackup >/dev/null 2>&1"))
        return puts("1..0 # SKIP PostgreSQL is not installed") < 0;
    if (!start_cluster())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failovers_lose_nothing_and_double_nothing),
    };
    return scenario_tests(tests, NULL, NULL);
}
