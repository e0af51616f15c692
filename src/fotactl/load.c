#include "fotactl/load.h"

#include "fotactl/field.h"

#include <inttypes.h>

/* Rows are sent in pieces of about this many octets. */
enum { PIECE = 256 * 1024 };

/* ---- SQL made from the plan ---- */

enum which { ALL, KEYS, OTHERS };

/* The columns, or only keys, or only others, with `separator` between them:
 * each as `before` and its name, and again its name after `between` if that is
 * not NULL: "d.", "x", " = s." give "d.x = s.x". */
static void add_columns(struct buffer *sql, const struct load_plan *plan,
                        enum which which, const char *before,
                        const char *between, const char *separator) {
    const char *now = "";
    for (size_t i = 0; i < plan->count; i++) {
        const struct load_column *column = &plan->columns[i];
        if (which != ALL && column->key != (which == KEYS))
            continue;
        buffer_printf(sql, "%s%s%s", now, before, column->name);
        if (between)
            buffer_printf(sql, "%s%s", between, column->name);
        now = separator;
    }
}

static const char *first_key(const struct load_plan *plan) {
    for (size_t i = 0; i < plan->count; i++)
        if (plan->columns[i].key)
            return plan->columns[i].name;
    return "";
}

static void add_types(struct buffer *sql, const struct load_plan *plan,
                      bool cast) {
    for (size_t i = 0; i < plan->count; i++) {
        const struct load_column *c = &plan->columns[i];
        buffer_printf(sql, "%s%s", i ? ", " : "", c->name);
        if (!cast)
            buffer_printf(sql, " %s", c->type);
        else if (c->cast)
            buffer_printf(sql, "::%s as %s", c->cast, c->name);
    }
}

static void add_changes(struct buffer *sql, const struct load_plan *plan) {
    const char *key = first_key(plan);
    buffer_text(sql, "create temp table import_change on commit drop as"
                     " select s.*, ");
    add_columns(sql, plan, KEYS, "d.", " as old_", ", ");
    if (plan->remember)
        buffer_printf(sql, ", d.%s as old_%s", plan->remember, plan->remember);
    buffer_printf(sql,
                  ", case when d.%s is null then 'added'"
                  " when s.%s is null then 'removed' else 'updated' end"
                  " as change from (select ",
                  key, key);
    add_types(sql, plan, true);
    buffer_printf(sql, " from import_staging) s %s join %s d on ",
                  plan->replace ? "full" : "left", plan->table);
    add_columns(sql, plan, KEYS, "d.", " = s.", " and ");
    buffer_printf(sql, " where d.%s is null or s.%s is null or (", key, key);
    add_columns(sql, plan, OTHERS, "d.", NULL, ", ");
    buffer_text(sql, ") is distinct from (");
    add_columns(sql, plan, OTHERS, "s.", NULL, ", ");
    buffer_text(sql, ");");
}

/* In the order of all who lock rows; of a large table nobody waits for any
 * (learn_running()). */
static void add_locks(struct buffer *sql, const struct load_plan *plan) {
    if (plan->large)
        return;
    buffer_printf(sql, "select from %s t join import_change c on ",
                  plan->table);
    add_columns(sql, plan, KEYS, "t.", " = c.old_", " and ");
    buffer_text(sql, " order by ");
    add_columns(sql, plan, KEYS, "t.", NULL, ", ");
    buffer_text(sql, " for update of t;");
}

static void add_writes(struct buffer *sql, const struct load_plan *plan) {
    add_locks(sql, plan);
    buffer_printf(sql,
                  "delete from %s t using import_change c"
                  " where c.change = 'removed' and ",
                  plan->table);
    add_columns(sql, plan, KEYS, "t.", " = c.old_", " and ");
    buffer_printf(sql, "; update %s t set ", plan->table);
    add_columns(sql, plan, OTHERS, "", " = c.", ", ");
    buffer_text(sql, " from import_change c where c.change = 'updated' and ");
    add_columns(sql, plan, KEYS, "t.", " = c.", " and ");
    buffer_printf(sql, "; insert into %s (", plan->table);
    add_columns(sql, plan, ALL, "", NULL, ", ");
    buffer_text(sql, ") select ");
    add_columns(sql, plan, ALL, "", NULL, ", ");
    buffer_text(sql, " from import_change where change = 'added' order by ");
    add_columns(sql, plan, KEYS, "", NULL, ", ");
    buffer_text(sql, ";");
}

