/*
 * Certificates and keys are read into credentials that connections hold on to:
 * when the files are read again, new connections get new credentials, and the
 * old ones go with the last connection that began with them.
 */
#include "http/tls.h"

#include "base/memory.h"
#include "http/listener.h"
#include "http/revocations.h"
#include "http/tls_key.h"

#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>

struct tls {
    atomic_uint references;
    gnutls_certificate_credentials_t credentials;
    bool asks; /* for the client's certificate */
};

static _Thread_local char reason_text[512];

static void reason_set(const char **reason, const char *what, const char *path,
                       int error) {
    snprintf(reason_text, sizeof reason_text, "TLS: %s %s: %s", what, path,
             gnutls_strerror(error));
    *reason = reason_text;
}

/* ---- credentials ---- */

static bool is_set(const char *path) {
    return path && *path;
}

bool tls_wanted(const struct http_tls *tls) {
    return is_set(tls->certificate);
}

static void tls_free(struct tls *tls) {
    gnutls_certificate_free_credentials(tls->credentials);
    free(tls);
}

/* Certificates are judged by fotad's time. */
static time_t time_of_clock(time_t *when) {
    time_t now = (time_t)(clock_now() / SECOND);
    if (when)
        *when = now;
    return now;
}

/* Of RSA, whose public key costs what its owner wants: a modulus and an
 * exponent as certificates of the trade have them. */
static bool key_is_cheap(gnutls_x509_crt_t certificate) {
    enum { MOST_BITS = 8192, MOST_EXPONENT = 5 /* octets, a zero in front */ };
    unsigned bits = 0;
    gnutls_datum_t modulus, exponent;
    if (gnutls_x509_crt_get_pk_algorithm(certificate, &bits) != GNUTLS_PK_RSA)
        return true;
    if (gnutls_x509_crt_get_pk_rsa_raw(certificate, &modulus, &exponent) < 0)
        return false;
    bool cheap = bits <= MOST_BITS && exponent.size <= MOST_EXPONENT;
    gnutls_free(modulus.data);
    gnutls_free(exponent.data);
    return cheap;
}

static bool certificate_is_cheap(const gnutls_datum_t *der) {
    gnutls_x509_crt_t certificate;
    if (gnutls_x509_crt_init(&certificate) < 0)
        memory_exhausted(0);
    bool cheap =
        gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) == 0 &&
        key_is_cheap(certificate);
    gnutls_x509_crt_deinit(certificate);
    return cheap;
}

/* Before the handshake uses any of these keys: whoever shows them is not known
 * yet. Not 0 ends it. Whether they are accepted is found out later. */
static int chain_is_dear(gnutls_session_t session) {
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    for (unsigned i = 0; i < count; i++)
        if (!certificate_is_cheap(&chain[i]))
            return GNUTLS_E_CERTIFICATE_ERROR;
    return 0;
}

/* What is wrong with the key, or NULL. */
static const char *token_key_read(struct tls *tls,
                                  const struct http_tls *files) {
    const char *reason;
    struct arena *arena = arena_new();
    struct hsm_key *key = hsm_key_open(files->key, arena, &reason);
    if (key) {
        int error = tls_key_serve(tls->credentials, files->certificate, key);
        reason = error < 0 ? gnutls_strerror(error) : NULL;
    }
    if (reason) {
        snprintf(reason_text, sizeof reason_text,
                 "TLS: certificate and key %s: %s", files->certificate, reason);
        reason = reason_text;
    }
    arena_free(arena);
    return reason;
}

static bool key_read(struct tls *tls, const struct http_tls *files,
                     const char **reason) {
    if (hsm_is_uri(files->key))
        return !(*reason = token_key_read(tls, files));
    int error = gnutls_certificate_set_x509_key_file(
        tls->credentials, files->certificate, files->key, GNUTLS_X509_FMT_PEM);
    if (error < 0)
        reason_set(reason, "certificate and key", files->certificate, error);
    return error >= 0;
}

