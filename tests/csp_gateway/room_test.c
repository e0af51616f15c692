/*
 * Where there is room for images: channels of radio cells, blocks of hubs'
 * memories. What finds none waits, and says why.
 */
#include "scene.h"

#include "dispatch/dispatch.h"

/* PPMIDs 11-n, GSMEs 12-n, HCALCS 13-n and second PPMIDs 14-n at hub 10-n. */
static int open_scene(void **state) {
    (void)state;
    scene_open(false);
    script(&scene.world,
           "insert into smi_device (device_id, chf_id, device_type,"
           " device_status, smets_version)"
           " select ('00:00:00:00:00:00:' || area || ':' || lpad(to_hex(n), 2,"
           " '0'))::macaddr8, ('00:00:00:00:00:00:10:' || lpad(to_hex(n), 2,"
           " '0'))::macaddr8, type::device_type, 'Commissioned', 'SMETS2'"
           " from (values (12, 'GSME'), (13, 'HCALCS'), (14, 'PPMID')) a (area,"
           " type), generate_series(1, 20) n;");
    return 0;
}

/* A request is accepted for `count` devices of that area from the first, for an
 * image of that name; its cells are what `cell` says of n. */
static void accept(int request, int area, const char *type, const char *image,
                   int first, int count, const char *cell) {
    script(
        &scene.world,
        "insert into firmware_image values (sha256('%s'), sha256('m%s'), '%s')"
        " on conflict do nothing;"
        "insert into service_request (originator, target, counter, stage,"
        " used, service, service_reference_variant, command_variant,"
        " content, received, firmware_version, image_id,"
        " manufacturer_image_hash, listed, accepted) values"
        " ('00:00:00:00:00:00:00:01', '90:b3:d5:1f:30:00:00:02', %d, 1, true,"
        " 'serviceD', '11.4', 8, sha256('x'), '%s', '\\x0000ab2a',"
        " sha256('%s'), sha256('m%s'), %d, %d);",
        image, image, image, request, now_text(0), image, image, count, count);
    script(&scene.world,
           "insert into cpl_entry values ('%s', 'PPMID', 1, 1, 1, 1,"
           " '\\x0000ab2a', sha256('m%s'), 'Active') on conflict do nothing",
           image, image);
    script(&scene.world,
           "insert into tracking_live (device_id, chf_id, request_no,"
           " last_updated, release_due, status, device_type, csp,"
           " responsible_supplier_ids, radio_cell) select"
           " ('00:00:00:00:00:00:%d:' || lpad(to_hex(n), 2, '0'))::macaddr8,"
           " ('00:00:00:00:00:00:10:' || lpad(to_hex(n), 2, '0'))::macaddr8,"
           " %d, '%s', timestamptz '%s' + interval '5 days', 'AWAITING_CSP',"
           " '%s', 'north', '{00:00:00:00:00:00:00:01}', %s"
           " from generate_series(%d, %d) n;"
           "insert into distribution (request_no, csp, device_type, devices,"
           " unassigned, ready, sender, image_hash) values (%d, 'north', '%s',"
           " %d, %d, %d, '00:00:00:00:00:00:00:01', sha256('m%s'))",
           area, request, now_text(0), now_text(0), type, cell, first,
           first + count - 1, request, type, count, count, count, image);
}

/* What the jobs are: request, devices, in the order in which they were made. */
static void jobs_soon(const char *jobs) {
    expect_soon(&scene.world, jobs,
                "select coalesce(string_agg(request_no || ' ' || devices, ', '"
                " order by job_no), '') from csp_job"
                " where state = 'handed_over'");
}

static void waits_soon(const char *waits) {
    expect_soon(&scene.world, waits,
                "select coalesce(string_agg(distinct code || ' ' || devices,"
                " ', '), '') from list_waits(null, null, '%s')",
                now_text(0));
}

/* What the hub says of the devices of a job. */
static void say(const char *event, int job) {
    script(&scene.world,
           "select apply_events(array(select row(row_number() over ()::integer,"
           " '%s', device_id, request_no, null, chf_id, '\\x0000ab2a', '%s',"
           " null, 1)::tracking_event from tracking_live where job_no = %d),"
           " '%s', interval '5 days')",
           event, now_text(0), job, now_text(0));
}

/* ---- radio cells ---- */

