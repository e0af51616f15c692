/*
 * The gateway and the emulated CSPs, both whole: what is scripted there has
 * its consequence here, once, also when either side is started again.
 */
#include "world.h"

#include "csp_gateway/gateway.h"
#include "csp_gateway/send.h"
#include "fotasim/csp.h"
#include "fotasim/radio_cell.h"

#include <arpa/inet.h>

struct scene {
    struct world world;
    struct csp_sim *sim;
    struct csp_gateway *gateway;
    struct csp_options options;
    char listen[32], fotad[64], base_url[64], folder[64], faults[80];
};

static void start_sim(struct scene *scene) {
    const char *reason;
    scene->sim = csp_sim_start(&scene->options, &reason);
    if (!scene->sim)
        fail_msg("%s", reason);
    snprintf(scene->base_url, sizeof scene->base_url, "http://127.0.0.1:%u",
             csp_sim_port(scene->sim));
}

static void start_gateway(struct scene *scene) {
    const char *reason;
    scene->gateway = csp_gateway_start(&scene->world.config, &reason);
    if (!scene->gateway)
        fail_msg("%s", reason);
}

/* Each side has to know the other's address before it starts. */
static unsigned free_port(void) {
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(handle, (struct sockaddr *)&at, len), 0);
    getsockname(handle, (struct sockaddr *)&at, &len);
    close(handle);
    return ntohs(at.sin_port);
}

static int open_scene(void **state) {
    static struct scene scene;
    scene = (struct scene){.folder = "/tmp/fotad-csp-XXXXXX"};
    world_open(&scene.world);
    assert_non_null(mkdtemp(scene.folder));
    snprintf(scene.faults, sizeof scene.faults, "%s/faults", scene.folder);
    scene.options = (struct csp_options){.listen = "127.0.0.1:0",
                                         .name = "north",
                                         .fotad = scene.fotad,
                                         .token = "north's",
                                         .expect_token = "ours",
                                         .state = scene.folder,
                                         .faults = scene.faults};
    scene.world.config.csp_listen = scene.listen;
    snprintf(scene.listen, sizeof scene.listen, "127.0.0.1:%u", free_port());
    snprintf(scene.fotad, sizeof scene.fotad, "http://%s", scene.listen);
    scene.world.config.csps[0].base_url = scene.base_url;
    scene.world.config.csp_count = 1;
    start_sim(&scene);
    start_gateway(&scene);
    *state = &scene;
    return 0;
}

static void stop_both(struct scene *scene) {
    csp_gateway_stop(scene->gateway);
    if (scene->sim)
        csp_sim_stop(scene->sim);
    scene->gateway = NULL;
    scene->sim = NULL;
}

static int close_scene(void **state) {
    struct scene *scene = *state;
    if (!scene)
        return 0;
    stop_both(scene);
    world_close(&scene->world);
    static const char *const names[] = {"faults",        "images.jsonl",
                                        "jobs.jsonl",    "commands.jsonl",
                                        "recalls.jsonl", "said.jsonl"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", scene->folder, names[i]);
        unlink(path);
    }
    return rmdir(scene->folder);
}

static void set_faults(const struct scene *scene, const char *rows) {
    FILE *file = fopen(scene->faults, "w");
    assert_non_null(file);
    fputs(rows, file);
    fclose(file);
}