static bool read_files(struct tls *tls, const struct http_tls *files,
                       const char **reason) {
    if (!key_read(tls, files, reason))
        return false;
    if (!is_set(files->client_ca))
        return true;
    tls->asks = true;
    gnutls_certificate_set_verify_function(tls->credentials, chain_is_dear);
    int error = gnutls_certificate_set_x509_trust_file(
        tls->credentials, files->client_ca, GNUTLS_X509_FMT_PEM);
    if (error <= 0)
        reason_set(reason, "there is no certificate among the clients' CAs in",
                   files->client_ca, error);
    return error > 0;
}

struct tls *tls_read(const struct http_tls *files, const char **reason) {
    gnutls_global_set_time_function(time_of_clock);
    struct tls *tls = memory_alloc(sizeof *tls);
    *tls = (struct tls){0};
    atomic_init(&tls->references, 1);
    if (gnutls_certificate_allocate_credentials(&tls->credentials) < 0)
        memory_exhausted(0);
    if (read_files(tls, files, reason))
        return tls;
    tls_free(tls);
    return NULL;
}

instant tls_expires(const struct tls *tls) {
    gnutls_datum_t der;
    gnutls_x509_crt_t certificate;
    time_t ends = -1;
    if (gnutls_certificate_get_crt_raw(tls->credentials, 0, 0, &der) < 0)
        return 0;
    if (gnutls_x509_crt_init(&certificate) < 0)
        memory_exhausted(0);
    if (gnutls_x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER) == 0)
        ends = gnutls_x509_crt_get_expiration_time(certificate);
    gnutls_x509_crt_deinit(certificate);
    return ends > 0 ? (instant)ends * SECOND : 0;
}

void tls_release(struct tls *tls) {
    if (tls && atomic_fetch_sub(&tls->references, 1) == 1)
        tls_free(tls);
}

/* ---- one connection ---- */

static gnutls_session_t session_of(struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info ? (gnutls_session_t)info->tls_session : NULL;
}

void tls_begin(struct connection *connection, struct MHD_Connection *mhd) {
    struct http_listener *listener = connection->listener;
    gnutls_session_t session = session_of(mhd);
    if (!session) /* no TLS */
        return;
    pthread_mutex_lock(&listener->lock);
    struct tls *tls = connection->tls = listener->tls;
    atomic_fetch_add(&tls->references, 1);
    pthread_mutex_unlock(&listener->lock);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials);
    gnutls_certificate_server_set_request(
        session, tls->asks ? GNUTLS_CERT_REQUEST : GNUTLS_CERT_IGNORE);
}

void tls_send_last(struct MHD_Connection *mhd, struct span octets) {
    gnutls_session_t session = session_of(mhd);
    if (!session)
        return;
    gnutls_record_send(session, octets.data, octets.len);
    gnutls_bye(session, GNUTLS_SHUT_WR);
}

/* ---- the client's certificate ---- */

static const char *subject_text(gnutls_x509_crt_t certificate,
                                const char *oid) {
    static _Thread_local char text[256];
    size_t size = sizeof text;
    bool good = gnutls_x509_crt_get_dn_by_oid(certificate, oid, 0, 0, text,
                                              &size) == 0 &&
                strlen(text) == size;
    return good ? text : NULL;
}

/* x500UniqueIdentifier is a BIT STRING: 03 09 00 and the eight octets. GnuTLS
 * wants an octet more for a NUL. */
static eui64 unique_identifier(gnutls_x509_crt_t certificate) {
    static const uint8_t head[] = {0x03, 0x09, 0x00};
    enum { OCTETS = sizeof head + 8 };
    uint8_t octets[OCTETS + 1];
    size_t size = sizeof octets;
    if (gnutls_x509_crt_get_dn_by_oid(certificate, "2.5.4.45", 0, 1, octets,
                                      &size) != 0 ||
        size != OCTETS || memcmp(octets, head, sizeof head) != 0)
        return 0;
    eui64 id = 0;
    for (size_t i = sizeof head; i < OCTETS; i++)
        id = id << 8 | octets[i];
    return id;
}

