/* What goes to a CSP next: order, shape, limits, and why the rest waits. */
#include "support/check.h"

#include "dispatch/dispatch.h"

enum { MOST_USERS = 64, MOST_CELLS = 64 };

static const instant noon = 20000 * DAY;

/* What a decision is asked of, with rooms of its own. */
struct scene {
    struct arena *arena;
    struct dispatch_input input;
    struct dispatch_user users[MOST_USERS];
    uint32_t channels[MOST_CELLS];
    struct dispatch_decision decision;
};

static struct scene *scene_new(void) {
    struct arena *arena = arena_new();
    struct scene *scene = arena_zero(arena, 1, sizeof *scene);
    scene->arena = arena;
    scene->input = (struct dispatch_input){.now = noon,
                                           .limits = {.job_devices = 10000},
                                           .users = scene->users,
                                           .user_count = MOST_USERS,
                                           .channels = scene->channels,
                                           .cell_count = MOST_CELLS,
                                           .pool_count = 64,
                                           .most_jobs = 16,
                                           .most_devices = 10000};
    return scene;
}

static const struct dispatch_decision *decide(
    struct scene *scene, const struct dispatch_group *groups, size_t count) {
    scene->input.groups = groups;
    scene->input.group_count = count;
    dispatch_decide(&scene->input, scene->arena, &scene->decision);
    scene->input.pace = scene->decision.pace;
    scene->input.turn = scene->decision.turn;
    return &scene->decision;
}

#define DECIDE(scene, groups)                                                  \
    decide(scene, groups, sizeof(groups) / sizeof *(groups))

static void waits_for(const struct scene *scene, size_t group,
                      enum dispatch_reason reason) {
    assert_string_equal(dispatch_reason_code(
                            (enum dispatch_reason)scene->decision.waits[group]),
                        dispatch_reason_code(reason));
}

/* Devices of a group that go. */
static uint32_t sent_of(const struct scene *scene, uint32_t group) {
    uint32_t sent = 0;
    for (size_t i = 0; i < scene->decision.job_count; i++)
        for (size_t k = 0; k < scene->decision.jobs[i].part_count; k++)
            if (scene->decision.jobs[i].parts[k].group == group)
                sent += scene->decision.jobs[i].parts[k].devices;
    return sent;
}

static void nothing_waits(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    const struct dispatch_decision *decision = decide(scene, NULL, 0);
    assert_int_equal(decision->job_count, 0);
    assert_true(decision->next == INT64_MAX);
    scene->input.user_count = scene->input.pool_count = 0;
    assert_int_equal(decide(scene, NULL, 0)->job_count, 0);
    arena_free(scene->arena);
}

static void a_single_device_goes_at_once(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    const struct dispatch_group groups[] = {{.ready = 1, .since = noon}};
    const struct dispatch_decision *decision = DECIDE(scene, groups);
    assert_int_equal(decision->job_count, 1);
    assert_int_equal(decision->jobs[0].devices, 1);
    waits_for(scene, 0, DISPATCH_GOES);
    arena_free(scene->arena);
}

static void what_waits_goes_together(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    const struct dispatch_group groups[] = {
        {.user = 1, .pool = 1, .ready = 1},
        {.user = 2, .pool = 2, .ready = 1},
        {.user = 2, .pool = 1, .ready = 7},
        {.user = 3, .pool = 1, .ready = 12000},
        {.user = 1, .pool = 1, .ready = 0},
    };
    const struct dispatch_decision *decision = DECIDE(scene, groups);
    assert_int_equal(decision->job_count, 1); /* it is full */
    assert_int_equal(decision->jobs[0].devices, 10000);
    assert_int_equal(sent_of(scene, 0), 1);
    assert_int_equal(sent_of(scene, 2), 7);
    assert_int_equal(sent_of(scene, 3), 9992);
    waits_for(scene, 1, DISPATCH_TURN);
    waits_for(scene, 3, DISPATCH_TURN);
    waits_for(scene, 4, DISPATCH_GOES);
    arena_free(scene->arena);
}

