/* Sessions, tokens, the proxy's header, CSRF and lock-out (requirement I5). */
#include "support/check.h"
#include "support/people.h"

#include "http/wire.h"
#include "support/cost.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int setup(void **state) {
    test_clock_set(0);
    *state = screens_start();
    return 0;
}

static int setup_closed(void **state) {
    test_clock_set(0);
    *state = screens_new();
    return 0;
}

static int teardown(void **state) {
    screens_free(*state);
    return 0;
}

static unsigned try_password(struct screens *s, const char *name,
                             const char *password) {
    return ask(s, &(struct ask){.method = "POST",
                                .path = "/sign-in",
                                .body = arena_printf(
                                    s->arena,
                                    "{\"name\":\"%s\",\"password\":\"%s\"}",
                                    name, password)})
        .http;
}

static unsigned me(struct screens *s, const char *cookie) {
    return ask(s,
               &(struct ask){.method = "GET", .path = "/me", .cookie = cookie})
        .http;
}

static const char *audit(struct screens *s) {
    return gateway_ask(s->gateway,
                       "select coalesce(string_agg(concat_ws(' ', person,"
                       " code), ', ' order by entry_no), '') from sat_entry"
                       " where kind = 'person'");
}

/* ---- sign-in ---- */

static void a_session_is_what_its_cookie_says(void **state) {
    struct screens *s = *state;
    struct told told = ask(
        s, &(struct ask){.method = "POST",
                         .path = "/sign-in",
                         .body = "{\"name\":\"dora\",\"password\":\"" PASSWORD
                                 "\"}"});
    assert_int_equal(told.http, 200);
    const char *cookie = told_header(s, &told, "Set-Cookie");
    assert_non_null(strstr(cookie, "; HttpOnly"));
    assert_non_null(strstr(cookie, "; SameSite=Strict"));
    assert_non_null(strstr(cookie, "; Path=/;"));
    assert_null(strstr(cookie, "Secure"));
    assert_int_equal(strcspn(cookie, ";"), strlen("fotad_session=") + 64);
    assert_string_equal(told_at(s, &told, "via"), "session");
    assert_string_equal(told_at(s, &told, "role"), "service_desk");
    /* what is stored is no cookie */
    assert_string_equal(gateway_ask(s->gateway,
                                    "select count(*) from session where"
                                    " upper(encode(token, 'hex')) = '%.64s'",
                                    cookie + strlen("fotad_session=")),
                        "0");
    assert_string_equal(audit(s), "dora signed in");
}

static void a_wrong_password_or_name_is_told_alike(void **state) {
    struct screens *s = *state;
    struct told wrong = ask(s, &(struct ask){.method = "POST",
                                             .path = "/sign-in",
                                             .body = "{\"name\":\"dora\","
                                                     "\"password\":\"x\"}"});
    struct told none = ask(s, &(struct ask){.method = "POST",
                                            .path = "/sign-in",
                                            .body = "{\"name\":\"nobody\","
                                                    "\"password\":\"x\"}"});
    assert_int_equal(wrong.http, 401);
    assert_string_equal(wrong.text, none.text);
    assert_null(told_header(s, &wrong, "Set-Cookie"));
}

/* A session that somebody planted in the browser is not the one that is signed
 * in, and the one from before is over. */
static void a_sign_in_begins_a_new_session(void **state) {
    struct screens *s = *state;
    const char *planted = "fotad_session="
                          "0000000000000000000000000000000000000000000000000000"
                          "000000000000";
    struct told told = ask(
        s, &(struct ask){.method = "POST",
                         .path = "/sign-in",
                         .cookie = planted,
                         .body = "{\"name\":\"dora\",\"password\":\"" PASSWORD
                                 "\"}"});
    assert_int_equal(told.http, 200);
    const char *cookie = told_header(s, &told, "Set-Cookie");
    const char *first =
        arena_text(s->arena, span_of(cookie, strcspn(cookie, ";")));
    assert_string_not_equal(first, planted);
    assert_int_equal(me(s, planted), 401);
    assert_int_equal(me(s, first), 200);
    told = ask(
        s, &(struct ask){.method = "POST",
                         .path = "/sign-in",
                         .cookie = first,
                         .body = "{\"name\":\"otto\",\"password\":\"" PASSWORD
                                 "\"}"});
    assert_int_equal(told.http, 200);
    assert_int_equal(me(s, first), 401);
}

