#include "fotactl/verbs.h"

#include "base/version.h"
#include "db/system_clock.h"
#include "fotactl/manual_csp.h"
#include "fotactl/roff.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INSTALLED_CONFIG "/etc/fotad/fotad.conf"

enum option_set {
    OPTION_REPLACE = 1,
    OPTION_USER = 2,
    OPTION_STATE = 4,
    OPTION_LIMIT = 8,
    OPTION_TIMES = 16,
    OPTION_VERIFY = 32,
    OPTION_REASON = 64,
    OPTION_ROLE = 128,
    OPTION_LEVELS = 256,
    OPTION_MAIL = 512,
    OPTION_HASH = 1024,
    OPTION_OUT = 2048,
    OPTION_SCOPE = 4096,
    OPTION_UNTIL = 8192,
    OPTION_PLAN = 16384,
    OPTION_PLAN_OF = 32768,
    OPTION_CSV = 65536,
    OPTION_SETUP = 131072,
    OPTION_ANCHOR = 262144,
    OPTION_SEALED = 524288,
    OPTION_PERIOD = 1048576,
    OPTION_CHECK = 2097152,
    OPTION_SORT = 4194304,
    OPTION_AT = 8388608,
    /* of every list; of one whose rows have a time */
    OPTION_ROWS = OPTION_CSV | OPTION_SORT,
    OPTION_TIMED = OPTION_ROWS | OPTION_PERIOD | OPTION_LIMIT,
    OPTION_GUARD = 16777216,
    OPTION_BY = 33554432,
};

/* What a verb needs before it runs. */
enum need {
    NEEDS_NOTHING,
    NEEDS_CONFIG,   /* and makes the rest */
    NEEDS_DATABASE, /* any, even an empty one, as its owner */
    NEEDS_OWNER,    /* one of this program's version, as its owner */
    NEEDS_SCHEMA,   /* the same, as fotad uses it */
};

static const struct verb {
    const char *words, *argument; /* argument: its name, or two, NULL for none;
                                   * in [] when it may be missing */
    int options;                  /* enum option_set */
    enum need need;
    enum outcome (*run)(struct verb_run *run);
    const char *help, *details;
} verb_table[] = {
#define VERB(words, argument, options, need, run, help, details)               \
    {words, argument, options, need, run, help, details},
#include "fotactl/verbs.def"
#undef VERB
};

static const struct option {
    const char *name, *value;
    size_t offset;
    int set;
    const char *help, *details;
} option_table[] = {
#define OPTION(name, value, field, set, help, details)                         \
    {name, value, offsetof(struct verb_options, field), set, help, details},
#include "fotactl/options.def"
#undef OPTION
};

enum {
    VERBS = sizeof verb_table / sizeof *verb_table,
    OPTIONS = sizeof option_table / sizeof *option_table,
    MOST_WORDS = 4, /* more of them are too many for any verb */
};

_Static_assert(OPTIONS <= 64, "each has a bit of struct line's `used`");

/* The command line, taken apart. */
struct line {
    const char *words[MOST_WORDS];
    size_t count;
    uint64_t used; /* bit i: option_table[i] was given */
};

/* ---- help ---- */

static void print_verb(struct buffer *out, const struct verb *verb) {
    char usage[64];
    snprintf(usage, sizeof usage, "%s%s%s", verb->words,
             verb->argument ? " " : "", verb->argument ? verb->argument : "");
    buffer_printf(out, "  %-25s %s\n", usage, verb->help);
}

static void print_option(struct buffer *out, const struct option *option) {
    char usage[64];
    snprintf(usage, sizeof usage, "%s%s%s", option->name,
             option->value ? " " : "", option->value ? option->value : "");
    buffer_printf(out, "  %-25s %s\n", usage, option->help);
}

/* In lines for a terminal. */
static void print_details(struct buffer *out, const struct verb *verb) {
    enum { WIDTH = 78 };
    size_t column = 0;
    for (const char *at = verb->details; *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        bool wraps = column && column + 1 + len > WIDTH;
        buffer_printf(out, "%s%.*s",
                      wraps    ? "\n"
                      : column ? " "
                               : "",
                      (int)len, at);
        column = wraps || !column ? len : column + 1 + len;
        at += len;
    }
    buffer_text(out, "\n\n");
}

