#include "base/crash.h"
#include "base/log.h"
#include "duis/library.h"
#include "fotad/fotad.h"
#include "health/revocations.h"
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

static bool migrate_database(const struct config *config) {
    const char *owner = config->database_owner_conninfo;
    struct db *db =
        db_open(*owner ? owner : config->database_conninfo, "fotad migration");
    int missing;
    bool good = db_migrate(db, true, &missing) == DONE ||
                fotad_fail("db.unusable", db_reason(db));
    db_close(db);
    return good;
}

static bool check_database(struct db *db) {
    int missing = 0;
    bool later = false;
    if (db_migrate(db, false, &missing) != DONE)
        return fotad_fail("db.unusable", db_reason(db));
    if (missing)
        return fotad_fail("db.old", "the database is of another version: run "
                                    "fotactl migrate");
    if (db_is_later(db, &later) == DONE && later)
        log_warning("db.later",
                    "release=%d : the database belongs to a later release "
                    "(select max(release) from migration); this one works on "
                    "it as it is and puts none of its functions back. Start "
                    "the later one everywhere",
                    DB_RELEASE);
    return true;
}

bool ground_open_database(struct fotad *f) {
    const struct config *config = &f->config;
    const char *reason;
    if (db_pooler_check(config->database_conninfo, &reason) != DONE)
        return fotad_fail("db.unusable", reason);
    f->db = db_open(config->database_conninfo, "fotad");
    bool good = (!config->database_migrate || migrate_database(config)) &&
                check_database(f->db);
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

static bool use_rules(struct fotad *f) {
    struct rules *rules;
    if (rules_load(f->db, &rules) != DONE)
        return fotad_fail("rules.unreadable", db_reason(f->db));
    rules_use(rules);
    return true;
}

bool ground_load_rules(struct fotad *f) {
    return (tracking_hand_over(f->db, &f->config) == DONE ||
            fotad_fail("rules.unreadable", db_reason(f->db))) &&
           use_rules(f);
}

/* Transitions are of the program, and [tracking] and [alerts] are read at a
 * start: they cannot have changed. */
bool ground_reload_rules(struct fotad *f) {
    bool good = use_rules(f);
    if (!good)
        log_warning("rules.kept", "%s", ": the old rules stay in use");
    return good;
}

void ground_drop_rules(struct fotad *f) {
    (void)f;
    rules_use(NULL);
}

/* ---- keys ---- */

static struct duis_signer *read_signer(struct fotad *f) {
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
        fotad_fail("keys.unusable", reason);
    else if (duis_signer_certificate(signer)->id != f->config.acb_id)
        log_warning("keys.other_id", ": the EUI-64 of [identity] "
                                     "xml_signing_certificate is not acb_id");
    return signer;
}

bool ground_load_signer(struct fotad *f) {
    f->signer = read_signer(f);
    return f->signer != NULL;
}

bool ground_reload_signer(struct fotad *f) {
    struct duis_signer *fresh = read_signer(f);
    if (fresh)
        duis_signer_replace(f->signer, fresh);
    return fresh != NULL;
}

/* Without it update requests are served all the same. A file that is there but
 * is no key is a mistake. */
bool ground_load_acb_key(struct fotad *f) {
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
           fotad_fail("keys.unusable",
                      arena_printf(f->arena,
                                   "[identity] key_agreement_key %s: %s", path,
                                   reason));
}

void ground_free_acb_key(struct fotad *f) {
    acb_key_free(f->requests.acb);
}

bool ground_load_revocations(struct fotad *f) {
    return revocations_load(f->db) == DONE ||
           fotad_fail("revocations.unreadable", db_reason(f->db));
}
