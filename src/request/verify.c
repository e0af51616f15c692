#include "request/step.h"

#include "base/log.h"
#include "device/keys.h"
#include "duis/signature.h"

#include <openssl/sha.h>

/* Into a struct; what is no request ends here. */
enum outcome request_parse(struct rq *rq) {
    switch (duis_request_parse(rq->arena, rq->body, &rq->duis, &rq->fault)) {
    case DUIS_PARSED:
        log_set_request(rq->duis.request_id);
        return DONE;
    case DUIS_NOT_WELL_FORMED:
        return rq_refuse(rq, CONDITION_not_well_formed, rq->fault.reason);
    case DUIS_NOT_VALID:
        break;
    }
    return rq_refuse(rq, CONDITION_not_valid, rq->fault.reason);
}

/* ---- the User ---- */

/* What is known of one, and its roles in the column after the others. */
struct user {
    const char *status; /* "": there is no such User */
    bool watched;
};

static void rq_take_user(struct rq *rq, const struct user *user,
                         const struct db_rows *rows, int roles) {
    if (!*user->status)
        return;
    rq->user_status = user->status;
    rq->user_role_count =
        db_get_texts(rows, 0, roles, rq->arena, &rq->user_roles);
}

/* Of a dry run that is not signed. */
static enum outcome find_sender(struct rq *rq) {
    static const struct db_statement find = {
        "find_sender", "select user_status, user_roles from find_sender($1)"};
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct user, status),
    };
    enum { ROLES = sizeof columns / sizeof *columns };
    struct db_params params = DB_PARAMS(rq->arena);
    db_eui64(&params, rq->duis.originator);
    struct db_rows *rows;
    enum outcome outcome = db_run(rq->db, &find, &params, rq->arena, &rows);
    if (outcome == DONE && db_row_count(rows))
        rq_take_user(rq,
                     db_structs(rows, DB_COLUMNS(columns), sizeof(struct user),
                                rq->arena),
                     rows, ROLES);
    return outcome;
}

/* ---- the signer ---- */

/* The certificate that a request names, and its User. */
struct signer {
    eui64 id;
    const char *role, *usage;
    instant not_before, not_after, revoked_at;
    bool is_revoked; /* from revoked_at on */
    struct span der;
    struct user user;
};

static const struct db_column signer_columns[] = {
    DB_COLUMN(EUI64, struct signer, id),
    DB_COLUMN(TEXT, struct signer, role),
    DB_COLUMN(TEXT, struct signer, usage),
    DB_COLUMN(INSTANT, struct signer, not_before),
    DB_COLUMN(INSTANT, struct signer, not_after),
    DB_COLUMN(INSTANT, struct signer, revoked_at),
    DB_COLUMN(BOOL, struct signer, is_revoked),
    DB_COLUMN(BYTEA, struct signer, der),
    DB_COLUMN(TEXT, struct signer, user.status),
    DB_COLUMN(BOOL, struct signer, user.watched),
};
enum { SIGNER_ROLES = sizeof signer_columns / sizeof *signer_columns };

static enum outcome find_signer(struct rq *rq,
                                const struct duis_signer_name *name,
                                struct db_rows **rows) {
    static const struct db_statement find = {
        "find_signer",
        "select eui64, role, usage, not_before, not_after, revoked_at,"
        " revoked_at is not null, der, user_status, watched, user_roles"
        " from find_signer($1, $2, $3::numeric)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_text(&params, name->issuer);
    db_text(&params, name->reversed);
    db_text(&params, name->serial);
    return db_run(rq->db, &find, &params, rq->arena, rows);
}

/* By its dates and the time of the request. */
static const char *signer_date_fault(const struct rq *rq,
                                     const struct signer *signer) {
    if (signer->not_before > rq->received)
        return "the certificate is not valid yet";
    if (!rq->management->config->accept_expired &&
        signer->not_after < rq->received)
        return "the certificate has expired";
    return NULL;
}

/* Why this certificate may not sign this request, or NULL. Who brought a held
 * one was looked at when it came; a dry run is a person's. */
static const char *signer_fault(const struct rq *rq,
                                const struct signer *signer) {
    const struct config *config = rq->management->config;
    if (config->user_client_is_originator && rq->way == WAY_NEW &&
        rq->client != rq->duis.originator)
        return "the TLS client is not the RequestID's originator";
    if (strcmp(signer->role, "User") != 0)
        return "the certificate is not a User's XML signing certificate";
    if (strcmp(signer->usage, "ds") != 0)
        return "the certificate is not for digital signatures";
    if (signer->id != rq->duis.originator)
        return "the signer is not the RequestID's originator";
    if (signer->is_revoked && signer->revoked_at <= rq->received)
        return "the certificate is revoked";
    return NULL;
}

static enum duis_shape shape_accepted(const struct rq *rq) {
    const char *shape = rq->management->config->user_signature_shape;
    return strcmp(shape, "strict") == 0 ? DUIS_STRICT : DUIS_COMMON;
}

static enum outcome verify_by(struct rq *rq, const struct db_rows *rows) {
    const struct signer *signer =
        db_structs(rows, DB_COLUMNS(signer_columns), sizeof *signer, rq->arena);
    if (db_row_count(rows) == 0)
        return rq_refuse(rq, CONDITION_not_authentic,
                         "no such certificate is known");
    const char *reason = signer_fault(rq, signer),
               *date = signer_date_fault(rq, signer);
    if (!reason && date && !clock_is_known())
        return rq_put_off(rq, date);
    reason = reason ? reason : date;
    if (reason)
        return rq_refuse(rq, CONDITION_not_authentic, reason);
    EVP_PKEY *key = party_certificate_key(rq->arena, signer->der);
    if (!key)
        return rq_refuse(rq, CONDITION_not_authentic,
                         "the certificate's key cannot be read");
    if (!duis_signature_verify(rq->arena, &rq->duis.document,
                               shape_accepted(rq), key, &reason))
        return rq_refuse(rq, CONDITION_not_authentic, reason);
    rq_take_user(rq, &signer->user, rows, SIGNER_ROLES);
    rq->watched = signer->user.watched;
    return DONE;
}

/* Who signed it, and whether that one is its User. */
enum outcome request_verify(struct rq *rq) {
    if (rq->way == WAY_DRY_RUN && !duis_is_signed(&rq->duis.document))
        return find_sender(rq);
    SHA256(rq->body.data, rq->body.len, rq->content);
    struct span says = duis_up_to_signature(&rq->duis.document);
    SHA256(says.data, says.len, rq->meaning);
    struct duis_signer_name name;
    const char *reason;
    if (!duis_signature_shape(rq->arena, &rq->duis.document, shape_accepted(rq),
                              &name, &reason))
        return rq_refuse(rq, CONDITION_not_authentic, reason);
    struct db_rows *rows;
    enum outcome outcome = find_signer(rq, &name, &rows);
    return outcome == DONE ? verify_by(rq, rows) : outcome;
}
