/*
 * The daemon as a whole, for this room only: what it consists of, how it is
 * configured (configure.c), what it stands on (ground.c), and its services in
 * the order of their dependence (services.c).
 */
#ifndef FOTAD_FOTAD_FOTAD_H
#define FOTAD_FOTAD_FOTAD_H

#include "csp_gateway/gateway.h"
#include "delivery/delivery.h"
#include "device/receive.h"
#include "housekeeping/clock_watch.h"
#include "housekeeping/housekeeping.h"
#include "housekeeping/past_watch.h"
#include "mail/mail.h"
#include "people/listener.h"
#include "request/release.h"
#include "request/rules.h"
#include "request/user_gateway.h"

#include <stdatomic.h>

/* Belongs to the thread that starts, reloads or stops it, one at a time, but
 * for what its services are given of it. */
struct fotad {
    struct arena *arena; /* until the end of the program */
    const char *config_path;
    struct config config;
    struct db *db;
    struct duis_signer *signer;
    struct request_management requests;
    struct receiving receiving;
    struct delivery *delivery;
    struct task *mail;
    struct receivers *receivers;
    struct csp_gateway *csps;
    struct task *clock, *past;
    struct task *housekeeping;
    struct task *releases;
    struct people *people;
    struct http_listener *health, *users;
    size_t started;     /* services, the first ones of the table */
    atomic_bool ending; /* a start or reload in hand is to go no further */
};

/* What a reload has read: all of it is used, or nothing. */
struct reload {
    struct arena *arena; /* for what is not kept */
    struct config config;
    struct rules *rules;
    struct duis_signer *signer;
    const struct span *crls;
    size_t crl_count;
    /* of users, csps, people, health; NULL: the listener has no TLS */
    struct tls *users, *csps, *people, *health;
};

/* Logs an error, `reason` for the operator, and returns false. */
bool fotad_fail(const char *event, const char *reason);
/* How often it was called. */
int fotad_failures(void);

/* ---- configure.c ---- */

/* Reads the file at config_path into config, and sets the log's level and the
 * clock's offset file as it says. False, with the reason in the log, when it
 * is wrong or contradicts itself. */
bool fotad_configure(struct fotad *f);

/* Logs what must not stay so in production. */
void fotad_warn(const struct fotad *f);

/* Reads the file again into reload->config. False, with the reason in the log,
 * when it is wrong. */
bool fotad_configure_again(const struct fotad *f, struct reload *reload);
/* Sets the log's level, and logs which new values wait for a restart. */
void fotad_use_configuration(const struct fotad *f,
                             const struct reload *reload);

/* ---- ground.c ---- */

/* What the threads stand on; rows of the table of services. Each returns false
 * with the reason in the log when it cannot, and leaves nothing behind. */
bool ground_open_schemas(struct fotad *f);
void ground_close_schemas(struct fotad *f);
/* Connects, and migrates it if [database] migrate says so. */
bool ground_open_database(struct fotad *f);
void ground_close_database(struct fotad *f);
/* Hands the transitions to the database and reads the rules of requests. */
bool ground_load_rules(struct fotad *f);
void ground_drop_rules(struct fotad *f);
bool ground_load_signer(struct fotad *f);
bool ground_load_acb_key(struct fotad *f);
void ground_free_acb_key(struct fotad *f);
/* For --check-config: the files of both keys. */
bool ground_check_keys(struct fotad *f);
/* Hands the Certificate Revocation Lists of the database to the listeners. */
bool ground_load_revocations(struct fotad *f);

/* The same at a reload: first each is read, false with the reason in the log
 * when it cannot be; then each is used, which cannot fail. */
bool ground_prepare_rules(struct fotad *f, struct reload *reload);
void ground_use_rules(struct fotad *f, struct reload *reload);
bool ground_prepare_signer(struct fotad *f, struct reload *reload);
void ground_use_signer(struct fotad *f, struct reload *reload);
bool ground_prepare_revocations(struct fotad *f, struct reload *reload);
void ground_use_revocations(struct fotad *f, struct reload *reload);

/* ---- services.c ---- */

/* For --check-config, after fotad_configure(): all that a start would find
 * wrong with keys, certificates and addresses. False with it in the log. */
bool services_check(struct fotad *f);

/* Starts all services in their order. False at the first that cannot, with the
 * reason in the log, or when it is ending; those before it have started. */
bool services_start(struct fotad *f);

/* Has each read again what it may while it runs: rules, keys, certificates,
 * revocation lists. False at the first that cannot, with the reason in the
 * log. */
bool services_prepare(struct fotad *f, struct reload *reload);
/* Has each use what it has read. */
void services_use(struct fotad *f, struct reload *reload);
/* Instead: it is not used. */
void services_forget(struct fotad *f, struct reload *reload);

/* Whoever keeps a connection is told to leave it; everything is still
 * answered. */
void services_drain(struct fotad *f);

/* Ends those that have started, in reverse, each when what it has in hand is
 * finished. */
void services_stop(struct fotad *f);

/* The name of the service that is being started or ended. From any thread. */
const char *services_at(void);

#endif
