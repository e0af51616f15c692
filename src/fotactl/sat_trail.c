#include "fotactl/sat_trail.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_SEALS = 5000,    /* read at a time */
    MOST_ENTRIES = 200000 /* of them, together, unless one has more */
};

/* In the order of find_seals. */
struct seal_row {
    const char *text;
    int64_t seal, last, entries;
};

struct walk {
    struct verb_run *run;
    struct trail_sink *sink;
    struct arena *arena; /* of what is in hand */
    struct trail_drop *drops;
    size_t drop_count;
    int64_t mark, up_to;      /* last seal that there must be, and is */
    int64_t after, last;      /* seal and entry that were passed last */
    int64_t entries_up_to;    /* of the seals in hand */
    struct seal_row *seals;   /* in hand */
    size_t seal_count, given; /* of them passed */
    bool passed;              /* something of this transaction was */
    bool refused;             /* by the sink */
    struct buffer text;
};

/* ---- the head ---- */

static enum outcome head_read(struct db *db, void *context) {
    static const struct db_statement end = {
        "sat_end", "select seal_no, coalesce((select max(seal_no) from"
                   " sat_seal), 0) from sat_mark"};
    static const struct db_statement drops = {
        "sat_drops", "select seal_no, coalesce(dropped_up_to, -1), coalesce("
                     "dropped_before, '-infinity') from sat_seal where"
                     " dropped_before is not null or dropped_up_to is not null"
                     " order by seal_no"};
    static const struct db_column columns[] = {
        DB_COLUMN(INT8, struct trail_drop, seal),
        DB_COLUMN(INT8, struct trail_drop, up_to),
        DB_COLUMN(INSTANT, struct trail_drop, before),
    };
    struct walk *w = context;
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &end, NULL, w->run->arena, &rows);
    if (outcome != DONE)
        return outcome;
    w->mark = db_get_int(rows, 0, 0);
    w->up_to = db_get_int(rows, 0, 1);
    outcome = db_run(db, &drops, NULL, w->run->arena, &rows);
    if (outcome != DONE)
        return outcome;
    w->drop_count = db_row_count(rows);
    w->drops =
        db_structs(rows, DB_COLUMNS(columns), sizeof *w->drops, w->run->arena);
    return DONE;
}

/* ---- entries ---- */

/* In the order of the columns of entries_copy(). */
enum {
    NUMBER,
    AT,
    KIND,
    REQUEST,
    DEVICE,
    PARTY,
    CSP,
    PERSON,
    CODE,
    DETAIL,
    RECORD,
    RECORD_TEXT,
    COLUMNS
};

static bool seal_give(struct walk *w) {
    struct trail_seal seal;
    const struct seal_row *row = &w->seals[w->given++];
    if (!trail_seal_read(span_text(row->text), &seal))
        return false;
    w->passed = true;
    return w->sink->seal(w->sink, &seal);
}

/* Seals that end before an entry have no more of it. */
static bool seals_give(struct walk *w, int64_t number) {
    bool good = true;
    while (good && w->given < w->seal_count &&
           (w->given == 0 || w->seals[w->given - 1].last < number))
        good = seal_give(w);
    return good;
}

static bool entry_pass(void *context, const struct span *f, size_t count) {
    struct walk *w = context;
    if (count != COLUMNS)
        return false;
    struct trail_fields fields = {.number = db_field_int8(f[NUMBER]),
                                  .at = db_field_instant(f[AT]),
                                  .kind = f[KIND],
                                  .has_request = f[REQUEST].data,
                                  .request = db_field_int8(f[REQUEST]),
                                  .has_device = f[DEVICE].data,
                                  .device = db_field_eui64(f[DEVICE]),
                                  .has_party = f[PARTY].data,
                                  .party = db_field_eui64(f[PARTY]),
                                  .csp = f[CSP],
                                  .person = f[PERSON],
                                  .code = f[CODE],
                                  .detail = f[DETAIL],
                                  .record = f[RECORD]};
    if (w->seal_count && !seals_give(w, fields.number)) {
        w->refused = true;
        return false;
    }
    trail_entry_write(&fields, &w->text);
    struct trail_entry entry = {.number = fields.number,
                                .at = fields.at,
                                .text = buffer_span(&w->text),
                                .has_record = f[RECORD].data,
                                .record_text = f[RECORD_TEXT]};
    if (f[RECORD].len == TRAIL_HASH)
        memcpy(entry.record, f[RECORD].data, TRAIL_HASH);
    w->passed = true;
    w->refused = !w->sink->entry(w->sink, &entry);
    return !w->refused;
}

