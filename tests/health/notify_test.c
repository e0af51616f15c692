/*
 * What fotad tells its service manager, and when (requirement H2): a test
 * stands in for systemd with a socket of its own (sd_notify(3)).
 */
#include "support/check.h"
#include "support/scenario.h"
#include "support/scenario_files.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* As WatchdogSec of a unit. */
static const instant WATCHDOG = 400 * MILLISECOND;

enum { READY, RELOADING, STOPPING, ALIVE, NOTICES };
static const char *const notices[NOTICES] = {
    [READY] = "READY=1",
    [RELOADING] = "RELOADING=1",
    [STOPPING] = "STOPPING=1",
    [ALIVE] = "WATCHDOG=1",
};

static struct {
    int handle;
    pthread_t reader;
    struct scenario *scenario;
    atomic_size_t counts[NOTICES];
    atomic_bool early, wrong; /* ready, and nobody listens; not known */
    char others[1024];        /* what was said but ALIVE, in order */
} manager;

static bool is_listening(unsigned port) {
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is = connect(handle, (const struct sockaddr *)&to, sizeof to) == 0;
    close(handle);
    return is;
}

static void take(const char *text) {
    const struct scenario_fotad *f = &manager.scenario->fotads[0];
    int which = 0;
    while (which < NOTICES && strcmp(text, notices[which]) != 0)
        which++;
    if (which == NOTICES) {
        atomic_store(&manager.wrong, true);
        return;
    }
    if (which == READY &&
        !(is_listening(f->user_port) && is_listening(f->csp_port) &&
          is_listening(f->operations_port)))
        atomic_store(&manager.early, true);
    size_t len = strlen(manager.others);
    if (which != ALIVE)
        snprintf(manager.others + len, sizeof manager.others - len, "%s ",
                 text);
    atomic_fetch_add(&manager.counts[which], 1);
}

/* Reads at once, so that fotad never waits for room. */
static void *read_notices(void *context) {
    char text[256];
    for (ssize_t len;
         (len = recv(manager.handle, text, sizeof text - 1, 0)) > 0;) {
        text[len] = '\0';
        take(text);
    }
    return context;
}

static void listen_for(struct scenario *s) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s",
             scenario_path(s, "notify"));
    memset(&manager, 0, sizeof manager);
    manager.scenario = s;
    manager.handle = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        bind(manager.handle, (const struct sockaddr *)&address, sizeof address),
        0);
    assert_int_equal(pthread_create(&manager.reader, NULL, read_notices, NULL),
                     0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    setenv("WATCHDOG_USEC", arena_printf(s->arena, "%jd", (intmax_t)WATCHDOG),
           1);
}

/* A fotad that was started by a service manager. */
static struct scenario *begin(const char *config) {
    struct scenario *s =
        scenario_open(&(struct scenario_wish){.config = config});
    scenario_stop_fotad(s, SIGTERM);
    listen_for(s);
    scenario_launch(s, 0, NULL);
    return s;
}

/* So many of them in all, soon. */
static void are_told(int which, size_t count) {
    for (struct scenario_wait wait = {0};
         atomic_load(&manager.counts[which]) < count;)
        if (!scenario_again(&wait))
            scenario_fail(manager.scenario, "no %s", notices[which]);
}

static void is_told_again(int which, size_t more) {
    are_told(which, atomic_load(&manager.counts[which]) + more);
}

static void stop(struct scenario *s) {
    scenario_stop_fotad(s, SIGTERM);
    are_told(STOPPING, 1);
    shutdown(manager.handle, SHUT_RDWR);
    pthread_join(manager.reader, NULL);
    close(manager.handle);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
}

/* In this order, and nothing else; NULL: that is not looked at. */
static void finish(struct scenario *s, const char *others) {
    stop(s);
    if (others)
        assert_string_equal(manager.others, others);
    assert_false(manager.early);
    assert_false(manager.wrong);
    scenario_end(s);
}