static void company_is_waited_for(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->input.limits.gather = 15 * MINUTE;
    scene->input.most_devices = 20000;
    struct dispatch_group groups[] = {
        {.ready = 1, .since = noon - 10 * MINUTE},
        {.ready = 1, .since = noon},
        {.pool = 1, .ready = 10000, .since = noon}, /* needs none */
        {.pool = 2, .ready = 1, .since = noon - 15 * MINUTE},
    };
    const struct dispatch_decision *decision = DECIDE(scene, groups);
    assert_int_equal(decision->job_count, 2);
    assert_int_equal(sent_of(scene, 2), 10000);
    assert_int_equal(sent_of(scene, 3), 1);
    waits_for(scene, 0, DISPATCH_GATHER);
    waits_for(scene, 1, DISPATCH_GATHER);
    assert_true(decision->next == noon + 5 * MINUTE);

    scene->input.now = decision->next;
    groups[2].ready = groups[3].ready = 0;
    decision = DECIDE(scene, groups);
    assert_int_equal(decision->job_count, 1);
    assert_int_equal(decision->jobs[0].devices, 2);
    arena_free(scene->arena);
}

static void meters_go_first_and_leave_some(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    struct dispatch_group groups[40];
    for (uint32_t i = 0; i < 40; i++)
        groups[i] = (struct dispatch_group){.user = i % 2,
                                            .pool = i,
                                            .class = i < 20 ? DISPATCH_OTHERS
                                                            : DISPATCH_METERS,
                                            .ready = 1};
    scene->input.limits.jobs = 10;
    DECIDE(scene, groups);
    assert_int_equal(scene->decision.job_count, 10);
    uint32_t meters = 0;
    for (uint32_t i = 20; i < 40; i++)
        meters += sent_of(scene, i);
    assert_int_equal(meters, 9);
    assert_int_equal(scene->decision.jobs[0].parts[0].group, 20);
    waits_for(scene, 39, DISPATCH_SHARE); /* the last is for the others */
    waits_for(scene, 19, DISPATCH_JOBS);
    arena_free(scene->arena);
}

static void a_share_is_left_to_meters(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    struct dispatch_group groups[20];
    for (uint32_t i = 0; i < 20; i++)
        groups[i] = (struct dispatch_group){
            .pool = i, .class = DISPATCH_OTHERS, .ready = 1};
    scene->input.limits.jobs = 10;
    scene->input.limits.meter_share = 40;
    DECIDE(scene, groups);
    assert_int_equal(scene->decision.job_count, 6);
    waits_for(scene, 19, DISPATCH_SHARE);
    arena_free(scene->arena);
}

/* Rounds, until all of a group is with the CSP. */
static size_t rounds_until_gone(struct scene *scene,
                                struct dispatch_group *groups, size_t count,
                                size_t whose) {
    size_t rounds = 0;
    while (groups[whose].ready) {
        rounds++;
        decide(scene, groups, count);
        for (uint32_t i = 0; i < count; i++)
            groups[i].ready -= sent_of(scene, i);
        assert_true(rounds < 100);
    }
    return rounds;
}

static void nobody_waits_for_anothers_end(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    struct dispatch_group groups[10] = {
        {.user = 0, .pool = 0, .ready = 50000, .since = noon - DAY}};
    for (uint32_t i = 1; i < 10; i++)
        groups[i] = (struct dispatch_group){
            .user = 1, .pool = i, .ready = 1, .since = noon};
    assert_in_range(rounds_until_gone(scene, groups, 10, 9), 1, 2);
    assert_true(groups[0].ready >= 30000);
    arena_free(scene->arena);
}

/* Over time all Users get as many devices away, whatever their requests are. */
static void users_get_the_same(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    uint32_t sent[3] = {0};
    struct dispatch_group groups[600];
    for (uint32_t i = 0; i < 600; i++)
        groups[i] = (struct dispatch_group){
            .user = i % 3, .pool = i % 64, .ready = i % 3 ? 900 : 10000};
    scene->input.limits.job_devices = 1000;
    scene->input.most_devices = 1000;
    for (int round = 0; round < 300; round++) {
        DECIDE(scene, groups);
        for (uint32_t i = 0; i < 600; i++) {
            uint32_t devices = sent_of(scene, i);
            groups[i].ready -= devices;
            sent[i % 3] += devices;
        }
    }
    for (int i = 0; i < 3; i++)
        assert_in_range(sent[i], 60000, 140000);
    arena_free(scene->arena);
}

