#include "base/log.h"
#include "fotad/fotad.h"
#include "http/configured.h"
#include "tracking/transition.h"

#include <errno.h>

bool fotad_fail(const char *event, const char *reason) {
    log_error(event, ": %s", reason);
    return false;
}

/* What one key alone cannot show to be wrong. */
static const char *find_contradiction(const struct fotad *f) {
    const struct config *config = &f->config;
    const char *wrong = http_contradiction(config, f->arena);
    if (!wrong)
        wrong = csp_gateway_contradiction(config, f->arena);
    if (!wrong)
        wrong = mail_contradiction(config);
    if (!wrong)
        wrong = tracking_contradiction(config);
    if (!wrong)
        wrong = db_conninfo_contradiction(config->database_conninfo, f->arena);
    return wrong ? wrong : people_contradiction(config);
}

bool fotad_configure(struct fotad *f) {
    const char *reason;
    if (!config_read(&f->config, f->config_path, f->arena, &reason))
        return fotad_fail("config.refused", reason);
    if ((reason = find_contradiction(f)))
        return fotad_fail("config.refused", reason);
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

bool fotad_configure_again(const struct fotad *f) {
    struct arena *arena = arena_new();
    struct config config;
    const char *reason;
    bool good = config_read(&config, f->config_path, arena, &reason);
    if (good)
        log_set_level(config.log_level);
    else
        log_error("config.refused", ": %s; the old values stay", reason);
    arena_free(arena);
    return good;
}
