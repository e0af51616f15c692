/* The database goes back in time, by a copy that was made of it before or by a
 * dump: fotad says so and does nothing, until a person says that this is the
 * one to go on with. After that no number is used again. */
#include "steps.h"

#include "base/base64.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char config[] = "[delivery]\nretry_most = 2s\n"
                             "[tracking]\nhousekeeping = 1s\n";

static void steps(struct scenario *s, const struct scenario_step *step) {
    for (; step->act; step++)
        scenario_do(s, step->act, step->words);
}
#define STEPS(...) steps(s, (const struct scenario_step[]){__VA_ARGS__, END})

static struct scenario *begin(void) {
    static char directory[32];
    strcpy(directory, "/tmp/memory-XXXXXX");
    assert_non_null(mkdtemp(directory));
    setenv("STATE_DIRECTORY", directory, 1);
    return scenario_open(
        &(struct scenario_wish){.config = config, .repeats = true});
}

static const char *memory_path(void) {
    static char path[64];
    snprintf(path, sizeof path, "%s/memory", getenv("STATE_DIRECTORY"));
    return path;
}

static void end(struct scenario *s) {
    scenario_end(s);
    assert_int_equal(unlink(memory_path()), 0);
    assert_int_equal(rmdir(getenv("STATE_DIRECTORY")), 0);
    unsetenv("STATE_DIRECTORY");
}

/* ---- back in time ---- */

typedef void made_of(struct scenario *s, struct sql *server, const char *from,
                     const char *to);

static void by_copy(struct scenario *s, struct sql *server, const char *from,
                    const char *to) {
    (void)s;
    sql_do(server, "create database \"%s\" template \"%s\"", to, from);
}

static void by_dump(struct scenario *s, struct sql *server, const char *from,
                    const char *to) {
    sql_do(server, "create database \"%s\" encoding 'UTF8' template template0",
           to);
    const char *command =
        arena_printf(s->arena,
                     "pg_dump --format=custom --dbname='%s dbname=%s' |"
                     " pg_restore --exit-on-error --dbname='%s dbname=%s'",
                     s->conninfo, from, s->conninfo, to);
    assert_int_equal(system(command), 0);
}

/* While fotad is down. */
static void remake(struct scenario *s, made_of *make, bool back) {
    const char *name = sql_text(s->sql, "select current_database()");
    name = arena_text(s->arena, span_text(name));
    const char *backup = arena_printf(s->arena, "%s_backup", name);
    sql_close(s->sql);
    struct sql *server =
        sql_open(arena_printf(s->arena, "%s dbname=postgres", s->conninfo));
    if (back) {
        sql_do(server, "drop database \"%s\" with (force)", name);
        make(s, server, backup, name);
        sql_do(server, "drop database \"%s\"", backup);
    } else {
        by_copy(s, server, name, backup);
    }
    sql_close(server);
    s->sql = sql_open(s->conninfo);
}

/* ---- in doubt ---- */

static size_t lines_of(struct scenario *s, const char *name) {
    FILE *file = fopen(scenario_path(s, name), "r");
    size_t count = 0;
    for (int c; file && (c = fgetc(file)) != EOF;)
        count += c == '\n';
    if (file)
        fclose(file);
    return count;
}

/* All that ever went out. */
static size_t went_out(struct scenario *s) {
    return lines_of(s, "north/jobs.jsonl") + lines_of(s, "south/jobs.jsonl") +
           lines_of(s, "north/commands.jsonl") +
           lines_of(s, "south/commands.jsonl") +
           (size_t)sim_users_counts(s->users, 0).requests;
}

static void expect_readiness(struct scenario *s, unsigned wanted,
                             const char *words) {
    unsigned status = 0;
    const char *text = NULL;
    for (struct scenario_wait wait = {0};
         status != wanted || !text || !strstr(text, words);) {
        if (!scenario_again(&wait))
            fail_msg("'%s' is not in %u %s", words, status, text ? text : "");
        text = scenario_get(s, 0, "/readyz", &status);
    }
}

static int fotactl(struct scenario *s, const char *verb, const char *argument,
                   const char *reason) {
    const char *arguments[] = {"fotactl",      "--config",
                               s->config_path, verb,
                               argument,       reason ? "--reason" : NULL,
                               reason,         NULL};
    return scenario_program(s, arguments);
}

