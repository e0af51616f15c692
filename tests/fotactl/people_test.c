/* fotactl account, reset, report and dry-run. */
#include "support/check.h"
#include "support/pg.h"
#include "support/tool.h"

#include "base/secret.h"
#include "duis/library.h"
#include "support/duis_signing.h"
#include "support/estate.h"
#include "tracking/transition.h"

#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *who(void) {
    static char text[128];
    snprintf(text, sizeof text, "fotactl:%s", getpwuid(getuid())->pw_name);
    return text;
}

static int setup(void **state) {
    tool_setup(state);
    return 0;
}

/* ---- accounts ---- */

struct account_case {
    const char *line;
    int status;
    const char *err; /* after "fotactl: " */
};

static const struct account_case account_cases[] = {
    {"account add dora", 2,
     "say which role: supplier, service_desk, auditor or administrator"},
    {"account add dora --role king", 2,
     "say which role: supplier, service_desk, auditor or administrator"},
    {"account add -dora --role auditor", 2, "there is no option -dora"},
    {"account add dora --role supplier", 1,
     "the EUI-64 of a supplier goes with the role supplier, and only with it"},
    {"account add dora --role auditor --supplier 90-B3-D5-1F-30-01-00-00", 1,
     "the EUI-64 of a supplier goes with the role supplier, and only with it"},
    {"account add dora --role supplier --supplier none", 2,
     "'none' is not an EUI-64 such as 00-DB-12-34-56-78-90-A0"},
    {"account add dora --role administrator", 0, NULL},
    {"account add dora --role administrator", 1,
     "there is an account dora already"},
    {"account role nobody --role auditor", 1, "there is no account nobody"},
    {"account role nobody --role none", 1, "there is no account nobody"},
    {"account role dora --role auditor", 1,
     "account dora is the last administrator that may act; name another first"},
    {"account role dora --role none", 1,
     "account dora is the last administrator that may act; name another first"},
    {"account token nobody", 1, "there is no account nobody"},
    {"account add anne --role supplier --supplier 90-B3-D5-1F-30-01-00-00", 0,
     NULL},
    {"account role anne --role none", 0, NULL},
    {"account role anne --role service_desk", 0, NULL},
    {"account list --role auditor", 2,
     "--role does not belong to 'account list'"},
};

static void accounts_are_kept(void **state) {
    struct tool *tool = *state;
    for (size_t i = 0; i < sizeof account_cases / sizeof *account_cases; i++) {
        const struct account_case *c = &account_cases[i];
        char err[256] = "";
        if (c->err)
            snprintf(err, sizeof err, "fotactl: %s\n", c->err);
        tool_expect(tool, c->line, c->status, err);
    }
    assert_int_equal(tool_run(tool, "account add .dora --role auditor"), 2);
    tool_expect_rows(tool,
                     "select name, role, active, supplier_id is null from"
                     " account order by name",
                     "anne|service_desk|t|t\ndora|administrator|t|t");
    tool_expect_rows(tool,
                     "select code, detail from sat_entry"
                     " where kind = 'person' order by entry_no",
                     "account added|dora administrator\n"
                     "account added|anne supplier 90-B3-D5-1F-30-01-00-00\n"
                     "account changed|anne supplier 90-B3-D5-1F-30-01-00-00"
                     " ended\n"
                     "account changed|anne service_desk");
    tool_expect_rows(tool,
                     "select distinct person from sat_entry"
                     " where kind = 'person'",
                     who());
}

/* Gives fotactl this as its stdin. */
static void type(struct tool *tool, const char *text) {
    char path[256];
    tool_file(tool, "stdin", span_text(text));
    snprintf(path, sizeof path, "%s/stdin", tool->directory);
    assert_non_null(freopen(path, "re", stdin));
}

/* ---- e-mail ---- */

