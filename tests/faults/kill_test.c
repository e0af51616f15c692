/*
 * fotad is killed and PostgreSQL falls at any moment of a campaign: nothing is
 * lost, nothing is doubled (scenario 17).
 *
 *   KILLS    SIGKILLs of fotad (5)
 *   CRASHES  immediate stops of PostgreSQL (1)
 *   DEVICES  PPMIDs of the campaign (500)
 *   SEED     of the moments (the time)
 *
 * Supplier 1 sends requests for BATCH devices each, again until they are
 * answered. Every device is to be in exactly one job, to end activated, and to
 * be told of once: N61 and N62 to supplier 1, N39 to both, N59 to supplier 2.
 */
#include "support/check.h"
#include "support/scenario_account.h"

#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BATCH = 100 };

struct campaign {
    struct scenario *scenario;
    size_t devices, kills, crashes;
    size_t killed, crashed; /* done */
    unsigned seed;
    size_t sent;         /* devices of requests that were answered */
    struct span request; /* in hand; empty: the next one is to be made */
};

static size_t number(const char *name, size_t otherwise) {
    const char *text = getenv(name);
    return text && *text ? strtoul(text, NULL, 10) : otherwise;
}

/* ---- sending ---- */

/* The same octets until there is an answer. */
static void send_next(struct campaign *c) {
    struct scenario *s = c->scenario;
    if (c->sent == c->devices)
        return;
    size_t count = c->devices - c->sent < BATCH ? c->devices - c->sent : BATCH;
    if (!c->request.len)
        c->request =
            scenario_update(s, 1, "ppmid-a-0A000003", s->bulk + c->sent, count);
    const char *answer = scenario_post(s, "serviceD", c->request);
    if (!answer)
        return;
    assert_string_equal(scenario_element(s, answer, "ResponseCode"), "I99");
    c->sent += count;
    c->request = (struct span){0};
}

/* ---- faults ---- */

static void pause_at_random(struct campaign *c, unsigned most_milliseconds) {
    usleep((unsigned)rand_r(&c->seed) % most_milliseconds * 1000);
}

struct killing {
    pid_t process;
    unsigned microseconds;
};

static void *kill_soon(void *context) {
    const struct killing *killing = context;
    usleep(killing->microseconds);
    kill(killing->process, SIGKILL);
    return NULL;
}

/* While a request may be on its way. */
static void kill_fotad(struct campaign *c) {
    struct killing killing = {c->scenario->fotad,
                              (unsigned)rand_r(&c->seed) % 500000};
    pthread_t killer;
    if (pthread_create(&killer, NULL, kill_soon, &killing) != 0)
        abort();
    send_next(c);
    pthread_join(killer, NULL);
    scenario_stop_fotad(c->scenario, SIGKILL);
    scenario_start_fotad(c->scenario);
    c->killed++;
}

static void crash_database(struct campaign *c) {
    pause_at_random(c, 200);
    if (system("tools/pg crash faults >/dev/null") != 0 ||
        system("tools/pg start faults >/dev/null") != 0)
        scenario_fail(c->scenario, "PostgreSQL is not started again");
    while (!scenario_ask(c->scenario, "select ''"))
        usleep(10000);
    c->crashed++;
}

static void make_trouble(struct campaign *c) {
    size_t all = c->kills + c->crashes;
    for (size_t i = 0; i < all; i++)
        if (c->crashes && i % (all / c->crashes) == all / c->crashes / 2 &&
            c->crashed < c->crashes)
            crash_database(c);
        else
            kill_fotad(c);
    struct scenario_wait wait = {0};
    while (c->sent < c->devices) {
        send_next(c);
        if (!scenario_again(&wait))
            scenario_fail(c->scenario, "not every request is answered");
    }
}

/* ---- what came of it ---- */

/* In how many jobs each device was, as each CSP first took them. */
static void enter_jobs(struct scenario *s,
                       const struct scenario_account *account,
                       const char *csp_name, unsigned *jobs) {
    FILE *file = fopen(
        scenario_path(s, arena_printf(s->arena, "%s/jobs.jsonl", csp_name)),
        "r");
    assert_non_null(file);
    for (json_t *job; (job = json_loadf(file, JSON_DISABLE_EOF_CHECK, NULL));
         json_decref(job)) {
        size_t i;
        json_t *target;
        if (json_integer_value(json_object_get(job, "try")) != 1)
            continue;
        json_array_foreach(json_object_get(job, "targets"), i, target) {
            size_t place = scenario_account_place(
                account,
                json_string_value(json_object_get(target, "deviceId")));
            assert_int_not_equal(place, SIZE_MAX);
            jobs[place]++;
        }
    }
    fclose(file);
}

