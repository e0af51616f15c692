#include "request/rules.h"

#include "base/log.h"
#include "base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>

static const char *const names[] = {
#define CONDITION(name, form) #name,
#include "request/condition.def"
#undef CONDITION
};

enum form { PROBLEM, RESPONSE };

static const enum form forms[] = {
#define CONDITION(name, form) form,
#include "request/condition.def"
#undef CONDITION
};

const char *condition_name(enum condition condition) {
    return names[condition];
}

enum condition condition_named(const char *name) {
    for (int i = 0; i < CONDITIONS; i++)
        if (strcmp(names[i], name) == 0)
            return (enum condition)i;
    return CONDITIONS;
}

struct answer_row {
    enum condition condition;
    const char *variant;
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
    size_t answer_count, role_count, variant_count;
};

static const char *text(struct rules *rules, const struct db_rows *rows,
                        size_t row, int column) {
    if (db_is_null(rows, row, column))
        return NULL;
    return arena_text(rules->arena, db_get_span(rows, row, column));
}

static enum outcome load_answers(struct db *db, struct rules *rules) {
    static const struct db_statement find = {
        "load_answers",
        "select condition, service_reference_variant, http_status,"
        " response_code, meaning from response_code"};
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &find, NULL, rules->arena, &rows);
    if (outcome != DONE)
        return outcome;
    size_t count = rules->answer_count = db_row_count(rows);
    rules->answers = arena_zero(rules->arena, count, sizeof *rules->answers);
    for (size_t i = 0; i < count; i++)
        rules->answers[i] = (struct answer_row){
            .condition = condition_named(db_get_text(rows, i, 0)),
            .variant = text(rules, rows, i, 1),
            .answer = {(unsigned)db_get_int(rows, i, 2),
                       text(rules, rows, i, 3), text(rules, rows, i, 4)}};
    return DONE;
}

static enum outcome load_roles(struct db *db, struct rules *rules) {
    static const struct db_statement find = {
        "load_roles",
        "select service_reference_variant, role from service_role"};
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &find, NULL, rules->arena, &rows);
    if (outcome != DONE)
        return outcome;
    size_t count = rules->role_count = db_row_count(rows);
    rules->roles = arena_zero(rules->arena, count, sizeof *rules->roles);
    for (size_t i = 0; i < count; i++)
        rules->roles[i] =
            (struct role_row){text(rules, rows, i, 0), text(rules, rows, i, 1)};
    return DONE;
}

static enum outcome load_variants(struct db *db, struct rules *rules) {
    static const struct db_statement find = {
        "load_variants",
        "select service_reference_variant, service_reference,"
        " command_variant, service, v.body, needs_acb_target, sent, returned,"
        " future_dated"
        " from service_variant v"
        " join service_reference using (service_reference_variant)"};
    struct db_rows *rows;
    enum outcome outcome = db_run(db, &find, NULL, rules->arena, &rows);
    if (outcome != DONE)
        return outcome;
    size_t count = rules->variant_count = db_row_count(rows);
    rules->variants = arena_zero(rules->arena, count, sizeof *rules->variants);
    for (size_t i = 0; i < count; i++)
        rules->variants[i] = (struct rules_variant){
            .service_reference_variant = text(rules, rows, i, 0),
            .service_reference = text(rules, rows, i, 1),
            .command_variant = (unsigned)db_get_int(rows, i, 2),
            .service = text(rules, rows, i, 3),
            .body = text(rules, rows, i, 4),
            .needs_acb_target = db_get_bool(rows, i, 5),
            .sent = db_get_bool(rows, i, 6),
            .returned = db_get_bool(rows, i, 7),
            .future_dated = db_get_bool(rows, i, 8)};
    return DONE;
}

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

/* Conditions that only an update request can end in have a row for each. */
static bool has_answer(const struct rules *rules, enum condition condition) {
    return find_answer(rules, condition, "") ||
           (find_answer(rules, condition, "11.1") &&
            find_answer(rules, condition, "11.4"));
}

static enum outcome check_rows(const struct rules *rules) {
    for (size_t i = 0; i < rules->answer_count; i++) {
        const struct answer_row *row = &rules->answers[i];
        if (row->condition == CONDITIONS)
            continue;
        bool has_code = row->answer.response_code != NULL;
        if (has_code == (forms[row->condition] == RESPONSE))
            continue;
        log_error("rules.unfit",
                  "condition=%s : its row in the table response_code must %s a "
                  "response_code",
                  names[row->condition], has_code ? "not have" : "have");
        return FAILED;
    }
    return DONE;
}

static enum outcome check(const struct rules *rules) {
    for (int i = 0; i < CONDITIONS; i++)
        if (!has_answer(rules, (enum condition)i)) {
            log_error("rules.missing",
                      "condition=%s : the table response_code has no row for "
                      "it; add one and start again",
                      names[i]);
            return FAILED;
        }
    return check_rows(rules);
}

enum outcome rules_load(struct db *db, struct rules **loaded) {
    struct rules *rules = memory_alloc(sizeof *rules);
    *rules = (struct rules){.arena = arena_new()};
    atomic_init(&rules->references, 1);
    enum outcome outcome = load_answers(db, rules);
    if (outcome == DONE)
        outcome = load_roles(db, rules);
    if (outcome == DONE)
        outcome = load_variants(db, rules);
    if (outcome == DONE)
        outcome = check(rules);
    if (outcome == DONE)
        *loaded = rules;
    else
        rules_release(rules);
    return outcome;
}

struct rules *rules_hold(struct rules *rules) {
    atomic_fetch_add(&rules->references, 1);
    return rules;
}

void rules_release(struct rules *rules) {
    if (!rules || atomic_fetch_sub(&rules->references, 1) != 1)
        return;
    arena_free(rules->arena);
    free(rules);
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
                                          unsigned command_variant,
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
