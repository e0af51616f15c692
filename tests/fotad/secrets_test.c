/* No token, password, key or session is in a log, in an answer that does not
 * give it, in what programs print, or in the audit trail: whatever it was given
 * for, right or wrong. */
#include "support/check.h"
#include "support/config_text.h"
#include "support/scenario.h"
#include "support/scenario_files.h"

#include "fotasim/verbs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAIL_PASSWORD "M4il-s3cret"
#define DATABASE_PASSWORD "D4tabase-s3cret"
#define BAD_PASSWORD "B4d-c0nninfo"
#define SPACED_TOKEN "Sp4ced t0ken"
#define PASSWORD "P4ssword-0f-ann"
#define WRONG_PASSWORD "Wr0ng-p4ssword"
#define WRONG_TOKEN "Wr0ng-t0ken"

static const char *const secrets[] = {
    MAIL_PASSWORD, DATABASE_PASSWORD, BAD_PASSWORD, SPACED_TOKEN,
    PASSWORD,      WRONG_PASSWORD,    WRONG_TOKEN,  "to-north",
    "of-north",    "to-south",        "of-south",
};

/* What is answered and printed goes into this. */
static const char *said_path(struct scenario *s) {
    return scenario_path(s, "said");
}

/* A line of sh; $F are the programs, $C the configuration. */
static void run(struct scenario *s, const char *line) {
    const char *program = scenario_program_path(s, "fotad");
    const char *text = arena_printf(
        s->arena,
        "F=$(realpath %.*s); C=%s; cd %s; { %s; } >>%s 2>&1 </dev/null",
        (int)(strrchr(program, '/') - program), program, s->config_path,
        s->folder, line, said_path(s));
    (void)!system(text);
}

/* Of a URL below a listener: as curl has it. */
static void ask(struct scenario *s, unsigned port, const char *path,
                const char *options) {
    run(s, arena_printf(s->arena, "curl -s -i -m 10 %s 'http://127.0.0.1:%u%s'",
                        options, port, path));
}

static const char *read_text(struct scenario *s, const char *name) {
    struct buffer text = {0};
    assert_true(read_whole(scenario_path(s, name), &text));
    const char *copy = arena_text(s->arena, buffer_span(&text));
    buffer_free(&text);
    return copy;
}

static const char *first_line(struct scenario *s, const char *name) {
    const char *text = read_text(s, name);
    size_t len = strcspn(text, "\r\n");
    assert_true(len > 8);
    return arena_text(s->arena, span_of(text, len));
}

static unsigned people_port(struct scenario *s) {
    struct buffer text = {0};
    assert_true(read_whole(s->config_path, &text));
    buffer_text(&text, "");
    const char *at = strstr((const char *)text.data, "[people]");
    unsigned port = (unsigned)atoi(strstr(at, "127.0.0.1:") + 10);
    buffer_free(&text);
    return port;
}

/* ---- who has secrets ---- */

