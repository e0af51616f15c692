/* What every verb that lists does: its parameters, its order, its rows as text,
 * JSON or CSV, once or for as long as somebody looks. */
#include "fotactl/lists.h"

#include "base/json.h"
#include "base/lists.h"

#include <stdlib.h>
#include <strings.h>
#include <time.h>

/* ---- parameters ---- */

static bool refuse_state(struct verb_run *run, const char *const *states) {
    (void)run_misuse(run, "'%s' is no state; there are %s", run->options.state,
                     list_text(run->arena, states));
    return false;
}

static bool add_state(struct verb_run *run, const char *const *states,
                      struct db_params *params) {
    const char *state = run->options.state;
    db_text(params, state);
    return !state || list_find(states, state) || refuse_state(run, states);
}

static bool add_limit(struct verb_run *run, struct db_params *params) {
    int64_t limit;
    bool good = run_read_limit(run, &limit);
    db_int8(params, limit);
    return good;
}

static bool add_request(struct verb_run *run, struct db_params *params) {
    struct request_id id;
    if (!run_read_request_id(run, &id))
        return false;
    desk_request_id_add(params, &id);
    return true;
}

static void add_csps(const struct config *config, struct db_params *params) {
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct config_csp, name),
        DB_COLUMN(TEXT, struct config_csp, regions),
    };
    db_arrays(params, DB_COLUMNS(columns), config->csps, config->csp_count,
              sizeof *config->csps);
}

static bool add_time(struct verb_run *run, const char *option, const char *text,
                     struct db_params *params) {
    instant when;
    if (!run_read_past(run, option, text, &when))
        return false;
    db_instant_if(params, text, when);
    return true;
}

/* False is misuse. */
static bool add_param(struct verb_run *run, const struct list_verb *list,
                      enum list_param param, struct db_params *params) {
    const struct config *config = &run->config;
    switch (param) {
    case LIST_NO_MORE:
        break;
    case LIST_USER:
        return run_add_user(run, params);
    case LIST_STATE:
        return add_state(run, list->states, params);
    case LIST_LIMIT:
        return add_limit(run, params);
    case LIST_SINCE:
        return add_time(run, "--since", run->options.since, params);
    case LIST_BEFORE:
        return add_time(run, "--until", run->options.until, params);
    case LIST_REQUEST:
        return add_request(run, params);
    case LIST_CSPS:
        add_csps(config, params);
        break;
    case LIST_TIMEOUT:
        db_int8(params, config->tracking_timeout / SECOND);
        break;
    case LIST_NOW:
        db_instant(params, clock_now());
        break;
    case LIST_ACB_ID:
        db_eui64(params, config->acb_id);
        break;
    case LIST_LOCK_OUT_FOR:
        db_int8(params, config->people_lock_out_for / SECOND);
        break;
    case LIST_LOCK_OUT_AFTER:
        db_int4(params, (int32_t)config->people_lock_out_after);
        break;
    }
    return true;
}

static const struct list_verb *list_of(const struct verb_run *run) {
    const struct list_verb *list = list_verbs;
    while (strcmp(list->words, run->words) != 0)
        list++;
    return list;
}

/* ---- order ---- */

/* "last-updated", "LAST UPDATED" and "lastUpdated" are one. */
static bool is_column(const char *name, const char *given) {
    for (;; name++, given++) {
        name += *name == ' ' || *name == '-';
        given += *given == ' ' || *given == '-';
        if (!*name || !*given)
            return *name == *given;
        if (strncasecmp(name, given, 1) != 0)
            return false;
    }
}

static const char *column_names(struct arena *arena,
                                const struct list_verb *list) {
    const char *all = "";
    for (size_t i = 0; i < list->field_count; i++)
        if (list->fields[i].json)
            all = arena_printf(arena, "%s%s%s", all, *all ? ", " : "",
                               list->fields[i].json);
    return all;
}

/* The place of the column, from 1; 0: misuse. */
static size_t sort_column(struct verb_run *run, const struct list_verb *list,
                          const char *given) {
    for (size_t i = 0; i < list->field_count; i++) {
        const struct view_field *field = &list->fields[i];
        if ((field->json && is_column(field->json, given)) ||
            (field->heading && is_column(field->heading, given)))
            return i + 1;
    }
    (void)run_misuse(run, "--sort '%s' is no column; there are %s", given,
                     column_names(run->arena, list));
    return 0;
}

static bool has_limit(const struct list_verb *list) {
    for (const enum list_param *p = list->params; *p != LIST_NO_MORE; p++)
        if (*p == LIST_LIMIT)
            return true;
    return false;
}

/* All the rows in that order, and the first of them: the statement asks for
 * all, which the limit then cuts. False is misuse. */
static bool sort_statement(struct verb_run *run, const struct list_verb *list,
                           struct db_statement *sorted) {
    const char *by = run->options.sort;
    bool down = *by == '-';
    int64_t limit;
    size_t column = sort_column(run, list, by + down);
    if (!column || !run_read_limit(run, &limit))
        return false;
    *sorted = (struct db_statement){
        "list_sorted",
        arena_printf(run->arena, "select * from (%s) l order by %zu %s%s",
                     list->statement.sql, column,
                     down ? "desc nulls last" : "nulls last",
                     has_limit(list) ? arena_printf(run->arena, " limit %jd",
                                                    (intmax_t)limit)
                                     : "")};
    return true;
}