/* Do the words of a verb begin with these? "" is the beginning of all. */
static bool verb_begins(const struct verb *verb, const char *words) {
    size_t len = strlen(words);
    return strncmp(verb->words, words, len) == 0 &&
           (!len || !verb->words[len] || verb->words[len] == ' ');
}

static bool is_one_verb(const char *words) {
    for (size_t i = 0; i < VERBS; i++)
        if (strcmp(verb_table[i].words, words) == 0)
            return true;
    return false;
}

/* "fotactl [--config FILE] reset [DEVICE] [--reason TEXT] ..." */
static void print_usage(struct buffer *out, const struct verb *verb) {
    buffer_printf(out, "usage: fotactl [--config FILE] %s%s%s", verb->words,
                  verb->argument ? " " : "",
                  verb->argument ? verb->argument : "");
    for (size_t i = 0; i < OPTIONS; i++)
        if (option_table[i].set & verb->options)
            buffer_printf(out, " [%s%s%s]", option_table[i].name,
                          option_table[i].value ? " " : "",
                          option_table[i].value ? option_table[i].value : "");
    buffer_text(out, "\n\n");
}

/* Help on the verbs that begin with these words; "": on all. */
static void print_help(struct buffer *out, const char *words) {
    bool one = is_one_verb(words);
    int options = 0;
    for (size_t i = 0; i < VERBS && one; i++)
        if (strcmp(verb_table[i].words, words) == 0) {
            print_usage(out, &verb_table[i]);
            print_details(out, &verb_table[i]);
        }
    if (!one)
        buffer_printf(out, "usage: fotactl [--config FILE] %s%sVERB\n\n", words,
                      *words ? " " : "");
    for (size_t i = 0; i < VERBS; i++)
        if (verb_begins(&verb_table[i], words)) {
            print_verb(out, &verb_table[i]);
            options |= verb_table[i].options;
        }
    buffer_text(out, "\n");
    for (size_t i = 0; i < OPTIONS; i++)
        if (!*words || !option_table[i].set || option_table[i].set & options)
            print_option(out, &option_table[i]);
}

/* ---- the manual ---- */

/* What is said as it stands, and what for something else, in turns. */
static void manual_heading(struct buffer *out, const struct verb *verb) {
    buffer_text(out, ".TP\n.BI \"");
    roff_text(out, verb->words);
    buffer_text(out, verb->argument ? " \" \"" : "");
    roff_text(out, verb->argument ? verb->argument : "");
    buffer_text(out, verb->argument ? "\" \"" : "");
    for (size_t i = 0; i < OPTIONS; i++)
        if (option_table[i].set & verb->options) {
            const char *value = option_table[i].value;
            buffer_text(out, " [");
            roff_text(out, option_table[i].name);
            if (value)
                buffer_printf(out, " \" %s \"", value);
            buffer_text(out, "]");
        }
    buffer_text(out, "\"\n");
}

static void verbs_manual(struct buffer *out) {
    buffer_text(out, ".SH VERBS\n");
    for (size_t i = 0; i < VERBS; i++) {
        manual_heading(out, &verb_table[i]);
        roff_paragraph(out, verb_table[i].details);
    }
    buffer_text(out, ".SH OPTIONS\n");
    for (size_t i = 0; i < OPTIONS; i++) {
        buffer_text(out, ".TP\n.BI \"");
        roff_text(out, option_table[i].name);
        if (option_table[i].value)
            buffer_printf(out, " \" \"%s", option_table[i].value);
        buffer_text(out, "\"\n");
        roff_paragraph(out, option_table[i].details);
    }
}

enum outcome verb_manual(struct verb_run *run) {
    if (strcmp(run->argument, "fotad-csp.7") == 0)
        manual_csp(run->out);
    else if (strcmp(run->argument, "fotactl.1") == 0)
        verbs_manual(run->out);
    else
        return run_misuse(run, "there are fotactl.1 and fotad-csp.7");
    return DONE;
}

/* ---- completion ---- */

