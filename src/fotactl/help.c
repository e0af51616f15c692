/* What the tables say to people: help, the manual, completion. */
#include "fotactl/roff.h"
#include "fotactl/verb_table.h"

#include <stdio.h>
#include <string.h>

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

bool verb_begins(const struct verb *verb, const char *words) {
    size_t len = strlen(words);
    return strncmp(verb->words, words, len) == 0 &&
           (!len || !verb->words[len] || verb->words[len] == ' ');
}

static bool is_one_verb(const struct verb_table *table, const char *words) {
    for (size_t i = 0; i < table->verb_count; i++)
        if (strcmp(table->verbs[i].words, words) == 0)
            return true;
    return false;
}

/* "fotactl [--config FILE] reset [DEVICE] [--reason TEXT] ..." */
static void print_usage(struct buffer *out, const struct verb_table *table,
                        const struct verb *verb) {
    buffer_printf(out, "usage: fotactl [--config FILE] %s%s%s", verb->words,
                  verb->argument ? " " : "",
                  verb->argument ? verb->argument : "");
    for (size_t i = 0; i < table->option_count; i++)
        if (table->options[i].set & verb->options)
            buffer_printf(out, " [%s%s%s]", table->options[i].name,
                          table->options[i].value ? " " : "",
                          table->options[i].value ? table->options[i].value
                                                  : "");
    buffer_text(out, "\n\n");
}

void print_help(struct buffer *out, const struct verb_table *table,
                const char *words) {
    bool one = is_one_verb(table, words);
    int options = 0;
    for (size_t i = 0; i < table->verb_count && one; i++)
        if (strcmp(table->verbs[i].words, words) == 0) {
            print_usage(out, table, &table->verbs[i]);
            print_details(out, &table->verbs[i]);
        }
    if (!one)
        buffer_printf(out, "usage: fotactl [--config FILE] %s%sVERB\n\n", words,
                      *words ? " " : "");
    for (size_t i = 0; i < table->verb_count; i++)
        if (verb_begins(&table->verbs[i], words)) {
            print_verb(out, &table->verbs[i]);
            options |= table->verbs[i].options;
        }
    buffer_text(out, "\n");
    for (size_t i = 0; i < table->option_count; i++)
        if (!*words || !table->options[i].set ||
            table->options[i].set & options)
            print_option(out, &table->options[i]);
}

/* ---- the manual ---- */

/* What is said as it stands, and what for something else, in turns. */
static void manual_heading(struct buffer *out, const struct verb_table *table,
                           const struct verb *verb) {
    buffer_text(out, ".TP\n.BI \"");
    roff_text(out, verb->words);
    buffer_text(out, verb->argument ? " \" \"" : "");
    roff_text(out, verb->argument ? verb->argument : "");
    buffer_text(out, verb->argument ? "\" \"" : "");
    for (size_t i = 0; i < table->option_count; i++)
        if (table->options[i].set & verb->options) {
            const char *value = table->options[i].value;
            buffer_text(out, " [");
            roff_text(out, table->options[i].name);
            if (value)
                buffer_printf(out, " \" %s \"", value);
            buffer_text(out, "]");
        }
    buffer_text(out, "\"\n");
}

void print_manual(struct buffer *out, const struct verb_table *table) {
    buffer_text(out, ".SH VERBS\n");
    for (size_t i = 0; i < table->verb_count; i++) {
        manual_heading(out, table, &table->verbs[i]);
        roff_paragraph(out, table->verbs[i].details);
    }
    buffer_text(out, ".SH OPTIONS\n");
    for (size_t i = 0; i < table->option_count; i++) {
        buffer_text(out, ".TP\n.BI \"");
        roff_text(out, table->options[i].name);
        if (table->options[i].value)
            buffer_printf(out, " \" \"%s", table->options[i].value);
        buffer_text(out, "\"\n");
        roff_paragraph(out, table->options[i].details);
    }
}

/* ---- completion ---- */

/* A word of the first level may be the first of several verbs. */
static void print_words(struct buffer *out, const struct verb_table *table) {
    buffer_text(out, "declare -A verbs=(\n");
    for (size_t i = 0; i < table->verb_count; i++) {
        const char *words = table->verbs[i].words, *blank = strchr(words, ' ');
        size_t len = blank ? (size_t)(blank - words) : strlen(words);
        if (i && strncmp(table->verbs[i - 1].words, words, len) == 0 &&
            strchr(" ", table->verbs[i - 1].words[len]))
            continue;
        buffer_printf(out, "  [%.*s]='", (int)len, words);
        const char *between = "";
        for (size_t j = 0; j < table->verb_count; j++)
            if (strncmp(table->verbs[j].words, words, len) == 0 &&
                table->verbs[j].words[len] == ' ') {
                buffer_printf(out, "%s%s", between,
                              table->verbs[j].words + len + 1);
                between = " ";
            }
        buffer_text(out, "'\n");
    }
    buffer_text(out, ")\n");
}

void print_completion(struct buffer *out, const struct verb_table *table) {
    buffer_text(out, "# bash completion of fotactl; made by: fotactl "
                     "completion\n_fotactl() {\n");
    print_words(out, table);
    buffer_text(out, "local options='");
    for (size_t i = 0; i < table->option_count; i++)
        buffer_printf(out, "%s%s", i ? " " : "", table->options[i].name);
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
}