/* Lines of a file of the CSP's that have that text in them. */
static size_t lines(const struct scene *scene, const char *name,
                    const char *text) {
    char path[128], line[65536];
    snprintf(path, sizeof path, "%s/%s.jsonl", scene->folder, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t count = 0;
    while (fgets(line, sizeof line, file))
        count += strstr(line, text) != NULL;
    fclose(file);
    return count;
}

/* The CSP writes what was answered after fotad knows of it. */
static void expect_lines(const struct scene *scene, const char *name,
                         const char *text, size_t count) {
    instant until = clock_elapsed() + patience() * 10 * SECOND;
    while (lines(scene, name, text) < count && clock_elapsed() < until)
        usleep(10000);
    assert_int_equal(lines(scene, name, text), count);
}

#define STATUSES                                                               \
    "select string_agg(status || ' ' || n, ', ' order by status) from ("       \
    "select status, count(*) as n from tracking group by status) x"

static void all_goes_well_without_faults(void **state) {
    struct scene *scene = *state;
    accept_request(&scene->world, 1, "north", 1, 25);
    expect_soon(&scene->world, "SUCCESSFUL_CH_TRANSFER 25", STATUSES);
    expect(&scene->world, "N59 3, N61 25",
           "select string_agg(code || ' ' || n, ', ' order by code) from ("
           "select code, count(*) as n from alert group by code) x");
    expect_lines(scene, "images", "\"try\":1,", 1);
    expect_lines(scene, "jobs", "\"try\":1,", 3);
    expect_lines(scene, "said", "\"status\":200", 6);
}

static void devices_fare_as_scripted(void **state) {
    struct scene *scene = *state;
    set_faults(scene, "# one of each\n"
                      "device 00-00-00-00-00-00-11-01 reject IMAGE_INVALID\n"
                      "device 00-00-00-00-00-00-11-02 fail NO_SLOT\n"
                      "device 00-00-00-00-00-00-11-03 other BUSY\n"
                      "device 00-00-00-00-00-00-11-04 silent\n"
                      "device 00-00-00-00-00-00-11-05 another_hub\n"
                      "device 00-00-00-00-00-00-11-06 well\n"
                      "batch 2\n"
                      "delivery_delay 300\n");
    accept_request(&scene->world, 1, "north", 1, 7);
    expect_soon(&scene->world,
                "APPROVED_FOR_DISTRIBUTION 3, SUCCESSFUL_CH_TRANSFER 2,"
                " REJECTED_BY_CSP 1, FAILED_CH_TRANSFER 1",
                STATUSES);
    expect(&scene->world, "N18 1, N59 1, N60 1, N61 2",
           "select string_agg(code || ' ' || n, ', ' order by code) from ("
           "select code, count(*) as n from alert group by code) x");
}

static void a_job_is_worked_once_however_it_goes_wrong(void **state) {
    struct scene *scene = *state;
    static const char *const faults[] = {
        "job 503 - 1",     "job cut - 1",
        "job garbage - 1", "job hang - 1",
        "job 500 - 1",     "image 503 - 1\njob 503 - 1",
        "copies 2",        "copies 2\nreport_delay 200",
    };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        print_message("%s\n", faults[i]);
        set_faults(scene, faults[i]);
        accept_request(&scene->world, (int)i + 1, "north", 4 * (int)i + 1, 4);
        char expected[64];
        snprintf(expected, sizeof expected, "SUCCESSFUL_CH_TRANSFER %zu",
                 4 * (i + 1));
        expect_soon(&scene->world, expected, STATUSES);
        snprintf(expected, sizeof expected, "%zu", i + 1);
        expect_soon(&scene->world, expected,
                    "select count(*)::text from alert where code = 'N59'");
    }
    expect(&scene->world, "32",
           "select count(*)::text from alert where code = 'N61'");
}

static void a_refusal_releases_every_device(void **state) {
    struct scene *scene = *state;
    set_faults(scene, "job 400 DISTRIBUTION_EXPIRED");
    accept_request(&scene->world, 1, "north", 1, 4);
    expect_soon(&scene->world, "REJECTED_BY_CSP 4", STATUSES);
    expect(&scene->world, "N20 4",
           "select code || ' ' || cardinality(device_ids) from alert");
}

