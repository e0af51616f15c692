/* The command line of fotactl: verbs, options, help and exit status. */
#include "support/check.h"
#include "support/tool.h"

#include "base/config.h"
#include "base/version.h"

#include <stdio.h>

struct line_case {
    const char *line;
    int status;
    const char *err; /* without "fotactl: " and the line's end; NULL: none */
};

static const struct line_case cases[] = {
    {"--version", 0, NULL},
    {"--help", 0, NULL},
    {"--help status", 0, NULL},
    {"import smi --help", 0, NULL},
    {"", 2, "say what to do; see fotactl --help"},
    {"frobnicate", 2, "there is no verb 'frobnicate'; see fotactl --help"},
    {"import", 2,
     "usage: fotactl import cpl|smi|users|thresholds|certificates|crl"},
    {"import meters", 2,
     "usage: fotactl import cpl|smi|users|thresholds|certificates|crl"},
    {"import meters x.csv", 2,
     "usage: fotactl import cpl|smi|users|thresholds|certificates|crl"},
    {"--help import", 0, NULL},
    {"status A B", 2, "usage: fotactl status [DEVICE]"},
    {"import smi", 2, "usage: fotactl import smi FILE.csv"},
    {"import smi a b c d e", 2, "usage: fotactl import smi FILE.csv"},
    {"import certificates", 2, "usage: fotactl import certificates DIR"},
    {"migrate now", 2, "usage: fotactl migrate"},
    {"--colour status A", 2, "there is no option --colour"},
    {"-j migrate", 2, "there is no option -j"},
    {"status A --json=yes", 2, "--json has no value"},
    {"requests --user", 2, "--user needs a value: --user EUI"},
    {"status A --replace", 2, "--replace does not belong to 'status'"},
    {"import smi a.csv --limit 2", 2,
     "--limit does not belong to 'import smi'"},
    {"requests --replace", 2, "--replace does not belong to 'requests'"},
    {"--config @none.conf migrate", 1, "@none.conf: No such file or directory"},
    {"--config=@bad.conf migrate", 1,
     "@bad.conf:2: unknown key 'colour' in [database]"},
    {"migrate", 0, NULL},
    {"--json migrate", 0, NULL},
};

static void each_line_ends_as_documented(void **state) {
    struct tool *tool = *state;
    tool_file(tool, "bad.conf", span_text("[database]\ncolour = blue\n"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer err = {0};
        buffer_text(&err, "");
        if (cases[i].err)
            buffer_printf(&err, "fotactl: %s\n", cases[i].err);
        tool_expect(tool, cases[i].line, cases[i].status,
                    (const char *)err.data);
        if ((tool->out.len == 0) != (cases[i].status != 0))
            fail_msg("%s printed: %s", cases[i].line, (char *)tool->out.data);
        buffer_free(&err);
    }
}

static void help_is_of_all_verbs_or_of_one(void **state) {
    struct tool *tool = *state;
    static const char *const verbs[] = {
        "\n  migrate ",
        "\n  import cpl FILE.csv ",
        "\n  import smi FILE.csv ",
        "\n  import users FILE.csv ",
        "\n  import certificates DIR ",
        "\n  status [DEVICE] ",
        "\n  requests ",
        "\n  request REQUESTID ",
        "\n  example-config ",
    };
    tool_expect(tool, "--help", 0, "");
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        assert_non_null(strstr((char *)tool->out.data, verbs[i]));
    assert_non_null(strstr((char *)tool->out.data, "\n  --replace "));
    tool_expect(tool, "--help status", 0, "");
    const char *status = (char *)tool->out.data;
    const char *begin = "usage: fotactl [--config FILE] status [DEVICE]\n\n"
                        "Shows the firmware update status of a device, named "
                        "by its EUI-64: the update\n";
    assert_int_equal(strncmp(status, begin, strlen(begin)), 0);
    assert_string_equal(
        strstr(status, "\n\n  status [DEVICE]"),
        "\n\n  status [DEVICE]           show the firmware update status of a "
        "device, or how many are stuck\n\n"
        "  --config FILE             read FILE; without it "
        "/etc/fotad/fotad.conf, or defaults alone\n"
        "  --json                    print JSON, for machines\n"
        "  --help                    print this, or what VERB does\n"
        "  --version                 print the version\n");
    tool_expect(tool, "--help plan", 0, "");
    const char *plans = (char *)tool->out.data;
    assert_non_null(strstr(plans, "usage: fotactl [--config FILE] plan VERB"));
    assert_non_null(strstr(plans, "\n  plan set REQUESTID "));
    assert_null(strstr(plans, "\n  requests "));
    tool_expect(tool, "--help thresholds set", 0, "");
    assert_non_null(strstr((char *)tool->out.data,
                           "thresholds set VARIANT [--user EUI] [--period "
                           "DURATION] [--warning N] [--quarantine N]\n"));
    tool_expect(tool, "--version", 0, "");
    assert_string_equal((char *)tool->out.data, "fotactl " FOTAD_VERSION "\n");
}

/* The page with its fonts and its escapes taken out. */
static const char *man_page(char text[static 1 << 16]) {
    FILE *file = fopen("docs/man/fotactl.1", "r");
    assert_non_null(file);
    char line[512];
    size_t len = 0;
    while (fgets(line, sizeof line, file)) {
        const char *from =
            strncmp(line, ".B", 2) == 0 ? strchr(line, ' ') : line;
        for (; from && *from; from++)
            if (!strchr("\\\"", *from))
                text[len++] = *from;
        assert_true(len < (1 << 16) - sizeof line);
    }
    fclose(file);
    text[len] = 0;
    return text;
}

/* What --help names, up to its argument, the page names too. */
static void the_manual_has_every_verb_and_option(void **state) {
    struct tool *tool = *state;
    static char text[1 << 16];
    const char *page = man_page(text);
    tool_expect(tool, "--help", 0, "");
    size_t named = 0;
    char *rest = NULL;
    for (char *line = strtok_r((char *)tool->out.data, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "  ", 2) != 0)
            continue;
        size_t len = 0;
        const char *name = line + 2;
        while (strchr("abcdefghijklmnopqrstuvwxyz0123456789- ", name[len]) &&
               strncmp(name + len, "  ", 2) != 0)
            len++;
        char wanted[64];
        snprintf(wanted, sizeof wanted, "%.*s", (int)len, name);
        if (!strstr(page, wanted))
            fail_msg("docs/man/fotactl.1 has no '%s'", wanted);
        named++;
    }
    assert_true(named > 20);
}

