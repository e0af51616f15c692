/* fotactl ledger: what a User was told against what it confirmed, and against
 * its own list (requirement E3); fotactl replay. */
#include "desk/ledger.h"
#include "base/json.h"
#include "base/memory.h"
#include "fotactl/csv_reader.h"
#include "fotactl/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order of ledger_sums(). */
static const struct view_field sum_fields[] = {
    {"code", "Code", "CODE", VIEW_TEXT},
    {"requestId", "Request", "REQUEST", VIEW_TEXT},
    {"told", "Told", "TOLD", VIEW_COUNT},
    {"confirmed", "Confirmed", "CONFIRMED", VIEW_COUNT},
    {"waiting", "Waiting", "WAITING", VIEW_COUNT},
    {"givenUp", "Given up", "GIVEN UP", VIEW_COUNT},
    {"differences", "Differences", "DIFFERENCES", VIEW_COUNT},
};
/* In the order of ledger_differences() and ledger_check(). */
static const struct view_field difference_fields[] = {
    {"difference", "Difference", "DIFFERENCE", VIEW_TEXT},
    {"responseId", "ResponseID", "RESPONSEID", VIEW_TEXT},
    {"code", "Code", "CODE", VIEW_TEXT},
    {"requestId", "Request", "REQUEST", VIEW_TEXT},
    {"deviceId", "Device", "DEVICE", VIEW_EUI64},
    {"told", "Told", "TOLD", VIEW_INSTANT},
};
#define FIELDS(table) (table), sizeof(table) / sizeof *(table)

/* ---- a User's own list ---- */

struct own_list {
    struct verb_run *run;
    const char **ids, **codes;
    size_t count, size;
    const char *fault; /* NULL: none */
};

/* ResponseID[,code]; a header line is one that begins with "response". */
static bool own_line(void *context, uint64_t line, const struct span *fields,
                     size_t count) {
    struct own_list *list = context;
    struct arena *arena = list->run->arena;
    const char *id = arena_text(arena, fields[0]);
    if (line == 1 && strncasecmp(id, "response", 8) == 0)
        return true;
    struct request_id parsed;
    if (!request_id_parse(id, &parsed)) {
        list->fault =
            arena_printf(arena, "%s:%ju: '%s' is no ResponseID",
                         list->run->options.check, (uintmax_t)line, id);
        return false;
    }
    if (list->count == list->size) {
        list->size = list->size ? 2 * list->size : 1024;
        list->ids = memory_grow(list->ids, list->size * sizeof *list->ids);
        list->codes =
            memory_grow(list->codes, list->size * sizeof *list->codes);
    }
    list->ids[list->count] = id;
    list->codes[list->count++] = count > 1 ? arena_text(arena, fields[1]) : "";
    return true;
}

