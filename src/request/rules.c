#include "request/rules.h"

#include "base/log.h"
#include "base/memory.h"
#include "duis/request.h"
#include "duis/response.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct answer_row {
    const char *name; /* of the condition */
    enum condition condition;
    const char *variant; /* "": all */
    struct rules_answer answer;
};

struct role_row {
    const char *variant, *role;
};

struct rules {
    atomic_uint references;
    struct arena *arena;
    struct answer_row *answers;
    struct role_row *roles;
    struct rules_variant *variants;
    const char **versions; /* of DUIS, the lowest first */
    struct rules_lack *lacks;
    size_t answer_count, role_count, variant_count, version_count, lack_count;
};

/* ---- reading ---- */

/* A table that is read as a whole. */
struct rules_table {
    struct db_statement statement;
    const struct db_column *columns;
    size_t column_count, size; /* of a row's struct */
};

/* The rows as structs; NULL with *outcome when they cannot be read. */
static void *table_read(const struct rules_table *table, struct db *db,
                        struct arena *arena, size_t *count,
                        enum outcome *outcome) {
    struct db_rows *rows;
    *outcome = db_run(db, &table->statement, NULL, arena, &rows);
    if (*outcome != DONE)
        return NULL;
    *count = db_row_count(rows);
    return db_structs(rows, table->columns, table->column_count, table->size,
                      arena);
}

static enum outcome answers_load(struct db *db, struct rules *rules) {
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct answer_row, name),
        DB_COLUMN(TEXT, struct answer_row, variant),
        DB_COLUMN(INT4, struct answer_row, answer.http_status),
        DB_COLUMN(TEXT, struct answer_row, answer.response_code),
        DB_COLUMN(TEXT, struct answer_row, answer.meaning),
    };
    static const struct rules_table table = {
        {"load_answers",
         "select condition, service_reference_variant, http_status,"
         " response_code, meaning from response_code"},
        DB_COLUMNS(columns),
        sizeof(struct answer_row)};
    enum outcome outcome;
    rules->answers =
        table_read(&table, db, rules->arena, &rules->answer_count, &outcome);
    struct answer_row *row = rules->answers;
    for (size_t i = 0; row && i < rules->answer_count; i++, row++) {
        row->condition = condition_named(row->name);
        if (!*row->answer.response_code)
            row->answer.response_code = NULL;
    }
    return outcome;
}

static enum outcome roles_load(struct db *db, struct rules *rules) {
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct role_row, variant),
        DB_COLUMN(TEXT, struct role_row, role),
    };
    static const struct rules_table table = {
        {"load_roles",
         "select service_reference_variant, role from service_role"},
        DB_COLUMNS(columns),
        sizeof(struct role_row)};
    enum outcome outcome;
    rules->roles =
        table_read(&table, db, rules->arena, &rules->role_count, &outcome);
    return outcome;
}

static enum outcome variants_load(struct db *db, struct rules *rules) {
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct rules_variant, service_reference_variant),
        DB_COLUMN(TEXT, struct rules_variant, service_reference),
        DB_COLUMN(INT4, struct rules_variant, command_variant),
        DB_COLUMN(TEXT, struct rules_variant, service),
        DB_COLUMN(TEXT, struct rules_variant, body),
        DB_COLUMN(BOOL, struct rules_variant, needs_acb_target),
        DB_COLUMN(BOOL, struct rules_variant, sent),
        DB_COLUMN(BOOL, struct rules_variant, returned),
        DB_COLUMN(BOOL, struct rules_variant, future_dated),
    };
    static const struct rules_table table = {
        {"load_variants",
         "select service_reference_variant, service_reference,"
         " command_variant, service, v.body, needs_acb_target, sent, returned,"
         " future_dated"
         " from service_variant v"
         " join service_reference using (service_reference_variant)"},
        DB_COLUMNS(columns),
        sizeof(struct rules_variant)};
    enum outcome outcome;
    rules->variants =
        table_read(&table, db, rules->arena, &rules->variant_count, &outcome);
    return outcome;
}

