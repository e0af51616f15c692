/* Alarms: what people should look at, by rules that are data. */
#include "base/log.h"
#include "housekeeping/round.h"
#include "tracking/transition.h"

static void alarms_log(const char *rule, const struct db_rows *rows) {
    for (size_t i = 0; i < db_row_count(rows); i++) {
        intmax_t alarms = db_get_int(rows, i, 1);
        const char *about = db_get_text(rows, i, 2);
        if (db_get_bool(rows, i, 0))
            log_info("alarm.ended", "rule=%s alarms=%jd about=%s", rule, alarms,
                     about);
        else
            log_warning("alarm.began",
                        "rule=%s alarms=%jd about=%s : %s. fotactl alarms has "
                        "them all, and what to do",
                        rule, alarms, about, db_get_text(rows, i, 3));
    }
}

/* In a transaction of its own: what one rule takes long for, or fails at, does
 * not hold up what another has found. */
static enum outcome rule_watch(struct round *round, const char *rule) {
    static const struct db_statement watch = {
        "watch_alarms",
        "select over, alarms, about, why from watch_alarms($1, $2, $3,"
        " make_interval(secs => $4::bigint), $5)"};
    struct db_params params = DB_PARAMS(round->arena);
    db_text(&params, rule);
    db_bool(&params, *round->config->mail_server != '\0');
    db_text(&params, round->config->mail_screens);
    db_int8(&params, tracking_memory(round->config) / SECOND);
    db_instant(&params, round->now);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(round->db, &watch, &params, round->arena, &rows);
    if (outcome == DONE)
        alarms_log(rule, rows);
    return outcome;
}

enum outcome round_alarms(struct round *round) {
    static const struct db_statement due = {
        "alarm_rules_due", "select rule from alarm_rules_due($1)"};
    struct db_params params = DB_PARAMS(round->arena);
    db_instant(&params, round->now);
    struct db_rows *rows;
    enum outcome outcome =
        db_run(round->db, &due, &params, round->arena, &rows);
    size_t count = outcome == DONE ? db_row_count(rows) : 0;
    for (size_t i = 0; i < count && task_goes_on(round->task); i++)
        outcome =
            round_worse(outcome, rule_watch(round, db_get_text(rows, i, 0)));
    arena_reset(round->arena);
    return outcome;
}
