#include "fotactl/verb_table.h"

#include "fotactl/manual_csp.h"

#include <string.h>

static const struct verb verbs[] = {
#define VERB(words, argument, options, need, run, help, details)               \
    {words, argument, options, need, run, help, details},
#include "fotactl/verbs.def"
#undef VERB
};

static const struct option options[] = {
#define OPTION(name, value, field, set, help, details)                         \
    {name, value, offsetof(struct verb_options, field), set, help, details},
#include "fotactl/options.def"
#undef OPTION
};

enum {
    VERBS = sizeof verbs / sizeof *verbs,
    OPTIONS = sizeof options / sizeof *options,
};
_Static_assert((int)OPTIONS <= (int)MOST_OPTIONS, "each has a bit");

const struct verb_table verb_table = {verbs, VERBS, options, OPTIONS};

enum outcome verb_manual(struct verb_run *run) {
    if (strcmp(run->argument, "fotad-csp.7") == 0)
        manual_csp(run->out);
    else if (strcmp(run->argument, "fotactl.1") == 0)
        print_manual(run->out, &verb_table);
    else
        return run_misuse(run, "there are fotactl.1 and fotad-csp.7");
    return DONE;
}

enum outcome verb_completion(struct verb_run *run) {
    print_completion(run->out, &verb_table);
    return DONE;
}
