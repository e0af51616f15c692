#include "base/crash.h"
#include "base/log.h"
#include "fotad/fotad.h"
#include "health/health.h"
#include "http/configured.h"
#include "request/user_gateway.h"

#include <stdatomic.h>

/* ---- the threads, as rows of the table below ---- */

static bool start_health(struct fotad *f) {
    const char *reason;
    f->health = health_start(&f->config, &reason);
    return f->health || fotad_fail("operations.unusable", reason);
}

static void stop_health(struct fotad *f) {
    http_close(f->health);
}

/* The first look is the start's: nothing is done by another time. */
static bool start_clock(struct fotad *f) {
    if (clock_watch_look(f->db, &f->config) != DONE)
        return fotad_fail("clock.unread", db_reason(f->db));
    f->clock = clock_watch_start(&f->config);
    return true;
}

static void stop_clock(struct fotad *f) {
    task_stop(f->clock);
}

static bool start_past(struct fotad *f) {
    const char *reason;
    if (!past_watch_begin(f->db, &f->config, &reason))
        return fotad_fail("past.unread", reason);
    f->past = past_watch_start(&f->config);
    return true;
}

static void stop_past(struct fotad *f) {
    task_stop(f->past);
}

static bool start_delivery(struct fotad *f) {
    f->delivery = delivery_start(&f->config, f->signer);
    return true;
}

/* Nobody makes messages any more. */
static void stop_delivery(struct fotad *f) {
    delivery_stop(f->delivery);
    crash_point(CRASH_stop_finished);
}

static bool start_mail(struct fotad *f) {
    f->mail = mail_start(&f->config);
    return true;
}

static void stop_mail(struct fotad *f) {
    task_stop(f->mail);
}

static bool start_receivers(struct fotad *f) {
    f->receiving =
        (struct receiving){.config = &f->config, .acb = f->requests.acb};
    f->receivers = receivers_start(&f->receiving);
    return true;
}

static void stop_receivers(struct fotad *f) {
    receivers_stop(f->receivers);
}

static bool start_csp_gateway(struct fotad *f) {
    const char *reason;
    f->csps = csp_gateway_start(&f->config, &reason);
    return f->csps || fotad_fail("csp_gateway.unusable", reason);
}

static void drain_csp_gateway(struct fotad *f) {
    csp_gateway_drain(f->csps);
}

static void stop_csp_gateway(struct fotad *f) {
    csp_gateway_stop(f->csps);
}

static bool start_housekeeping(struct fotad *f) {
    f->housekeeping = housekeeping_start(&f->config);
    return true;
}

static void stop_housekeeping(struct fotad *f) {
    task_stop(f->housekeeping);
}

static bool start_releases(struct fotad *f) {
    f->requests.config = &f->config;
    f->requests.signer = f->signer;
    f->releases = request_releases_start(&f->requests);
    return true;
}

static void stop_releases(struct fotad *f) {
    task_stop(f->releases);
}

static bool start_people(struct fotad *f) {
    const char *reason;
    f->people = people_start(&f->config, &reason);
    return f->people || fotad_fail("people.unusable", reason);
}

static void stop_people(struct fotad *f) {
    people_stop(f->people);
}

static bool start_users(struct fotad *f) {
    const char *reason;
    f->users = request_listen(&f->requests, &reason);
    return f->users || fotad_fail("user_gateway.unusable", reason);
}

static void drain_users(struct fotad *f) {
    http_drain(f->users);
}

/* Every request that came in is answered; nobody else gets in. */
static void stop_users(struct fotad *f) {
    http_close(f->users);
    crash_point(CRASH_stop_drained);
}

/* ---- new files of TLS ---- */

/* What they say, if the listener speaks TLS and is to go on with it. */
static bool tls_prepare(const struct http_listener *listener,
                        const struct http_tls *files, const char *event,
                        struct tls **fresh) {
    const char *reason;
    if (!http_speaks_tls(listener) || !*files->certificate)
        return true;
    *fresh = http_read_tls(files, &reason);
    return *fresh || fotad_fail(event, reason);
}

