/*
 * The lines of fotad.conf. Whatever could be meant in two ways is refused: a
 * comment after a value, a key that is there twice, an indented line that looks
 * like a key, a section's name with anything behind it.
 */
#include "base/config_key.h"
#include "base/file.h"
#include "base/value.h"

#include <stdlib.h>

enum { MOST_LINE = 4096, MOST_CSP_NAME = 63, MOST_FAULTS = 20 };

struct reading {
    struct config *config;
    struct arena *arena;
    int line;
    const char *faults; /* what is wrong so far, "file:line: reason" each */
    int fault_count;
    bool passing;        /* the section is unknown: its keys are passed over */
    bool refused_key;    /* so are the lines that go on with one refused */
    const char *section; /* NULL: there was none yet */
    void *owner;         /* the struct that its keys are in */
    const struct config_key *keys;
    /* The key in hand, whose value may go on in the next line; NULL: none. */
    const struct config_key *key;
    const char *value;
    int key_line;
};

__attribute__((format(printf, 3, 4))) static bool line_refuse(
    struct reading *r, int line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *reason = arena_vprintf(r->arena, format, args);
    va_end(args);
    r->faults = config_fault_add(
        r->faults,
        arena_printf(r->arena, "%s:%d: %s", r->config->path, line, reason),
        r->arena);
    r->fault_count++;
    return false;
}

/* ---- a key and its value ---- */

/* What is in hand is whole. */
static bool key_end(struct reading *r) {
    const struct config_key *key = r->key;
    const char *why;
    r->key = NULL;
    if (!key || config_key_set(key, r->value, r->owner, r->arena, &why))
        return true;
    return line_refuse(r, r->key_line, "[%s] %s: %s", r->section, key->name,
                       why);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* Where a comment would begin after a value, if there were any. */
static const char *find_comment(const char *value) {
    for (const char *c = value; *c; c++)
        if ((*c == '#' || *c == ';') && (c == value || is_blank(c[-1])))
            return c;
    return NULL;
}

/* Adds to the value in hand; "" for none so far. */
static bool value_take(struct reading *r, const char *more) {
    const char *comment = find_comment(more);
    if (comment)
        return line_refuse(r, r->line,
                           "[%s] %s: '%c' after a blank: is it a comment or of "
                           "the value? A comment has a line of its own; a "
                           "secret with it goes into a file (file:/path)",
                           r->section, r->key->name, *comment);
    r->value = *r->value ? arena_printf(r->arena, "%s %s", r->value, more)
                         : arena_text(r->arena, span_text(more));
    if (strlen(r->value) > MOST_LINE)
        return line_refuse(r, r->key_line, "[%s] %s: longer than %d octets",
                           r->section, r->key->name, MOST_LINE);
    return true;
}

/* The name before '=' in `line`, or NULL; `*value` is what follows. */
static const char *name_of(struct reading *r, const char *line,
                           const char **value) {
    const char *equals = strchr(line, '=');
    if (!equals)
        return NULL;
    size_t len = (size_t)(equals - line);
    while (len && is_blank(line[len - 1]))
        len--;
    *value = equals + 1 + strspn(equals + 1, " \t");
    return len ? arena_text(r->arena, span_of(line, len)) : NULL;
}

static bool key_begin(struct reading *r, const char *line) {
    const char *value, *name = name_of(r, line, &value);
    if (r->passing)
        return true;
    if (!name)
        return line_refuse(r, r->line, "not a key = value line");
    if (!r->section)
        return line_refuse(r, r->line, "'%s' is in no [section]", name);
    r->key = config_key_find(
        r->keys, r->keys == config_csp_keys ? "csp" : r->section, name);
    if (!r->key)
        return line_refuse(r, r->line, "unknown key '%s' in [%s]", name,
                           r->section);
    int *place = (int *)(void *)((char *)r->owner + r->key->line_offset);
    if (*place)
        return line_refuse(r, r->line, "[%s] %s is in line %d already",
                           r->section, name, *place);
    r->key_line = *place = r->line;
    r->value = "";
    return value_take(r, value);
}

static bool key_go_on(struct reading *r, const char *line) {
    const char *value, *name;
    if (r->passing || r->refused_key)
        return true;
    if (!r->key)
        return line_refuse(r, r->line,
                           "begins with a blank, but there is no "
                           "value above that could go on here");
    name = name_of(r, line, &value);
    if (name && config_key_find(r->keys, r->key->section, name))
        return line_refuse(r, r->line,
                           "'%s' is indented: is it a key, or does '%s' go on? "
                           "A key begins its line",
                           name, r->key->name);
    return value_take(r, line);
}

/* ---- sections ---- */

static bool is_csp_name(const char *name) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t len = strlen(name);
    return len && len <= MOST_CSP_NAME && strspn(name, letters) == len;
}

