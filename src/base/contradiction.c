/* The one place that says which keys contradict each other: the rows of
 * contradiction.def, and what is said of every two CSPs. */
#include "base/config_key.h"
#include "base/value.h"

#include <sys/socket.h>

/* ---- what the rows ask ---- */

static bool text_begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_unix(const char *listen) {
    struct value_address address;
    return value_address(listen, &address) && address.family == AF_UNIX;
}

static bool is_private(const char *listen) {
    struct value_address address;
    return value_address(listen, &address) &&
           value_address_is_private(&address);
}

static bool is_same_place(const char *listen, const char *other) {
    struct value_address a, b;
    return value_address(listen, &a) && value_address(other, &b) &&
           value_addresses_clash(&a, &b);
}

#define CONTRADICTION(name, section, key, other_section, other_key, wrong,     \
                      words)                                                   \
    static bool name##_is_wrong(const struct config *c,                        \
                                const struct config_csp *csp) {                \
        (void)c, (void)csp;                                                    \
        return wrong;                                                          \
    }
#include "base/contradiction.def"
#undef CONTRADICTION

struct contradiction {
    const char *section, *key, *other_section, *other_key, *words;
    bool (*is_wrong)(const struct config *, const struct config_csp *);
};

static const struct contradiction contradictions[] = {
#define CONTRADICTION(name, section, key, other_section, other_key, wrong,     \
                      words)                                                   \
    {#section, #key, #other_section, #other_key, words, name##_is_wrong},
#include "base/contradiction.def"
#undef CONTRADICTION
    {0}};

/* ---- saying it ---- */

/* A key of the file, or of one CSP's section. */
struct place {
    const struct config_key *key;
    const struct config_csp *csp; /* NULL: of no CSP */
    int line;
};

static struct place place_of(const struct config *config,
                             const struct config_csp *csp, const char *section,
                             const char *name) {
    bool of_csp = strcmp(section, "csp") == 0;
    struct place place = {
        .key = config_key_find(of_csp ? config_csp_keys : config_keys, section,
                               name),
        .csp = of_csp ? csp : NULL};
    place.line = config_key_line(place.key, of_csp ? (const void *)csp
                                                   : (const void *)config);
    return place;
}

/* "[csp north] timeout" */
static const char *place_name(const struct place *place, struct arena *arena) {
    return arena_printf(arena, "[%s%s%s] %s", place->key->section,
                        place->csp ? " " : "",
                        place->csp ? place->csp->name : "", place->key->name);
}

/* " (fotad.conf:7)", or that it is not there. */
static const char *place_where(const struct config *config,
                               const struct place *place, struct arena *arena) {
    const char *standard = place->key->standard;
    if (place->line)
        return arena_printf(arena, " (%s:%d)", config->path, place->line);
    return *standard ? arena_printf(arena, " (its default is %s)", standard)
                     : " (it is not set)";
}

static const char *contradiction_say(const struct config *config,
                                     struct place one, const char *words,
                                     struct place other, struct arena *arena) {
    int line = one.line ? one.line : other.line;
    const char *at =
        line ? arena_printf(arena, "%s:%d: ", config->path, line) : "";
    return arena_printf(arena, "%s%s%s %s %s%s", at, place_name(&one, arena),
                        one.line ? "" : place_where(config, &one, arena), words,
                        place_name(&other, arena),
                        place_where(config, &other, arena));
}

/* ---- CSPs ---- */

static const char *csp_lack(const struct config *config,
                            const struct config_csp *csp, const char *what,
                            struct arena *arena) {
    return arena_printf(arena, "%s:%d: [csp %s] has no %s",
                        config->path ? config->path : "", csp->line, csp->name,
                        what);
}

/* A name that both lists have, or NULL. */
static const char *region_of_both(const char *one, const char *other,
                                  struct arena *arena) {
    struct span rest = span_text(one), name, others, second;
    while (value_next_name(&rest, &name))
        for (others = span_text(other); value_next_name(&others, &second);)
            if (name.len && span_equal(name, second))
                return arena_text(arena, name);
    return NULL;
}

static bool is_same(const char *one, const char *other) {
    return *one && strcmp(one, other) == 0;
}

/* What tells one CSP from another. */
static const char *csps_share(const struct config *config,
                              const struct config_csp *one,
                              const struct config_csp *other,
                              struct arena *arena) {
    const char *key = NULL, *words = "is the same as";
    const char *region = region_of_both(one->regions, other->regions, arena);
    if (is_same(one->inbound_token, other->inbound_token))
        key = "inbound_token";
    if (is_same(one->inbound_certificate, other->inbound_certificate))
        key = "inbound_certificate";
    if (region) {
        key = "regions";
        words = arena_printf(arena, "has '%s', as has", region);
    }
    if (!key)
        return NULL;
    return contradiction_say(config, place_of(config, one, "csp", key), words,
                             place_of(config, other, "csp", key), arena);
}

static const char *csp_faults(const struct config *config,
                              const struct config_csp *csp,
                              struct arena *arena) {
    const char *faults = NULL, *shared;
    if (!*csp->regions)
        faults = config_fault_add(
            faults, csp_lack(config, csp, "regions", arena), arena);
    if (!*csp->base_url)
        faults = config_fault_add(
            faults, csp_lack(config, csp, "base_url", arena), arena);
    for (const struct config_csp *other = config->csps; other < csp; other++)
        if ((shared = csps_share(config, csp, other, arena)))
            faults = config_fault_add(faults, shared, arena);
    return faults;
}

/* ---- all of them ---- */

static const char *row_fault(const struct config *config,
                             const struct contradiction *row,
                             const struct config_csp *csp,
                             struct arena *arena) {
    if (!row->is_wrong(config, csp))
        return NULL;
    return contradiction_say(
        config, place_of(config, csp, row->section, row->key), row->words,
        place_of(config, csp, row->other_section, row->other_key), arena);
}

const char *config_contradictions(const struct config *config,
                                  struct arena *arena) {
    const char *faults = NULL, *fault;
    for (size_t i = 0; i < config->csp_count; i++)
        if ((fault = csp_faults(config, &config->csps[i], arena)))
            faults = config_fault_add(faults, fault, arena);
    for (const struct contradiction *row = contradictions; row->key; row++) {
        bool of_csp = strcmp(row->section, "csp") == 0;
        size_t count = of_csp ? config->csp_count : 1;
        for (size_t i = 0; i < count; i++)
            if ((fault = row_fault(config, row,
                                   of_csp ? &config->csps[i] : NULL, arena)))
                faults = config_fault_add(faults, fault, arena);
    }
    return faults;
}
