/* The mail server, by libcurl: SMTP with STARTTLS, or over TLS. */
#ifndef FOTAD_MAIL_SMTP_H
#define FOTAD_MAIL_SMTP_H

#include "base/config.h"

#include <stdatomic.h>

struct smtp;

enum smtp_result {
    SMTP_TAKEN,       /* the server has the message */
    SMTP_REFUSED,     /* it refuses this one, for now (4xx) or not (5xx) */
    SMTP_UNREACHABLE, /* it cannot be spoken to, so no message can be sent */
};

/* Does the section [mail] ask for TLS? Always, unless the server is on this
 * machine or tls = off. */
bool smtp_wants_tls(const struct config *config);

/* A connection is made at the first message and kept. Once *stopping (NULL:
 * never) the server is waited for no longer, but a little (base/ending.h) when
 * it has a message to answer for. Both must live as long. Free with
 * smtp_free(). */
struct smtp *smtp_new(const struct config *config, const atomic_bool *stopping);
void smtp_free(struct smtp *smtp);

/* Sends one message (RFC 5322) to one address, and waits at most [mail]
 * timeout. *error says what went wrong, until the next call. */
enum smtp_result smtp_send(struct smtp *smtp, const char *to,
                           struct span message, const char **error);

#endif