/* Both functions of a listener: its names in the table, in struct reload and
 * in the fields of its section, and where it is found. */
#define TLS(service, member, prefix, listener)                                 \
    static bool prepare_##service(struct fotad *f, struct reload *reload) {    \
        const struct http_tls files =                                          \
            HTTP_CONFIGURED_TLS(&reload->config, prefix);                      \
        return tls_prepare(listener, &files, #service ".unusable",             \
                           &reload->member);                                   \
    }                                                                          \
    static void use_##service(struct fotad *f, struct reload *reload) {        \
        if (reload->member)                                                    \
            http_renew(listener, reload->member);                              \
    }
TLS(operations, health, operations, f->health)
TLS(csp_gateway, csps, csp, csp_gateway_listener(f->csps))
TLS(people, people, people, people_listener(f->people))
TLS(user_gateway, users, user, f->users)
#undef TLS

/* ---- the table ---- */

struct service {
    const char *name;
    bool (*start)(struct fotad *f);
    /* these and what follows: NULL, nothing. A reload has all prepared, and
     * then all used. */
    bool (*prepare)(struct fotad *f, struct reload *reload);
    void (*use)(struct fotad *f, struct reload *reload);
    void (*drain)(struct fotad *f);
    void (*stop)(struct fotad *f);
};

/*
 * In the order of their start, which is that of a reload; they stop in reverse.
 * A service stands after those that it needs, and after those that go on with
 * what it hands on: they are there before the first work comes, and outlive the
 * last.
 */
static const struct service services[] = {
    /* needed by whoever reads Service Requests or writes messages to Users */
    {"schemas", ground_open_schemas, NULL, NULL, NULL, ground_close_schemas},
    /* the start alone; each thread has a connection of its own, but finds the
     * database migrated */
    {"database", ground_open_database, NULL, NULL, NULL, ground_close_database},
    /* the time of all that follows */
    {"clock", start_clock, NULL, NULL, NULL, stop_clock},
    /* lets the threads of all that follow at the database, or not */
    {"past", start_past, NULL, NULL, NULL, stop_past},
    /* of requests and, in the database, of all that moves a device's status */
    {"rules", ground_load_rules, ground_prepare_rules, ground_use_rules, NULL,
     ground_drop_rules},
    /* signs answers to requests and messages to Users; lives in the arena */
    {"signer", ground_load_signer, ground_prepare_signer, ground_use_signer,
     NULL, NULL},
    /* for commands to devices, and for what devices send */
    {"acb_key", ground_load_acb_key, NULL, NULL, NULL, ground_free_acb_key},
    /* before the listeners, which refuse those clients */
    {"revocations", ground_load_revocations, ground_prepare_revocations,
     ground_use_revocations, NULL, NULL},
    /* before all that take time to start, and after all that take time to
     * end: meanwhile it says so */
    {"health", start_health, prepare_operations, use_operations, NULL,
     stop_health},
    /* what follows makes messages to Users */
    {"delivery", start_delivery, NULL, NULL, NULL, stop_delivery},
    /* e-mail to people on the work of what follows */
    {"mail", start_mail, NULL, NULL, NULL, stop_mail},
    /* reads the device messages that the CSP gateway takes in */
    {"receivers", start_receivers, NULL, NULL, NULL, stop_receivers},
    /* sends the jobs and commands that users and releases accept */
    {"csp_gateway", start_csp_gateway, prepare_csp_gateway, use_csp_gateway,
     drain_csp_gateway, stop_csp_gateway},
    /* nobody hands it work; what it releases makes messages */
    {"housekeeping", start_housekeeping, NULL, NULL, NULL, stop_housekeeping},
    /* does what people decide on held requests */
    {"releases", start_releases, NULL, NULL, NULL, stop_releases},
    /* people see what came of the work of all others, and decide on some */
    {"people", start_people, prepare_people, use_people, NULL, stop_people},
    /* the last, for the work of all others comes in here */
    {"users", start_users, prepare_user_gateway, use_user_gateway, drain_users,
     stop_users},
};
enum { SERVICES = sizeof services / sizeof *services };

