/*
 * E-mail on what people asked to hear of (requirement G6): that a request has
 * finished, that many of its devices fail, that it is held, that alarms begin
 * and end (src/housekeeping/alarms.c). A notice is written where its reason is
 * found, in one transaction, and sent from there: at least once, with the same
 * Message-ID at every try, so that a mail server or reader that sees it twice
 * knows.
 *
 * What the mail server does not take is tried again after 1 minute, doubling up
 * to an hour, with the address that the account has then, and given up after 4
 * days. Several fotad may do this.
 */
#ifndef FOTAD_MAIL_MAIL_H
#define FOTAD_MAIL_MAIL_H

#include "base/config.h"
#include "db/task.h"

/* How many things there are to wish for: enum notice_kind in sql/0010-mail.sql.
 * Is the text the name of one? */
enum { MAIL_KINDS = 6 };
bool mail_is_kind(const char *text);

struct mail_report {
    int64_t made;     /* notices written */
    int64_t sent;     /* taken by the mail server */
    int64_t failed;   /* tries that it did not take */
    int64_t given_up; /* notices of them, or that waited with them */
};

/* Does all of it once, as of `now`. RETRY or FAILED when the database did not
 * let it. That the mail server did not take e-mails is in the report alone. */
enum outcome mail_run(struct db *db, const struct config *config, instant now,
                      struct mail_report *report);

/* The longest pause between two tries of an e-mail, and how long e-mails are
 * leased for one. */
instant mail_longest_pause(void);
instant mail_lease(const struct config *config);

/* A task (db/task.h) that does it every [mail] every by fotad's clock. NULL
 * when [mail] server is empty: then nothing is made or sent. `config` must live
 * until task_stop(), which ends what is in hand, at most one e-mail. */
struct task *mail_start(const struct config *config);

#endif
