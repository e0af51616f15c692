/*
 * What goes wrong around fotad: the database is full, read-only or has no
 * connection left, a name is not found, the other side
 * closes in the middle. Each has its behaviour, a log line that says what to
 * do, and a metric; once it is over everything goes on by itself, and the
 * account comes out right.
 */
#include "support/campaign.h"
#include "support/check.h"
#include "support/scenario_files.h"

#include "fotasim/estate.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEVICES = 40, BATCH = 10 };

static struct campaign *begin(void) {
    struct campaign *c =
        campaign_open((struct scenario_wish){.fotads = 0}, DEVICES, BATCH);
    campaign_send(c, true);
    return c;
}

/* Now no request is taken, and readiness may say why. */
static void is_refused(struct campaign *c) {
    size_t before = c->sent + c->read_count;
    campaign_send(c, true);
    assert_int_equal(c->sent + c->read_count, before);
}

/* ---- the database ---- */

/* What a server says whose disk is full, for every write of a request. */
static void disk_full(void **state) {
    (void)state;
    struct campaign *c = begin();
    scenario_tell(c->scenario,
                  "create function full_disk() returns trigger language plpgsql"
                  " as $$ begin raise exception 'could not extend file: No"
                  " space left on device' using errcode = '53100'; end $$;"
                  "create trigger full_disk before insert or update on"
                  " service_request execute function full_disk()");
    is_refused(c);
    scenario_logged(c->scenario, "db.trouble what=disk_full",
                    "make room on the database's disk");
    campaign_counted(c, "fotad_db_trouble_total{what=\"disk_full\"}");
    campaign_readiness(c, "disk_full", 503);
    scenario_tell(c->scenario, "drop trigger full_disk on service_request");
    campaign_goes_on(c);
    campaign_close(c, "disk full");
}

static void drop_connections(struct campaign *c) {
    scenario_tell(c->scenario,
                  "select pg_terminate_backend(pid) from pg_stat_activity"
                  " where datname = current_database()"
                  " and application_name like 'fotad%%'");
}

static void out_of_connections(void **state) {
    (void)state;
    enum { MOST = 400 };
    static PGconn *taken[MOST];
    struct campaign *c = begin();
    int count = 0;
    bool full = false;
    for (int round = 0; round < 10 && (!full || round < 2); round++) {
        drop_connections(c);
        for (full = false; count < MOST && !full; count++) {
            taken[count] = PQconnectdb(c->scenario->conninfo);
            full = PQstatus(taken[count]) != CONNECTION_OK;
        }
    }
    scenario_logged(c->scenario, "db.trouble what=out_of_connections",
                    "raise max_connections");
    campaign_counted(c, "fotad_db_trouble_total{what=\"out_of_connections\"}");
    while (count > 0)
        PQfinish(taken[--count]);
    PQreset(sql_connection(c->scenario->sql));
    campaign_goes_on(c);
    campaign_close(c, "out of connections");
}

static void read_only(void **state) {
    (void)state;
    struct campaign *c = begin();
    scenario_tell(c->scenario,
                  "do $$ begin execute format('alter database %%I set"
                  " default_transaction_read_only = on', current_database());"
                  " end $$");
    drop_connections(c);
    is_refused(c);
    scenario_logged(c->scenario, "db.trouble what=read_only",
                    "target_session_attrs=read-write");
    campaign_counted(c, "fotad_db_trouble_total{what=\"read_only\"}");
    campaign_readiness(c, "the database is read-only", 503);
    scenario_tell(c->scenario,
                  "set default_transaction_read_only = off;"
                  "do $$ begin execute format('alter database %%I reset"
                  " default_transaction_read_only', current_database());"
                  " end $$");
    campaign_goes_on(c);
    campaign_close(c, "read-only");
}

/* ---- names and connections ---- */