static enum outcome own_list_read(struct own_list *list) {
    struct verb_run *run = list->run;
    struct csv_reader reader = {.on_record = own_line, .context = list};
    const char *reason = NULL;
    uint64_t line = 0;
    int file = open(run->options.check, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return run_refuse(run, "%s: %s", run->options.check, strerror(errno));
    bool good = csv_read(&reader, file, &line, &reason);
    close(file);
    if (!good)
        return run_refuse(run, "%s:%ju: %s", run->options.check,
                          (uintmax_t)line, reason);
    return list->fault ? run_refuse(run, "%s", list->fault) : DONE;
}

/* ---- the ledger ---- */

struct ledger {
    struct verb_run *run;
    struct ledger_filter filter;
    struct own_list own;
    struct db_rows *sums, *differences, *lines, *checked;
};

static enum outcome sums_read(struct db *db, struct ledger *l) {
    static const struct db_statement sums = {
        "ledger_sums", "select * from ledger_sums($1, $2, $3, $4)"};
    static const struct db_statement differences = {
        "ledger_differences",
        "select * from ledger_differences($1, $2, $3, $4)"};
    struct db_params params = DB_PARAMS(l->run->arena);
    ledger_filter_add(&params, &l->filter);
    enum outcome outcome = db_run(db, &sums, &params, l->run->arena, &l->sums);
    return outcome == DONE ? db_run(db, &differences, &params, l->run->arena,
                                    &l->differences)
                           : outcome;
}

static enum outcome check_read(struct db *db, struct ledger *l) {
    static const struct db_statement check = {
        "ledger_check", "select * from ledger_check($1, $2, $3, $4, $5, $6)"};
    struct db_params params = DB_PARAMS(l->run->arena);
    ledger_filter_add(&params, &l->filter);
    db_texts(&params, l->own.ids, l->own.count);
    db_texts(&params, l->own.codes, l->own.count);
    return db_run(db, &check, &params, l->run->arena, &l->checked);
}

static enum outcome lines_read(struct db *db, struct ledger *l) {
    struct db_params params = DB_PARAMS(l->run->arena);
    ledger_filter_add(&params, &l->filter);
    db_null(&params);
    db_null(&params);
    return db_run(db, &ledger_rows, &params, l->run->arena, &l->lines);
}

static enum outcome ledger_read(struct db *db, void *context) {
    struct ledger *l = context;
    if (l->run->options.csv)
        return lines_read(db, l);
    enum outcome outcome = sums_read(db, l);
    if (outcome == DONE && l->run->options.check)
        outcome = check_read(db, l);
    return outcome;
}

static void print_csv(struct ledger *l) {
    run_print_csv(l->run, ledger_fields, LEDGER_FIELDS, l->lines);
}

static void print_json(struct ledger *l) {
    json_t *json = json_pack(
        "{s:o, s:o}", "items", view_array(FIELDS(sum_fields), l->sums),
        "differences", view_array(FIELDS(difference_fields), l->differences));
    if (l->checked)
        json_put(json, "check",
                 view_array(FIELDS(difference_fields), l->checked));
    run_print_json(l->run, json);
}

static void print_table(struct ledger *l) {
    struct buffer *out = l->run->out;
    if (db_row_count(l->sums))
        view_table(out, FIELDS(sum_fields), l->sums);
    else
        buffer_text(out, "Nothing was told in that time.\n");
    if (db_row_count(l->differences)) {
        buffer_text(out, "\n");
        view_table(out, FIELDS(difference_fields), l->differences);
    }
    if (l->checked && db_row_count(l->checked)) {
        buffer_text(out, "\n");
        view_table(out, FIELDS(difference_fields), l->checked);
    }
}

static bool ledger_filter_read(struct verb_run *run,
                               struct ledger_filter *filter) {
    filter->acb = run->config.acb_id;
    if (!run->options.user)
        return run_misuse(run, "--user says whose ledger") == DONE;
    if (!run_read_eui64(run, run->options.user, &filter->user) ||
        !run_read_past(run, "--since", run->options.since, &filter->from) ||
        !run_read_past(run, "--until", run->options.until, &filter->to))
        return false;
    filter->has_from = filter->from != 0;
    if (!filter->to)
        filter->to = clock_now() + 1;
    return true;
}

static enum outcome ledger_judge(struct ledger *l) {
    size_t own = l->differences ? db_row_count(l->differences) : 0;
    size_t theirs = l->checked ? db_row_count(l->checked) : 0;
    if (own + theirs == 0)
        return DONE;
    return run_refuse(l->run, "%zu difference%s", own + theirs,
                      own + theirs == 1 ? "" : "s");
}

enum outcome verb_ledger(struct verb_run *run) {
    struct ledger l = {.run = run, .own = {.run = run}};
    if (!ledger_filter_read(run, &l.filter))
        return REFUSED;
    enum outcome outcome = run->options.check ? own_list_read(&l.own) : DONE;
    if (outcome == DONE)
        outcome = run_look(run, ledger_read, &l);
    free(l.own.ids);
    free(l.own.codes);
    if (outcome != DONE)
        return outcome;
    (run->options.csv    ? print_csv
     : run->options.json ? print_json
                         : print_table)(&l);
    return ledger_judge(&l);
}

/* ---- CSPs ---- */

enum outcome verb_ledger_csps(struct verb_run *run) {
    static const struct db_statement find = {
        "ledger_csps", "select * from ledger_csps($1, $2,"
                       " make_interval(secs => $3::bigint), $4)"};
    struct db_params params = DB_PARAMS(run->arena);
    struct db_rows *rows;
    instant from, to, now = clock_now();
    if (!run_read_past(run, "--since", run->options.since, &from) ||
        !run_read_past(run, "--until", run->options.until, &to))
        return REFUSED;
    db_instant(&params, from ? from : now - DESK_USUAL_DAYS * DAY);
    db_instant(&params, to ? to : now + 1);
    db_int8(&params, run->config.tracking_timeout / SECOND);
    db_instant(&params, now);
    enum outcome outcome = run_query(run, &find, &params, &rows);
    if (outcome != DONE)
        return outcome;
    if (run->options.json)
        run_print_json(run, view_array(FIELDS(ledger_csp_fields), rows));
    else if (run->options.csv)
        run_print_csv(run, FIELDS(ledger_csp_fields), rows);
    else if (db_row_count(rows) == 0)
        buffer_text(run->out, "No CSP took a job in that time.\n");
    else
        view_table(run->out, FIELDS(ledger_csp_fields), rows);
    return DONE;
}

/* ---- told again ---- */

enum outcome verb_replay(struct verb_run *run) {
    struct desk desk = run_desk(run);
    eui64 user;
    int64_t messages, first_kept;
    char *end;
    errno = 0;
    int64_t number = strtoll(run->argument, &end, 10);
    if (errno || *end || end == run->argument)
        return run_misuse(run, "'%s' is no number", run->argument);
    if (!run->options.user)
        return run_misuse(run, "--user says to whom");
    if (!run_read_eui64(run, run->options.user, &user))
        return REFUSED;
    enum outcome outcome = ledger_replay(
        &desk, user, number, run->options.reason, &messages, &first_kept);
    if (outcome != DONE)
        return run_desk_end(run, &desk, outcome, NULL);
    if (run->options.json)
        run_print_json(run, json_pack("{sI, sI}", "messages", messages,
                                      "firstKept", first_kept));
    else if (number < first_kept || !first_kept)
        buffer_printf(run->out,
                      "%jd message%s told again; what is before number %jd is "
                      "not kept.\n",
                      (intmax_t)messages, messages == 1 ? " is" : "s are",
                      (intmax_t)first_kept);
    else
        buffer_printf(run->out, "%jd message%s told again.\n",
                      (intmax_t)messages, messages == 1 ? " is" : "s are");
    return DONE;
}