static void it_says_when_it_is_ready_reloads_and_stops(void **state) {
    (void)state;
    struct scenario *s = begin(NULL);
    are_told(READY, 1);
    is_told_again(ALIVE, 3);
    kill(s->fotads[0].pid, SIGHUP);
    are_told(RELOADING, 1);
    are_told(READY, 2);
    is_told_again(ALIVE, 3);
    finish(s, "READY=1 RELOADING=1 READY=1 STOPPING=1 ");
}

/* From the first millisecond on. While it is loaded nobody but its parent can
 * keep the signal off; it takes it for itself from then on. */
static void a_reload_that_comes_at_once_ends_nothing(void **state) {
    (void)state;
    struct scenario *s = scenario_open(&(struct scenario_wish){0});
    scenario_stop_fotad(s, SIGTERM);
    listen_for(s);
    signal(SIGHUP, SIG_IGN);
    scenario_launch(s, 0, NULL);
    signal(SIGHUP, SIG_DFL);
    for (int i = 0; i < 200; i++, usleep(1000))
        assert_int_equal(kill(s->fotads[0].pid, SIGHUP), 0);
    are_told(READY, 1);
    size_t before = atomic_load(&manager.counts[RELOADING]);
    kill(s->fotads[0].pid, SIGHUP);
    are_told(RELOADING, before + 1);
    is_told_again(ALIVE, 3);
    stop(s);
    scenario_end(s);
}

/* A load balancer sends as soon as /readyz says yes: not before the last
 * listener is there. The Users' waits for its certificate, out of a pipe. */
static void a_start_that_takes_long_is_not_ready(void **state) {
    (void)state;
    struct scenario *s = scenario_open(&(struct scenario_wish){0});
    scenario_end_one(s, 0, SIGTERM);
    const char *pipe = scenario_path(s, "pipe"), *said = NULL;
    assert_int_equal(mkfifo(pipe, 0600), 0);
    s->wish.config = arena_printf(
        s->arena, "[user_gateway]\ncertificate = %s\nkey = %s\n", pipe, pipe);
    scenario_write_configs(s);
    scenario_launch(s, 0, NULL);
    unsigned status = 0;
    for (struct scenario_wait wait = {0}; !said;) {
        said = scenario_get(s, 0, "/readyz", &status);
        assert_true(scenario_again(&wait));
    }
    assert_int_equal(status, 503);
    assert_non_null(strstr(said, "the process is starting"));
    scenario_end_one(s, 0, SIGKILL);
    scenario_end(s);
}

/* A CSP's timeout is at most half of stuck_after. */
#define CSPS_IN_TIME                                                           \
    "[csp north]\ntimeout = 1s\n[csp south-and-central]\ntimeout = 1s\n"

/* Somebody holds a table that workers need. */
static void it_is_silent_while_a_worker_is_stuck(void **state) {
    (void)state;
    char config[128];
    snprintf(config, sizeof config,
             "[operations]\nstuck_after = %ds\n" CSPS_IN_TIME,
             2 * (int)patience());
    struct scenario *s = begin(config);
    are_told(READY, 1);
    is_told_again(ALIVE, 3);
    scenario_tell(s, "begin; lock table alert_lane in access exclusive mode");
    scenario_logged(s, "watchdog.stuck", "pg_stat_activity");
    assert_true(scenario_metric(s, 0, "fotad_worker_stuck_seconds") >= 1);
    size_t before = atomic_load(&manager.counts[ALIVE]);
    usleep((useconds_t)(3 * WATCHDOG));
    assert_int_equal(atomic_load(&manager.counts[ALIVE]), before);
    scenario_tell(s, "commit");
    is_told_again(ALIVE, 3);
    scenario_logged(s, "watchdog.well_again", "");
    finish(s, "READY=1 STOPPING=1 ");
}

/* An import goes on for minutes: a start and a reload wait for nothing that it
 * holds, and the watchdog is fed. */
