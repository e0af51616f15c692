/*
 * Memory runs out while a job is handed over: no job ever has fewer targets
 * than the database tracks in it, for devices that are not listed in its
 * report count as accepted.
 */
#include "support/failing_memory.h"
#include "support/fake_csp.h"
#include "world.h"

#include "csp_gateway/send.h"

static struct world world;
static struct fake_csp *north;

enum { DEVICES = 40 };

/* In a process of its own: sends what there is. */
static int send_job(void) {
    struct csp_sender *sender = csp_send_start(&world.config);
    expect_soon(&world, "handed_over", "select state::text from csp_job");
    csp_send_stop(sender);
    return 0;
}

/* Another process's connection is no fork's. */
static int send_alone(void) {
    world.sql = sql_open(world.config.database_conninfo);
    return send_job();
}

static void check_posts(size_t from) {
    for (size_t i = from; i < fake_csp_count(north, "POST"); i++) {
        const json_t *json = fake_csp_request(north, "POST", i).json;
        assert_int_equal(json_array_size(json_object_get(json, "targets")),
                         DEVICES);
    }
}

/* As long as the process does not reach its n-th allocation. */
static bool job_ends_at(long n, size_t *posts) {
    /* what a process that ended has on its way goes on for a moment */
    expect_soon(&world, "0",
                "select count(*)::text from pg_stat_activity"
                " where datname = current_database()"
                " and application_name like 'fotad%%'");
    sql_empty(world.sql, "request_plan, steering, device_command, "
                         "pre_command, csp_image, csp_job, csp_pace,"
                         " distribution, service_request, tracking_live,"
                         " tracking_history, alert restart identity cascade");
    accept_request(&world, 1, "north", 1, DEVICES);
    int status = memory_fails(n, send_alone);
    if (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT))
        fail_msg("allocation %ld: status %x", n, (unsigned)status);
    check_posts(*posts);
    *posts = fake_csp_count(north, "POST");
    return status != 0;
}

static void a_job_has_all_its_targets_or_is_not_sent(void **state) {
    (void)state;
    if (!MEMORY_FAILS) {
        print_message("sanitizers have an allocator of their own\n");
        skip();
    }
    size_t posts = 0;
    long n = 1, met = 0;
    for (; job_ends_at(n, &posts); n += 37)
        met++;
    print_message("%ld ends within %ld allocations, %zu posts\n", met, n,
                  posts);
    assert_true(met > 10);
}

int main(void) {
    test_clock_open(NULL);
    world_open(&world);
    north = fake_csp_start();
    world.config.csps[0].max_devices_per_job = DEVICES;
    world.config.csps[0].base_url = fake_csp_url(north);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_has_all_its_targets_or_is_not_sent),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fake_csp_stop(north);
    world_close(&world);
    return failed;
}
