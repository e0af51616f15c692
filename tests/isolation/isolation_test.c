/* Each .spec file of this directory is a case (support/spec.h). */
#include "support/check.h"
#include "support/spec.h"

#include <glob.h>
#include <string.h>

enum { MOST_SPECS = 100 };

static void a_spec(void **state) {
    spec_run(*state, "tests/isolation/homes.sql");
}

/* ONLY_SPEC=name runs one. */
int main(void) {
    struct CMUnitTest tests[MOST_SPECS];
    size_t count = 0;
    const char *only = getenv("ONLY_SPEC");
    glob_t found;
    if (glob("tests/isolation/*.spec", 0, NULL, &found) != 0)
        return 1;
    for (size_t i = 0; i < found.gl_pathc && count < MOST_SPECS; i++)
        if (!only || strstr(found.gl_pathv[i], only))
            tests[count++] =
                (struct CMUnitTest){.name = strrchr(found.gl_pathv[i], '/') + 1,
                                    .test_func = a_spec,
                                    .initial_state = found.gl_pathv[i]};
    int failed = _cmocka_run_group_tests("isolation", tests, count, NULL, NULL);
    globfree(&found);
    return failed;
}
