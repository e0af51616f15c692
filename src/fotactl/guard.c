/* fotactl guard set: rules about what requests ask for. */
#include "desk/guard.h"

#include "base/value.h"
#include "fotactl/verbs.h"

static bool level_read(struct verb_run *run, int32_t *level) {
    const char *text = run->options.level;
    int64_t value = 0;
    if (text && (!value_count(text, &value) || value < 1 || value > 1000000))
        return run_misuse(run,
                          "--level: '%s' is not a number from 1 to 1000000",
                          text) == DONE;
    *level = (int32_t)value;
    return true;
}

enum outcome verb_guard_set(struct verb_run *run) {
    struct desk desk = run_desk(run);
    eui64 user;
    struct guard_setting setting = {.rule = run->argument,
                                    .mode = run->second,
                                    .list = run->options.list,
                                    .reason = run->options.reason};
    if (!level_read(run, &setting.level))
        return REFUSED;
    if (run->options.user && !run_read_eui64(run, run->options.user, &user))
        return REFUSED;
    setting.user = run->options.user ? &user : NULL;
    enum outcome outcome = guard_set(&desk, &setting);
    if (outcome != DONE)
        return run_desk_end(run, &desk, outcome, NULL);
    if (run->options.json)
        run_print_json(run, json_pack("{s:s, s:s}", "rule", setting.rule,
                                      "mode", setting.mode));
    else
        buffer_printf(run->out, "Rule %s is %s.\n", setting.rule,
                      strcmp(setting.mode, "warn") == 0 ? "a warning"
                      : *setting.mode == 'r'            ? "a refusal"
                                                        : "off");
    return DONE;
}