static size_t count_wrong(const struct scenario_account *account,
                          const unsigned *jobs) {
    static const unsigned once[TOLDS] = {
        [TOLD_N59] = 1, [TOLD_N61] = 1,     [TOLD_N62] = 1,
        [TOLD_N39] = 1, [TOLD_N39_TOO] = 1,
    };
    size_t wrong = account->strange;
    for (size_t i = 0; i < account->count; i++) {
        const unsigned *told = account->told[i];
        if (jobs[i] == 1 && memcmp(told, once, sizeof once) == 0)
            continue;
        if (wrong++ < 10)
            print_message("%016llX: %u jobs; told N59 %u, N61 %u, N62 %u, N39 "
                          "%u and %u times\n",
                          (unsigned long long)account->ids[i], jobs[i],
                          told[TOLD_N59], told[TOLD_N61], told[TOLD_N62],
                          told[TOLD_N39], told[TOLD_N39_TOO]);
    }
    return wrong;
}

static void judge(struct campaign *c) {
    struct scenario *s = c->scenario;
    struct scenario_account account = scenario_account(s);
    unsigned *jobs = arena_zero(s->arena, c->devices, sizeof *jobs);
    enter_jobs(s, &account, "north", jobs);
    enter_jobs(s, &account, "south", jobs);
    struct sim_counts counts = sim_users_counts(s->users, 0);
    print_message("%zu devices, %zu kills, %zu crashes, %llu messages to "
                  "Users, %zu repeated with the same ResponseID\n",
                  c->devices, c->killed, c->crashed,
                  (unsigned long long)counts.taken, account.repeats);
    assert_int_equal(counts.wrong, 0);
    assert_int_equal(count_wrong(&account, jobs), 0);
    assert_string_equal(
        scenario_ask(s, "select string_agg(status || ' ' || n, ', ') from"
                        " (select status, count(*) n from tracking"
                        " group by status) x"),
        arena_printf(s->arena, "FIRMWARE_ACTIVATED %zu", c->devices));
    assert_string_equal(
        scenario_ask(s, "select count(*) from smi_device where device_type ="
                        " 'PPMID' and firmware_version = '\\x0A000003'"),
        arena_printf(s->arena, "%zu", c->devices));
}

static void nothing_is_lost_and_nothing_is_doubled(void **state) {
    (void)state;
    struct campaign c = {
        .devices = number("DEVICES", 500),
        .kills = number("KILLS", 5),
        .crashes = number("CRASHES", 1),
        .seed = (unsigned)number("SEED", (size_t)clock_elapsed() % 1000000)};
    print_message("SEED=%u\n", c.seed);
    c.scenario = scenario_open(
        &(struct scenario_wish){.config = "[delivery]\nretry_most = 2s\n",
                                .bulk = c.devices,
                                .repeats = true});
    scenario_faults(c.scenario, "north", "batch 20\ndelivery_delay 300\n");
    scenario_faults(c.scenario, "south", "batch 30\ndelivery_delay 700\n");
    make_trouble(&c);
    /* what came back to life late has its hour of retry before it */
    scenario_settle_by(c.scenario, MINUTE);
    judge(&c);
    scenario_stop_fotad(c.scenario, SIGTERM);
    scenario_end(c.scenario);
}

/* A cluster of its own, for others do not expect theirs to fall. */
static bool own_database(void) {
    static char conninfo[256];
    if (system("ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1") != 0)
        return true; /* the test is skipped */
    FILE *pipe = popen("tools/pg start faults", "r");
    bool good = pipe && fgets(conninfo, sizeof conninfo, pipe);
    if (pipe && pclose(pipe) != 0)
        good = false;
    conninfo[strcspn(conninfo, "\n")] = '\0';
    return good && setenv("FOTAD_TEST_CONNINFO", conninfo, 1) == 0;
}

int main(void) {
    if (!own_database() || !scenario_prepare())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_and_nothing_is_doubled),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scenario_finish();
    return failed;
}