/* What is made stands in the pages as it is made. */
static void the_manual_is_made_of_the_tables(void **state) {
    struct tool *tool = *state;
    static char text[1 << 16];
    static const char *const pages[][2] = {
        {"fotactl.1", "docs/man/fotactl.1"},
        {"fotad-csp.7", "docs/man/fotad-csp.7"}};
    for (size_t i = 0; i < 2; i++) {
        FILE *file = fopen(pages[i][1], "r");
        assert_non_null(file);
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
        char line[32];
        snprintf(line, sizeof line, "manual %s", pages[i][0]);
        tool_expect(tool, line, 0, "");
        if (!strstr(text, (const char *)tool->out.data))
            fail_msg("%s is not as `fotactl %s` makes it", pages[i][1], line);
    }
    tool_expect(tool, "manual fotad.8", 2,
                "fotactl: there are fotactl.1 and fotad-csp.7\n");
}

static void the_example_configuration_is_the_daemons(void **state) {
    struct tool *tool = *state;
    struct buffer example = {0};
    config_example(&example);
    tool_expect(tool, "example-config", 0, "");
    assert_string_equal((char *)tool->out.data, (char *)example.data);
    buffer_free(&example);
}

static void a_database_of_another_version_is_migrated_first(void **state) {
    struct tool *tool = *state;
    tool_expect(tool, "migrate", 0, "");
    assert_string_equal((char *)tool->out.data,
                        "The database is up to date.\n");
    /* as if its functions were others */
    tool_sql(tool, "update migration set content = '' where name ="
                   " 'sql/functions'");
    char old[160];
    snprintf(old, sizeof old,
             "fotactl: the database is of release %d, this program of release "
             "%d with other functions: run fotactl migrate\n",
             FOTAD_RELEASE, FOTAD_RELEASE);
    tool_expect(tool, "requests", 1, old);
    tool_expect(tool, "migrate", 0, "");
    assert_string_equal((char *)tool->out.data, "Applied 1 file.\n");
    tool_expect(tool, "requests", 0, "");
    tool_expect(tool, "migrate --json", 0, "");
    assert_string_equal((char *)tool->out.data, "{\n  \"applied\": 0\n}\n");
}

static void another_programs_database(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "update migration set content = sha256('x') where name ="
                   " 'sql/0002-requests.sql'");
    tool_expect(tool, "migrate", 1,
                "fotactl: the database refused; nothing was changed: "
                "sql/0002-requests.sql was applied with another text; this "
                "database belongs to another release\n");
}

