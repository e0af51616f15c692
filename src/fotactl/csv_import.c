#include "fotactl/csv_import.h"

#include "base/file.h"
#include "fotactl/csv_reader.h"
#include "fotactl/key_set.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ABSENT = -1 };

struct importing {
    struct verb_run *run;
    const struct csv_import *import;
    int fd, tries;
    enum outcome stopped_by; /* FAILED, unless the database says RETRY */
    bool has_header;
    size_t file_columns;        /* in the header line */
    int from[CSV_MOST_COLUMNS]; /* column of the file, or ABSENT */
    bool sent[CSV_MOST_COLUMNS];
    struct load_column columns[CSV_MOST_COLUMNS]; /* those that are sent */
    struct load load;
    struct load_result result;
    struct progress_bar bar;
    struct csv_reader reader;
    struct key_set keys;
    struct buffer key; /* of this line */
};

/* ---- what is wrong, and where ---- */

/* False, for the caller to return. */
static bool refuse_line(struct importing *i, uint64_t line, const char *column,
                        const char *reason) {
    (void)run_refuse(i->run,
                     "%s:%ju: %s%s%s%s; correct the file and import it again: "
                     "nothing was loaded",
                     i->run->argument, (uintmax_t)line, column ? "column " : "",
                     column ? column : "", column ? ": " : "", reason);
    i->stopped_by = FAILED;
    return false;
}

/* The file cannot be read at all. */
static bool refuse_file(struct importing *i, const char *reason) {
    (void)run_refuse(i->run, "%s: %s; nothing was loaded", i->run->argument,
                     reason);
    i->stopped_by = FAILED;
    return false;
}

static bool refuse_value(struct importing *i, uint64_t line, size_t column,
                         struct span value) {
    struct buffer reason = {0};
    const struct csv_column *c = &i->import->columns[column];
    field_say_wrong(c->kind, value, &reason);
    refuse_line(i, line, c->name, (const char *)reason.data);
    buffer_free(&reason);
    return false;
}

/* ---- the header line ---- */

static int find_column(const struct csv_import *import, struct span name) {
    for (size_t i = 0; i < import->count; i++)
        if (span_equal(name, span_text(import->columns[i].name)))
            return (int)i;
    return -1;
}

static bool take_name(struct importing *i, uint64_t line, struct span name,
                      int at) {
    struct arena *arena = i->run->arena;
    int column = find_column(i->import, name);
    if (column < 0) {
        struct buffer reason = {0};
        static const struct field_kind known = {.expected =
                                                    "a column of this file"};
        field_say_wrong(&known, name, &reason);
        refuse_line(i, line, NULL, (const char *)reason.data);
        buffer_free(&reason);
        return false;
    }
    if (i->from[column] != ABSENT)
        return refuse_line(i, line, arena_text(arena, name),
                           "is in the header line twice");
    i->from[column] = at;
    return true;
}

/* What else than a comma separates the names, as programs for tables in some
 * countries write them; 0: nothing. */
static char separator_of(struct span header) {
    static const char separators[] = ";\t|";
    for (size_t i = 0; separators[i]; i++)
        if (header.len && memchr(header.data, separators[i], header.len))
            return separators[i];
    return 0;
}

static bool take_names(struct importing *i, uint64_t line,
                       const struct span *fields, size_t count) {
    char other = count == 1 ? separator_of(fields[0]) : 0;
    if (other)
        return refuse_line(
            i, line, NULL,
            arena_printf(i->run->arena,
                         "the columns are separated by %s: "
                         "save the file with commas between them",
                         other == '\t'
                             ? "tabs"
                             : arena_printf(i->run->arena, "'%c'", other)));
    if (count > CSV_MOST_FIELDS)
        return refuse_line(i, line, NULL, "there are too many columns");
    for (size_t c = 0; c < CSV_MOST_COLUMNS; c++)
        i->from[c] = ABSENT;
    for (size_t f = 0; f < count; f++)
        if (!take_name(i, line, fields[f], (int)f))
            return false;
    for (size_t c = 0; c < i->import->count; c++)
        if (i->from[c] == ABSENT &&
            i->import->columns[c].presence != CSV_OPTIONAL)
            return refuse_line(i, line, i->import->columns[c].name,
                               "is missing in the header line");
    i->file_columns = count;
    return true;
}

