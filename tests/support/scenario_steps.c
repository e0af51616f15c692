/* What is done and looked at in a scenario, beside requests. */
#include "support/check.h"
#include "support/scenario.h"
#include "support/scenario_files.h"

#include "base/memory.h"
#include "fotasim/csp_sim.h"
#include "fotasim/estate.h"
#include "fotasim/verbs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

instant scenario_duration(struct scenario *s, const char *word);

/* ---- running ---- */

static void split(struct scenario *s, const char *words,
                  char *split_words[static SCENARIO_WORDS + 1]) {
    char *rest = arena_text(s->arena, span_text(words));
    size_t count = 0;
    for (char *word; (word = strsep(&rest, " "));)
        if (*word && count < SCENARIO_WORDS)
            split_words[count++] = word;
    while (count <= SCENARIO_WORDS)
        split_words[count++] = NULL;
}

void scenario_do(struct scenario *s, scenario_act *act, const char *line) {
    char *words[SCENARIO_WORDS + 1];
    split(s, line, words);
    act(s, words);
}

void scenario_run(const struct scenario_wish *wish,
                  const struct scenario_step *steps) {
    struct scenario *s = scenario_open(wish);
    for (size_t i = 0; steps[i].act; i++) {
        s->label =
            arena_printf(s->arena, "step %zu: %s", i + 1, steps[i].words);
        scenario_do(s, steps[i].act, steps[i].words);
    }
    scenario_close(s);
}

const char *scenario_id(struct scenario *s, const char *name) {
    char text[EUI64_TEXT_SIZE];
    return arena_text(s->arena,
                      span_text(eui64_format(scenario_device(s, name), text)));
}

/* The words again, from one on, with names of devices as Device IDs. */
static const char *join(struct scenario *s, char **words) {
    struct buffer out = {0};
    for (; *words; words++)
        buffer_printf(&out, "%s%s",
                      strchr(*words, '.') ? scenario_id(s, *words) : *words,
                      words[1] ? " " : "");
    const char *text = arena_text(s->arena, buffer_span(&out));
    buffer_free(&out);
    return text;
}

/* ---- looking ---- */

static void expect_soon(struct scenario *s, const char *query,
                        const char *expected) {
    const char *got = "";
    for (struct scenario_wait wait = {0}; scenario_again(&wait);) {
        got = scenario_ask(s, "%s", query);
        if (got && strcmp(got, expected) == 0)
            return;
    }
    scenario_fail(s, "it is '%s', not '%s'", got ? got : "", expected);
}

static const char *now(struct scenario *s) {
    char text[INSTANT_TEXT_SIZE];
    return arena_text(s->arena, span_text(instant_format(clock_now(), text)));
}

void is(struct scenario *s, char **words) {
    char *rest = words[0];
    for (char *name; (name = strsep(&rest, ","));)
        expect_soon(s,
                    arena_printf(s->arena,
                                 "select status || case when in_progress then"
                                 " '' else coalesce(' ' || reason_code, '') end"
                                 " from device_status('%s', '%s')",
                                 scenario_id(s, name), now(s)),
                    join(s, words + 1));
}

void inventory(struct scenario *s, char **words) {
    expect_soon(s,
                arena_printf(s->arena,
                             "select firmware_version_text(firmware_version)"
                             " from smi_device where device_id = '%s'",
                             scenario_id(s, words[0])),
                words[1]);
}

/* {n1.ppmid}: its Device ID; {#2}: counter of the second update's RequestID;
 * {now}: fotad's time. */
static const char *meaning_of(struct scenario *s, const char *name) {
    if (strcmp(name, "now") == 0)
        return now(s);
    if (*name != '#')
        return scenario_id(s, name);
    return arena_printf(s->arena, "%llu",
                        (unsigned long long)scenario_nth(s, name));
}

static const char *with_ids(struct scenario *s, char **words) {
    struct buffer out = {0};
    for (; *words; words++) {
        char *open = strchr(*words, '{'), *close = strchr(*words, '}');
        if (open && close) {
            *open = *close = '\0';
            buffer_printf(&out, "%s%s%s ", *words, meaning_of(s, open + 1),
                          close + 1);
        } else {
            buffer_printf(&out, "%s ", *words);
        }
    }
    const char *text = arena_text(s->arena, buffer_span(&out));
    buffer_free(&out);
    return text;
}

void sql(struct scenario *s, char **words) {
    scenario_tell(s, "%s", with_ids(s, words));
}

void holds(struct scenario *s, char **words) {
    expect_soon(s, with_ids(s, words + 1), words[0]);
}

/* ---- what Users were told ---- */

struct wanted {
    struct scenario *scenario;
    eui64 user;
    const char *code;
    const char *about; /* how its RequestID ends; "": it has none; NULL: any */
    eui64 ids[16];
    size_t count, place;
    bool found;
};

/* The devices it names; else the one whose response it is: the first part of
 * its ResponseID. */
static bool is_of(const struct wanted *wanted,
                  const struct sim_message *message) {
    const char *devices =
        *message->devices ? message->devices : message->response_id;
    size_t len = *message->devices ? strlen(devices) : EUI64_TEXT_LEN;
    if (len + 1 != wanted->count * EUI64_TEXT_SIZE)
        return false;
    for (size_t i = 0; i < wanted->count; i++) {
        char text[EUI64_TEXT_SIZE];
        const char *at = strstr(devices, eui64_format(wanted->ids[i], text));
        if (!at || at >= devices + len)
            return false;
    }
    return true;
}

static bool is_called(const struct wanted *wanted,
                      const struct sim_message *message) {
    char name[96];
    snprintf(name, sizeof name, "%s/%s", message->response_code,
             message->element);
    return strcmp(wanted->code, *message->code ? message->code : name) == 0;
}

