/*
 * fotactl, the operator's tool: reads the command line, runs a verb and says
 * what came of it. Verbs and options are rows of tables in verbs.def and
 * options.def; dispatch and help are made from them.
 */
#ifndef FOTAD_FOTACTL_VERBS_H
#define FOTAD_FOTACTL_VERBS_H

#include "fotactl/verb_run.h"

enum fotactl_exit {
    FOTACTL_DONE = 0,
    FOTACTL_REFUSED = 1, /* refused or failed: one line on stderr says why */
    FOTACTL_MISUSED = 2, /* wrong usage */
};

/* Runs `count` words of a command line (without the program's name). What
 * belongs on stdout and on stderr is appended to `out` and `err`; a verb that
 * prints without end writes to `stream` meanwhile, unless that is NULL. */
enum fotactl_exit fotactl_run(size_t count, const char *const *words,
                              FILE *stream, struct buffer *out,
                              struct buffer *err);

/* The verbs. Each prints to run->out, or leaves a run->problem. */
#define VERB(words, argument, options, need, run, help, details)               \
    enum outcome run(struct verb_run *);
#include "fotactl/verbs.def"
#undef VERB

#endif
