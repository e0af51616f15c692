#include "support/server.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_OPTIONS = 32 };

static const char *const folders[SERVER_DISKS] = {"data", "wal"};

static struct {
    char directory[64];
    pid_t owner; /* the program that has it */
    pid_t pid;   /* 0: it does not run */
    const char *arguments[MOST_OPTIONS];
} server;

static const char *path_of(enum server_disk which, const char *name) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s%s", server.directory, folders[which],
             name);
    return path;
}

/* ---- disks ---- */

/* Seen by this program and what it starts only, so gone with them. */
static bool mount_disk(enum server_disk which, size_t size) {
    char options[64];
    snprintf(options, sizeof options, "size=%zum,mode=0700", size);
    return mount("tmpfs", path_of(which, ""), "tmpfs", 0, options) == 0;
}

static bool make_disks(const size_t *sizes) {
    const struct passwd *owner = geteuid() ? NULL : getpwnam("postgres");
    if (sizes && (unshare(CLONE_NEWNS) != 0 ||
                  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0))
        return false;
    if (!mkdtemp(server.directory))
        return false;
    for (enum server_disk i = 0; i < SERVER_DISKS; i++)
        if (mkdir(path_of(i, ""), 0700) != 0 ||
            (sizes && !mount_disk(i, sizes[i])) ||
            (owner && chown(path_of(i, ""), owner->pw_uid, owner->pw_gid) != 0))
            return false;
    return !owner || chown(server.directory, owner->pw_uid, owner->pw_gid) == 0;
}

void server_fill(enum server_disk which) {
    static const char zeros[4096];
    int file =
        open(path_of(which, "/ballast"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    while (write(file, zeros, sizeof zeros) > 0)
        ;
    close(file);
}

void server_clear(enum server_disk which) {
    unlink(path_of(which, "/ballast"));
}

void server_forget(void) {
    static const char *const patterns[] = {"/global/pg_internal.init",
                                           "/base/*/pg_internal.init"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        glob_t found;
        if (glob(path_of(SERVER_DATA, patterns[i]), 0, NULL, &found) == 0)
            for (size_t j = 0; j < found.gl_pathc; j++)
                unlink(found.gl_pathv[j]);
        globfree(&found);
    }
}

/* ---- life ---- */

bool server_has_ended(void) {
    if (server.pid && waitpid(server.pid, NULL, WNOHANG) == server.pid)
        server.pid = 0;
    return !server.pid;
}

const char *server_log(void) {
    static char log[96];
    snprintf(log, sizeof log, "%s/log", server.directory);
    return log;
}

static void launch(void) {
    server.pid = fork();
    if (server.pid != 0)
        return;
    int out = open(server_log(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execv(server.arguments[0], (char *const *)(uintptr_t)server.arguments);
    _exit(127);
}

bool server_start(void) {
    char conninfo[128];
    snprintf(conninfo, sizeof conninfo, "host=%s user=fotad dbname=postgres",
             server.directory);
    launch();
    while (PQping(conninfo) != PQPING_OK) {
        if (server_has_ended())
            return false;
        usleep(10000);
    }
    return setenv("FOTAD_TEST_CONNINFO", conninfo, 1) == 0;
}

static void end(void) {
    char command[128];
    if (getpid() != server.owner)
        return;
    if (!server_has_ended()) {
        kill(server.pid, SIGQUIT);
        waitpid(server.pid, NULL, 0);
    }
    for (enum server_disk i = 0; i < SERVER_DISKS; i++)
        umount2(path_of(i, ""), MNT_DETACH);
    snprintf(command, sizeof command, "rm -rf %s", server.directory);
    if (system(command) != 0)
        fprintf(stderr, "%s is left\n", server.directory);
}

const char *server_open(const size_t *sizes, const char *const *options) {
    static char reason[128];
    if (system("ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1") != 0)
        return "PostgreSQL is not installed";
    strcpy(server.directory, "/var/tmp/fotad-server-XXXXXX");
    server.owner = getpid();
    if (!make_disks(sizes)) {
        snprintf(reason, sizeof reason, "no disk can be made: %s",
                 strerror(errno));
        rmdir(server.directory);
        return reason;
    }
    atexit(end); /* registered first, so run last */
    size_t count = 0;
    server.arguments[count++] = "tests/support/server.sh";
    server.arguments[count++] = server.directory;
    for (; *options && count < MOST_OPTIONS - 1; options++)
        server.arguments[count++] = *options;
    if (!server_start()) {
        fprintf(stderr, "PostgreSQL does not start in %s\n", server.directory);
        exit(1);
    }
    return NULL;
}
