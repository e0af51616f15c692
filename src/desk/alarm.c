#include "desk/alarm.h"

static const struct desk_outcome refusals[] = {
    {"rule", DESK_UNKNOWN,
     "there is no rule '%s' of alarms: fotactl alarms rules has them"},
    {"threshold", DESK_MALFORMED,
     "rule %s has no threshold, or a number from 1 on is wanted"},
    {NULL, 0, NULL},
};

enum outcome alarm_rule_set(struct desk *desk,
                            const struct alarm_setting *setting) {
    static const struct db_statement set = {
        "set_alarm_rule",
        "select outcome from set_alarm_rule($1, $2, $3, $4, $5, $6)"};
    if (desk_check_reason(desk, setting->reason) != DONE)
        return REFUSED;
    struct db_params params = DB_PARAMS(desk->arena);
    db_text(&params, setting->rule);
    db_bool(&params, setting->on);
    db_int4_if(&params, setting->threshold, setting->threshold);
    db_text(&params, desk->person);
    db_text(&params, setting->reason);
    db_instant(&params, desk->now);
    return desk_run(desk, &set, &params, refusals, setting->rule, NULL);
}
