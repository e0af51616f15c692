#include "fotasim/csp.h"
#include "fotasim/verbs.h"

#include <signal.h>
#include <stdio.h>

static const char *option_missing(const struct csp_options *options) {
    if (!options->listen)
        return "--listen";
    if (!options->name)
        return "--name";
    if (!options->fotad)
        return "--fotad";
    if (!options->token)
        return "--token";
    return options->state ? NULL : "--state";
}

/* Before anything else: one that comes early ends it in order, later. */
static sigset_t ends_hold(void) {
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    return ends;
}

int verb_csp(int argc, char **argv) {
    const sigset_t ends = ends_hold();
    struct csp_options options = {.listen = NULL};
    const struct option_row rows[] = {
        {"listen", OPTION_TEXT, &options.listen},
        {"name", OPTION_TEXT, &options.name},
        {"fotad", OPTION_TEXT, &options.fotad},
        {"token", OPTION_TEXT, &options.token},
        {"expect-token", OPTION_TEXT, &options.expect_token},
        {"state", OPTION_TEXT, &options.state},
        {"faults", OPTION_TEXT, &options.faults},
        {"connections", OPTION_COUNT, &options.connections},
        {"pki", OPTION_TEXT, &options.pki},
        {"seed", OPTION_COUNT, &options.seed},
        {"device-faults", OPTION_TEXT, &options.device_faults},
        {"recall", OPTION_TEXT, &options.recall},
        {"most-jobs", OPTION_COUNT, &options.most_jobs},
        {"channels", OPTION_COUNT, &options.channels},
        {"cells", OPTION_COUNT, &options.cells},
        {"hold", OPTION_COUNT, &options.hold},
        {"retry-after", OPTION_COUNT, &options.retry_after},
        {"overload", OPTION_TEXT, &options.overload},
    };
    char **operands;
    if (!read_options(argc, argv, rows, sizeof rows / sizeof *rows, &operands))
        return 2;
    const char *lacking = option_missing(&options);
    if (lacking || *operands)
        return refuse("csp: %s", lacking ? lacking : *operands), 2;
    signal(SIGPIPE, SIG_IGN);
    const char *reason;
    struct csp_sim *sim = csp_sim_start(&options, &reason);
    if (!sim)
        return refuse("csp: %s", reason);
    printf("fotasim: CSP %s listens at %s\n", options.name, options.listen);
    fflush(stdout);
    int signal_number;
    sigwait(&ends, &signal_number);
    csp_sim_stop(sim);
    return 0;
}