static void csps_come(struct scenario *s) {
    static const char *const paths[] = {
        "/csp/v1/validation-reports", "/csp/v1/delivery-notifications",
        "/csp/v1/gbcs-messages", "/csp/v1/?token=" WRONG_TOKEN};
    static const char *const tokens[] = {"of-north", WRONG_TOKEN, "of-south"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        for (size_t j = 0; j < sizeof tokens / sizeof *tokens; j++)
            ask(s, s->csp_port, paths[i],
                arena_printf(s->arena,
                             "-H 'Authorization: Bearer %s' -H 'Content-Type:"
                             " application/json' --data '{\"a\":'",
                             tokens[j]));
}

#define JSON "-H 'Content-Type: application/json' --data "

static void people_come(struct scenario *s, unsigned port) {
    run(s, "$F/fotactl --config $C account add ann --role administrator");
    run(s, "printf '" PASSWORD "\\n' | $F/fotactl --config $C account"
           " password ann");
    run(s, "$F/fotactl --config $C account token ann >token 2>token.err; tail"
           " -n 1 token >token.line");
    ask(s, port, "/api/v1/sign-in",
        JSON "'{\"name\":\"ann\",\"password\":\"" WRONG_PASSWORD "\"}'");
    ask(s, port, "/api/v1/sign-in",
        JSON "'{\"name\":\"ann\",\"password\":\"" WRONG_PASSWORD "\"'");
    ask(s, port, "/api/v1/sign-in",
        JSON "'{\"name\":\"ann\",\"passwort\":\"" WRONG_PASSWORD "\"}'");
    ask(s, port, "/api/v1/sign-in?password=" WRONG_PASSWORD, "");
    /* the session is given, to whoever signs in */
    ask(s, port, "/api/v1/sign-in",
        "-o signed-in -D headers " JSON
        "'{\"name\":\"ann\",\"password\":\"" PASSWORD "\"}'");
    run(s,
        "sed -n 's/^[Ss]et-[Cc]ookie: [^=]*=\\([^;]*\\).*/\\1/p' headers"
        " >session; sed -n 's/^[Ss]et-[Cc]ookie: \\([^;]*\\).*/\\1/p' headers"
        " >cookie");
    const char *session =
        arena_printf(s->arena, "-H 'Cookie: %s'", first_line(s, "cookie"));
    const char *token = arena_printf(s->arena, "-H 'Authorization: Bearer %s'",
                                     first_line(s, "token.line"));
    static const char *const paths[] = {"/api/v1/me", "/api/v1/accounts",
                                        "/api/v1/requests/x", "/api/v1/x"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        ask(s, port, paths[i], session);
        ask(s, port, paths[i], token);
        ask(s, port, paths[i], "-H 'Authorization: Bearer " WRONG_TOKEN "'");
        ask(s, port, paths[i], "-u ann:" WRONG_PASSWORD);
        ask(s, port, paths[i],
            arena_printf(s->arena,
                         "%s -X PUT " JSON "'{\"old\":\"" PASSWORD
                         "\",\"new\":\"" WRONG_PASSWORD "\"",
                         session));
    }
    static const char *const signed_in[] = {"me", "accounts"};
    for (size_t i = 0; i < sizeof signed_in / sizeof *signed_in; i++)
        run(s, arena_printf(s->arena,
                            "curl -s -o /dev/null -w '%%{http_code}\\n' %s"
                            " http://127.0.0.1:%u/api/v1/%s >>codes",
                            i ? token : session, port, signed_in[i]));
    assert_string_equal(read_text(s, "codes"), "200\n200\n");
}

/* Configurations that are refused do not show what they have. */
static void operators_come(struct scenario *s) {
    static const char *const lines[] = {
        "[csp north]\ninbound_token = " SPACED_TOKEN,
        "[csp north]\ntoken = x\n" SPACED_TOKEN,
        "[mail]\npassword = file:/nowhere/x",
        "[mail]\npassword = " MAIL_PASSWORD " ; a comment",
        "[database]\nconninfo = hosst=x password=" BAD_PASSWORD,
        "[database]\nconninfo = host=x password='" BAD_PASSWORD,
        "[database]\nreporting_conninfo = password=" BAD_PASSWORD " port=x",
        "[database]\nowner_conninfo = postgresql://fotad:" BAD_PASSWORD
        "@[::1/x",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *text = arena_printf(s->arena, "%s%s\n",
                                        read_text(s, "fotad.conf"), lines[i]);
        text = config_text_merged(s->arena, text);
        assert_true(write_whole(scenario_path(s, "bad.conf"), span_text(text)));
        run(s, "$F/fotad --config bad.conf --check-config; $F/fotactl --config"
               " bad.conf status x");
        run(s, "cp $C good.conf; cp bad.conf $C");
        kill(s->fotads[0].pid, SIGHUP);
        run(s, "sleep 0.3; cp good.conf $C");
    }
    run(s, "grep -v conninfo $C | sed 's/^\\[database\\]/&\\nconninfo ="
           " host=127.0.0.1 port=1 password=" DATABASE_PASSWORD "/' >away.conf;"
           " $F/fotactl --config away.conf status x; $F/fotad --config"
           " away.conf --check-config");
    static const char *const paths[] = {"/readyz", "/healthz", "/metrics"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        ask(s, s->fotads[0].operations_port, paths[i], "");
    run(s, "$F/fotactl --config $C account list --json");
    run(s, "$F/fotactl --config $C sat export --json");
}

/* ---- what is said ---- */

static void expect_none(struct scenario *s, const char *path,
                        const char *secret) {
    struct buffer text = {0};
    assert_true(read_whole(path, &text));
    const char *at = memmem(text.data, text.len, secret, strlen(secret));
    if (at) {
        const char *begin = at;
        while (begin > (const char *)text.data && begin[-1] != '\n')
            begin--;
        scenario_fail(s, "%s has a secret: %.*s", path,
                      (int)strcspn(begin, "\n"), begin);
    }
    buffer_free(&text);
}

static void expect_nowhere(struct scenario *s, const char *secret) {
    expect_none(s, said_path(s), secret);
    expect_none(s, scenario_path(s, "fotad.log"), secret);
}

/* Lines of a PEM file but the first and the last. */
static void expect_no_key(struct scenario *s, const char *name) {
    struct buffer pem = {0};
    assert_true(read_whole(
        arena_printf(s->arena, "%s/pki/keys/%s", scenario_home, name), &pem));
    buffer_text(&pem, "");
    char *rest = (char *)pem.data;
    for (char *line; (line = strsep(&rest, "\n"));)
        if (strlen(line) > 20 && *line != '-')
            expect_nowhere(s, line);
    buffer_free(&pem);
}

static void no_secret_is_said(void **state) {
    (void)state;
    struct scenario *s = scenario_open(&(struct scenario_wish){
        .config = "[log]\nlevel = debug\n[mail]\nserver = smtp://127.0.0.1:1\n"
                  "from = fotad@example.com\nuser = fotad\n"
                  "password = " MAIL_PASSWORD "\n"});
    scenario_do(s, sends, "1 11.4 ppmid-a-0A000003 n1.ppmid I99");
    scenario_do(s, is, "n1.ppmid FIRMWARE_ACTIVATED");
    csps_come(s);
    people_come(s, people_port(s));
    operators_come(s);
    assert_true(scenario_lines(s, "config.refused", "") >= 5);
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        expect_nowhere(s, secrets[i]);
    expect_nowhere(s, first_line(s, "token.line"));
    expect_nowhere(s, first_line(s, "session"));
    expect_no_key(s, "dsp-xml-sign.key");
    expect_no_key(s, "acb-ka.key");
    scenario_end(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_secret_is_said),
    };
    return scenario_tests(tests, NULL, NULL);
}