static const struct account_case mail_cases[] = {
    {"account add anne --role auditor", 0, NULL},
    {"account add dora --role administrator", 0, NULL},
    {"account mail anne", 2, "say --mail ADDRESS, --wish LIST or both"},
    {"account mail nobody --mail a@@b", 1, "there is no account nobody"},
    {"account mail anne --wish quarantine", 1,
     "account anne has no e-mail address yet: give one as well"},
    {"account mail anne --mail anne", 1,
     "that is no e-mail address in ASCII; nothing was changed"},
    {"account mail anne --mail a@@b --wish everything", 2,
     "what may be told is request_finished, failure_share, quarantine, "
     "csp_silent, steering and alarm"},
    {"account mail anne --mail a@@b --wish request_finished,", 2,
     "what may be told is request_finished, failure_share, quarantine, "
     "csp_silent, steering and alarm"},
    {"account mail dora --mail a@@b --wish quarantine", 1,
     "account dora is an administrator and sees no requests: there is nothing "
     "to tell "
     "it"},
    {"account mail anne --mail anne@@example.org --wish "
     "failure_share,request_finished",
     0, NULL},
    {"account list --mail a@@b", 2, "--mail does not belong to 'account list'"},
};

static void an_account_is_told_what_it_wishes(void **state) {
    struct tool *tool = *state;
    for (size_t i = 0; i < sizeof mail_cases / sizeof *mail_cases; i++) {
        const struct account_case *c = &mail_cases[i];
        char err[256] = "";
        if (c->err)
            snprintf(err, sizeof err, "fotactl: %s\n", c->err);
        tool_expect(tool, c->line, c->status, err);
    }
    assert_string_equal((char *)tool->out.data, "");
    tool_expect(tool, "account list", 0, "");
    assert_non_null(strstr((char *)tool->out.data, "E-MAIL"));
    assert_non_null(
        strstr((char *)tool->out.data,
               "anne@example.org  request_finished,failure_share\n"));
    tool_expect(tool, "account mail anne --wish none", 0, "");
    tool_expect_rows(tool,
                     "select mail, count(kind) from account left join"
                     " notice_wish on account = name where name = 'anne'"
                     " group by mail",
                     "anne@example.org|0");
    tool_expect(tool, "account mail anne --wish quarantine", 0, "");
    tool_expect(tool, "account mail anne --mail none", 0, "");
    tool_expect_rows(tool,
                     "select mail is null, (select count(*) from notice_wish)"
                     " from account where name = 'anne'",
                     "t|0");
    tool_expect_rows(tool,
                     "select distinct person from sat_entry"
                     " where code = 'e-mail set'",
                     who());
}

static void a_password_comes_from_stdin(void **state) {
    struct tool *tool = *state;
    static const char err[] =
        "fotactl: a password has 12 to 256 octets; it is read from stdin, one "
        "line\n";
    tool_expect(tool, "account add dora --role auditor", 0, "");
    type(tool, "");
    tool_expect(tool, "account password dora", 1, err);
    type(tool, "too short\n");
    tool_expect(tool, "account password dora", 1, err);
    type(tool, "correct horse battery\n");
    tool_expect(tool, "account password dora", 0, "");
    type(tool, "correct horse battery\n");
    tool_expect(tool, "account password nobody", 1,
                "fotactl: there is no account nobody\n");
    const char *hash = sql_text(tool->sql, "select password from account");
    assert_memory_equal(hash, "$y$", 3);
    assert_true(password_fits("correct horse battery", hash));
    assert_false(password_fits("correct horse batterY", hash));
    assert_false(password_fits("correct horse battery", NULL));
}

