/* The configuration file: what is read, and what is said of what is wrong. */
#include "support/check.h"

#include "base/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LONG "host=/a,/b,/c"
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* `says`: the reason after the path; NULL: it is read, and conninfo is so. */
static const struct {
    const char *text, *conninfo, *says;
} cases[] = {
    {"[database]\nconninfo = host=/run\n", "host=/run", NULL},
    {"[database]\nconninfo = " LONG "\n    user=fotad\n  dbname=x\n",
     LONG " user=fotad dbname=x", NULL},
    {"[database]\ncolour = blue\n", NULL,
     ":2: unknown key 'colour' in [database]"},
    {"conninfo\n", NULL, ":1: not a key = value line"},
    {"[log]\nlevel = info\nlevel = debug\n", NULL,
     ":3: 'info debug' is not error, warning, info or debug"},
    {"[database]\n\nconninfo = " X50 X50 X50 X50 "\nmigrate = no\n", NULL,
     ":3: longer than 198 characters: go on in the next line, indented"},
};

static void each_file_is_read_or_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *arena = arena_new();
        struct config config;
        const char *reason = NULL;
        char path[] = "/tmp/fotad-config-XXXXXX";
        FILE *file = fdopen(mkstemp(path), "w");
        fputs(cases[i].text, file);
        fclose(file);
        bool good = config_read(&config, path, arena, &reason);
        remove(path);
        if (cases[i].says) {
            assert_false(good);
            assert_string_equal(reason + strlen(path), cases[i].says);
        } else {
            assert_true(good);
            assert_string_equal(config.database_conninfo, cases[i].conninfo);
        }
        arena_free(arena);
    }
}

static void no_file_is_said(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct config config;
    const char *reason;
    assert_false(config_read(&config, "/nonexistent/f", arena, &reason));
    assert_string_equal(reason, "/nonexistent/f: cannot be read");
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_is_read_or_refused),
        cmocka_unit_test(no_file_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
