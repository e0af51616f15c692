/* fotactl undelivered: messages that Users have not confirmed (E3). */
#include "fotactl/verbs.h"
#include "fotactl/view.h"

/* In the order of undelivered(). */
static const struct view_field fields[] = {
    {"responseId", "ResponseID", "RESPONSEID", VIEW_TEXT},
    {"user", "User", NULL, VIEW_EUI64},
    {"code", "Code", "CODE", VIEW_TEXT},
    {"requestId", "Request", NULL, VIEW_TEXT},
    {"deviceId", "Device", "DEVICE", VIEW_EUI64},
    {"devices", "Devices", "DEVICES", VIEW_COUNT},
    {"created", "Created", "CREATED", VIEW_INSTANT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"tries", "Tries", "TRIES", VIEW_COUNT},
    {"nextTry", "Next try", NULL, VIEW_INSTANT},
    {"lastError", "Last error", "LAST ERROR", VIEW_TEXT},
};

enum { FIELDS = sizeof fields / sizeof *fields };

enum outcome verb_undelivered_list(struct call *call) {
    static const struct db_statement list = {
        "undelivered", "select * from undelivered($1, $2, $3)"};
    struct db_params params = DB_PARAMS(call->arena);
    int64_t limit;
    db_eui64(&params, call->config.acb_id);
    if (!call_add_user(call, &params) ||
        !call_read_limit(call, call->options.limit, &limit))
        return REFUSED;
    db_int8(&params, limit);
    return call_list(call, &list, &params, fields, FIELDS,
                     "Every message that was tried is delivered.");
}

enum outcome verb_undelivered_retry(struct call *call) {
    static const struct db_statement retry = {
        "retry_undelivered", "select retry_undelivered($1, $2)"};
    struct db_params params = DB_PARAMS(call->arena);
    if (!call_add_user(call, &params))
        return REFUSED;
    db_instant(&params, clock_now());
    struct db_rows *rows;
    enum outcome outcome = call_run(call, &retry, &params, &rows);
    if (outcome != DONE)
        return outcome;
    intmax_t messages = db_get_int(rows, 0, 0);
    if (call->options.json)
        call_print_json(call, json_pack("{sI}", "messages", messages));
    else
        buffer_printf(call->out, "%jd messages are tried again now.\n",
                      messages);
    return DONE;
}