/* Entries of these numbers, wherever they are, in their order. */
static enum outcome entries_copy(struct db *db, struct walk *w, int64_t first,
                                 int64_t last) {
    static const struct db_statement find = {
        "sat_entry_parts", "select parts_with('sat_entry', format("
                           "'entry_no between %s and %s', $1::bigint,"
                           " $2::bigint))"};
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    struct buffer sql = {0};
    struct db_rows *rows;
    const char **parts;
    db_int8(&params, first);
    db_int8(&params, last);
    enum outcome outcome = db_run(db, &find, &params, arena, &rows);
    size_t count =
        outcome == DONE ? db_get_texts(rows, 0, 0, arena, &parts) : 0;
    buffer_text(&sql, "copy (");
    for (size_t i = 0; i < count; i++)
        buffer_printf(&sql,
                      "%sselect entry_no, at, kind, request_no, device_id,"
                      " party, csp, person, code, detail, record, case when"
                      " record is not null then sat_record_text(at, entry_no)"
                      " end from \"%s\" where entry_no between %jd and %jd",
                      i ? " union all " : "", parts[i], (intmax_t)first,
                      (intmax_t)last);
    buffer_text(&sql, " order by 1) to stdout (format binary)");
    if (count)
        outcome = db_copy_out(db, (const char *)sql.data, entry_pass, w);
    buffer_free(&sql);
    arena_free(arena);
    return outcome;
}

/* ---- seals ---- */

static enum outcome seals_read(struct db *db, struct walk *w) {
    static const struct db_statement find = {
        "sat_seals", "select sat_seal_text(s), seal_no, last_no, entries"
                     " from sat_seal s where seal_no > $1 and seal_no <= $2"
                     " order by seal_no limit $3::integer"};
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct seal_row, text),
        DB_COLUMN(INT8, struct seal_row, seal),
        DB_COLUMN(INT8, struct seal_row, last),
        DB_COLUMN(INT8, struct seal_row, entries),
    };
    struct db_params params = DB_PARAMS(w->arena);
    void *seals;
    db_int8(&params, w->after);
    db_int8(&params, w->up_to);
    db_int4(&params, MOST_SEALS);
    enum outcome outcome = db_fetch(db, &find, &params, DB_COLUMNS(columns),
                                    sizeof *w->seals, &seals, &w->seal_count);
    w->seals = seals;
    w->given = 0;
    return outcome;
}

/* As many of them as have not too many entries together. */
static void seals_limit(struct walk *w) {
    int64_t together = 0;
    size_t count = 0;
    w->entries_up_to = w->last;
    while (count < w->seal_count &&
           (!count || together + w->seals[count].entries <= MOST_ENTRIES)) {
        together += w->seals[count].entries;
        if (w->seals[count].last > w->entries_up_to)
            w->entries_up_to = w->seals[count].last;
        count++;
    }
    w->seal_count = count;
}

/* What was dropped since the walk began is missing of what is still to come. */
static enum outcome drops_compare(struct db *db, struct walk *w) {
    static const struct db_statement find = {
        "sat_dropped_since",
        "select exists (select from sat_seal where seal_no > $1 and"
        " (dropped_before is not null or dropped_up_to is not null))"};
    struct db_params params = DB_PARAMS(w->arena);
    struct db_rows *rows;
    db_int8(&params, w->up_to);
    enum outcome outcome = db_run(db, &find, &params, w->arena, &rows);
    if (outcome == DONE && db_get_bool(rows, 0, 0)) {
        (void)run_refuse(w->run, "retention dropped entries meanwhile; "
                                 "run it again");
        outcome = FAILED;
    }
    return outcome;
}

/* What was passed cannot be passed again. */
static enum outcome walk_outcome(struct walk *w, enum outcome outcome) {
    if (w->refused && !w->run->problem)
        (void)run_refuse(w->run, "it cannot be passed on");
    return w->refused || (outcome == RETRY && w->passed) ? FAILED : outcome;
}

static enum outcome seals_pass(struct db *db, void *context) {
    struct walk *w = context;
    arena_reset(w->arena);
    enum outcome outcome = drops_compare(db, w);
    if (outcome == DONE)
        outcome = seals_read(db, w);
    if (outcome != DONE || w->seal_count == 0)
        return outcome;
    seals_limit(w);
    if (w->entries_up_to > w->last)
        outcome = entries_copy(db, w, w->last + 1, w->entries_up_to);
    if (outcome == DONE && !w->refused && !seals_give(w, INT64_MAX))
        w->refused = true;
    if (outcome == DONE && !w->refused) {
        w->last = w->entries_up_to;
        w->after = w->seals[w->seal_count - 1].seal;
    }
    return walk_outcome(w, outcome);
}

/* What is not sealed yet. */
static enum outcome rest_pass(struct db *db, void *context) {
    struct walk *w = context;
    w->seal_count = 0;
    enum outcome outcome = drops_compare(db, w);
    if (outcome == DONE)
        outcome = entries_copy(db, w, w->last + 1, INT64_MAX);
    return walk_outcome(w, outcome);
}

enum outcome sat_trail_pass(struct verb_run *run, struct trail_sink *sink) {
    struct walk w = {.run = run, .sink = sink, .arena = arena_new()};
    enum outcome outcome = run_look(run, head_read, &w);
    struct trail_head head = {
        .drops = w.drops, .drop_count = w.drop_count, .last_seal = w.mark};
    if (outcome == DONE && !sink->head(sink, &head))
        outcome = FAILED;
    do {
        w.passed = false;
        if (outcome == DONE)
            outcome = run_look(run, seals_pass, &w);
    } while (outcome == DONE && w.seal_count);
    w.passed = false;
    if (outcome == DONE)
        outcome = run_look(run, rest_pass, &w);
    arena_free(w.arena);
    buffer_free(&w.text);
    return outcome;
}
