/* fotad: the daemon, in the foreground (systemd Type=notify). */
#include "base/config.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/version.h"
#include "csp_gateway/gateway.h"
#include "db/db.h"
#include "delivery/delivery.h"
#include "device/receive.h"
#include "device/send.h"
#include "duis/library.h"
#include "health/health.h"
#include "health/revocations.h"
#include "health/watchdog.h"
#include "http/configured.h"
#include "mail/mail.h"
#include "people/listener.h"
#include "request/pipeline.h"
#include "request/release.h"
#include "tracking/housekeeping.h"
#include "tracking/transition.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

struct fotad {
    struct arena *arena;
    struct config config;
    const char *config_path;
    struct db *db;
    struct request_management requests;
    struct duis_signer *signer;
    struct http_listener *users, *operations;
    struct csp_gateway *csps;
    struct command_sender *commands;
    struct delivery *delivery;
    struct receiving receiving;
    struct receivers *receivers;
    struct people *people;
    struct housekeeping *housekeeping;
    struct mail *mail;
    struct releases *releases;
};

static const char usage[] =
    "usage: fotad --config FILE [--check-config]\n"
    "       fotad --default-config | --explain | --version | --help\n"
    "  --config FILE     read FILE; without it, defaults alone\n"
    "  --check-config    read the configuration, say what is wrong, and end\n"
    "  --default-config  print every key with its default and what it does\n"
    "  --explain         print what every event does to a device (Table 3)\n";

static bool fail(const char *event, const char *reason) {
    log_error(event, ": %s", reason);
    return false;
}

/* ---- configuration ---- */

/* What one key alone cannot show to be wrong. */
static const char *contradiction(struct fotad *f) {
    const struct config *config = &f->config;
    const char *wrong = http_contradiction(config, f->arena);
    if (!wrong)
        wrong = csp_gateway_contradiction(config, f->arena);
    if (!wrong)
        wrong = mail_contradiction(config);
    if (!wrong)
        wrong = db_conninfo_contradiction(config->database_conninfo, f->arena);
    return wrong ? wrong : people_contradiction(config);
}

static bool configure(struct fotad *f) {
    const char *reason;
    if (!config_read(&f->config, f->config_path, f->arena, &reason))
        return fail("config.refused", reason);
    if ((reason = contradiction(f)))
        return fail("config.refused", reason);
    log_set_level(f->config.log_level);
    if (*f->config.clock_offset_file &&
        !clock_use_offset_file(f->config.clock_offset_file))
        return fail("clock.refused",
                    arena_printf(f->arena, "[clock] offset_file %s: %s",
                                 f->config.clock_offset_file, strerror(errno)));
    return true;
}

/* ---- start ---- */

static bool migrate(struct fotad *f) {
    const char *owner = f->config.database_owner_conninfo;
    struct db *db = db_open(*owner ? owner : f->config.database_conninfo,
                            "fotad migration");
    int missing;
    bool good = db_migrate(db, true, &missing) == DONE ||
                fail("db.unusable", db_reason(db));
    db_close(db);
    return good;
}

static bool open_database(struct fotad *f) {
    f->db = db_open(f->config.database_conninfo, "fotad");
    int missing = 0;
    bool later = false;
    if (f->config.database_migrate && !migrate(f))
        return false;
    if (db_migrate(f->db, false, &missing) != DONE)
        return fail("db.unusable", db_reason(f->db));
    if (missing)
        return fail("db.old", "the database is of another version: run "
                              "fotactl migrate");
    if (db_is_later(f->db, &later) == DONE && later)
        log_warning("db.later", ": the database belongs to a later release; "
                                "this one works on it as it is. Start the "
                                "later one everywhere");
    crash_point(CRASH_migrated);
    return true;
}

static bool load_rules(struct fotad *f) {
    struct rules *rules;
    if (tracking_hand_over(f->db) != DONE || rules_load(f->db, &rules) != DONE)
        return fail("rules.unreadable", db_reason(f->db));
    request_use_rules(rules);
    return true;
}

static struct duis_signer *load_signer(struct fotad *f) {
    const char *reason;
    struct duis_signer *signer =
        duis_signer_load(f->arena, f->config.xml_signing_key,
                         f->config.xml_signing_certificate, &reason);
    if (signer && !f->config.accept_expired &&
        duis_signer_certificate(signer)->not_after < clock_now()) {
        signer = NULL;
        reason = "[identity] xml_signing_certificate has expired";
    }
    if (!signer)
        fail("keys.unusable", reason);
    else if (duis_signer_certificate(signer)->id != f->config.acb_id)
        log_warning("keys.other_id", ": the EUI-64 of [identity] "
                                     "xml_signing_certificate is not acb_id");
    return signer;
}

static bool load_keys(struct fotad *f) {
    f->requests.signer = f->signer = load_signer(f);
    return f->signer != NULL;
}

/* Shared secrets kept in memory: an estate's devices that are spoken to within
 * a few hours. */
enum { MOST_SECRETS = 100000 };

