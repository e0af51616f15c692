/*
 * Random lives of devices against a real fotad: every record, the inventory and
 * what Users were told are as the emulators know that it was (tools/lives).
 *
 *   LIVES  how many (20000; with a sanitizer 2000)
 *   SEED   of the lives (5)
 */
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *number_of(const char *name, const char *otherwise) {
    const char *given = getenv(name);
    return given && *given ? given : otherwise;
}

/* The folder of the programs that this one was built with. */
static void folder_of_programs(char *path, size_t size) {
    ssize_t len = readlink("/proc/self/exe", path, size - 1);
    assert_true(len > 0);
    path[len] = '\0';
    for (int up = 0; up < 3; up++)
        *strrchr(path, '/') = '\0';
}

/* The exit status of tools/lives. */
static int lives_run(const char *lives, const char *seed) {
    char bin[1024];
    folder_of_programs(bin, sizeof bin);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execl("tools/lives", "tools/lives", "--lives", lives, "--seed", seed,
              "--bin", bin, "--show", "5", "--shrink", "0", (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void every_record_is_true_to_its_device(void **state) {
    (void)state;
    if (!getenv("FOTAD_TEST_CONNINFO")) {
        print_message("skipped: there is no PostgreSQL\n");
        skip();
    }
    const char *lives = number_of("LIVES", patience() > 1 ? "2000" : "20000");
    assert_int_equal(lives_run(lives, number_of("SEED", "5")), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_is_true_to_its_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
