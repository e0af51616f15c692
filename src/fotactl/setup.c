/* fotactl setup: roles, database and schema, keys for a trial (setup_trial.c),
 * and what is missing then. What is there is left as it is, so it may be run
 * again. */
#include "fotactl/setup_trial.h"
#include "fotactl/verbs.h"

#include <libpq-fe.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

/* PostgreSQL's superuser by peer authentication is the user of that name. */
static const char SUPERUSER[] = "postgres";

/* ---- the server ---- */

/* A word of [database] conninfo; NULL: it says none. */
static const char *conninfo_word(struct verb_run *run, const char *keyword) {
    PQconninfoOption *options =
        PQconninfoParse(run->config.database_conninfo, NULL);
    const char *found = NULL;
    for (PQconninfoOption *o = options; o && o->keyword; o++)
        if (strcmp(o->keyword, keyword) == 0 && o->val)
            found = arena_text(run->arena, span_text(o->val));
    PQconninfoFree(options);
    return found;
}

static const char *conninfo_quote(struct verb_run *run, const char *value) {
    struct buffer out = {0};
    for (; *value; value++)
        buffer_printf(&out, "%s%c", strchr("'\\", *value) ? "\\" : "", *value);
    const char *text = arena_text(run->arena, buffer_span(&out));
    buffer_free(&out);
    return text;
}

/* As --admin says, or on the host of [database] conninfo. */
static const char *admin_conninfo(struct verb_run *run) {
    const char *host = conninfo_word(run, "host"),
               *port = conninfo_word(run, "port");
    if (run->options.admin)
        return run->options.admin;
    return arena_printf(run->arena, "host='%s' port='%s' user=%s",
                        conninfo_quote(run, host ? host : "/run/postgresql"),
                        conninfo_quote(run, port ? port : ""), SUPERUSER);
}

/* Root is let in as PostgreSQL's own user, until that is over. */
static void user_become(struct verb_run *run, const char *user) {
    const struct passwd *account = user ? getpwnam(user) : NULL;
    if (run->options.admin || getuid() != 0)
        return;
    if (seteuid(account ? account->pw_uid : 0) != 0)
        (void)run_refuse(run, "cannot become %s", user ? user : "root again");
}

static struct db *setup_connect(struct verb_run *run, const char *more) {
    struct db *db =
        db_open(arena_printf(run->arena, "%s %s", admin_conninfo(run), more),
                "fotactl setup");
    db_is_of(db, "--admin");
    db_is_for(db, DB_FOR_tool);
    return db;
}

/* ---- roles and database ---- */

static const char roles_sql[] =
    "do $$ declare r record; begin for r in select * from (values"
    " ('fotad_owner', 'login'), ('fotad_daemon', 'nologin'),"
    " ('fotad_reader', 'nologin'),"
    " ('fotad', 'login in role fotad_daemon')) as w (name, how) loop"
    " if not exists (select from pg_roles where rolname = r.name) then"
    " execute format('create role %I ' || r.how, r.name); end if;"
    " end loop; end $$";

/* Its statement, or null when it is there. */
static enum outcome database_make(struct verb_run *run, const char *name) {
    static const struct db_statement ask = {
        "setup_database",
        "select format('create database %I owner fotad_owner encoding ''UTF8''"
        " template template0', $1::text) where not exists (select"
        " from pg_database where datname = $1::text)"};
    struct db_params params = DB_PARAMS(run->arena);
    struct db_rows *rows;
    db_text(&params, name);
    enum outcome outcome = run_query(run, &ask, &params, &rows);
    bool there = outcome == DONE && db_row_count(rows) == 0;
    if (outcome == DONE && !there)
        outcome =
            run_database(run, db_script(run->db, db_get_text(rows, 0, 0)));
    if (outcome == DONE)
        buffer_printf(run->out, "The database %s %s.\n", name,
                      there ? "is there" : "was made");
    return outcome;
}

static enum outcome server_set_up(struct verb_run *run, const char *name) {
    run->db = setup_connect(run, "dbname=postgres");
    enum outcome outcome = run_database(run, db_connect(run->db));
    if (outcome == DONE)
        outcome = run_database(run, db_script(run->db, roles_sql));
    if (outcome == DONE) {
        buffer_text(run->out, "The roles fotad_owner, fotad_daemon, "
                              "fotad_reader and fotad are there.\n");
        outcome = database_make(run, name);
    }
    db_close(run->db);
    run->db = NULL;
    return outcome;
}

/* ---- what is missing ---- */

static unsigned missing_say(struct verb_run *run, bool missing,
                            const char *what) {
    if (missing)
        buffer_printf(run->out, "Missing: %s\n", what);
    return missing;
}

static bool is_missing(const char *path) {
    return strncmp(path, "pkcs11:", 7) != 0 && access(path, F_OK) != 0;
}

static enum outcome missing_list(struct verb_run *run) {
    static const struct db_statement ask = {
        "setup_missing", "select exists (select from cpl_entry),"
                         " exists (select from smi_device),"
                         " exists (select from service_user),"
                         " exists (select from certificate)"};
    static const char *const imports[] = {
        "the Central Products List: fotactl import cpl FILE.csv",
        "the Smart Metering Inventory: fotactl import smi FILE.csv",
        "Users: fotactl import users FILE.csv",
        "certificates: fotactl import certificates DIR"};
    const struct config *c = &run->config;
    struct db_rows *rows;
    enum outcome outcome = run_query(run, &ask, NULL, &rows);
    if (outcome != DONE)
        return outcome;
    unsigned missing = 0;
    for (int i = 0; i < 4; i++)
        missing += missing_say(run, !db_get_bool(rows, 0, i), imports[i]);
    missing += missing_say(run, is_missing(c->xml_signing_key),
                           "[identity] xml_signing_key");
    missing += missing_say(run, is_missing(c->xml_signing_certificate),
                           "[identity] xml_signing_certificate");
    missing +=
        missing_say(run, is_missing(c->key_agreement_key),
                    "[identity] key_agreement_key (without it no 11.2, 11.3)");
    missing += missing_say(run, !c->csp_count && !run->options.trial,
                           "a [csp NAME] section in fotad.conf for each CSP");
    if (!missing)
        buffer_text(run->out,
                    "Nothing is missing: systemctl enable --now fotad\n");
    return DONE;
}

/* ---- all of it ---- */

static enum outcome schema_set_up(struct verb_run *run, const char *name) {
    run->db = setup_connect(
        run, arena_printf(run->arena, "dbname='%s' options='-c role=%s'",
                          conninfo_quote(run, name), "fotad_owner"));
    enum outcome outcome = verb_migrate(run);
    user_become(run, NULL);
    if (outcome == DONE && run->options.trial)
        outcome = trial_set_up(run);
    if (outcome == DONE)
        outcome = missing_list(run);
    db_close(run->db);
    run->db = NULL;
    return outcome;
}

enum outcome verb_setup(struct verb_run *run) {
    const char *name = conninfo_word(run, "dbname");
    if (!name)
        return run_refuse(run, "[database] conninfo names no dbname");
    user_become(run, SUPERUSER);
    enum outcome outcome = run->problem ? REFUSED : server_set_up(run, name);
    if (outcome == DONE)
        outcome = schema_set_up(run, name);
    user_become(run, NULL);
    return outcome;
}
