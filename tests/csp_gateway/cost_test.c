/* What floods of JSON cost until they are refused. (Only a CSP comes that far:
 * the listener asks who it is before it reads; what it may bring besides costs
 * as much as there is of it.) */
#include "support/cost.h"

#include "csp_gateway/json.h"

enum { MOST_BODY = 16 * 1024 * 1024 };

static void deep(struct buffer *out) {
    cost_repeat(out, "[", MOST_BODY);
}

static void deep_objects(struct buffer *out) {
    cost_repeat(out, "{\"a\":", MOST_BODY / 5);
}

static void values(struct buffer *out) {
    buffer_text(out, "[");
    cost_repeat(out, "0,", MOST_BODY / 2 - 2);
    buffer_text(out, "0]");
}

static void values_to_the_limit(struct buffer *out) {
    buffer_text(out, "[");
    cost_repeat(out, "{},", 32 * 10000 / 2 - 10);
    buffer_text(out, "0]");
}

static void text_read(struct span text) {
    struct arena *arena = arena_new();
    const char *reason;
    csp_json_parse(text, arena, NULL, &reason);
    arena_free(arena);
}

static void no_json_costs_more_than_the_budget(void **state) {
    (void)state;
#define CASE(make)                                                             \
    { #make, make }
    static const struct cost_case cases[] = {
        CASE(deep),
        CASE(deep_objects),
        CASE(values),
        CASE(values_to_the_limit),
    };
#undef CASE
    cost_check(cases, sizeof cases / sizeof *cases, cost_now, text_read);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_json_costs_more_than_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
