/* An e-mail as it goes over the wire. No database, no network. */
#ifndef FOTAD_MAIL_MESSAGE_H
#define FOTAD_MAIL_MESSAGE_H

#include "base/buffer.h"
#include "base/clock.h"

struct mail_message {
    int64_t notice_no; /* table notice */
    instant made;
    const char *from, *to;      /* addresses */
    const char *subject, *body; /* UTF-8; the body's lines end with \n */
};

/*
 * Appends the message (RFC 5322, lines ending with CRLF): Date, From, To,
 * Message-ID, Subject (RFC 2047 when it is not ASCII), Auto-Submitted (RFC
 * 3834), and the body as base64. The same notice gives the same octets at every
 * try. What would end the Subject's line becomes a space.
 */
void mail_compose(const struct mail_message *message, struct buffer *out);

#endif
