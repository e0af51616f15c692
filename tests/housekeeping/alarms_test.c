/*
 * Alarms (sql/alarm.sql): what each rule speaks of, from when on, that it is
 * told once when it begins and once when it ends, and that it ends by itself.
 */
#include "house.h"

#define DAY_20 "2031-05-20T12:00:00Z"
#define USER "90b3d51f30010000"

static const char functions[] =
    "create function device(integer) returns macaddr8 language sql return"
    " ('00db1200' || lpad(to_hex($1), 8, '0'))::macaddr8;"
    "insert into service_user (user_id, name, roles, status) values"
    " ('" USER "', 'One', '{IS}', 'active');"
    "insert into account (name, role, mail, supplier_id, created) values"
    " ('dora', 'service_desk', 'dora@example.org', null, '2031-01-01'),"
    " ('otto', 'auditor', 'otto@example.org', null, '2031-01-01'),"
    " ('ann', 'supplier', 'ann@example.org', '" USER "', '2031-01-01')";

static int begin(void **state) {
    setup(state);
    struct house *h = *state;
    sql_do(h->sql, "%s", functions);
    h->config.mail_server = "smtp://mail.example.org";
    h->config.mail_screens = "https://fotad.example.org";
    return 0;
}

/* An accepted 11.4 or, for an ESME, 11.1; returns its number. */
static int request(struct house *h, const char *received, int accepted) {
    static uint64_t counter;
    counter++;
    return atoi(sql_text(
        h->sql,
        "insert into service_request (originator, target, counter, stage,"
        " used, service, service_reference_variant, command_variant, content,"
        " received, firmware_version, manufacturer_image_hash, image_id,"
        " condition, response_code, listed, accepted) values ('" USER "',"
        " '90b3d51f30000002', %ju, 1, true, 'serviceD', '11.4', 8,"
        " sha256('body'), '%s', '\\x00000007', sha256('%ju'), sha256('i'),"
        " 'accepted', 'I99', %d, %d) returning request_no",
        (uintmax_t)counter, received, (uintmax_t)counter, accepted, accepted));
}

/* An update of device n that ended so, in a request of its own. */
static int ended(struct house *h, int n, const char *released,
                 const char *status, const char *type) {
    int request_no = request(h, released, 1);
    sql_do(h->sql,
           "insert into tracking_history (device_id, chf_id, request_no,"
           " job_no, last_updated, released, status, device_type, csp)"
           " values (device(%d), device(1000), %d, 1, '%s', '%s', '%s', '%s',"
           " 'north')",
           n, request_no, released, released, status, type);
    return request_no;
}

/* What stands, each with its count: "device_failures 00-DB-... 3". */
#define STANDING                                                               \
    "select coalesce(string_agg(concat_ws(' ', rule, about, count), ', '"      \
    " order by alarm_no), 'nothing') from alarm where until is null"

static void standing(struct house *h, const char *now, const char *expected) {
    run(h, now);
    expect(h, STANDING, expected);
}

#define DEVICE_1 "00-DB-12-00-00-00-00-01"

/* ---- device_failures ---- */

