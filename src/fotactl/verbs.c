#include "fotactl/verb_table.h"

#include "base/version.h"
#include "db/system_clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INSTALLED_CONFIG "/etc/fotad/fotad.conf"

/* More words are too many for any verb. */
enum { MOST_WORDS = 4 };

/* The command line, taken apart. */
struct line {
    const char *words[MOST_WORDS];
    size_t count;
    uint64_t used; /* bit i: verb_table.options[i] was given */
};

/* ---- the command line ---- */

static const struct option *find_option(const char *word, size_t len) {
    for (size_t i = 0; i < verb_table.option_count; i++)
        if (strlen(verb_table.options[i].name) == len &&
            memcmp(verb_table.options[i].name, word, len) == 0)
            return &verb_table.options[i];
    return NULL;
}

/* Takes the option in words[0], and its value from there or from words[1].
 * Returns how many words it was; 0 with a problem when it is wrong. */
static size_t take_option(struct verb_run *run, struct line *line, size_t count,
                          const char *const *words) {
    size_t len = strcspn(words[0], "=");
    const char *value = words[0][len] ? words[0] + len + 1 : NULL;
    const struct option *option = find_option(words[0], len);
    if (!option) {
        (void)run_misuse(run, "there is no option %s", words[0]);
        return 0;
    }
    line->used |= UINT64_C(1) << (option - verb_table.options);
    char *field = (char *)&run->options + option->offset;
    if (!option->value) {
        *(bool *)field = true;
        if (value)
            (void)run_misuse(run, "%s has no value", option->name);
        return !value;
    }
    size_t taken = value ? 1 : 2;
    if (!value && count > 1)
        value = words[1];
    if (!value) {
        (void)run_misuse(run, "%s needs a value: %s %s", option->name,
                         option->name, option->value);
        return 0;
    }
    *(const char **)(void *)field = value;
    return taken;
}

static bool take_line(struct verb_run *run, struct line *line, size_t count,
                      const char *const *words) {
    for (size_t i = 0; i < count;) {
        size_t taken = 1;
        if (words[i][0] == '-' && words[i][1])
            taken = take_option(run, line, count - i, words + i);
        else if (line->count < MOST_WORDS)
            line->words[line->count++] = words[i];
        if (!taken)
            return false;
        i += taken;
    }
    return true;
}

/* How many of the line's words name this verb; 0: they do not. */
static size_t words_match(const struct verb *verb, const struct line *line) {
    size_t words = strchr(verb->words, ' ') ? 2 : 1;
    if (line->count < words)
        return 0;
    char text[64];
    snprintf(text, sizeof text, "%s%s%s", line->words[0], words > 1 ? " " : "",
             words > 1 ? line->words[1] : "");
    return strcmp(text, verb->words) == 0 ? words : 0;
}

static bool arguments_fit(const struct verb *verb, size_t count) {
    const char *name = verb->argument;
    size_t named = name ? 1 + (strchr(name, ' ') != NULL) : 0;
    return count == named || (!count && name && *name == '[');
}

/* The second words of verbs whose first is the line's, with '|' between; "":
 * it is the first of none. */
static const char *verbs_after(struct verb_run *run, const struct line *line) {
    const char *all = "";
    for (size_t i = 0; line->count && i < verb_table.verb_count; i++) {
        size_t len = strlen(line->words[0]);
        if (verb_begins(&verb_table.verbs[i], line->words[0]) &&
            verb_table.verbs[i].words[len])
            all = arena_printf(run->arena, "%s%s%s", all, *all ? "|" : "",
                               verb_table.verbs[i].words + len + 1);
    }
    return all;
}

static const struct verb *find_verb(struct verb_run *run,
                                    const struct line *line) {
    for (size_t i = 0; i < verb_table.verb_count; i++) {
        size_t words = words_match(&verb_table.verbs[i], line);
        if (!words)
            continue;
        size_t arguments = line->count - words;
        run->argument = arguments ? line->words[words] : NULL;
        run->second = arguments > 1 ? line->words[words + 1] : NULL;
        if (arguments_fit(&verb_table.verbs[i], arguments) || run->options.help)
            return &verb_table.verbs[i];
        (void)run_misuse(
            run, "usage: fotactl %s%s%s", verb_table.verbs[i].words,
            verb_table.verbs[i].argument ? " " : "",
            verb_table.verbs[i].argument ? verb_table.verbs[i].argument : "");
        return NULL;
    }
    const char *next = verbs_after(run, line);
    if (*next)
        (void)run_misuse(run, "usage: fotactl %s %s", line->words[0], next);
    else if (line->count)
        (void)run_misuse(run, "there is no verb '%s%s%s'; see fotactl --help",
                         line->words[0], line->count > 1 ? " " : "",
                         line->count > 1 ? line->words[1] : "");
    else
        (void)run_misuse(run, "say what to do; see fotactl --help");
    return NULL;
}

