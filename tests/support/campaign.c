#include "support/campaign.h"
#include "support/check.h"
#include "support/scenario_account.h"
#include "support/scenario_files.h"

#include "http/client.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

size_t campaign_number(const char *name, size_t otherwise) {
    const char *text = getenv(name);
    return text && *text ? strtoul(text, NULL, 10) : otherwise;
}

unsigned campaign_random(struct campaign *c, unsigned below) {
    return (unsigned)rand_r(&c->seed) % below;
}

struct campaign *campaign_open(struct scenario_wish wish, size_t devices,
                               size_t batch) {
    wish.bulk = devices;
    wish.repeats = true;
    if (!wish.config)
        wish.config = "[delivery]\nretry_most = 2s\n";
    if (!wish.csp_config)
        wish.csp_config = "busy_retry = 5s\n";
    struct scenario *s = scenario_open(&wish);
    struct campaign *c = arena_zero(s->arena, 1, sizeof *c);
    c->scenario = s;
    c->devices = devices;
    c->batch = batch;
    c->seed =
        (unsigned)campaign_number("SEED", (size_t)clock_elapsed() % 1000000);
    print_message("SEED=%u\n", c->seed);
    scenario_faults(s, "north", "batch 20\ndelivery_delay 300\n");
    scenario_faults(s, "south", "batch 30\ndelivery_delay 700\n");
    return c;
}

/* ---- sending ---- */

static void send_update(struct campaign *c) {
    struct scenario *s = c->scenario;
    size_t left = c->devices - c->sent;
    size_t count = left < c->batch ? left : c->batch;
    if (!count)
        return;
    if (!c->request.len)
        c->request =
            scenario_update(s, 1, "ppmid-a-0A000003", s->bulk + c->sent, count);
    const char *answer = scenario_post(s, "serviceD", c->request);
    if (!answer)
        return;
    const char *code = scenario_element(s, answer, "ResponseCode");
    if (strcmp(code, "E100") == 0)
        return; /* our own fault: the User sends it again */
    assert_string_equal(code, "I99");
    c->sent += count;
    c->request = (struct span){0};
}

/* Of a PPMID that the campaign has nothing to do with. */
void campaign_read(struct campaign *c) {
    struct scenario *s = c->scenario;
    static const char *const devices[] = {"n1.ppmid", "n2.ppmid", "c1.ppmid",
                                          "s1.ppmid"};
    if (c->read_count == CAMPAIGN_READS)
        return;
    if (!c->read.len)
        c->read =
            scenario_read(s, 1, scenario_device(s, devices[c->read_count % 4]));
    const char *answer = scenario_post(s, "serviceS", c->read);
    if (!answer ||
        strcmp(scenario_element(s, answer, "ResponseCode"), "E100") == 0)
        return;
    assert_string_equal(scenario_element(s, answer, "ResponseCode"), "I99");
    c->read_ids[c->read_count++] = scenario_element(s, answer, "RequestID");
    c->read = (struct span){0};
}

void campaign_send(struct campaign *c, bool read) {
    send_update(c);
    if (read || c->read.len)
        campaign_read(c);
}

struct campaign *campaign_apart(struct campaign *c) {
    struct arena *arena = arena_new();
    struct campaign *apart = arena_zero(arena, 1, sizeof *apart);
    struct scenario *s = arena_zero(arena, 1, sizeof *s);
    *apart = *c;
    *s = *c->scenario;
    s->arena = arena;
    s->http = http_client_new(
        &(struct http_client_options){.total_timeout = 60 * SECOND});
    apart->scenario = s;
    return apart;
}

static void free_arena(void *arena) {
    arena_free(arena);
}

void campaign_together(struct campaign *c, struct campaign *apart) {
    struct scenario *s = c->scenario;
    s->counter = apart->scenario->counter;
    http_client_free(apart->scenario->http);
    arena_adopt(s->arena, apart->scenario->arena, free_arena);
    *c = *apart;
    c->scenario = s;
}

void campaign_keep_running(struct campaign *c) {
    int status;
    for (unsigned i = 0; i < c->scenario->fotad_count; i++)
        if (scenario_has_ended(c->scenario, i, &status))
            scenario_launch(c->scenario, i, NULL);
}

static void send_the_rest(struct campaign *c) {
    struct scenario_wait wait = {0};
    size_t before = 0;
    while (c->sent < c->devices || c->read.len) {
        if (before != c->sent)
            wait = (struct scenario_wait){0};
        before = c->sent;
        campaign_keep_running(c);
        campaign_send(c, false);
        if (!scenario_again(&wait))
            scenario_fail(c->scenario, "not every request is answered");
    }
}