static void a_cell_has_so_many_jobs(void **state) {
    (void)state;
    scene.world.config.csps[0].cell_channels = 1;
    struct csp_sender *second = csp_send_start(&scene.world.config);
    start();
    accept(1, 11, "PPMID", "a", 1, 2, "'here'");
    csp_send_wake(CSP_JOBS);
    jobs_soon("1 2");
    accept(2, 11, "PPMID", "b", 3, 2, "'here'");
    accept(3, 11, "PPMID", "c", 5, 1, "'there'");
    accept(4, 11, "PPMID", "d", 6, 1, "null");
    csp_send_wake(CSP_JOBS);
    jobs_soon("1 2, 3 1, 4 1");
    waits_soon("cell 2");
    expect(&scene.world, "their radio cells have no free channel",
           "select words from list_waits(2, 'north', '%s')", now_text(0));
    say("hub_delivered", 1);
    test_clock_move(11 * SECOND);
    csp_send_wake(CSP_JOBS);
    jobs_soon("1 2, 3 1, 4 1, 2 2");
    waits_soon("");
    csp_send_stop(second);
}

/* Ten go into a job: those of the first cells, of which the last has devices
 * left; they have a channel in each. What is reset meanwhile is not missed. */
static void a_large_request_is_cut_along_cells(void **state) {
    (void)state;
    scene.world.config.csps[0].cell_channels = 2;
    accept(1, 11, "PPMID", "a", 1, 20, "'c' || (n - 1) / 4");
    script(&scene.world, "delete from tracking_live where device_id ="
                         " '00:00:00:00:00:00:11:01'");
    start();
    jobs_soon("1 10, 1 9");
    expect(
        &scene.world, "c0 3, c1 4, c2 3 | c2 1, c3 4, c4 4",
        "select string_agg(cells, ' | ' order by job_no) from (select job_no,"
        " string_agg(radio_cell || ' ' || n, ', ' order by radio_cell) as"
        " cells from (select job_no, radio_cell, count(*) as n"
        " from tracking_live group by 1, 2) x group by 1) y");
    expect(&scene.world, "{c0,c1,c2} {c2,c3,c4}",
           "select string_agg(cells::text, ' ' order by job_no) from csp_job");
    expect(&scene.world, "0 0",
           "select unassigned || ' ' || ready from distribution");
    /* c2 has two jobs, c0 one */
    accept(2, 12, "GSME", "b", 1, 12, "'c' || (n - 1) / 4");
    csp_send_wake(CSP_JOBS);
    jobs_soon("1 10, 1 9, 2 8");
    waits_soon("cell 4");
}

/* ---- hubs ---- */

static void types_wait_in_the_database_as_in_the_model(void **state) {
    (void)state;
    static const char *const types[] = {"ESME", "GSME", "HCALCS", "PPMID",
                                        "CHF"};
    enum { TYPES = sizeof types / sizeof *types };
    for (size_t i = 0; i < TYPES * TYPES; i++)
        expect(&scene.world,
               dispatch_hub_waits(types[i / TYPES], types[i % TYPES]) ? "true"
                                                                      : "false",
               "select hub_waits_for('%s', '%s')::text", types[i / TYPES],
               types[i % TYPES]);
}

static void an_image_waits_for_its_block(void **state) {
    (void)state;
    struct csp_sender *second = csp_send_start(&scene.world.config);
    start();
    accept(1, 12, "GSME", "gas", 1, 2, "null");
    csp_send_wake(CSP_JOBS);
    jobs_soon("1 2");
    accept(2, 11, "PPMID", "a", 2, 2, "null");
    csp_send_wake(CSP_JOBS);
    jobs_soon("1 2, 2 1");
    waits_soon("hub 1");
    expect(&scene.world, "1 0",
           "select unassigned || ' ' || ready from distribution"
           " where request_no = 2");
    /* at its hub it is in the block; once the meter has it, it is not */
    say("hub_delivered", 1);
    test_clock_move(2 * SECOND);
    csp_send_wake(CSP_JOBS);
    waits_soon("hub 1");
    say("han_delivered", 1);
    test_clock_move(2 * SECOND);
    csp_send_wake(CSP_JOBS);
    jobs_soon("1 2, 2 1, 2 1");
    waits_soon("");
    csp_send_stop(second);
}

