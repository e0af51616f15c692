/* fotactl migrate and example-config. */
#include "fotactl/person.h"
#include "fotactl/verbs.h"
#include "tracking/transition.h"

enum outcome verb_migrate(struct verb_run *run) {
    int missing = 0;
    enum outcome outcome = run_database(
        run, db_migrate(run->db, operator_name(run->arena), &missing));
    if (outcome == DONE)
        outcome = run_database(run, tracking_migrate(run->db));
    if (outcome == DONE)
        outcome = run_database(run, db_grant_rights(run->db));
    if (outcome != DONE)
        return outcome;
    if (run->options.json)
        run_print_json(run, json_pack("{s:i}", "applied", missing));
    else if (missing)
        buffer_printf(run->out, "Applied %d file%s.\n", missing,
                      missing == 1 ? "" : "s");
    else
        buffer_text(run->out, "The database is up to date.\n");
    return DONE;
}

enum outcome verb_example_config(struct verb_run *run) {
    config_example(run->out);
    return DONE;
}
