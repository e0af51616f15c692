/*
 * What this program logs: between the two, lines go into a file and are looked
 * at there. One test program includes it once.
 */
#ifndef FOTAD_TESTS_LOGGED_H
#define FOTAD_TESTS_LOGGED_H

#include "support/check.h"

#include "base/log.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int logged_file, logged_stderr;

/* Lines up to this level. */
static inline void logged_begin(enum log_level most) {
    logged_file = memfd_create("logged", MFD_CLOEXEC);
    logged_stderr = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(logged_file, STDERR_FILENO);
    log_set_level(most);
}

/* To stderr again, with what was logged, a line at a time; NULL at the end. */
static inline const char *logged_next(char **rest) {
    static char text[65536];
    if (!*rest) {
        fflush(stderr);
        dup2(logged_stderr, STDERR_FILENO);
        close(logged_stderr);
        ssize_t len = pread(logged_file, text, sizeof text - 1, 0);
        text[len > 0 ? len : 0] = '\0';
        close(logged_file);
    }
    char *line = strtok_r(*rest ? NULL : text, "\n", rest);
    if (line)
        fprintf(stderr, "%s\n", line);
    return line;
}

/* Ends it, whatever there is. */
static inline void logged_pass(void) {
    char *rest = NULL;
    while (logged_next(&rest))
        continue;
}

/* Ends it. Fails the test unless a line begins, after its time, with `event`
 * ("warning db.again"), and has these words. */
static inline void logged_end(const char *event, const char *words) {
    char *rest = NULL;
    bool has = false;
    for (const char *line; (line = logged_next(&rest));) {
        const char *says = strchr(line, ' ');
        has = has || (says && strncmp(says + 1, event, strlen(event)) == 0 &&
                      strstr(says, words));
    }
    if (!has)
        fail_msg("no line has %s ... %s", event, words);
}

#endif