static void a_lock_out_holds_for_its_time(void **state) {
    struct screens *s = *state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(try_password(s, "dora", "wrong"), 401);
    struct told told = ask(
        s, &(struct ask){.method = "POST",
                         .path = "/sign-in",
                         .body = "{\"name\":\"dora\",\"password\":\"" PASSWORD
                                 "\"}"});
    assert_int_equal(told.http, 429);
    assert_in_range(atoi(told_header(s, &told, "Retry-After")), 880, 900);
    assert_int_equal(try_password(s, "otto", PASSWORD), 200);
    test_clock_set(14 * MINUTE);
    assert_int_equal(try_password(s, "dora", PASSWORD), 429);
    test_clock_set(16 * MINUTE);
    assert_int_equal(try_password(s, "dora", PASSWORD), 200);
    assert_string_equal(audit(s),
                        "dora locked out, otto signed in, dora sign-in failed,"
                        " dora signed in");
    assert_string_equal(
        gateway_ask(s->gateway, "select split_part(detail, ' since', 1) from"
                                " sat_entry where code = 'sign-in failed'"),
        "from 127.0.0.1, 5 tries");
}

/* As housekeeping does, with the default times. */
static void clean_sign_ins(struct screens *s) {
    char now[INSTANT_TEXT_SIZE];
    gateway_ask(s->gateway,
                "select clean_sign_ins('15 min', '30 min', '%s', 1000)",
                instant_format(clock_now(), now));
}

/* However long whoever guesses waits between: each counts until the lock-out's
 * time has passed since the one before. */
static void slow_guesses_add_up(void **state) {
    struct screens *s = *state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(try_password(s, "dora", "wrong"), 401);
        test_clock_set((i + 1) * 70 * SECOND);
        clean_sign_ins(s);
    }
    assert_int_equal(try_password(s, "dora", PASSWORD), 429);
    test_clock_set(5 * 70 * SECOND + 16 * MINUTE);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(try_password(s, "dora", "wrong"), 401);
        test_clock_set(5 * 70 * SECOND + (i + 2) * 16 * MINUTE);
    }
    assert_int_equal(try_password(s, "dora", PASSWORD), 200);
}

/* Whoever guesses does not fill a trail that is kept for seven years, and what
 * he writes in the name's place is nobody's name. */
static void tries_are_summed(void **state) {
    struct screens *s = *state;
    for (int i = 0; i < 30; i++)
        try_password(s, arena_printf(s->arena, "guess%d\\u001b[2J", i), "x");
    for (int i = 0; i < 4; i++)
        try_password(s, "otto", "wrong");
    assert_string_equal(audit(s), "");
    test_clock_set(11 * MINUTE);
    try_password(s, "guess again", "x");
    assert_string_equal(audit(s), "sign-in failed");
    gateway_tell(s->gateway, "select clean_sign_ins('15 min', '30 min',"
                             " now() + interval '11 min', 1000)");
    assert_string_equal(
        gateway_ask(s->gateway,
                    "select string_agg(concat_ws(' ', person, split_part("
                    "detail, ' since', 1)), '; ' order by entry_no)"
                    " from sat_entry where kind = 'person'"),
        "names of no account, from 127.0.0.1, 30 tries;"
        " otto from 127.0.0.1, 4 tries");
}

/* ---- where from ---- */

static unsigned try_from(struct screens *s, const char *from,
                         const char *password) {
    return ask(s, &(struct ask){.method = "POST",
                                .path = "/sign-in",
                                .headers = {from},
                                .body = arena_printf(
                                    s->arena,
                                    "{\"name\":\"dora\",\"password\":\"%s\"}",
                                    password)})
        .http;
}

/* The proxy's own word comes last; what stands before it anybody may send. */
static void a_lock_out_is_of_one_source(void **state) {
    struct screens *s = *state;
    s->gateway->config.people_listen =
        arena_printf(s->arena, "unix:/tmp/fotad-test-%d.sock", (int)getpid());
    screens_open(s);
    static const char *const same[] = {
        "X-Forwarded-For: 192.0.2.7", "X-Forwarded-For: 198.51.100.1,192.0.2.7",
        "X-Forwarded-For: 1.1.1.1, 2.2.2.2 , 192.0.2.7 "};
    for (int i = 0; i < 5; i++)
        assert_int_equal(try_from(s, same[i % 3], "wrong"), 401);
    assert_int_equal(try_from(s, same[0], PASSWORD), 429);
    assert_int_equal(try_from(s, "X-Forwarded-For: 192.0.2.8", PASSWORD), 200);
    assert_int_equal(
        try_from(s, "X-Forwarded-For: 192.0.2.7, 192.0.2.8", PASSWORD), 200);
    for (int i = 0; i < 5; i++)
        assert_int_equal(
            try_from(s,
                     arena_printf(s->arena, "X-Forwarded-For: 2001:db8::%d", i),
                     "wrong"),
            401);
    assert_int_equal(try_from(s, "X-Forwarded-For: 2001:db8::99", PASSWORD),
                     429);
    assert_int_equal(try_from(s, "X-Forwarded-For: 2001:db8:0:1::1", PASSWORD),
                     200);
}

