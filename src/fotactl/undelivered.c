/* fotactl undelivered retry: messages that Users have not confirmed (E3). */
#include "fotactl/person.h"
#include "fotactl/verbs.h"

enum outcome verb_undelivered_retry(struct verb_run *run) {
    static const struct db_statement retry = {
        "retry_undelivered", "select retry_undelivered($1, $2, $3)"};
    struct db_params params = DB_PARAMS(run->arena);
    if (!run_add_user(run, &params))
        return REFUSED;
    db_text(&params, operator_name(run->arena));
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