static void either_side_may_be_started_again(void **state) {
    struct scene *scene = *state;
    set_faults(scene, "report_delay 60000\ndelivery_delay 60000\n");
    accept_request(&scene->world, 1, "north", 1, 4);
    expect_soon(&scene->world, "handed_over",
                "select state::text from csp_job");
    stop_both(scene);
    expect_lines(scene, "said", "", 0);
    set_faults(scene, "");
    /* as if the CSP's answer had been lost */
    script(&scene->world, "update csp_job set state = 'waiting', ended = null");
    start_sim(scene);
    start_gateway(scene);
    expect_soon(&scene->world, "SUCCESSFUL_CH_TRANSFER 4", STATUSES);
    expect_soon(&scene->world, "handed_over",
                "select state::text from csp_job");
    expect_soon(&scene->world, "5", "select count(*)::text from alert");
    expect_lines(scene, "said", "\"status\":200", 2);
    expect_lines(scene, "images", "", 1);
}

/* ---- what a CSP carries at once ---- */

static void start_with(struct scene *scene, const struct csp_options *with) {
    stop_both(scene);
    struct csp_options *options = &scene->options;
    options->recall = with->recall;
    options->most_jobs = with->most_jobs;
    options->channels = with->channels;
    options->cells = with->cells;
    options->hold = with->hold;
    options->retry_after = with->retry_after;
    options->overload = with->overload;
    scene->world.config.csps[0].busy_retry = SECOND;
    scene->world.config.csps[0].recall = with->recall != NULL;
    start_sim(scene);
    start_gateway(scene);
}

/* 25 devices are three jobs. */
static void a_full_csp_takes_the_rest_later(void **state) {
    struct scene *scene = *state;
    static const struct csp_options limits[] = {
        {.most_jobs = 1, .hold = 300, .retry_after = 1},
        {.channels = 1, .cells = 1, .hold = 300, .retry_after = 1}};
    for (int i = 0; i < 2; i++) {
        start_with(scene, &limits[i]);
        accept_request(&scene->world, i + 1, "north", 1 + 20 * i, 20);
        char expected[64];
        snprintf(expected, sizeof expected, "SUCCESSFUL_CH_TRANSFER %d",
                 20 * (i + 1));
        expect_soon(&scene->world, expected, STATUSES);
        snprintf(expected, sizeof expected, "%d", 2 * (i + 1));
        expect_soon(&scene->world, expected,
                    "select count(*)::text from csp_job"
                    " where state = 'handed_over'");
        assert_true(lines(scene, "jobs", "\"status\":503") > (size_t)i);
    }
    expect(&scene->world, "40",
           "select count(*)::text from alert where code = 'N61'");
}

static void jobs_in_other_cells_have_channels_of_their_own(void **state) {
    struct scene *scene = *state;
    start_with(scene,
               &(struct csp_options){.channels = 2, .cells = 1, .hold = 60000});
    accept_request(&scene->world, 1, "north", 1, 20);
    expect_soon(&scene->world, "2",
                "select count(*)::text from csp_job"
                " where state = 'handed_over'");
    assert_int_equal(lines(scene, "jobs", "\"status\":503"), 0);
}

static void too_much_is_rejected_or_times_out(void **state) {
    struct scene *scene = *state;
    static const struct {
        const char *overload, *statuses;
    } rows[] = {{"reject", "REJECTED_BY_CSP 10, SUCCESSFUL_CH_TRANSFER 10"},
                {"timeout", "FAILED_CH_TRANSFER 10, REJECTED_BY_CSP 10,"
                            " SUCCESSFUL_CH_TRANSFER 20"}};
    for (int i = 0; i < 2; i++) {
        start_with(scene, &(struct csp_options){.most_jobs = 1,
                                                .hold = 400,
                                                .overload = rows[i].overload});
        accept_request(&scene->world, i + 1, "north", 1 + 20 * i, 20);
        expect_soon(&scene->world, rows[i].statuses,
                    "select string_agg(status || ' ' || n, ', ' order by"
                    " status::text) from (select status, count(*) as n"
                    " from tracking group by status) x");
        assert_int_equal(lines(scene, "jobs", "\"status\":503"), 0);
    }
}

/* The CSP has one channel in each of four cells, and rejects what finds none;
 * fotad knows the cells of its hubs. */
