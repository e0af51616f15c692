/* fotactl clock: the clock of the system, and a person's word on it. */
#include "db/system_clock.h"
#include "desk/desk.h"
#include "fotactl/person.h"
#include "fotactl/verbs.h"

/* What clock_mark holds, and what PostgreSQL's clock says. */
static enum outcome clock_ask(struct verb_run *run, struct db_rows **rows) {
    static const struct db_statement ask = {
        "clock_mark",
        "select mark, doubt_since, coalesce(accepted_by, ''), accepted_at"
        " from clock_mark"};
    return run_query(run, &ask, NULL, rows);
}

static const char *text_at(struct verb_run *run, const struct db_rows *rows,
                           int column) {
    char text[INSTANT_TEXT_SIZE] = "";
    if (!db_is_null(rows, 0, column))
        instant_format(db_get_instant(rows, 0, column), text);
    return arena_text(run->arena, span_text(text));
}

static void clock_print_json(struct verb_run *run, const struct db_rows *rows,
                             const char *now, const char *fault) {
    run_print_json(
        run,
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s}", "clock", now,
                  "mark", text_at(run, rows, 0), "doubt",
                  system_clock_latest().doubt, "doubtSince",
                  text_at(run, rows, 1), "acceptedBy", db_get_text(rows, 0, 2),
                  "acceptedAt", text_at(run, rows, 3), "machineAheadSeconds",
                  json_real((double)system_clock_latest().apart / SECOND),
                  "fault", fault ? fault : ""));
}

enum outcome verb_clock_show(struct verb_run *run) {
    struct db_rows *rows;
    enum outcome outcome = clock_ask(run, &rows);
    if (outcome != DONE)
        return outcome;
    char now[INSTANT_TEXT_SIZE];
    instant_format(system_clock_latest().clock, now);
    const char *fault = system_clock_fault(&run->config, run->arena);
    if (run->options.json) {
        clock_print_json(run, rows, now, fault);
        return DONE;
    }
    buffer_printf(run->out, "PostgreSQL's clock  %s\n", now);
    buffer_printf(run->out, "known to be later   %s\n", text_at(run, rows, 0));
    buffer_printf(run->out, "in doubt since      %s\n", text_at(run, rows, 1));
    buffer_printf(run->out, "accepted last       %s %s\n",
                  text_at(run, rows, 3), db_get_text(rows, 0, 2));
    if (fault)
        buffer_printf(run->out, "%s\n", fault);
    return DONE;
}

enum outcome verb_clock_accept(struct verb_run *run) {
    static const struct db_statement accept = {
        "clock_accept", "select clock_accept($1, $2, $3)"};
    struct desk desk = run_desk(run);
    enum outcome outcome = desk_check_reason(&desk, run->options.reason);
    if (outcome != DONE)
        return run_desk_end(run, &desk, outcome, NULL);
    struct db_params params = DB_PARAMS(run->arena);
    struct db_rows *rows;
    db_text(&params, desk.person);
    db_instant(&params, desk.now);
    db_text(&params, run->options.reason);
    outcome = run_query(run, &accept, &params, &rows);
    if (outcome != DONE)
        return outcome;
    if (!db_get_bool(rows, 0, 0))
        return run_refuse(run,
                          "the clock is not in doubt; nothing was changed");
    buffer_text(run->out, "Accepted.\n");
    return DONE;
}
