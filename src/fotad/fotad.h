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
#include "housekeeping/housekeeping.h"
#include "mail/mail.h"
#include "people/listener.h"
#include "request/release.h"
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
    struct task *housekeeping;
    struct task *releases;
    struct people *people;
    struct http_listener *health, *users;
    size_t started;     /* services, the first ones of the table */
    atomic_bool ending; /* a start or reload in hand is to go no further */
};

/* Logs an error, `reason` for the operator, and returns false. */
bool fotad_fail(const char *event, const char *reason);

/* ---- configure.c ---- */

/* Reads the file at config_path into config, and sets the log's level and the
 * clock's offset file as it says. False, with the reason in the log, when it
 * is wrong or contradicts itself. */
bool fotad_configure(struct fotad *f);

/* Logs what must not stay so in production. */
void fotad_warn(const struct fotad *f);

/* Reads the file again for the keys that may change while fotad runs ([log]
 * level). False, with the reason in the log, when it is wrong: then nothing
 * changes. */
bool fotad_configure_again(const struct fotad *f);

/* ---- ground.c ---- */

/* What the threads stand on; rows of the table of services. Each returns false
 * with the reason in the log when it cannot, and leaves nothing behind. */
bool ground_open_schemas(struct fotad *f);
void ground_close_schemas(struct fotad *f);
/* Connects, and migrates it if [database] migrate says so. */
bool ground_open_database(struct fotad *f);
void ground_close_database(struct fotad *f);
/* Hands the transitions to the database and reads the rules of requests;
 * again at a reload. */
bool ground_load_rules(struct fotad *f);
bool ground_reload_rules(struct fotad *f);
void ground_drop_rules(struct fotad *f);
bool ground_load_signer(struct fotad *f);
/* When the new key cannot be used the old one stays. */
bool ground_reload_signer(struct fotad *f);
bool ground_load_acb_key(struct fotad *f);
void ground_free_acb_key(struct fotad *f);
/* Hands the Certificate Revocation Lists of the database to the listeners;
 * again at a reload. */
bool ground_load_revocations(struct fotad *f);

/* ---- services.c ---- */

/* Starts all services in their order. False at the first that cannot, with the
 * reason in the log, or when it is ending; those before it have started. */
bool services_start(struct fotad *f);

/* Has each read again what it may while it runs: rules, keys, certificates,
 * revocation lists. What cannot be read stays as it was, and the others go on:
 * then false, with the reasons in the log. */
bool services_reload(struct fotad *f);

/* Whoever keeps a connection is told to leave it; everything is still
 * answered. */
void services_drain(struct fotad *f);

/* Ends those that have started, in reverse, each when what it has in hand is
 * finished. */
void services_stop(struct fotad *f);

#endif
