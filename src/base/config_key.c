/* The types of values, and the table of keys. */
#include "base/config_key.h"

#include "base/file.h"
#include "base/lists.h"
#include "base/value.h"

#include <stdlib.h>

/* ---- refusals ---- */

const char *config_fault_add(const char *faults, const char *fault,
                             struct arena *arena) {
    return faults ? arena_printf(arena, "%s\n%s", faults, fault) : fault;
}

enum {
    MOST_TEXT = 1024,
    MOST_SECRET = 4096,
    MOST_PATH = 4095,
    MOST_SHOWN = 60
};

__attribute__((format(printf, 4, 5))) static bool value_refuse(
    const char *value, struct arena *arena, const char **reason,
    const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *expected = arena_vprintf(arena, format, args);
    va_end(args);
    size_t len = strlen(value);
    if (len > MOST_SHOWN)
        for (len = MOST_SHOWN; (value[len] & 0xc0) == 0x80;)
            len--; /* not within a character */
    *reason = arena_printf(arena, "'%.*s%s' is not %s", (int)len, value,
                           value[len] ? "..." : "", expected);
    return false;
}

static bool text_keep(const char *value, void *field, struct arena *arena) {
    *(const char **)field = arena_text(arena, span_text(value));
    return true;
}

/* ---- texts: each reader has the shape of config_reader ---- */

#define READER(type)                                                           \
    static bool read_##type(const struct config_key *key, const char *value,   \
                            void *field, struct arena *arena,                  \
                            const char **reason)

READER(TEXT) {
    (void)key;
    if (strlen(value) > MOST_TEXT)
        return value_refuse(value, arena, reason, "of at most %d octets",
                            MOST_TEXT);
    return text_keep(value, field, arena);
}

READER(CHOICE) {
    return value_is_one_of(span_text(value), key->limits, NULL)
               ? text_keep(value, field, arena)
               : value_refuse(value, arena, reason, "one of: %s", key->limits);
}

READER(PATH) {
    (void)key;
    if (strlen(value) > MOST_PATH)
        return value_refuse(value, arena, reason, "a path of at most %d octets",
                            MOST_PATH);
    return text_keep(value, field, arena);
}

READER(FILE) {
    return read_PATH(key, value, field, arena, reason);
}

/* One that is written to. */
READER(DIRECTORY) {
    return read_PATH(key, value, field, arena, reason);
}

READER(ADDRESS) {
    struct value_address address;
    (void)key;
    if (!value_address(value, &address))
        return value_refuse(value, arena, reason,
                            "an address to listen on: host:port, as "
                            "127.0.0.1:8079, [::1]:8079 or localhost:8079, "
                            "with a port up to 65535, or unix:/path");
    return text_keep(value, field, arena);
}

READER(URL) {
    struct span rest;
    if (!value_url(span_text(value), key->limits, &rest) ||
        memchr(rest.data, '?', rest.len))
        return value_refuse(value, arena, reason,
                            "a URL scheme://host:port/path with a scheme of "
                            "%s, a host that can be and no query",
                            key->limits);
    return text_keep(value, field, arena);
}

READER(CONNINFO) {
    *reason = conninfo_fault(value, *key->limits, arena);
    return !*reason && text_keep(value, field, arena);
}

READER(HEADER) {
    (void)key;
    if (!value_is_header(span_text(value)) || strlen(value) > MOST_TEXT)
        return value_refuse(value, arena, reason,
                            "the name of a header such as X-Remote-User");
    return text_keep(value, field, arena);
}

READER(MAILBOX) {
    (void)key;
    if (!value_is_mailbox(value) || strlen(value) > 254)
        return value_refuse(value, arena, reason,
                            "an address such as fotad@dsp.example");
    return text_keep(value, field, arena);
}

READER(REGIONS) {
    const char *known = list_text(arena, csp_regions);
    struct span rest = span_text(value), name;
    bool seen[CONFIG_MOST_REGIONS] = {false};
    (void)key;
    while (value_next_name(&rest, &name)) {
        const char *text = arena_text(arena, name);
        size_t i = 0;
        while (csp_regions[i] && strcmp(csp_regions[i], text) != 0)
            i++;
        if (!csp_regions[i])
            return value_refuse(text, arena, reason,
                                "a CSPRegion of DUIS: %s, with commas between",
                                known);
        if (seen[i]) {
            *reason = arena_printf(arena, "'%s' is there twice", text);
            return false;
        }
        seen[i] = true;
    }
    return text_keep(value, field, arena);
}

/* ---- secrets: what they are is never shown ---- */

static bool secret_read(const char *path, const char **text,
                        struct arena *arena, const char **reason) {
    struct span octets;
    const char *fault;
    if (!file_load(arena, path, MOST_SECRET, &octets, &fault)) {
        *reason = arena_printf(arena, "the secret in %s: %s", path, fault);
        return false;
    }
    while (octets.len && (octets.data[octets.len - 1] == '\n' ||
                          octets.data[octets.len - 1] == '\r'))
        octets.len--;
    *text = arena_text(arena, octets);
    if (octets.len && strlen(*text) == octets.len && value_is_text(octets))
        return true;
    *reason =
        arena_printf(arena, "the secret in %s is not one line of text", path);
    return false;
}

static const char *credential_path(const char *name, struct arena *arena,
                                   const char **reason) {
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    if (directory)
        return arena_printf(arena, "%s/%s", directory, name);
    *reason = arena_printf(arena,
                           "no credential was handed over: the unit needs "
                           "LoadCredential=%s:/path",
                           name);
    return NULL;
}

