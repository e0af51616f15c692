/* fotactl dry-run: what an 11.1 or 11.4 would be answered (requirement G7). */
#include "request/dry_run.h"
#include "duis/library.h"
#include "fotactl/forecast.h"
#include "fotactl/verbs.h"

#include <stdio.h>

static const char *const list_titles[DRY_RUN_LISTS] = {
    "Invalid", "Not Commissioned", "Not applicable",
    "Other request in progress", "Invalid GBCS version"};

static void print_lists(struct verb_run *run, const struct dry_run *dry) {
    char id[EUI64_TEXT_SIZE];
    for (int i = 0; i < DRY_RUN_LISTS; i++) {
        const struct duis_devices *list = &dry->refused[i];
        if (list->count)
            buffer_printf(run->out, "\n%s (%zu)\n", list_titles[i],
                          list->count);
        for (size_t d = 0; d < list->count; d++)
            buffer_printf(run->out, "  %s\n", eui64_format(list->ids[d], id));
    }
}

static void print_plan(struct verb_run *run, const char *text) {
    json_t *plan = json_loads(text, 0, NULL);
    buffer_printf(run->out, "Plan: %s; from %s, in %zu waves.\n",
                  json_string_value(json_object_get(plan, "plan")),
                  json_string_value(json_object_get(plan, "begins")),
                  json_array_size(json_object_get(plan, "waves")));
    json_decref(plan);
}

static const char *text_at(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "-";
}

static void print_counts(struct verb_run *run, const json_t *of,
                         const char *indent) {
    json_t *count;
    size_t i;
    json_array_foreach(json_object_get(of, "byCsp"), i, count) {
        buffer_printf(
            run->out, "%sCSP %s: %jd\n", indent, text_at(count, "csp"),
            (intmax_t)json_integer_value(json_object_get(count, "devices")));
    }
    json_array_foreach(json_object_get(of, "byModel"), i, count) {
        buffer_printf(
            run->out, "%s%s %s:%s:%s: %jd\n", indent,
            text_at(count, "deviceType"), text_at(count, "manufacturerId"),
            text_at(count, "modelId"), text_at(count, "hardwareVersion"),
            (intmax_t)json_integer_value(json_object_get(count, "devices")));
    }
    buffer_printf(run->out, "%sComms Hubs: %jd\n", indent,
                  (intmax_t)json_integer_value(json_object_get(of, "hubs")));
}

/* What the devices are, and what the guard says of which. */
static void print_guard(struct verb_run *run, const char *text) {
    json_t *guard = json_loads(text, 0, NULL), *rule;
    size_t i;
    print_counts(run, guard, "");
    json_array_foreach(json_object_get(guard, "guard"), i, rule) {
        buffer_printf(
            run->out, "\nGuard, %s, %s (%jd): %s\n", text_at(rule, "rule"),
            strcmp(text_at(rule, "mode"), "warn") == 0 ? "a warning"
                                                       : "refused",
            (intmax_t)json_integer_value(json_object_get(rule, "devices")),
            text_at(rule, "meaning"));
        print_counts(run, rule, "  ");
    }
    json_decref(guard);
}

static void print_forecast(struct verb_run *run, const char *text) {
    json_t *forecast = json_loads(text, 0, NULL);
    forecast_print(run->out, forecast);
    json_decref(forecast);
}

static void print_dry_run(struct verb_run *run, const struct dry_run *dry) {
    const char *code = dry->response_code ? dry->response_code : "no code";
    if (run->options.json) {
        run_print_json(run, dry_run_json(dry));
        return;
    }
    buffer_printf(run->out, "It would be answered %s: %s%s%s\n", code,
                  dry->meaning, *dry->detail ? ": " : "", dry->detail);
    buffer_printf(run->out, "Signature %s, listed %zu, accepted %zu.\n",
                  dry_run_signatures[dry->signature], dry->listed,
                  dry->accepted);
    if (dry->image_unsigned)
        buffer_printf(run->out, "The supplier's signature in the image: %s.\n",
                      dry->image_unsigned);
    if (dry->plan)
        print_plan(run, dry->plan);
    if (dry->forecast)
        print_forecast(run, dry->forecast);
    if (dry->guard)
        print_guard(run, dry->guard);
    print_lists(run, dry);
}

static enum outcome dry_run_say(struct verb_run *run,
                                const struct dry_run *dry) {
    if (dry->refusal && dry->line)
        return run_refuse(run, "%s:%u:%u: %s", run->argument, dry->line,
                          dry->column, dry->refusal);
    if (dry->refusal)
        return run_refuse(run, "%s: %s", run->argument, dry->refusal);
    print_dry_run(run, dry);
    return DONE;
}

/* In an arena of its own, for what libxml2 made in it must go before libxml2
 * does. */
static enum outcome dry_run_try(struct verb_run *run, struct span text,
                                const struct rules *rules) {
    struct arena *arena = arena_new();
    struct dry_run dry;
    enum outcome outcome =
        run_database(run, request_dry_run(&run->config, rules, run->db, arena,
                                          text, NULL, &dry));
    if (outcome == DONE)
        outcome = dry_run_say(run, &dry);
    arena_free(arena);
    return outcome;
}

enum outcome verb_dry_run(struct verb_run *run) {
    struct span text;
    struct rules *rules;
    if (!run_read_file(run, run->config.user_max_body, &text))
        return REFUSED;
    enum outcome outcome = run_database(run, rules_load(run->db, &rules));
    if (outcome != DONE)
        return outcome;
    if (duis_open())
        outcome = dry_run_try(run, text, rules);
    else
        outcome = run_refuse(run, "the DUIS schemas cannot be compiled");
    duis_close();
    rules_release(rules);
    return outcome;
}