static void nothing_is_taken_or_sent(struct scenario *s) {
    eui64 device = scenario_device(s, "n4.ppmid");
    size_t before = went_out(s);
    expect_readiness(s, 503, "went back in time");
    assert_null(scenario_post(s, "serviceD",
                              scenario_update(s, 1, PPMID_IMAGE, &device, 1)));
    usleep(4000000); /* a look, and more than what waits is tried again */
    assert_int_equal(went_out(s), before);
    sql_expect(s->sql, "0",
               "select count(*) from service_request where"
               " received > now() - interval '4 s'");
    assert_int_equal(fotactl(s, "status", scenario_id(s, "n1.ppmid"), NULL), 0);
    assert_int_equal(scenario_lines(s, "takes and sends nothing until", ""), 1);
}

/* ---- afterwards ---- */

/* What one name of a CSP's stands for, of all that it ever had. */
static void one_body_each(struct scenario *s, const char *name,
                          const char *key) {
    FILE *file = fopen(scenario_path(s, name), "r");
    json_t *seen = json_object(), *item;
    assert_non_null(file);
    while ((item = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL))) {
        const char *id = json_string_value(json_object_get(item, key));
        assert_non_null(id);
        json_object_del(item, "try");
        json_object_del(item, "status");
        const json_t *before = json_object_get(seen, id);
        if (before && !json_equal(before, item))
            scenario_fail(s, "%s %s stands for two", key, id);
        json_object_set_new(seen, id, item);
    }
    json_decref(seen);
    fclose(file);
}

/* The originator's counter in a command of the ACB's: behind the tag DF, the
 * length 9 and CRA 1. */
static const char *counter_of(struct scenario *s, const char *base64) {
    uint8_t *octets = arena_alloc(s->arena, base64_most_octets(strlen(base64)));
    ptrdiff_t len = base64_parse(span_text(base64), octets);
    for (ptrdiff_t i = 0; i + 11 <= len; i++)
        if (memcmp(octets + i, "\xDF\x09\x01", 3) == 0) {
            char text[17];
            for (size_t j = 0; j < 8; j++)
                snprintf(text + 2 * j, 3, "%02X", octets[i + 3 + (ptrdiff_t)j]);
            return arena_text(s->arena, span_text(text));
        }
    scenario_fail(s, "a command without a counter");
}

/* Returns how many there are. */
static size_t no_counter_twice(struct scenario *s, const char *name,
                               json_t *commands) {
    FILE *file = fopen(scenario_path(s, name), "r");
    json_t *item;
    while (file && (item = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL))) {
        const char *id = json_string_value(json_object_get(item, "commandId"));
        const char *counter =
            counter_of(s, json_string_value(json_object_get(item, "payload")));
        const char *of = json_string_value(json_object_get(commands, counter));
        if (of && strcmp(of, id) != 0)
            scenario_fail(s, "%s and %s have the counter %s", id, of, counter);
        json_object_set_new(commands, counter, json_string(id));
        json_decref(item);
    }
    if (file)
        fclose(file);
    return json_object_size(commands);
}

static void judge(struct scenario *s) {
    json_t *commands = json_object();
    no_counter_twice(s, "north/commands.jsonl", commands);
    assert_int_equal(no_counter_twice(s, "south/commands.jsonl", commands), 3);
    json_decref(commands);
    one_body_each(s, "north/jobs.jsonl", "jobId");
    one_body_each(s, "south/jobs.jsonl", "jobId");
    /* a ResponseID that says something else is wrong */
    assert_int_equal(sim_users_counts(s->users, 0).wrong, 0);
    sql_expect_soon(s->sql, "0",
                    "select count(*) from sat_entry where entry_no >"
                    " (select max(last_no) from sat_seal) and kind <>"
                    " 'change'");
    assert_int_equal(fotactl(s, "sat", "verify", NULL), 0);
}

