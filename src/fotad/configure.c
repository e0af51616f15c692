#include "base/config_key.h"
#include "base/file.h"
#include "base/hsm.h"
#include "base/log.h"
#include "fotad/fotad.h"

#include <errno.h>
#include <unistd.h>

static atomic_int failures;

int fotad_failures(void) {
    return atomic_load(&failures);
}

bool fotad_fail(const char *event, const char *reason) {
    atomic_fetch_add(&failures, 1);
    log_error(event, ": %s", reason);
    return false;
}

/* ---- the files that it names ---- */

/* Why a file cannot be what a key wants, or NULL. The defaults may be still to
 * come: what needs them says so. */
static const char *key_file_fault(const struct config_key *key,
                                  const void *owner, struct arena *arena) {
    const char *path;
    bool is_directory = strcmp(key->type, "DIRECTORY") == 0;
    if (strcmp(key->type, "PATH") != 0 && strcmp(key->type, "FILE") != 0 &&
        !is_directory)
        return NULL;
    memcpy(&path, (const char *)owner + key->offset, sizeof path);
    if (!*path || strcmp(path, key->standard) == 0)
        return NULL;
    if (hsm_is_uri(path))
        return hsm_uri_fault(path);
    return is_directory ? directory_fault(arena, path)
                        : file_fault(arena, path);
}

static const char *section_faults(const struct config *config,
                                  const struct config_key *keys,
                                  const void *owner, const char *name,
                                  const char *faults, struct arena *arena) {
    for (; keys->name; keys++) {
        const char *path, *fault = key_file_fault(keys, owner, arena);
        if (!fault)
            continue;
        memcpy(&path, (const char *)owner + keys->offset, sizeof path);
        if (hsm_is_uri(path))
            path = "pkcs11:..."; /* it may have a PIN */
        fault = arena_printf(arena, "%s:%d: [%s%s] %s: %s: %s",
                             config->path ? config->path : "",
                             config_key_line(keys, owner), keys->section, name,
                             keys->name, path, fault);
        faults = config_fault_add(faults, fault, arena);
    }
    return faults;
}

static const char *files_faults(const struct config *config,
                                struct arena *arena) {
    const char *faults =
        section_faults(config, config_keys, config, "", NULL, arena);
    for (size_t i = 0; i < config->csp_count; i++)
        faults = section_faults(
            config, config_csp_keys, &config->csps[i],
            arena_printf(arena, " %s", config->csps[i].name), faults, arena);
    return faults;
}

/* ---- reading it ---- */

/* Each of them, a line each. */
static void faults_tell(const char *faults, struct arena *arena) {
    for (size_t len; *faults; faults += len + (faults[len] == '\n')) {
        len = strcspn(faults, "\n");
        fotad_fail("config.refused", arena_text(arena, span_of(faults, len)));
    }
}

static bool configuration_read(const char *path, struct config *config,
                               struct arena *arena) {
    const char *faults;
    bool good = config_read(config, path, arena, &faults) &&
                !(faults = files_faults(config, arena));
    if (!good)
        faults_tell(faults, arena);
    return good;
}

bool fotad_configure(struct fotad *f) {
    if (!configuration_read(f->config_path, &f->config, f->arena))
        return false;
    log_set_level(f->config.log_level);
    if (*f->config.clock_offset_file &&
        !clock_use_offset_file(f->config.clock_offset_file))
        return fotad_fail("clock.refused",
                          arena_printf(f->arena, "[clock] offset_file %s: %s",
                                       f->config.clock_offset_file,
                                       strerror(errno)));
    return true;
}

void fotad_warn(const struct fotad *f) {
    if (f->config.accept_expired)
        log_warning("config.test_only", ": [identity] accept_expired = yes: "
                                        "expired certificates are accepted");
    if (*f->config.clock_offset_file)
        log_warning("config.test_only",
                    ": [clock] offset_file is set: the time is moved");
    if (!f->config.csp_count)
        log_warning("config.no_csp", ": there is no [csp NAME] section: every "
                                     "device is refused");
}

bool fotad_configure_again(const struct fotad *f, struct reload *reload) {
    return configuration_read(f->config_path, &reload->config, reload->arena);
}

void fotad_use_configuration(const struct fotad *f,
                             const struct reload *reload) {
    const char *waiting =
        config_waiting(&f->config, &reload->config, reload->arena);
    log_set_level(reload->config.log_level);
    if (*waiting)
        log_warning("config.waits",
                    ": changed in the file, but in force only after a restart: "
                    "%s",
                    waiting);
}
