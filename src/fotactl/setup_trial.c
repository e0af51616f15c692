#include "fotactl/setup_trial.h"

#include "base/file.h"
#include "fotactl/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <spawn.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_KEY = 64 * 1024, MOST_CONFIG = 1024 * 1024, WORDS = 8 };

static const char HOMES[] = "200";

/* ---- fotasim ---- */

static enum outcome fotasim_run(struct verb_run *run,
                                const char *const words[static WORDS]) {
    pid_t child;
    int status = 0;
    posix_spawn_file_actions_t quietly;
    posix_spawn_file_actions_init(&quietly);
    posix_spawn_file_actions_addopen(&quietly, STDOUT_FILENO, "/dev/null",
                                     O_WRONLY, 0);
    int error = posix_spawnp(&child, "fotasim", &quietly, NULL,
                             (char *const *)(uintptr_t)words, environ);
    posix_spawn_file_actions_destroy(&quietly);
    if (error)
        return run_refuse(run, "fotasim makes the keys of a trial: %s",
                          strerror(error));
    if (waitpid(child, &status, 0) != child || status != 0)
        return run_refuse(run, "fotasim %s has failed", words[1]);
    return DONE;
}

static const char *in_trial(struct verb_run *run, const char *name) {
    return arena_printf(run->arena, "%s/%s", run->options.trial, name);
}

/* Once. */
static enum outcome estate_make(struct verb_run *run) {
    const char *pki = in_trial(run, "pki"), *estate = in_trial(run, "estate");
    enum outcome outcome = DONE;
    if (access(pki, F_OK) != 0)
        outcome = fotasim_run(run, (const char *const[WORDS]){"fotasim", "pki",
                                                              pki, "--homes",
                                                              HOMES, NULL});
    if (outcome == DONE && access(estate, F_OK) != 0)
        outcome = fotasim_run(run, (const char *const[WORDS]){
                                       "fotasim", "estate", estate, "--homes",
                                       HOMES, "--receive-url",
                                       "http://127.0.0.1:9300/user", NULL});
    return outcome;
}

static enum outcome estate_import(struct verb_run *run) {
    const struct {
        enum outcome (*verb)(struct verb_run *);
        const char *words, *path;
    } imports[] = {
        {verb_import_cpl, "import cpl", "estate/cpl.csv"},
        {verb_import_smi, "import smi", "estate/smi.csv"},
        {verb_import_users, "import users", "estate/users.csv"},
        {verb_import_certificates, "import certificates", "pki/certificates"}};
    enum outcome outcome = DONE;
    for (size_t i = 0; i < 4 && outcome == DONE; i++) {
        run->words = imports[i].words;
        run->argument = in_trial(run, imports[i].path);
        outcome = imports[i].verb(run);
    }
    return outcome;
}

/* ---- keys and configuration ---- */

/* For fotad to read, and nobody else. */
static bool file_give(int fd) {
    const struct group *group = getgrnam("fotad");
    return !group || geteuid() != 0 ||
           (fchown(fd, (uid_t)-1, group->gr_gid) == 0 && fchmod(fd, 0640) == 0);
}

static enum outcome key_put(struct verb_run *run, const char *name,
                            const char *path) {
    struct span text;
    const char *reason;
    if (!file_load(run->arena, in_trial(run, name), MOST_KEY, &text, &reason))
        return run_refuse(run, "%s: %s", in_trial(run, name), reason);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return DONE;
    bool good = fd >= 0 &&
                write(fd, text.data, text.len) == (ssize_t)text.len &&
                file_give(fd);
    if (!good || close(fd) != 0)
        return run_refuse(run, "%s: %s", path, strerror(errno));
    buffer_printf(run->out, "%s is a key or certificate for a trial.\n", path);
    return DONE;
}

static enum outcome keys_put(struct verb_run *run) {
    const struct config *c = &run->config;
    enum outcome outcome =
        key_put(run, "pki/keys/dsp-xml-sign.key", c->xml_signing_key);
    if (outcome == DONE)
        outcome = key_put(run, "pki/certificates/dsp-xml-sign.pem",
                          c->xml_signing_certificate);
    if (outcome == DONE)
        outcome = key_put(run, "pki/keys/acb-ka.key", c->key_agreement_key);
    return outcome;
}