static void goes_back(made_of *make) {
    struct scenario *s = begin();
    STEPS({users, "2 status 500"},
          {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
          {is_told, "1 N39 n1.ppmid"}, {is, "n1.ppmid FIRMWARE_ACTIVATED"},
          {reads, "1 n1.ppmid"}, {is_told, "1 I0/GBCSPayload n1.ppmid"});
    scenario_stop_fotad(s, SIGTERM);
    remake(s, make, false);
    scenario_start_fotad(s);

    /* supplier 2 has its messages now; the backup says that they wait */
    STEPS({users, "2 well"}, {is_told, "2 N59 n1.ppmid"},
          {is_told, "2 N39 n1.ppmid"},
          {sends, "1 11.4 " PPMID_IMAGE " n2.ppmid,c1.ppmid I99"},
          {is, "n2.ppmid,c1.ppmid FIRMWARE_ACTIVATED"}, {reads, "1 n2.ppmid"},
          {is_told, "1 I0/GBCSPayload n2.ppmid"});
    scenario_settle(s);
    const char *last = arena_text(
        s->arena, span_text(sql_text(
                      s->sql, "select last_value from csp_job_job_no_seq")));
    uint64_t repeats = sim_users_counts(s->users, 0).repeats;

    scenario_stop_fotad(s, SIGKILL);
    remake(s, make, true);
    scenario_launch(s, 0, NULL);
    nothing_is_taken_or_sent(s);
    assert_int_equal(fotactl(s, "restored", NULL, NULL), 2);
    assert_int_equal(fotactl(s, "restored", "--reason", NULL), 2);
    const char *arguments[] = {"fotactl",  "--config", s->config_path,
                               "restored", "--reason", "the disk was lost",
                               NULL};
    assert_int_equal(scenario_program(s, arguments), 0);
    sql_expect(s->sql, "1",
               "select count(*) from sat_entry where code = 'restored'"
               " and person <> '' and detail like 'went back in time%%: the"
               " disk was lost'");
    expect_readiness(s, 200, "\"ready\": true");

    STEPS({sends, "1 11.4 " PPMID_IMAGE " n3.ppmid,s1.ppmid I99"},
          {is, "n3.ppmid,s1.ppmid FIRMWARE_ACTIVATED"}, {reads, "1 n3.ppmid"},
          {is_told, "1 I0/GBCSPayload n3.ppmid"});
    scenario_settle(s);
    sql_expect(s->sql, "t",
               "select min(job_no) >= %s + 900000 from csp_job"
               " where created > (select max(at) from sat_entry"
               " where code = 'restored')",
               last);
    /* what supplier 2 had was sent again, as it was */
    assert_int_equal(sim_users_counts(s->users, 0).repeats, repeats + 2);
    judge(s);
    end(s);
}

static void a_copy_of_before(void **state) {
    (void)state;
    goes_back(by_copy);
}

static void a_dump_of_before(void **state) {
    (void)state;
    if (system("pg_dump --version >/dev/null 2>&1") != 0) {
        print_message("skipped: there is no pg_dump\n");
        skip();
    }
    goes_back(by_dump);
}

/* It goes back under a fotad that runs. */
static void while_it_runs(void **state) {
    (void)state;
    struct scenario *s = begin();
    STEPS({sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
          {is, "n1.ppmid FIRMWARE_ACTIVATED"});
    scenario_settle(s);
    scenario_stop_fotad(s, SIGTERM);
    remake(s, by_copy, false);
    scenario_start_fotad(s);
    STEPS({sends, "1 11.4 " PPMID_IMAGE " n2.ppmid I99"},
          {is, "n2.ppmid FIRMWARE_ACTIVATED"});
    usleep(4000000); /* it has looked since the copy was made */
    remake(s, by_copy, true);
    nothing_is_taken_or_sent(s);
    assert_int_equal(scenario_lines(s, "past.doubted", ""), 1);
    /* what cannot be read is not taken for nothing */
    scenario_stop_fotad(s, SIGTERM);
    assert_int_equal(truncate(memory_path(), 20), 0);
    scenario_launch(s, 0, NULL);
    int status = 0;
    for (struct scenario_wait wait = {0}; !scenario_has_ended(s, 0, &status);)
        assert_true(scenario_again(&wait));
    assert_int_equal(scenario_lines(s, "past.unread", "it is damaged"), 1);
    end(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_of_before),
        cmocka_unit_test(a_dump_of_before),
        cmocka_unit_test(while_it_runs),
    };
    return scenario_tests(tests, NULL, NULL);
}
