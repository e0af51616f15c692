#include "base/crash.h"
#include "base/ending.h"
#include "base/expiry.h"
#include "base/file.h"
#include "base/hsm.h"
#include "base/log.h"
#include "base/version.h"
#include "duis/library.h"
#include "fotad/fotad.h"
#include "health/revocations.h"
#include "housekeeping/housekeeping.h"
#include "request/rules.h"
#include "tracking/transition.h"

#include <unistd.h>

/* Shared secrets kept in memory: an estate's devices that are spoken to within
 * a few hours. */
enum { MOST_SECRETS = 100000 };

/* ---- the schemas ---- */

bool ground_open_schemas(struct fotad *f) {
    (void)f;
    return duis_open() ||
           fotad_fail("duis.unusable", "the schemas cannot be compiled");
}

void ground_close_schemas(struct fotad *f) {
    (void)f;
    duis_close();
}

/* ---- the database ---- */

/* The caller closes it. */
static struct db *open_as_owner(const struct config *config) {
    const char *owner = config->database_owner_conninfo;
    struct db *db =
        db_open(*owner ? owner : config->database_conninfo, "fotad migration");
    db_is_for(db, DB_FOR_tool);
    db_takes_any_past(db);
    return db;
}

static bool migrate_database(const struct config *config) {
    struct db *db = open_as_owner(config);
    int missing;
    bool good = db_migrate(db, DB_FOTAD, &missing) == DONE ||
                fotad_fail("db.unusable", db_reason(db));
    db_close(db);
    return good;
}

static bool check_database(struct fotad *f) {
    struct db *db = f->db;
    int missing = 0;
    bool later = false;
    if (db_migrate(db, NULL, &missing) != DONE)
        return fotad_fail("db.unusable", db_reason(db));
    if (missing)
        return fotad_fail("db.old", db_version_words(db, f->arena));
    if (db_is_later(db, &later) == DONE && later)
        log_warning("db.later",
                    "release=%d : the database belongs to a later release "
                    "(%s); this one works on it as it is and puts none of its "
                    "functions back. Start the later one everywhere",
                    FOTAD_RELEASE, db_version_words(db, f->arena));
    return true;
}

/* A machine may start before its database server does. */
static bool await_database(struct fotad *f) {
    static const struct timespec pause = {.tv_nsec = 200000000};
    enum outcome outcome;
    while ((outcome = db_connect(f->db)) == RETRY && !db_is_denied(f->db) &&
           !ending_has_begun())
        nanosleep(&pause, NULL);
    return outcome == DONE || fotad_fail("db.unusable", db_reason(f->db));
}

bool ground_open_database(struct fotad *f) {
    const struct config *config = &f->config;
    f->db = db_open(config->database_conninfo, "fotad");
    db_takes_any_past(f->db);
    bool good = await_database(f) &&
                (!config->database_migrate || migrate_database(config)) &&
                check_database(f) &&
                (housekeeping_make_days(f->db, clock_now()) == DONE ||
                 fotad_fail("db.unusable", db_reason(f->db)));
    if (good)
        crash_point(CRASH_migrated);
    else
        db_close(f->db);
    return good;
}

void ground_close_database(struct fotad *f) {
    db_close(f->db);
}

/* ---- rules ---- */

/* What a database that was restored has counted since must not come again. */
static bool advance_counters(struct fotad *f) {
    static const struct db_statement advance = {"advance_counters",
                                                "select advance_counters()"};
    return db_run(f->db, &advance, NULL, f->arena, NULL) == DONE ||
           fotad_fail("rules.unreadable", db_reason(f->db));
}

static bool migrate_transitions(const struct config *config) {
    struct db *db = open_as_owner(config);
    bool good = tracking_migrate(db) == DONE ||
                fotad_fail("rules.unreadable", db_reason(db));
    db_close(db);
    return good;
}

bool ground_load_rules(struct fotad *f) {
    struct rules *rules;
    if (!advance_counters(f) ||
        (f->config.database_migrate && !migrate_transitions(&f->config)))
        return false;
    if (tracking_hand_over(f->db, &f->config) != DONE ||
        rules_load(f->db, &rules) != DONE)
        return fotad_fail("rules.unreadable", db_reason(f->db));
    rules_use(rules);
    return true;
}

/* Transitions are of the program, and [tracking] and [alerts] are read at a
 * start: they cannot have changed. */
