#include "http/listener.h"

#include "base/memory.h"

#include <gnutls/x509.h>

static gnutls_session_t session_of(struct MHD_Connection *mhd) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info ? (gnutls_session_t)info->tls_session : NULL;
}

bool tls_has_certificates(const char *pem) {
    const gnutls_datum_t text = {
        .data = (unsigned char *)(uintptr_t)pem,
        .size = (unsigned)strlen(pem),
    };
    gnutls_x509_crt_t *list = NULL;
    unsigned count = 0;
    if (gnutls_x509_crt_list_import2(&list, &count, &text, GNUTLS_X509_FMT_PEM,
                                     0) < 0)
        return false;
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(list[i]);
    gnutls_free(list);
    return count > 0;
}

bool tls_verify(struct connection *connection, struct MHD_Connection *mhd) {
    if (!connection->listener->options.tls.client_ca || connection->verified)
        return true;
    gnutls_session_t session = session_of(mhd);
    unsigned status = 0, count = 0;
    if (!session || gnutls_certificate_verify_peers2(session, &status) < 0 ||
        status != 0)
        return false;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    if (!chain || !count)
        return false;
    uint8_t *copy = memory_alloc(chain->size);
    memcpy(copy, chain->data, chain->size);
    connection->certificate = span_of(copy, chain->size);
    connection->verified = true;
    return true;
}

void tls_send_last(struct MHD_Connection *mhd, struct span octets) {
    gnutls_session_t session = session_of(mhd);
    if (!session)
        return;
    gnutls_record_send(session, octets.data, octets.len);
    gnutls_bye(session, GNUTLS_SHUT_WR);
}
