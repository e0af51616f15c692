/*
 * Every key of fotad.conf with values that a person may write by mistake or in
 * bad faith: what is refused is refused with file, line, key and what would be
 * right; with what is taken fotad starts, and its listeners answer.
 */
#include "support/check.h"
#include "support/config_text.h"
#include "support/scenario.h"
#include "support/scenario_files.h"

#include "base/config_key.h"
#include "fotasim/verbs.h"
#include "http/client.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define X16 "xxxxxxxxxxxxxxxx"
#define X256 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16 X16

/* Two of them stand for the ends of what the key takes. */
static const char least[] = "least", most[] = "most";

static const char *const values[] = {
    least,
    most,
    "",
    "0",
    "1",
    "-1",
    "+1",
    "- 1",
    "00",
    "1.5",
    "1e9",
    "0x10",
    "nan",
    "NaN",
    "inf",
    "2147483647",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999999999",
    "1024g",
    "1k",
    "0s",
    "1s",
    "1 s",
    "1s 2",
    "3650d",
    "3651d",
    "106751991d",
    "yes",
    "Yes",
    "true",
    "no",
    "off",
    "on",
    "info",
    "current",
    "4.0",
    "-4.0",
    "+4.0",
    "4. 1",
    "4.1.1",
    "99.99.99",
    "90-B3-D5-1F-30-00-00-02",
    "90-B3-D5-1F-30-00-00-0G",
    "http://",
    "http://h",
    "https://[::1]:1/x",
    "http://h:99999",
    "http://10.0.0.300",
    "ftp://h",
    "smtps://h",
    "unix:/",
    "unix:x",
    ":8079",
    "127.0.0.1",
    "127.0.0.1:65536",
    "127.example.com:1",
    "0.0.0.0:0",
    "/",
    "/nowhere/at/all",
    "nowhere",
    "../x",
    "a@b",
    "a@b@c",
    "North",
    "North, North",
    "North,,",
    "X-Name",
    "X Name",
    "host=",
    "port=x",
    "=",
    "'",
    "\"x\"",
    "%n%s",
    "$(id)",
    "x # y",
    "x ;y",
    "# y",
    "\xc2\xa0",
    "\xe2\x80\xae",
    "\xd9\xa1",
    "\xf0\x9f\x92\xa3",
    "\xff",
    "\x01",
    "a\tb",
    X256,
    X256 X256 X256 X256 X256,
    X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256 X256
        X256 X256,
};
enum { VALUES = sizeof values / sizeof *values };

/* ---- what is tried ---- */

/* An end of the key's limits, or NULL: it has none. */
static const char *limit_of(const struct config_key *key, bool the_most,
                            struct arena *arena) {
    const char *to = strstr(key->limits, " to ");
    if (!to)
        return NULL;
    return the_most ? to + 4
                    : arena_text(arena, span_of(key->limits,
                                                (size_t)(to - key->limits)));
}

static const char *value_of(const struct config_key *key, const char *value,
                            struct arena *arena) {
    return value == least || value == most ? limit_of(key, value == most, arena)
                                           : value;
}

static bool is_secret(const struct config_key *key) {
    return strcmp(key->type, "SECRET") == 0 || strcmp(key->type, "TOKEN") == 0;
}

/* What a scenario's fotad needs, and whatever depends on more than the key: a
 * database, a port, a User's certificate. Such keys are only read. A text is a
 * text: one in eight is enough. */
static bool is_startable(const struct config_key *key, size_t value) {
    static const char *const not [] = {"CONNINFO",  "ADDRESS", "PATH", "FILE",
                                       "DIRECTORY", "REGIONS", "URL",  NULL};
    for (size_t i = 0; not [i]; i++)
        if (strcmp(key->type, not [i]) == 0)
            return false;
    bool any_text = strcmp(key->type, "TEXT") == 0 || is_secret(key);
    return strcmp(key->name, "migrate") != 0 && (!any_text || value % 8 == 0);
}

/* The tests' PostgreSQL has not as many sessions. */
static bool needs_many_sessions(const struct config_key *key,
                                const char *value) {
    return value == most && strcmp(key->name, "workers") == 0;
}

static const char *section_of(const struct config_key *key) {
    return strcmp(key->section, "csp") == 0 ? "csp north" : key->section;
}

static const char *line_of(const struct config_key *key, const char *value,
                           struct arena *arena) {
    return arena_printf(arena, "[%s]\n%s = %s\n", section_of(key), key->name,
                        value);
}

/* Of a file with the text. */
static bool is_read(const char *path, const char *text, struct arena *arena,
                    const char **reason) {
    struct config config;
    if (!write_whole(path, span_text(text)))
        fail_msg("%s cannot be written", path);
    return config_read(&config, path, arena, reason);
}

/* ---- what is refused ---- */

