#include "mail/outbox.h"

/* The columns of notice_leases(); the first two are how a notice is named. */
static const struct db_column columns[] = {
    DB_COLUMN(INT8, struct outbox_notice, notice_no),
    DB_COLUMN(INT8, struct outbox_notice, lease),
    DB_COLUMN(INSTANT, struct outbox_notice, made),
    DB_COLUMN(INSTANT, struct outbox_notice, since),
    DB_COLUMN(TEXT, struct outbox_notice, mail),
    DB_COLUMN(TEXT, struct outbox_notice, subject),
    DB_COLUMN(TEXT, struct outbox_notice, body),
    DB_COLUMN(INT4, struct outbox_notice, tries),
};

/* Runs a statement and frees its parameters; *number gets the first column of
 * its row, unless NULL. */
static enum outcome statement_run(struct db *db,
                                  const struct db_statement *statement,
                                  const struct db_params *params,
                                  int64_t *number) {
    struct db_rows *rows;
    enum outcome outcome = db_run(db, statement, params, params->arena, &rows);
    if (outcome == DONE && number)
        *number = db_get_int(rows, 0, 0);
    arena_free(params->arena);
    return outcome;
}

enum outcome outbox_make(struct db *db, const struct config *config,
                         instant now, int64_t *made) {
    static const struct db_statement make = {
        "make_notices", "select make_notices($1, $2,"
                        " make_interval(secs => $3::bigint), $4)"};
    struct db_params params = DB_PARAMS(arena_new());
    db_int4(&params, (int32_t)config->mail_failure_share);
    db_text(&params, config->mail_screens);
    db_int8(&params, config->tracking_timeout / SECOND);
    db_instant(&params, now);
    *made = 0;
    return statement_run(db, &make, &params, made);
}

enum outcome outbox_lease(struct db *db, struct arena *arena, instant now,
                          instant until, unsigned most,
                          struct outbox_notice **notices, size_t *count) {
    static const struct db_statement lease = {
        "notice_leases",
        "select notice_no, l.lease_number, l.made, coalesce(n.since, l.made),"
        " l.mail, l.subject, l.body, l.tries"
        " from notice_leases($1, $2, $3) l join notice n using (notice_no)"};
    struct db_params params = DB_PARAMS(arena);
    db_instant(&params, now);
    db_instant(&params, until);
    db_int4(&params, (int32_t)most);
    struct db_rows *rows;
    *count = 0;
    enum outcome outcome = db_run(db, &lease, &params, arena, &rows);
    if (outcome == DONE) {
        *notices =
            db_structs(rows, DB_COLUMNS(columns), sizeof **notices, arena);
        *count = db_row_count(rows);
    }
    return outcome;
}

enum outcome outbox_sent(struct db *db, const struct outbox_notice *notice,
                         instant now) {
    static const struct db_statement sent = {"notice_sent",
                                             "select notice_sent($1, $2, $3)"};
    struct db_params params = DB_PARAMS(arena_new());
    db_int8(&params, notice->notice_no);
    db_text(&params, notice->mail);
    db_instant(&params, now);
    return statement_run(db, &sent, &params, NULL);
}

enum outcome outbox_failed(struct db *db, const struct outbox_notice *notice,
                           instant next_try, const char *error) {
    static const struct db_statement failed = {
        "notice_again", "select notice_again($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(arena_new());
    db_int8(&params, notice->notice_no);
    db_int8(&params, notice->lease);
    db_instant(&params, next_try);
    db_text(&params, error);
    return statement_run(db, &failed, &params, NULL);
}

enum outcome outbox_return(struct db *db, const struct outbox_notice *notices,
                           size_t count) {
    static const struct db_statement back = {"notices_back",
                                             "select notices_back($1, $2)"};
    struct db_params params = DB_PARAMS(arena_new());
    db_arrays(&params, columns, 2, notices, count, sizeof *notices);
    return statement_run(db, &back, &params, NULL);
}

enum outcome outbox_give_up(struct db *db, instant before, const char *error,
                            int64_t *given_up) {
    static const struct db_statement give_up = {
        "give_up_notices", "select give_up_notices($1, $2)"};
    struct db_params params = DB_PARAMS(arena_new());
    db_instant(&params, before);
    db_text(&params, error);
    *given_up = 0;
    return statement_run(db, &give_up, &params, given_up);
}
