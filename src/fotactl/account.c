/* fotactl account: the people and scripts that may use the screens (requirement
 * G4). */
#include "desk/account.h"
#include "fotactl/verbs.h"
#include "mail/mail.h"

#include <stdio.h>
#include <termios.h>
#include <unistd.h>

/* Ends a verb: says what was done, or why it was not. */
static enum outcome account_end_verb(struct verb_run *run,
                                     const struct desk *desk,
                                     enum outcome outcome, const char *done) {
    if (outcome != DONE)
        return run_desk_end(run, desk, outcome, NULL);
    if (run->options.json)
        run_print_json(run, json_pack("{s:s}", "name", run->argument));
    else
        buffer_printf(run->out, "%s %s.\n", run->argument, done);
    return DONE;
}

/* ---- add and role ---- */

static struct account_order account_order(const struct verb_run *run) {
    return (struct account_order){.name = run->argument,
                                  .role = run->options.role,
                                  .supplier = run->options.supplier,
                                  .active = true};
}

enum outcome verb_account_add(struct verb_run *run) {
    struct desk desk = run_desk(run);
    struct account_order order = account_order(run);
    return account_end_verb(
        run, &desk, account_add(&desk, &order),
        "is added; fotactl account password or token lets it in");
}

/* --role none: it may do nothing any more. */
enum outcome verb_account_role(struct verb_run *run) {
    struct desk desk = run_desk(run);
    struct account_order order = account_order(run);
    if (order.role && strcmp(order.role, "none") == 0)
        return account_end_verb(run, &desk, account_end(&desk, order.name),
                                "may do nothing any more");
    return account_end_verb(run, &desk, account_change(&desk, &order),
                            "has the role; its sessions have ended");
}

/* ---- password ---- */

/* A line of stdin, without its end; "" when there is none. Not shown while it
 * is typed. */
static const char *read_secret(struct verb_run *run, const char *prompt) {
    char line[PASSWORD_MOST + 2];
    struct termios old;
    bool typed = tcgetattr(STDIN_FILENO, &old) == 0;
    if (typed) {
        struct termios quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
        fputs(prompt, stderr);
    }
    const char *read = fgets(line, sizeof line, stdin);
    if (typed) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
        fputs("\n", stderr);
    }
    if (!read)
        return "";
    line[strcspn(line, "\n")] = '\0';
    return arena_text(run->arena, span_text(line));
}

enum outcome verb_account_password(struct verb_run *run) {
    struct desk desk = run_desk(run);
    const char *password = read_secret(run, "New password: ");
    enum outcome outcome = account_check_password(&desk, password);
    if (outcome != DONE)
        return run_desk_end(run, &desk, outcome,
                            "it is read from stdin, one line");
    if (isatty(STDIN_FILENO) &&
        !secret_equal(password, read_secret(run, "The same again: ")))
        return run_refuse(run, "the two are not the same; nothing was changed");
    return account_end_verb(
        run, &desk, account_set_password(&desk, run->argument, password),
        "has a new password; its sessions have ended");
}

/* ---- token ---- */

enum outcome verb_account_token(struct verb_run *run) {
    struct desk desk = run_desk(run);
    const char *token;
    enum outcome outcome = account_issue_token(&desk, run->argument, &token);
    if (outcome != DONE)
        return run_desk_end(run, &desk, outcome, NULL);
    if (run->options.json)
        run_print_json(run, json_pack("{s:s, s:s}", "name", run->argument,
                                      "token", token));
    else
        buffer_printf(run->out, "%s\n", token);
    return DONE;
}

/* ---- e-mail ---- */

/* The wishes of --wish. Returns how many there are, at most one more than there
 * may be. */
static size_t split_wishes(struct verb_run *run,
                           const char *wishes[static MAIL_KINDS + 1]) {
    size_t count = 0;
    if (strcmp(run->options.wish, "none") == 0)
        return 0;
    char *rest = arena_text(run->arena, span_text(run->options.wish));
    for (char *one; count <= MAIL_KINDS && (one = strsep(&rest, ","));)
        wishes[count++] = one;
    return count;
}

enum outcome verb_account_mail(struct verb_run *run) {
    struct desk desk = run_desk(run);
    const char *mail = run->options.mail, *wishes[MAIL_KINDS + 1];
    if (!mail && !run->options.wish)
        return run_misuse(run, "say --mail ADDRESS, --wish LIST or both");
    size_t count = run->options.wish ? split_wishes(run, wishes) : 0;
    enum outcome outcome = account_set_notices(
        &desk, run->argument, mail && strcmp(mail, "none") == 0 ? "" : mail,
        run->options.wish ? wishes : NULL, count);
    return account_end_verb(
        run, &desk, outcome,
        *run->config.mail_server
            ? "is told by e-mail what it wishes"
            : "has it; [mail] server is empty, so none is sent yet");
}