/* ---- the steps ---- */

static enum outcome sql_run(struct load *load, struct buffer *sql) {
    enum outcome outcome = run_database(
        load->run, db_script(load->run->db, (const char *)sql->data));
    buffer_free(sql);
    return outcome;
}

static enum outcome sql_run_text(struct load *load, const char *text) {
    struct buffer sql = {0};
    buffer_text(&sql, text);
    return sql_run(load, &sql);
}

/* One import at a time; the joins and indexes get more memory than is usual
 * for a statement. */
static const char load_settings[] = "set local work_mem = '256MB';"
                                    "set local maintenance_work_mem = '512MB';"
                                    "select pg_advisory_xact_lock("
                                    "advisory_lock('import'))";

static enum outcome try_direct(struct load *load) {
    static const struct db_statement statement = {
        "begin_direct_load", "select begin_direct_load($1::regclass)"};
    struct verb_run *run = load->run;
    struct db_params params = DB_PARAMS(run->arena);
    db_text(&params, load->plan.table);
    struct db_rows *rows;
    enum outcome outcome = run_query(run, &statement, &params, &rows);
    if (outcome == DONE && !db_is_null(rows, 0, 0))
        load->indexes = db_get_text(rows, 0, 0);
    return outcome;
}

static enum outcome begin_copy(struct load *load) {
    struct buffer sql = {0};
    if (!load->indexes) {
        buffer_text(&sql, "create temp table import_staging (");
        add_types(&sql, &load->plan, false);
        buffer_text(&sql, ") on commit drop;");
    }
    buffer_printf(&sql, "copy %s (",
                  load->indexes ? load->plan.table : "import_staging");
    add_columns(&sql, &load->plan, ALL, "", NULL, ", ");
    buffer_printf(&sql, ") from stdin (format binary%s)",
                  load->indexes ? ", freeze" : "");
    return sql_run(load, &sql);
}

enum outcome load_begin(struct load *load) {
    /* signature, flags, length of more; the NUL at the end is part of it */
    static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
    load->loaded = 0;
    load->indexes = NULL;
    load->rows.len = 0;
    enum outcome outcome = sql_run_text(load, load_settings);
    if (outcome == DONE && load->plan.large)
        outcome = try_direct(load);
    if (outcome == DONE)
        outcome = begin_copy(load);
    buffer_add(&load->rows, span_of(header, sizeof header));
    return outcome;
}

/* ---- rows: PostgreSQL's binary COPY format ---- */

void load_row_begin(struct load *load) {
    field_put_number(&load->rows, load->plan.count, 2);
}

void load_null(struct load *load) {
    field_put_number(&load->rows, UINT32_MAX, 4);
}

size_t load_value_begin(struct load *load) {
    field_put_number(&load->rows, 0, 4);
    return load->rows.len;
}

void load_value_end(struct load *load, size_t begun) {
    size_t len = load->rows.len - begun;
    for (size_t i = 1; i <= 4; i++, len >>= 8)
        load->rows.data[begun - i] = (uint8_t)len;
}

static enum outcome send_rows(struct load *load) {
    enum outcome outcome = run_database(
        load->run, db_copy_feed(load->run->db, buffer_span(&load->rows)));
    load->rows.len = 0;
    return outcome;
}

enum outcome load_row_end(struct load *load) {
    load->loaded++;
    return load->rows.len < PIECE ? DONE : send_rows(load);
}

/* ---- the end ---- */

static enum outcome count_changes(struct load *load,
                                  struct load_result *result) {
    static const struct db_statement statement = {
        "count_changes", "select count(*) filter (where change = 'added'),"
                         " count(*) filter (where change = 'updated'),"
                         " count(*) filter (where change = 'removed')"
                         " from import_change"};
    struct verb_run *run = load->run;
    struct db_rows *rows;
    enum outcome outcome = run_query(run, &statement, NULL, &rows);
    if (outcome == DONE) {
        result->added = (uint64_t)db_get_int(rows, 0, 0);
        result->updated = (uint64_t)db_get_int(rows, 0, 1);
        result->removed = (uint64_t)db_get_int(rows, 0, 2);
    }
    return outcome;
}