/* The rows that are asked for; REFUSED is misuse. */
static enum outcome rows_read(struct verb_run *run,
                              const struct list_verb *list,
                              struct db_rows **rows) {
    struct db_statement statement = list->statement;
    struct db_params params = DB_PARAMS(run->arena);
    if (run->options.sort && !sort_statement(run, list, &statement))
        return REFUSED;
    bool all = run->options.all;
    run->options.all |= run->options.sort != NULL;
    bool good = true;
    for (const enum list_param *p = list->params; good && *p; p++)
        good = add_param(run, list, *p, &params);
    run->options.all = all;
    return good ? run_query(run, &statement, &params, rows) : REFUSED;
}

/* ---- rows ---- */

/* How many there are altogether: the same question without its limit. */
static enum outcome rows_count(struct verb_run *run,
                               const struct list_verb *list, int64_t *count) {
    struct db_statement *all = arena_alloc(run->arena, sizeof *all);
    struct db_params params = DB_PARAMS(run->arena);
    struct db_rows *rows;
    *all = (struct db_statement){
        "count_rows", arena_printf(run->arena, "select count(*) from (%s) l",
                                   list->statement.sql)};
    run->options.all = true;
    for (const enum list_param *p = list->params; *p != LIST_NO_MORE; p++)
        (void)add_param(run, list, *p, &params);
    enum outcome outcome = run_query(run, all, &params, &rows);
    if (outcome == DONE)
        *count = db_get_int(rows, 0, 0);
    return outcome;
}

/* "100 of 3,001 shown" */
static enum outcome say_when_cut(struct verb_run *run,
                                 const struct list_verb *list, size_t shown) {
    int64_t limit, count;
    if (run->options.json || run->options.csv || !has_limit(list) ||
        !run_read_limit(run, &limit) || (int64_t)shown < limit)
        return DONE;
    enum outcome outcome = rows_count(run, list, &count);
    if (outcome == DONE && count > (int64_t)shown)
        buffer_printf(run->out,
                      "%zu of %jd shown; --limit N or --all shows "
                      "more of them.\n",
                      shown, (intmax_t)count);
    return outcome;
}

/* ---- for as long as somebody looks ---- */

/* A row as a line of its own: the columns of the table, two spaces between. */
static void print_line(struct verb_run *run, const struct list_verb *list,
                       const struct db_rows *rows, size_t row) {
    bool first = true;
    if (run->options.csv) {
        view_csv_line(run->out, list->fields, list->field_count, rows, row);
        return;
    }
    if (run->options.json) {
        json_t *object =
            view_object(list->fields, list->field_count, rows, row);
        char *text = json_dumps(object, JSON_COMPACT);
        buffer_printf(run->out, "%s\n", text);
        free(text);
        json_decref(object);
        return;
    }
    for (size_t i = 0; i < list->field_count; i++)
        if (list->fields[i].heading) {
            buffer_text(run->out, first ? "" : "  ");
            first = false;
            if (db_is_null(rows, row, (int)i))
                buffer_text(run->out, "-");
            else
                view_value(run->out, &list->fields[i], rows, row, (int)i);
        }
    buffer_text(run->out, "\n");
}

/* Prints the rows that `known` does not have, the oldest of them first, and
 * leaves in it what there is now. */
static void print_news(struct verb_run *run, const struct list_verb *list,
                       const struct db_rows *rows, json_t **known, bool tell) {
    json_t *present = json_object();
    for (size_t i = db_row_count(rows); i-- > 0;) {
        struct buffer line = {0};
        view_csv_line(&line, list->fields, list->field_count, rows, i);
        const char *text = (const char *)line.data;
        if (tell && !json_object_get(*known, text))
            print_line(run, list, rows, i);
        json_put(present, text, json_true());
        buffer_free(&line);
    }
    json_decref(*known);
    *known = present;
}

/* What is new or has changed, line by line, until somebody ends it. */
static enum outcome follow_list(struct verb_run *run,
                                const struct list_verb *list,
                                const struct db_rows *first) {
    static const struct timespec pause = {.tv_sec = 2};
    struct arena *own = run->arena;
    json_t *known = NULL;
    enum outcome outcome = DONE;
    print_news(run, list, first, &known, false);
    while (outcome == DONE && run_flush(run)) {
        struct db_rows *rows;
        nanosleep(&pause, NULL);
        run->arena = arena_new();
        outcome = rows_read(run, list, &rows);
        if (outcome == DONE)
            print_news(run, list, rows, &known, true);
        else if (run->problem)
            run->problem = arena_text(own, span_text(run->problem));
        arena_free(run->arena);
        run->arena = own;
    }
    json_decref(known);
    return outcome == DONE ? FAILED : outcome;
}

/* ---- the verb ---- */

enum outcome verb_list(struct verb_run *run) {
    const struct list_verb *list = list_of(run);
    struct db_rows *rows;
    enum outcome outcome = rows_read(run, list, &rows);
    if (outcome != DONE)
        return outcome;
    if (run->options.follow && run->options.json)
        for (size_t i = db_row_count(rows); i-- > 0;)
            print_line(run, list, rows, i);
    else
        run_print_rows(run, list->fields, list->field_count, rows, list->none);
    return run->options.follow ? follow_list(run, list, rows)
                               : say_when_cut(run, list, db_row_count(rows));
}