static void a_device_fails_again_and_again(void **state) {
    struct house *h = *state;
    ended(h, 1, "2031-05-10T12:00Z", "FAILED_HAN_TRANSFER", "PPMID");
    ended(h, 1, "2031-05-11T12:00Z", "HAN_DISCARDED", "PPMID");
    ended(h, 2, "2031-05-11T12:00Z", "FAILED_CH_TRANSFER", "PPMID");
    standing(h, DAY_20, "nothing"); /* two in a row are none */
    int last = ended(h, 1, "2031-05-12T12:00Z", "FAILED_CH_TRANSFER", "PPMID");
    standing(h, "2031-05-20T12:05:00Z", "nothing"); /* it is not its time */
    standing(h, "2031-05-20T12:10:00Z", "device_failures " DEVICE_1 " 3");
    expect(
        h,
        "select concat_ws('|', device_id, request_no, since, why) from alarm",
        arena_printf(h->arena,
                     "00:db:12:00:00:00:00:01|%d|2031-05-20 12:10:00+00|Its"
                     " last 3 updates or activations failed, the last of"
                     " them 2031-05-12T12:00:00.000Z: FAILED_CH_TRANSFER",
                     last));
    /* it goes on: the same episode */
    ended(h, 1, "2031-05-13T12:00Z", "FAILED_CH_TRANSFER", "PPMID");
    standing(h, "2031-05-20T12:20:00Z", "device_failures " DEVICE_1 " 4");
    expect(h, "select count(*) from alarm", "1");
    /* an update that goes well ends it, and three more begin another one */
    ended(h, 1, "2031-05-14T12:00Z", "FIRMWARE_ACTIVATED", "PPMID");
    standing(h, "2031-05-20T12:30:00Z", "nothing");
    expect(h, "select until from alarm", "2031-05-20 12:30:00+00");
    ended(h, 1, "2031-05-15T12:00Z", "FAILED_CH_TRANSFER", "PPMID");
    ended(h, 1, "2031-05-16T12:00Z", "FAILED_CH_TRANSFER", "PPMID");
    standing(h, "2031-05-20T12:40:00Z", "nothing");
    ended(h, 1, "2031-05-17T12:00Z", "FAILED_CH_TRANSFER", "PPMID");
    standing(h, "2031-05-20T12:50:00Z", "device_failures " DEVICE_1 " 3");
    expect(h, "select count(*) from alarm", "2");
}

/* What is heard late of one of them counts. */
static void a_failure_that_was_none_ends_it(void **state) {
    struct house *h = *state;
    for (int i = 0; i < 3; i++)
        ended(h, 1, arena_printf(h->arena, "2031-05-1%dT12:00Z", i),
              "APPROVED_FOR_DISTRIBUTION", "PPMID"); /* no word in time */
    standing(h, DAY_20, "device_failures " DEVICE_1 " 3");
    sql_do(h->sql, "update tracking_history set status = 'FIRMWARE_ACTIVATED'"
                   " where released = '2031-05-11T12:00Z'");
    standing(h, "2031-05-20T12:10:00Z", "nothing");
}

static void what_is_none_of_the_device(void **state) {
    struct house *h = *state;
    static const char *const none[] = {"REJECTED_BY_DSP", /* refused here */
                                       "AWAITING_CSP", /* its CSP was silent */
                                       "RESET_BY_DCC", "STOPPED_BY_DCC",
                                       "STOPPED_BY_SENDER"};
    enum { NONE = sizeof none / sizeof *none };
    for (int i = 0; i < NONE; i++) {
        ended(h, 1, arena_printf(h->arena, "2031-05-1%dT12:00Z", i), none[i],
              "PPMID");
        ended(h, 2, arena_printf(h->arena, "2031-05-1%dT12:00Z", i), none[i],
              "PPMID");
    }
    standing(h, DAY_20, "nothing");
    /* nor does it begin the row anew */
    ended(h, 2, "2031-05-09T12:00Z", "FAILED_CH_TRANSFER", "PPMID");
    ended(h, 2, "2031-05-12T13:00Z", "FAILED_CH_TRANSFER", "PPMID");
    ended(h, 2, "2031-05-18T12:00Z", "FAILED_CH_TRANSFER", "PPMID");
    standing(h, "2031-05-20T12:10:00Z",
             "device_failures 00-DB-12-00-00-00-00-02 3");
}

/* The image of that request is to be activated, and that comes of it: result 0
 * is success, null is no answer. */
static void activation(struct house *h, int n, int request_no, const char *when,
                       const char *result) {
    static int counter;
    sql_do(h->sql,
           "insert into device_command (request_no, device_id, device_type,"
           " chf_id, csp, originator, counter, message_code, state, created,"
           " next_try, ended, response_result, payload) select request_no,"
           " device(%d), 'ESME', device(1000), 'north', originator, %d, 18,"
           " case when %s is null then 'no_answer' else 'answered'"
           " end::command_state, '%s', '%s', '%s', %s, decode(repeat('00',"
           " 45), 'hex') || '\\x00120000000420' || manufacturer_image_hash from"
           " service_request where request_no = %d",
           n, ++counter, result, when, when, when, result, request_no);
}

