/* fotactl import certificates: X.509 certificates of Users, the DSP,
 * organisations and devices (requirement R5). */
#include "duis/certificate.h"
#include "fotactl/certificate_files.h"
#include "fotactl/field.h"
#include "fotactl/key_set.h"
#include "fotactl/load.h"
#include "fotactl/trust.h"
#include "fotactl/verbs.h"

#include <openssl/sha.h>

static const struct load_column certificate_columns[] = {
    {"issuer", "text", NULL, true},
    {"serial", "text", "numeric", true},
    {"eui64", "macaddr8", NULL, false},
    {"role", "certificate_role", NULL, false},
    {"usage", "certificate_usage", NULL, false},
    {"not_before", "timestamptz", NULL, false},
    {"not_after", "timestamptz", NULL, false},
    {"der", "bytea", NULL, false},
};
/* Without revoked_at, which follows from the revocation lists. */

struct importing {
    struct verb_run *run;
    struct trust *trust; /* NULL: certificates need not chain */
    struct load load;
    struct load_result result;
    struct progress_bar bar;
    struct arena *each;   /* for one certificate */
    struct key_set names; /* fingerprints of issuer and serial */
    bool repeats;         /* two may be of the same name */
};

/* ---- one certificate ---- */

static const char *role_name(int role) {
    static const struct {
        int role;
        const char *name;
    } names[] = {
        {CERTIFICATE_DEVICE, "Device"},
        {CERTIFICATE_SUPPLIER, "Supplier"},
        {CERTIFICATE_NETWORK_OPERATOR, "NetworkOperator"},
        {CERTIFICATE_ACB, "ACB"},
        {CERTIFICATE_USER_XML_SIGN, "User"},
        {CERTIFICATE_DSP_XML_SIGN, "DSP"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].role == role)
            return names[i].name;
    return "Other";
}

static void put_octets(struct load *load, struct span octets) {
    size_t begun = load_value_begin(load);
    buffer_add(&load->rows, octets);
    load_value_end(load, begun);
}

static void put_number(struct load *load, uint64_t number) {
    size_t begun = load_value_begin(load);
    field_put_number(&load->rows, number, 8);
    load_value_end(load, begun);
}

static void put_row(struct load *load, const struct certificate *c) {
    /* timestamptz counts microseconds from 2000-01-01 */
    const instant epoch = INT64_C(946684800) * SECOND;
    load_row_begin(load);
    put_octets(load, span_text(c->issuer));
    put_octets(load, span_text(c->serial));
    put_number(load, c->id);
    put_octets(load, span_text(role_name(c->role)));
    put_octets(load,
               span_text(c->usage == CERTIFICATE_KEY_AGREEMENT ? "ka" : "ds"));
    put_number(load, (uint64_t)(c->not_before - epoch));
    put_number(load, (uint64_t)(c->not_after - epoch));
    put_octets(load, c->der);
}

/* Two names that differ may have the same fingerprint: then the database is
 * asked. */
static void note_name(struct importing *i, const struct certificate *c) {
    uint8_t digest[SHA256_DIGEST_LENGTH];
    const char *name = arena_printf(i->each, "%s %s", c->issuer, c->serial);
    SHA256((const uint8_t *)name, strlen(name), digest);
    if (key_set_add(&i->names, span_of(digest, 8), 1))
        i->repeats = true;
}

static bool certificate_take(void *context,
                             const struct certificate_file *file) {
    struct importing *i = context;
    struct certificate certificate;
    const char *reason = NULL;
    arena_reset(i->each);
    if (certificate_read(i->each, file->octets, &certificate, &reason) &&
        i->trust)
        reason = trust_check(i->trust, certificate.der);
    if (reason) {
        (void)run_refuse(
            i->run,
            "%s: certificate %zu: %s; take it away and import again: "
            "nothing was loaded",
            file->path, file->block, reason);
        return false;
    }
    note_name(i, &certificate);
    put_row(&i->load, &certificate);
    if (load_row_end(&i->load) != DONE)
        return false;
    progress_bar_show(&i->bar, i->load.loaded, i->load.loaded, "certificates");
    return true;
}

