/* Alarms that a running fotad raises and ends by itself (sql/alarm.sql). */
#include "steps.h"
#include "support/fake_smtp.h"

#define STAND(rule, count)                                                     \
    { measures, "fotad_alarm_standing{rule=\"" rule "\"} " count }
/* A round of housekeeping that looks at every rule. */
#define LATER                                                                  \
    { clock_by, "11m" }

#define TAKES_IT_AND_IS_SILENT                                                 \
    {csp, "north job 202"}, {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"}, {  \
        holds, "1 select count(*) from csp_job where state = 'handed_over'"    \
    }

static void a_csp_is_silent(void **state) {
    (void)state;
    RUN(STAND("csp_silent", "0"), TAKES_IT_AND_IS_SILENT, {clock_by, "23h"},
        {holds, "0 select count(*) from alarm"}, {clock_by, "2h"},
        {logs, "alarm.began rule=csp_silent alarms=1 about=north"},
        STAND("csp_silent", "1"), LATER,
        {holds, "north-1 select about || '-' || count from alarm"},
        {reports, "north n1.ppmid"}, {is_told, "2 N59 n1.ppmid"}, LATER,
        {logs, "alarm.ended rule=csp_silent"}, STAND("csp_silent", "0"),
        {holds, "t select until > since from alarm"});
}

/* Whichever looks first. */
static void two_fotads_raise_it_once(void **state) {
    (void)state;
    static const struct scenario_wish two = {.fotads = 2};
    scenario_run(
        &two,
        (const struct scenario_step[]){
            TAKES_IT_AND_IS_SILENT,
            {clock_by, "25h"},
            {holds, "1 select count(*) from alarm where until is null"},
            LATER,
            LATER,
            {holds, "1 select count(*) from sat_entry where kind = 'alarm'"},
            {reports, "north n1.ppmid"},
            {is_told, "2 N59 n1.ppmid"},
            LATER,
            {holds, "2 select count(*) from sat_entry where kind = 'alarm'"},
            {holds, "1 select count(until) from alarm"},
            END});
}

/* Its hub says that the device did not take the image. */
#define FAILS(update, version)                                                 \
    {clock_by, "1h"}, ASKED(version), AT_HUB(update),                          \
        HUB_SAYS("8F89 3", version, update), {                                 \
        is, "n1.ppmid FAILED_HAN_TRANSFER"                                     \
    }

static void a_device_fails_three_times(void **state) {
    (void)state;
    RUN(QUIET, FAILS("#1", NEW), FAILS("#2", OTHER), LATER,
        {holds, "0 select count(*) from alarm"}, STAND("device_failures", "0"),
        FAILS("#3", NEW), LATER, {logs, "alarm.began rule=device_failures"},
        STAND("device_failures", "1"),
        {holds, "true-3 select (device_id = '{n1.ppmid}')::text || '-' ||"
                " count from alarm"},
        ASKED(OTHER), AT_HUB("#4"), PPMID_SAYS(OTHER),
        {is, "n1.ppmid FIRMWARE_ACTIVATED"}, LATER,
        {logs, "alarm.ended rule=device_failures"},
        STAND("device_failures", "0"));
}

static void a_user_is_down(void **state) {
    (void)state;
    RUN(QUIET, {users, "all down"},
        {sends, "1 11.4 " PPMID_IMAGE " n1.ppmid I99"},
        {holds, "1 select count(*) from alert where code = 'N59'"},
        {clock_by, "3h"}, {holds, "0 select count(*) from alarm"},
        {clock_by, "90m"}, {logs, "alarm.began rule=undelivered alarms=1"},
        STAND("undelivered", "1"), {users, "all up"}, {clock_by, "16m"},
        {is_told, "2 N59 n1.ppmid"}, LATER,
        {logs, "alarm.ended rule=undelivered"}, STAND("undelivered", "0"));
}

/* An auditor who wishes it hears of it when it begins and when it ends, and not
 * in between. */
static void it_is_told_by_email(void **state) {
    (void)state;
    struct fake_smtp *smtp = fake_smtp_start("127.0.0.1");
    char config[256];
    snprintf(config, sizeof config,
             "[mail]\nserver = %s\nfrom = fotad@dsp.example\n",
             fake_smtp_url(smtp));
    struct scenario_wish wish = {.config = config};
    scenario_run(
        &wish,
        (const struct scenario_step[]){
            {sql, "insert into account (name, role, mail, created) values"
                  " ('otto', 'auditor', 'otto@example.org', now());"
                  " insert into notice_wish values ('otto', 'alarm')"},
            TAKES_IT_AND_IS_SILENT,
            {clock_by, "25h"},
            {holds, "1 select count(*) from notice"},
            LATER,
            {holds, "1 select count(*) from notice where state = 'sent'"},
            LATER,
            {reports, "north n1.ppmid"},
            {is_told, "2 N59 n1.ppmid"},
            LATER,
            {holds, "2 select count(*) from notice"},
            LATER,
            {holds, "2 select count(*) from notice where state = 'sent'"},
            END});
    assert_true(fake_smtp_wait(smtp, 2));
    const struct fake_mail *first = fake_smtp_mail(smtp, 0);
    assert_string_equal(first->to, "otto@example.org");
    assert_string_equal(fake_mail_header(first, "Subject"),
                        "Alarm: A CSP is silent: north");
    assert_non_null(strstr(fake_mail_body(first), "Ask the CSP"));
    assert_string_equal(fake_mail_header(fake_smtp_mail(smtp, 1), "Subject"),
                        "Alarm over: A CSP is silent: north");
    assert_int_equal(fake_smtp_count(smtp), 2);
    fake_smtp_stop(smtp);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_csp_is_silent),
        cmocka_unit_test(two_fotads_raise_it_once),
        cmocka_unit_test(a_device_fails_three_times),
        cmocka_unit_test(a_user_is_down),
        cmocka_unit_test(it_is_told_by_email),
    };
    return scenario_tests(tests, NULL, NULL);
}
