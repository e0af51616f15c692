/*
 * One message to a User that is not confirmed yet: a row of the table alert,
 * with what it needs of its request. Its columns are listed in column.def.
 */
#ifndef FOTAD_DELIVERY_ALERT_H
#define FOTAD_DELIVERY_ALERT_H

#include "db/db.h"

enum alert_column {
#define COLUMN(type, member, name) ALERT_COLUMN_##name,
#include "delivery/column.def"
#undef COLUMN
    ALERT_COLUMNS
};

/* Texts and octets live as long as the rows they were read from. A column that
 * is null is zero, "" or empty; where that may be a value, ask `has`. */
struct alert {
#define COLUMN(type, member, name) DB_C_##type member;
#include "delivery/column.def"
#undef COLUMN
    eui64 user_id;
    unsigned has; /* 1 << enum alert_column: not null */
};

#endif
