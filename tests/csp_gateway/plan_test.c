/* Plans of requests: waves, hours in London, the circuit-breaker (requirement
 * S5). Time is that of the statements; what a CSP does is written by hand. */
#include "csp_gateway/world.h"

static struct world world;

static int setup(void **state) {
    (void)state;
    world_open(&world);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_close(&world);
    return 0;
}

/* ---- what a plan says ---- */

static void a_plan_is_read_or_refused(void **state) {
    (void)state;
    static const struct {
        const char *said, *read;
    } cases[] = {
        {"first 100", "(100,,100,00:00:00,90,,,,,,)"},
        {"first 5%, next 20%, growth 200%, wait 2h, outcomes 80%",
         "(5%,20%,200,02:00:00,80,,,,,,)"},
        {" FIRST 1 ,failures 2.5% of 50", "(1,,100,00:00:00,90,2.5,50,,,,)"},
        {"start 2031-01-06T22:00Z",
         "(,,100,00:00:00,90,,,\"2031-01-06 22:00:00+00\",,,)"},
        {"window fri-mon 22:00-06:00",
         "(,,100,00:00:00,90,,,,\"{5,6,7,1}\",22:00:00,06:00:00)"},
        {"window sun 00:00-23:59",
         "(,,100,00:00:00,90,,,,{7},00:00:00,23:59:00)"},
        {"first 0", "plan: first 0"},
        {"first 101%", "plan: first 101%"},
        {"first 100 devices", "plan: first 100 devices"},
        {"wait 2w", "plan: wait 2w"},
        {"failures 2%", "plan: failures 2%"},
        {"start 2031-02-30T22:00Z", "plan: start 2031-02-30t22:00z"},
        {"start 22:00", "plan: start 22:00"},
        {"window mon-fri 22-06", "plan: window mon-fri 22-06"},
        {"slowly", "plan: slowly"},
        {"first 1,, next 2", "plan: "},
    };
    script(&world, "set timezone = 'UTC'");
    script(&world,
           "create or replace function read_plan(p text) returns text"
           " language plpgsql as $$ begin return parse_plan(p)::text;"
           " exception when sqlstate 'FOTAD' then return sqlerrm; end $$");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(&world, cases[i].read, "select read_plan('%s')", cases[i].said);
}

/* 27 October 2030 and 31 March 2030: the clocks change at 01:00 UTC. */
static void windows_are_by_the_clock_in_london(void **state) {
    (void)state;
    static const struct {
        const char *window, *now, *open, *opens;
    } cases[] = {
        {"mon-fri 22:00-06:00", "2030-07-01 20:59Z", "f", "2030-07-01 21:00"},
        {"mon-fri 22:00-06:00", "2030-07-01 21:00Z", "t", "2030-07-02 21:00"},
        {"mon-fri 22:00-06:00", "2030-12-02 21:59Z", "f", "2030-12-02 22:00"},
        {"mon-fri 22:00-06:00", "2030-12-02 22:00Z", "t", "2030-12-03 22:00"},
        /* Friday's night lasts into Saturday, Saturday has none */
        {"mon-fri 22:00-06:00", "2030-12-07 05:59Z", "t", "2030-12-09 22:00"},
        {"mon-fri 22:00-06:00", "2030-12-07 06:00Z", "f", "2030-12-09 22:00"},
        {"mon-fri 22:00-06:00", "2030-12-07 23:00Z", "f", "2030-12-09 22:00"},
        /* into summer: the night is an hour shorter */
        {"sat 22:00-06:00", "2030-03-30 22:00Z", "t", "2030-04-06 21:00"},
        {"sat 22:00-06:00", "2030-03-31 04:59Z", "t", "2030-04-06 21:00"},
        {"sat 22:00-06:00", "2030-03-31 05:00Z", "f", "2030-04-06 21:00"},
        /* into winter: an hour longer */
        {"sat 22:00-06:00", "2030-10-26 21:00Z", "t", "2030-11-02 22:00"},
        {"sat 22:00-06:00", "2030-10-27 05:59Z", "t", "2030-11-02 22:00"},
        {"sat 22:00-06:00", "2030-10-27 06:00Z", "f", "2030-11-02 22:00"},
        {"sun 09:00-17:00", "2030-12-01 16:59Z", "t", "2030-12-08 09:00"},
        {"sun 09:00-17:00", "2030-12-01 17:00Z", "f", "2030-12-08 09:00"},
    };
    script(&world, "set timezone = 'UTC'");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect(&world, cases[i].open,
               "select left(plan_is_open(parse_plan('window %s'), '%s')::text,"
               " 1)",
               cases[i].window, cases[i].now);
        expect(&world, cases[i].opens,
               "select to_char(plan_opens(parse_plan('window %s'), '%s'),"
               " 'YYYY-MM-DD HH24:MI')",
               cases[i].window, cases[i].now);
    }
}