/* Whoever is in stays in, by session and by token, and may set a password. */
static void a_lock_out_ends_no_session(void **state) {
    struct screens *s = *state;
    struct signed_in dora = sign_in(s, "dora", PASSWORD);
    for (int i = 0; i < 6; i++)
        try_password(s, "dora", "wrong");
    assert_int_equal(try_password(s, "dora", PASSWORD), 429);
    assert_int_equal(me(s, dora.cookie), 200);
    assert_int_equal(look(s, DESK, "/me").http, 200);
}

/* ---- all at once ---- */

struct guesser {
    unsigned port, tries, denied, busy;
};

static void *guess_run(void *context) {
    struct guesser *g = context;
    static const char body[] = "{\"name\":\"otto\",\"password\":\"x\"}";
    char text[512];
    snprintf(text, sizeof text,
             "POST /api/v1/sign-in HTTP/1.1\r\nHost: x\r\n"
             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    instant end = clock_elapsed() + 2 * SECOND;
    while (clock_elapsed() < end) {
        int handle = wire_connect(g->port);
        wire_text(handle, text);
        struct wire_reply reply = wire_reply(handle);
        g->busy +=
            reply.status == 503 && strstr(reply.head, "Retry-After: ") != NULL;
        g->denied += reply.status == 401;
        g->tries++;
        if (reply.status == 503)
            nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        reply_free(&reply);
        close(handle);
    }
    return NULL;
}

/* One password is hashed at a time, with rests; what is not looked at does not
 * count. */
static void guesses_are_looked_at_one_by_one(void **state) {
    enum { GUESSERS = 8 };
    struct screens *s = *state;
    s->gateway->config.people_lock_out_after = 1000;
    screens_open(s);
    struct guesser guessers[GUESSERS];
    pthread_t threads[GUESSERS];
    unsigned tries = 0, denied = 0, busy = 0;
    instant begun = clock_elapsed(), time = cost_now();
    for (int i = 0; i < GUESSERS; i++) {
        guessers[i] = (struct guesser){.port = people_port(s->people)};
        pthread_create(&threads[i], NULL, guess_run, &guessers[i]);
    }
    for (int i = 0; i < GUESSERS; i++) {
        pthread_join(threads[i], NULL);
        tries += guessers[i].tries;
        denied += guessers[i].denied;
        busy += guessers[i].busy;
    }
    double share =
        (double)(cost_now() - time) / (double)(clock_elapsed() - begun);
    print_message("%u tries, %u looked at, %.2f of a processor\n", tries,
                  denied, share);
    assert_int_equal(denied + busy, tries);
    assert_true(denied > 0 && busy > 0);
    assert_true(share < 0.7);
    assert_int_equal(
        atoi(gateway_ask(s->gateway, "select failures from sign_in_failure")),
        denied);
    assert_int_equal(
        atoi(gateway_ask(s->gateway, "select tries from sign_in_try")), denied);
}

static void a_name_that_does_not_exist_is_locked_out_too(void **state) {
    struct screens *s = *state;
    for (int i = 0; i < 5; i++)
        assert_int_equal(try_password(s, "nobody", "wrong"), 401);
    assert_int_equal(try_password(s, "nobody", "wrong"), 429);
}

static void a_success_forgives_earlier_failures(void **state) {
    struct screens *s = *state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4; i++)
            assert_int_equal(try_password(s, "dora", "wrong"), 401);
        assert_int_equal(try_password(s, "dora", PASSWORD), 200);
    }
}

/* ---- how sessions end ---- */

static void an_idle_session_ends(void **state) {
    struct screens *s = *state;
    struct signed_in dora = sign_in(s, "dora", PASSWORD);
    for (int i = 1; i <= 5; i++) {
        test_clock_set(i * 29 * MINUTE);
        assert_int_equal(me(s, dora.cookie), 200);
    }
    test_clock_set((5 * 29 + 31) * MINUTE);
    assert_int_equal(me(s, dora.cookie), 401);
}