/* An update that the device does not activate is its failure once, though it
 * was delivered well; and so is each command that it does not do. */
static void activations_count_too(void **state) {
    struct house *h = *state;
    int one = ended(h, 1, "2031-05-10T12:00Z", "ACTIVATION_FAILED", "ESME");
    activation(h, 1, one, "2031-05-10T13:00Z", "3");
    int two =
        ended(h, 1, "2031-05-11T12:00Z", "SUCCESSFUL_HAN_TRANSFER", "ESME");
    activation(h, 1, two, "2031-05-11T13:00Z", "1");
    activation(h, 1, two, "2031-05-11T14:00Z", "null"); /* no answer is none */
    standing(h, DAY_20, "nothing");
    activation(h, 1, two, "2031-05-11T15:00Z", "2");
    standing(h, "2031-05-20T12:10:00Z", "device_failures " DEVICE_1 " 3");
    expect(h, "select why like '%: ACTIVATION_FAILED' from alarm", "t");
    activation(h, 1, two, "2031-05-11T16:00Z", "0");
    standing(h, "2031-05-20T12:20:00Z", "nothing");
}

/* An update whose activation was not asked for is one attempt. */
static void a_delivered_update_went_well(void **state) {
    struct house *h = *state;
    ended(h, 1, "2031-05-10T12:00Z", "FAILED_HAN_TRANSFER", "ESME");
    ended(h, 1, "2031-05-11T12:00Z", "FAILED_HAN_TRANSFER", "ESME");
    ended(h, 1, "2031-05-12T12:00Z", "SUCCESSFUL_HAN_TRANSFER", "ESME");
    ended(h, 1, "2031-05-13T12:00Z", "FAILED_HAN_TRANSFER", "ESME");
    standing(h, DAY_20, "nothing");
}

/* ---- csp_silent ---- */

static void job(struct house *h, const char *csp, const char *ended_at,
                const char *reported) {
    sql_do(h->sql,
           "insert into csp_job (request_no, csp, device_type, devices,"
           " created, state, next_try, ended, reported) values (%d, '%s',"
           " 'PPMID', 1, '%s', 'handed_over', '%s', '%s', %s)",
           request(h, ended_at, 1), csp, ended_at, ended_at, ended_at,
           reported ? arena_printf(h->arena, "'%s'", reported) : "null");
}

static void a_csp_is_silent(void **state) {
    struct house *h = *state;
    h->config.tracking_timeout = 5 * DAY;
    job(h, "north", "2031-05-18T12:00Z", "2031-05-18T13:00Z");
    standing(h, DAY_20, "nothing"); /* it owes nothing */
    job(h, "north", "2031-05-20T12:00Z", NULL);
    job(h, "south", "2031-05-20T12:00Z", "2031-05-20T13:00Z");
    standing(h, "2031-05-21T11:59:59Z", "nothing");
    standing(h, "2031-05-21T12:00:00Z", "csp_silent north 1");
    expect(h, "select concat_ws('|', csp, why) from alarm",
           "north|1 job is with it, and neither a report nor an answer since "
           "2031-05-20T12:00:00.000Z");
    /* it takes another one, so it is not silent */
    job(h, "north", "2031-05-21T13:00Z", NULL);
    standing(h, "2031-05-21T13:01:00Z", "nothing");
    standing(h, "2031-05-22T13:00:00Z", "csp_silent north 2");
    /* after the window its devices are released; it stays silent */
    standing(h, "2031-05-27T13:00:00Z", "csp_silent north 2");
    expect(h, "select count(*) from csp_job where silent is not null", "2");
    /* once it is heard of, what was given up is waited for no more */
    job(h, "north", "2031-05-27T14:00Z", "2031-05-27T15:00Z");
    standing(h, "2031-05-30T12:00:00Z", "nothing");
    expect(h, "select count(*) from alarm", "2");
}

