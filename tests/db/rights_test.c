/* fotad_daemon has the rights on tables that its programs need, and no other:
 * what is granted is held, column by column, against what the statements in
 * src/ and the functions and triggers that they lead to write. */
#include "support/check.h"
#include "support/files.h"
#include "support/pg.h"
#include "support/sql.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/embedded.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sql *owner;
static struct arena *arena;

/* ---- the words of a statement ---- */

/* Lower case; a text in quotes is one token, a parenthesis has the depth that
 * is outside of it. */
struct token {
    const char *text;
    int depth;
};

struct script {
    struct token *all;
    size_t count;
    int depth;
};

static bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

static void token_add(struct script *s, const char *text, size_t len) {
    char *copy = arena_alloc(arena, len + 1);
    for (size_t i = 0; i < len; i++)
        copy[i] = (char)tolower((unsigned char)text[i]);
    copy[len] = '\0';
    s->depth -= *text == ')' || *text == ']';
    s->all[s->count++] = (struct token){copy, s->depth};
    s->depth += *text == '(' || *text == '[';
}

/* The length of what is no token at p: space, comment, marks of a body. */
static size_t gap_len(const char *p) {
    if (isspace((unsigned char)*p))
        return 1;
    if (strncmp(p, "--", 2) == 0)
        return strcspn(p, "\n");
    if (*p == '$' && !isdigit((unsigned char)p[1])) {
        const char *end = strchr(p + 1, '$');
        return end ? (size_t)(end + 1 - p) : 1;
    }
    return 0;
}

/* A name in quotes is the name, a text keeps its first quote. */
static const char *token_read(struct script *s, const char *p) {
    size_t len = 1;
    const char *end = *p == '\'' || *p == '"' ? strchr(p + 1, *p) : NULL;
    if (end) {
        const char *text = p + (*p == '"');
        token_add(s, text, (size_t)(end - text));
        return end + 1;
    }
    if (is_word(*p))
        while (is_word(p[len]))
            len++;
    token_add(s, p, len);
    return p + len;
}

static struct script script_read(const char *text) {
    struct script s = {
        .all = arena_alloc(arena, (strlen(text) + 1) * sizeof *s.all)};
    while (*text) {
        size_t gap = gap_len(text);
        text = gap ? text + gap : token_read(&s, text);
    }
    return s;
}

static const char *word(const struct script *s, size_t i) {
    return i < s->count ? s->all[i].text : "";
}

static bool word_is(const struct script *s, size_t i, const char *text) {
    return strcmp(word(s, i), text) == 0;
}

static bool any_of(const struct script *s, size_t i, const char *const *texts) {
    for (; *texts; texts++)
        if (word_is(s, i, *texts))
            return true;
    return false;
}

/* ---- what a statement needs ---- */

/* `column` "*": all. A lock needs update on one column, whichever. */
static void need(const char *table, const char *privilege, const char *column) {
    sql_do(owner,
           "insert into need select '%s', '%s', '%s' where exists (select from"
           " pg_class where relname = '%s' and relkind in ('r', 'p', 'S')"
           " and relnamespace = 'public'::regnamespace) on conflict do nothing",
           table, privilege, column, table);
}

/* ( column, column ): where it ends. */
static size_t columns_read(const struct script *s, size_t i, const char *table,
                           const char *privilege) {
    for (; i < s->count && !word_is(s, i, ")"); i++)
        if (is_word(*word(s, i)))
            need(table, privilege, word(s, i));
    return i;
}

/* Is the token the end of what stands at that depth? */
static bool part_ends(const struct script *s, size_t i, int depth) {
    static const char *const ends[] = {";",    "where", "returning", "group",
                                       "loop", "order", "limit",     NULL};
    if (i >= s->count || s->all[i].depth < depth)
        return true;
    if (s->all[i].depth > depth)
        return false;
    return any_of(s, i, ends) ||
           (word_is(s, i, "from") && !word_is(s, i - 1, "distinct"));
}

