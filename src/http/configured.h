/* What fotad.conf says of a listener, for whoever starts one. */
#ifndef FOTAD_HTTP_CONFIGURED_H
#define FOTAD_HTTP_CONFIGURED_H

#include "base/config.h"
#include "http/options.h"

/* Members of struct http_options from the keys that every listener has;
 * `prefix` is that of their fields in struct config. */
#define HTTP_CONFIGURED(config, prefix)                                        \
    .address = (config)->prefix##_listen,                                      \
    .max_connections = (config)->prefix##_connections,                         \
    .peer_connections = (config)->prefix##_peer_connections,                   \
    .peer_rate = (config)->prefix##_peer_rate,                                 \
    .max_header = (config)->prefix##_max_header,                               \
    .header_timeout = (config)->prefix##_header_timeout,                       \
    .receive_timeout = (config)->prefix##_receive_timeout,                     \
    .idle_timeout = (config)->prefix##_idle_timeout,                           \
    .retry_after = (unsigned)((config)->prefix##_retry_after / SECOND),        \
    .tls = {.certificate = (config)->prefix##_certificate,                     \
            .key = (config)->prefix##_key,                                     \
            .client_ca = (config)->prefix##_client_ca}

/* What is wrong with how the four listeners are to be protected, or NULL: one
 * that is neither on loopback nor on a Unix socket has TLS or says tls = off;
 * certificate and key go together, client_ca with them. The text is in the
 * arena. */
const char *http_contradiction(const struct config *config,
                               struct arena *arena);

#endif