/* FILE:2: and the key; and no secret. */
static void check_reason(const struct config_key *key, const char *value,
                         const char *path, const char *reason,
                         struct arena *arena) {
    const char *place = arena_printf(arena, "%s:2: ", path);
    bool good = strncmp(reason, place, strlen(place)) == 0 &&
                (strstr(reason, key->name) || strstr(reason, "not text in") ||
                 strstr(reason, ": longer than"));
    if (is_secret(key) && strlen(value) > 2 && strstr(reason, value))
        good = false;
    if (!good || strlen(reason) < strlen(place) + 10 || strlen(reason) > 600)
        fail_msg("[%s] %s = %.80s: %.700s", key->section, key->name, value,
                 reason);
}

/* Adds the lines that are taken, one key and value each. */
static void try_key(const struct config_key *key, const char *path,
                    struct arena *arena, const char **taken, size_t *count) {
    for (size_t i = 0; i < VALUES; i++) {
        const char *value = value_of(key, values[i], arena), *reason = NULL;
        if (!value)
            continue;
        const char *line = line_of(key, value, arena);
        const char *text =
            strcmp(key->section, "csp") == 0 &&
                    strcmp(key->name, "regions") != 0
                ? arena_printf(arena, "%sregions = South\n%s", line,
                               strcmp(key->name, "base_url") == 0
                                   ? ""
                                   : "base_url = http://h\n")
                : line;
        if (is_read(path, text, arena, &reason)) {
            if (is_startable(key, i) && !needs_many_sessions(key, values[i]))
                taken[(*count)++] = line;
        } else if (!strstr(reason, "has no ")) {
            check_reason(key, value, path, reason, arena);
        }
    }
}

/* ---- what is taken ---- */

static bool is_answered(struct scenario *s, const char *url) {
    struct http_message message = {.method = "GET", .url = url};
    struct http_answer answer;
    http_client_send(s->http, &message, &answer);
    bool answered = answer.status >= 200;
    http_answer_free(&answer);
    return answered;
}

static void starts_and_answers(struct scenario *s, const char *config) {
    const struct scenario_fotad *f = &s->fotads[0];
    const unsigned ports[] = {f->user_port, f->csp_port, f->operations_port};
    scenario_launch(s, 0, NULL);
    if (!scenario_wait_ready(s, 0))
        fail_msg("it does not start with\n%s", config);
    for (size_t i = 0; i < 3; i++)
        if (!is_answered(s,
                         arena_printf(s->arena, "http://127.0.0.1:%u/healthz",
                                      ports[i])))
            fail_msg("port %zu does not answer with\n%s", i, config);
    scenario_end_one(s, 0, SIGKILL);
}

/* Both begin with the [section] and the key. */
static bool is_same_key(const char *one, const char *other) {
    size_t len = strcspn(one, "=");
    return *one && strncmp(one, other, len + 1) == 0;
}

/* As many lines at once as go together, and the rest next time. */
static void try_taken(struct scenario *s, const char **lines, size_t count) {
    const char *reason = "";
    size_t starts = 0;
    struct arena *arena = arena_new();
    for (size_t left = count; left;) {
        const char *all = "", *before = "";
        size_t kept = 0;
        for (size_t i = 0; i < left; i++) {
            const char *more = arena_printf(arena, "%s%s", all, lines[i]);
            s->wish.config = more;
            scenario_write_configs(s);
            struct config config;
            if (!is_same_key(before, lines[i]) &&
                config_read(&config, s->config_path, arena, &reason)) {
                all = more;
                before = lines[i];
            } else {
                lines[kept++] = lines[i];
            }
        }
        if (kept == left)
            break; /* each contradicts what a scenario's fotad needs */
        left = kept;
        s->wish.config = all;
        scenario_write_configs(s);
        starts_and_answers(s, all);
        starts++;
    }
    assert_true(starts > 5);
    arena_free(arena);
}

static void what_is_taken_starts_and_what_is_not_is_explained(void **state) {
    (void)state;
    enum { MOST = 4096 };
    struct scenario *s = scenario_open(&(struct scenario_wish){0});
    scenario_stop_fotad(s, SIGTERM);
    const char *path = scenario_path(s, "nasty.conf");
    const char **taken = arena_zero(s->arena, MOST, sizeof *taken);
    size_t count = 0;
    const struct config_key *const tables[] = {config_keys, config_csp_keys};
    for (size_t t = 0; t < 2; t++)
        for (const struct config_key *key = tables[t]; key->name; key++)
            try_key(key, path, s->arena, taken, &count);
    assert_true(count > 200);
    try_taken(s, taken, count);
    remove(path);
    scenario_end(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken_starts_and_what_is_not_is_explained),
    };
    return scenario_tests(tests, NULL, NULL);
}