/* After `set`. */
static void assignments_read(const struct script *s, size_t i,
                             const char *table) {
    int depth = i < s->count ? s->all[i].depth : 0;
    while (i < s->count) {
        if (word_is(s, i, "("))
            i = columns_read(s, i, table, "update");
        else
            need(table, "update", word(s, i));
        while (!part_ends(s, ++i, depth) &&
               !(word_is(s, i, ",") && s->all[i].depth == depth))
            continue;
        if (part_ends(s, i++, depth))
            return;
    }
}

static void conflict_read(const struct script *s, size_t i, const char *table) {
    int depth = s->all[i].depth;
    bool conflict = false;
    for (; i < s->count && s->all[i].depth >= depth && !word_is(s, i, ";");
         i++) {
        conflict =
            conflict || (word_is(s, i, "on") && word_is(s, i + 1, "conflict"));
        if (conflict && word_is(s, i, "do") && word_is(s, i + 1, "update"))
            return assignments_read(s, i + 3, table);
    }
}

static void insert_read(const struct script *s, size_t i) {
    static const char *const rows[] = {"select", "with", "values", NULL};
    const char *table = word(s, i + 2);
    size_t next = i + 3;
    if (word_is(s, next, "as"))
        next += 2;
    if (word_is(s, next, "(") && !any_of(s, next + 1, rows))
        columns_read(s, next, table, "insert");
    else
        need(table, "insert", "*");
    conflict_read(s, i, table);
}

static void update_read(const struct script *s, size_t i) {
    size_t set = i + 2;
    if (word_is(s, set, "as"))
        set++;
    if (!word_is(s, set, "set"))
        set++;
    if (word_is(s, set, "set"))
        assignments_read(s, set + 1, word(s, i + 1));
}

static bool lock_names(const struct script *s, size_t of, const char *name) {
    do
        if (word_is(s, ++of, name))
            return true;
    while (word_is(s, ++of, ","));
    return false;
}

/* The tables of the `from` before that, all or those after `of`. */
static void lock_read(const struct script *s, size_t i) {
    static const char *const before[] = {"from", "join", ",", "(", NULL};
    int depth = s->all[i].depth;
    size_t from = i, of = i;
    while (from && (s->all[from].depth > depth || from == i ||
                    !part_ends(s, from, depth) || !word_is(s, from, "from")))
        from--;
    while (!word_is(s, of, "update") && !word_is(s, of, "share"))
        of++;
    of = word_is(s, of + 1, "of") ? of + 1 : 0;
    for (size_t m = from + 1; m < i && !part_ends(s, m, depth); m++) {
        size_t alias = m + 1 + word_is(s, m + 1, "as");
        if (any_of(s, m - 1, before) && is_word(*word(s, m)) &&
            (!of || lock_names(s, of, word(s, alias)) ||
             lock_names(s, of, word(s, m))))
            need(word(s, m), "lock", "*");
    }
}

static bool is_lock(const struct script *s, size_t i) {
    static const char *const strengths[] = {"update", "share", "no", "key",
                                            NULL};
    return word_is(s, i, "for") && any_of(s, i + 1, strengths);
}

static void statements_read(const struct script *s) {
    static const char *const no_update[] = {"for",    "do",    "key", "or",
                                            "before", "after", NULL};
    for (size_t i = 0; i < s->count; i++)
        if (word_is(s, i, "insert") && word_is(s, i + 1, "into"))
            insert_read(s, i);
        else if (word_is(s, i, "delete") && word_is(s, i + 1, "from"))
            need(word(s, i + 2), "delete", "*");
        else if (word_is(s, i, "truncate") || word_is(s, i, "merge"))
            need(word(s, i + 1), word(s, i), "*");
        else if (word_is(s, i, "nextval"))
            need(word(s, i + 2) + 1, "usage", "*");
        else if (word_is(s, i, "update") && !any_of(s, i - 1, no_update))
            update_read(s, i);
        else if (is_lock(s, i))
            lock_read(s, i);
}

/* ---- the functions that it leads to ---- */

static void calls_read(const struct script *s) {
    struct buffer names = {0};
    for (size_t i = 0; i + 1 < s->count; i++)
        if (is_word(*word(s, i)) && word_is(s, i + 1, "("))
            buffer_printf(&names, "%s ", word(s, i));
    if (names.len)
        sql_do(owner,
               "insert into reached select p.oid from pg_proc p"
               " where p.pronamespace = 'public'::regnamespace and p.prokind"
               " = 'f' and p.proname = any (string_to_array('%s', ' '))"
               " on conflict do nothing",
               (const char *)names.data);
    buffer_free(&names);
}

