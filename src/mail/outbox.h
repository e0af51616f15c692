/*
 * The table notice as those who send from it see it; the functions are in
 * sql/mail.sql. What each returns is what db_run() did; a
 * notice that another holds by now is left as it is.
 */
#ifndef FOTAD_MAIL_OUTBOX_H
#define FOTAD_MAIL_OUTBOX_H

#include "base/config.h"
#include "db/db.h"

/* Writes a notice for each thing that has happened and somebody wishes to hear
 * of; *made gets how many. */
enum outcome outbox_make(struct db *db, const struct config *config,
                         instant now, int64_t *made);

/* A notice in hand. Texts belong to the arena. */
struct outbox_notice {
    int64_t notice_no, lease; /* lease_number */
    instant made;             /* what it says, at every try */
    instant since;            /* what it is given up by */
    const char *mail, *subject, *body;
    int32_t tries; /* before this one, 0 or more */
};

/* Leases up to `most` of those that are due at `now`, until `until`. *notices
 * gets them, in the arena. */
enum outcome outbox_lease(struct db *db, struct arena *arena, instant now,
                          instant until, unsigned most,
                          struct outbox_notice **notices, size_t *count);

/* The mail server has it. */
enum outcome outbox_sent(struct db *db, const struct outbox_notice *notice,
                         instant now);

/* The mail server has not taken it: it is due again at `next_try`; RETRY_NEVER:
 * it is given up. `error` is for a person. */
enum outcome outbox_failed(struct db *db, const struct outbox_notice *notice,
                           instant next_try, const char *error);

/* Gives back what was not tried. */
enum outcome outbox_return(struct db *db, const struct outbox_notice *notices,
                           size_t count);

/* Gives up what is tried since `before` or earlier and is not sent, tried or
 * not; *given_up gets how many. */
enum outcome outbox_give_up(struct db *db, instant before, const char *error,
                            int64_t *given_up);

#endif
