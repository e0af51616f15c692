#include "base/config.h"

#include "base/lists.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>

struct loading {
    struct config *config;
    struct arena *arena;
    const char *path, *reason;
    FILE *file;
    int line;                /* the latest read */
    bool is_long;            /* it is too long */
    const char *key, *value; /* the latest, with what lines added */
};

struct key {
    const char *section, *name, *standard, *comment;
    bool (*read)(struct loading *, const char *value, void *field);
    size_t offset;
};

static bool refuse_value(struct loading *l, const char *value,
                         const char *expected) {
    l->reason = arena_printf(l->arena, "'%s' is not %s", value, expected);
    return false;
}

static bool read_TEXT(struct loading *l, const char *value, void *field) {
    *(const char **)field = arena_text(l->arena, span_text(value));
    return true;
}

static bool read_file(struct loading *l, const char *path, void *field) {
    char text[4096];
    FILE *file = fopen(path, "re");
    size_t len = file ? fread(text, 1, sizeof text, file) : 0;
    if (file)
        fclose(file);
    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    if (!len || len == sizeof text) {
        l->reason = arena_printf(l->arena,
                                 "the secret in %s cannot be read "
                                 "or is empty",
                                 path);
        return false;
    }
    *(const char **)field = arena_text(l->arena, span_of(text, len));
    return true;
}

static bool read_SECRET(struct loading *l, const char *value, void *field) {
    if (strncmp(value, "file:", 5) == 0)
        return read_file(l, value + 5, field);
    if (strncmp(value, "credential:", 11) != 0)
        return read_TEXT(l, value, field);
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    return read_file(
        l,
        arena_printf(l->arena, "%s/%s", directory ? directory : "", value + 11),
        field);
}

static bool read_BOOL(struct loading *l, const char *value, void *field) {
    bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0)
        return refuse_value(l, value, "yes or no");
    *(bool *)field = yes;
    return true;
}

/* A whole number with a suffix out of `units`, or none where `bare` is not
 * 0. */
static bool read_number(const char *value, const char *suffixes,
                        const int64_t *units, int64_t bare, int64_t most,
                        int64_t *number) {
    char *end;
    errno = 0;
    if (*value < '0' || *value > '9')
        return false;
    long long n = strtoll(value, &end, 10);
    int64_t unit = bare;
    const char *suffix = *end ? strchr(suffixes, *end) : NULL;
    if (suffix) {
        unit = units[suffix - suffixes];
        end++;
    }
    if (errno || *end || !unit || __builtin_mul_overflow(n, unit, number))
        return false;
    return *number >= 1 && *number <= most;
}

static bool read_COUNT(struct loading *l, const char *value, void *field) {
    int64_t number;
    if (!read_number(value, "", NULL, 1, INT32_MAX, &number))
        return refuse_value(l, value, "a whole number from 1");
    *(uint32_t *)field = (uint32_t)number;
    return true;
}

static bool read_SIZE(struct loading *l, const char *value, void *field) {
    static const int64_t units[] = {1 << 10, 1 << 20, 1 << 30};
    int64_t number;
    if (!read_number(value, "kmg", units, 1, INT64_C(1) << 40, &number))
        return refuse_value(l, value,
                            "a number of octets such as 768000 or 20m");
    *(size_t *)field = (size_t)number;
    return true;
}

bool config_read_duration(const char *text, instant *duration) {
    static const int64_t units[] = {SECOND, MINUTE, HOUR, DAY};
    return read_number(text, "smhd", units, 0, 3650 * DAY, duration);
}

static bool read_DURATION(struct loading *l, const char *value, void *field) {
    if (!config_read_duration(value, field))
        return refuse_value(l, value, "a duration such as 90s, 15m, 1h or 4d");
    return true;
}

static bool read_PAUSE(struct loading *l, const char *value, void *field) {
    if (strcmp(value, "0s") != 0)
        return read_DURATION(l, value, field);
    *(instant *)field = 0;
    return true;
}

static bool read_EUI64(struct loading *l, const char *value, void *field) {
    if (!eui64_parse(span_text(value), field))
        return refuse_value(l, value,
                            "an EUI-64 such as 90-B3-D5-1F-30-00-00-02");
    return true;
}

