/* The table notice as those who send from it see it. The statements are
 * functions of sql/mail.sql. */
#ifndef FOTAD_MAIL_OUTBOX_H
#define FOTAD_MAIL_OUTBOX_H

#include "base/config.h"
#include "db/db.h"

/* Writes what there is to tell; *made gets how many. */
enum outcome outbox_make(struct db *db, const struct config *config,
                         instant now, int64_t *made);

/* A notice in hand. Texts belong to the arena. */
struct outbox_notice {
    int64_t notice_no;
    instant made;
    const char *mail, *subject, *body;
    unsigned tries; /* before this one */
};

/* Takes up to `most` of them in hand until `until`. */
enum outcome outbox_lease(struct db *db, struct arena *arena, instant now,
                          instant until, unsigned most,
                          struct outbox_notice **notices, size_t *count);

/* The server has it. */
enum outcome outbox_sent(struct db *db, const struct outbox_notice *notice,
                         instant now);

/* It was not taken. `next_try` RETRY_NEVER: it is given up. */
enum outcome outbox_failed(struct db *db, const struct outbox_notice *notice,
                           instant lease, instant next_try, const char *error);

/* Gives back what was not tried. */
enum outcome outbox_return(struct db *db, const struct outbox_notice *notices,
                           size_t count, instant lease);

/* Gives up what waits since `before` or longer, tried or not. */
enum outcome outbox_give_up(struct db *db, instant before, const char *error,
                            int64_t *given_up);

#endif