static void an_import_holds_up_neither_start_nor_reload(void **state) {
    (void)state;
    struct scenario *s = scenario_open(&(struct scenario_wish){0});
    scenario_stop_fotad(s, SIGTERM);
    listen_for(s);
    scenario_tell(s, "begin; select pg_advisory_xact_lock(advisory_lock("
                     "'import'))");
    scenario_launch(s, 0, NULL);
    are_told(READY, 1);
    scenario_tell(s, "lock table certificate, response_code"
                     " in access exclusive mode");
    kill(s->fotads[0].pid, SIGHUP);
    instant begun = clock_elapsed();
    are_told(READY, 2);
    assert_true(clock_elapsed() - begun < 20 * SECOND);
    is_told_again(ALIVE, 3);
    scenario_logged(s, "fotad.not_reloaded", "everything stays as it was");
    scenario_tell(s, "commit");
    kill(s->fotads[0].pid, SIGHUP);
    are_told(READY, 3);
    scenario_logged(s, "fotad.reloaded", "were read again");
    finish(s, "READY=1 RELOADING=1 READY=1 RELOADING=1 READY=1 STOPPING=1 ");
}

/* ---- what a reload changes ---- */

static void rewrite_level(struct scenario *s, const char *level) {
    s->wish.config = arena_printf(s->arena, "[log]\nlevel = %s\n", level);
    scenario_write_configs(s);
}

/* SIGHUP, and done. */
static void reload(struct scenario *s) {
    size_t ready = atomic_load(&manager.counts[READY]);
    kill(s->fotads[0].pid, SIGHUP);
    are_told(READY, ready + 1);
}

#define RELOADED "RELOADING=1 READY=1 "

static void a_reload_sets_the_level_of_the_log(void **state) {
    (void)state;
    struct scenario *s = begin(NULL);
    const char *line = " debug revocations.loaded";
    are_told(READY, 1);
    reload(s);
    assert_int_equal(scenario_lines(s, line, ""), 0);
    rewrite_level(s, "debug");
    reload(s);
    assert_int_equal(scenario_lines(s, line, ""), 1);
    rewrite_level(s, "loud"); /* wrong: the old one stays */
    reload(s);
    assert_int_equal(scenario_lines(s, line, ""), 1); /* nothing is read */
    assert_int_equal(scenario_lines(s, " error config.refused", "loud"), 1);
    assert_int_equal(
        scenario_lines(s, "fotad.not_reloaded", "everything stays as it was"),
        1);
    rewrite_level(s, "info");
    reload(s);
    assert_int_equal(scenario_lines(s, line, ""), 1);
    rewrite_level(s, "error");
    size_t reloads = scenario_lines(s, " info fotad.reloaded", "");
    reload(s);
    assert_int_equal(scenario_lines(s, " info fotad.reloaded", ""), reloads);
    finish(s, "READY=1 " RELOADED RELOADED RELOADED RELOADED RELOADED
              "STOPPING=1 ");
}

/* Pages that the process holds, in KiB. */
static long resident(const struct scenario *s) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/statm", (int)s->fotads[0].pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    long pages = 0;
    assert_int_equal(fscanf(file, "%*d %ld", &pages), 1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void reloads_leave_nothing_behind(void **state) {
    (void)state;
    enum { WARM = 20, RELOADS = 200, KIB_OF_EACH = 4 };
    struct scenario *s = begin(NULL);
    are_told(READY, 1);
    for (int i = 0; i < WARM; i++)
        reload(s);
    long before = resident(s);
    for (int i = 0; i < RELOADS; i++)
        reload(s);
    long more = resident(s) - before;
    printf("  %d reloads: %ld KiB more\n", RELOADS, more);
    assert_true(more < RELOADS * KIB_OF_EACH * patience());
    finish(s, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_when_it_is_ready_reloads_and_stops),
        cmocka_unit_test(a_reload_that_comes_at_once_ends_nothing),
        cmocka_unit_test(a_start_that_takes_long_is_not_ready),
        cmocka_unit_test(it_is_silent_while_a_worker_is_stuck),
        cmocka_unit_test(an_import_holds_up_neither_start_nor_reload),
        cmocka_unit_test(a_reload_sets_the_level_of_the_log),
        cmocka_unit_test(reloads_leave_nothing_behind),
    };
    return scenario_tests(tests, NULL, NULL);
}