/* Each use counts, however soon after another. */
static void a_session_that_is_used_goes_on(void **state) {
    struct screens *s = *state;
    static const struct {
        instant idle, used[3], ended; /* since the sign-in */
    } rows[] = {
        {30 * MINUTE, {55 * SECOND}, 30 * MINUTE + 55 * SECOND},
        {30 * MINUTE, {59 * SECOND, 30 * MINUTE}, 60 * MINUTE},
        {50 * SECOND, {40 * SECOND, 80 * SECOND, 120 * SECOND}, 170 * SECOND},
        {2 * SECOND, {SECOND, 2 * SECOND, 3 * SECOND}, 5 * SECOND},
    };
    instant start = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        s->gateway->config.people_session_idle = rows[i].idle;
        test_clock_set(start += DAY);
        struct signed_in dora = sign_in(s, "dora", PASSWORD);
        for (size_t use = 0; use < 3 && rows[i].used[use]; use++) {
            test_clock_set(start + rows[i].used[use]);
            assert_int_equal(me(s, dora.cookie), 200);
        }
        test_clock_set(start + rows[i].ended);
        assert_int_equal(me(s, dora.cookie), 401);
    }
}

static void a_session_in_use_ends_as_well(void **state) {
    struct screens *s = *state;
    struct signed_in dora = sign_in(s, "dora", PASSWORD);
    for (instant t = 0; t < 12 * HOUR; t += 20 * MINUTE) {
        test_clock_set(t);
        assert_int_equal(me(s, dora.cookie), 200);
    }
    test_clock_set(12 * HOUR + MINUTE);
    assert_int_equal(me(s, dora.cookie), 401);
}

static void a_sign_out_is_final(void **state) {
    struct screens *s = *state;
    struct signed_in dora = sign_in(s, "dora", PASSWORD);
    struct told told = ask(s, &(struct ask){.method = "POST",
                                            .path = "/sign-out",
                                            .cookie = dora.cookie,
                                            .csrf = dora.csrf});
    assert_int_equal(told.http, 204);
    assert_non_null(
        strstr(told_header(s, &told, "Set-Cookie"), "fotad_session=;"));
    assert_int_equal(me(s, dora.cookie), 401);
    assert_string_equal(audit(s), "dora signed in, dora signed out");
}

static void another_password_ends_the_other_sessions(void **state) {
    struct screens *s = *state;
    struct signed_in here = sign_in(s, "dora", PASSWORD);
    struct signed_in there = sign_in(s, "dora", PASSWORD);
    struct ask change = {.method = "PUT",
                         .path = "/me/password",
                         .cookie = here.cookie,
                         .csrf = here.csrf,
                         .body = "{\"current\":\"wrong\","
                                 "\"password\":\"another password\"}"};
    assert_int_equal(ask(s, &change).http, 401);
    change.body = "{\"current\":\"" PASSWORD "\",\"password\":\"too short\"}";
    assert_int_equal(ask(s, &change).http, 400);
    change.body =
        "{\"current\":\"" PASSWORD "\",\"password\":\"another password\"}";
    assert_int_equal(ask(s, &change).http, 204);
    assert_int_equal(me(s, here.cookie), 200);
    assert_int_equal(me(s, there.cookie), 401);
    assert_int_equal(try_password(s, "dora", PASSWORD), 401);
    assert_int_equal(try_password(s, "dora", "another password"), 200);
}

static void an_ended_account_may_do_nothing(void **state) {
    struct screens *s = *state;
    struct signed_in dora = sign_in(s, "dora", PASSWORD);
    assert_int_equal(ask(s, &(struct ask){.method = "PUT",
                                          .path = "/accounts/dora",
                                          .who = ADMINISTRATOR,
                                          .body = "{\"role\":\"service_desk\","
                                                  "\"active\":false}"})
                         .http,
                     200);
    assert_int_equal(me(s, dora.cookie), 401);
    assert_int_equal(look(s, DESK, "/me").http, 401);
    assert_int_equal(try_password(s, "dora", PASSWORD), 401);
}

/* ---- CSRF ---- */

struct csrf_case {
    const char *method;
    bool own_token, others_token, right_session;
    unsigned expected;
};

static const struct csrf_case csrf_cases[] = {
    {"GET", false, false, true, 404},  {"POST", false, false, true, 403},
    {"POST", false, true, true, 403},  {"POST", true, false, true, 404},
    {"POST", true, false, false, 401},
};

