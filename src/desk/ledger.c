#include "desk/ledger.h"

const struct view_field ledger_fields[LEDGER_FIELDS] = {
    {NULL, NULL, NULL, VIEW_COUNT},
    {"number", "Number", "NUMBER", VIEW_COUNT},
    {"responseId", "ResponseID", "RESPONSEID", VIEW_TEXT},
    {"code", "Code", "CODE", VIEW_TEXT},
    {"requestId", "Request", "REQUEST", VIEW_TEXT},
    {"deviceId", "Device", "DEVICE", VIEW_EUI64},
    {"told", "Told", "TOLD", VIEW_INSTANT},
    {"confirmed", "Confirmed", "CONFIRMED", VIEW_INSTANT},
    {"state", "State", "STATE", VIEW_TEXT},
};

const struct view_field ledger_csp_fields[LEDGER_CSP_FIELDS] = {
    {"csp", "CSP", "CSP", VIEW_TEXT},
    {"taken", "Jobs taken", "TAKEN", VIEW_COUNT},
    {"reported", "Reported", "REPORTED", VIEW_COUNT},
    {"silent", "Silent", "SILENT", VIEW_COUNT},
    {"waiting", "Waiting", "WAITING", VIEW_COUNT},
    {"overdue", "Overdue", "OVERDUE", VIEW_COUNT},
    {"devices", "Devices", "DEVICES", VIEW_COUNT},
    {"rejected", "Rejected", "REJECTED", VIEW_COUNT},
    {"delivered", "Delivered", "DELIVERED", VIEW_COUNT},
    {"failed", "Failed", "FAILED", VIEW_COUNT},
    {"unheard", "Unheard of", "UNHEARD", VIEW_COUNT},
};

const struct db_statement ledger_rows = {
    "list_ledger",
    "select * from list_ledger($1, $2, $3, $4, $5::text::bigint, $6)"};

void ledger_filter_add(struct db_params *params, const void *context) {
    const struct ledger_filter *filter = context;
    db_eui64(params, filter->user);
    db_eui64(params, filter->acb);
    db_instant_if(params, filter->has_from, filter->from);
    db_instant(params, filter->to);
}

enum outcome ledger_replay(struct desk *desk, eui64 user, int64_t number,
                           const char *reason, int64_t *messages,
                           int64_t *first_kept) {
    static const struct db_statement replay = {
        "replay_messages", "select messages, coalesce(first_kept, 0) from"
                           " replay_messages($1, $2, $3, $4, $5)"};
    if (number < 1)
        return desk_refuse(desk, DESK_MALFORMED, "numbers begin with 1");
    enum outcome outcome = desk_check_reason(desk, reason);
    if (outcome != DONE)
        return outcome;
    struct db_params params = DB_PARAMS(desk->arena);
    struct db_rows *rows;
    db_eui64(&params, user);
    db_int8(&params, number);
    db_text(&params, desk->person);
    db_text(&params, reason);
    db_instant(&params, desk->now);
    outcome = db_insist(desk->db, &replay, &params, desk->arena, &rows, true);
    if (outcome != DONE)
        return outcome;
    *messages = db_get_int(rows, 0, 0);
    *first_kept = db_get_int(rows, 0, 1);
    return DONE;
}