static void a_job_uses_few_cells(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->input.limits.cell_channels = 3;
    scene->input.limits.job_devices = 100;
    scene->channels[2] = 3;
    const struct dispatch_group groups[] = {
        {.cell = 1, .ready = 60}, {.cell = 2, .ready = 60},
        {.cell = 3, .ready = 60}, {.cell = 4, .ready = 60},
        {.cell = 0, .ready = 60}, {.cell = 1, .ready = 10},
    };
    const struct dispatch_decision *decision = DECIDE(scene, groups);
    assert_int_equal(decision->job_count, 3);
    assert_int_equal(decision->jobs[0].devices, 100);
    assert_int_equal(decision->jobs[0].part_count, 2); /* cells 1 and 3 */
    waits_for(scene, 1, DISPATCH_CELL);
    assert_int_equal(scene->channels[1], 2); /* group 5 is in another job */
    assert_int_equal(scene->channels[2], 3);
    assert_int_equal(scene->channels[3], 2);
    assert_int_equal(scene->channels[4], 1);
    assert_int_equal(scene->channels[0], 0);
    arena_free(scene->arena);
}

static void devices_in_flight_are_few_enough(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->input.limits.devices = 12000;
    scene->input.flight.devices[DISPATCH_OTHERS] = 5000;
    const struct dispatch_group groups[] = {
        {.pool = 0, .ready = 50000},
        {.pool = 1, .ready = 1},
    };
    DECIDE(scene, groups);
    assert_int_equal(sent_of(scene, 0), 7000); /* cut */
    scene->input.flight.devices[DISPATCH_OTHERS] = 11500;
    DECIDE(scene, groups);
    assert_int_equal(sent_of(scene, 0), 0); /* not so short */
    assert_int_equal(sent_of(scene, 1), 1);
    waits_for(scene, 0, DISPATCH_DEVICES);
    arena_free(scene->arena);
}

static void so_many_a_minute(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->input.limits.devices_per_minute = 1000;
    scene->input.limits.job_devices = 100;
    struct dispatch_group groups[] = {{.ready = 100000}};
    uint64_t sent = 0;
    for (int minute = 0; minute < 60; minute++)
        for (int i = 0; i < 60; i++) {
            scene->input.now = noon + minute * MINUTE + i * SECOND;
            DECIDE(scene, groups);
            sent += sent_of(scene, 0);
        }
    assert_in_range(sent, 60000, 61200); /* and a minute's burst */
    waits_for(scene, 0, DISPATCH_PACE);
    assert_true(scene->decision.next > scene->input.now &&
                scene->decision.next < scene->input.now + MINUTE);
    arena_free(scene->arena);
}

static void a_job_is_not_cut_for_its_pace(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->input.limits.devices_per_minute = 1000;
    struct dispatch_group groups[] = {{.ready = 20000}};
    DECIDE(scene, groups);
    assert_int_equal(sent_of(scene, 0), 10000);
    scene->input.now += 8 * MINUTE;
    assert_int_equal(DECIDE(scene, groups)->job_count, 0);
    waits_for(scene, 0, DISPATCH_PACE);
    scene->input.now = scene->decision.next;
    assert_true(scene->input.now <= noon + 9 * MINUTE + 1);
    assert_int_equal(DECIDE(scene, groups)->job_count, 1);
    arena_free(scene->arena);
}

static void busy_halves_and_taken_adds(void **state) {
    (void)state;
    struct dispatch_pace pace = {0};
    dispatch_taken(&pace);
    assert_int_equal(pace.window, 0); /* it was never busy */
    dispatch_busy(&pace, 400, noon, 0, HOUR);
    assert_int_equal(pace.window, 200);
    dispatch_busy(&pace, 200, noon, 0, HOUR);
    assert_int_equal(pace.window, 100);
    dispatch_taken(&pace);
    assert_int_equal(pace.window, 101);
    dispatch_busy(&pace, 10, noon, 0, HOUR); /* it had not more */
    assert_int_equal(pace.window, 5);
    for (int i = 0; i < 10; i++)
        dispatch_busy(&pace, 0, noon, 0, HOUR);
    assert_int_equal(pace.window, 1);
    for (int i = 0; i < 999; i++)
        dispatch_taken(&pace);
    assert_int_equal(pace.window, 0); /* as wide as none */
}

