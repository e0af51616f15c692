#include "base/config.h"

#include "base/config_key.h"
#include "base/lists.h"
#include "base/value.h"

/* ---- reading ---- */

void config_set_regions(struct config *config) {
    config->region_count = 0;
    for (size_t i = 0; i < config->csp_count; i++) {
        const struct config_csp *csp = &config->csps[i];
        struct span rest = span_text(csp->regions), name;
        while (*csp->regions && value_next_name(&rest, &name) &&
               config->region_count < CONFIG_MOST_REGIONS)
            for (size_t r = 0; csp_regions[r]; r++)
                if (span_equal(span_text(csp_regions[r]), name))
                    config->regions[config->region_count++] =
                        (struct config_region){csp_regions[r], csp->name};
    }
}

bool config_read(struct config *config, const char *path, struct arena *arena,
                 const char **faults) {
    *config = (struct config){.path = path};
    config_set_defaults(config_keys, config, arena);
    if (path && !config_file_read(config, arena, faults))
        return false;
    if ((*faults = config_contradictions(config, arena)))
        return false;
    config_set_regions(config);
    return true;
}

/* ---- the example ---- */

static bool has_range(const struct config_key *key) {
    return strstr(key->limits, " to ") != NULL;
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

static void write_key(struct buffer *out, const struct config_key *key,
                      const char *value) {
    struct arena *arena = arena_new();
    write_comment(out, has_range(key) ? arena_printf(arena, "%s (%s)",
                                                     key->comment, key->limits)
                                      : key->comment);
    buffer_printf(out, "%s =%s%s\n", key->name, *value ? " " : "", value);
    arena_free(arena);
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
        for (const struct config_key *k = config_csp_keys; k->name; k++) {
            const char *value = k->standard;
            if (strcmp(k->name, "regions") == 0)
                value = csps[i].regions;
            if (strcmp(k->name, "base_url") == 0)
                value = csps[i].base_url;
            write_key(out, k, value);
        }
    }
}

void config_example(struct buffer *out) {
    buffer_text(out, "# fotad.conf: every key with its default. Durations are "
                     "written 90s, 15m, 1h, 4d;\n# sizes in octets, or with k, "
                     "m, g. A secret may be file:/path or credential:NAME.\n"
                     "# A comment has a line of its own. See fotad.conf(5).\n");
    const char *section = "";
    for (const struct config_key *key = config_keys; key->name; key++) {
        if (strcmp(section, key->section) != 0)
            buffer_printf(out, "\n[%s]\n", key->section);
        section = key->section;
        write_key(out, key, key->standard);
    }
    write_csps(out);
}