static void waves_come_to_all_devices(void **state) {
    (void)state;
    static const struct {
        const char *plan, *waves;
        int devices;
    } cases[] = {
        {"outcomes 90%", "40", 40},
        {"first 2", "2 2 2 1", 7},
        {"first 2, next 3", "2 3 3 2", 10},
        {"first 1%, next 10%", "1 4 4 4 4 4 4 4 4 4 3", 40},
        {"first 1, next 2, growth 200%", "1 2 4 8 5", 20},
        {"first 500", "40", 40},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(&world, cases[i].waves,
               "select string_agg(devices::text, ' ' order by n)"
               " from plan_waves(parse_plan('%s'), %d)",
               cases[i].plan, cases[i].devices);
}

/* ---- how far it is ---- */

/* Ten devices of the north, as a request that is accepted. */
static void ten_wait(void) {
    accept_request(&world, 1, "north", 1, 10);
    script(&world, "update tracking_live set release_due = '2040-01-01';"
                   "update service_request set listed = 10, accepted = 10,"
                   " response_code = 'I99', condition = 'accepted'");
}

static void plan(const char *text, const char *now) {
    expect(&world, "done",
           "select set_request_plan(1, '%s', 'ann', 'a test', '%s')", text,
           now);
}

/* What is ready goes to the CSP, as job 7 that it has. */
static void hands_over(void) {
    script(
        &world,
        "update tracking_live set job_no = 7 where device_id in (select"
        " device_id from tracking_live where job_no is null and held is null"
        " order by device_id limit (select sum(ready) from distribution));"
        "update distribution set unassigned = unassigned - ready, ready = 0");
}

/* So many of what the CSP has come to their end, as `event` says. */
static void end_some(const char *event, int count, const char *now) {
    script(&world,
           "select apply_events(array(select row((row_number() over ())::int,"
           " '%s', device_id, request_no, null, chf_id, '\\x0000ab2a',"
           " '%s'::timestamptz, null, 1)::tracking_event from (select * from"
           " tracking_live where job_no = 7 order by device_id limit %d) x),"
           " '%s', '5 days')",
           event, now, count, now);
}

#define READY(count)                                                           \
    expect(&world, count, "select sum(ready) from distribution")

static void look(const char *now) {
    script(&world, "select advance_plans('%s')", now);
}

static void expect_waits(const char *waits, const char *next) {
    expect(&world, arena_printf(world.arena, "%s %s", waits, next),
           "select coalesce(waits, '-') || ' ' || coalesce(to_char(next"
           " at time zone 'UTC', 'DD HH24:MI'), '-') from request_plan");
}

static void waves_go_one_after_the_other(void **state) {
    (void)state;
    ten_wait();
    plan("first 2, next 5, wait 2h, outcomes 50%", "2031-01-06 10:00Z");
    READY("2");
    hands_over();
    look("2031-01-06 11:00Z");
    READY("0");
    expect_waits("outcomes", "-");
    end_some("device_activated", 1, "2031-01-06 11:30Z");
    look("2031-01-06 12:00Z");
    expect_waits("wait", "06 14:00");
    expect(&world,
           "north PPMID plan 8 wave 2 begins at "
           "2031-01-06T14:00:00.000Z",
           "select concat_ws(' ', csp, device_type, code, devices, words)"
           " from list_waits(1, null, '2031-01-06 12:00Z')");
    look("2031-01-06 13:59Z");
    READY("0");
    look("2031-01-06 14:00Z");
    READY("5");
    hands_over();
    end_some("device_activated", 3, "2031-01-06 14:30Z");
    look("2031-01-06 15:00Z");
    look("2031-01-06 17:00Z");
    READY("3");
    expect(&world, "1 done 2, 2 done 5, 3 open 3",
           "select string_agg(w ->> 'wave' || ' ' || (w ->> 'state') || ' '"
           " || (w ->> 'devices'), ', ') from service_request r,"
           " jsonb_array_elements(request_plan_json(r, '2031-01-06 17:00Z')"
           " -> 'waves') w");
}

static void nothing_goes_before_its_time(void **state) {
    (void)state;
    ten_wait();
    plan("start 2031-01-06T22:00Z, window mon 21:00-23:00, first 4",
         "2031-01-06 10:00Z");
    READY("0");
    expect_waits("start", "06 22:00");
    look("2031-01-06 22:00Z");
    READY("4");
    look("2031-01-06 23:00Z");
    READY("0");
    expect_waits("window", "13 21:00");
    look("2031-01-13 21:00Z");
    READY("4");
}

/* Waves that went stay gone; without a plan the rest goes at once. */
static void a_plan_is_changed_while_it_runs(void **state) {
    (void)state;
    ten_wait();
    plan("first 2", "2031-01-06 10:00Z");
    hands_over();
    plan("first 1, next 3, outcomes 1%", "2031-01-06 10:10Z");
    READY("0");
    end_some("device_activated", 1, "2031-01-06 10:20Z");
    look("2031-01-06 11:00Z");
    READY("3");
    plan("", "2031-01-06 11:10Z");
    look("2031-01-06 11:20Z");
    READY("8");
}

/* ---- the circuit-breaker ---- */

static void models(const char *ids, const char *model) {
    script(&world,
           "update smi_device set manufacturer_id = 4913, model_id = %s,"
           " hardware_version = 1 where device_id in (%s)",
           model, ids);
}

static void a_model_that_fails_is_held_and_others_go_on(void **state) {
    (void)state;
    ten_wait();
    models("select device_id from tracking_live order by device_id limit 5",
           "132");
    models("select device_id from tracking_live order by device_id offset 5",
           "133");
    plan("first 4, next 6, outcomes 50%, failures 20% of 3",
         "2031-01-06 10:00Z");
    hands_over();
    end_some("hub_failed", 2, "2031-01-06 10:10Z");
    look("2031-01-06 11:00Z");
    expect(&world, "0", "select count(*) from steering");
    end_some("hub_failed", 1, "2031-01-06 11:10Z");
    /* before the breaker that wave had opened */
    look("2031-01-06 12:00Z");
    look("2031-01-06 12:01Z");
    expect(
        &world, "model 1331:0084:01 active 3 3, CSP north active 3 3",
        "select string_agg(concat_ws(' ', case when csp is null then 'model '"
        " || model_text(manufacturer_id, model_id, hardware_version)"
        " else 'CSP ' || csp end, state, failed, outcomes), ', '"
        " order by csp nulls first) from steering");
    expect(&world, "2 6 t",
           "select concat_ws(' ', count(*), sum(count), bool_and(request_no ="
           " 1)) from open_breakers()"); /* of which there are alarms */
    READY("0");
    script(&world,
           "select end_holds(array[s.order_no], 'ann', '2031-01-06 12:10Z')"
           " from steering s where csp is not null");
    expect(&world, "1", "select count(*) from open_breakers()");
    READY("5");
    expect(&world, "1", "select count(*) from tracking_live where held > 0");
    look("2031-01-06 13:00Z");
    READY("5");
}

/* A hold that comes before anything of a request could go takes no plan away.
 */
static void a_hold_leaves_the_plan(void **state) {
    (void)state;
    expect(&world, "done",
           "select set_plan('00:00:00:00:00:00:00:01', '11.4', null, null,"
           " 'first 2', 'ann', 'a test', '2031-01-06 10:00Z')");
    ten_wait();
    expect(&world, "done 10",
           "select outcome || ' ' || devices from steer('hold', 1, null, null,"
           " null, null, null, null, null, null, false, 'ann', 'a test', null,"
           " false, '{}', '2031-01-06 10:00Z', '5 days')");
    READY("0");
    expect(&world, "done 2",
           "select outcome || ' ' || devices from steer('release', 1, null,"
           " null, null, null, null, null, null, null, false, 'ann', 'a test',"
           " null, false, '{}', '2031-01-06 11:00Z', '5 days')");
    READY("2");
    expect(&world, "2031-01-06 11:00",
           "select to_char(since at time zone 'UTC', 'YYYY-MM-DD HH24:MI')"
           " from distribution");
}

/* The first model that fails has no device left that a hold could be of. */
static void a_model_that_is_over_hides_no_other(void **state) {
    (void)state;
    ten_wait();
    models("select device_id from tracking_live order by device_id limit 3",
           "131");
    models("select device_id from tracking_live order by device_id offset 3",
           "132");
    plan("first 6, next 4, outcomes 100%, failures 20% of 3",
         "2031-01-06 10:00Z");
    hands_over();
    end_some("hub_failed", 6, "2031-01-06 10:10Z");
    look("2031-01-06 11:00Z");
    look("2031-01-06 11:01Z");
    expect(&world, "1331:0084:01 active",
           "select model_text(manufacturer_id, model_id, hardware_version)"
           " || ' ' || state from steering where csp is null");
    READY("0");
}

/* What a hold missed is made so once, and is no work after that. */
static void what_an_order_missed_is_made_so(void **state) {
    (void)state;
    ten_wait();
    models("select device_id from tracking_live order by device_id limit 4",
           "131");
    script(&world,
           "insert into steering (verb, state, device_type, manufacturer_id,"
           " model_id, person, reason, made) values ('hold', 'active', 'PPMID',"
           " 4913, 131, 'ann', 'a test', '2031-01-06 10:00Z')");
    READY("10");
    expect(&world, "1 0",
           "select settle_steering('2031-01-06 12:00Z') || ' '"
           " || settle_steering('2031-01-06 12:00Z')");
    READY("6");
    script(&world, "update steering set state = 'done', ended = made");
    expect(&world, "1 0",
           "select settle_steering('2031-01-06 12:00Z') || ' '"
           " || settle_steering('2031-01-06 12:00Z')");
    READY("10");
}

/* Of several that may not go each is held, whichever is held already. */
static void one_hold_of_its_own_hides_no_other(void **state) {
    (void)state;
    accept_request(&world, 1, "north", 1, 1);
    accept_request(&world, 2, "north", 2, 1);
    script(&world, "update service_request set manufacturer_image_hash ="
                   " sha256(counter::text::bytea)");
    for (int i = 0; i < 3; i++)
        script(&world, "select hold_by_itself('{1,2}', '2031-01-06 10:00Z')");
    expect(&world, "2",
           "select count(*) from steering where state = 'active'"
           " and cause = 'image_not_active'");
    READY("0");
}

/* Of one request, or of its CSP. */
static void steer(const char *verb, bool request, const char *now) {
    script(&world,
           "select steer('%s', %s, null, null, %s, null, null, null, null,"
           " null, false, 'ann', 'a test', null, false, '{}', '%s', '5 days')",
           verb, request ? "1" : "null", request ? "null" : "'north'", now);
}

/* What a CSP may have heard of is given up after days, and those in which it is
 * held do not count: once each, however many holds there are. */
static void time_held_twice_is_counted_once(void **state) {
    (void)state;
    static const struct {
        bool request_first, first_ends_first;
        const char *then, *last; /* the job as if made at */
    } cases[] = {
        {true, true, "11:00", "14:00"},
        {false, true, "11:00", "14:00"},
        {true, false, "10:00", "14:00"},
        {false, false, "10:00", "14:00"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool first = cases[i].request_first;
        sql_empty(world.sql, "service_request, distribution, csp_job,"
                             " tracking_live, steering restart identity"
                             " cascade");
        ten_wait();
        script(
            &world,
            "update distribution set unassigned = 0, ready = 0;"
            "insert into csp_job (request_no, csp, device_type, devices,"
            " created, next_try, posted) values (1, 'north', 'PPMID', 10,"
            " '2031-01-06 10:00Z', '2031-01-06 10:00Z', 10);"
            "update tracking_live set job_no = (select job_no from csp_job)");
        steer("hold", first, "2031-01-06 11:00Z");
        steer("hold", !first, "2031-01-06 12:00Z");
        bool ends = first == cases[i].first_ends_first;
        steer("release", ends, "2031-01-06 14:00Z");
        expect(&world, cases[i].then,
               "select to_char(created at time zone 'UTC', 'HH24:MI')"
               " from csp_job");
        steer("release", !ends, "2031-01-06 15:00Z");
        expect(&world, cases[i].last,
               "select to_char(created at time zone 'UTC', 'HH24:MI')"
               " from csp_job");
    }
}

int main(void) {
#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_plan_is_read_or_refused),
        TEST(windows_are_by_the_clock_in_london),
        TEST(waves_come_to_all_devices),
        TEST(waves_go_one_after_the_other),
        TEST(nothing_goes_before_its_time),
        TEST(a_plan_is_changed_while_it_runs),
        TEST(a_model_that_fails_is_held_and_others_go_on),
        TEST(a_model_that_is_over_hides_no_other),
        TEST(a_hold_leaves_the_plan),
        TEST(what_an_order_missed_is_made_so),
        TEST(one_hold_of_its_own_hides_no_other),
        TEST(time_held_twice_is_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
