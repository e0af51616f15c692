/* TLS of the server. For the files of this room only. */
#ifndef FOTAD_HTTP_TLS_H
#define FOTAD_HTTP_TLS_H

#include "http/listener.h"

bool tls_wanted(const struct http_tls *tls);
/* What the files say, with one reference. NULL with *reason when they cannot
 * be used. */
struct tls *tls_read(const struct http_tls *files, const char **reason);
/* When the certificate that it shows ends; 0: it cannot be read. */
instant tls_expires(const struct tls *tls);
/* NULL is allowed. */
void tls_release(struct tls *tls);
/* Gives a new connection the credentials of the moment. */
void tls_begin(struct connection *connection, struct MHD_Connection *mhd);
/* NULL when no client certificate is asked for, or a good one was shown; else
 * why not. Asked before each request: a certificate may expire or be revoked
 * while the connection lasts. What was found is kept until there are new lists
 * or the next second, which is how finely certificates are dated. */
const char *tls_verify(struct connection *connection,
                       struct MHD_Connection *mhd);
/* Is what it said a matter of the time alone? */
bool tls_fault_is_of_time(const char *fault);
/* Sends as much as fits and then our end of the connection. */
void tls_send_last(struct MHD_Connection *mhd, struct span octets);

#endif
