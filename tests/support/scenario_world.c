/* Starting and ending what a scenario needs. */
#include "support/check.h"
#include "support/cutter.h"
#include "support/pg.h"
#include "support/scenario.h"
#include "support/scenario_files.h"

#include "fotasim/csp_sim.h"
#include "fotasim/estate.h"
#include "fotasim/keys.h"
#include "fotasim/verbs.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- failing and waiting ---- */

_Noreturn void scenario_fail(struct scenario *s, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *what = arena_vprintf(s->arena, format, args);
    va_end(args);
    print_message("%s\n", s->label ? s->label : "");
    fflush(stdout);
    const char *log = scenario_path(s, "fotad.log");
    if (system(arena_printf(s->arena, "tail -n 25 %s", log)) != 0)
        print_message("%s cannot be read\n", log);
    for (unsigned i = 0; i < s->fotad_count; i++)
        scenario_end_one(s, i, SIGKILL); /* the server has but so many places */
    fail_msg("%s", what);
    abort();
}

/* How long anything may take, on a slow machine with a sanitizer too. */
static const instant PATIENCE = 60 * SECOND;

bool scenario_again(struct scenario_wait *wait) {
    instant now = clock_elapsed();
    if (!wait->since)
        wait->since = now;
    usleep(10000);
    return now - wait->since < PATIENCE;
}

const char *scenario_path(struct scenario *s, const char *name) {
    return arena_printf(s->arena, "%s/%s", s->folder, name);
}

/* ---- configuration ---- */

