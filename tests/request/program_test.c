/*
 * The program fotad itself: options, configuration files that are refused, and
 * its life under a service manager from READY to STOPPING.
 */
#include "support/check.h"
#include "support/config_text.h"
#include "support/files.h"
#include "support/pg.h"
#include "support/user_gateway.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct arena *arena;
static char directory[] = "/tmp/fotad-program-XXXXXX";

/* ---- files and processes ---- */

/* Beside the tests' own directory: build/<variant>/fotad */
static const char *program(void) {
    static char path[1024];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 16);
    assert_true(len > 0);
    path[len] = '\0';
    for (int up = 0; up < 3; up++)
        *strrchr(path, '/') = '\0';
    return strcat(path, "/fotad");
}

static const char *in_directory(const char *name) {
    return arena_printf(arena, "%s/%s", directory, name);
}

static const char *write_file(const char *name, struct span text) {
    const char *path = in_directory(name);
    file_write(path, text);
    return path;
}

static const char *read_file(const char *path) {
    struct buffer text = {0};
    file_read(path, &text);
    const char *copy = arena_text(arena, buffer_span(&text));
    buffer_free(&text);
    return copy;
}

static pid_t start(const char *const *arguments) {
    pid_t child = fork();
    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int out = open(in_directory("out"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int err = open(in_directory("err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    char *copies[8] = {NULL};
    for (int i = 0; arguments[i]; i++)
        copies[i] = arena_text(arena, span_text(arguments[i]));
    execv(copies[0], copies);
    _exit(127);
}

static int finish(pid_t child) {
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run(const char *first, const char *second, const char *third) {
    const char *const arguments[] = {program(), first, second, third, NULL};
    return finish(start(arguments));
}

/* ---- options ---- */

static void the_options(void **state) {
    (void)state;
    static const struct {
        const char *option;
        int status;
        const char *out, *err; /* how they begin */
    } rows[] = {
        {"--version", 0, "fotad ", ""},
        {"--help", 0, "usage: fotad --config FILE", ""},
        {"--unheard-of", 2, "", ""},
        {"a-word", 2, "", "usage: fotad"},
        {"--config", 2, "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(run(rows[i].option, NULL, NULL), rows[i].status);
        const char *out = read_file(in_directory("out"));
        const char *err = read_file(in_directory("err"));
        assert_memory_equal(out, rows[i].out, strlen(rows[i].out));
        assert_memory_equal(err, rows[i].err, strlen(rows[i].err));
        if (rows[i].status == 2)
            assert_non_null(strstr(err, "usage: fotad"));
    }
}

static void the_example_is_the_default_configuration(void **state) {
    (void)state;
    assert_int_equal(run("--default-config", NULL, NULL), 0);
    assert_string_equal(read_file(in_directory("out")),
                        read_file("config/fotad.conf"));
    assert_int_equal(run("--config", "config/fotad.conf", "--check-config"), 0);
}

/* Each is the whole file; what is wrong is named with file and line. */
static void a_wrong_file_is_refused_by_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *place, *reason;
    } rows[] = {
        {"[image]\nmax_octet = 1\n", ":2:", "max_octet"},
        {"# one\n\n[pictures]\nmax_octets = 1\n", ":3:", "pictures"},
        {"[tracking]\ntimeout = soon\n", ":2:", "'soon'"},
        {"[tracking]\ntimeout = 0s\n", ":2:", "'0s'"},
        {"[tracking]\nretention = 7d\ntimeout = 5 d\n", ":3:", "'5 d'"},
        {"[identity]\nacb_id = 90-B3\n", ":2:", "'90-B3'"},
        {"[identity]\naccept_expired = maybe\n", ":2:", "'maybe'"},
        {"[user_gateway]\nworkers = 0\n", ":2:", "'0'"},
        {"[user_gateway]\nworkers = -1\n", ":2:", "'-1'"},
        {"[user_gateway]\nmax_body = 20x\n", ":2:", "'20x'"},
        {"[image]\nminimum_gbcs_ppmid = four\n", ":2:", "'four'"},
        {"[log]\nlevel = loud\n", ":2:", "'loud'"},
        {"[csp north]\ntoken = file:/nowhere/at-all\n",
         ":2:", "/nowhere/at-all"},
        {"[image]\nthis is no key\n", ":2:", ""},
        {"max_octets = 1\n", ":1:", "max_octets"},
        {"[tracking]\ntimeout = 3d\n[csp north]\nregions = North\n"
         "base_url = http://h\nbusy_give_up = 4d\n",
         ":6:", "[tracking] timeout"},
        {"[csp north]\nbase_url = http://127.0.0.1:1\n", ":1:", "no regions"},
        {"[csp north]\nregions = Nroth\n",
         ":2:", "[csp north] regions: 'Nroth' is not a CSPRegion"},
        {"[user_gateway]\nlisten = 192.0.2.1:1\ntls = off\n",
         ":2:", "cannot listen on 192.0.2.1:1"},
        {"[people]\nlisten = unix:/nowhere/s\n", ":2:", "/nowhere/s"},
        {"[delivery]\nca = /nowhere/ca\n", ":2:", "/nowhere/ca"},
        {"[delivery]\nca = /etc\n", ":2:", "/etc: Is a directory"},
        {"[people]\ncertificate = /etc/passwd\nkey = /etc/passwd\n",
         ":2:", "TLS"},
        {"[identity]\nkey_agreement_key = /etc/passwd\n", "", "/etc/passwd"},
        {"[identity]\nxml_signing_key = /etc/passwd\n"
         "xml_signing_certificate = /etc/passwd\n",
         "", "/etc/passwd"},
        {"[csp north]\ntoken = one\ntoken = two\n", ":3:", "line 2 already"},
        {"[user_gateway]\nlisten = 127.0.0.1:8079 # users\n", ":2:", "'#'"},
        {"[user_gateway]\nlisten = 8079\n",
         ":2:", "is not an address to listen on: host:port, as "},
        {"[user_gateway]\nlisten = 127.0.0.1:99999\n",
         ":2:", "with a port up to 65535"},
        {"[people]\nlisten = 127.0.0.1:9000\n[operations]\nlisten = "
         "127.0.0.1:9000\n",
         ":2:", "[people] listen is the same place as [operations] listen"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *path = write_file("bad.conf", span_text(rows[i].text));
        int status = run("--config", path, "--check-config");
        const char *err = read_file(in_directory("err"));
        const char *place = arena_printf(arena, "bad.conf%s", rows[i].place);
        if (status != 1 || (*rows[i].place && !strstr(err, place)) ||
            !strstr(err, rows[i].reason) || !strstr(err, "wrong\n"))
            fail_msg("%s -> exit %d: %s", rows[i].text, status, err);
    }
}

static void a_file_that_is_not_there_is_refused(void **state) {
    (void)state;
    assert_int_equal(run("--config", "/nowhere/fotad.conf", "--check-config"),
                     1);
    assert_non_null(
        strstr(read_file(in_directory("err")), "/nowhere/fotad.conf"));
}

/* ---- a life ---- */

struct life {
    struct gateway *gateway; /* its database and Users; it does not listen */
    const char *config, *users, *operations;
    int notify;
    pid_t process;
};

static int listen_for_notices(const char *path) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    int handle = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    unlink(path);
    assert_int_equal(bind(handle, (struct sockaddr *)&to, sizeof to), 0);
    return handle;
}

/* False when the process ended, or nothing came for a minute. */
static bool notice_comes(const struct life *life, struct pollfd *wait) {
    for (int tries = 0; tries < 600; tries++) {
        siginfo_t ended = {0};
        if (poll(wait, 1, 100) == 1)
            return true;
        if (waitid(P_PID, (id_t)life->process, &ended,
                   WEXITED | WNOHANG | WNOWAIT) != 0 ||
            ended.si_pid != 0)
            return false;
    }
    return false;
}

static void expect_notice(const struct life *life, const char *wanted) {
    struct pollfd wait = {.fd = life->notify, .events = POLLIN};
    for (;;) {
        char text[256];
        if (!notice_comes(life, &wait))
            fail_msg("no %s; the log says: %s", wanted,
                     read_file(in_directory("err")));
        ssize_t len = recv(life->notify, text, sizeof text - 1, 0);
        text[len > 0 ? len : 0] = '\0';
        if (strcmp(text, "WATCHDOG=1") == 0)
            continue;
        assert_string_equal(text, wanted);
        return;
    }
}

static void write_config(struct life *life, const char *more) {
    struct gateway *g = life->gateway;
    const char *key = write_file("sign.key", g->dsp.key_pem);
    const char *pem = write_file("sign.pem", g->dsp.certificate_pem);
    life->config = write_file(
        "fotad.conf",
        span_text(config_text_merged(
            arena,
            arena_printf(
                arena,
                "[database]\nconninfo = %s\n[user_gateway]\nlisten = unix:%s\n"
                "[operations]\nlisten = unix:%s\n[csp_gateway]\nlisten ="
                " 127.0.0.1:0\n[people]\nlisten = "
                "127.0.0.1:0\n[identity]\nxml_signing_key = %s\n"
                "xml_signing_certificate = %s\nkey_agreement_key = %s\n[csp "
                "north]\nregions = North\n"
                "base_url = http://127.0.0.1:1\n%s",
                pg_as_daemon(g->conninfo), life->users, life->operations, key,
                pem, key, more))));
}

/* After this SQL, if any. */
static struct life live(const char *sql, const char *more) {
    struct life life = {.gateway = gateway_new(),
                        .users = in_directory("users"),
                        .operations = in_directory("operations")};
    if (sql)
        gateway_tell(life.gateway, "%s", sql);
    write_config(&life, more);
    const char *path = in_directory("notify");
    life.notify = listen_for_notices(path);
    setenv("NOTIFY_SOCKET", path, 1);
    const char *const arguments[] = {program(), "--config", life.config, NULL};
    life.process = start(arguments);
    unsetenv("NOTIFY_SOCKET");
    return life;
}

static void end(struct life *life) {
    close(life->notify);
    gateway_free(life->gateway);
}

static struct answer post(struct life *life, struct arena *to,
                          struct span body) {
    return http_fetch(to, life->users, "http://fotad/api/v1/serviceD", body);
}

static struct answer get(struct life *life, const char *path) {
    return http_fetch(arena, life->operations,
                      arena_printf(arena, "http://fotad%s", path),
                      (struct span){0});
}

static struct span a_ppmid(struct life *life, enum user user) {
    return gateway_sign(
        life->gateway, user,
        &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                               .device_ids = &(eui64){PPMID(PLAIN)},
                               .device_id_count = 1});
}

static const char *code(struct life *life, struct span body) {
    struct answer answer = post(life, arena, body);
    gateway_check(life->gateway, arena, body, &answer);
    return answer_says(life->gateway, &answer);
}

static void it_serves_reloads_and_stops(void **state) {
    (void)state;
    struct life life = live(NULL, "");
    expect_notice(&life, "READY=1");
    assert_int_equal(get(&life, "/healthz").http, 200);
    struct answer ready = get(&life, "/readyz");
    assert_int_equal(ready.http, 200);
    assert_non_null(strstr((const char *)ready.body.data, "\"ready\": true"));

    assert_string_equal(code(&life, a_ppmid(&life, USER_EXPORT)), "E2");
    assert_string_equal(code(&life, a_ppmid(&life, USER_A)), "I99");
    assert_string_equal(gateway_tracked(life.gateway), "1 AWAITING_CSP, image");

    gateway_tell(life.gateway, "update response_code set response_code = 'E4'"
                               " where condition = 'role_not_eligible'");
    kill(life.process, SIGHUP);
    expect_notice(&life, "RELOADING=1");
    expect_notice(&life, "READY=1");
    assert_string_equal(code(&life, a_ppmid(&life, USER_EXPORT)), "E4");

    struct answer metrics = get(&life, "/metrics");
    assert_non_null(strstr((const char *)metrics.body.data,
                           "fotad_service_requests_total{variant=\"11.4\","
                           "condition=\"role_not_eligible\"} 2"));
    kill(life.process, SIGTERM);
    expect_notice(&life, "STOPPING=1");
    assert_int_equal(finish(life.process), 0);
    end(&life);
}

/* SIGHUP with rules that cannot be used: those in force stay. */
static void unfit_rules_do_not_stop_it(void **state) {
    (void)state;
    struct life life = live(NULL, "");
    expect_notice(&life, "READY=1");
    gateway_tell(life.gateway,
                 "delete from response_code where condition = 'accepted'");
    kill(life.process, SIGHUP);
    expect_notice(&life, "RELOADING=1");
    expect_notice(&life, "READY=1");
    assert_string_equal(code(&life, a_ppmid(&life, USER_A)), "I99");
    kill(life.process, SIGINT);
    assert_int_equal(finish(life.process), 0);
    assert_non_null(strstr(read_file(in_directory("err")), "rules.missing"));
    assert_non_null(strstr(read_file(in_directory("err")),
                           "rules.unreadable : the table response_code"));
    end(&life);
}

struct waiting_post {
    struct life *life;
    struct arena *arena;
    struct span body;
    struct answer answer;
};

static void *post_and_wait(void *context) {
    struct waiting_post *post_of = context;
    post_of->answer = post(post_of->life, post_of->arena, post_of->body);
    return NULL;
}

static void wait_until_it_waits(struct gateway *g) {
    struct sql *other = sql_open(g->conninfo);
    while (!sql_find(other, "select 1 from pg_stat_activity where datname ="
                            " current_database() and wait_event_type ="
                            " 'Lock'"))
        usleep(10000);
    sql_close(other);
}

static void a_request_in_hand_is_answered_before_it_ends(void **state) {
    (void)state;
    struct life life = live(NULL, "");
    expect_notice(&life, "READY=1");
    struct waiting_post one = {
        .life = &life, .arena = arena_new(), .body = a_ppmid(&life, USER_A)};
    gateway_tell(life.gateway, "begin; lock table service_request in"
                               " exclusive mode");
    pthread_t thread;
    pthread_create(&thread, NULL, post_and_wait, &one);
    wait_until_it_waits(life.gateway);
    kill(life.process, SIGTERM);
    expect_notice(&life, "STOPPING=1");
    assert_int_equal(waitpid(life.process, NULL, WNOHANG), 0);
    gateway_tell(life.gateway, "rollback");
    pthread_join(thread, NULL);
    assert_int_equal(finish(life.process), 0);
    gateway_check(life.gateway, arena, one.body, &one.answer);
    assert_string_equal(answer_says(life.gateway, &one.answer), "I99");
    arena_free(one.arena);
    end(&life);
}

/* ---- what it does not start with ---- */

static void check_refused(const char *what, const char *sql, const char *more,
                          const char *reason) {
    struct life life = live(sql, more);
    int status = finish(life.process);
    const char *err = read_file(in_directory("err"));
    if (status != 1 || !strstr(err, reason))
        fail_msg("%s: exit %d: %s", what, status, err);
    end(&life);
}

static void it_does_not_start_without_what_it_needs(void **state) {
    (void)state;
    static const struct {
        const char *what, *more, *reason, *sql;
    } rows[] = {
        {"no key", "[identity]\nxml_signing_key = /nowhere/key\n",
         "config.refused : ", NULL},
        {"no key in its file", "[identity]\nxml_signing_key = /etc/passwd\n",
         "keys.unusable : ", NULL},
        {"no certificate",
         "[identity]\nxml_signing_certificate = /nowhere/pem\n", "/nowhere/pem",
         NULL},
        {"no clock file", "[clock]\noffset_file = /nowhere/clock\n",
         "/nowhere/clock", NULL},
        {"no address", "[user_gateway]\nlisten = 192.0.2.1:1\ntls = off\n",
         "user_gateway.unusable", NULL},
        {"no TLS", "[user_gateway]\nlisten = 192.0.2.1:1\n",
         "[user_gateway] listen is not a loopback address", NULL},
        {"an old database", "[database]\nmigrate = no\n",
         "db.old : the database is of release",
         "update migration set content = '' where name = 'sql/functions'"},
        {"other transitions", "[database]\nmigrate = no\n",
         "rules.unreadable : ERROR:  the table of transitions is of another "
         "version",
         "update transition set position = 1000 where event = 'reset'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_refused(rows[i].what, rows[i].sql, rows[i].more, rows[i].reason);
    /* one that is away is waited for: fotad/stopping_test */
    check_refused("no such database", NULL,
                  arena_printf(arena,
                               "[database]\nconninfo = %s dbname=nowhere\n",
                               getenv("FOTAD_TEST_CONNINFO")),
                  "db.unusable : ");
}

static int set_up(void **state) {
    (void)state;
    arena = arena_new();
    return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    static const char *const names[] = {"out",      "err",        "bad.conf",
                                        "sign.key", "sign.pem",   "fotad.conf",
                                        "users",    "operations", "notify"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(in_directory(names[i]));
    rmdir(directory);
    arena_free(arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_options),
        cmocka_unit_test(the_example_is_the_default_configuration),
        cmocka_unit_test(a_wrong_file_is_refused_by_line),
        cmocka_unit_test(a_file_that_is_not_there_is_refused),
        cmocka_unit_test(it_serves_reloads_and_stops),
        cmocka_unit_test(unfit_rules_do_not_stop_it),
        cmocka_unit_test(a_request_in_hand_is_answered_before_it_ends),
        cmocka_unit_test(it_does_not_start_without_what_it_needs),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
