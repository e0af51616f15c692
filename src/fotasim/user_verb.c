/* Emulated Users as a program. */
#include "duis/library.h"
#include "fotasim/user.h"
#include "fotasim/verbs.h"

#include <signal.h>
#include <stdio.h>

/* Until SIGTERM or SIGINT. */
static void users_live(struct sim_users *users, const sigset_t *set) {
    for (;;) {
        int got = 0;
        sigwait(set, &got);
        if (got != SIGUSR1 && got != SIGUSR2)
            return;
        if (!sim_users_switch(users, got == SIGUSR2))
            refuse("user: the address is taken by another");
    }
}

/* Before anything else: one that comes early is heeded later. */
static sigset_t signals_hold(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return set;
}

static int users_serve(const struct sim_users_options *options,
                       const sigset_t *set) {
    const char *reason;
    struct sim_users *users = sim_users_start(options, &reason);
    if (!users)
        return refuse("user: %s: %s", options->listen, reason);
    printf("listening on port %u\n", sim_users_port(users));
    fflush(stdout);
    users_live(users, set);
    sim_users_stop(users);
    return 0;
}

static bool option_is(const char *text, const char *what) {
    return text && strcmp(text, what) == 0;
}

int verb_user(int argc, char **argv) {
    const sigset_t set = signals_hold();
    struct sim_users_options options = {.listen = "127.0.0.1:9300"};
    const char *certificate = NULL, *keep = NULL, *check = NULL;
    const struct option_row rows[] = {
        {"listen", OPTION_TEXT, &options.listen},
        {"id", OPTION_EUI64, &options.only},
        {"state", OPTION_TEXT, &options.state},
        {"certificate", OPTION_TEXT, &certificate},
        {"keep", OPTION_TEXT, &keep},
        {"check", OPTION_TEXT, &check},
        {"sample", OPTION_COUNT, &options.sample},
    };
    char **operands;
    if (!read_options(argc, argv, rows, sizeof rows / sizeof *rows, &operands))
        return 2;
    if (operands[0])
        return refuse("user: there is no operand"), 2;
    options.keep_messages = options.state && option_is(keep, "yes");
    options.unchecked = option_is(check, "no");
    struct buffer pem = {0};
    if (certificate && !read_whole(certificate, &pem))
        return 1;
    if (options.state && !make_folder(options.state))
        return 1;
    options.certificate_pem = buffer_span(&pem);
    int status = 1;
    if (duis_open())
        status = users_serve(&options, &set);
    duis_close();
    buffer_free(&pem);
    return status;
}