/* A CSP that cannot be reached takes nothing. */
static void a_csp_takes_nothing(void **state) {
    struct house *h = *state;
    sql_do(h->sql,
           "insert into csp_job (request_no, csp, device_type, devices,"
           " created, next_try, tries, last_error) values (%d, 'north',"
           " 'PPMID', 1, '2031-05-20T12:00Z', '2031-05-21T12:30Z', 24,"
           " 'connection refused')",
           request(h, "2031-05-20T12:00Z", 1));
    standing(h, "2031-05-21T11:59:00Z", "nothing");
    standing(h, "2031-05-21T12:00:00Z", "csp_silent north 1");
    sql_do(h->sql, "update csp_job set state = 'handed_over', last_error ="
                   " null, ended = '2031-05-21T12:30Z'");
    standing(h, "2031-05-21T12:31:00Z", "nothing");
}

/* ---- breaker, quarantine, undelivered ---- */

static void a_breaker_holds(void **state) {
    struct house *h = *state;
    int request_no = request(h, "2031-05-20T10:00Z", 100);
    sql_do(h->sql,
           "insert into steering (verb, state, request_no, person, reason,"
           " made) values ('hold', 'active', %d, 'ann', 'a person',"
           " '2031-05-20');"
           "insert into steering (verb, state, cause, request_no, csp, reason,"
           " made, outcomes, failed) values ('hold', 'active', 'failures', %d,"
           " 'north', '3 of 50 devices failed, more than 2 %%',"
           " '2031-05-20', 50, 3)",
           request_no, request_no);
    standing(h, DAY_20, "breaker order 2 3");
    expect(h, "select concat_ws('|', csp, request_no, why) from alarm",
           arena_printf(h->arena,
                        "north|%d|3 of 50 devices failed, more than 2 %%",
                        request_no));
    sql_do(h->sql, "update steering set state = 'done', ended ="
                   " '2031-05-20T12:30Z' where order_no = 2");
    standing(h, "2031-05-20T13:00:00Z", "nothing");
}

static void a_request_is_in_quarantine(void **state) {
    struct house *h = *state;
    int request_no = request(h, "2031-05-20T10:00Z", 0);
    sql_do(h->sql,
           "insert into held_request (request_no, breach, devices, volume,"
           " quarantine, period_seconds, held) values (%d, 'user', 100, 1000,"
           " 900, 86400, '2031-05-20T10:00Z')",
           request_no);
    run(h, DAY_20);
    expect(h, "select concat_ws('|', rule, count, why) from alarm",
           "quarantine|100|Its 100 devices come to 1000 in 24 hours, level 900"
           " of its sender; held since 2031-05-20T10:00:00.000Z");
    sql_do(h->sql, "update held_request set state = 'rejected', decided ="
                   " '2031-05-20T12:30Z', reason = 'r', ended ="
                   " '2031-05-20T12:30Z'");
    standing(h, "2031-05-20T12:31:00Z", "nothing");
}

static void a_user_does_not_take_its_messages(void **state) {
    struct house *h = *state;
    sql_do(h->sql, "insert into alert_lane (user_id, tries, last_error) values"
                   " ('" USER "', 3, 'connection refused');"
                   "insert into alert (user_id, code, created) values"
                   " ('" USER "', 'N61', '2031-05-20T12:00Z'),"
                   " ('" USER "', 'N61', '2031-05-20T14:00Z')");
    standing(h, "2031-05-20T15:59:59Z", "nothing");
    standing(h, "2031-05-20T16:00:00Z",
             "undelivered 90-B3-D5-1F-30-01-00-00 2");
    expect(h, "select why from alarm",
           "2 messages to One not delivered, the oldest of"
           " 2031-05-20T12:00:00.000Z; last answer: connection refused");
    /* one that was given up is not delivered */
    sql_do(h->sql, "update alert set state = 'given_up'");
    standing(h, "2031-05-20T16:01:00Z",
             "undelivered 90-B3-D5-1F-30-01-00-00 2");
    sql_do(h->sql, "delete from alert where created < '2031-05-20T13:00Z'");
    standing(h, "2031-05-20T16:02:00Z", "nothing");
}

