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
    .tls = HTTP_CONFIGURED_TLS(config, prefix)

/* Its files of TLS alone. */
#define HTTP_CONFIGURED_TLS(config, prefix)                                    \
    {                                                                          \
        .certificate = (config)->prefix##_certificate,                         \
        .key = (config)->prefix##_key,                                         \
        .client_ca = (config)->prefix##_client_ca                              \
    }

#endif
