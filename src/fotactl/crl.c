/* fotactl import crl: Certificate Revocation Lists. */
#include "duis/revocation.h"
#include "fotactl/trust.h"
#include "fotactl/verbs.h"

enum { MOST_LIST = 256 << 20 };

struct taking {
    struct verb_run *run;
    struct revocation_list list;
    const char *outcome;
    int64_t certificates;
};

/* The issuer is one of any configured bundle: the SMKI's for signatures, the
 * clients' CAs for TLS. */
static bool is_signed_by_anchor(struct verb_run *run,
                                const struct revocation_list *list) {
    const struct config *c = &run->config;
    const char *const bundles[] = {c->trust_anchors, c->user_client_ca,
                                   c->csp_client_ca, c->people_client_ca,
                                   c->operations_client_ca};
    bool any = false;
    for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++) {
        const char *reason;
        if (!*bundles[i])
            continue;
        any = true;
        struct trust *trust = trust_load(run->arena, bundles[i], &reason);
        if (!trust)
            return run_refuse(run, "%s", reason) == DONE;
        if (trust_check_list(trust, list->crl))
            return true;
    }
    (void)run_refuse(
        run,
        any ? "%s: is not signed by a CA of [identity] trust_anchors "
              "or of a client_ca: nothing was loaded"
            : "%s: there is nobody to check its signature with; set "
              "[identity] trust_anchors or a client_ca",
        run->argument);
    return false;
}

static enum outcome crl_note(const struct taking *taking) {
    struct verb_run *run = taking->run;
    return run_note(
        run, arena_printf(run->arena, "%s: %s of %s: %zu revoked, %jd here",
                          run->argument, taking->outcome, taking->list.issuer,
                          taking->list.count, (intmax_t)taking->certificates));
}

/* timestamptz counts microseconds from 2000-01-01; see db_instants(). */
static enum outcome crl_take(struct db *db, void *context) {
    static const struct db_statement statement = {
        "take_crl", "select outcome, certificates"
                    " from take_crl($1, $2, $3, $4, $5::text[], $6)"};
    struct taking *taking = context;
    const struct revocation_list *list = &taking->list;
    struct db_params params = DB_PARAMS(taking->run->arena);
    db_text(&params, list->issuer);
    db_instant(&params, list->this_update);
    db_instant(&params, list->next_update);
    db_bytea(&params, list->der);
    db_texts(&params, list->serials, list->count);
    db_instants(&params, list->revoked, list->count);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(db, &statement, &params, taking->run->arena, &rows);
    if (outcome == DONE) {
        taking->outcome = db_get_text(rows, 0, 0);
        taking->certificates = db_get_int(rows, 0, 1);
    }
    return outcome == DONE ? crl_note(taking) : outcome;
}

static void crl_print(struct verb_run *run, const struct taking *taking) {
    const struct revocation_list *list = &taking->list;
    char next[INSTANT_TEXT_SIZE];
    instant_format(list->next_update, next);
    if (run->options.json) {
        run_print_json(
            run, json_pack("{s:s, s:I, s:I, s:s, s:b}", "issuer", list->issuer,
                           "revoked", (json_int_t)list->count, "certificates",
                           (json_int_t)taking->certificates, "nextUpdate", next,
                           "overdue", list->next_update < clock_now()));
        return;
    }
    buffer_printf(run->out,
                  "%s: %zu revoked, %jd of them newly among the certificates "
                  "here; next update %s%s.\n",
                  list->issuer, list->count, (intmax_t)taking->certificates,
                  next, list->next_update < clock_now() ? " (overdue)" : "");
    buffer_text(run->out,
                "Signatures are checked against it from now on; for TLS, "
                "reload fotad.\n");
}

enum outcome verb_import_crl(struct verb_run *run) {
    struct taking taking = {.run = run};
    struct span octets;
    const char *reason;
    if (!run_read_file(run, MOST_LIST, &octets))
        return REFUSED;
    if (!revocation_list_read(run->arena, octets, &taking.list, &reason))
        return run_refuse(run, "%s: %s", run->argument, reason);
    if (!is_signed_by_anchor(run, &taking.list))
        return REFUSED;
    if (taking.list.this_update > clock_now())
        return run_refuse(run, "%s: is of the future", run->argument);
    enum outcome outcome =
        run_database(run, db_transact(run->db, crl_take, &taking, true));
    if (outcome != DONE)
        return outcome;
    if (strcmp(taking.outcome, "older") == 0)
        return run_refuse(run,
                          "%s: a newer list of %s was imported before: "
                          "nothing was loaded",
                          run->argument, taking.list.issuer);
    crl_print(run, &taking);
    return DONE;
}