/* Without it update requests are served all the same. A file that is there but
 * is no key is a mistake. */
static bool load_acb_key(struct fotad *f) {
    const char *path = f->config.key_agreement_key, *reason;
    if (access(path, F_OK) != 0) {
        log_warning("keys.no_key_agreement",
                    ": [identity] key_agreement_key %s is not there: 11.2 and "
                    "11.3 cannot be sent to devices",
                    path);
        return true;
    }
    f->requests.acb = acb_key_load(path, MOST_SECRETS, &reason);
    return f->requests.acb ||
           fail("keys.unusable",
                arena_printf(f->arena, "[identity] key_agreement_key %s: %s",
                             path, reason));
}

static bool load_revocations(struct fotad *f) {
    return revocations_load(f->db) == DONE ||
           fail("revocations.unreadable", db_reason(f->db));
}

static void warn(const struct fotad *f) {
    if (f->config.accept_expired)
        log_warning("config.test_only", ": [identity] accept_expired = yes: "
                                        "expired certificates are accepted");
    if (*f->config.clock_offset_file)
        log_warning("config.test_only",
                    ": [clock] offset_file is set: the time is moved");
    if (!f->config.csp_count)
        log_warning("config.no_csp", ": there is no [csp NAME] section: every "
                                     "device is refused");
}

static bool listen_operations(struct fotad *f) {
    const char *reason;
    f->operations = http_listen(
        &(struct http_options){.name = "operations",
                               HTTP_CONFIGURED(&f->config, operations),
                               .routes = health_routes,
                               .route_count = health_route_count,
                               .workers = 1,
                               .queue_size = 16,
                               .worker_start = health_worker_start,
                               .worker_stop = health_worker_stop,
                               .worker_context = &f->config},
        &reason);
    return f->operations || fail("operations.unusable", reason);
}

static bool listen_users(struct fotad *f) {
    const struct config *c = &f->config;
    const char *reason;
    f->users = http_listen(
        &(struct http_options){.name = "user_gateway",
                               HTTP_CONFIGURED(c, user),
                               .routes = request_routes(c->user_max_body),
                               .route_count = request_route_count,
                               .workers = c->user_workers,
                               .queue_size = c->user_queue,
                               .body_budget = c->user_body_budget,
                               .worker_start = request_worker_start,
                               .worker_stop = request_worker_stop,
                               .worker_context = &f->requests},
        &reason);
    return f->users || fail("user_gateway.unusable", reason);
}

static bool start_csp_gateway(struct fotad *f) {
    const char *reason;
    f->csps = csp_gateway_start(&f->config, &reason);
    return f->csps || fail("csp_gateway.unusable", reason);
}

static bool start_commands(struct fotad *f) {
    f->commands = command_send_start(&f->config);
    return true;
}

static bool start_alerts(struct fotad *f) {
    f->delivery = delivery_start(&f->config, f->requests.signer);
    return true;
}

static bool start_receivers(struct fotad *f) {
    f->receiving =
        (struct receiving){.config = &f->config, .acb = f->requests.acb};
    f->receivers = receivers_start(&f->receiving);
    return true;
}

static bool start_people(struct fotad *f) {
    const char *reason;
    f->people = people_start(&f->config, &reason);
    return f->people || fail("people.unusable", reason);
}

static bool start_housekeeping(struct fotad *f) {
    f->housekeeping = housekeeping_start(&f->config);
    return true;
}

static bool start_mail(struct fotad *f) {
    f->mail = mail_start(&f->config);
    return true;
}

static bool start_releases(struct fotad *f) {
    f->releases = request_releases_start(&f->requests);
    return true;
}

static bool start(struct fotad *f) {
    f->requests.config = &f->config;
    if (!duis_open())
        return fail("duis.unusable", "the schemas cannot be compiled");
    return open_database(f) && load_rules(f) && load_keys(f) &&
           load_acb_key(f) && load_revocations(f) && start_alerts(f) &&
           listen_operations(f) && start_csp_gateway(f) && start_commands(f) &&
           start_receivers(f) && start_housekeeping(f) && start_mail(f) &&
           start_people(f) && start_releases(f) && listen_users(f);
}

/* ---- life and end ---- */

static int signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/* The keys that may change while it runs; a file that is wrong changes
 * nothing. */
static bool reload_config(struct fotad *f) {
    struct arena *arena = arena_new();
    struct config config;
    const char *reason;
    bool good = config_read(&config, f->config_path, arena, &reason);
    if (good)
        log_set_level(config.log_level);
    else
        log_error("config.refused", ": %s; the old values stay", reason);
    arena_free(arena);
    return good;
}

/* New connections get the new certificates; what cannot be read leaves the old
 * ones in use. */