static _Atomic(const char *) at = "nothing";

const char *services_at(void) {
    return atomic_load(&at);
}

bool services_start(struct fotad *f) {
    for (; f->started < SERVICES; f->started++) {
        const struct service *service = &services[f->started];
        log_debug("fotad.starting", "service=%s", service->name);
        atomic_store(&at, service->name);
        if (!service->start(f))
            return false;
    }
    return true;
}

bool services_prepare(struct fotad *f, struct reload *reload) {
    for (size_t i = 0; i < f->started; i++)
        if (services[i].prepare && !services[i].prepare(f, reload))
            return false;
    return true;
}

void services_use(struct fotad *f, struct reload *reload) {
    for (size_t i = 0; i < f->started; i++)
        if (services[i].use)
            services[i].use(f, reload);
}

void services_forget(struct fotad *f, struct reload *reload) {
    (void)f;
    rules_release(reload->rules);
    http_forget(reload->users);
    http_forget(reload->csps);
    http_forget(reload->people);
    http_forget(reload->health);
}

/* ---- before any of it ---- */

/* In its section a key, its line, and what is wrong with it; NULL: nothing. */
static bool key_check(const struct fotad *f, const char *section,
                      const char *key, int line, const char *fault) {
    return !fault ||
           fotad_fail("config.refused",
                      arena_printf(f->arena, "%s:%d: [%s] %s: %s",
                                   f->config_path ? f->config_path : "", line,
                                   section, key, fault));
}

/* fotad starts with a certificate that has ended, and says so; who checks is to
 * know before. */
static const char *tls_fault(const struct fotad *f,
                             const struct http_tls *files) {
    const char *reason = NULL;
    char time[INSTANT_TEXT_SIZE];
    if (!*files->certificate)
        return NULL;
    struct tls *tls = http_read_tls(files, &reason);
    instant ends = tls ? http_expires(tls) : 0;
    http_forget(tls);
    return ends && ends < clock_now()
               ? arena_printf(f->arena, "%s: it ended at %s",
                              files->certificate, instant_format(ends, time))
               : reason;
}

/* What fotad shows to a server. */
static bool shown_check(const struct fotad *f, const char *section, int line,
                        const char *certificate, const char *key) {
    const struct http_tls files = {.certificate = certificate, .key = key};
    return key_check(f, section, "certificate", line, tls_fault(f, &files));
}

static bool partners_check(const struct fotad *f) {
    const struct config *c = &f->config;
    bool good = shown_check(f, "delivery", c->lines.delivery_certificate,
                            c->delivery_certificate, c->delivery_key);
    for (size_t i = 0; i < c->csp_count; i++) {
        const struct config_csp *csp = &c->csps[i];
        good &= shown_check(f, arena_printf(f->arena, "csp %s", csp->name),
                            csp->lines.certificate, csp->certificate, csp->key);
    }
    return good;
}

bool services_check(struct fotad *f) {
    const struct config *c = &f->config;
#define CHECK(section, prefix)                                                 \
    (key_check(f, #section, "listen", c->lines.prefix##_listen,                \
               http_address_fault(c->prefix##_listen)) &                       \
     key_check(                                                                \
         f, #section, "certificate", c->lines.prefix##_certificate,            \
         tls_fault(f, &(struct http_tls)HTTP_CONFIGURED_TLS(c, prefix))))
    bool good = CHECK(user_gateway, user) & CHECK(csp_gateway, csp) &
                CHECK(people, people) & CHECK(operations, operations);
#undef CHECK
    good &= partners_check(f);
    return ground_check_keys(f) && good;
}

void services_drain(struct fotad *f) {
    for (size_t i = f->started; i-- > 0;)
        if (services[i].drain)
            services[i].drain(f);
}

void services_stop(struct fotad *f) {
    while (f->started > 0) {
        const struct service *service = &services[--f->started];
        log_debug("fotad.ending", "service=%s", service->name);
        atomic_store(&at, service->name);
        if (service->stop)
            service->stop(f);
    }
}
