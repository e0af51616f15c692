/* fotactl thresholds and import thresholds: Anomaly Detection Thresholds. */
#include "base/lists.h"
#include "base/value.h"
#include "fotactl/csv_import.h"
#include "fotactl/person.h"
#include "fotactl/verbs.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- who does it: the table's trigger reads it from the transaction ---- */

static const struct db_statement say_who = {
    "say_who", "select set_config('fotad.person', $1, true),"
               " set_config('fotad.now', $2::timestamptz::text, true)"};

static void add_who(struct verb_run *run, struct db_params *params) {
    db_text(params, operator_name(run->arena));
    db_instant(params, clock_now());
}

/* One change of the table by a statement. */
static enum outcome threshold_change(struct verb_run *run,
                                     const struct db_statement *statement,
                                     const struct db_params *params,
                                     struct db_rows **rows) {
    struct db_params who = DB_PARAMS(run->arena);
    add_who(run, &who);
    return run_transact(
        run,
        (const struct verb_statement[]){{&say_who, &who}, {statement, params}},
        2, rows);
}

/* ---- import ---- */

enum threshold_column { WARNING, QUARANTINE };

static const struct csv_column threshold_columns[] = {
    [WARNING] = {"warning", CSV_COLUMN, .kind = &FIELD_COUNT},
    [QUARANTINE] = {"quarantine", CSV_COLUMN, .kind = &FIELD_COUNT},
    {"user_id", CSV_COLUMN, .kind = &FIELD_EUI64_TEXT, .cast = "macaddr8",
     .key = true, .empty = "00-00-00-00-00-00-00-00"},
    {"service_reference_variant", CSV_VALUE, .kind = &FIELD_VARIANT,
     .key = true},
    {"period_seconds", CSV_VALUE, .kind = &FIELD_PERIOD},
};

/* FIELD_COUNT has checked that these are digits. */
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

enum outcome verb_import_thresholds(struct verb_run *run) {
    struct db_params who = DB_PARAMS(run->arena);
    add_who(run, &who);
    return csv_import_run(
        run, &(struct csv_import){
                 .what = "thresholds",
                 .table = "volume_threshold",
                 .columns = threshold_columns,
                 .count = COUNT(threshold_columns),
                 .check = check_levels,
                 .may_replace_by_nothing = true,
                 .first = &(struct verb_statement){&say_who, &who},
                 .unfit = "select threshold_stranger(array(select user_id from"
                          " import_change where change <> 'removed'))",
             });
}

/* ---- setting ---- */

static bool add_variant(struct verb_run *run, struct db_params *params) {
    bool known = list_find(service_variants, run->argument);
    db_text(params, run->argument);
    if (!known)
        (void)run_misuse(run, "'%s' is not one of %s", run->argument,
                         list_text(run->arena, service_variants));
    return known;
}

/* *level -1: none. */
static bool read_level(struct verb_run *run, const char *option,
                       const char *text, int64_t *level) {
    *level = -1;
    if (!text)
        return true;
    if (value_count(text, level) && *level <= INT32_MAX)
        return true;
    (void)run_misuse(run, "%s '%s' is not a number of devices", option, text);
    return false;
}

static bool read_period(struct verb_run *run, instant *period) {
    enum { MOST_DAYS = 366 };
    const char *text = run->options.period;
    if (text && value_duration(text, period) && *period >= SECOND &&
        *period <= MOST_DAYS * DAY)
        return true;
    (void)run_misuse(run, "say over how long it is counted: --period DURATION, "
                          "such as 90s, 15m, 24h or 30d");
    return false;
}

static void add_level(struct db_params *params, int64_t level) {
    if (level < 0)
        db_null(params);
    else
        db_int4(params, (int32_t)level);
}

static bool add_levels(struct verb_run *run, struct db_params *params) {
    int64_t warning, quarantine;
    instant period;
    if (!read_period(run, &period) ||
        !read_level(run, "--warning", run->options.warning, &warning) ||
        !read_level(run, "--quarantine", run->options.quarantine, &quarantine))
        return false;
    if (warning < 0 && quarantine < 0) {
        (void)run_misuse(run,
                         "say a level: --warning N, --quarantine N or both");
        return false;
    }
    if (quarantine >= 0 && warning > quarantine) {
        (void)run_misuse(run, "--warning must not be higher than --quarantine");
        return false;
    }
    db_int4(params, (int32_t)(period / SECOND));
    add_level(params, warning);
    add_level(params, quarantine);
    return true;
}

static void print_change(struct verb_run *run, const char *what) {
    const char *user = run->options.user ? run->options.user : "all Users";
    if (run->options.json)
        run_print_json(run, json_pack("{s:s, s:s, s:s}", "change", what, "user",
                                      user, "serviceReferenceVariant",
                                      run->argument));
    else
        buffer_printf(run->out, "The threshold of %s for %s is %s.\n", user,
                      run->argument, what);
}

static enum outcome user_check(struct verb_run *run) {
    static const struct db_statement statement = {
        "threshold_stranger", "select threshold_stranger(array[$1::macaddr8])"};
    struct db_params params = DB_PARAMS(run->arena);
    struct db_rows *rows;
    if (!run_add_user(run, &params))
        return REFUSED;
    enum outcome outcome = run_query(run, &statement, &params, &rows);
    if (outcome == DONE && !db_is_null(rows, 0, 0))
        return run_refuse(run, "%s", db_get_text(rows, 0, 0));
    return outcome;
}

enum outcome verb_thresholds_set(struct verb_run *run) {
    static const struct db_statement set = {
        "set_threshold", "select set_threshold($1, $2, $3, $4, $5)"};
    struct db_params params = DB_PARAMS(run->arena);
    if (!run_add_user(run, &params) || !add_variant(run, &params) ||
        !add_levels(run, &params))
        return REFUSED;
    enum outcome outcome = user_check(run);
    if (outcome == DONE)
        outcome = threshold_change(run, &set, &params, NULL);
    if (outcome == DONE)
        print_change(run, "set");
    return outcome;
}

enum outcome verb_thresholds_remove(struct verb_run *run) {
    static const struct db_statement drop = {"remove_threshold",
                                             "select remove_threshold($1, $2)"};
    struct db_params params = DB_PARAMS(run->arena);
    if (!run_add_user(run, &params) || !add_variant(run, &params))
        return REFUSED;
    struct db_rows *rows;
    enum outcome outcome = threshold_change(run, &drop, &params, &rows);
    if (outcome != DONE)
        return outcome;
    if (!db_get_bool(rows, 0, 0))
        return run_refuse(run, "there is no such threshold; see fotactl "
                               "thresholds list");
    print_change(run, "removed");
    return DONE;
}