static void a_token_is_shown_once(void **state) {
    struct tool *tool = *state;
    tool_expect(tool, "account add script --role auditor", 0, "");
    tool_expect(tool, "account token script", 0, "");
    assert_int_equal(tool->out.len, TOKEN_TEXT_LEN + 1);
    char token[TOKEN_TEXT_LEN + 1];
    snprintf(token, sizeof token, "%s", (char *)tool->out.data);
    char sql[256];
    snprintf(sql, sizeof sql,
             "select name from account where token = sha256('%s')", token);
    tool_expect_rows(tool, sql, "script");
    tool_expect(tool, "account token script --json", 0, "");
    tool_expect_rows(tool, sql, "");
    tool_expect(tool, "account list --json", 0, "");
    json_t *list = json_loads((char *)tool->out.data, 0, NULL);
    const json_t *first = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(first, "name")),
                        "script");
    assert_int_equal(json_integer_value(json_object_get(first, "tokens")), 1);
    assert_true(json_is_false(json_object_get(first, "hasPassword")));
    json_decref(list);
}

/* ---- reset ---- */

static void a_reset_says_what_came_of_it(void **state) {
    struct tool *tool = *state;
    pg_hand_over(tool->conninfo);
    tool_sql(tool,
             "insert into service_request (originator, target, counter, stage,"
             " used, service, service_reference_variant, command_variant,"
             " content, received) values ('90b3d51f30010000',"
             " '90b3d51f30000002', 7, 1, true, 'serviceD', '11.4', 8,"
             " sha256(''), '2026-11-21');"
             "insert into tracking_live (device_id, chf_id, request_no,"
             " last_updated, release_due, status, device_type, csp,"
             " responsible_supplier_ids) values ('00db1234567890a0',"
             " '00db1234567890a2', 1, '2026-11-21', '2999-01-01',"
             " 'AWAITING_CSP', 'PPMID', 'north', '{}')");
    tool_expect(tool, "reset 00-DB-12-34-56-78-90-A0", 2,
                "fotactl: say why: a reason of 1 to 500 characters\n");
    tool_expect(tool, "reset 00-DB-12-34-56-78-90-A1 --reason x", 1,
                "fotactl: 00-DB-12-34-56-78-90-A1 was never tracked: no "
                "firmware update of it is on record; one that the DSP refused "
                "is seen in its request\n");
    tool_expect(tool, "reset 00-DB-12-34-56-78-90-A0 --reason stuck", 0, "");
    assert_string_equal((char *)tool->out.data,
                        "00-DB-12-34-56-78-90-A0 is reset; it was in request "
                        "90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:7."
                        "\n");
    tool_expect(tool, "reset 00-DB-12-34-56-78-90-A0 --reason x", 1,
                "fotactl: no firmware update of 00-DB-12-34-56-78-90-A0 is in "
                "progress; see fotactl status\n");
    tool_expect_rows(tool,
                     "select code, detail from sat_entry where kind = 'reset'",
                     "RESET_BY_DCC|stuck");
    tool_expect_rows(tool, "select person from sat_entry where kind = 'reset'",
                     who());
    tool_expect_rows(tool, "select status from tracking_history",
                     "RESET_BY_DCC");
}

/* ---- report ---- */