static void a_busy_csp_is_left_alone(void **state) {
    (void)state;
    struct dispatch_pace pace = {0};
    static const instant pauses[] = {1, 2, 4, 8, 10, 10};
    instant now = noon;
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        dispatch_busy(&pace, 1, now, 0, 10 * SECOND);
        assert_true(pace.paused_until == now + pauses[i] * SECOND);
        now = pace.paused_until;
    }
    dispatch_busy(&pace, 1, now, HOUR, 10 * SECOND); /* as it asks */
    assert_true(pace.paused_until == now + HOUR);
    dispatch_busy(&pace, 1, now, MINUTE, 10 * SECOND);
    assert_true(pace.paused_until == now + HOUR);
    dispatch_taken(&pace);
    now += 2 * HOUR;
    dispatch_busy(&pace, 1, now, 0, 10 * SECOND);
    assert_true(pace.paused_until == now + SECOND);
}

static void a_busy_csp_gets_no_more(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    struct dispatch_group groups[32];
    for (uint32_t i = 0; i < 32; i++)
        groups[i] = (struct dispatch_group){.pool = i, .ready = 1};
    scene->input.pace =
        (struct dispatch_pace){.window = 4, .paused_until = noon + 20 * MINUTE};
    scene->input.flight.jobs[DISPATCH_OTHERS] = 300;
    scene->input.flight.offered = 1;
    assert_int_equal(DECIDE(scene, groups)->job_count, 0);
    waits_for(scene, 0, DISPATCH_BUSY);
    assert_true(scene->decision.next == noon + 20 * MINUTE);
    instant next;
    assert_int_equal(dispatch_closed(&scene->input, &next), DISPATCH_BUSY);

    scene->input.now = next;
    assert_int_equal(dispatch_closed(&scene->input, &next), DISPATCH_GOES);
    assert_int_equal(DECIDE(scene, groups)->job_count, 3);
    waits_for(scene, 31, DISPATCH_WINDOW);
    arena_free(scene->arena);
}

static void who_waits_for_a_hub(void **state) {
    (void)state;
    static const char *const types[] = {"ESME", "GSME", "HCALCS", "PPMID"};
    static const bool waits[4][4] = {
        /* for   ESME   GSME  HCALCS PPMID */
        {true, false, false, false},
        {false, true, false, false},
        {false, true, true, true},
        {false, true, true, true},
    };
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 4; k++)
            assert_int_equal(dispatch_hub_waits(types[i], types[k]),
                             waits[i][k]);
}

/* Of the processor, by this thread. */
static instant time_taken(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * SECOND + now.tv_nsec / 1000;
}

/* What a decision takes, at best. */
static instant decision_takes(struct scene *scene,
                              const struct dispatch_group *groups,
                              size_t count) {
    instant best = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        instant begun = time_taken();
        decide(scene, groups, count);
        instant took = time_taken() - begun;
        best = took < best ? took : best;
    }
    return best;
}

static int number_order(const void *a, const void *b) {
    uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;
    return (one > other) - (one < other);
}

/* What this machine takes to sort so many numbers, at best. */
static instant sorting_takes(struct arena *arena, size_t count) {
    uint32_t *numbers = arena_alloc(arena, count * sizeof *numbers);
    instant best = INT64_MAX;
    for (int i = 0; i < 3; i++) {
        uint32_t number = 1;
        for (size_t n = 0; n < count; n++)
            numbers[n] = number = number * 1664525 + 1013904223;
        instant begun = time_taken();
        qsort(numbers, count, sizeof *numbers, number_order);
        instant took = time_taken() - begun;
        best = took < best ? took : best;
    }
    return best;
}

/* A million requests of one device each, of eight Users: 50 ms where sorting a
 * million numbers takes 100. */