static bool options_belong(struct verb_run *run, const struct line *line,
                           const struct verb *verb) {
    for (size_t i = 0; i < verb_table.option_count; i++)
        if (line->used & UINT64_C(1) << i && verb_table.options[i].set &&
            !(verb_table.options[i].set & verb->options)) {
            (void)run_misuse(run, "%s does not belong to '%s'",
                             verb_table.options[i].name, verb->words);
            return false;
        }
    return true;
}

/* ---- running ---- */

/* What --config says, or the installed one if there is any. */
static const char *config_path(const struct verb_run *run) {
    if (run->options.config)
        return run->options.config;
    return access(INSTALLED_CONFIG, F_OK) == 0 ? INSTALLED_CONFIG : NULL;
}

static enum outcome config_load(struct verb_run *run) {
    const char *reason;
    if (!config_read(&run->config, config_path(run), run->arena, &reason))
        return run_refuse(run, "%s", reason);
    const char *offset = run->config.clock_offset_file;
    if (*offset && !clock_use_offset_file(offset))
        return run_refuse(run, "[clock] offset_file %s: %s", offset,
                          strerror(errno));
    return DONE;
}

static enum outcome check_schema(struct verb_run *run) {
    int missing = 0;
    enum outcome outcome =
        run_database(run, db_migrate(run->db, NULL, &missing));
    if (outcome == DONE && missing)
        return run_refuse(run, "%s", db_version_words(run->db, run->arena));
    return outcome;
}

/* One look: it goes by the time that fotad has. */
static enum outcome clock_follow_system(struct verb_run *run) {
    struct clock_reading reading;
    return run_database(run,
                        system_clock_read(run->db, &run->config, &reading));
}

static enum outcome verb_start(struct verb_run *run, const struct verb *verb) {
    run->words = verb->words;
    enum need need = run->options.verify ? NEEDS_SCHEMA : verb->need;
    if (need == NEEDS_NOTHING)
        return verb->run(run);
    enum outcome outcome = config_load(run);
    if (outcome != DONE || need == NEEDS_CONFIG)
        return outcome == DONE ? verb->run(run) : outcome;
    const char *owner = run->config.database_owner_conninfo;
    run->db = db_open(
        need != NEEDS_SCHEMA && *owner ? owner : run->config.database_conninfo,
        "fotactl");
    db_is_for(run->db, DB_FOR_tool);
    if (need != NEEDS_DATABASE)
        outcome = check_schema(run);
    if (need != NEEDS_DATABASE && outcome == DONE)
        outcome = clock_follow_system(run);
    if (outcome == DONE)
        outcome = verb->run(run);
    db_close(run->db);
    return outcome;
}

static enum outcome line_run(struct verb_run *run, size_t count,
                             const char *const *words) {
    struct line line = {.count = 0};
    if (!take_line(run, &line, count, words))
        return REFUSED;
    if (run->options.version) {
        buffer_text(run->out, "fotactl " FOTAD_VERSION "\n");
        return DONE;
    }
    if (run->options.help && line.count < 2 &&
        (!line.count || *verbs_after(run, &line))) {
        print_help(run->out, &verb_table, line.count ? line.words[0] : "");
        return DONE;
    }
    const struct verb *verb = find_verb(run, &line);
    if (!verb || !options_belong(run, &line, verb))
        return REFUSED;
    if (!run->options.help)
        return verb_start(run, verb);
    print_help(run->out, &verb_table, verb->words);
    return DONE;
}

enum fotactl_exit fotactl_run(size_t count, const char *const *words,
                              FILE *stream, struct buffer *out,
                              struct buffer *err) {
    struct verb_run run = {.arena = arena_new(), .out = out, .stream = stream};
    enum outcome outcome = line_run(&run, count, words);
    if (!run.raw)
        run_make_safe(out, true);
    if (outcome != DONE) {
        buffer_printf(err, "fotactl: %s", run.problem ? run.problem : "failed");
        run_make_safe(err, false);
        buffer_text(err, "\n");
    }
    arena_free(run.arena);
    if (outcome == DONE)
        return FOTACTL_DONE;
    return run.misused ? FOTACTL_MISUSED : FOTACTL_REFUSED;
}