/* ---- overdue_forecast ---- */

static const char devices_sql[] =
    "insert into tracking_live (device_id, chf_id, request_no, last_updated,"
    " release_due, status, device_type, csp, responsible_supplier_ids) select"
    " device(n), device(1000), %d, '2031-05-20', '2031-07-20',"
    " 'APPROVED_FOR_DISTRIBUTION', 'PPMID', 'north', '{}' from"
    " generate_series(1, 10) n";

static void forecast(struct house *h, int request_no, const char *made,
                     const char *p90) {
    sql_do(h->sql,
           "insert into forecast (request_no, made, first, devices, done,"
           " p50, p90) values (%d, '%s', false, 10, 0, '%s', '%s')",
           request_no, made, p90, p90);
}

static void a_request_is_later_than_its_forecast(void **state) {
    struct house *h = *state;
    int request_no = request(h, "2031-05-20T10:00Z", 10);
    sql_do(h->sql, devices_sql, request_no);
    sql_do(h->sql,
           "insert into forecast_watch values (%d, '2031-05-20',"
           " '2031-12-31')",
           request_no);
    /* what is said later does not make it earlier */
    forecast(h, request_no, "2031-05-20T10:00Z", "2031-05-21T12:00Z");
    forecast(h, request_no, "2031-05-21T10:00Z", "2031-05-29T12:00Z");
    standing(h, "2031-05-22T11:49:59Z", "nothing");
    run(h, "2031-05-22T12:00:00Z");
    expect(h, "select concat_ws('|', rule, request_no, count, why) from alarm",
           arena_printf(h->arena,
                        "overdue_forecast|%d|10|Nine of ten of its devices"
                        " were to be done by 2031-05-21T12:00:00.000Z; 0 of 10"
                        " are",
                        request_no));
    sql_do(h->sql, "with gone as (delete from tracking_live where device_id <="
                   " device(9) returning *) insert into tracking_history"
                   " (device_id, chf_id, request_no, job_no, last_updated,"
                   " released, status, device_type, csp, device_status,"
                   " device_time) select device_id, chf_id, request_no, 1,"
                   " '2031-05-22', '2031-05-22', 'FIRMWARE_ACTIVATED',"
                   " device_type, csp, 'FIRMWARE_ACTIVATED', '2031-05-22'"
                   " from gone");
    standing(h, "2031-05-22T12:10:00Z", "nothing");
}

/* Nobody has promised anything of the plan that it goes by now. */
static void a_plan_that_was_changed_begins_anew(void **state) {
    struct house *h = *state;
    int request_no = request(h, "2031-05-20T10:00Z", 10);
    sql_do(h->sql, devices_sql, request_no);
    sql_do(h->sql,
           "insert into forecast_watch values (%d, '2031-12-01',"
           " '2031-12-31');"
           "insert into request_plan (request_no, terms, said, made,"
           " next_look) values (%d, parse_plan('first 1'), 'first 1',"
           " '2031-05-21', '2031-12-31')",
           request_no, request_no);
    forecast(h, request_no, "2031-05-20T10:00Z", "2031-05-20T12:00Z");
    standing(h, "2031-05-23T12:00:00Z", "nothing");
    forecast(h, request_no, "2031-05-21T10:00Z", "2031-05-22T12:00Z");
    run(h, "2031-05-23T12:10:00Z");
    expect(h, "select rule from alarm", "overdue_forecast");
}

/* ---- told once ---- */

static void quarantine(struct house *h, int requests) {
    for (int i = 0; i < requests; i++)
        sql_do(h->sql,
               "insert into held_request (request_no, breach, devices, volume,"
               " quarantine, period_seconds, held) values (%d, 'user', 100,"
               " 1000, 900, 86400, '2031-05-20T10:00Z')",
               request(h, "2031-05-20T10:00Z", 0));
}

