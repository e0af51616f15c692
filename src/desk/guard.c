#include "desk/guard.h"

#include "base/lists.h"

static const struct desk_outcome refusals[] = {
    {"rule", DESK_MALFORMED,
     "the guard has no rule '%s': fotactl guard list has them"},
    {"stranger", DESK_CONFLICT, "there is no such User: import users first"},
    {"level", DESK_MALFORMED,
     "rule %s has no number, or a number from 1 on is wanted"},
    {NULL, 0, NULL},
};

enum outcome guard_set(struct desk *desk, const struct guard_setting *setting) {
    static const struct db_statement set = {
        "set_guard",
        "select outcome from set_guard($1, $2, $3, $4, $5, $6, $7, $8)"};
    if (desk_check_reason(desk, setting->reason) != DONE)
        return REFUSED;
    if (!list_find(guard_modes, setting->mode))
        return desk_refuse(desk, DESK_MALFORMED, "a rule is one of %s",
                           list_text(desk->arena, guard_modes));
    if (setting->list && !list_find(refusal_lists, setting->list))
        return desk_refuse(desk, DESK_MALFORMED, "a list is one of %s",
                           list_text(desk->arena, refusal_lists));
    struct db_params params = DB_PARAMS(desk->arena);
    db_text(&params, setting->rule);
    db_eui64_at(&params, setting->user);
    db_text(&params, setting->mode);
    db_int4_if(&params, setting->level, setting->level);
    db_text(&params, setting->list);
    db_text(&params, desk->person);
    db_text(&params, setting->reason);
    db_instant(&params, desk->now);
    return desk_run(desk, &set, &params, refusals, setting->rule, NULL);
}
