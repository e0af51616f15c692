#include "fotactl/verbs.h"

#include "base/version.h"

#include <errno.h>
#include <stdio.h>

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
};

/* What a verb needs before it runs. */
enum need {
    NEEDS_NOTHING,
    NEEDS_DATABASE, /* any, even an empty one, as its owner */
    NEEDS_OWNER,    /* one of this program's version, as its owner */
    NEEDS_SCHEMA,   /* the same, as fotad uses it */
};

static const struct verb {
    const char *words, *argument; /* argument: its name, or NULL for none */
    int options;                  /* enum option_set */
    enum need need;
    enum outcome (*run)(struct verb_run *run);
    const char *help;
} verbs[] = {
    {"migrate", NULL, 0, NEEDS_DATABASE, verb_migrate,
     "bring the database to the version of this program"},
    {"import cpl", "FILE.csv", OPTION_REPLACE, NEEDS_OWNER, verb_import_cpl,
     "load the Central Products List"},
    {"import smi", "FILE.csv", OPTION_REPLACE, NEEDS_OWNER, verb_import_smi,
     "load the Smart Metering Inventory"},
    {"import users", "FILE.csv", OPTION_REPLACE, NEEDS_OWNER, verb_import_users,
     "load the Users of DUIS"},
    {"import thresholds", "FILE.csv", OPTION_REPLACE, NEEDS_OWNER,
     verb_import_thresholds, "load Anomaly Detection Thresholds"},
    {"import certificates", "DIR", OPTION_REPLACE, NEEDS_OWNER,
     verb_import_certificates, "load certificates of Users and devices"},
    {"import crl", "FILE", 0, NEEDS_OWNER, verb_import_crl,
     "load a certificate revocation list"},
    {"status", "DEVICE", 0, NEEDS_SCHEMA, verb_status,
     "show the firmware update status of a device"},
    {"reset", "DEVICE", OPTION_REASON, NEEDS_SCHEMA, verb_reset,
     "end the firmware update of a device: RESET_BY_DCC"},
    {"requests", NULL, OPTION_USER | OPTION_STATE | OPTION_LIMIT, NEEDS_SCHEMA,
     verb_requests, "list Service Requests, the newest first"},
    {"request", "REQUESTID", 0, NEEDS_SCHEMA, verb_request,
     "show a Service Request and the statuses of its devices"},
    {"dry-run", "FILE.xml", 0, NEEDS_SCHEMA, verb_dry_run,
     "say what an 11.1 or 11.4 would be answered, without any effect"},
    {"thresholds list", NULL, OPTION_USER, NEEDS_SCHEMA, verb_thresholds_list,
     "list the thresholds and the volumes of the moment"},
    {"thresholds set", "VARIANT", OPTION_USER | OPTION_LEVELS, NEEDS_OWNER,
     verb_thresholds_set,
     "set that of a User, or without --user of all together"},
    {"thresholds remove", "VARIANT", OPTION_USER, NEEDS_OWNER,
     verb_thresholds_remove, "end it"},
    {"thresholds history", NULL, OPTION_USER | OPTION_LIMIT, NEEDS_SCHEMA,
     verb_thresholds_history, "list who set which threshold when"},
    {"quarantine list", NULL, OPTION_USER | OPTION_STATE | OPTION_LIMIT,
     NEEDS_SCHEMA, verb_quarantine_list,
     "list requests held by anomaly detection, the newest first"},
    {"quarantine release", "ID", OPTION_REASON, NEEDS_SCHEMA,
     verb_quarantine_release, "have it go on, judged as of now"},
    {"quarantine reject", "ID", OPTION_REASON, NEEDS_SCHEMA,
     verb_quarantine_reject, "end it; its sender is told"},
    {"undelivered list", NULL, OPTION_USER | OPTION_LIMIT, NEEDS_SCHEMA,
     verb_undelivered_list,
     "list messages that Users have not confirmed, and why"},
    {"undelivered retry", NULL, OPTION_USER, NEEDS_SCHEMA,
     verb_undelivered_retry,
     "have them tried again now, those given up as well"},
    {"report rsat-004", NULL, OPTION_TIMES, NEEDS_SCHEMA, verb_report_rsat_004,
     "print the Firmware Activations Service Request Report"},
    {"account add", "NAME", OPTION_ROLE, NEEDS_SCHEMA, verb_account_add,
     "add an account for the screens"},
    {"account role", "NAME", OPTION_ROLE, NEEDS_SCHEMA, verb_account_role,
     "change its role; none ends it"},
    {"account password", "NAME", 0, NEEDS_SCHEMA, verb_account_password,
     "set its password, read from stdin"},
    {"account mail", "NAME", OPTION_MAIL, NEEDS_SCHEMA, verb_account_mail,
     "set where e-mail to it goes and what it is told; none ends either"},
    {"account token", "NAME", 0, NEEDS_SCHEMA, verb_account_token,
     "print a new token for scripts; an earlier one ends"},
    {"account list", NULL, 0, NEEDS_SCHEMA, verb_account_list,
     "list the accounts"},
    {"sat export", NULL, OPTION_TIMES, NEEDS_SCHEMA, verb_sat_export,
     "print the service audit trail; with --json a line for each entry"},
    {"sat verify", NULL, 0, NEEDS_SCHEMA, verb_sat_verify,
     "hold the service audit trail against its hash chain"},
    {"gbcs show", "HEX|-", OPTION_VERIFY, NEEDS_NOTHING, verb_gbcs_show,
     "show the fields of a GBCS message, as JSON"},
    {"example-config", NULL, 0, NEEDS_NOTHING, verb_example_config,
     "print every key of the configuration with its default"},
};

