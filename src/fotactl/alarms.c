/* fotactl alarms set: rules that raise alarms. */
#include "desk/alarm.h"

#include "base/value.h"
#include "fotactl/verbs.h"

static bool threshold_read(struct verb_run *run, int32_t *threshold) {
    const char *text = run->options.threshold;
    int64_t value = 0;
    if (text && (!value_count(text, &value) || value < 1 ||
                 value > ALARM_THRESHOLD_MOST))
        return run_misuse(run,
                          "--threshold: '%s' is not a number from 1 to 1000000",
                          text) == DONE;
    *threshold = (int32_t)value;
    return true;
}

enum outcome verb_alarms_set(struct verb_run *run) {
    struct desk desk = run_desk(run);
    struct alarm_setting setting = {.rule = run->argument,
                                    .on = strcmp(run->second, "on") == 0,
                                    .reason = run->options.reason};
    if (!setting.on && strcmp(run->second, "off") != 0)
        return run_misuse(run, "a rule of alarms is set on or off");
    if (!threshold_read(run, &setting.threshold))
        return REFUSED;
    enum outcome outcome = alarm_rule_set(&desk, &setting);
    if (outcome != DONE)
        return run_desk_end(run, &desk, outcome, NULL);
    if (run->options.json)
        run_print_json(run, json_pack("{s:s, s:b}", "rule", setting.rule, "on",
                                      setting.on));
    else
        buffer_printf(run->out, "Rule %s is %s.\n", setting.rule, run->second);
    return DONE;
}
