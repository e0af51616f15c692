/* fotad: the daemon, in the foreground (systemd Type=notify). */
#include "base/crash.h"
#include "base/log.h"
#include "base/version.h"
#include "fotad/fotad.h"
#include "health/descriptors.h"
#include "health/health.h"
#include "health/watchdog.h"
#include "tracking/transition.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static const char usage[] =
    "usage: fotad --config FILE [--check-config]\n"
    "       fotad --default-config | --explain | --version | --help\n"
    "  --config FILE     read FILE; without it, defaults alone\n"
    "  --check-config    read the configuration, say what is wrong, and end\n"
    "  --default-config  print every key with its default and what it does\n"
    "  --explain         print what every event does to a device (Table 3)\n";

/* ---- life and end ---- */

static sigset_t signals_heeded(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

/* The first thing of all: one that comes now is heeded later. What was ignored
 * where we come from (nohup) would never come to us. */
static void signals_hold(void) {
    sigset_t set = signals_heeded();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGHUP, SIG_DFL);
}

/* For what only prints: Ctrl-C ends it. */
static void signals_let_go(void) {
    sigset_t set = signals_heeded();
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static int open_signals(void) {
    sigset_t set = signals_heeded();
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

static void reload_all(struct fotad *f) {
    sd_notify(0, "RELOADING=1");
    bool config = fotad_configure_again(f), services = services_reload(f);
    if (config && services)
        log_info("fotad.reloaded", ": [log] level, rules, keys, certificates "
                                   "and revocation lists were read again");
    sd_notify(0, "READY=1");
}

/* Until a signal that ends it. This thread feeds the watchdog, so it waits for
 * nobody. */
static void live_on(struct fotad *f, int signals) {
    db_wait_briefly(f->db);
    struct pollfd wait = {.fd = signals, .events = POLLIN};
    int pause = watchdog_pause();
    for (;;) {
        struct signalfd_siginfo got;
        if (poll(&wait, 1, pause) == 1 &&
            read(signals, &got, sizeof got) == (ssize_t)sizeof got) {
            if (got.ssi_signo != SIGHUP)
                return;
            reload_all(f);
        }
        watchdog_tell(f->config.operations_stuck_after);
        descriptors_watch();
    }
}

/* Readiness goes down, a load balancer sees it, and whoever keeps a connection
 * is told to leave it; another signal ends the wait. */
static void step_down(struct fotad *f, int signals) {
    struct pollfd wait = {.fd = signals, .events = POLLIN};
    sd_notify(0, "STOPPING=1");
    log_info("fotad.stopping", "%s", "");
    health_say_stopping();
    services_drain(f);
    if (f->config.operations_stop_grace)
        poll(&wait, 1, (int)(f->config.operations_stop_grace / MILLISECOND));
}

static void serve_until_signalled(struct fotad *f, int signals) {
    fotad_warn(f);
    crash_point(CRASH_started);
    health_say_ready();
    log_info("fotad.ready", "version=%s users=%s csps=%s operations=%s",
             FOTAD_VERSION, f->config.user_listen, f->config.csp_listen,
             f->config.operations_listen);
    sd_notify(0, "READY=1");
    live_on(f, signals);
    step_down(f, signals);
}

/* A signal that comes during the start is heeded after it: what was begun is
 * ended in order. */
static int run_daemon(struct fotad *f) {
    int signals = open_signals();
    if (!crash_prepare())
        return !fotad_fail("crash.unknown",
                           "FOTAD_CRASH_AT names no crash point");
    bool started = signals >= 0 && fotad_configure(f) && services_start(f);
    if (started)
        serve_until_signalled(f, signals);
    services_stop(f);
    if (started)
        log_info("fotad.stopped", "%s", "");
    close(signals);
    return started ? 0 : 1;
}

/* ---- options ---- */

enum option_letter {
    CONFIG_FILE = 'c',
    CHECK = 'k',
    DEFAULTS = 'd',
    EXPLAIN = 'e',
    VERSION = 'v',
    HELP = 'h',
};

static const struct option options[] = {
    {"config", required_argument, NULL, CONFIG_FILE},
    {"check-config", no_argument, NULL, CHECK},
    {"default-config", no_argument, NULL, DEFAULTS},
    {"explain", no_argument, NULL, EXPLAIN},
    {"version", no_argument, NULL, VERSION},
    {"help", no_argument, NULL, HELP},
    {0}};

/* Prints what `write_text` writes; the exit status. */
static int print_text(void (*write_text)(struct buffer *out)) {
    struct buffer out = {0};
    write_text(&out);
    bool good = span_write(buffer_span(&out), stdout) && fflush(stdout) == 0;
    buffer_free(&out);
    return good ? 0 : 1;
}

/* For an option that asks for a text, and for one that is none; the exit
 * status. */
static int print_answer(int option) {
    switch (option) {
    case DEFAULTS:
        return print_text(config_example);
    case EXPLAIN:
        return print_text(tracking_explain);
    case VERSION:
        return puts("fotad " FOTAD_VERSION) < 0;
    case HELP:
        return fputs(usage, stdout) < 0;
    default:
        fputs(usage, stderr);
        return 2;
    }
}

/* What the command line asks for; the exit status. */
static int do_as_told(int argc, char **argv, struct fotad *f) {
    bool check = false;
    for (int option;
         (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == CONFIG_FILE)
            f->config_path = optarg;
        else if (option == CHECK)
            check = true;
        else
            return print_answer(option);
    }
    if (check || optind < argc)
        signals_let_go();
    if (optind < argc)
        return print_answer('?');
    if (check)
        return fotad_configure(f) ? 0 : 1;
    return run_daemon(f);
}

int main(int argc, char **argv) {
    signals_hold();
    struct fotad f = {.arena = arena_new()};
    int status = do_as_told(argc, argv, &f);
    arena_free(f.arena);
    return status;
}
