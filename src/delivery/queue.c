#include "delivery/queue.h"

/* ---- lanes ---- */

enum outcome queue_lease(struct db *db, struct arena *arena,
                         const eui64 *except, size_t except_count, instant now,
                         instant until, unsigned most,
                         struct queue_lane **lanes, size_t *count) {
    static const struct db_statement lease = {
        "lane_leases", "select user_id, lease_number, registered, receive_url,"
                       " tries from lane_leases($1, $2, $3, $4)"};
    static const struct db_column columns[] = {
        DB_COLUMN(EUI64, struct queue_lane, user_id),
        DB_COLUMN(INT8, struct queue_lane, lease),
        DB_COLUMN(BOOL, struct queue_lane, registered),
        DB_COLUMN(TEXT, struct queue_lane, receive_url),
        DB_COLUMN(INT4, struct queue_lane, tries),
    };
    struct db_params params = DB_PARAMS(arena);
    db_eui64s(&params, except, except_count);
    db_instant(&params, now);
    db_instant(&params, until);
    db_int4(&params, (int32_t)most);
    void *found;
    enum outcome outcome = db_fetch(db, &lease, &params, DB_COLUMNS(columns),
                                    sizeof **lanes, &found, count);
    *lanes = found;
    return outcome;
}

/* ---- messages ---- */

static const struct db_statement messages_due = {
    "messages_due", "select "
#define COLUMN(type, member, name) #member ", "
#include "delivery/column.def"
#undef COLUMN
                    "$1 as user_id"
                    " from messages_due($1, $2, $3,"
                    " $4)"};

static const struct db_column alert_columns[] = {
#define COLUMN(type, member, name) DB_COLUMN(type, struct alert, member),
#include "delivery/column.def"
#undef COLUMN
    DB_COLUMN(EUI64, struct alert, user_id),
};

/* Which columns of a row are not null. */
static unsigned alert_has(const struct db_rows *rows, size_t row) {
    unsigned has = 0;
    for (int column = 0; column < ALERT_COLUMNS; column++)
        if (!db_is_null(rows, row, column))
            has |= 1U << column;
    return has;
}

enum outcome queue_next(struct db *db, struct arena *arena, eui64 user_id,
                        const int64_t *in_hand, size_t in_hand_count,
                        instant now, unsigned most, struct alert **alerts,
                        size_t *count) {
    struct db_params params = DB_PARAMS(arena);
    db_eui64(&params, user_id);
    db_int8s(&params, in_hand, in_hand_count);
    db_instant(&params, now);
    db_int4(&params, (int32_t)most);
    struct db_rows *rows;
    *count = 0;
    enum outcome outcome = db_run(db, &messages_due, &params, arena, &rows);
    if (outcome != DONE)
        return outcome;
    *count = db_row_count(rows);
    *alerts =
        db_structs(rows, DB_COLUMNS(alert_columns), sizeof **alerts, arena);
    for (size_t i = 0; i < *count; i++)
        (*alerts)[i].has = alert_has(rows, i);
    return DONE;
}

/* ---- results ---- */

enum outcome queue_settle(struct db *db, struct arena *arena,
                          const struct queue_result *result, instant now,
                          struct queue_settled *settled) {
    static const struct db_statement settle = {
        "lane_settled", "select given_up, next_lease from lane_settled($1, $2,"
                        " $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
                        " $13)"};
    static const struct db_column failed[] = {
        DB_COLUMN(INT8, struct queue_failed, alert_no),
        DB_COLUMN(INSTANT, struct queue_failed, next_try),
        DB_COLUMN(TEXT, struct queue_failed, error),
    };
    struct db_params params = DB_PARAMS(arena);
    db_eui64(&params, result->user_id);
    db_int8(&params, result->lease);
    db_instant_if(&params, result->leased_until, result->leased_until);
    db_int8s(&params, result->delivered, result->delivered_count);
    db_arrays(&params, DB_COLUMNS(failed), result->failed, result->failed_count,
              sizeof *result->failed);
    db_int4(&params, result->tries);
    db_instant_if(&params, result->paused_until, result->paused_until);
    db_text(&params, result->error);
    db_instant(&params, result->give_up_before);
    db_instant(&params, now);
    db_int8s(&params, result->mismatch, result->mismatch_count);
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &settle, &params, arena, &rows);
    *settled = (struct queue_settled){0};
    if (outcome == DONE)
        *settled = (struct queue_settled){db_get_int(rows, 0, 0),
                                          db_get_int(rows, 0, 1)};
    return outcome;
}
