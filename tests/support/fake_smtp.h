/* A mail server for tests: answers by a script and remembers what it took. */
#ifndef FOTAD_TESTS_FAKE_SMTP_H
#define FOTAD_TESTS_FAKE_SMTP_H

#include <stdbool.h>
#include <stddef.h>

struct fake_smtp;

/* Set before fake_smtp_start(), for servers with this certificate (PEM files):
 * STARTTLS is offered, and wanted before MAIL. NULL: none. */
extern const char *fake_smtp_certificate, *fake_smtp_key;

/* Listens on a free port of `address` (127.0.0.1; 127.0.0.2 is a machine that
 * is not this one, for who goes by names). Ended with fake_smtp_stop(). */
struct fake_smtp *fake_smtp_start(const char *address);
void fake_smtp_stop(struct fake_smtp *smtp);
/* "smtp://127.0.0.1:40123" */
const char *fake_smtp_url(const struct fake_smtp *smtp);

/*
 * What comes of each e-mail, one word each, the last for ever:
 *   take       250
 *   hello:554  in place of the greeting
 *   from:530   to MAIL
 *   to:450     to RCPT
 *   data:554   to DATA
 *   end:451    to the end of the message, which it then has not taken
 *   mute       it takes the message, and the connection ends without an answer
 *   cut        the connection ends in the middle of the message
 *   hang       nothing is said until the caller goes away
 * The text must live as long as the server.
 */
void fake_smtp_script(struct fake_smtp *smtp, const char *words);

/* An e-mail that was taken. */
struct fake_mail {
    char from[256], to[256];
    bool by_tls;
    char text[16384]; /* as it came, without the dots that SMTP adds */
};

/* How many it took, and one of them from 0. */
size_t fake_smtp_count(struct fake_smtp *smtp);
const struct fake_mail *fake_smtp_mail(struct fake_smtp *smtp, size_t index);
/* Waits until there are that many; false after 10 s. */
bool fake_smtp_wait(struct fake_smtp *smtp, size_t count);

/* The value of a header of it, in static memory; "" when it is not there. */
const char *fake_mail_header(const struct fake_mail *mail, const char *name);
/* Its body, decoded, with \n between lines, in static memory. */
const char *fake_mail_body(const struct fake_mail *mail);

#endif