void campaign_goes_on(struct campaign *c) {
    size_t before = c->sent + c->read_count;
    for (struct scenario_wait wait = {0}; c->sent + c->read_count == before;) {
        campaign_send(c, true);
        assert_true(scenario_again(&wait));
    }
}

/* ---- what fotad says of itself ---- */

void campaign_readiness(struct campaign *c, const char *words,
                        unsigned wanted) {
    unsigned status = 0;
    const char *text = "";
    for (struct scenario_wait wait = {0};
         (wanted && status != wanted) || !text || !strstr(text, words);) {
        text = scenario_get(c->scenario, 0, "/readyz", &status);
        if (!scenario_again(&wait))
            fail_msg("'%s' is not in %u %s", words, status, text ? text : "");
    }
}

void campaign_counted(struct campaign *c, const char *metric) {
    if (scenario_metric(c->scenario, 0, metric) <= 0)
        fail_msg("%s is 0", metric);
}

/* ---- the account ---- */

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
            assert_true(place != SIZE_MAX || account->others);
            if (place != SIZE_MAX)
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

/* How often each 11.2 was answered. */
struct answers {
    const struct campaign *campaign;
    unsigned good[CAMPAIGN_READS], bad;
};

static void enter_answer(void *context, const struct sim_message *message) {
    struct answers *answers = context;
    const struct campaign *c = answers->campaign;
    if (*message->code || message->repeat)
        return;
    for (size_t i = 0; i < c->read_count; i++)
        if (strcmp(c->read_ids[i], message->request_id) == 0 &&
            strcmp(message->response_code, "I0") == 0) {
            answers->good[i]++;
            return;
        }
    answers->bad++;
    print_message("a response that is not due: %s %s\n", message->request_id,
                  message->response_code);
}

/* What became of an 11.2, for whoever looks why it was not answered. */
static const char *read_fate(const struct campaign *c, const char *request_id) {
    return scenario_ask(
        c->scenario,
        "select string_agg(concat_ws(' ', e.kind, e.code, e.detail), '; '"
        " order by e.entry_no) from sat_entry e join service_request r"
        " using (request_no) where r.counter = %s",
        strrchr(request_id, ':') + 1);
}

static size_t count_wrong_answers(struct campaign *c) {
    struct answers *answers =
        arena_zero(c->scenario->arena, 1, sizeof *answers);
    answers->campaign = c;
    sim_users_ledger(c->scenario->users, enter_answer, answers);
    size_t wrong = answers->bad;
    for (size_t i = 0; i < c->read_count; i++)
        if (answers->good[i] != 1 && wrong++ < 10)
            print_message("%s: answered %u times: %s\n", c->read_ids[i],
                          answers->good[i], read_fate(c, c->read_ids[i]));
    return wrong;
}

/* What the database says of itself; each is to be 0. */
static void judge_database(struct campaign *c) {
    static const struct {
        const char *what, *query;
    } rows[] = {
        {"devices of the campaign that did not end activated",
         "select count(*) from tracking t join service_request r"
         " on r.request_no = t.request_no where t.device_type = 'PPMID'"
         " and t.status <> 'FIRMWARE_ACTIVATED'"},
        {"jobs handed over twice",
         "select count(*) from (select 1 from sat_entry where kind = 'job' and"
         " code = 'handed_over' group by detail, request_no having count(*) > "
         "1) x"},
        {"messages confirmed twice",
         "select count(*) from (select 1 from sat_entry where kind ="
         " 'delivered' group by substring(detail from 'counter [0-9]+')"
         " having count(*) > 1) x"},
        {"differences in the ledgers of Users",
         "select count(*) from alert_lane l, ledger_differences(l.user_id,"
         " '90b3d51f30000002', null, 'infinity')"},
        {"Users whose ledger is empty, though something was told",
         "select count(*) from (select party from sat_entry where kind ="
         " 'alert' group by party) u where not exists (select from"
         " ledger_sums(u.party, '90b3d51f30000002', null, 'infinity')"
         " where confirmed > 0)"},
        {"jobs of the CSPs' ledger that are overdue",
         "select coalesce(sum(overdue), 0) from ledger_csps('-infinity',"
         " 'infinity', '5 days', now())"},
        {"messages written twice",
         "select count(*) from (select 1 from sat_entry where kind = 'alert'"
         " group by detail having count(*) > 1) x"},
        {"counters of the ACB used twice",
         "select count(*) from (select 1 from device_command"
         " group by originator, counter having count(*) > 1) x"},
        {"messages that wait or were given up", "select count(*) from alert"},
    };
    /* for whoever looks why */
    const char *other = scenario_ask(
        c->scenario,
        "select string_agg(concat_ws(' ', t.device_id, t.status, (select"
        " string_agg(concat_ws(' ', e.at, e.kind, e.code, e.detail), '; '"
        " order by e.entry_no) from sat_entry e where e.device_id ="
        " t.device_id)), e'\\n') from (select * from tracking where"
        " device_type = 'PPMID' and status <> 'FIRMWARE_ACTIVATED' limit 3) t");
    if (other && *other)
        print_message("%s\n", other);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *count = scenario_ask(c->scenario, "%s", rows[i].query);
        if (!count || strcmp(count, "0") != 0)
            scenario_fail(c->scenario, "%s: %s", rows[i].what,
                          count ? count : "not known");
    }
}