/* What the file alone does not show. */
static enum outcome load_judge(const struct load *load) {
    const struct db_statement statement = {"load_unfit", load->plan.unfit};
    struct verb_run *run = load->run;
    struct db_rows *rows;
    enum outcome outcome = run_query(run, &statement, NULL, &rows);
    if (outcome != DONE || db_is_null(rows, 0, 0))
        return outcome;
    (void)run_refuse(run, "%s: %s", run->argument, db_get_text(rows, 0, 0));
    return FAILED;
}

static enum outcome load_merge(struct load *load, struct load_result *result) {
    struct buffer sql = {0};
    progress_bar_phase(load->bar, "comparing with what is there");
    buffer_text(&sql, "analyze import_staging;");
    add_changes(&sql, &load->plan);
    buffer_text(&sql, "analyze import_change;");
    enum outcome outcome = sql_run(load, &sql);
    if (outcome == DONE)
        outcome = count_changes(load, result);
    if (outcome != DONE)
        return outcome;
    progress_bar_phase(load->bar, "writing what differs");
    add_writes(&sql, &load->plan);
    outcome = sql_run(load, &sql);
    if (outcome == DONE && load->plan.after_changes) {
        progress_bar_phase(load->bar, "deriving what depends on it");
        outcome = sql_run_text(load, load->plan.after_changes);
    }
    if (outcome == DONE && load->plan.unfit)
        outcome = load_judge(load);
    return outcome;
}

static enum outcome index_and_derive(struct load *load,
                                     struct load_result *result) {
    struct buffer sql = {0};
    result->added = load->loaded;
    progress_bar_phase(load->bar, "building indexes");
    buffer_printf(&sql, "%s analyze %s;", load->indexes, load->plan.table);
    enum outcome outcome = sql_run(load, &sql);
    if (outcome == DONE && load->plan.after_all) {
        progress_bar_phase(load->bar, "deriving what depends on it");
        outcome = sql_run_text(load, load->plan.after_all);
    }
    return outcome;
}

enum outcome load_sent(struct load *load) {
    field_put_number(&load->rows, UINT16_MAX, 2);
    enum outcome outcome = send_rows(load);
    if (outcome == DONE)
        outcome = run_database(load->run, db_copy_end(load->run->db));
    return outcome;
}

static enum outcome load_note(const struct load *load,
                              const struct load_result *result) {
    struct verb_run *run = load->run;
    return run_note(
        run, arena_printf(run->arena,
                          "%s%s: %" PRIu64 " loaded: %" PRIu64
                          " added, %" PRIu64 " updated, %" PRIu64 " removed",
                          run->argument, load->plan.replace ? " (whole)" : "",
                          result->loaded, result->added, result->updated,
                          result->removed));
}

enum outcome load_end(struct load *load, struct load_result *result) {
    *result = (struct load_result){.loaded = load->loaded};
    enum outcome outcome = load->indexes ? index_and_derive(load, result)
                                         : load_merge(load, result);
    return outcome == DONE ? load_note(load, result) : outcome;
}

void load_cancel(struct load *load) {
    load->rows.len = 0;
    field_put_number(&load->rows, UINT16_MAX, 2);
    (void)db_copy_feed(load->run->db, buffer_span(&load->rows));
    (void)db_copy_end(load->run->db);
}

void load_close(struct load *load) {
    buffer_free(&load->rows);
}

void load_print(struct verb_run *run, const char *what,
                const struct load_result *result) {
    if (run->options.json) {
        run_print_json(run, json_pack("{s:I, s:I, s:I, s:I}", "loaded",
                                      (json_int_t)result->loaded, "added",
                                      (json_int_t)result->added, "updated",
                                      (json_int_t)result->updated, "removed",
                                      (json_int_t)result->removed));
        return;
    }
    buffer_printf(run->out,
                  "%s: %" PRIu64 " loaded: %" PRIu64 " added, %" PRIu64
                  " updated, %" PRIu64 " removed, %" PRIu64 " as before.\n",
                  what, result->loaded, result->added, result->updated,
                  result->removed,
                  result->loaded - result->added - result->updated);
}
