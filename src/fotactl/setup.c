/* fotactl migrate and example-config: before anything else. */
#include "fotactl/verbs.h"

enum outcome verb_migrate(struct call *call) {
    int missing = 0;
    enum outcome outcome =
        call_database(call, db_migrate(call->db, true, &missing));
    if (outcome == DONE)
        outcome = call_database(call, db_grant_rights(call->db));
    if (outcome != DONE)
        return outcome;
    if (call->options.json)
        call_print_json(call, json_pack("{s:i}", "applied", missing));
    else if (missing)
        buffer_printf(call->out, "Applied %d file%s.\n", missing,
                      missing == 1 ? "" : "s");
    else
        buffer_text(call->out, "The database is up to date.\n");
    return DONE;
}

enum outcome verb_example_config(struct call *call) {
    config_example(call->out);
    return DONE;
}
