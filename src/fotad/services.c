#include "base/crash.h"
#include "base/log.h"
#include "fotad/fotad.h"
#include "health/health.h"
#include "request/user_gateway.h"

/* ---- the threads, as rows of the table below ---- */

static bool start_health(struct fotad *f) {
    const char *reason;
    f->health = health_start(&f->config, &reason);
    return f->health || fotad_fail("operations.unusable", reason);
}

static bool reload_health(struct fotad *f) {
    const char *reason;
    return http_reload(f->health, &reason) ||
           fotad_fail("operations.unusable", reason);
}

static void stop_health(struct fotad *f) {
    http_close(f->health);
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

static bool reload_csp_gateway(struct fotad *f) {
    const char *reason;
    return csp_gateway_reload(f->csps, &reason) ||
           fotad_fail("csp_gateway.unusable", reason);
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

static bool reload_people(struct fotad *f) {
    const char *reason;
    return people_reload(f->people, &reason) ||
           fotad_fail("people.unusable", reason);
}

static void stop_people(struct fotad *f) {
    people_stop(f->people);
}

static bool start_users(struct fotad *f) {
    const char *reason;
    f->users = request_listen(&f->requests, &reason);
    return f->users || fotad_fail("user_gateway.unusable", reason);
}

static bool reload_users(struct fotad *f) {
    const char *reason;
    return http_reload(f->users, &reason) ||
           fotad_fail("user_gateway.unusable", reason);
}

static void drain_users(struct fotad *f) {
    http_drain(f->users);
}

/* Every request that came in is answered; nobody else gets in. */
static void stop_users(struct fotad *f) {
    http_close(f->users);
    crash_point(CRASH_stop_drained);
}

/* ---- the table ---- */

struct service {
    const char *name;
    bool (*start)(struct fotad *f);
    bool (*reload)(struct fotad *f); /* this and what follows: NULL, nothing */
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
    {"schemas", ground_open_schemas, NULL, NULL, ground_close_schemas},
    /* the start alone; each thread has a connection of its own, but finds the
     * database migrated */
    {"database", ground_open_database, NULL, NULL, ground_close_database},
    /* of requests and, in the database, of all that moves a device's status */
    {"rules", ground_load_rules, ground_reload_rules, NULL, ground_drop_rules},
    /* signs answers to requests and messages to Users; lives in the arena */
    {"signer", ground_load_signer, ground_reload_signer, NULL, NULL},
    /* for commands to devices, and for what devices send */
    {"acb_key", ground_load_acb_key, NULL, NULL, ground_free_acb_key},
    /* before the listeners, which refuse those clients */
    {"revocations", ground_load_revocations, ground_load_revocations, NULL,
     NULL},
    /* before all that take time to start, and after all that take time to
     * end: meanwhile it says so */
    {"health", start_health, reload_health, NULL, stop_health},
    /* what follows makes messages to Users */
    {"delivery", start_delivery, NULL, NULL, stop_delivery},
    /* e-mail to people on the work of what follows */
    {"mail", start_mail, NULL, NULL, stop_mail},
    /* reads the device messages that the CSP gateway takes in */
    {"receivers", start_receivers, NULL, NULL, stop_receivers},
    /* sends the jobs and commands that users and releases accept */
    {"csp_gateway", start_csp_gateway, reload_csp_gateway, drain_csp_gateway,
     stop_csp_gateway},
    /* nobody hands it work; what it releases makes messages */
    {"housekeeping", start_housekeeping, NULL, NULL, stop_housekeeping},
    /* does what people decide on held requests */
    {"releases", start_releases, NULL, NULL, stop_releases},
    /* people see what came of the work of all others, and decide on some */
    {"people", start_people, reload_people, NULL, stop_people},
    /* the last, for the work of all others comes in here */
    {"users", start_users, reload_users, drain_users, stop_users},
};
enum { SERVICES = sizeof services / sizeof *services };

bool services_start(struct fotad *f) {
    for (; f->started < SERVICES; f->started++) {
        const struct service *service = &services[f->started];
        log_debug("fotad.starting", "service=%s", service->name);
        if (atomic_load(&f->ending) || !service->start(f))
            return false;
    }
    return true;
}

bool services_reload(struct fotad *f) {
    bool good = true;
    for (size_t i = 0; i < f->started && !atomic_load(&f->ending); i++)
        if (services[i].reload && !services[i].reload(f))
            good = false;
    return good;
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
        if (service->stop)
            service->stop(f);
    }
}
