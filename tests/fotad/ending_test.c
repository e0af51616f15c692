/*
 * Waits have an end that the end of the process shortens: names that nobody
 * resolves, and others that say nothing.
 */
#include "support/check.h"
#include "support/fake_csp.h"
#include "support/fake_smtp.h"
#include "support/pg.h"
#include "support/swallowed.h"

#include "base/ending.h"
#include "base/log.h"
#include "db/db.h"
#include "http/client.h"
#include "mail/smtp.h"

#include <pthread.h>

/* The time a thing takes, and whether it failed. */
struct waited {
    const char *name;
    bool (*wait)(void);
    instant least, most; /* what it is to take */
    instant took;
    bool good;
    pthread_t thread;
};

static void *waited_run(void *context) {
    struct waited *waited = context;
    instant begun = clock_elapsed();
    waited->good = waited->wait();
    waited->took = clock_elapsed() - begun;
    return NULL;
}

/* All at once. */
static void wait_for_all(struct waited *all, size_t count) {
    for (size_t i = 0; i < count; i++)
        pthread_create(&all[i].thread, NULL, waited_run, &all[i]);
    for (size_t i = 0; i < count; i++)
        pthread_join(all[i].thread, NULL);
    for (size_t i = 0; i < count; i++) {
        print_message("%s: %jd ms\n", all[i].name,
                      (intmax_t)(all[i].took / MILLISECOND));
        if (!all[i].good || all[i].took + 50 * MILLISECOND < all[i].least ||
            all[i].took > all[i].most + patience() * 5 * SECOND)
            fail_msg("%s: %s", all[i].name, all[i].good ? "time" : "result");
    }
}

static struct fake_csp *csp;
static struct fake_smtp *mute;
static const char *conninfo;

/* ---- what waits ---- */

static bool send_to(const char *url, instant most, struct http_answer *answer) {
    struct http_client *client = http_client_new(&(struct http_client_options){
        .connect_timeout = most, .total_timeout = most});
    const struct http_message message = {.method = "GET", .url = url};
    bool answered = http_client_send(client, &message, answer);
    http_answer_free(answer);
    http_client_free(client);
    return answered;
}

static bool client_with_a_lost_name(void) {
    struct http_answer answer;
    return !send_to("http://csp.swallowed/", SECOND, &answer) &&
           !answer.abandoned;
}

/* Names are of one message, and hold up none beside it. */
static bool client_with_a_lost_name_beside(void) {
    struct http_client *client = http_client_new(
        &(struct http_client_options){.total_timeout = 20 * SECOND});
    const struct http_message lost = {.method = "GET",
                                      .url = "http://user.swallowed/"},
                              good = {.method = "GET",
                                      .url = fake_csp_url(csp)};
    struct http_answer lost_answer, answer;
    int first, second;
    http_client_begin(client, &lost, &lost_answer, &first);
    http_client_begin(client, &good, &answer, &second);
    const void *ended = NULL;
    for (instant end = clock_elapsed() + 3 * SECOND;
         !ended && clock_elapsed() < end;)
        ended = http_client_wait(client, SECOND);
    bool well = ended == &second;
    http_answer_free(&answer);
    http_client_free(client);
    return well;
}

static bool client_of_a_mute_one(void) {
    struct http_answer answer;
    fake_csp_script(csp, "hang", "hang");
    return !send_to(fake_csp_url(csp), MINUTE, &answer) && answer.abandoned;
}

/* Of a server, for a message; stopping says nothing, the end of the process
 * does. */
static bool mail_to(const char *server, enum smtp_result expected) {
    struct config config = {.mail_server = server,
                            .mail_from = "fotad@example.com",
                            .mail_tls = "off",
                            .mail_ca = "",
                            .mail_user = "",
                            .mail_timeout = MINUTE};
    struct smtp *smtp = smtp_new(&config, NULL);
    const char *error;
    enum smtp_result got =
        smtp_send(smtp, "somebody@example.com",
                  span_text("Subject: x\r\n\r\nx\r\n"), &error);
    smtp_free(smtp);
    return got == expected;
}

static bool mail_with_a_lost_name(void) {
    return mail_to("smtp://mail.swallowed", SMTP_UNREACHABLE);
}

static bool mail_to_a_mute_one(void) {
    return mail_to(fake_smtp_url(mute), SMTP_UNREACHABLE);
}

static bool database_with_a_lost_name(void) {
    struct db *db = db_open("host=db.swallowed dbname=x", "tests");
    bool failed = db_connect(db) == RETRY;
    db_close(db);
    return failed;
}

static bool database_that_is_busy(void) {
    struct db *db = db_open(conninfo, "tests");
    bool failed = db_script(db, "select pg_sleep(60)") == RETRY;
    db_close(db);
    return failed;
}

static bool cut_off(void) {
    while (!ending_leaves_peers())
        usleep(10000);
    db_cut_all();
    return true;
}

/* ---- the tests ---- */

static void a_lost_name_costs_the_timeout(void **state) {
    (void)state;
    struct waited all[] = {
        {.name = "a lost name",
         .wait = client_with_a_lost_name,
         .least = SECOND,
         .most = SECOND},
        {.name = "a lost name beside",
         .wait = client_with_a_lost_name_beside,
         .least = 0,
         .most = 0},
    };
    wait_for_all(all, sizeof all / sizeof *all);
}

static void the_end_shortens_waits(void **state) {
    (void)state;
    static const instant soon = ENDING_PEERS, most = ENDING_OWN;
    struct waited all[] = {
        {.name = "a mute CSP",
         .wait = client_of_a_mute_one,
         .least = soon,
         .most = soon},
        {.name = "a mute mail server",
         .wait = mail_to_a_mute_one,
         .least = soon,
         .most = soon},
        {.name = "a lost mail server",
         .wait = mail_with_a_lost_name,
         .least = soon,
         .most = soon},
        {.name = "a lost database",
         .wait = database_with_a_lost_name,
         .least = most,
         .most = most},
        {.name = "a busy database",
         .wait = database_that_is_busy,
         .least = soon,
         .most = soon},
        {.name = "who cuts off", .wait = cut_off, .least = soon, .most = soon},
    };
    ending_begin();
    wait_for_all(all, sizeof all / sizeof *all);
}

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    conninfo = pg_tracking_database();
    csp = fake_csp_start();
    mute = fake_smtp_start("127.0.0.1");
    fake_smtp_script(mute, "hang");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lost_name_costs_the_timeout),
        cmocka_unit_test(the_end_shortens_waits),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fake_smtp_stop(mute);
    fake_csp_stop(csp);
    return failed;
}