/* What is sent to hub 1 after what it has: does it wait? */
static void who_waits_for_whom(void **state) {
    (void)state;
    static const struct {
        const char *taken_by, *type, *image, *moves, *waits;
        int area, taken_area;
    } cases[] = {
        {"PPMID", "GSME", "b", "", "", 12, 11},
        {"HCALCS", "GSME", "b", "", "", 12, 13},
        {"GSME", "HCALCS", "b", "", "hub 1", 13, 12},
        {"PPMID", "HCALCS", "b", "", "hub 1", 13, 11},
        {"PPMID", "PPMID", "b", "", "hub 1", 14, 11},
        /* one image is in one block, for all its devices */
        {"PPMID", "PPMID", "a", "", "", 14, 11},
        /* nothing was heard of it for so long */
        {"GSME", "PPMID", "b",
         "update tracking_live set status = 'SUCCESSFUL_CH_TRANSFER',"
         " last_updated = last_updated - interval '14 days 1 s'",
         "", 11, 12},
        {"GSME", "PPMID", "b",
         "update tracking_live set status = 'SUCCESSFUL_CH_TRANSFER',"
         " last_updated = last_updated - interval '13 days'",
         "hub 1", 11, 12},
        /* it went to another hub */
        {"GSME", "PPMID", "b",
         "update tracking_live set chf_id = '00:00:00:00:00:00:10:02'", "", 11,
         12},
        {"GSME", "PPMID", "b", "update tracking_setting set hub_wait = '0'", "",
         11, 12},
    };
    start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sql_empty(scene.world.sql,
                  "service_request, csp_job, tracking_live, distribution"
                  " restart identity cascade");
        accept(1, cases[i].taken_area, cases[i].taken_by, "a", 1, 1, "null");
        csp_send_wake(CSP_JOBS);
        jobs_soon("1 1");
        script(&scene.world, "select 1; %s", cases[i].moves);
        accept(2, cases[i].area, cases[i].type, cases[i].image, 1, 1, "null");
        csp_send_wake(CSP_JOBS);
        waits_soon(cases[i].waits);
        jobs_soon(*cases[i].waits ? "1 1" : "1 1, 2 1");
    }
}

/* Of two that could go at once, the meter's or the older goes. */
static void one_of_two_goes(void **state) {
    (void)state;
    accept(1, 11, "PPMID", "a", 1, 2, "null");
    accept(2, 12, "GSME", "gas", 1, 1, "null");
    accept(3, 14, "PPMID", "b", 2, 1, "null");
    start();
    jobs_soon("2 1, 1 1");
    waits_soon("hub 2");
}

/* It is held, stopped, and reset like others. */
static void what_waits_for_a_hub_is_steered(void **state) {
    (void)state;
    accept(1, 12, "GSME", "gas", 1, 3, "null");
    accept(2, 11, "PPMID", "a", 1, 3, "null");
    start();
    jobs_soon("1 3");
    waits_soon("hub 3");
    script(&scene.world,
           "select steer('hold', 2, null, null, null, null, null, null, null,"
           " null, false, 'ann', 'why', null, false, '{}', '%s', '5 days')",
           now_text(0));
    waits_soon("held 3");
    script(&scene.world,
           "select steer('release', 2, null, null, null, null, null, null,"
           " null, null, false, 'ann', 'why', null, false, '{}', '%s',"
           " '5 days')",
           now_text(0));
    waits_soon("hub 3");
    script(&scene.world,
           "select reset_device('00:00:00:00:00:00:11:01', 'ann', 'why', '%s',"
           " '5 days')",
           now_text(0));
    waits_soon("hub 2");
    expect(&scene.world, "done 2",
           "select outcome || ' ' || devices from steer('stop', 2, null, null,"
           " null, null, null, null, null, null, false, 'ann', 'why', null,"
           " false, '{}', '%s', '5 days')",
           now_text(0));
    waits_soon("");
    expect(&scene.world, "RESET_BY_DCC 1, STOPPED_BY_DCC 2",
           "select string_agg(status || ' ' || n, ', ' order by status::text)"
           " from (select status, count(*) as n from tracking_history"
           " group by 1) x");
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_scene, close_scene)

int main(void) {
    test_clock_open(NULL);
    const struct CMUnitTest tests[] = {
        TEST(a_cell_has_so_many_jobs),
        TEST(a_large_request_is_cut_along_cells),
        TEST(types_wait_in_the_database_as_in_the_model),
        TEST(an_image_waits_for_its_block),
        TEST(who_waits_for_whom),
        TEST(one_of_two_goes),
        TEST(what_waits_for_a_hub_is_steered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