static void name_not_found(void **state) {
    (void)state;
    struct campaign *c = begin();
    struct scenario *s = c->scenario;
    scenario_tell(s,
                  "create table kept as select * from service_user;"
                  "update service_user set receive_url ="
                  " 'http://nowhere.invalid/' where user_id = '%016jx'",
                  (uintmax_t)sim_suppliers[1]);
    campaign_goes_on(c);
    scenario_logged(s, "delivery.failing", "resolve");
    scenario_logged(s, "delivery.failing", "its name in the DNS");
    unsigned status;
    const char *metrics = scenario_get(s, 0, "/metrics", &status);
    const char *failed = strstr(metrics, "\nfotad_user_messages_total{");
    assert_non_null(strstr(failed, "outcome=\"failed\"} "));
    scenario_tell(s, "update service_user u set receive_url = k.receive_url"
                     " from kept k where k.user_id = u.user_id");
    campaign_close(c, "a name that is not found");
}

/* The request is sent whole, and its sender is gone. */
static void send_and_go(struct campaign *c, struct span request) {
    struct scenario *s = c->scenario;
    const struct linger at_once = {.l_onoff = 1};
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)s->user_port),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(handle, (const struct sockaddr *)&to, sizeof to),
                     0);
    const char *head = arena_printf(
        s->arena,
        "POST /api/v1/serviceD HTTP/1.1\r\nHost: fotad\r\n"
        "Content-Type: application/xml\r\nContent-Length: %zu\r\n\r\n",
        request.len);
    assert_true(send(handle, head, strlen(head), MSG_NOSIGNAL) > 0);
    assert_true(send(handle, request.data, request.len, MSG_NOSIGNAL) > 0);
    setsockopt(handle, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    scenario_do(s, holds,
                "t select count(*) > 0 from pg_locks where not granted"
                " and relation = 'service_request'::regclass");
    close(handle); /* the request is worked on; its answer has to wait */
}

static void a_user_closes_before_its_answer(void **state) {
    (void)state;
    struct campaign *c = begin();
    struct scenario *s = c->scenario;
    c->request =
        scenario_update(s, 1, "ppmid-a-0A000003", s->bulk + c->sent, BATCH);
    scenario_tell(s, "begin; lock table service_request in exclusive mode");
    send_and_go(c, c->request);
    scenario_tell(s, "commit");
    scenario_logged(s, "http.answer_cut", "it may ask again");
    campaign_counted(c,
                     "fotad_http_answers_cut_total{listener=\"user_gateway\","
                     "route=\"POST /api/v1/serviceD\"}");
    campaign_send(c, false); /* the same again: the answer it has already */
    campaign_counted(c, "fotad_service_requests_total{variant=\"11.4\","
                        "condition=\"replayed\"}");
    campaign_close(c, "a User that closes before its answer");
}

static void users_and_csps_close_in_the_middle(void **state) {
    (void)state;
    struct campaign *c = begin();
    struct scenario *s = c->scenario;
    sim_users_fault(s->users, 0, (struct sim_fault){SIM_CLOSE, 0, 5});
    scenario_faults(s, "north",
                    "job cut - 1\nimage cut - 1\ncommand cut - 1\n");
    campaign_goes_on(c);
    campaign_goes_on(c);
    scenario_logged(s, "delivery.failing", "it is tried again by itself");
    scenario_logged(s, "csp.job", "outcome=again");
    campaign_counted(c,
                     "fotad_csp_tries_total{csp=\"north\",outcome=\"again\"}");
    campaign_close(c, "Users and a CSP that close in the middle");
}

int main(void) {
    if (!campaign_own_database())
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disk_full),
        cmocka_unit_test(out_of_connections),
        cmocka_unit_test(read_only),
        cmocka_unit_test(name_not_found),
        cmocka_unit_test(a_user_closes_before_its_answer),
        cmocka_unit_test(users_and_csps_close_in_the_middle),
    };
    return scenario_tests(tests, NULL, NULL);
}