static void text_read(const char *text) {
    struct script s = script_read(text);
    calls_read(&s);
    statements_read(&s);
}

/* What triggers of the owner's tables do, they do with the rights of whoever
 * wrote. */
static void triggers_read(void) {
    sql_do(owner,
           "insert into reached select t.tgfoid from pg_trigger t"
           " join pg_class c on c.oid = t.tgrelid join need n"
           " on n.name = c.relname and (n.privilege = 'insert'"
           " and t.tgtype & 4 <> 0 or n.privilege = 'delete'"
           " and t.tgtype & 8 <> 0 or n.privilege = 'update'"
           " and t.tgtype & 16 <> 0 and (t.tgattr::text = '' or exists (select"
           " from pg_attribute a where a.attrelid = c.oid and a.attname = n.col"
           " and a.attnum = any (t.tgattr))))"
           " where not t.tgisinternal on conflict do nothing");
}

/* The defaults of columns that no statement names. */
static void defaults_read(void) {
    sql_do(owner,
           "insert into need select s.relname, 'usage', '*' from need n"
           " join pg_attrdef f on f.adrelid = to_regclass(n.name)"
           " join pg_attribute a on a.attrelid = f.adrelid and a.attnum ="
           " f.adnum join pg_depend d on d.classid = 'pg_attrdef'::regclass"
           " and d.objid = f.oid join pg_class s on s.oid = d.refobjid"
           " and s.relkind = 'S' where n.privilege = 'insert'"
           " and pg_get_expr(f.adbin, f.adrelid) ~ 'nextval' and not exists"
           " (select from need named where named.name = n.name and"
           " named.privilege = 'insert' and named.col = a.attname)"
           " on conflict do nothing");
}

/* One with the rights of the owner needs none; one that the daemon may not call
 * is not called. */
static bool function_read(void) {
    const char *oid = sql_find(
        owner, "update reached set is_read = true where oid = (select oid from"
               " reached where not is_read limit 1) returning oid");
    if (!oid)
        return false;
    const char *text = sql_text(
        owner,
        "select case when not prosecdef and has_function_privilege("
        "'fotad_daemon', oid, 'execute') then pg_get_functiondef(oid) end"
        " from pg_proc where oid = %s",
        oid);
    /* its own name is no call */
    text_read(text + strcspn(text, ")"));
    return true;
}

/* ---- the statements of the programs ---- */

/* What the owner alone runs: fotactl's imports, thresholds and migrations; and
 * what is no part of the installation. */
static bool is_of_owner(const char *path) {
    static const char *const files[] = {"src/fotasim/",
                                        "src/db/migrate.c",
                                        "src/fotactl/load.c",
                                        "src/fotactl/certificates.c",
                                        "src/fotactl/imports.c",
                                        "src/fotactl/crl.c",
                                        "src/fotactl/setup.c",
                                        "src/fotactl/thresholds.c",
                                        "src/fotactl/csv_",
                                        "src/fotactl/certificate_files.c",
                                        NULL};
    for (const char *const *file = files; *file; file++)
        if (strncmp(path, *file, strlen(*file)) == 0)
            return true;
    return false;
}

/* The texts in quotes of a C file; those that follow each other are one. */
static void texts_read(const char *c) {
    struct buffer text = {0};
    buffer_text(&text, "");
    for (; *c; c++) {
        if (c[0] == '/' && c[1] == '*') {
            c = strstr(c, "*/") + 1;
        } else if (c[0] == '/' && c[1] == '/') {
            c = strchr(c, '\n');
        } else if (*c == '\'') {
            c = strchr(c + (c[1] == '\\' ? 3 : 2), '\'');
        } else if (*c == '"') {
            for (c++; *c != '"'; c++)
                if (*c == '\\' && *++c)
                    buffer_text(&text, " ");
                else
                    buffer_add(&text, span_of(c, 1));
        } else if (!isspace((unsigned char)*c) && text.len) {
            text_read((char *)text.data);
            text.len = 0;
        }
    }
    buffer_free(&text);
}

