/* Alarms: setting the rules that raise them (sql/alarm.sql). */
#ifndef FOTAD_DESK_ALARM_H
#define FOTAD_DESK_ALARM_H

#include "desk/desk.h"

/* The most that the threshold of a rule may be. */
enum { ALARM_THRESHOLD_MOST = 1000000 };

struct alarm_setting {
    const char *rule; /* of table alarm_rule */
    bool on;
    int32_t threshold; /* in the unit of the rule; 0: as it is */
    const char *reason;
};

/* Sets how a rule stands; the next round of housekeeping goes by it. */
enum outcome alarm_rule_set(struct desk *desk,
                            const struct alarm_setting *setting);

#endif