static void what_finds_no_channel_is_not_sent(void **state) {
    struct scene *scene = *state;
    enum { HUBS = 20, CELLS = 4 };
    stop_both(scene);
    scene->world.config.csps[0].cell_channels = 1;
    accept_request(&scene->world, 1, "north", 1, HUBS);
    for (eui64 hub = 0x1001; hub <= 0x1000 + HUBS; hub++) {
        char text[EUI64_TEXT_SIZE];
        eui64_format(hub, text);
        script(&scene->world,
               "update tracking_live set radio_cell = 'N-%d'"
               " where chf_id = '%s'",
               (int)sim_radio_cell(text, CELLS), text);
    }
    start_with(scene, &(struct csp_options){.channels = 1,
                                            .cells = CELLS,
                                            .hold = 100,
                                            .overload = "reject"});
    /* what is in flight is counted every ten seconds */
    for (int i = 0; i < 200 && sql_int(scene->world.sql,
                                       "select count(*) from distribution"
                                       " where ready > 0");
         i++) {
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
        test_clock_move(11 * SECOND);
        csp_send_wake(CSP_JOBS);
    }
    expect_soon(&scene->world, "SUCCESSFUL_CH_TRANSFER 20", STATUSES);
    expect(&scene->world, "true",
           "select (count(*) between 2 and 4)::text from csp_job");
}

/* ---- what it gives back ---- */

static void recall_all(struct scene *scene) {
    char now[INSTANT_TEXT_SIZE];
    script(&scene->world,
           "select recall_jobs(array(select job_no from csp_job),"
           " array['north'], 'stopped_by_dcc', '%s')",
           instant_format(clock_now(), now));
    csp_send_wake(CSP_RECALLS);
}

static void what_is_not_delivered_is_given_back(void **state) {
    struct scene *scene = *state;
    set_faults(scene, "recall 503 - 1\ndelivery_delay 60000\n");
    start_with(scene, &(struct csp_options){.recall = "yes"});
    accept_request(&scene->world, 1, "north", 1, 4);
    expect_soon(&scene->world, "APPROVED_FOR_DISTRIBUTION 4", STATUSES);
    recall_all(scene);
    expect_soon(&scene->world, "STOPPED_BY_DCC 4", STATUSES);
    expect(&scene->world, "recalled 2",
           "select state || ' ' || tries from csp_recall");
    /* as if the answer had been lost, and the CSP started again */
    stop_both(scene);
    set_faults(scene, "");
    script(&scene->world, "update csp_recall set state = 'waiting',"
                          " recalled = null, ended = null");
    start_sim(scene);
    start_gateway(scene);
    expect_soon(&scene->world, "recalled 3 4",
                "select concat_ws(' ', state, tries, cardinality(recalled))"
                " from csp_recall");
    assert_int_equal(lines(scene, "said", "delivery-notifications"), 0);
}

static void what_is_delivered_is_not_given_back(void **state) {
    struct scene *scene = *state;
    start_with(scene, &(struct csp_options){.recall = "yes"});
    accept_request(&scene->world, 1, "north", 1, 4);
    expect_soon(&scene->world, "SUCCESSFUL_CH_TRANSFER 4", STATUSES);
    recall_all(scene);
    expect_soon(&scene->world, "too_late",
                "select state::text from csp_recall");
    expect(&scene->world, "SUCCESSFUL_CH_TRANSFER 4", STATUSES);
}

int main(void) {
    test_clock_open(NULL);
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        TEST(all_goes_well_without_faults),
        TEST(devices_fare_as_scripted),
        TEST(a_job_is_worked_once_however_it_goes_wrong),
        TEST(a_refusal_releases_every_device),
        TEST(either_side_may_be_started_again),
        TEST(a_full_csp_takes_the_rest_later),
        TEST(jobs_in_other_cells_have_channels_of_their_own),
        TEST(too_much_is_rejected_or_times_out),
        TEST(what_finds_no_channel_is_not_sent),
        TEST(what_is_not_delivered_is_given_back),
        TEST(what_is_delivered_is_not_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