static void judge(struct campaign *c, const char *what) {
    struct scenario *s = c->scenario;
    struct scenario_account account = scenario_account(s);
    unsigned *jobs = arena_zero(s->arena, c->devices, sizeof *jobs);
    enter_jobs(s, &account, "north", jobs);
    enter_jobs(s, &account, "south", jobs);
    struct sim_counts counts = sim_users_counts(s->users, 0);
    print_message("%s: %zu devices, %zu reads, %llu messages to Users, %zu of "
                  "them again with the same ResponseID\n",
                  what, c->devices, c->read_count,
                  (unsigned long long)counts.taken, account.repeats);
    assert_int_equal(counts.wrong, 0);
    assert_true(!c->strict || account.repeats == 0);
    assert_int_equal(count_wrong(&account, jobs), 0);
    assert_int_equal(count_wrong_answers(c), 0);
    judge_database(c);
    assert_string_equal(
        scenario_ask(s, "select count(*) from smi_device where device_type ="
                        " 'PPMID' and firmware_version = '\\x0A000003'"),
        arena_printf(s->arena, "%zu", c->devices));
}

static bool all_done(struct campaign *c) {
    const char *left = scenario_ask(
        c->scenario,
        "select count(*) from (select 1 from alert where state = 'waiting'"
        " union all select 1 from tracking_live"
        " union all select 1 from device_command"
        " where state in ('waiting', 'sent') and passed_on is null) x");
    return left && strcmp(left, "0") == 0;
}

/* Without moving the clock, which makes leases run out before their time. */
static void wait_a_little(struct campaign *c) {
    for (int i = 0; i < (c->strict ? 3000 : 200) && !all_done(c); i++)
        usleep(10000);
}

/* Nothing on its way is not enough: a command may wait for its next try. */
static void wait_for_devices(struct campaign *c) {
    const char *left = NULL;
    for (struct scenario_wait wait = {0}; !left || strcmp(left, "0") != 0;) {
        test_clock_move(5 * SECOND);
        left = scenario_ask(c->scenario, "select count(*) from device_command"
                                         " where state in ('waiting', 'sent')"
                                         " and passed_on is null");
        if (!scenario_again(&wait))
            scenario_fail(c->scenario, "%s commands are not answered", left);
    }
}

void campaign_settle(struct campaign *c) {
    struct scenario *s = c->scenario;
    campaign_keep_running(c);
    send_the_rest(c);
    for (unsigned i = 0; i < s->fotad_count; i++)
        if (!scenario_wait_ready(s, i))
            scenario_fail(s, "fotad ended");
    /* leases and retries of those that were killed run out meanwhile */
    wait_a_little(c);
    if (!all_done(c))
        wait_for_devices(c);
    scenario_settle_by(s, c->strict ? 0 : 5 * SECOND);
}

void campaign_close(struct campaign *c, const char *what) {
    struct scenario *s = c->scenario;
    campaign_settle(c);
    judge(c, what);
    scenario_stop_fotad(s, SIGTERM);
    scenario_end(s);
}

/* ---- database ---- */

bool campaign_own_database(void) {
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

void campaign_crash_database(struct campaign *c) {
    if (system("tools/pg crash faults >/dev/null") != 0 ||
        system("tools/pg start faults >/dev/null") != 0)
        scenario_fail(c->scenario, "PostgreSQL is not started again");
    while (!scenario_ask(c->scenario, "select ''"))
        usleep(10000);
}
