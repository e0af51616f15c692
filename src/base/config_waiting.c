/* What of a new configuration a reload does not take. */
#include "base/config_key.h"

static bool key_is_same(const struct config_key *key, const void *one,
                        const void *other) {
    const char *a = (const char *)one + key->offset;
    const char *b = (const char *)other + key->offset;
    if (!key->is_text)
        return memcmp(a, b, key->size) == 0;
    const char *text, *other_text;
    memcpy(&text, a, sizeof text);
    memcpy(&other_text, b, sizeof other_text);
    return strcmp(text, other_text) == 0;
}

/* Whether a listener's section has a certificate. */
static bool speaks_tls(const struct config_key *key,
                       const struct config *config) {
    const struct config_key *certificate =
        config_key_find(config_keys, key->section, "certificate");
    if (!certificate) /* the signer always has one */
        return true;
    const void *member = (const char *)config + certificate->offset;
    return **(const char *const *)member;
}

/* Taken by a reload. */
static bool key_is_taken(const struct config_key *key,
                         const struct config *running,
                         const struct config *fresh) {
    if (strcmp(key->type, "FILE") == 0)
        return speaks_tls(key, running) && speaks_tls(key, fresh);
    return strcmp(key->type, "LEVEL") == 0;
}

static const char *waiting_add(const char *all, const char *section,
                               const char *name, const char *key,
                               struct arena *arena) {
    return arena_printf(arena, "%s%s[%s%s%s]%s%s", all, *all ? ", " : "",
                        section, *name ? " " : "", name, *key ? " " : "", key);
}

static const struct config_csp *csp_find(const struct config *config,
                                         const char *name) {
    for (size_t i = 0; i < config->csp_count; i++)
        if (strcmp(config->csps[i].name, name) == 0)
            return &config->csps[i];
    return NULL;
}

static const char *csps_waiting(const char *all, const struct config *running,
                                const struct config *fresh,
                                struct arena *arena) {
    for (size_t i = 0; i < fresh->csp_count; i++) {
        const struct config_csp *now = &fresh->csps[i];
        const struct config_csp *before = csp_find(running, now->name);
        if (!before)
            all = waiting_add(all, "csp", now->name, "", arena);
        for (const struct config_key *key = config_csp_keys;
             before && key->name; key++)
            if (!key_is_same(key, before, now))
                all = waiting_add(all, "csp", now->name, key->name, arena);
    }
    for (size_t i = 0; i < running->csp_count; i++)
        if (!csp_find(fresh, running->csps[i].name))
            all = waiting_add(all, "csp", running->csps[i].name, "", arena);
    return all;
}

const char *config_waiting(const struct config *running,
                           const struct config *fresh, struct arena *arena) {
    const char *all = "";
    for (const struct config_key *key = config_keys; key->name; key++)
        if (!key_is_same(key, running, fresh) &&
            !key_is_taken(key, running, fresh))
            all = waiting_add(all, key->section, "", key->name, arena);
    return csps_waiting(all, running, fresh, arena);
}