static void the_report_is_for_people_and_machines(void **state) {
    struct tool *tool = *state;
    tool_expect(tool, "report rsat-004 --from 2026-03-01 --to 2026-03-02", 0,
                "");
    assert_string_equal((char *)tool->out.data,
                        "Nothing was activated in that time.\n");
    tool_sql(tool,
             "insert into service_user values ('90b3d51f30010000',"
             " 'Supplier A', '{IS}', 'active');"
             "insert into service_request (originator, target, counter, stage,"
             " used, service, service_reference_variant, command_variant,"
             " content, received) values ('90b3d51f30010000',"
             " '00db1234567890a0', 7, 2, true, 'serviceS', '11.3', 5,"
             " sha256(''), '2026-03-01');"
             "insert into device_command (request_no, device_id, device_type,"
             " chf_id, csp, originator, counter, message_code, state, created,"
             " next_try, ended, payload) values (1, '00db1234567890a0',"
             " 'HCALCS', '00db1234567890a2', 'north', '90b3d51f30010000', 7,"
             " 18, 'answered', '2026-03-01 10:00Z', '2026-03-01',"
             " '2026-03-01 10:05Z', 'x')");
    tool_expect(tool, "report rsat-004 --from 2026-03-01 --to 2026-03-02", 0,
                "");
    assert_string_equal(
        (char *)tool->out.data,
        "PERIOD      TYPE    REQUESTED  ANSWERED  FAILED  CANCELLED  UNDER "
        "WAY  FUTURE DATED  SUCCEEDED\n"
        "2026-03-01  HCALCS          1         1       0          0          "
        "0             0          0\n"
        "\n"
        "REQUEST                                            SENDER      DEVICE "
        "                  TYPE    REQUESTED                 EXECUTION  STATE "
        "    ENDED                     EXECUTED  RESULT\n"
        "90-B3-D5-1F-30-01-00-00:00-DB-12-34-56-78-90-A0:7  Supplier A  "
        "00-DB-12-34-56-78-90-A0  HCALCS  2026-03-01T10:00:00.000Z  -          "
        "answered  2026-03-01T10:05:00.000Z  -         -\n");
    tool_expect(tool,
                "report rsat-004 --from 2026-03-01 --to 2026-03-02 --json", 0,
                "");
    json_t *report = json_loads((char *)tool->out.data, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(report, "items")), 1);
    assert_int_equal(json_array_size(json_object_get(report, "summary")), 1);
    json_decref(report);
}

/* ---- dry run ---- */

static void write_request(struct tool *tool, const char *name,
                          const char *image_text, const eui64 *devices,
                          size_t count) {
    struct buffer image = {0}, text = {0};
    estate_image(span_text(image_text), false, &image);
    test_request_build(
        &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                               .request_id = "90-B3-D5-1F-30-01-00-00:"
                                             "90-B3-D5-1F-30-00-00-02:5000",
                               .image = buffer_span(&image),
                               .device_ids = devices,
                               .device_id_count = count},
        &text);
    tool_file(tool, name, buffer_span(&text));
    buffer_free(&image);
    buffer_free(&text);
}

static void load_estate(struct tool *tool) {
    estate_load(tool->sql);
    tool_sql(tool, "insert into service_user values ('90b3d51f30010000',"
                   " 'Supplier A', '{IS,GS}', 'active')");
    tool_file(tool, "csp.conf", span_text(""));
}

static void a_dry_run_says_what_would_be_answered(void **state) {
    struct tool *tool = *state;
    load_estate(tool);
    const eui64 devices[] = {PPMID(PLAIN), PPMID(OF_B)};
    write_request(tool, "some.xml", FOR_ALL, devices, 2);
    write_request(tool, "none.xml", "on no list", devices, 1);
    tool_file(tool, "bad.xml", span_text("<a>"));
    tool_expect(tool, "dry-run @missing.xml", 1,
                "fotactl: @missing.xml: No such file or directory\n");
    assert_int_equal(tool_run(tool, "dry-run @bad.xml"), 1);
    assert_non_null(strstr((char *)tool->err.data, "bad.xml:1:"));
    tool_expect(tool, "dry-run @none.xml", 0, "");
    assert_non_null(
        strstr((char *)tool->out.data, "It would be answered E110401: "));
    /* no [csp NAME] section: no region is served */
    tool_expect(tool, "dry-run @some.xml --json", 0, "");
    json_t *run = json_loads((char *)tool->out.data, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(run, "outcome")),
                        "every_device_failed");
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(run, "refused"),
                                        "invalidDeviceIdList")),
        2);
    json_decref(run);
    tool_expect_rows(tool,
                     "select (select count(*) from service_request),"
                     " (select count(*) from tracking)",
                     "0|0");
}

/* ---- the guard ---- */