READER(SECRET) {
    const char *path = NULL;
    (void)key;
    if (strncmp(value, "file:", 5) == 0)
        path = value + 5;
    if (strncmp(value, "credential:", 11) == 0 &&
        !(path = credential_path(value + 11, arena, reason)))
        return false;
    if (path && !secret_read(path, &value, arena, reason))
        return false;
    if (strlen(value) <= MOST_TEXT)
        return text_keep(value, field, arena);
    *reason = arena_printf(arena, "it is longer than %d octets", MOST_TEXT);
    return false;
}

READER(TOKEN) {
    if (!read_SECRET(key, value, field, arena, reason))
        return false;
    if (value_is_token(span_text(*(const char **)field)))
        return true;
    *reason = "it is not a token: visible characters of ASCII without blanks";
    return false;
}

/* ---- numbers ---- */

/* By `read`, and within the key's limits. */
static bool in_limits(const struct config_key *key, const char *value,
                      bool (*read)(const char *, int64_t *), int64_t *number) {
    char least[32];
    int64_t from = 0, to = 0;
    size_t len = strcspn(key->limits, " ");
    memcpy(least, key->limits, len);
    least[len] = '\0';
    return read(least, &from) && read(key->limits + len + 4, &to) &&
           read(value, number) && *number >= from && *number <= to;
}

READER(COUNT) {
    int64_t number;
    if (!in_limits(key, value, value_count, &number))
        return value_refuse(value, arena, reason, "a whole number from %s",
                            key->limits);
    *(uint32_t *)field = (uint32_t)number;
    return true;
}

READER(SIZE) {
    int64_t number;
    if (!in_limits(key, value, value_size, &number))
        return value_refuse(value, arena, reason,
                            "a size from %s: octets such as 768000, or 20m",
                            key->limits);
    *(size_t *)field = (size_t)number;
    return true;
}

READER(DURATION) {
    if (in_limits(key, value, value_duration, field))
        return true;
    return value_refuse(value, arena, reason,
                        "a duration from %s, such as 90s, 15m, 1h or 4d",
                        key->limits);
}

READER(DAYS) {
    if (in_limits(key, value, value_duration, field) &&
        *(instant *)field % DAY == 0)
        return true;
    return value_refuse(value, arena, reason, "a number of days from %s",
                        key->limits);
}

READER(BOOL) {
    size_t index;
    if (!value_is_one_of(span_text(value), key->limits, &index))
        return value_refuse(value, arena, reason, "yes or no");
    *(bool *)field = index == 0;
    return true;
}

READER(LEVEL) {
    static const enum log_level levels[] = {LOG_LEVEL_ERROR, LOG_LEVEL_WARNING,
                                            LOG_LEVEL_INFO, LOG_LEVEL_DEBUG};
    size_t index;
    if (!value_is_one_of(span_text(value), key->limits, &index))
        return value_refuse(value, arena, reason, "one of: %s", key->limits);
    *(enum log_level *)field = levels[index];
    return true;
}

READER(EUI64) {
    (void)key;
    return eui64_parse(span_text(value), field) ||
           value_refuse(value, arena, reason,
                        "an EUI-64 such as 90-B3-D5-1F-30-00-00-02");
}

READER(GBCS) {
    (void)key;
    return value_gbcs(span_text(value), field) ||
           value_refuse(value, arena, reason, "a GBCS version such as 4.0");
}
#undef READER

/* ---- the table ---- */

#define IS_TEXT(owner, field)                                                  \
    _Generic(((owner *)0)->field, const char * : true, default : false)
#define ROW(owner, section, key, field, type, limits, standard, comment)       \
    {#section,                                                                 \
     #key,                                                                     \
     #type,                                                                    \
     limits,                                                                   \
     standard,                                                                 \
     comment,                                                                  \
     read_##type,                                                              \
     offsetof(owner, field),                                                   \
     sizeof(((owner *)0)->field),                                              \
     offsetof(owner, lines.field),                                             \
     IS_TEXT(owner, field)},

const struct config_key config_keys[] = {
#define CONFIG(section, key, field, type, limits, standard, comment)           \
    ROW(struct config, section, key, field, type, limits, standard, comment)
#include "base/config.def"
#undef CONFIG
    {0}};

const struct config_key config_csp_keys[] = {
#define CONFIG(section, key, field, type, limits, standard, comment)           \
    ROW(struct config_csp, section, key, field, type, limits, standard, comment)
#include "base/config_csp.def"
#undef CONFIG
    {0}};
#undef ROW

const struct config_key *config_key_find(const struct config_key *keys,
                                         const char *section,
                                         const char *name) {
    for (; keys->name; keys++)
        if (strcmp(keys->section, section) == 0 &&
            strcmp(keys->name, name) == 0)
            return keys;
    return NULL;
}

bool config_key_set(const struct config_key *key, const char *value, void *to,
                    struct arena *arena, const char **reason) {
    void *field = (char *)to + key->offset;
    if (*value)
        return key->read(key, value, field, arena, reason);
    *reason = "it is empty";
    if (key->is_text)
        *(const char **)field = "";
    return !*key->standard;
}

int config_key_line(const struct config_key *key, const void *owner) {
    int line;
    memcpy(&line, (const char *)owner + key->line_offset, sizeof line);
    return line;
}

void config_set_defaults(const struct config_key *keys, void *to,
                         struct arena *arena) {
    const char *reason;
    for (; keys->name; keys++)
        if (!config_key_set(keys, keys->standard, to, arena, &reason))
            abort(); /* the table is wrong: the first test of any kind ends */
}
