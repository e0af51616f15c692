/* fotad: the daemon, in the foreground (systemd Type=notify). */
#include "base/crash.h"
#include "base/ending.h"
#include "base/log.h"
#include "base/version.h"
#include "fotad/errand.h"
#include "fotad/last_resort.h"
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
    "  --check-config    read the configuration and the files that it names,\n"
    "                    say what is wrong, and end\n"
    "  --default-config  print every key with its default and what it does\n"
    "  --explain         print what every event does to a device (Table 3)\n";

/* ---- signals ---- */

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

/* What the main thread waits with. */
struct life {
    struct fotad *f;
    int signals;
    struct errand errand;
    bool again; /* a reload was asked for while another was under way */
};

enum { NOTHING = 0, ERRAND_ENDED = -1 };

/* Waits up to `pause` milliseconds for a signal, whose number it returns, or
 * for the end of the errand. */
static int life_wait(const struct life *life, int pause) {
    struct pollfd wait[] = {{.fd = life->signals, .events = POLLIN},
                            {.fd = life->errand.ended, .events = POLLIN}};
    struct signalfd_siginfo got;
    if (poll(wait, 2, pause) <= 0)
        return NOTHING;
    if (wait[0].revents &&
        read(life->signals, &got, sizeof got) == (ssize_t)sizeof got)
        return (int)got.ssi_signo;
    return wait[1].revents ? ERRAND_ENDED : NOTHING;
}

static bool is_end(int signal) {
    return signal == SIGTERM || signal == SIGINT;
}

/* ---- the start ---- */

/* Nobody was let in yet, so nothing is lost with it: whatever it waits for is
 * cut off. */
static bool start_give_up(struct life *life) {
    instant end = clock_elapsed() + 10 * SECOND;
    log_info("fotad.stopping", ": before the start has ended; it is at: %s",
             services_at());
    ending_begin();
    while (clock_elapsed() < end) {
        if (life_wait(life, 100) == ERRAND_ENDED)
            return errand_end(&life->errand);
        db_cut_all();
    }
    log_error("fotad.stuck", ": the start does not end: %s", services_at());
    _exit(1);
}

/* systemd would end a start that takes longer; while this one lasts it says so
 * each second. us */
enum { START_GOES_ON = 30 * 1000 * 1000 };

/* True when it is started, also when a signal has come meanwhile that ends
 * it. */
static bool start_all(struct life *life, bool *ends) {
    /* less than the time after which a lock is given up (db/db.h), so that it
     * is said which step waited for it */
    static const instant LONG = 5 * SECOND;
    instant pause = LONG, say = clock_elapsed() + LONG;
    errand_begin(&life->errand, services_start);
    for (;;) {
        int what = life_wait(life, 1000);
        *ends = is_end(what);
        if (*ends)
            return start_give_up(life);
        if (what == ERRAND_ENDED)
            return errand_end(&life->errand);
        sd_notifyf(0, "STATUS=starting: %s\nEXTEND_TIMEOUT_USEC=%d",
                   services_at(), START_GOES_ON);
        if (clock_elapsed() < say)
            continue;
        say += pause;
        pause = MINUTE;
        log_warning("fotad.start_waits",
                    ": for %s; does the database answer, and does its standby?",
                    services_at());
    }
}

/* ---- life ---- */

/* All of it or nothing. */
static bool reload_all(struct fotad *f) {
    struct reload reload = {.arena = arena_new()};
    bool good =
        fotad_configure_again(f, &reload) && services_prepare(f, &reload);
    if (good) {
        fotad_use_configuration(f, &reload);
        services_use(f, &reload);
        log_info("fotad.reloaded", ": [log] level, rules, keys, certificates "
                                   "and revocation lists were read again");
    } else {
        services_forget(f, &reload);
        log_warning("fotad.not_reloaded", ": everything stays as it was");
    }
    arena_free(reload.arena);
    return good;
}

/* One at a time; what was asked for during one follows it. */
static void reload_begin(struct life *life) {
    life->again = life->errand.under_way;
    if (life->again)
        return;
    sd_notify(0, "RELOADING=1");
    errand_begin(&life->errand, reload_all);
}

static void reload_ended(struct life *life) {
    errand_end(&life->errand);
    sd_notify(0, "READY=1");
    if (life->again)
        reload_begin(life);
}

/* Until a signal that ends it. This thread feeds the watchdog, so it waits for
 * nobody. */
static void live_on(struct life *life) {
    db_is_for(life->f->db, DB_FOR_beside);
    int pause = watchdog_pause();
    for (;;) {
        int what = life_wait(life, pause);
        if (is_end(what))
            return;
        if (what == SIGHUP)
            reload_begin(life);
        else if (what == ERRAND_ENDED)
            reload_ended(life);
        watchdog_tell(life->f->config.operations_stuck_after);
        descriptors_watch();
    }
}

/* ---- the end ---- */

/* Readiness goes down, a load balancer sees it, and whoever keeps a connection
 * is told to leave it; another signal to end ends the wait. */
static void step_down(struct life *life) {
    struct fotad *f = life->f;
    instant end = clock_elapsed() + f->config.operations_stop_grace;
    sd_notify(0, "STOPPING=1");
    log_info("fotad.stopping", "%s", "");
    health_say_stopping();
    services_drain(f);
    for (instant left; (left = end - clock_elapsed()) > 0;) {
        int what = life_wait(life, (int)(left / MILLISECOND) + 1);
        if (is_end(what))
            return;
        if (what == ERRAND_ENDED)
            errand_end(&life->errand);
    }
}

static void serve_until_signalled(struct life *life) {
    struct fotad *f = life->f;
    fotad_warn(f);
    crash_point(CRASH_started);
    health_say_ready();
    log_info("fotad.ready", "version=%s users=%s csps=%s operations=%s",
             FOTAD_VERSION, f->config.user_listen, f->config.csp_listen,
             f->config.operations_listen);
    sd_notify(0, "READY=1");
    live_on(life);
    step_down(life);
}

static bool life_begin(struct life *life, bool *ends) {
    return errand_open(&life->errand, life->f) && life->signals >= 0 &&
           fotad_configure(life->f) && start_all(life, ends);
}

static int run_daemon(struct fotad *f) {
    struct life life = {.f = f, .signals = open_signals()};
    bool ends = false;
    if (!crash_prepare())
        return !fotad_fail("crash.unknown",
                           "FOTAD_CRASH_AT names no crash point");
    bool started = life_begin(&life, &ends);
    if (started && !ends)
        serve_until_signalled(&life);
    last_resort_begin();
    errand_end(&life.errand);
    services_stop(f);
    if (started || ends)
        log_info("fotad.stopped", "%s", "");
    errand_close(&life.errand);
    close(life.signals);
    return started || ends ? 0 : 1;
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

/* All that is wrong, a line each, and a last line; the exit status. */
static int check_configuration(struct fotad *f) {
    bool good = fotad_configure(f) && services_check(f);
    int wrong = fotad_failures();
    if (good)
        log_info("config.checked", ": OK");
    else
        log_error("config.checked", ": %d %s wrong", wrong,
                  wrong == 1 ? "thing is" : "things are");
    return good ? 0 : 1;
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
        return check_configuration(f);
    return run_daemon(f);
}

int main(int argc, char **argv) {
    signals_hold();
    struct fotad f = {.arena = arena_new()};
    int status = do_as_told(argc, argv, &f);
    arena_free(f.arena);
    return status;
}