static eui64 id_of(gnutls_x509_crt_t certificate) {
    static const char *const oids[] = {"2.5.4.5", /* serialNumber */
                                       GNUTLS_OID_X520_COMMON_NAME};
    eui64 id = unique_identifier(certificate);
    for (size_t i = 0; !id && i < sizeof oids / sizeof *oids; i++) {
        const char *text = subject_text(certificate, oids[i]);
        if (text && !eui64_parse(span_text(text), &id))
            id = 0;
    }
    return id;
}

static void client_keep(struct connection *connection,
                        gnutls_x509_crt_t certificate,
                        const gnutls_datum_t *der) {
    const char *name = subject_text(certificate, GNUTLS_OID_X520_COMMON_NAME);
    uint8_t *copy = memory_alloc(der->size);
    memcpy(copy, der->data, der->size);
    connection->certificate = span_of(copy, der->size);
    connection->peer_name = name ? memory_text(name) : NULL;
    connection->peer_id = id_of(certificate);
    connection->verified = true;
}

static const char EXPIRED[] = "the certificate has expired";
static const char NOT_YET[] = "the certificate is not valid yet";

bool tls_fault_is_of_time(const char *fault) {
    return fault == EXPIRED || fault == NOT_YET;
}

/* What is wrong with the chain by its signatures, dates, purpose and its CAs'
 * name constraints, or NULL. */
static const char *chain_fault(gnutls_session_t session) {
    static const struct {
        unsigned flag;
        const char *fault;
    } faults[] = {
        {GNUTLS_CERT_SIGNER_NOT_FOUND, "the certificate is of no accepted CA"},
        {GNUTLS_CERT_PURPOSE_MISMATCH,
         "the certificate is not for TLS clients"},
        {GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE,
         "the certificate is outside the name constraints of its CA"},
        {GNUTLS_CERT_EXPIRED, EXPIRED},
        {GNUTLS_CERT_NOT_ACTIVATED, NOT_YET},
        {~0u, "the certificate is not good"},
    };
    gnutls_typed_vdata_st purpose = {
        .type = GNUTLS_DT_KEY_PURPOSE_OID,
        .data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT};
    unsigned status = 0, i = 0;
    int error = gnutls_certificate_verify_peers(session, &purpose, 1, &status);
    if (error == GNUTLS_E_NO_CERTIFICATE_FOUND)
        return "no certificate was shown";
    if (error < 0)
        return gnutls_strerror(error);
    if (!status)
        return NULL;
    while (!(status & faults[i].flag))
        i++;
    return faults[i].fault;
}

static void client_take(struct connection *connection,
                        const gnutls_datum_t *der) {
    gnutls_x509_crt_t certificate;
    if (gnutls_x509_crt_init(&certificate) < 0)
        memory_exhausted(0);
    if (gnutls_x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) == 0)
        client_keep(connection, certificate, der);
    gnutls_x509_crt_deinit(certificate);
}

/* Reads the certificate of the client, the first of the chain, if none was
 * read before; says why not. */
static const char *client_fault(struct connection *connection,
                                struct MHD_Connection *mhd) {
    gnutls_session_t session = session_of(mhd);
    unsigned count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    if (!chain || !count)
        return "no certificate was shown";
    const char *fault = chain_fault(session);
    if (!fault && revocations_have(chain, count))
        fault = "the certificate is revoked";
    if (!fault && !connection->verified)
        client_take(connection, &chain[0]);
    return fault;
}

const char *tls_verify(struct connection *connection,
                       struct MHD_Connection *mhd) {
    if (!connection->tls || !connection->tls->asks)
        return NULL;
    uint64_t lists = revocations_number();
    instant second = clock_now() / SECOND;
    if (connection->checked_lists == lists &&
        connection->checked_second == second)
        return connection->fault;
    connection->fault = client_fault(connection, mhd);
    connection->checked_lists = lists;
    connection->checked_second = second;
    return connection->fault;
}