/* A full new state has every column; an update, those of the file. */
static void plan_columns(struct importing *i) {
    struct load_plan *plan = &i->load.plan;
    plan->count = 0;
    for (size_t c = 0; c < i->import->count; c++) {
        const struct csv_column *column = &i->import->columns[c];
        i->sent[c] = i->from[c] != ABSENT || plan->replace;
        if (!i->sent[c])
            continue;
        i->columns[plan->count++] =
            (struct load_column){column->sql ? column->sql : column->name,
                                 column->kind->type, column->cast, column->key};
    }
}

static bool check_database(struct importing *i, enum outcome outcome) {
    i->stopped_by = outcome;
    return outcome == DONE;
}

static bool take_header(struct importing *i, uint64_t line,
                        const struct span *fields, size_t count) {
    const struct csv_import *import = i->import;
    if (!take_names(i, line, fields, count))
        return false;
    i->has_header = true;
    i->load.plan = (struct load_plan){
        .table = import->table,
        .replace = i->run->options.replace,
        .large = import->large,
        .remember = import->remember,
        .after_all = import->after_all,
        .after_changes = import->after_changes,
        .unfit = import->unfit,
        .columns = i->columns,
    };
    plan_columns(i);
    return check_database(i, load_begin(&i->load));
}

/* ---- a line ---- */

static void add_key(struct importing *i, size_t begun) {
    const struct buffer *rows = &i->load.rows;
    if (i->key.len)
        buffer_add(&i->key, span_of("", 1));
    buffer_add(&i->key, span_of(rows->data + begun, rows->len - begun));
}

static bool put_value(struct importing *i, uint64_t line, size_t c,
                      struct span value) {
    const struct csv_column *column = &i->import->columns[c];
    struct load *load = &i->load;
    if (!value.len && column->presence == CSV_VALUE)
        return refuse_line(i, line, column->name, "must not be empty");
    if (!value.len && !column->empty) {
        load_null(load);
        return true;
    }
    size_t begun = load_value_begin(load);
    if (!value.len)
        buffer_text(&load->rows, column->empty);
    else if (!column->kind->read(column->kind, value, &load->rows))
        return refuse_value(i, line, c, value);
    load_value_end(load, begun);
    if (column->key)
        add_key(i, begun);
    return true;
}

static size_t first_key(const struct csv_import *import) {
    size_t c = 0;
    while (!import->columns[c].key)
        c++;
    return c;
}

static bool refuse_twice(struct importing *i, uint64_t line,
                         const struct span *values, uint32_t first) {
    struct buffer text = {0};
    size_t column = first_key(i->import);
    field_show(values[column], &text);
    buffer_printf(&text, " is there twice: first in line %u", first);
    refuse_line(i, line, i->import->columns[column].name,
                (const char *)text.data);
    buffer_free(&text);
    return false;
}

static bool check_line(struct importing *i, uint64_t line,
                       const struct span *values) {
    size_t column = 0;
    const struct csv_record record = {values};
    const struct csv_import *import = i->import;
    const char *reason = import->check ? import->check(&record, &column) : NULL;
    if (reason)
        return refuse_line(i, line, import->columns[column].name, reason);
    uint32_t first =
        key_set_add(&i->keys, buffer_span(&i->key),
                    line < UINT32_MAX ? (uint32_t)line : UINT32_MAX);
    return !first || refuse_twice(i, line, values, first);
}