static void a_million_is_decided_soon(void **state) {
    (void)state;
    enum { MILLION = 1000000 };
    struct scene *scene = scene_new();
    struct dispatch_group *groups =
        arena_zero(scene->arena, MILLION, sizeof *groups);
    for (uint32_t i = 0; i < MILLION; i++)
        groups[i] = (struct dispatch_group){.user = i % 8,
                                            .pool = i % 3 + 3 * (i / 7 % 21),
                                            .class = i % 3 ? DISPATCH_OTHERS
                                                           : DISPATCH_METERS,
                                            .ready = 1};
    scene->input.most_devices = UINT32_MAX;
    instant some = decision_takes(scene, groups, MILLION);
    assert_int_equal(scene->decision.job_count, 16);
    scene->input.most_jobs = 400;
    instant all = decision_takes(scene, groups, MILLION);
    uint64_t sent = 0;
    for (size_t i = 0; i < scene->decision.job_count; i++)
        sent += scene->decision.jobs[i].devices;
    assert_int_equal(sent, MILLION);
    instant sorted = sorting_takes(scene->arena, MILLION);
    print_message("1,000,000 wait: 16 jobs %.1f ms, all %.1f ms; sorting as "
                  "many numbers %.1f ms\n",
                  (double)some / 1000.0, (double)all / 1000.0,
                  (double)sorted / 1000.0);
    assert_true(2 * some < sorted);
    arena_free(scene->arena);
}

/* The campaigns of meters would take the cell's only channel for days. */
static void what_is_overdue_goes_first(void **state) {
    (void)state;
    struct scene *scene = scene_new();
    scene->input.limits.cell_channels = 1;
    struct dispatch_group groups[] = {
        {.pool = 2,
         .cell = 1,
         .ready = 1,
         .class = DISPATCH_OTHERS,
         .request_devices = 1,
         .since = noon - 5 * HOUR},
        {.user = 1,
         .pool = 1,
         .cell = 1,
         .ready = 9,
         .class = DISPATCH_METERS,
         .request_devices = 50000,
         .since = noon - 5 * HOUR},
    };
    DECIDE(scene, groups);
    assert_int_equal(sent_of(scene, 1), 9);
    waits_for(scene, 0, DISPATCH_CELL);
    /* few devices, a quarter of a day */
    scene->channels[1] = 0;
    groups[0].since = groups[1].since = noon - 6 * HOUR;
    DECIDE(scene, groups);
    assert_int_equal(sent_of(scene, 0), 1);
    waits_for(scene, 1, DISPATCH_CELL);
    /* how many is not known: as many */
    scene->channels[1] = 0;
    groups[0].request_devices = 0;
    DECIDE(scene, groups);
    assert_int_equal(sent_of(scene, 1), 9);
    /* half a day: the oldest, whatever it is */
    scene->channels[1] = 0;
    groups[0].since = groups[1].since = noon - 12 * HOUR;
    DECIDE(scene, groups);
    assert_int_equal(sent_of(scene, 0), 1);
    /* but not before others where there is room for all in the end */
    groups[0].cell = groups[1].cell = 0;
    DECIDE(scene, groups);
    assert_int_equal(scene->decision.jobs[0].parts[0].group, 1);
    arena_free(scene->arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_waits),
        cmocka_unit_test(a_single_device_goes_at_once),
        cmocka_unit_test(what_waits_goes_together),
        cmocka_unit_test(company_is_waited_for),
        cmocka_unit_test(meters_go_first_and_leave_some),
        cmocka_unit_test(a_share_is_left_to_meters),
        cmocka_unit_test(nobody_waits_for_anothers_end),
        cmocka_unit_test(users_get_the_same),
        cmocka_unit_test(a_job_uses_few_cells),
        cmocka_unit_test(devices_in_flight_are_few_enough),
        cmocka_unit_test(so_many_a_minute),
        cmocka_unit_test(a_job_is_not_cut_for_its_pace),
        cmocka_unit_test(busy_halves_and_taken_adds),
        cmocka_unit_test(a_busy_csp_is_left_alone),
        cmocka_unit_test(a_busy_csp_gets_no_more),
        cmocka_unit_test(who_waits_for_a_hub),
        cmocka_unit_test(what_is_overdue_goes_first),
        cmocka_unit_test(a_million_is_decided_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