bool ground_prepare_rules(struct fotad *f, struct reload *reload) {
    return rules_load(f->db, &reload->rules) == DONE ||
           fotad_fail("rules.unreadable", db_reason(f->db));
}

void ground_use_rules(struct fotad *f, struct reload *reload) {
    (void)f;
    rules_use(reload->rules);
    reload->rules = NULL;
}

void ground_drop_rules(struct fotad *f) {
    (void)f;
    rules_use(NULL);
}

/* ---- keys ---- */

/* By what `config` says, which may be newer than f->config. */
static struct duis_signer *signer_read(const struct fotad *f,
                                       const struct config *config,
                                       struct arena *arena) {
    const char *reason;
    struct duis_signer *signer =
        duis_signer_load(arena, config->xml_signing_key,
                         config->xml_signing_certificate, &reason);
    if (signer && !f->config.accept_expired && clock_is_known() &&
        duis_signer_certificate(signer)->not_after < clock_now()) {
        signer = NULL;
        reason = "[identity] xml_signing_certificate has expired";
    }
    if (!signer)
        fotad_fail("keys.unusable", reason);
    else if (duis_signer_certificate(signer)->id != f->config.acb_id)
        log_warning("keys.other_id", ": the EUI-64 of [identity] "
                                     "xml_signing_certificate is not acb_id");
    return signer;
}

static void signer_say_expiry(const struct duis_signer *signer) {
    expiry_note("[identity] xml_signing_certificate",
                duis_signer_certificate(signer)->not_after);
}

bool ground_load_signer(struct fotad *f) {
    f->signer = signer_read(f, &f->config, f->arena);
    if (f->signer)
        signer_say_expiry(f->signer);
    return f->signer != NULL;
}

bool ground_prepare_signer(struct fotad *f, struct reload *reload) {
    reload->signer = signer_read(f, &reload->config, reload->arena);
    return reload->signer != NULL;
}

void ground_use_signer(struct fotad *f, struct reload *reload) {
    duis_signer_replace(f->signer, reload->signer);
    signer_say_expiry(f->signer);
}

/* Without it update requests are served all the same. A file that is there but
 * is no key is a mistake. */
bool ground_load_acb_key(struct fotad *f) {
    const char *path = f->config.key_agreement_key, *reason;
    if (!hsm_is_uri(path) && access(path, F_OK) != 0) {
        log_warning("keys.no_key_agreement",
                    ": [identity] key_agreement_key %s is not there: 11.2 and "
                    "11.3 cannot be sent to devices",
                    path);
        return true;
    }
    reason = hsm_is_uri(path) ? NULL : file_fault(f->arena, path);
    if (!reason)
        f->requests.acb = acb_key_load(f->arena, path, MOST_SECRETS, &reason);
    return f->requests.acb ||
           fotad_fail("keys.unusable",
                      arena_printf(f->arena,
                                   "[identity] key_agreement_key %s: %s", path,
                                   reason));
}

void ground_free_acb_key(struct fotad *f) {
    acb_key_free(f->requests.acb);
}

/* Of a default that is not there yet a check only says so. */
bool ground_check_keys(struct fotad *f) {
    const char *const paths[] = {f->config.xml_signing_key,
                                 f->config.xml_signing_certificate};
    bool there = true;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const char *fault =
            hsm_is_uri(paths[i]) ? NULL : file_fault(f->arena, paths[i]);
        if (fault)
            log_warning("keys.not_there",
                        ": %s: %s; fotad will not start without it", paths[i],
                        fault);
        there = there && !fault;
    }
    /* both are looked at: who checks hears of all that is wrong */
    bool good = (!there || signer_read(f, &f->config, f->arena)) &
                ground_load_acb_key(f);
    ground_free_acb_key(f);
    return good;
}

/* ---- revocation lists ---- */

bool ground_load_revocations(struct fotad *f) {
    struct reload reload = {.arena = arena_new()};
    bool good = ground_prepare_revocations(f, &reload);
    if (good)
        ground_use_revocations(f, &reload);
    arena_free(reload.arena);
    return good;
}

bool ground_prepare_revocations(struct fotad *f, struct reload *reload) {
    return revocations_find(f->db, reload->arena, &reload->crls,
                            &reload->crl_count) == DONE ||
           fotad_fail("revocations.unreadable", db_reason(f->db));
}

void ground_use_revocations(struct fotad *f, struct reload *reload) {
    (void)f;
    revocations_use(reload->crls, reload->crl_count);
}
