#include "base/config_key.h"
#include "base/value.h"

#include <libpq-fe.h>

/* What libpq looks at only when it connects; NULL: whole numbers, from 0. */
static const struct {
    const char *keyword, *words;
} rules[] = {
    {"target_session_attrs",
     "any, read-write, read-only, primary, standby, prefer-standby"},
    {"sslmode", "disable, allow, prefer, require, verify-ca, verify-full"},
    {"gssencmode", "disable, prefer, require"},
    {"channel_binding", "disable, prefer, require"},
    {"connect_timeout", NULL},
    {"tcp_user_timeout", NULL},
    {"keepalives", NULL},
    {"keepalives_idle", NULL},
    {"keepalives_interval", NULL},
    {"keepalives_count", NULL},
};

static const char *value_of(const PQconninfoOption *options, const char *key) {
    for (; options->keyword; options++)
        if (strcmp(options->keyword, key) == 0)
            return options->val ? options->val : "";
    return "";
}

static bool is_number(const char *text, int64_t least, int64_t most) {
    int64_t number;
    return value_count(text, &number) && number >= least && number <= most;
}

/* One port, or one for each host. */
static bool ports_are_good(const char *ports, struct arena *arena) {
    struct span rest = span_text(ports), port;
    while (*ports && value_next_name(&rest, &port))
        if (port.len && !is_number(arena_text(arena, port), 1, UINT16_MAX))
            return false;
    return true;
}

static const char *options_fault(const PQconninfoOption *options,
                                 struct arena *arena) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const char *value = value_of(options, rules[i].keyword);
        const char *words = rules[i].words;
        if (!*value || (words ? value_is_one_of(span_text(value), words, NULL)
                              : is_number(value, 0, INT32_MAX)))
            continue;
        return arena_printf(arena, "%s=%.60s is not %s%s", rules[i].keyword,
                            value, words ? "one of: " : "a whole number",
                            words ? words : "");
    }
    return ports_are_good(value_of(options, "port"), arena)
               ? NULL
               : "its port is not from 1 to 65535";
}

static const char *hosts_fault(const PQconninfoOption *options) {
    const char *attributes = value_of(options, "target_session_attrs");
    bool several = strchr(value_of(options, "host"), ',') ||
                   strchr(value_of(options, "hostaddr"), ',');
    if (!several || strcmp(attributes, "read-write") == 0 ||
        strcmp(attributes, "primary") == 0)
        return NULL;
    return "names several hosts: it needs target_session_attrs=read-write, or "
           "a standby may be written to in vain";
}

/* libpq quotes what it does not understand: not where a password is. */
static const char *parse_fault(const char *conninfo, const char *error,
                               struct arena *arena) {
    bool secret = strstr(conninfo, "password") || strchr(conninfo, '@');
    enum { MOST_SHOWN = 160 };
    size_t len = error ? strcspn(error, "\n") : 0;
    if (secret || !len)
        return "not a connection string of libpq: keyword=value with blanks "
               "between, or postgresql://...";
    return arena_printf(arena,
                        "not a connection string of libpq (keyword=value with "
                        "blanks between): %.*s",
                        (int)(len < MOST_SHOWN ? len : MOST_SHOWN), error);
}

const char *conninfo_fault(const char *conninfo, bool primary,
                           struct arena *arena) {
    char *error = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &error);
    const char *fault = options ? options_fault(options, arena)
                                : parse_fault(conninfo, error, arena);
    if (!fault && primary)
        fault = hosts_fault(options);
    PQconninfoFree(options);
    PQfreemem(error);
    return fault;
}
