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
     "2: unknown key 'colour' in [database]"},
    {"conninfo\n", NULL, "1: not a key = value line"},
    {"[log]\nlevel = info\nlevel = debug\n", NULL,
     "3: 'info debug' is not error, warning, info or debug"},
    {"[database]\n\nconninfo = " X50 X50 X50 X50 "\nmigrate = no\n", NULL,
     "3: longer than 198 characters: go on in the next line, indented"},
};

/* As config_read() of a file; the reason is without its name. */
static bool read_text(struct config *config, struct arena *arena,
                      const char *text, const char **reason) {
    char path[] = "/tmp/fotad-config-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    fputs(text, file);
    fclose(file);
    bool good = config_read(config, path, arena, reason);
    remove(path);
    if (!good)
        *reason += strlen(path) + 1;
    if (!good && **reason == ' ')
        ++*reason;
    return good;
}

static void each_file_is_read_or_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena *arena = arena_new();
        struct config config;
        const char *reason = "";
        bool good = read_text(&config, arena, cases[i].text, &reason);
        if (cases[i].says) {
            assert_false(good);
            assert_string_equal(reason, cases[i].says);
        } else {
            assert_true(good);
            assert_string_equal(config.database_conninfo, cases[i].conninfo);
        }
        arena_free(arena);
    }
}

/* `regions`: of all CSPs, as they are configured; or what is said. */
static void regions_are_read_once(void **state) {
    (void)state;
    static const struct {
        const char *north, *south, *regions, *says;
    } rows[] = {
        {"North,4G North", "South", "north North, north 4G North, south South",
         NULL},
        {"North,\n    4G North", "", "north North, north 4G North", NULL},
        {"", "", "", NULL},
        {"Nroth", "", NULL,
         "[csp north] regions: 'Nroth' is not a CSPRegion of DUIS"},
        {"North,", "", NULL,
         "[csp north] regions: '' is not a CSPRegion of DUIS"},
        {"North", "South, North", NULL,
         "[csp south] regions: 'North' is served by [csp north] already"},
        {"North, North", "", NULL,
         "[csp north] regions: 'North' is served by [csp north] already"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *arena = arena_new();
        struct config config;
        const char *reason = "", *all = "";
        bool good = read_text(&config, arena,
                              arena_printf(arena,
                                           "[csp north]\nregions = %s\n"
                                           "[csp south]\nregions = %s\n",
                                           rows[i].north, rows[i].south),
                              &reason);
        for (size_t j = 0; good && j < config.region_count; j++)
            all = arena_printf(arena, "%s%s%s %s", all, *all ? ", " : "",
                               config.regions[j].csp, config.regions[j].name);
        if (rows[i].says)
            assert_string_equal(good ? "read" : reason, rows[i].says);
        else
            assert_string_equal(good ? all : reason, rows[i].regions);
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
        cmocka_unit_test(regions_are_read_once),
        cmocka_unit_test(no_file_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