/* ---- the transaction ---- */

/* The same certificate may be there in several files; not two certificates
 * that differ under one name. */
static enum outcome drop_repeats(struct importing *i) {
    static const struct db_statement find = {
        "find_ambiguous_certificate",
        "select issuer, serial from import_staging group by 1, 2"
        " having count(distinct der) > 1 limit 1"};
    static const struct db_statement drop = {
        "drop_repeated_certificates",
        "with dropped as (delete from import_staging a"
        " using import_staging b where a.ctid > b.ctid"
        " and a.issuer = b.issuer and a.serial = b.serial"
        " returning a.ctid)"
        " select count(distinct ctid) from dropped"};
    struct verb_run *run = i->run;
    struct db_rows *rows;
    enum outcome outcome = run_query(run, &find, NULL, &rows);
    if (outcome == DONE && db_row_count(rows)) {
        (void)run_refuse(
            run,
            "%s: two certificates that differ have issuer %s and "
            "serial %s; take one away and import again: nothing was "
            "loaded",
            run->argument, db_get_text(rows, 0, 0), db_get_text(rows, 0, 1));
        return FAILED;
    }
    if (outcome == DONE)
        outcome = run_query(run, &drop, NULL, &rows);
    if (outcome == DONE)
        i->load.loaded -= (uint64_t)db_get_int(rows, 0, 0);
    return outcome;
}

static bool read_directory(struct importing *i) {
    struct verb_run *run = i->run;
    const char *reason =
        certificate_files_read(run->arena, run->argument, certificate_take, i);
    if (reason)
        (void)run_refuse(run, "%s", reason);
    else if (!run->problem && !i->load.loaded)
        (void)run_refuse(
            run,
            "%s: there is no certificate file in it (*.pem, *.crt, "
            "*.cer, *.der)",
            run->argument);
    return !run->problem;
}

static enum outcome import_all(struct db *db, void *context) {
    (void)db;
    struct importing *i = context;
    i->run->problem = NULL;
    i->repeats = false;
    key_set_free(&i->names);
    enum outcome outcome = load_begin(&i->load);
    if (outcome != DONE)
        return outcome;
    if (!read_directory(i)) {
        load_cancel(&i->load);
        return FAILED;
    }
    outcome = load_sent(&i->load);
    if (outcome == DONE && i->repeats)
        outcome = drop_repeats(i);
    return outcome == DONE ? load_end(&i->load, &i->result) : outcome;
}

static bool load_trust(struct importing *i) {
    const char *path = i->run->config.trust_anchors, *reason;
    if (!*path)
        return true;
    i->trust = trust_load(i->run->arena, path, &reason);
    if (!i->trust)
        (void)run_refuse(i->run, "[identity] trust_anchors %s", reason);
    return i->trust != NULL;
}

enum outcome verb_import_certificates(struct verb_run *run) {
    struct importing i = {.run = run};
    if (!load_trust(&i))
        return REFUSED;
    i.each = arena_new();
    i.load.run = run;
    i.load.bar = &i.bar;
    i.load.plan = (struct load_plan){
        .table = "certificate",
        .replace = run->options.replace,
        .after_changes = "select revoke_certificates(null);"
                         "select retry_messages(array("
                         "select distinct eui64 from import_change"
                         " where change <> 'removed' and role = 'Device'))",
        .columns = certificate_columns,
        .count = sizeof certificate_columns / sizeof *certificate_columns,
    };
    progress_bar_begin(&i.bar, 0);
    if (i.bar.shown)
        i.bar.whole = certificate_files_count(run->argument);
    enum outcome outcome =
        run_database(run, db_transact(run->db, import_all, &i, true));
    progress_bar_end(&i.bar);
    load_close(&i.load);
    key_set_free(&i.names);
    arena_free(i.each);
    if (outcome == DONE)
        load_print(run, "certificates", &i.result);
    return outcome;
}
