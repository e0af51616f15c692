/* What lists of fotactl have in common: times, order, following. */
#include "support/check.h"
#include "support/tool.h"

#include "fotactl/verbs.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* A request of User 1 a day, the first of them on the first of November. */
static void add_request(struct tool *tool, int counter, const char *received,
                        int listed) {
    tool_sql(tool,
             "insert into service_request (originator, target, counter, stage,"
             " used, service, service_reference_variant, command_variant,"
             " content, received, condition, response_code, listed, accepted,"
             " invalid, not_commissioned, not_applicable, gbcs_version,"
             " in_progress) values ('90:b3:d5:1f:30:01:00:00',"
             " '90:b3:d5:1f:30:00:00:02', %d, 1, true, 'serviceD', '11.4', 8,"
             " sha256(''), '%s', 'accepted', 'I99', %d, 0, %d, 0, 0, 0, 0)",
             counter, received, listed, listed);
}

static int setup(void **state) {
    tool_setup(state);
    add_request(*state, 1, "2026-11-01 12:00:00Z", 30);
    add_request(*state, 2, "2026-11-02 12:00:00Z", 7);
    add_request(*state, 3, "2026-11-03 12:00:00Z", 200);
    return 0;
}

/* The counters of the rows of `requests` with these options, in their order. */
static void expect_requests(struct tool *tool, const char *options,
                            const char *counters) {
    char line[256], got[64] = "";
    snprintf(line, sizeof line, "requests --csv%s", options);
    tool_expect(tool, line, 0, "");
    for (const char *at = (char *)tool->out.data;
         (at = strstr(at, "00-00-02:")); at++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%c",
                 at[strlen("00-00-02:")]);
    assert_string_equal(got, counters);
}

static void a_list_is_of_a_time(void **state) {
    expect_requests(*state, "", "321");
    expect_requests(*state, " --since 2026-11-02", "32");
    expect_requests(*state, " --until 2026-11-02T12:00:00Z", "1");
    expect_requests(*state, " --since 2026-11-02 --until 2026-11-03", "2");
    add_request(*state, 4, "now", 1);
    expect_requests(*state, " --since 1h", "4");
    tool_expect(*state, "requests --since soon", 2,
                "fotactl: --since 'soon' is not a day such as 2026-11-21 or a "
                "time such as 2026-11-21T09:15:00Z\n");
    static const char *const others[] = {
        "request devices 90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1",
        "quarantine list", "steering list", "thresholds history",
        "undelivered list"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char line[160];
        snprintf(line, sizeof line, "%s --since 1h --until 2999-01-01",
                 others[i]);
        tool_expect(*state, line, 0, "");
    }
}

static void a_list_is_in_the_order_that_is_asked_for(void **state) {
    expect_requests(*state, " --sort listed", "213");
    expect_requests(*state, " --sort -LISTED", "312");
    expect_requests(*state, " --sort devices.listed --limit 1", "2");
    expect_requests(*state, " --sort -received --limit 2", "32");
    expect_requests(*state, " --sort received --since 2026-11-02", "23");
    assert_int_equal(tool_run(*state, "requests --sort colour"), 2);
    const struct tool *tool = *state;
    assert_non_null(strstr((char *)tool->err.data,
                           "--sort 'colour' is no column; there are requestId, "
                           "serviceReferenceVariant"));
    static const char *const others[] = {"csps --sort csp", "needs --sort what",
                                         "account list --sort last-sign-in"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        tool_expect(*state, others[i], 0, "");
}

/* ---- following ---- */

/* fotactl in a process of its own; its stdout. */
static pid_t follow(struct tool *tool, int *out) {
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child)
        close(pipes[1]);
    *out = pipes[0];
    if (child)
        return child;
    dup2(pipes[1], STDOUT_FILENO);
    char config[128];
    snprintf(config, sizeof config, "%s/fotad.conf", tool->directory);
    FILE *file = fopen(config, "w");
    fprintf(file, "[database]\nconninfo = %s\n", tool->conninfo);
    fclose(file);
    const char *words[] = {"--config", config, "requests", "--follow",
                           "--json"};
    struct buffer text = {0}, err = {0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    fotactl_run(5, words, stdout, &text, &err);
    _exit(1);
}

/* A line within ten seconds. */
static const char *next_line(FILE *in) {
    static char line[1024];
    struct pollfd ready = {.fd = fileno(in), .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 10000), 1);
    assert_non_null(fgets(line, sizeof line, in));
    return line;
}

static void who_follows_a_list_is_told_what_is_new(void **state) {
    struct tool *tool = *state;
    int out;
    pid_t child = follow(tool, &out);
    FILE *in = fdopen(out, "r");
    setvbuf(in, NULL, _IONBF, 0);
    assert_non_null(strstr(next_line(in), "00-00-02:1\""));
    assert_non_null(strstr(next_line(in), "00-00-02:2\""));
    assert_non_null(strstr(next_line(in), "00-00-02:3\""));
    add_request(tool, 5, "now", 4);
    assert_non_null(strstr(next_line(in), "00-00-02:5\""));
    tool_sql(
        tool,
        "update service_request set listed = 8, invalid = 8 where counter = 2");
    const char *changed = next_line(in);
    assert_non_null(strstr(changed, "00-00-02:2\""));
    assert_non_null(strstr(changed, "\"listed\":8"));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    fclose(in);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tool_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_list_is_of_a_time),
        TEST(a_list_is_in_the_order_that_is_asked_for),
        TEST(who_follows_a_list_is_told_what_is_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
