/* fotactl restored: a person's word that the database that went back in time is
 * the one to go on with; and what others say of it until then. */
#include "fotactl/restored.h"

#include "desk/desk.h"
#include "fotactl/person.h"
#include "fotactl/verbs.h"

enum outcome restored_words(struct verb_run *run, const char **words) {
    static const struct db_statement ask = {
        "past_words", "select coalesce(past_words($1), '')"};
    struct db_params params = DB_PARAMS(run->arena);
    struct db_rows *rows;
    db_text(&params, db_place(run->db));
    enum outcome outcome = run_query(run, &ask, &params, &rows);
    if (outcome != DONE)
        return outcome;
    *words = db_get_text(rows, 0, 0);
    if (**words)
        *words = arena_printf(run->arena,
                              "the database %s: fotad takes and sends nothing "
                              "until `fotactl restored`",
                              *words);
    return DONE;
}

enum outcome verb_restored(struct verb_run *run) {
    static const struct db_statement say = {
        "past_restored", "select name, last from past_restored($1, $2, $3)"};
    struct desk desk = run_desk(run);
    enum outcome outcome = desk_check_reason(&desk, run->options.reason);
    if (outcome != DONE)
        return run_desk_end(run, &desk, outcome, NULL);
    struct db_params params = DB_PARAMS(run->arena);
    struct db_rows *rows;
    db_text(&params, desk.person);
    db_text(&params, run->options.reason);
    db_instant(&params, desk.now);
    outcome = run_query(run, &say, &params, &rows);
    if (outcome != DONE)
        return outcome;
    buffer_text(run->out, "fotad goes on within 3 s, with numbers beyond:\n");
    for (size_t i = 0; i < db_row_count(rows); i++)
        buffer_printf(run->out, "%-40s %jd\n", db_get_text(rows, i, 0),
                      (intmax_t)db_get_int(rows, i, 1));
    return DONE;
}
