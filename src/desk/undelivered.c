#include "desk/undelivered.h"

enum outcome undelivered_retry(struct desk *desk, const eui64 *user,
                               int64_t *messages) {
    static const struct db_statement retry = {
        "retry_undelivered", "select retry_undelivered($1, $2, $3)"};
    struct db_params params = DB_PARAMS(desk->arena);
    struct db_rows *rows;
    db_eui64_at(&params, user);
    db_text(&params, desk->person);
    db_instant(&params, desk->now);
    enum outcome outcome =
        db_insist(desk->db, &retry, &params, desk->arena, &rows, true);
    if (outcome == DONE)
        *messages = db_get_int(rows, 0, 0);
    return outcome;
}