/* A word of the first level may be the first of several verbs. */
static void print_words(struct buffer *out) {
    buffer_text(out, "declare -A verbs=(\n");
    for (size_t i = 0; i < VERBS; i++) {
        const char *words = verb_table[i].words, *blank = strchr(words, ' ');
        size_t len = blank ? (size_t)(blank - words) : strlen(words);
        if (i && strncmp(verb_table[i - 1].words, words, len) == 0 &&
            strchr(" ", verb_table[i - 1].words[len]))
            continue;
        buffer_printf(out, "  [%.*s]='", (int)len, words);
        const char *between = "";
        for (size_t j = 0; j < VERBS; j++)
            if (strncmp(verb_table[j].words, words, len) == 0 &&
                verb_table[j].words[len] == ' ') {
                buffer_printf(out, "%s%s", between,
                              verb_table[j].words + len + 1);
                between = " ";
            }
        buffer_text(out, "'\n");
    }
    buffer_text(out, ")\n");
}

enum outcome verb_completion(struct verb_run *run) {
    struct buffer *out = run->out;
    buffer_text(out, "# bash completion of fotactl; made by: fotactl "
                     "completion\n_fotactl() {\n");
    print_words(out);
    buffer_text(out, "local options='");
    for (size_t i = 0; i < OPTIONS; i++)
        buffer_printf(out, "%s%s", i ? " " : "", option_table[i].name);
    buffer_text(
        out, "'\nlocal word=${COMP_WORDS[COMP_CWORD]} previous="
             "${COMP_WORDS[COMP_CWORD-1]} verb= choices w\n"
             "case $previous in "
             "--config|--devices|--out|--anchor|--certificate|--check)\n"
             "  COMPREPLY=($(compgen -f -- \"$word\")); return;; esac\n"
             "for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
             "  [[ -v verbs[$w] ]] && verb=$w && break; done\n"
             "if [[ $word == -* ]]; then choices=$options\n"
             "elif [[ -z $verb ]]; then choices=${!verbs[*]}\n"
             "elif [[ $previous == \"$verb\" ]]; then choices=${verbs[$verb]}\n"
             "fi\n"
             "COMPREPLY=($(compgen -W \"$choices\" -- \"$word\"))\n"
             "[[ ${#COMPREPLY[@]} -gt 0 || $word == -* ]] ||\n"
             "  COMPREPLY=($(compgen -f -- \"$word\"))\n"
             "}\ncomplete -F _fotactl fotactl\n");
    return DONE;
}

/* ---- the command line ---- */

static const struct option *find_option(const char *word, size_t len) {
    for (size_t i = 0; i < OPTIONS; i++)
        if (strlen(option_table[i].name) == len &&
            memcmp(option_table[i].name, word, len) == 0)
            return &option_table[i];
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
    line->used |= UINT64_C(1) << (option - option_table);
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
    for (size_t i = 0; line->count && i < VERBS; i++) {
        size_t len = strlen(line->words[0]);
        if (verb_begins(&verb_table[i], line->words[0]) &&
            verb_table[i].words[len])
            all = arena_printf(run->arena, "%s%s%s", all, *all ? "|" : "",
                               verb_table[i].words + len + 1);
    }
    return all;
}

static const struct verb *find_verb(struct verb_run *run,
                                    const struct line *line) {
    for (size_t i = 0; i < VERBS; i++) {
        size_t words = words_match(&verb_table[i], line);
        if (!words)
            continue;
        size_t arguments = line->count - words;
        run->argument = arguments ? line->words[words] : NULL;
        run->second = arguments > 1 ? line->words[words + 1] : NULL;
        if (arguments_fit(&verb_table[i], arguments) || run->options.help)
            return &verb_table[i];
        (void)run_misuse(run, "usage: fotactl %s%s%s", verb_table[i].words,
                         verb_table[i].argument ? " " : "",
                         verb_table[i].argument ? verb_table[i].argument : "");
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
    for (size_t i = 0; i < OPTIONS; i++)
        if (line->used & UINT64_C(1) << i && option_table[i].set &&
            !(option_table[i].set & verb->options)) {
            (void)run_misuse(run, "%s does not belong to '%s'",
                             option_table[i].name, verb->words);
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
        print_help(run->out, line.count ? line.words[0] : "");
        return DONE;
    }
    const struct verb *verb = find_verb(run, &line);
    if (!verb || !options_belong(run, &line, verb))
        return REFUSED;
    if (!run->options.help)
        return verb_start(run, verb);
    print_help(run->out, verb->words);
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
