/* The configuration file: what is read, and what is said of what is wrong. */
#include "support/check.h"

#include "base/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KNOWN                                                                  \
    "North, Central, South, 4G North, 4G Central, 4G South, Unknown and "      \
    "SMETS1"
#define LONG "host=/a,/b,/c"
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* `says`: the reason after the path; NULL: it is read, and conninfo is so. */
static const struct {
    const char *text, *conninfo, *says;
} cases[] = {
    {"[database]\nconninfo = host=/run\n", "host=/run", NULL},
    {"\xef\xbb\xbf[database]\r\nconninfo=host=/run\r\n", "host=/run", NULL},
    {"[database]\nconninfo = " LONG "\n    user=fotad\n# no\n"
     "  target_session_attrs=primary",
     LONG " user=fotad target_session_attrs=primary", NULL},
    {"# one\n ; two\n[log]\n[database]\nconninfo = host=#a;b\n[log]\n",
     "host=#a;b", NULL},
    {"[database]\n\nconninfo = host=" X50 X50 X50 X50 "\nmigrate = no\n",
     "host=" X50 X50 X50 X50, NULL},
    {"[database]\ncolour = blue\n", NULL,
     "2: unknown key 'colour' in [database]"},
    {"conninfo\n", NULL, "1: not a key = value line"},
    {"[log]\nlevel: info\n", NULL, "2: not a key = value line"},
    {"[log]\n= info\n", NULL, "2: not a key = value line"},
    {"level = info\n", NULL, "1: 'level' is in no [section]"},
    {"[logs]\n", NULL, "1: unknown section [logs]"},
    {"[log\n", NULL,
     "1: not a [section] line: it ends with ], and a comment has a line of its "
     "own"},
    {"[log] # all\n", NULL,
     "1: not a [section] line: it ends with ], and a comment has a line of its "
     "own"},
    {"[log]\nlevel = info\nlevel = debug\n", NULL,
     "3: [log] level is in line 2 already"},
    {"[log]\nlevel = info\n[mail]\n[log]\nlevel = info\n", NULL,
     "5: [log] level is in line 2 already"},
    {"[log]\nlevel = info # or debug\n", NULL,
     "2: [log] level: '#' after a blank: is it a comment or of the value? A "
     "comment has a line of its own; a secret with it goes into a file "
     "(file:/path)"},
    {"[csp n]\ntoken = a;b\ninbound_token = a ;b\n", NULL,
     "3: [csp n] inbound_token: ';' after a blank: is it a comment or of the "
     "value? A comment has a line of its own; a secret with it goes into a "
     "file (file:/path)"},
    {"[mail]\npassword = #x\n", NULL,
     "2: [mail] password: '#' after a blank: is it a comment or of the value? "
     "A comment has a line of its own; a secret with it goes into a file "
     "(file:/path)"},
    {"[log]\n  level = info\n", NULL,
     "2: begins with a blank, but there is no value above that could go on "
     "here"},
    {"[csp n]\ntoken = a\n  inbound_token = b\n", NULL,
     "3: 'inbound_token' is indented: is it a key, or does 'token' go on? A "
     "key begins its line"},
    {"[csp n]\ntoken = secret one\n", NULL,
     "2: [csp n] token: it is not a token: visible characters of ASCII "
     "without blanks"},
    {"[mail]\nuser = a\tb\n", NULL,
     "2: not text in UTF-8 without control characters"},
    {"[mail]\nuser = \xff\n", NULL,
     "2: not text in UTF-8 without control characters"},
    {"[log]\nlevel =\n", NULL, "2: [log] level: it is empty"},
    {"[log]\nlevel = loud\n", NULL,
     "2: [log] level: 'loud' is not one of: error, warning, info, debug"},
    {"[csp ]\n", NULL,
     "1: [csp ]: the name of a CSP has 1 to 63 letters of ASCII, digits and - "
     "_ ."},
    {"[csp a b]\n", NULL,
     "1: [csp a b]: the name of a CSP has 1 to 63 letters of ASCII, digits and "
     "- _ ."},
    {"[csp]\n", NULL, "1: unknown section [csp]"},
    {"[database]\nconninfo = " LONG "\n", NULL,
     "2: [database] conninfo: names several hosts: it needs "
     "target_session_attrs=read-write, or a standby may be written to in "
     "vain"},
    {"[database]\nreporting_conninfo = nonsense\n", NULL,
     "2: [database] reporting_conninfo: not a connection string of libpq "
     "(keyword=value with blanks between): missing \"=\" after \"nonsense\" in "
     "connection info string"},
    {"[database]\nowner_conninfo = host=x password=a b\n", NULL,
     "2: [database] owner_conninfo: not a connection string of libpq: "
     "keyword=value with blanks between, or postgresql://..."},
    {"[database]\nconninfo = port=80a\n", NULL,
     "2: [database] conninfo: its port is not from 1 to 65535"},
    {"[database]\nconninfo = host=x connect_timeout=soon\n", NULL,
     "2: [database] conninfo: connect_timeout=soon is not a whole number"},
    {"[sat]\nretention = 36h\n", NULL,
     "2: [sat] retention: '36h' is not a number of days from 1d to 36500d"},
    {"[user_gateway]\nmax_header = 1024g\n", NULL,
     "2: [user_gateway] max_header: '1024g' is not a size from 1k to 1m: "
     "octets such as 768000, or 20m"},
    {"[mail]\nserver = http://mail.example\n", NULL,
     "2: [mail] server: 'http://mail.example' is not a URL "
     "scheme://host:port/path with a scheme of smtp, smtps, a host that can be "
     "and no query"},
    {"[mail]\nfrom = a\n", NULL,
     "2: [mail] from: 'a' is not an address such as fotad@dsp.example"},
    {"[mail]\ntls = on\n", NULL, "2: [mail] tls: 'on' is not one of: off"},
    {"[mail]\nfailure_share = 101\n", NULL,
     "2: [mail] failure_share: '101' is not a whole number from 1 to 100"},
    {"[people]\nproxy_header = X Remote\n", NULL,
     "2: [people] proxy_header: 'X Remote' is not the name of a header such as "
     "X-Remote-User"},
    {"[alerts]\nn39_recipients = all\n", NULL,
     "2: [alerts] n39_recipients: 'all' is not one of: recorded_and_current, "
     "recorded, current"},
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

/* Sections whose names begin alike are not one. */
static void long_names_of_csps_are_told_apart(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct config config;
    const char *reason = "";
    if (!read_text(&config, arena,
                   "[csp " X50 "-north]\nregions = North\nbase_url = http://n\n"
                   "[csp " X50
                   "-south]\nregions = South\nbase_url = http://s\n",
                   &reason))
        fail_msg("%s", reason);
    assert_int_equal(config.csp_count, 2);
    assert_string_equal(config.csps[1].base_url, "http://s");
    arena_free(arena);
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
        {"North,\n    4G North", "South",
         "north North, north 4G North, south South", NULL},
        {"Nroth", "South", NULL,
         "2: [csp north] regions: 'Nroth' is not a CSPRegion of DUIS: " KNOWN
         ", with commas between"},
        {"North,", "South", NULL,
         "2: [csp north] regions: '' is not a CSPRegion of DUIS: " KNOWN
         ", with commas between"},
        {"North", "South, North", NULL,
         "5: [csp south] regions has 'North', as "
         "has [csp north] regions ("},
        {"North, North", "South", NULL,
         "2: [csp north] regions: 'North' is there twice"},
        {"", "South", NULL, "1: [csp north] has no regions"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *arena = arena_new();
        struct config config;
        const char *reason = "", *all = "";
        bool good = read_text(&config, arena,
                              arena_printf(arena,
                                           "[csp north]\nregions = %s\n"
                                           "base_url = http://n\n"
                                           "[csp south]\nregions = %s\n"
                                           "base_url = http://s\n",
                                           rows[i].north, rows[i].south),
                              &reason);
        for (size_t j = 0; good && j < config.region_count; j++)
            all = arena_printf(arena, "%s%s%s %s", all, *all ? ", " : "",
                               config.regions[j].csp, config.regions[j].name);
        if (rows[i].says)
            assert_int_equal(strncmp(good ? "read" : reason, rows[i].says,
                                     strlen(rows[i].says)),
                             0);
        else
            assert_string_equal(good ? all : reason, rows[i].regions);
        arena_free(arena);
    }
}

/* What follows of one mistake is none. */
static void all_that_is_wrong_is_said(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct config config;
    char path[] = "/tmp/fotad-config-XXXXXX";
    const char *faults = NULL, *at = path;
    FILE *file = fdopen(mkstemp(path), "w");
    fputs("[people]\nlisten = 8082\ncolour = blue\n  and green\n"
          "workers = 0\n[colours]\nblue = yes\n  no\n"
          "[csp a,b]\nregions = x\n[log]\nlevel = loud\n"
          "[database]\nconninfo = host=x\n  ; y\n  dbname=z # why\n  z\n",
          file);
    fclose(file);
    assert_false(config_read(&config, path, arena, &faults));
    remove(path);
    static const char *const says[] = {
        "2: [people] listen: '8082' is not an address to listen on: host:port,",
        "3: unknown key 'colour' in [people]",
        "5: [people] workers: '0' is not a whole number from 1 to 256",
        "6: unknown section [colours]",
        "9: [csp a,b]: the name of a CSP has",
        "12: [log] level: 'loud' is not one of:",
        "16: [database] conninfo: '#' after a blank",
    };
    for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
        const char *line = arena_printf(arena, "%s:%s", at, says[i]);
        assert_memory_equal(faults, line, strlen(line));
        faults += strcspn(faults, "\n");
        faults += *faults == '\n';
    }
    assert_string_equal(faults, "");
    arena_free(arena);
}

static void no_file_is_said(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    struct config config;
    const char *reason;
    assert_false(config_read(&config, "/nonexistent/f", arena, &reason));
    assert_string_equal(reason, "/nonexistent/f: No such file or directory");
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_is_read_or_refused),
        cmocka_unit_test(all_that_is_wrong_is_said),
        cmocka_unit_test(long_names_of_csps_are_told_apart),
        cmocka_unit_test(regions_are_read_once),
        cmocka_unit_test(no_file_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