static void wish(struct house *h, const char *account) {
    expect(h,
           arena_printf(h->arena,
                        "select set_notices('%s', null, '{alarm}', '5 days',"
                        " 'me', '2031-05-01')",
                        account),
           "done");
}

static void each_is_told_once_in_each_direction(void **state) {
    struct house *h = *state;
    wish(h, "dora");
    wish(h, "otto");
    expect(h,
           "select set_notices('ann', null, '{alarm}', '5 days', 'me',"
           " '2031-05-01')",
           "not_staff");
    quarantine(h, 2);
    for (int i = 0; i < 3; i++)
        run(h, DAY_20);
    expect(h,
           "select string_agg(account || ' ' || kind || ' ' || alarm || ': '"
           " || subject, E'\\n' order by notice_no) from notice",
           "dora alarm quarantine: Alarm: A request is held by anomaly"
           " detection: 2 of them\n"
           "otto alarm quarantine: Alarm: A request is held by anomaly"
           " detection: 2 of them");
    expect(h,
           "select body like '%Its 100 devices come to 1000%release or reject"
           " it.%https://fotad.example.org/ssmi/alarms?rule=quarantine%asked"
           " to be told of alarms.%https://fotad.example.org/ssmi/mail%'"
           " from notice where account = 'dora'",
           "t");
    sql_do(h->sql, "update held_request set state = 'rejected', decided ="
                   " '2031-05-20T12:30Z', reason = 'r', ended ="
                   " '2031-05-20T12:30Z' where hold_no = 1");
    for (int i = 0; i < 3; i++)
        run(h, "2031-05-20T12:31:00Z");
    expect(h,
           "select string_agg(account || ': ' || regexp_replace(subject,"
           " '[0-9A-F-]{23}:.*', 'ID'), E'\\n' order by notice_no) from notice"
           " where notice_no > 2",
           "dora: Alarm over: A request is held by anomaly detection: ID\n"
           "otto: Alarm over: A request is held by anomaly detection: ID");
    expect(h,
           "select string_agg(code || ' ' || split_part(detail, ' ', 4), ', '"
           " order by entry_no) from sat_entry where kind = 'alarm'",
           "quarantine began:, quarantine began:, quarantine ended:");
}

/* Without a mail server there is no e-mail that would wait for one. */
static void without_a_mail_server_there_is_no_mail(void **state) {
    struct house *h = *state;
    h->config.mail_server = "";
    wish(h, "dora");
    quarantine(h, 1);
    run(h, DAY_20);
    expect(h, "select count(*) from alarm", "1");
    expect(h, "select count(*) from notice", "0");
}

/* ---- rules are data ---- */

static const char set[] = "select outcome from set_alarm_rule('%s', %s, %s,"
                          " 'root', 'too loud', '2031-05-20T11:00Z')";

static void a_rule_is_switched_off_and_on(void **state) {
    struct house *h = *state;
    quarantine(h, 1);
    run(h, DAY_20);
    expect(h, arena_printf(h->arena, set, "quarantine", "false", "null"),
           "done");
    standing(h, "2031-05-20T12:01:00Z", "nothing");
    expect(h, arena_printf(h->arena, set, "quarantine", "true", "null"),
           "done");
    run(h, "2031-05-20T12:02:00Z");
    expect(h, "select count(*) from alarm where until is null", "1");
    expect(h,
           "select string_agg(concat_ws('|', person, code, detail), ', '"
           " order by entry_no) from sat_entry where person is not null",
           "root|quarantine|off: too loud, root|quarantine|on: too loud");
}