static void an_unsafe_call_needs_the_session_s_own_token(void **state) {
    struct screens *s = *state;
    struct signed_in dora = sign_in(s, "dora", PASSWORD);
    struct signed_in other = sign_in(s, "dora", PASSWORD);
    assert_string_not_equal(dora.csrf, other.csrf);
    for (size_t i = 0; i < sizeof csrf_cases / sizeof *csrf_cases; i++) {
        const struct csrf_case *c = &csrf_cases[i];
        bool get = strcmp(c->method, "GET") == 0;
        struct told told = ask(
            s,
            &(struct ask){
                .method = c->method,
                .path = get ? "/devices/00-DB-12-FF-FF-FF-FF-FF/firmware-status"
                            : "/devices/00-DB-12-FF-FF-FF-FF-FF/reset",
                .body = get ? NULL : "{\"reason\":\"x\"}",
                .cookie = c->right_session ? dora.cookie : "fotad_session=1",
                .csrf = c->own_token      ? dora.csrf
                        : c->others_token ? other.csrf
                                          : NULL});
        if (told.http != c->expected)
            fail_msg("case %zu: %u", i, told.http);
    }
}

/* ---- tokens ---- */

static void a_token_is_for_scripts_and_needs_no_csrf(void **state) {
    struct screens *s = *state;
    struct told told = ask(s, &(struct ask){.method = "POST",
                                            .path = "/accounts/dora/token",
                                            .who = ADMINISTRATOR});
    assert_int_equal(told.http, 201);
    const char *bearer = arena_printf(s->arena, "Authorization: Bearer %s",
                                      told_at(s, &told, "token"));
    struct ask reset = {.method = "POST",
                        .path = "/devices/00-DB-12-FF-FF-FF-FF-FF/reset",
                        .body = "{\"reason\":\"x\"}",
                        .headers = {bearer}};
    assert_int_equal(ask(s, &reset).http, 404);
    /* the one before has ended */
    assert_int_equal(look(s, DESK, "/me").http, 401);
    assert_int_equal(ask(s, &(struct ask){.method = "DELETE",
                                          .path = "/accounts/dora/token",
                                          .who = ADMINISTRATOR})
                         .http,
                     204);
    assert_int_equal(ask(s, &reset).http, 401);
}

static void a_bad_token_is_not_made_good_by_a_cookie(void **state) {
    struct screens *s = *state;
    struct signed_in dora = sign_in(s, "dora", PASSWORD);
    static const char *const bad[] = {"Authorization: Bearer nonsense",
                                      "Authorization: Bearer ",
                                      "Authorization: Basic ZG9yYTp4"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ask(s, &(struct ask){.method = "GET",
                                              .path = "/me",
                                              .cookie = dora.cookie,
                                              .headers = {bad[i]}})
                             .http,
                         401);
}

/* ---- the proxy ---- */

static void a_proxy_s_word_counts_on_its_socket(void **state) {
    struct screens *s = *state;
    char path[64];
    snprintf(path, sizeof path, "/tmp/fotad-test-%d.sock", (int)getpid());
    s->gateway->config.people_listen = arena_printf(s->arena, "unix:%s", path);
    s->gateway->config.people_proxy_header = "X-Remote-User";
    screens_open(s);
    struct ask call = {
        .method = "GET", .path = "/me", .headers = {"X-Remote-User: dora"}};
    struct told told = ask(s, &call);
    assert_int_equal(told.http, 200);
    assert_string_equal(told_at(s, &told, "via"), "proxy");
    assert_string_equal(told_at(s, &told, "name"), "dora");
    /* a browser's form cannot send the header */
    struct ask reset = {.method = "POST",
                        .path = "/devices/00-DB-12-FF-FF-FF-FF-FF/reset",
                        .body = "{\"reason\":\"x\"}",
                        .headers = {"X-Remote-User: dora"}};
    assert_int_equal(ask(s, &reset).http, 403);
    reset.csrf = told_at(s, &told, "csrfToken");
    assert_int_equal(ask(s, &reset).http, 404);
    call.headers[0] = "X-Remote-User: nobody";
    assert_int_equal(ask(s, &call).http, 401);
    call.headers[0] = NULL;
    assert_int_equal(ask(s, &call).http, 401);
    assert_int_equal(try_password(s, "dora", PASSWORD), 403);
}

