#include "desk/quarantine.h"

enum outcome quarantine_decide(struct desk *desk, const char *number,
                               bool release, const char *reason,
                               struct quarantine_decision *decision) {
    static const struct db_statement statement = {
        "decide_hold",
        "select outcome, request_id from decide_hold($1, $2, $3, $4, $5)"};
    static const struct desk_outcome refusals[] = {
        {"unknown", DESK_UNKNOWN, "no request was ever held as %s"},
        {"decided", DESK_CONFLICT, "it was decided on %s before"},
        {NULL, 0, NULL},
    };
    int64_t hold;
    if (!desk_read_number(number, &hold))
        return desk_refuse(desk, DESK_MALFORMED,
                           "'%s' is not the number of a held request", number);
    if (desk_check_reason(desk, reason) != DONE ||
        desk_check_clock(desk) != DONE)
        return REFUSED;
    struct db_params params = DB_PARAMS(desk->arena);
    db_int8(&params, hold);
    db_bool(&params, release);
    db_text(&params, desk->person);
    db_text(&params, reason);
    db_instant(&params, desk->now);
    struct db_rows *rows;
    enum outcome outcome =
        desk_run(desk, &statement, &params, refusals, number, &rows);
    if (outcome == DONE)
        *decision =
            (struct quarantine_decision){.state = db_get_text(rows, 0, 0),
                                         .request_id = db_get_text(rows, 0, 1)};
    return outcome;
}