static bool csp_begin(struct reading *r, const char *name) {
    struct config *config = r->config;
    r->keys = config_csp_keys;
    if (!is_csp_name(name))
        return line_refuse(r, r->line,
                           "[csp %.80s]: the name of a CSP has 1 to %d letters "
                           "of ASCII, digits and - _ .",
                           name, MOST_CSP_NAME);
    for (size_t i = 0; i < config->csp_count; i++)
        if (strcmp(config->csps[i].name, name) == 0) {
            r->owner = &config->csps[i];
            return true;
        }
    if (config->csp_count == CONFIG_MOST_CSPS)
        return line_refuse(r, r->line, "more than %d [csp NAME] sections",
                           CONFIG_MOST_CSPS);
    struct config_csp *csp = &config->csps[config->csp_count++];
    csp->name = name;
    csp->line = r->line;
    config_set_defaults(config_csp_keys, csp, r->arena);
    r->owner = csp;
    return true;
}

static bool section_begin(struct reading *r, const char *line) {
    size_t len = strlen(line);
    if (line[len - 1] != ']' || strcspn(line, "]") != len - 1)
        return line_refuse(r, r->line,
                           "not a [section] line: it ends with ], "
                           "and a comment has a line of its own");
    r->section = arena_text(r->arena, span_of(line + 1, len - 2));
    if (strncmp(r->section, "csp ", 4) == 0)
        return csp_begin(r, r->section + 4);
    r->keys = config_keys;
    r->owner = r->config;
    for (const struct config_key *key = config_keys; key->name; key++)
        if (strcmp(key->section, r->section) == 0)
            return true;
    return line_refuse(r, r->line, "unknown section [%.80s]", r->section);
}

/* ---- lines ---- */

/* One that was refused is in hand no more, and takes its other lines with it.
 */
static void key_keep(struct reading *r, bool good) {
    if (good)
        return;
    r->key = NULL;
    r->refused_key = true;
}

/* A line that begins at its beginning: what was in hand is whole. */
static void line_begin(struct reading *r, const char *line) {
    bool good = true;
    key_end(r);
    r->refused_key = false;
    if (*line == '[')
        r->passing = !section_begin(r, line);
    else if (*line)
        good = key_begin(r, line);
    key_keep(r, good);
}

/* `text` is the line without its end. */
static void line_take(struct reading *r, char *text, size_t len) {
    while (len && (text[len - 1] == '\r' || is_blank(text[len - 1])))
        text[--len] = '\0';
    const char *line = text + strspn(text, " \t");
    if (len > MOST_LINE)
        line_refuse(r, r->line, "longer than %d octets", MOST_LINE);
    else if (strlen(text) != len || !value_is_text(span_text(line)))
        line_refuse(r, r->line, "not text in UTF-8 without control characters");
    else if (*line == '#' || *line == ';')
        return;
    else if (line == text || !*line)
        line_begin(r, line);
    else
        key_keep(r, key_go_on(r, line));
}

static void lines_take(struct reading *r, FILE *file) {
    static const char mark[] = "\xef\xbb\xbf"; /* some editors' */
    char *text = NULL;
    size_t room = 0;
    for (ssize_t len; r->fault_count < MOST_FAULTS &&
                      (len = getline(&text, &room, file)) >= 0;) {
        size_t skip = ++r->line == 1 && strncmp(text, mark, 3) == 0 ? 3 : 0;
        if (len && text[len - 1] == '\n')
            text[--len] = '\0';
        line_take(r, text + skip, (size_t)len - skip);
    }
    free(text);
    key_end(r);
}

bool config_file_read(struct config *config, struct arena *arena,
                      const char **faults) {
    struct reading r = {.config = config, .arena = arena};
    const char *fault = file_fault(arena, config->path);
    FILE *file = fault ? NULL : fopen(config->path, "re");
    if (file)
        lines_take(&r, file);
    if (!file || ferror(file))
        r.faults = arena_printf(arena, "%s: %s", config->path,
                                fault ? fault : "cannot be read");
    if (file)
        fclose(file);
    *faults = r.faults;
    return !r.faults;
}