/* As gbcs_version() in sql/text.sql numbers it. */
static bool read_GBCS(struct loading *l, const char *value, void *field) {
    unsigned major = 0, minor = 0;
    char rest;
    int32_t *number = field;
    *number = 0;
    if (!*value)
        return true;
    if (sscanf(value, "%2u.%2u%c", &major, &minor, &rest) != 2)
        return refuse_value(l, value, "a GBCS version such as 4.0");
    *number = (int32_t)(major * 10000 + minor * 100);
    return true;
}

static bool read_LEVEL(struct loading *l, const char *value, void *field) {
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {{"error", LOG_LEVEL_ERROR},
                  {"warning", LOG_LEVEL_WARNING},
                  {"info", LOG_LEVEL_INFO},
                  {"debug", LOG_LEVEL_DEBUG}};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(levels[i].name, value) == 0) {
            *(enum log_level *)field = levels[i].level;
            return true;
        }
    return refuse_value(l, value, "error, warning, info or debug");
}

static const struct key keys[] = {
#define CONFIG(section, key, field, type, standard, comment)                   \
    {#section, #key,        standard,                                          \
     comment,  read_##type, offsetof(struct config, field)},
#include "base/config.def"
#undef CONFIG
    {0}};

static const struct key csp_keys[] = {
#define CONFIG(section, key, field, type, standard, comment)                   \
    {#section, #key,        standard,                                          \
     comment,  read_##type, offsetof(struct config_csp, field)},
#include "base/config_csp.def"
#undef CONFIG
    {0}};

static bool set_defaults(struct loading *l, const struct key *all, void *to) {
    for (const struct key *key = all; key->name; key++)
        if (!key->read(l, key->standard, (char *)to + key->offset))
            return false;
    return true;
}

static bool set_key(struct loading *l, const struct key *all, void *to,
                    const char *section, const char *name, const char *value) {
    for (const struct key *key = all; key->name; key++)
        if (strcmp(key->section, section) == 0 && strcmp(key->name, name) == 0)
            return key->read(l, value, (char *)to + key->offset);
    l->reason =
        arena_printf(l->arena, "unknown key '%s' in [%s]", name, section);
    return false;
}

static struct config_csp *find_csp(struct loading *l, const char *name) {
    struct config *config = l->config;
    for (size_t i = 0; i < config->csp_count; i++)
        if (strcmp(config->csps[i].name, name) == 0)
            return &config->csps[i];
    if (config->csp_count == CONFIG_MOST_CSPS) {
        l->reason = "too many [csp] sections";
        return NULL;
    }
    struct config_csp *csp = &config->csps[config->csp_count++];
    csp->name = arena_text(l->arena, span_text(name));
    return set_defaults(l, csp_keys, csp) ? csp : NULL;
}

/* An indented line goes on with the value of the line above: inih calls again
 * with the same key. */
static const char *whole_value(struct loading *l, const char *section,
                               const char *name, const char *value) {
    const char *key = arena_printf(l->arena, "%s.%s", section, name);
    bool goes_on = l->key && strcmp(l->key, key) == 0;
    l->key = key;
    l->value = goes_on ? arena_printf(l->arena, "%s %s", l->value, value)
                       : arena_text(l->arena, span_text(value));
    return l->value;
}

static int on_key(void *context, const char *section, const char *name,
                  const char *part) {
    struct loading *l = context;
    if (l->reason)
        return 0;
    const char *value = whole_value(l, section, name, part);
    if (strncmp(section, "csp ", 4) != 0)
        return set_key(l, keys, l->config, section, name, value);
    struct config_csp *csp = find_csp(l, section + 4);
    return csp && set_key(l, csp_keys, csp, "csp", name, value);
}

/* inih would take the rest of a line that is too long for it for another. */
static char *next_line(char *line, int size, void *context) {
    struct loading *l = context;
    if (l->is_long || !fgets(line, size, l->file))
        return NULL;
    l->line++;
    l->is_long = !strchr(line, '\n') && !feof(l->file);
    return l->is_long ? NULL : line;
}

/* inih goes on after a refused key; we name the first. */
static bool read_ini(struct loading *l) {
    l->file = fopen(l->path, "r");
    int line = l->file ? ini_parse_stream(next_line, l, on_key, l) : -1;
    if (l->file)
        fclose(l->file);
    if (line == 0 && !l->is_long)
        return true;
    if (line < 0)
        l->reason = arena_printf(l->arena, "%s: cannot be read", l->path);
    else if (line == 0)
        l->reason = arena_printf(l->arena,
                                 "%s:%d: longer than %d characters: go on in "
                                 "the next line, indented",
                                 l->path, l->line, INI_MAX_LINE - 2);
    else
        l->reason =
            arena_printf(l->arena, "%s:%d: %s", l->path, line,
                         l->reason ? l->reason : "not a key = value line");
    return false;
}

/* ---- the regions of the CSPs ---- */

/* NULL, or why this CSP cannot have it, too. */
static const char *region_add(struct config *config, const char *csp,
                              const char *name, struct arena *arena) {
    if (!list_find(csp_regions, name))
        return arena_printf(arena, "'%s' is not a CSPRegion of DUIS", name);
    for (size_t i = 0; i < config->region_count; i++)
        if (strcmp(config->regions[i].name, name) == 0)
            return arena_printf(arena, "'%s' is served by [csp %s] already",
                                name, config->regions[i].csp);
    config->regions[config->region_count++] = (struct config_region){name, csp};
    return NULL;
}

static const char *regions_add(struct config *config,
                               const struct config_csp *csp,
                               struct arena *arena) {
    if (!*csp->regions)
        return NULL;
    char *rest = arena_text(arena, span_text(csp->regions));
    for (char *one; (one = strsep(&rest, ","));) {
        const char *name = one + strspn(one, " ");
        const char *fault = region_add(config, csp->name, name, arena);
        if (fault)
            return fault;
    }
    return NULL;
}

bool config_read_regions(struct config *config, struct arena *arena,
                         const char **reason) {
    config->region_count = 0;
    for (size_t i = 0; i < config->csp_count; i++) {
        const struct config_csp *csp = &config->csps[i];
        const char *fault = regions_add(config, csp, arena);
        if (!fault)
            continue;
        *reason = arena_printf(arena, "[csp %s] regions: %s", csp->name, fault);
        return false;
    }
    return true;
}

bool config_read(struct config *config, const char *path, struct arena *arena,
                 const char **reason) {
    struct loading l = {.config = config, .arena = arena, .path = path};
    *config = (struct config){0};
    bool ok = set_defaults(&l, keys, config);
    if (ok && path)
        ok = read_ini(&l);
    if (ok && !config_read_regions(config, arena, &l.reason)) {
        l.reason = arena_printf(arena, "%s: %s", path, l.reason);
        ok = false;
    }
    *reason = l.reason;
    return ok;
}

/* A comment in lines of at most 78 characters. */
static void write_comment(struct buffer *out, const char *comment) {
    while (*comment) {
        size_t len = strlen(comment);
        if (len > 76) {
            len = 76;
            while (comment[len] != ' ')
                len--;
        }
        buffer_printf(out, "# %.*s\n", (int)len, comment);
        comment += len;
        comment += *comment == ' ';
    }
}

static void write_key(struct buffer *out, const struct key *key,
                      const char *value) {
    write_comment(out, key->comment);
    buffer_printf(out, "%s =%s%s\n", key->name, *value ? " " : "", value);
}

/* The two CSPs of Great Britain, as they are found in the example. */
static void write_csps(struct buffer *out) {
    static const struct {
        const char *name, *regions, *base_url;
    } csps[] = {{"north", "North, 4G North", "http://127.0.0.1:9101"},
                {"south-and-central", "Central, South, 4G Central, 4G South",
                 "http://127.0.0.1:9102"}};
    for (size_t i = 0; i < 2; i++) {
        buffer_printf(out, "\n[csp %s]\n", csps[i].name);
        for (const struct key *key = csp_keys; key->name; key++) {
            const char *value = key->standard;
            if (strcmp(key->name, "regions") == 0)
                value = csps[i].regions;
            if (strcmp(key->name, "base_url") == 0)
                value = csps[i].base_url;
            write_key(out, key, value);
        }
    }
}

void config_example(struct buffer *out) {
    buffer_text(out, "# fotad.conf: every key with its default. Durations are "
                     "written 90s, 15m, 1h, 4d;\n# sizes in octets, or with k, "
                     "m, g. A secret may be file:/path or credential:NAME.\n");
    const char *section = "";
    for (const struct key *key = keys; key->name; key++) {
        if (strcmp(section, key->section) != 0)
            buffer_printf(out, "\n[%s]\n", key->section);
        section = key->section;
        write_key(out, key, key->standard);
    }
    write_csps(out);
}