static void import(struct scenario *s) {
    const struct {
        const char *what, *path;
    } files[] = {{"cpl", scenario_path(s, "cpl.csv")},
                 {"smi", scenario_path(s, "smi.csv")},
                 {"users", scenario_path(s, "users.csv")},
                 {"certificates", arena_printf(s->arena, "%s/pki/certificates",
                                               scenario_home)}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (scenario_program(
                s, (const char *const[]){"fotactl", "--config", s->config_path,
                                         "import", files[i].what, files[i].path,
                                         NULL}) != 0)
            scenario_fail(s, "%s is not imported", files[i].path);
}

/* ---- the others ---- */

void scenario_faults(struct scenario *s, const char *whose, const char *rows) {
    const char *path =
        scenario_path(s, arena_printf(s->arena, "%s.faults", whose));
    const char *whole = arena_printf(s->arena, "%s.new", path);
    if (!write_whole(whole, span_text(rows)) || rename(whole, path) != 0)
        scenario_fail(s, "%s cannot be written", path);
}

static void start_csps(struct scenario *s) {
    static const char *const names[] = {"north", "south"};
    const char *fotad =
        arena_printf(s->arena, "http://%s:%u", scenario_host(s, LINE_FROM_CSPS),
                     s->csp_port);
    scenario_faults(s, "devices", "");
    scenario_enter(s, PLACE_CSPS);
    for (size_t i = 0; i < SCENARIO_CSPS; i++) {
        const char *reason;
        scenario_faults(s, names[i], "");
        s->csps[i] = csp_sim_start(
            &(struct csp_options){
                .listen = arena_printf(
                    s->arena, "%s:0",
                    scenario_host(s, i ? LINE_TO_SOUTH : LINE_TO_NORTH)),
                .name = names[i],
                .fotad = fotad,
                .token = i ? "of-south" : "of-north",
                .expect_token = i ? "to-south" : "to-north",
                .state = scenario_path(s, names[i]),
                .faults = scenario_path(
                    s, arena_printf(s->arena, "%s.faults", names[i])),
                .pki = arena_printf(s->arena, "%s/pki", scenario_home),
                .seed = SCENARIO_SEED,
                .recall = "yes",
                .device_faults = scenario_path(s, "devices.faults")},
            &reason);
        if (!s->csps[i])
            scenario_fail(s, "%s", reason);
    }
    scenario_enter(s, PLACE_USERS);
}

static struct span read_pki(struct scenario *s, const char *name) {
    struct buffer text = {0};
    if (!read_whole(arena_printf(s->arena, "%s/pki/%s", scenario_home, name),
                    &text))
        scenario_fail(s, "%s", name);
    arena_adopt(s->arena, text.data, free);
    return buffer_span(&text);
}

static void start_users(struct scenario *s) {
    const char *reason;
    struct span pem = read_pki(s, "certificates/dsp-xml-sign.pem");
    struct certificate certificate;
    if (!certificate_read(s->arena, pem, &certificate, &reason))
        scenario_fail(s, "%s", reason);
    s->dsp = certificate.key;
    s->users = sim_users_start(
        &(struct sim_users_options){
            .listen =
                arena_printf(s->arena, "%s:0", scenario_host(s, LINE_TO_USERS)),
            .state = s->folder,
            .certificate_pem = pem},
        &reason);
    if (!s->users)
        scenario_fail(s, "%s", reason);
}

static void read_keys(struct scenario *s) {
    for (unsigned i = 0; i < SCENARIO_SUPPLIERS; i++) {
        const char *reason;
        s->signers[i] = duis_signer_new(
            s->arena,
            read_pki(s, arena_printf(s->arena, "keys/supplier-%u-xml-sign.key",
                                     i + 1)),
            read_pki(s, arena_printf(s->arena,
                                     "certificates/supplier-%u-xml-sign.pem",
                                     i + 1)),
            &reason);
        s->signing[i] = key_read(
            s->arena, arena_printf(s->arena, "%s/pki/keys/supplier-%u-ds.key",
                                   scenario_home, i + 1));
        if (!s->signers[i] || !s->signing[i])
            scenario_fail(s, "supplier %u has no keys", i + 1);
    }
}

static void read_clock_and_folder(struct scenario *s) {
    static unsigned number;
    test_clock_set(0);
    s->folder = arena_printf(s->arena, "%s/%u", scenario_home, ++number);
    if (!make_folder(s->folder))
        scenario_fail(s, "%s", s->folder);
}

struct scenario *scenario_open(const struct scenario_wish *wish) {
    struct arena *arena = arena_new();
    struct scenario *s = arena_zero(arena, 1, sizeof *s);
    *s = (struct scenario){.arena = arena,
                           .conninfo = pg_fresh_database(),
                           .counter = (uint64_t)clock_now()};
    if (wish)
        s->wish = *wish;
    s->fotad_count = s->wish.fotads ? s->wish.fotads : 1;
    read_clock_and_folder(s);
    s->http = http_client_new(
        &(struct http_client_options){.total_timeout = 60 * SECOND});
    s->sql = sql_open(s->conninfo);
    start_users(s);
    scenario_choose_ports(s);
    start_csps(s);
    scenario_draw_lines(s);
    scenario_write_estate(s);
    read_keys(s);
    scenario_write_configs(s);
    import(s);
    scenario_start_fotad(s);
    return s;
}

/* ---- the end ---- */

static bool has_said_all(struct csp_sim *csp) {
    pthread_mutex_lock(&csp->lock);
    bool all = !csp->waiting;
    pthread_mutex_unlock(&csp->lock);
    return all;
}

static bool is_settled(struct scenario *s) {
    for (size_t i = 0; i < SCENARIO_CSPS; i++)
        if (!has_said_all(s->csps[i]))
            return false;
    const char *left = scenario_ask(
        s, "select count(*) from (select 1 from alert where state = 'waiting'"
           " union all select 1 from gbcs_message where state = 'waiting'"
           " union all select 1 from csp_job where state = 'waiting'"
           " union all select 1 from distribution where unassigned > 0) x");
    return left && strcmp(left, "0") == 0;
}

/* Three times in a row, for something may be between two places. */
void scenario_settle(struct scenario *s) {
    scenario_settle_by(s, 0);
}

void scenario_settle_by(struct scenario *s, instant step) {
    struct scenario_wait wait = {0};
    for (int settled = 0; settled < 3;) {
        test_clock_move(step);
        settled = is_settled(s) ? settled + 1 : 0;
        if (!scenario_again(&wait))
            scenario_fail(s, "something is still on its way");
    }
}

struct judging {
    struct scenario *scenario;
    size_t place, unexpected;
};

static void judge(void *context, const struct sim_message *message) {
    struct judging *judging = context;
    struct scenario *s = judging->scenario;
    size_t place = judging->place++;
    if (message->repeat ? s->wish.repeats
                        : place < s->ledger_room && s->expected[place])
        return;
    judging->unexpected++;
    print_message("not expected: to %016llX %s %s %s %s%s\n",
                  (unsigned long long)message->user, message->response_code,
                  message->element, message->code, message->devices,
                  message->repeat ? " (again)" : "");
}

void scenario_close(struct scenario *s) {
    s->label = "at the end";
    scenario_settle(s);
    struct judging judging = {.scenario = s};
    sim_users_ledger(s->users, judge, &judging);
    struct sim_counts counts = sim_users_counts(s->users, 0);
    if (judging.unexpected || counts.wrong)
        scenario_fail(s, "%zu messages were not expected, %llu were wrong",
                      judging.unexpected, (unsigned long long)counts.wrong);
    scenario_stop_fotad(s, SIGTERM);
    scenario_end(s);
}

void scenario_end(struct scenario *s) {
    scenario_stop_fotad(s, SIGKILL);
    for (size_t i = 0; i < SCENARIO_CSPS; i++)
        if (s->csps[i])
            csp_sim_stop(s->csps[i]);
    sim_users_stop(s->users);
    for (size_t i = 0; i < LINES; i++)
        cutter_stop(s->lines[i]);
    http_client_free(s->http);
    sql_close(s->sql);
    free(s->expected);
    arena_free(s->arena);
}