static bool take_line(struct importing *i, uint64_t line,
                      const struct span *fields, size_t count) {
    struct span values[CSV_MOST_COLUMNS];
    if (count != i->file_columns)
        return refuse_line(
            i, line, NULL,
            arena_printf(i->run->arena,
                         "the line has %zu fields, the header line "
                         "has %zu",
                         count, i->file_columns));
    i->key.len = 0;
    load_row_begin(&i->load);
    for (size_t c = 0; c < i->import->count; c++) {
        values[c] =
            i->from[c] == ABSENT ? span_of(NULL, 0) : fields[i->from[c]];
        if (i->sent[c] && !put_value(i, line, c, values[c]))
            return false;
    }
    if (!check_line(i, line, values) ||
        !check_database(i, load_row_end(&i->load)))
        return false;
    progress_bar_show(&i->bar, i->reader.octets, i->load.loaded, "lines");
    return true;
}

static bool on_record(void *context, uint64_t line, const struct span *fields,
                      size_t count) {
    struct importing *i = context;
    return i->has_header ? take_line(i, line, fields, count)
                         : take_header(i, line, fields, count);
}

/* ---- the transaction ---- */

static void import_forget(struct importing *i) {
    i->run->problem = NULL;
    i->has_header = false;
    key_set_free(&i->keys);
    const struct csv_column *key = &i->import->columns[first_key(i->import)];
    i->keys.arena = i->run->arena;
    i->keys.copies = key->kind != &FIELD_EUI64;
    for (size_t c = 0; c < i->import->count; c++)
        if (i->import->columns[c].key && &i->import->columns[c] != key)
            i->keys.copies = true;
}

/* Reads the file into the load; false leaves a problem. */
static bool read_file(struct importing *i) {
    uint64_t line = 0;
    const char *reason = NULL;
    i->reader.on_record = on_record;
    i->reader.context = i;
    if (i->tries++ && lseek(i->fd, 0, SEEK_SET) < 0)
        return refuse_file(i, strerror(errno));
    if (!csv_read(&i->reader, i->fd, &line, &reason))
        return line ? refuse_line(i, line, NULL, reason)
                    : refuse_file(i, reason);
    if (i->run->problem)
        return false;
    if (!i->has_header)
        return refuse_line(i, 1, NULL, "there is no header line");
    if (!i->load.loaded && i->load.plan.replace &&
        !i->import->may_replace_by_nothing)
        return refuse_line(
            i, 1, NULL,
            "only a header line; --replace would remove everything");
    return true;
}

static enum outcome import_begin(struct db *db, const struct importing *i) {
    const struct verb_statement *first = i->import->first;
    return first ? db_run(db, first->statement, first->params, i->run->arena,
                          NULL)
                 : DONE;
}

static enum outcome import_all(struct db *db, void *context) {
    struct importing *i = context;
    enum outcome begun = import_begin(db, i);
    if (begun != DONE)
        return begun;
    import_forget(i);
    if (!read_file(i)) {
        if (i->has_header)
            load_cancel(&i->load);
        return i->stopped_by;
    }
    enum outcome outcome = load_sent(&i->load);
    return outcome == DONE ? load_end(&i->load, &i->result) : outcome;
}

static bool open_file(struct importing *i) {
    struct stat status;
    const char *path = i->run->argument;
    i->fd = open(path, O_RDONLY | O_CLOEXEC);
    const char *fault = file_fault(i->run->arena, path);
    if (fault || fstat(i->fd, &status) != 0) {
        (void)run_refuse(i->run, "%s: %s", path,
                         fault ? fault : strerror(errno));
        return false;
    }
    progress_bar_begin(&i->bar, (uint64_t)status.st_size);
    return true;
}

enum outcome csv_import_run(struct verb_run *run,
                            const struct csv_import *import) {
    struct importing i = {.run = run, .import = import, .fd = -1};
    i.load.run = run;
    i.load.bar = &i.bar;
    enum outcome outcome = REFUSED;
    if (open_file(&i))
        outcome = run_database(run, db_transact(run->db, import_all, &i, true));
    progress_bar_end(&i.bar);
    if (i.fd >= 0)
        close(i.fd);
    load_close(&i.load);
    key_set_free(&i.keys);
    buffer_free(&i.key);
    if (outcome == DONE)
        load_print(run, import->what, &i.result);
    return outcome;
}
