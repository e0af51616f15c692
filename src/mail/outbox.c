#include "mail/outbox.h"

#include "base/backoff.h"

/* Runs a statement; *number gets the first column of its row, unless NULL. */
static enum outcome run(struct db *db, const struct db_statement *statement,
                        const struct db_params *params, int64_t *number) {
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
    return run(db, &make, &params, made);
}

enum outcome outbox_lease(struct db *db, struct arena *arena, instant now,
                          instant until, unsigned most,
                          struct outbox_notice **notices, size_t *count) {
    static const struct db_statement lease = {
        "lease_notices", "select notice_no, made, mail, subject, body, tries"
                         " from lease_notices($1, $2, $3)"};
    struct db_params params = DB_PARAMS(arena);
    db_instant(&params, now);
    db_instant(&params, until);
    db_int4(&params, (int32_t)most);
    struct db_rows *rows;
    *count = 0;
    enum outcome outcome = db_run(db, &lease, &params, arena, &rows);
    if (outcome != DONE)
        return outcome;
    *count = db_row_count(rows);
    *notices = arena_zero(arena, *count, sizeof **notices);
    for (size_t i = 0; i < *count; i++)
        (*notices)[i] =
            (struct outbox_notice){.notice_no = db_get_int(rows, i, 0),
                                   .made = db_get_instant(rows, i, 1),
                                   .mail = db_get_text(rows, i, 2),
                                   .subject = db_get_text(rows, i, 3),
                                   .body = db_get_text(rows, i, 4),
                                   .tries = (unsigned)db_get_int(rows, i, 5)};
    return DONE;
}

enum outcome outbox_sent(struct db *db, const struct outbox_notice *notice,
                         instant now) {
    static const struct db_statement sent = {"notice_sent",
                                             "select notice_sent($1, $2, $3)"};
    struct db_params params = DB_PARAMS(arena_new());
    db_int8(&params, notice->notice_no);
    db_text(&params, notice->mail);
    db_instant(&params, now);
    return run(db, &sent, &params, NULL);
}

enum outcome outbox_failed(struct db *db, const struct outbox_notice *notice,
                           instant lease, instant next_try, const char *error) {
    static const struct db_statement failed = {
        "notice_failed",
        "select notice_failed($1, $2, $3::text::timestamptz, $4)"};
    char text[INSTANT_TEXT_SIZE] = "infinity";
    if (next_try != RETRY_NEVER)
        instant_format(next_try, text);
    struct db_params params = DB_PARAMS(arena_new());
    db_int8(&params, notice->notice_no);
    db_instant(&params, lease);
    db_text(&params, text);
    db_text(&params, error);
    return run(db, &failed, &params, NULL);
}

enum outcome outbox_return(struct db *db, const struct outbox_notice *notices,
                           size_t count, instant lease) {
    static const struct db_statement back = {"return_notices",
                                             "select return_notices($1, $2)"};
    struct db_params params = DB_PARAMS(arena_new());
    int64_t *numbers = arena_zero(params.arena, count, sizeof *numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = notices[i].notice_no;
    db_int8s(&params, numbers, count);
    db_instant(&params, lease);
    return run(db, &back, &params, NULL);
}

enum outcome outbox_give_up(struct db *db, instant before, const char *error,
                            int64_t *given_up) {
    static const struct db_statement give_up = {
        "give_up_notices", "select give_up_notices($1, $2)"};
    struct db_params params = DB_PARAMS(arena_new());
    db_instant(&params, before);
    db_text(&params, error);
    *given_up = 0;
    return run(db, &give_up, &params, given_up);
}