static void a_threshold_is_set_and_counts_at_once(void **state) {
    struct house *h = *state;
    ended(h, 1, "2031-05-10T12:00Z", "FAILED_HAN_TRANSFER", "PPMID");
    ended(h, 1, "2031-05-11T12:00Z", "FAILED_HAN_TRANSFER", "PPMID");
    standing(h, DAY_20, "nothing");
    expect(h, arena_printf(h->arena, set, "device_failures", "true", "2"),
           "done");
    standing(h, "2031-05-20T12:01:00Z", "device_failures " DEVICE_1 " 2");
    expect(h, "select detail from sat_entry where person is not null",
           "on, 2 failures: too loud");
    expect(h, arena_printf(h->arena, set, "breaker", "true", "2"), "threshold");
    expect(h, arena_printf(h->arena, set, "csp_silent", "true", "0"),
           "threshold");
    expect(h, arena_printf(h->arena, set, "no_such", "true", "1"), "rule");
}

/* ---- time ---- */

static void in_doubt_nothing_begins_or_ends(void **state) {
    struct house *h = *state;
    static const char look[] =
        "select count(*) from alarm_rule r, watch_alarms(r.rule, true, '',"
        " '45 days', '2031-05-20T12:00Z')";
    quarantine(h, 1);
    sql_do(h->sql, "update clock_mark set doubt = 'gap', doubt_since = now()");
    expect(h, look, "0");
    expect(h, "select count(*) from alarm", "0");
    sql_do(h->sql, "update clock_mark set doubt = null, doubt_since = null");
    expect(h, look, "1");
    sql_do(h->sql, "update clock_mark set doubt = 'gap', doubt_since = now();"
                   " delete from held_request");
    expect(h, look, "0");
    expect(h, "select count(*) from alarm where until is null", "1");
}

/* Of a clock that was a year ahead nothing is left but that it was told. */
static void a_clock_that_was_ahead(void **state) {
    struct house *h = *state;
    job(h, "north", "2031-05-20T11:00Z", NULL);
    standing(h, "2032-05-20T12:00:00Z", "csp_silent north 1");
    sql_do(h->sql, "update csp_job set silent = null");
    standing(h, DAY_20, "nothing");
    expect(h, "select until = since from alarm", "t");
    for (int i = 0; i < 3; i++)
        ended(h, 1, arena_printf(h->arena, "2031-05-1%dT12:00Z", i),
              "FAILED_CH_TRANSFER", "PPMID");
    standing(h, "2031-05-20T12:10:00Z", "device_failures " DEVICE_1 " 3");
}

static void old_alarms_go(void **state) {
    struct house *h = *state;
    h->config.sat_retention = 30 * DAY;
    quarantine(h, 2);
    run(h, DAY_20);
    sql_do(h->sql, "update held_request set state = 'rejected', decided ="
                   " '2031-05-20T12:30Z', reason = 'r', ended ="
                   " '2031-05-20T12:30Z' where hold_no = 1");
    sql_run_for(h->sql, "29 days");
    run(h, "2031-06-18T12:00:00Z");
    expect(h, "select count(*) from alarm", "2");
    sql_run_for(h->sql, "2 days");
    run(h, "2031-06-20T12:00:00Z");
    /* what stands stays */
    expect(h, "select count(*) || ' ' || count(until) from alarm", "1 0");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_device_fails_again_and_again),
        TEST(a_failure_that_was_none_ends_it),
        TEST(what_is_none_of_the_device),
        TEST(activations_count_too),
        TEST(a_delivered_update_went_well),
        TEST(a_csp_is_silent),
        TEST(a_csp_takes_nothing),
        TEST(a_breaker_holds),
        TEST(a_request_is_in_quarantine),
        TEST(a_user_does_not_take_its_messages),
        TEST(a_request_is_later_than_its_forecast),
        TEST(a_plan_that_was_changed_begins_anew),
        TEST(each_is_told_once_in_each_direction),
        TEST(without_a_mail_server_there_is_no_mail),
        TEST(a_rule_is_switched_off_and_on),
        TEST(a_threshold_is_set_and_counts_at_once),
        TEST(in_doubt_nothing_begins_or_ends),
        TEST(a_clock_that_was_ahead),
        TEST(old_alarms_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