static void elsewhere_nobody_believes_the_header(void **state) {
    struct screens *s = *state;
    assert_int_equal(ask(s, &(struct ask){.method = "GET",
                                          .path = "/me",
                                          .headers = {"X-Remote-User: dora"}})
                         .http,
                     401);
}

struct config_case {
    const char *listen, *proxy_header;
    bool good;
};

static const struct config_case config_cases[] = {
    {"127.0.0.1:8082", "", true},
    {"unix:/run/fotad/people", "", true},
    {"unix:/run/fotad/people", "X-Remote-User", true},
    {"127.0.0.1:8082", "X-Remote-User", false},
    {"10.0.0.1:8082", "X-Remote-User", false},
};

static void what_would_be_open_to_all_is_refused(void **state) {
    struct screens *s = *state;
    struct config config = s->gateway->config;
    config.csp_count = 0;
    config.people_tls = "off"; /* whatever the address */
    for (size_t i = 0; i < sizeof config_cases / sizeof *config_cases; i++) {
        const struct config_case *c = &config_cases[i];
        config.people_listen = c->listen;
        config.people_proxy_header = c->proxy_header;
        const char *why = config_contradictions(&config, s->arena);
        if ((why == NULL) != c->good)
            fail_msg("case %zu: %s", i, why ? why : "accepted");
    }
}

/* ---- accounts ---- */

static void an_administrator_keeps_the_accounts(void **state) {
    struct screens *s = *state;
    struct told told =
        ask(s, &(struct ask){.method = "POST",
                             .path = "/accounts",
                             .who = ADMINISTRATOR,
                             .body = "{\"name\":\"carl\",\"role\":\"supplier\","
                                     "\"supplierId\":\"90-B3-D5-1F-30-01-00-"
                                     "00\",\"password\":\"" PASSWORD "\"}"});
    assert_int_equal(told.http, 201);
    assert_string_equal(told_at(s, &told, "hasPassword"), "true");
    assert_string_equal(told_at(s, &told, "tokens"), "0");
    assert_int_equal(try_password(s, "carl", PASSWORD), 200);
    told = ask(s, &(struct ask){.method = "PUT",
                                .path = "/accounts/carl",
                                .who = ADMINISTRATOR,
                                .body = "{\"role\":\"auditor\","
                                        "\"supplierId\":null,"
                                        "\"active\":true}"});
    assert_int_equal(told.http, 200);
    assert_string_equal(told_at(s, &told, "supplierId"), "null");
    told = ask(s, &(struct ask){.method = "PUT",
                                .path = "/accounts/carl/password",
                                .who = ADMINISTRATOR,
                                .body = "{\"password\":\"another one 123\"}"});
    assert_int_equal(told.http, 204);
    assert_int_equal(try_password(s, "carl", "another one 123"), 200);
    told = look(s, ADMINISTRATOR, "/accounts");
    assert_string_equal(told_at(s, &told, "items.2.name"), "carl");
    assert_string_equal(
        audit(s), "root account added, carl signed in, root account changed,"
                  " root password set, carl signed in");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define CLOSED(name)                                                           \
    cmocka_unit_test_setup_teardown(name, setup_closed, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_session_is_what_its_cookie_says),
        TEST(a_wrong_password_or_name_is_told_alike),
        TEST(a_sign_in_begins_a_new_session),
        TEST(a_lock_out_holds_for_its_time),
        TEST(slow_guesses_add_up),
        TEST(tries_are_summed),
        TEST(a_lock_out_ends_no_session),
        CLOSED(a_lock_out_is_of_one_source),
        CLOSED(guesses_are_looked_at_one_by_one),
        TEST(a_name_that_does_not_exist_is_locked_out_too),
        TEST(a_success_forgives_earlier_failures),
        TEST(an_idle_session_ends),
        TEST(a_session_that_is_used_goes_on),
        TEST(a_session_in_use_ends_as_well),
        TEST(a_sign_out_is_final),
        TEST(another_password_ends_the_other_sessions),
        TEST(an_ended_account_may_do_nothing),
        TEST(an_unsafe_call_needs_the_session_s_own_token),
        TEST(a_token_is_for_scripts_and_needs_no_csrf),
        TEST(a_bad_token_is_not_made_good_by_a_cookie),
        CLOSED(a_proxy_s_word_counts_on_its_socket),
        TEST(elsewhere_nobody_believes_the_header),
        CLOSED(what_would_be_open_to_all_is_refused),
        TEST(an_administrator_keeps_the_accounts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
