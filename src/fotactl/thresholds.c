/* fotactl thresholds and import thresholds: Anomaly Detection Thresholds. */
#include "fotactl/csv_import.h"
#include "fotactl/person.h"
#include "fotactl/verbs.h"
#include "fotactl/view.h"

#include <errno.h>
#include <stdlib.h>

/* In the order of list_thresholds(). */
static const struct view_field fields[] = {
    {"userId", "User", "USER", VIEW_EUI64},
    {"userName", "Name", "NAME", VIEW_TEXT},
    {"serviceReferenceVariant", "Service", "SERVICE", VIEW_TEXT},
    {"periodSeconds", "Seconds", "SECONDS", VIEW_COUNT},
    {"warning", "Warning", "WARNING", VIEW_COUNT},
    {"quarantine", "Quarantine", "QUARANTINE", VIEW_COUNT},
    {"volume", "Volume", "VOLUME", VIEW_COUNT},
    {"state", "State", "STATE", VIEW_TEXT},
    {"lastWarned", "Last warned", NULL, VIEW_INSTANT},
    {"setAt", "Set", "SET", VIEW_INSTANT},
    {"setBy", "By", "BY", VIEW_TEXT},
};

/* In the order of threshold_history(). */
static const struct view_field changes[] = {
    {"at", "At", "AT", VIEW_INSTANT},
    {"person", "Person", "PERSON", VIEW_TEXT},
    {"change", "Change", "CHANGE", VIEW_TEXT},
    {"userId", "User", "USER", VIEW_EUI64},
    {"serviceReferenceVariant", "Service", "SERVICE", VIEW_TEXT},
    {"periodSeconds", "Seconds", "SECONDS", VIEW_COUNT},
    {"warning", "Warning", "WARNING", VIEW_COUNT},
    {"quarantine", "Quarantine", "QUARANTINE", VIEW_COUNT},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- who does it: the table's trigger asks the session ---- */

static const struct db_statement say_who = {
    "say_who", "select set_config('fotad.person', $1, false),"
               " set_config('fotad.now', $2::timestamptz::text, false)"};

static void add_who(struct call *call, struct db_params *params) {
    db_text(params, operator_name(call->arena));
    db_instant(params, clock_now());
}

/* One change of the table by a statement. */
static enum outcome change(struct call *call,
                           const struct db_statement *statement,
                           const struct db_params *params,
                           struct db_rows **rows) {
    struct db_params who = DB_PARAMS(call->arena);
    add_who(call, &who);
    return call_change(
        call,
        (const struct call_statement[]){{&say_who, &who}, {statement, params}},
        2, rows);
}

/* ---- import ---- */

enum threshold_column { WARNING, QUARANTINE };

static const struct csv_column columns[] = {
    [WARNING] = {"warning", CSV_COLUMN, .kind = &FIELD_COUNT},
    [QUARANTINE] = {"quarantine", CSV_COLUMN, .kind = &FIELD_COUNT},
    {"user_id", CSV_COLUMN, .kind = &FIELD_EUI64_TEXT, .cast = "macaddr8",
     .key = true, .empty = "00-00-00-00-00-00-00-00"},
    {"service_reference_variant", CSV_VALUE, .kind = &FIELD_VARIANT,
     .key = true},
    {"period_seconds", CSV_VALUE, .kind = &FIELD_PERIOD},
};

/* Its digits are read already. */
static unsigned long number_of(struct span text) {
    unsigned long number = 0;
    for (size_t i = 0; i < text.len; i++)
        number = number * 10 + (unsigned long)(text.data[i] - '0');
    return number;
}

static const char *check_levels(const struct csv_record *record,
                                size_t *column) {
    struct span warning = record->values[WARNING];
    struct span quarantine = record->values[QUARANTINE];
    *column = QUARANTINE;
    if (!warning.len && !quarantine.len)
        return "must not be empty when warning is";
    if (warning.len && quarantine.len &&
        number_of(warning) > number_of(quarantine))
        return "must not be lower than warning";
    return NULL;
}

enum outcome verb_import_thresholds(struct call *call) {
    static const struct csv_import thresholds = {
        .what = "thresholds",
        .table = "volume_threshold",
        .columns = columns,
        .count = COUNT(columns),
        .check = check_levels,
        .may_replace_by_nothing = true,
    };
    struct db_params who = DB_PARAMS(call->arena);
    add_who(call, &who);
    enum outcome outcome =
        call_change(call, &(struct call_statement){&say_who, &who}, 1, NULL);
    return outcome == DONE ? csv_import_run(call, &thresholds) : outcome;
}

/* ---- looking ---- */

static const char NONE[] = "There is none.";

enum outcome verb_thresholds_list(struct call *call) {
    static const struct db_statement list = {
        "list_thresholds", "select * from list_thresholds(null, $1, null, $2)"};
    struct db_params params = DB_PARAMS(call->arena);
    if (!call_add_user(call, &params))
        return REFUSED;
    db_instant(&params, clock_now());
    return call_list(call, &list, &params, fields, COUNT(fields), NONE);
}

enum outcome verb_thresholds_history(struct call *call) {
    static const struct db_statement list = {
        "threshold_history", "select * from threshold_history($1, $2)"};
    struct db_params params = DB_PARAMS(call->arena);
    int64_t limit;
    if (!call_add_user(call, &params) ||
        !call_read_limit(call, call->options.limit, &limit))
        return REFUSED;
    db_int8(&params, limit);
    return call_list(call, &list, &params, changes, COUNT(changes), NONE);
}

/* ---- setting ---- */

static bool add_variant(struct call *call, struct db_params *params) {
    struct buffer ignored = {0};
    bool known =
        FIELD_VARIANT.read(&FIELD_VARIANT, span_text(call->argument), &ignored);
    buffer_free(&ignored);
    db_text(params, call->argument);
    if (!known)
        call_misuse(call, "'%s' is not one of 11.1, 11.2, 11.3, 11.4",
                    call->argument);
    return known;
}

/* *level -1: none. */
static bool read_level(struct call *call, const char *option, const char *text,
                       int64_t *level) {
    *level = -1;
    if (!text)
        return true;
    char *end;
    errno = 0;
    *level = strtoll(text, &end, 10);
    if (!errno && end != text && !*end && *level >= 0 && *level <= INT32_MAX)
        return true;
    call_misuse(call, "%s '%s' is not a number of devices", option, text);
    return false;
}

static bool read_period(struct call *call, instant *period) {
    enum { MOST_DAYS = 366 };
    const char *text = call->options.period;
    if (text && config_read_duration(text, period) &&
        *period <= MOST_DAYS * DAY)
        return true;
    call_misuse(call, "say over how long it is counted: --period DURATION, "
                      "such as 90s, 15m, 24h or 30d");
    return false;
}

static void add_level(struct db_params *params, int64_t level) {
    if (level < 0)
        db_null(params);
    else
        db_int4(params, (int32_t)level);
}

static bool add_levels(struct call *call, struct db_params *params) {
    int64_t warning, quarantine;
    instant period;
    if (!read_period(call, &period) ||
        !read_level(call, "--warning", call->options.warning, &warning) ||
        !read_level(call, "--quarantine", call->options.quarantine,
                    &quarantine))
        return false;
    if (warning < 0 && quarantine < 0) {
        call_misuse(call, "say a level: --warning N, --quarantine N or both");
        return false;
    }
    if (quarantine >= 0 && warning > quarantine) {
        call_misuse(call, "--warning must not be higher than --quarantine");
        return false;
    }
    db_int4(params, (int32_t)(period / SECOND));
    add_level(params, warning);
    add_level(params, quarantine);
    return true;
}

static void print_change(struct call *call, const char *what) {
    const char *user = call->options.user ? call->options.user : "all Users";
    if (call->options.json)
        call_print_json(call, json_pack("{s:s, s:s, s:s}", "change", what,
                                        "user", user, "serviceReferenceVariant",
                                        call->argument));
    else
        buffer_printf(call->out, "The threshold of %s for %s is %s.\n", user,
                      call->argument, what);
}

enum outcome verb_thresholds_set(struct call *call) {
    static const struct db_statement set = {
        "set_threshold", "select set_threshold($1, $2, $3, $4, $5)"};
    struct db_params params = DB_PARAMS(call->arena);
    if (!call_add_user(call, &params) || !add_variant(call, &params) ||
        !add_levels(call, &params))
        return REFUSED;
    enum outcome outcome = change(call, &set, &params, NULL);
    if (outcome == DONE)
        print_change(call, "set");
    return outcome;
}

enum outcome verb_thresholds_remove(struct call *call) {
    static const struct db_statement drop = {"remove_threshold",
                                             "select remove_threshold($1, $2)"};
    struct db_params params = DB_PARAMS(call->arena);
    if (!call_add_user(call, &params) || !add_variant(call, &params))
        return REFUSED;
    struct db_rows *rows;
    enum outcome outcome = change(call, &drop, &params, &rows);
    if (outcome != DONE)
        return outcome;
    if (!db_get_bool(rows, 0, 0))
        return call_refuse(call, "there is no such threshold; see fotactl "
                                 "thresholds list");
    print_change(call, "removed");
    return DONE;
}