/* The CSPs of a trial, which fotasim plays, and their keys in the order of the
 * example, where the tokens are empty. */
static const struct {
    const char *head, *places, *token, *inbound_token;
} csps[] = {
    {"[csp north]",
     "regions = North, 4G North\nbase_url = http://127.0.0.1:9101\n",
     "token = to-north\n", "inbound_token = from-north\n"},
    {"[csp south-and-central]",
     "regions = Central, South, 4G Central, 4G South\n"
     "base_url = http://127.0.0.1:9102\n",
     "token = to-south\n", "inbound_token = from-south\n"},
};
enum { CSPS = sizeof csps / sizeof *csps };

static void csps_write(struct buffer *out) {
    for (size_t i = 0; i < CSPS; i++)
        buffer_printf(out, "\n%s\n%s%s%s", csps[i].head, csps[i].places,
                      csps[i].token, csps[i].inbound_token);
}

static size_t csp_of_line(const char *line) {
    size_t i = 0;
    while (i < CSPS && strcmp(line, csps[i].head) != 0)
        i++;
    return i;
}

/* The same lines, but for empty tokens of these sections. */
static void tokens_fill(struct buffer *out, char *text) {
    size_t csp = CSPS;
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        if (*line == '[')
            csp = csp_of_line(line);
        if (csp < CSPS && strcmp(line, "token =") == 0)
            buffer_text(out, csps[csp].token);
        else if (csp < CSPS && strcmp(line, "inbound_token =") == 0)
            buffer_text(out, csps[csp].inbound_token);
        else
            buffer_printf(out, "%s\n", line);
    }
}

static bool config_write(const char *path, struct span text) {
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    return fd >= 0 && write(fd, text.data, text.len) == (ssize_t)text.len &&
           close(fd) == 0;
}

/* What people wrote stays. */
static enum outcome csps_add(struct verb_run *run) {
    const char *path = run->config.path, *reason = "there is none";
    struct span text;
    if (!path || !file_load(run->arena, path, MOST_CONFIG, &text, &reason))
        return run_refuse(run, "fotad.conf: %s", reason);
    struct buffer out = {0};
    tokens_fill(&out, (char *)(uintptr_t)arena_text(run->arena, text));
    if (!run->config.csp_count)
        csps_write(&out);
    bool same = span_equal(buffer_span(&out), text);
    bool good = same || config_write(path, buffer_span(&out));
    buffer_free(&out);
    if (!good)
        return run_refuse(run, "%s: %s", path, strerror(errno));
    if (!same)
        buffer_printf(run->out, "%s has the CSPs of a trial.\n", path);
    return DONE;
}

static void emulators_tell(struct verb_run *run) {
    const char *at = run->options.trial;
    static const char *const names[][2] = {{"north", "9101"},
                                           {"south", "9102"}};
    buffer_text(run->out, "The CSPs and Users of the trial:\n");
    for (size_t i = 0; i < 2; i++)
        buffer_printf(run->out,
                      "  fotasim csp --listen 127.0.0.1:%s --name %s --fotad "
                      "http://127.0.0.1:8081 --token from-%s --expect-token "
                      "to-%s --state %s/%s --pki %s/pki --seed 1\n",
                      names[i][1], names[i][0], names[i][0], names[i][0], at,
                      names[i][0], at);
    buffer_printf(run->out,
                  "  fotasim user --listen 127.0.0.1:9300 --certificate "
                  "%s/pki/certificates/dsp-xml-sign.pem\n",
                  at);
}

enum outcome trial_set_up(struct verb_run *run) {
    enum outcome outcome = estate_make(run);
    if (outcome == DONE)
        outcome = estate_import(run);
    if (outcome == DONE)
        outcome = keys_put(run);
    if (outcome == DONE)
        outcome = csps_add(run);
    if (outcome == DONE)
        emulators_tell(run);
    return outcome;
}