static void an_empty_database_and_an_earlier_one(void **state) {
    struct tool *tool = *state;
    char old[160];
    snprintf(old, sizeof old,
             "fotactl: the database is of release %d, this program of release "
             "%d: run fotactl migrate\n",
             FOTAD_RELEASE - 1, FOTAD_RELEASE);
    tool_sql(tool,
             "update migration set release = least(release, %d),"
             " content = case when name = 'sql/functions' then ''"
             " else content end",
             FOTAD_RELEASE - 1);
    tool_expect(tool, "requests", 1, old);
    tool_sql(tool, "drop table migration");
    tool_expect(tool, "requests", 1,
                "fotactl: there is nothing of fotad in the database yet: run "
                "fotactl migrate\n");
}

static void a_role_that_may_not_migrate_hears_who_may(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "update migration set content = '' where name ="
                   " 'sql/functions'");
    tool_sql(tool, "do $$ begin create role fotad_test_stranger login;"
                   " exception when duplicate_object then null; end $$");
    char config[512];
    snprintf(config, sizeof config,
             "[database]\nconninfo = %s user=fotad_test_stranger\n",
             tool->conninfo);
    tool_file(tool, "stranger.conf", span_text(config));
    /* one that may not even look; one that may; one that may make tables */
    static const char *const rights[] = {
        "select", "grant select on migration to fotad_test_stranger",
        "grant create on schema public to fotad_test_stranger"};
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++) {
        tool_sql(tool, "%s", rights[i]);
        assert_int_equal(tool_run(tool, "--config @stranger.conf migrate"), 1);
        assert_non_null(strstr((const char *)tool->err.data,
                               "the role that owns the database may: see "
                               "[database] owner_conninfo"));
    }
}

/* What is wrong is the disk, not how fotactl finds the database. */
static void a_full_disk_is_said_to_be_one(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "create function full_disk() returns trigger language"
                   " plpgsql as $$ begin raise exception 'could not extend"
                   " file' using errcode = '53100'; end $$;"
                   "create trigger full_disk before insert on account"
                   " execute function full_disk()");
    assert_int_equal(tool_run(tool, "account add ann --role auditor"), 1);
    const char *err = (const char *)tool->err.data;
    assert_non_null(strstr(err, "could not extend file"));
    assert_non_null(strstr(err, "make room on the database's disk"));
    assert_null(strstr(err, "conninfo"));
}

static void a_database_out_of_reach_is_one_line(void **state) {
    struct tool *tool = *state;
    tool_file(tool, "away.conf",
              span_text("[database]\nconninfo = host=/nonexistent\n"));
    static const char *const lines[] = {
        "--config @away.conf requests",
        "--config @away.conf migrate",
    };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(tool_run(tool, lines[i]), 1);
        const char *err = (const char *)tool->err.data;
        assert_non_null(
            strstr(err, "fotactl: the database cannot be used now: "));
        assert_non_null(strstr(err, "see that the server runs"));
        assert_non_null(strstr(err, "[database] conninfo"));
        assert_ptr_equal(strchr(err, '\n'), err + tool->err.len - 1);
    }
}

/* What bash would offer after these words. */
static const char *completed(struct tool *tool, const char *words) {
    static char line[1024];
    char command[1024];
    tool_expect(tool, "completion", 0, "");
    tool_file(tool, "completion", buffer_span(&tool->out));
    snprintf(command, sizeof command,
             "bash -c 'source %s/completion; COMP_WORDS=(fotactl %s);"
             " COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _fotactl;"
             " echo ${COMPREPLY[@]}'",
             tool->directory, words);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof line, pipe));
    assert_int_equal(pclose(pipe), 0);
    return line;
}

static void bash_completes_verbs_and_options(void **state) {
    struct tool *tool = *state;
    assert_string_equal(completed(tool, "und"), "undelivered\n");
    assert_string_equal(completed(tool, "thresholds \"\""),
                        "list set remove history\n");
    assert_string_equal(completed(tool, "import c"), "cpl certificates crl\n");
    assert_string_equal(completed(tool, "requests --st"), "--state\n");
}

#define WITH_DATABASE(test)                                                    \
    cmocka_unit_test_setup_teardown(test, tool_setup, tool_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(each_line_ends_as_documented),
        WITH_DATABASE(help_is_of_all_verbs_or_of_one),
        WITH_DATABASE(bash_completes_verbs_and_options),
        WITH_DATABASE(the_manual_has_every_verb_and_option),
        WITH_DATABASE(the_manual_is_made_of_the_tables),
        WITH_DATABASE(the_example_configuration_is_the_daemons),
        WITH_DATABASE(a_database_of_another_version_is_migrated_first),
        WITH_DATABASE(another_programs_database),
        WITH_DATABASE(an_empty_database_and_an_earlier_one),
        WITH_DATABASE(a_role_that_may_not_migrate_hears_who_may),
        WITH_DATABASE(a_database_out_of_reach_is_one_line),
        WITH_DATABASE(a_full_disk_is_said_to_be_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
