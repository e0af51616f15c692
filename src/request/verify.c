#include "request/request.h"

#include "base/log.h"
#include "device/keys.h"
#include "duis/signature.h"

#include <openssl/sha.h>

enum step request_parse(struct rq *rq) {
    switch (duis_request_parse(rq->arena, rq->body, &rq->duis, &rq->fault)) {
    case DUIS_PARSED:
        log_set_request(rq->duis.request_id);
        return STEP_ON;
    case DUIS_NOT_WELL_FORMED:
        return rq_end(rq, CONDITION_not_well_formed, rq->fault.reason);
    case DUIS_NOT_VALID:
        break;
    }
    return rq_end(rq, CONDITION_not_valid, rq->fault.reason);
}

/* Columns of find_signer() */
enum {
    EUI64,
    ROLE,
    USAGE,
    NOT_BEFORE,
    NOT_AFTER,
    REVOKED_AT,
    DER,
    USER_STATUS, /* and what rq_take_user() takes */
    WATCHED = USER_STATUS + 3,
};

static enum outcome find_signer(struct rq *rq,
                                const struct duis_signer_name *name,
                                struct db_rows **rows) {
    static const struct db_statement find = {
        "find_signer", "select * from find_signer($1, $2::numeric)"};
    struct db_params params = DB_PARAMS(rq->arena);
    db_text(&params, name->issuer);
    db_text(&params, name->serial);
    return db_run(rq->db, &find, &params, rq->arena, rows);
}

/* Why the certificate of a row may not sign this request, or NULL. */
static const char *unfit(const struct rq *rq, const struct db_rows *rows) {
    const struct config *config = rq->management->config;
    bool accept_expired = config->accept_expired;
    if (config->user_client_is_originator && !rq->rehearsal &&
        rq->client != rq->duis.originator)
        return "the TLS client is not the RequestID's originator";
    if (strcmp(db_get_text(rows, 0, ROLE), "User") != 0)
        return "the certificate is not a User's XML signing certificate";
    if (strcmp(db_get_text(rows, 0, USAGE), "ds") != 0)
        return "the certificate is not for digital signatures";
    if (db_get_eui64(rows, 0, EUI64) != rq->duis.originator)
        return "the signer is not the RequestID's originator";
    if (db_get_instant(rows, 0, NOT_BEFORE) > rq->received)
        return "the certificate is not valid yet";
    if (!accept_expired && db_get_instant(rows, 0, NOT_AFTER) < rq->received)
        return "the certificate has expired";
    if (!db_is_null(rows, 0, REVOKED_AT) &&
        db_get_instant(rows, 0, REVOKED_AT) <= rq->received)
        return "the certificate is revoked";
    return NULL;
}

void rq_take_user(struct rq *rq, const struct db_rows *rows, int first) {
    enum { STATUS, ROLES, VERSION };
    if (db_is_null(rows, 0, first + STATUS))
        return;
    rq->user_status = db_get_text(rows, 0, first + STATUS);
    rq->duis_version = db_get_text(rows, 0, first + VERSION);
    rq->user_role_count =
        db_get_texts(rows, 0, first + ROLES, rq->arena, &rq->user_roles);
}

static enum step verify_by(struct rq *rq, const struct db_rows *rows) {
    if (db_row_count(rows) == 0)
        return rq_end(rq, CONDITION_not_authentic,
                      "no such certificate is known");
    const char *reason = unfit(rq, rows);
    if (reason)
        return rq_end(rq, CONDITION_not_authentic, reason);
    EVP_PKEY *key = party_certificate_key(rq->arena, db_get_span(rows, 0, DER));
    if (!key)
        return rq_end(rq, CONDITION_not_authentic,
                      "the certificate's key cannot be read");
    if (!duis_signature_verify(&rq->duis.document, key, &reason))
        return rq_end(rq, CONDITION_not_authentic, reason);
    rq_take_user(rq, rows, USER_STATUS);
    rq->watched = db_get_bool(rows, 0, WATCHED);
    return STEP_ON;
}

enum step request_verify(struct rq *rq) {
    SHA256(rq->body.data, rq->body.len, rq->content);
    struct duis_signer_name name;
    const char *reason;
    if (!duis_signature_shape(rq->arena, &rq->duis.document, &name, &reason))
        return rq_end(rq, CONDITION_not_authentic, reason);
    struct db_rows *rows;
    enum outcome outcome = find_signer(rq, &name, &rows);
    return outcome == DONE ? verify_by(rq, rows) : rq_database(outcome);
}