static const struct option {
    const char *name, *value;
    size_t offset;
    int set;
    const char *help;
} options[] = {
#define OPTION(name, value, field, set, help)                                  \
    {name, value, offsetof(struct verb_options, field), set, help},
#include "fotactl/options.def"
#undef OPTION
};

enum {
    VERBS = sizeof verbs / sizeof *verbs,
    OPTIONS = sizeof options / sizeof *options,
    MOST_WORDS = 4, /* more of them are too many for any verb */
};

/* The command line, taken apart. */
struct line {
    const char *words[MOST_WORDS];
    size_t count;
    unsigned used; /* bit i: options[i] was given */
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

/* Help on one verb, or on all when it is NULL. */
static void print_help(struct buffer *out, const struct verb *only) {
    buffer_text(out, "usage: fotactl [--config FILE] VERB\n\n");
    for (size_t i = 0; i < VERBS; i++)
        if (!only || only == &verbs[i])
            print_verb(out, &verbs[i]);
    buffer_text(out, "\n");
    for (size_t i = 0; i < OPTIONS; i++)
        if (!only || !options[i].set || options[i].set & only->options)
            print_option(out, &options[i]);
}

/* ---- the command line ---- */

static const struct option *find_option(const char *word, size_t len) {
    for (size_t i = 0; i < OPTIONS; i++)
        if (strlen(options[i].name) == len &&
            memcmp(options[i].name, word, len) == 0)
            return &options[i];
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
        run_misuse(run, "there is no option %s", words[0]);
        return 0;
    }
    line->used |= 1u << (option - options);
    char *field = (char *)&run->options + option->offset;
    if (!option->value) {
        *(bool *)field = true;
        if (value)
            run_misuse(run, "%s has no value", option->name);
        return !value;
    }
    size_t taken = value ? 1 : 2;
    if (!value && count > 1)
        value = words[1];
    if (!value) {
        run_misuse(run, "%s needs a value: %s %s", option->name, option->name,
                   option->value);
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
static size_t match(const struct verb *verb, const struct line *line) {
    size_t words = strchr(verb->words, ' ') ? 2 : 1;
    if (line->count < words)
        return 0;
    char text[64];
    snprintf(text, sizeof text, "%s%s%s", line->words[0], words > 1 ? " " : "",
             words > 1 ? line->words[1] : "");
    return strcmp(text, verb->words) == 0 ? words : 0;
}

static const struct verb *find_verb(struct verb_run *run,
                                    const struct line *line) {
    for (size_t i = 0; i < VERBS; i++) {
        size_t words = match(&verbs[i], line);
        if (!words)
            continue;
        size_t arguments = line->count - words;
        run->argument = arguments ? line->words[words] : NULL;
        if (arguments == (verbs[i].argument != NULL) || run->options.help)
            return &verbs[i];
        run_misuse(run, "usage: fotactl %s%s%s", verbs[i].words,
                   verbs[i].argument ? " " : "",
                   verbs[i].argument ? verbs[i].argument : "");
        return NULL;
    }
    if (line->count)
        run_misuse(run, "there is no verb '%s%s%s'; see fotactl --help",
                   line->words[0], line->count > 1 ? " " : "",
                   line->count > 1 ? line->words[1] : "");
    else
        run_misuse(run, "say what to do; see fotactl --help");
    return NULL;
}

static bool options_belong(struct verb_run *run, const struct line *line,
                           const struct verb *verb) {
    for (size_t i = 0; i < OPTIONS; i++)
        if (line->used & 1u << i && options[i].set & ~verb->options) {
            run_misuse(run, "%s does not belong to '%s'", options[i].name,
                       verb->words);
            return false;
        }
    return true;
}

/* ---- running ---- */

static enum outcome configure(struct verb_run *run) {
    const char *reason;
    if (!config_read(&run->config, run->options.config, run->arena, &reason))
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
        run_database(run, db_migrate(run->db, false, &missing));
    if (outcome == DONE && missing)
        return run_refuse(run, "the database is of another version: run "
                               "fotactl migrate");
    return outcome;
}

static enum outcome run_verb(struct verb_run *run, const struct verb *verb) {
    enum need need = run->options.verify ? NEEDS_SCHEMA : verb->need;
    if (need == NEEDS_NOTHING)
        return verb->run(run);
    enum outcome outcome = configure(run);
    if (outcome != DONE)
        return outcome;
    const char *owner = run->config.database_owner_conninfo;
    run->db = db_open(
        need != NEEDS_SCHEMA && *owner ? owner : run->config.database_conninfo,
        "fotactl");
    if (need != NEEDS_DATABASE)
        outcome = check_schema(run);
    if (outcome == DONE)
        outcome = verb->run(run);
    db_close(run->db);
    return outcome;
}

static enum outcome dispatch(struct verb_run *run, size_t count,
                             const char *const *words) {
    struct line line = {.count = 0};
    if (!take_line(run, &line, count, words))
        return REFUSED;
    if (run->options.version) {
        buffer_text(run->out, "fotactl " FOTAD_VERSION "\n");
        return DONE;
    }
    if (run->options.help && !line.count) {
        print_help(run->out, NULL);
        return DONE;
    }
    const struct verb *verb = find_verb(run, &line);
    if (!verb || !options_belong(run, &line, verb))
        return REFUSED;
    if (!run->options.help)
        return run_verb(run, verb);
    print_help(run->out, verb);
    return DONE;
}

enum fotactl_exit fotactl_run(size_t count, const char *const *words,
                              FILE *stream, struct buffer *out,
                              struct buffer *err) {
    struct verb_run run = {.arena = arena_new(), .out = out, .stream = stream};
    enum outcome outcome = dispatch(&run, count, words);
    if (outcome != DONE)
        buffer_printf(err, "fotactl: %s\n",
                      run.problem ? run.problem : "failed");
    arena_free(run.arena);
    if (outcome == DONE)
        return FOTACTL_DONE;
    return run.misused ? FOTACTL_MISUSED : FOTACTL_REFUSED;
}