static bool reload_certificates(struct fotad *f) {
    const char *why;
    struct duis_signer *fresh = load_signer(f);
    if (fresh)
        duis_signer_replace(f->signer, fresh);
    bool good = load_revocations(f) && fresh;
    if (!http_reload(f->users, &why))
        good = fail("user_gateway.unusable", why);
    if (!csp_gateway_reload(f->csps, &why))
        good = fail("csp_gateway.unusable", why);
    if (!people_reload(f->people, &why))
        good = fail("people.unusable", why);
    if (!http_reload(f->operations, &why))
        good = fail("operations.unusable", why);
    return good;
}

static void reload(struct fotad *f) {
    sd_notify(0, "RELOADING=1");
    bool config = reload_config(f), rules = load_rules(f);
    if (reload_certificates(f) && config && rules)
        log_info("fotad.reloaded", ": [log] level, rules, keys, certificates "
                                   "and revocation lists were read again");
    sd_notify(0, "READY=1");
}

static void live(struct fotad *f, int fd) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    int pause = watchdog_pause();
    for (;;) {
        struct signalfd_siginfo got;
        if (poll(&wait, 1, pause) == 1 &&
            read(fd, &got, sizeof got) == (ssize_t)sizeof got) {
            if (got.ssi_signo != SIGHUP)
                return;
            reload(f);
        }
        watchdog_tell(f->config.operations_stuck_after);
    }
}

/* Readiness goes down, a load balancer sees it, and whoever keeps a connection
 * is told to leave it; another signal ends the wait. */
static void step_down(struct fotad *f, int fd) {
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    sd_notify(0, "STOPPING=1");
    log_info("fotad.stopping", "%s", "");
    health_stop();
    http_drain(f->users);
    csp_gateway_drain(f->csps);
    if (f->config.operations_stop_grace)
        poll(&wait, 1, (int)(f->config.operations_stop_grace / MILLISECOND));
}

/* What is in hand is finished. */
static void stop(struct fotad *f) {
    http_close(f->users);
    crash_point(CRASH_stop_drained);
    request_releases_stop(f->releases);
    people_stop(f->people);
    housekeeping_stop(f->housekeeping);
    mail_stop(f->mail);
    csp_gateway_stop(f->csps);
    command_send_stop(f->commands);
    receivers_stop(f->receivers);
    delivery_stop(f->delivery);
    crash_point(CRASH_stop_finished);
    http_close(f->operations);
    request_use_rules(NULL);
    acb_key_free(f->requests.acb);
    db_close(f->db);
    duis_close();
}

/* A signal that comes during the start is heeded after it: what was begun is
 * ended in order. */
static int serve(struct fotad *f) {
    int fd = signals();
    if (!crash_prepare())
        return !fail("crash.unknown", "FOTAD_CRASH_AT names no crash point");
    bool started = fd >= 0 && configure(f) && start(f);
    if (started) {
        warn(f);
        crash_point(CRASH_started);
        health_serve();
        log_info("fotad.ready", "version=%s users=%s csps=%s operations=%s",
                 FOTAD_VERSION, f->config.user_listen, f->config.csp_listen,
                 f->config.operations_listen);
        sd_notify(0, "READY=1");
        live(f, fd);
        step_down(f, fd);
    }
    stop(f);
    if (started)
        log_info("fotad.stopped", "%s", "");
    close(fd);
    return started ? 0 : 1;
}

/* Prints what `write` writes. */
static int print(void (*write_text)(struct buffer *out)) {
    struct buffer out = {0};
    write_text(&out);
    bool good = span_write(buffer_span(&out), stdout) && fflush(stdout) == 0;
    buffer_free(&out);
    return good ? 0 : 1;
}

int main(int argc, char **argv) {
    enum {
        CONFIG_FILE = 'c',
        CHECK = 'k',
        DEFAULTS = 'd',
        EXPLAIN = 'e',
        VERSION = 'v'
    };
    static const struct option options[] = {
        {"config", required_argument, NULL, CONFIG_FILE},
        {"check-config", no_argument, NULL, CHECK},
        {"default-config", no_argument, NULL, DEFAULTS},
        {"explain", no_argument, NULL, EXPLAIN},
        {"version", no_argument, NULL, VERSION},
        {"help", no_argument, NULL, 'h'},
        {0}};
    struct fotad f = {.arena = arena_new()};
    bool check = false;
    for (int option;
         (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case CONFIG_FILE:
            f.config_path = optarg;
            break;
        case CHECK:
            check = true;
            break;
        case DEFAULTS:
            arena_free(f.arena);
            return print(config_example);
        case EXPLAIN:
            arena_free(f.arena);
            return print(tracking_explain);
        case VERSION:
            arena_free(f.arena);
            return puts("fotad " FOTAD_VERSION) < 0;
        case 'h':
            arena_free(f.arena);
            return fputs(usage, stdout) < 0;
        default:
            arena_free(f.arena);
            fputs(usage, stderr);
            return 2;
        }
    int status;
    if (optind < argc) {
        fputs(usage, stderr);
        status = 2;
    } else if (check) {
        status = configure(&f) ? 0 : 1;
    } else {
        status = serve(&f);
    }
    arena_free(f.arena);
    return status;
}