static enum outcome versions_load(struct db *db, struct rules *rules) {
    static const struct db_statement statement = {
        "load_versions", "select array_agg(version order by"
                         " place) from duis_version"};
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &statement, NULL, rules->arena, &rows);
    if (outcome == DONE && !db_is_null(rows, 0, 0))
        rules->version_count =
            db_get_texts(rows, 0, 0, rules->arena, &rules->versions);
    return outcome;
}

static enum outcome lacks_load(struct db *db, struct rules *rules) {
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct rules_lack, version),
        DB_COLUMN(TEXT, struct rules_lack, kind),
        DB_COLUMN(TEXT, struct rules_lack, name),
        DB_COLUMN(TEXT, struct rules_lack, instead),
    };
    static const struct rules_table table = {
        {"load_lacks", "select version, kind, name, instead from duis_lacks"},
        DB_COLUMNS(columns),
        sizeof(struct rules_lack)};
    enum outcome outcome;
    rules->lacks =
        table_read(&table, db, rules->arena, &rules->lack_count, &outcome);
    return outcome;
}

/* ---- what is asked of them ---- */

static const struct rules_answer *find_answer(const struct rules *rules,
                                              enum condition condition,
                                              const char *variant) {
    for (size_t i = 0; i < rules->answer_count; i++)
        if (rules->answers[i].condition == condition &&
            strcmp(rules->answers[i].variant, variant) == 0)
            return &rules->answers[i].answer;
    return NULL;
}

const struct rules_answer *rules_answer(const struct rules *rules,
                                        enum condition condition,
                                        const char *variant) {
    const struct rules_answer *answer = find_answer(rules, condition, variant);
    if (!answer)
        answer = find_answer(rules, condition, "");
    if (!answer)
        answer = find_answer(rules, CONDITION_our_fault, "");
    return answer;
}

static bool variant_is_update(const struct rules_variant *variant) {
    for (int body = 0; body < DUIS_BODIES; body++)
        if (strcmp(duis_body_name((enum duis_body)body), variant->body) == 0)
            return duis_body_is_update((enum duis_body)body);
    return false;
}

/* Conditions that only an update request can end in have a row for each. */
static bool has_answer(const struct rules *rules, enum condition condition) {
    if (find_answer(rules, condition, ""))
        return true;
    size_t updates = 0;
    for (size_t i = 0; i < rules->variant_count; i++) {
        const struct rules_variant *variant = &rules->variants[i];
        if (!variant_is_update(variant))
            continue;
        if (!find_answer(rules, condition, variant->service_reference_variant))
            return false;
        updates++;
    }
    return updates != 0;
}

static const char unfit[] = "the table response_code is not as it must be";

static enum outcome rules_check_rows(const struct rules *rules, struct db *db) {
    for (size_t i = 0; i < rules->answer_count; i++) {
        const struct answer_row *row = &rules->answers[i];
        if (row->condition == CONDITIONS)
            continue;
        bool has_code = row->answer.response_code != NULL;
        if (has_code == condition_has_response(row->condition))
            continue;
        log_error("rules.unfit",
                  "condition=%s : its row in the table response_code must %s a "
                  "response_code",
                  condition_name(row->condition),
                  has_code ? "not have" : "have");
        db_blame(db, unfit);
        return FAILED;
    }
    return DONE;
}

static bool is_warning_list(const char *name) {
    for (int i = 0; i < DUIS_WARNING_LISTS; i++)
        if (strcmp(duis_warning_lists[i], name) == 0)
            return true;
    return false;
}

/* Why the versions of DUIS are not as they must be; NULL: they are. */
static const char *versions_fault(const struct rules *rules) {
    if (!rules->version_count)
        return "the table duis_version is empty";
    for (size_t i = 0; i < rules->lack_count; i++) {
        const struct rules_lack *lack = &rules->lacks[i];
        if (strcmp(lack->kind, "element") == 0 && is_warning_list(lack->name) &&
            *lack->instead && !is_warning_list(lack->instead))
            return "a list of a warning stands in for another in the table "
                   "duis_since that there is not";
    }
    return NULL;
}

static enum outcome rules_check_versions(const struct rules *rules,
                                         struct db *db) {
    const char *fault = versions_fault(rules);
    if (!fault)
        return DONE;
    log_error("rules.unfit", ": %s", fault);
    db_blame(db, fault);
    return FAILED;
}