static void programs_read(void) {
    glob_t found;
    assert_int_equal(glob("src/*/*.[ch]", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++)
        if (!is_of_owner(found.gl_pathv[i])) {
            struct buffer file = {0};
            file_read(found.gl_pathv[i], &file);
            buffer_text(&file, "\n");
            texts_read((const char *)file.data);
            buffer_free(&file);
        }
    globfree(&found);
}

/* What programs of the release before call, and this one's do not. */
static void release_before_read(void) {
    struct span dropped = embedded_file("sql/dropped.sql");
    struct script s = script_read(arena_text(arena, dropped));
    for (size_t i = 0; i < s.count; i++)
        if (word_is(&s, i, "replace") && word_is(&s, i + 1, "function")) {
            const char *call = arena_printf(arena, "%s()", word(&s, i + 2));
            text_read(call);
        }
}

/* ---- compared ---- */

static void find_needs(void) {
    sql_do(owner, "create temp table need (name text, privilege text, col text,"
                  " primary key (name, privilege, col));"
                  "create temp table reached (oid oid primary key,"
                  " is_read boolean default false)");
    programs_read();
    release_before_read();
    do
        triggers_read();
    while (function_read());
    defaults_read();
}

/* Of a part of a table nothing is needed. */
static void find_granted(void) {
    sql_do(owner,
           "create temp view granted as with relation as (select oid, relname,"
           " relkind from pg_class where relkind in ('r', 'p', 'v', 'S')"
           " and relnamespace = 'public'::regnamespace)"
           " select relname::text as name, privilege, attname::text as col"
           " from relation r join pg_attribute a on a.attrelid = r.oid"
           " and a.attnum > 0 and not a.attisdropped"
           " cross join unnest(array['insert', 'update']) privilege"
           " where relkind <> 'S' and has_column_privilege('fotad_daemon',"
           " r.oid, a.attnum, privilege)"
           " union all select relname, privilege, '*' from relation"
           " cross join unnest(array['delete', 'truncate', 'references',"
           " 'trigger']) privilege where relkind <> 'S'"
           " and has_table_privilege('fotad_daemon', oid, privilege)"
           " union all select relname, 'usage', '*' from relation"
           " where case when relkind = 'S' then has_sequence_privilege("
           "'fotad_daemon', oid, 'usage, update') end");
}

static int setup(void **state) {
    (void)state;
    arena = arena_new();
    owner = sql_open(pg_fresh_database());
    find_needs();
    find_granted();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    sql_close(owner);
    arena_free(arena);
    return 0;
}

/* All columns are named one by one, and a generated one is no matter. */
static void nothing_is_missing(void **state) {
    (void)state;
    assert_string_equal(
        sql_rows(owner,
                 "select n.privilege, n.name, a.col from need n"
                 " cross join lateral (select n.col where n.col <> '*' or"
                 " n.privilege not in ('insert', 'update') union all"
                 " select attname from pg_attribute where n.col = '*'"
                 " and n.privilege in ('insert', 'update') and attnum > 0"
                 " and attrelid = n.name::regclass and not attisdropped) a"
                 " where not exists (select from granted g where g.name ="
                 " n.name and (g.privilege, g.col) = (n.privilege, a.col)"
                 " or n.privilege = 'lock' and g.privilege = 'update'"
                 " and g.name = n.name) order by 2, 1, 3"),
        "");
}

/* Where a row is locked and not updated, one column may be. */
static void nothing_is_needless(void **state) {
    (void)state;
    assert_string_equal(
        sql_rows(owner,
                 "select privilege, name, string_agg(col, ', ' order by col)"
                 " from granted d where not exists (select from need n where"
                 " n.name = d.name and n.privilege = d.privilege and n.col in"
                 " ('*', d.col)) and not (privilege = 'update' and exists"
                 " (select from need n where n.name = d.name and n.privilege ="
                 " 'lock') and 1 = (select count(*) from granted g where g.name"
                 " = d.name and g.privilege = 'update'))"
                 " group by 2, 1 order by 2, 1"),
        "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_missing),
        cmocka_unit_test(nothing_is_needless),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
