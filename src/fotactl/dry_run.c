/* fotactl dry-run: what an 11.1 or 11.4 would be answered (requirement G7). */
#include "request/dry_run.h"
#include "duis/library.h"
#include "fotactl/verbs.h"

#include <errno.h>
#include <stdio.h>

static const char *const lists[DRY_RUN_LISTS] = {
    "Invalid", "Not Commissioned", "Not applicable",
    "Other request in progress", "Invalid GBCS version"};

static void free_buffer(void *buffer) {
    buffer_free(buffer);
}

static bool read_file(struct call *call, struct span *text) {
    enum { PIECE = 64 * 1024 };
    struct buffer *all = arena_zero(call->arena, 1, sizeof *all);
    arena_adopt(call->arena, all, free_buffer);
    FILE *file = fopen(call->argument, "re");
    size_t len = file != NULL;
    while (len && all->len <= call->config.user_max_body) {
        len = fread(buffer_room(all, PIECE), 1, PIECE, file);
        all->len += len;
    }
    bool good = file && !ferror(file);
    if (!good)
        call_refuse(call, "%s: %s", call->argument, strerror(errno));
    else if (all->len > call->config.user_max_body) {
        call_refuse(call, "%s is larger than [user_gateway] max_body",
                    call->argument);
        good = false;
    }
    if (file)
        fclose(file);
    *text = buffer_span(all);
    return good;
}

static void print_lists(struct call *call, const struct dry_run *run) {
    char id[EUI64_TEXT_SIZE];
    for (int i = 0; i < DRY_RUN_LISTS; i++) {
        const struct duis_devices *list = &run->refused[i];
        if (list->count)
            buffer_printf(call->out, "\n%s (%zu)\n", lists[i], list->count);
        for (size_t d = 0; d < list->count; d++)
            buffer_printf(call->out, "  %s\n", eui64_format(list->ids[d], id));
    }
}

static void print(struct call *call, const struct dry_run *run) {
    const char *code = run->response_code ? run->response_code : "no code";
    if (call->options.json) {
        call_print_json(call, dry_run_json(run));
        return;
    }
    buffer_printf(call->out, "It would be answered %s: %s%s%s\n", code,
                  run->meaning, *run->detail ? ": " : "", run->detail);
    buffer_printf(call->out, "Signature %s, listed %zu, accepted %zu.\n",
                  dry_run_signatures[run->signature], run->listed,
                  run->accepted);
    print_lists(call, run);
}

static enum outcome say(struct call *call, const struct dry_run *run) {
    if (run->refusal && run->line)
        return call_refuse(call, "%s:%u:%u: %s", call->argument, run->line,
                           run->column, run->refusal);
    if (run->refusal)
        return call_refuse(call, "%s: %s", call->argument, run->refusal);
    print(call, run);
    return DONE;
}

/* In an arena of its own, for what libxml2 made in it must go before libxml2
 * does. */
static enum outcome try_it(struct call *call, struct span text,
                           const struct rules *rules) {
    struct arena *arena = arena_new();
    struct dry_run run;
    enum outcome outcome =
        call_database(call, request_dry_run(&call->config, rules, call->db,
                                            arena, text, NULL, &run));
    if (outcome == DONE)
        outcome = say(call, &run);
    arena_free(arena);
    return outcome;
}

enum outcome verb_dry_run(struct call *call) {
    struct span text;
    struct rules *rules;
    if (!read_file(call, &text))
        return REFUSED;
    enum outcome outcome = call_database(call, rules_load(call->db, &rules));
    if (outcome != DONE)
        return outcome;
    if (duis_open())
        outcome = try_it(call, text, rules);
    else
        outcome = call_refuse(call, "the DUIS schemas cannot be compiled");
    duis_close();
    rules_release(rules);
    return outcome;
}