static enum outcome rules_check(const struct rules *rules, struct db *db) {
    for (int i = 0; i < CONDITIONS; i++)
        if (!has_answer(rules, (enum condition)i)) {
            log_error("rules.missing",
                      "condition=%s : the table response_code has no row for "
                      "it; add one and start again",
                      condition_name((enum condition)i));
            db_blame(db, unfit);
            return FAILED;
        }
    enum outcome outcome = rules_check_rows(rules, db);
    return outcome == DONE ? rules_check_versions(rules, db) : outcome;
}

enum outcome rules_load(struct db *db, struct rules **loaded) {
    struct rules *rules = memory_alloc(sizeof *rules);
    *rules = (struct rules){.arena = arena_new()};
    atomic_init(&rules->references, 1);
    enum outcome outcome = answers_load(db, rules);
    if (outcome == DONE)
        outcome = roles_load(db, rules);
    if (outcome == DONE)
        outcome = variants_load(db, rules);
    if (outcome == DONE)
        outcome = versions_load(db, rules);
    if (outcome == DONE)
        outcome = lacks_load(db, rules);
    if (outcome == DONE)
        outcome = rules_check(rules, db);
    if (outcome == DONE)
        *loaded = rules;
    else
        rules_release(rules);
    return outcome;
}

void rules_release(struct rules *rules) {
    if (!rules || atomic_fetch_sub(&rules->references, 1) != 1)
        return;
    arena_free(rules->arena);
    free(rules);
}

/* ---- those in use ---- */

static struct rules *rules_in_use;
static pthread_mutex_t rules_lock = PTHREAD_MUTEX_INITIALIZER;

void rules_use(struct rules *rules) {
    pthread_mutex_lock(&rules_lock);
    struct rules *old = rules_in_use;
    rules_in_use = rules;
    pthread_mutex_unlock(&rules_lock);
    rules_release(old);
}

struct rules *rules_current(void) {
    pthread_mutex_lock(&rules_lock);
    struct rules *rules = rules_in_use;
    atomic_fetch_add(&rules->references, 1);
    pthread_mutex_unlock(&rules_lock);
    return rules;
}

bool rules_role_eligible(const struct rules *rules, const char *variant,
                         const char *role) {
    for (size_t i = 0; i < rules->role_count; i++)
        if (strcmp(rules->roles[i].variant, variant) == 0 &&
            strcmp(rules->roles[i].role, role) == 0)
            return true;
    return false;
}

const struct rules_variant *rules_variant(const struct rules *rules,
                                          const char *variant,
                                          int32_t command_variant,
                                          const char *service) {
    for (size_t i = 0; i < rules->variant_count; i++) {
        const struct rules_variant *row = &rules->variants[i];
        if (strcmp(row->service_reference_variant, variant) == 0 &&
            (!command_variant || row->command_variant == command_variant) &&
            (!service || strcmp(row->service, service) == 0))
            return row;
    }
    return NULL;
}

bool rules_known_variant(const struct rules *rules, const char *variant) {
    return rules_variant(rules, variant, 0, NULL) != NULL;
}

void rules_each_variant(const struct rules *rules,
                        void (*tell)(const char *service_reference_variant)) {
    for (size_t i = 0; i < rules->variant_count; i++)
        tell(rules->variants[i].service_reference_variant);
}

const char *rules_version(const struct rules *rules, const char *said) {
    const char *version = NULL;
    bool negative = *said == '-'; /* a decimal may be */
    for (size_t i = 0; i < rules->version_count && !negative; i++)
        if (duis_version_compare(rules->versions[i], said) <= 0)
            version = rules->versions[i];
    return version;
}

const struct rules_lack *rules_lack(const struct rules *rules,
                                    const char *version, const char *kind,
                                    const char *name) {
    for (size_t i = 0; i < rules->lack_count; i++) {
        const struct rules_lack *lack = &rules->lacks[i];
        if (strcmp(lack->name, name) == 0 && strcmp(lack->kind, kind) == 0 &&
            strcmp(lack->version, version) == 0)
            return lack;
    }
    return NULL;
}
