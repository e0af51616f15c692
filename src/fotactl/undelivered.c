/* fotactl undelivered: messages that Users have not confirmed (E3). */
#include "desk/view.h"
#include "fotactl/verbs.h"

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

enum outcome verb_undelivered_list(struct verb_run *run) {
    static const struct db_statement list = {
        "undelivered", "select * from undelivered($1, $2, $3)"};
    struct db_params params = DB_PARAMS(run->arena);
    int64_t limit;
    db_eui64(&params, run->config.acb_id);
    if (!run_add_user(run, &params) ||
        !run_read_limit(run, run->options.limit, &limit))
        return REFUSED;
    db_int8(&params, limit);
    return run_list(run, &list, &params, fields, FIELDS,
                    "Every message that was tried is delivered.");
}

enum outcome verb_undelivered_retry(struct verb_run *run) {
    static const struct db_statement retry = {
        "retry_undelivered", "select retry_undelivered($1, $2)"};
    struct db_params params = DB_PARAMS(run->arena);
    if (!run_add_user(run, &params))
        return REFUSED;
    db_instant(&params, clock_now());
    struct db_rows *rows;
    enum outcome outcome = run_query(run, &retry, &params, &rows);
    if (outcome != DONE)
        return outcome;
    intmax_t messages = db_get_int(rows, 0, 0);
    if (run->options.json)
        run_print_json(run, json_pack("{sI}", "messages", messages));
    else
        buffer_printf(run->out, "%jd messages are tried again now.\n",
                      messages);
    return DONE;
}