static void rules_of_the_guard_are_set(void **state) {
    struct tool *tool = *state;
    static const struct account_case cases[] = {
        {"guard set sent_again", 2, "usage: fotactl guard set RULE MODE"},
        {"guard set sent_again warn", 2,
         "say why: a reason of 1 to 500 characters"},
        {"guard set no_such warn --reason x", 2,
         "the guard has no rule 'no_such': fotactl guard list has them"},
        {"guard set sent_again maybe --reason x", 2,
         "a rule is one of off, warn and refuse"},
        {"guard set sent_again warn --level none --reason x", 2,
         "--level: 'none' is not a number from 1 to 1000000"},
        {"guard set sent_again warn --user 00-00-00-00-00-00-00-01 --reason x",
         1, "there is no such User: import users first"},
        {"guard set sent_again warn --list here --reason x", 2,
         "a list is one of invalid, not_commissioned, not_applicable, "
         "in_progress and gbcs_version"},
        {"guard set sent_again refuse --level 7 --reason agreed", 0, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char err[256] = "";
        if (cases[i].err)
            snprintf(err, sizeof err, "fotactl: %s\n", cases[i].err);
        tool_expect(tool, cases[i].line, cases[i].status, err);
    }
    assert_int_equal(tool_run(tool, "guard list --csv"), 0);
    assert_non_null(strstr((const char *)tool->out.data,
                           "\nsame_version,,,off,,,not_applicable,"));
    assert_non_null(strstr((const char *)tool->out.data,
                           "\nsent_again,,,refuse,7,days,in_progress,"));
    sql_expect(tool->sql,
               "sent_again|refuse, 7 days, list in_progress: agreed|t",
               "select code, detail, person = '%s' from sat_entry"
               " where kind = 'guard'",
               who());
}

/* ---- alarms ---- */

static void alarms_are_listed_and_their_rules_set(void **state) {
    struct tool *tool = *state;
    static const struct account_case cases[] = {
        {"alarms set csp_silent", 2, "usage: fotactl alarms set RULE on|off"},
        {"alarms set csp_silent on", 2,
         "say why: a reason of 1 to 500 characters"},
        {"alarms set no_such on --reason x", 1,
         "there is no rule 'no_such' of alarms: fotactl alarms rules has them"},
        {"alarms set csp_silent maybe --reason x", 2,
         "a rule of alarms is set on or off"},
        {"alarms set csp_silent on --threshold none --reason x", 2,
         "--threshold: 'none' is not a number from 1 to 1000000"},
        {"alarms set breaker on --threshold 3 --reason x", 2,
         "rule breaker has no threshold, or a number from 1 on is wanted"},
        {"alarms --state lost", 2,
         "'lost' is no state; there are standing and ended"},
        {"alarms set csp_silent on --threshold 60 --reason agreed", 0, NULL},
        {"alarms set breaker off --reason agreed", 0, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char err[256] = "";
        if (cases[i].err)
            snprintf(err, sizeof err, "fotactl: %s\n", cases[i].err);
        tool_expect(tool, cases[i].line, cases[i].status, err);
    }
    sql_expect(tool->sql,
               "csp_silent|on, 60 minutes: agreed|t\n"
               "breaker|off: agreed|t",
               "select code, detail, person = '%s' from sat_entry"
               " where kind = 'alarm' order by entry_no",
               who());
    sql_do(tool->sql,
           "insert into alarm (rule, about, csp, since, until, count, why)"
           " values ('csp_silent', 'south', 'south', '2031-05-01',"
           " '2031-05-02', 1, 'it was'), ('csp_silent', 'north', 'north',"
           " '2031-05-03', null, 2, 'it is')");
    assert_int_equal(tool_run(tool, "alarms rules --csv"), 0);
    assert_non_null(strstr((const char *)tool->out.data,
                           "\ncsp_silent,A CSP is silent,true,60,minutes,1,"));
    assert_int_equal(tool_run(tool, "alarms --state standing --csv"), 0);
    assert_non_null(strstr((const char *)tool->out.data,
                           "\n2,csp_silent,A CSP is silent,north,,north,,,,"
                           "2031-05-03T00:00:00.000Z,,2,it is,Ask the CSP"));
    assert_null(strstr((const char *)tool->out.data, "south"));
    assert_int_equal(tool_run(tool, "alarms --until 2031-05-02"), 0);
    assert_non_null(strstr((const char *)tool->out.data, "south"));
    assert_null(strstr((const char *)tool->out.data, "north"));
}

/* ---- outcomes and neighbours ---- */

static void outcomes_are_had_as_text_json_and_csv(void **state) {
    struct tool *tool = *state;
    static const struct account_case cases[] = {
        {"report outcomes --by year", 2, "--by: one of month, week and day"},
        {"report outcomes --user none", 2,
         "'none' is not an EUI-64 such as 00-DB-12-34-56-78-90-A0"},
        {"report neighbours --by day", 2,
         "--by does not belong to 'report neighbours'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char err[256];
        snprintf(err, sizeof err, "fotactl: %s\n", cases[i].err);
        tool_expect(tool, cases[i].line, cases[i].status, err);
    }
    assert_int_equal(tool_run(tool, "report outcomes"), 0);
    assert_string_equal((const char *)tool->out.data,
                        "Nothing was counted in that time.\n");
    sql_do(tool->sql,
           "insert into outcome_look (day, looked) values"
           " ('2031-05-05', '2031-05-06'), ('2031-05-12', '2031-05-13');"
           "insert into outcome_day select day, '90b3d51f30010000', 'north',"
           " 'PPMID', 4626, 2, 1, '\\x00000007', 12, 9, 1, 2 from outcome_look;"
           "insert into neighbour_day select day, '90b3d51f30010000', 3, 2, 4,"
           " 1, 12, 6, 5, 4 from outcome_look");
    assert_int_equal(tool_run(tool, "report outcomes --by week --csv"
                                    " --from 2031-05-01 --to 2031-06-01"),
                     0);
    assert_string_equal(
        (const char *)tool->out.data,
        "period,deviceType,manufacturerId,modelId,hardwareVersion,"
        "firmwareVersion,devices,succeeded,failed,inProgress,share,low,high\n"
        "2031-05-12,PPMID,1212,0002,01,00000007,12,9,1,2,0.100000,0.017876,"
        "0.404150\n"
        "2031-05-05,PPMID,1212,0002,01,00000007,12,9,1,2,0.100000,0.017876,"
        "0.404150\n");
    assert_int_equal(tool_run(tool, "report outcomes --json --from 2031-05-01"
                                    " --to 2031-06-01"),
                     0);
    assert_non_null(strstr((const char *)tool->out.data, "\"failed\": 2,"));
    assert_non_null(strstr((const char *)tool->out.data, "\"share\": 0.1,"));
    assert_int_equal(tool_run(tool, "report neighbours --csv"
                                    " --from 2031-05-12 --to 2031-05-13"),
                     0);
    assert_non_null(strstr((const char *)tool->out.data,
                           "\n90-B3-D5-1F-30-01-00-00,,3,2,4,1,12,6,0.500000,"
                           "0.253782,0.746218,5,4,0,0\n"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tool_teardown)
    const struct CMUnitTest tests[] = {
        TEST(accounts_are_kept),
        TEST(an_account_is_told_what_it_wishes),
        TEST(a_password_comes_from_stdin),
        TEST(a_token_is_shown_once),
        TEST(a_reset_says_what_came_of_it),
        TEST(the_report_is_for_people_and_machines),
        TEST(a_dry_run_says_what_would_be_answered),
        TEST(rules_of_the_guard_are_set),
        TEST(alarms_are_listed_and_their_rules_set),
        TEST(outcomes_are_had_as_text_json_and_csv),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