static bool is_about(const struct wanted *wanted,
                     const struct sim_message *message) {
    const char *about = wanted->about, *request = message->request_id;
    if (!about || !*about)
        return !about || !*request;
    size_t len = strlen(request), end = strlen(about);
    return len > end && strcmp(request + len - end, about) == 0;
}

static void look(void *context, const struct sim_message *message) {
    struct wanted *wanted = context;
    struct scenario *s = wanted->scenario;
    size_t place = wanted->place++;
    if (place >= s->ledger_room) {
        size_t room = s->ledger_room ? 2 * s->ledger_room : 256;
        s->expected = memory_grow(s->expected, room * sizeof *s->expected);
        memset(s->expected + s->ledger_room, 0, room - s->ledger_room);
        s->ledger_room = room;
    }
    if (wanted->found || s->expected[place] || message->repeat ||
        message->user != wanted->user || !is_called(wanted, message) ||
        !is_of(wanted, message) || !is_about(wanted, message))
        return;
    wanted->found = s->expected[place] = true;
}

static void print_one(void *context, const struct sim_message *message) {
    (void)context;
    print_message("to %016llX %s/%s %s %s %s of '%s'\n",
                  (unsigned long long)message->user, message->response_code,
                  message->element, message->code, message->devices,
                  message->response_id, message->request_id);
}

static void is_told_one(struct scenario *s, char **words, char *list,
                        const char *about) {
    struct wanted wanted = {.scenario = s, .code = words[1], .about = about};
    wanted.user = sim_suppliers[strtoul(words[0], NULL, 10) - 1];
    const char *whole = arena_text(s->arena, span_text(list));
    for (char *name; (name = strsep(&list, ","));)
        wanted.ids[wanted.count++] = scenario_device(s, name);
    struct scenario_wait wait = {0};
    while (!wanted.found) {
        wanted.place = 0;
        sim_users_ledger(s->users, look, &wanted);
        if (!wanted.found && !scenario_again(&wait)) {
            sim_users_ledger(s->users, print_one, NULL);
            scenario_fail(s, "supplier %s is not told %s of %s", words[0],
                          words[1], whole);
        }
    }
}

void is_told(struct scenario *s, char **words) {
    for (char **list = words + 2; *list; list++)
        is_told_one(s, words, *list, NULL);
}

void is_told_of(struct scenario *s, char **words) {
    const char *about = "";
    if (strcmp(words[2], "none") != 0)
        about = arena_printf(s->arena, ":%llu",
                             (unsigned long long)scenario_nth(s, words[2]));
    for (char **list = words + 3; *list; list++)
        is_told_one(s, words, *list, about);
}

/* ---- doing ---- */

void clock_by(struct scenario *s, char **words) {
    test_clock_move(scenario_duration(s, words[0]));
}

/* '|' ends a row. */
static void set_faults(struct scenario *s, const char *whose, char **words) {
    char *rows = arena_text(s->arena, span_text(join(s, words)));
    for (char *bar = rows; (bar = strchr(bar, '|'));)
        *bar = '\n';
    scenario_faults(s, whose, rows);
}

void csp(struct scenario *s, char **words) {
    set_faults(s, words[0], words + 1);
}

/* They do at once what it lets them. */
void devices(struct scenario *s, char **words) {
    set_faults(s, "devices", words);
    for (size_t i = 0; i < SCENARIO_CSPS; i++)
        csp_hubs_tick(s->csps[i]);
}

void users(struct scenario *s, char **words) {
    static const struct {
        const char *name;
        enum sim_fault_kind kind;
    } kinds[] = {{"well", SIM_WELL},   {"status", SIM_STATUS},
                 {"hang", SIM_HANG},   {"garbage", SIM_GARBAGE},
                 {"close", SIM_CLOSE}, {"slow", SIM_SLOW}};
    struct sim_fault fault = {0};
    unsigned long supplier = strtoul(words[0], NULL, 10);
    if (strcmp(words[1], "down") == 0 || strcmp(words[1], "up") == 0) {
        sim_users_switch(s->users, *words[1] == 'u');
        return;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(words[1], kinds[i].name) == 0)
            fault.kind = kinds[i].kind;
    if (words[2])
        fault.number = (unsigned)strtoul(words[2], NULL, 10);
    if (words[2] && words[3])
        fault.times = (unsigned)strtoul(words[3], NULL, 10);
    sim_users_fault(s->users, supplier ? sim_suppliers[supplier - 1] : 0,
                    fault);
}

static unsigned long count_lines(struct scenario *s, const char *path) {
    struct buffer text = {0};
    if (!read_whole(path, &text))
        scenario_fail(s, "%s cannot be read", path);
    unsigned long count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.data[i] == '\n';
    buffer_free(&text);
    return count;
}

void tries(struct scenario *s, char **words) {
    const char *path =
        scenario_path(s, arena_printf(s->arena, "%s/jobs.jsonl", words[0]));
    unsigned long expected = strtoul(words[1], NULL, 10), got = 0;
    for (struct scenario_wait wait = {0}; scenario_again(&wait);)
        if ((got = count_lines(s, path)) >= expected)
            break;
    if (got != expected)
        scenario_fail(s, "%lu tries, not %lu", got, expected);
    /* and fotad knows what came of the last */
    expect_soon(s,
                arena_printf(s->arena,
                             "select count(*) from csp_job where csp like"
                             " '%s%%' and leased_until is not null",
                             words[0]),
                "0");
}

void restart(struct scenario *s, char **words) {
    scenario_stop_fotad(s, strcmp(words[0], "kill") == 0 ? SIGKILL : SIGTERM);
    scenario_start_fotad(s);
}
