/* fotactl import thresholds, thresholds and quarantine (requirement A7). */
#include "support/check.h"
#include "support/tool.h"

#include <jansson.h>
#include <string.h>

#define HEADER                                                                 \
    "user_id,service_reference_variant,period_seconds,warning,quarantine\n"
#define USER_1 "90-B3-D5-1F-30-01-00-00"
#define STRANGER "90-B3-D5-1F-30-09-09-09"
#define USER_2 "90-B3-D5-1F-30-02-00-00"

static const char thresholds_sql[] =
    "select coalesce(eui64_text(one_user(user_id)), '-'),"
    " service_reference_variant, period_seconds, coalesce(warning::text, '-'),"
    " coalesce(quarantine::text, '-') from volume_threshold order by user_id,"
    " service_reference_variant";

static void put(struct tool *tool, const char *text) {
    tool_file(tool, "thresholds.csv", span_text(text));
}

static void expect_out(struct tool *tool, const char *out) {
    assert_string_equal((char *)tool->out.data, out);
}

/* ---- import ---- */

static void lines_become_thresholds(void **state) {
    struct tool *tool = *state;
    put(tool, HEADER "90-b3-d5-1f-30-01-00-00,11.4,86400,40000,50000\n" USER_1
                     ",11.1,3600,,100\n"
                     ",11.4,86400,60000,\n");
    tool_expect(tool, "import thresholds @thresholds.csv", 0, "");
    expect_out(tool, "thresholds: 3 loaded: 3 added, 0 updated, 0 removed, 0 "
                     "as before.\n");
    tool_expect_rows(tool, thresholds_sql,
                     "-|11.4|86400|60000|-\n" USER_1 "|11.1|3600|-|100\n" USER_1
                     "|11.4|86400|40000|50000");
    put(tool,
        HEADER USER_1 ",11.4,86400,40000,45000\n" USER_2 ",11.4,60,0,0\n");
    tool_expect(tool, "import thresholds @thresholds.csv", 0, "");
    expect_out(tool, "thresholds: 2 loaded: 1 added, 1 updated, 0 removed, 0 "
                     "as before.\n");
    tool_expect(tool, "import thresholds @thresholds.csv --replace", 0, "");
    expect_out(tool, "thresholds: 2 loaded: 0 added, 0 updated, 2 removed, 2 "
                     "as before.\n");
    tool_expect_rows(tool, thresholds_sql,
                     USER_1 "|11.4|86400|40000|45000\n" USER_2 "|11.4|60|0|0");
    /* who did it is on record: three new, one changed, one new, two gone */
    tool_expect_rows(tool,
                     "select change, count(*), bool_and(person like"
                     " 'fotactl:%') from volume_threshold_change group by 1"
                     " order by 1",
                     "removed|2|t\nset|5|t");
    tool_expect_rows(
        tool,
        "select code, count(*) from sat_entry where kind ="
        " 'person' and person like 'fotactl:%' group by 1"
        " order by 1",
        "import thresholds|3\nthreshold removed|2\nthreshold set|5");
    put(tool, HEADER);
    tool_expect(tool, "import thresholds @thresholds.csv --replace", 0, "");
    tool_expect_rows(tool, thresholds_sql, "");
}

#define REFUSED_FOR(line, column, reason)                                      \
    {                                                                          \
        line, "fotactl: @thresholds.csv:2: column " column ": " reason         \
              "; correct the file and import it again: nothing was loaded\n"   \
    }

static void a_bad_line_is_named(void **state) {
    static const struct {
        const char *line, *err;
    } rows[] = {
        REFUSED_FOR("x,11.4,60,1,2", "user_id",
                    "'x' is not an EUI-64 such as 00-DB-12-34-56-78-90-A0"),
        REFUSED_FOR(",11.5,60,1,2", "service_reference_variant",
                    "'11.5' is not one of 8.2, 11.1, 11.2, 11.3, 11.4"),
        REFUSED_FOR(",,60,1,2", "service_reference_variant",
                    "must not be empty"),
        REFUSED_FOR(",11.4,0,1,2", "period_seconds",
                    "'0' is not a number of seconds from 1 to 31622400"),
        REFUSED_FOR(",11.4,31622401,1,2", "period_seconds",
                    "'31622401' is not a number of seconds from 1 to 31622400"),
        REFUSED_FOR(",11.4,1h,1,2", "period_seconds",
                    "'1h' is not a number of seconds from 1 to 31622400"),
        REFUSED_FOR(",11.4,60,-1,2", "warning",
                    "'-1' is not a number of devices such as 50000"),
        REFUSED_FOR(",11.4,60,1,2147483648", "quarantine",
                    "'2147483648' is not a number of devices such as 50000"),
        REFUSED_FOR(",11.4,60,1,99999999999999999999", "quarantine",
                    "'99999999999999999999' is not a number of devices such as "
                    "50000"),
        REFUSED_FOR(",11.4,60,3,2", "quarantine",
                    "must not be lower than warning"),
        REFUSED_FOR(",11.4,60,,", "quarantine",
                    "must not be empty when warning is"),
    };
    struct tool *tool = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        snprintf(text, sizeof text, HEADER "%s\n", rows[i].line);
        put(tool, text);
        tool_expect(tool, "import thresholds @thresholds.csv", 1, rows[i].err);
    }
    put(tool, HEADER ",11.4,60,1,2\n,11.4,70,1,2\n");
    tool_expect(tool, "import thresholds @thresholds.csv", 1,
                "fotactl: @thresholds.csv:3: column user_id: '' is there "
                "twice: first in line 2; correct the file and import it again: "
                "nothing was loaded\n");
    tool_expect_rows(tool, thresholds_sql, "");
}

static int setup(void **state) {
    tool_setup(state);
    struct tool *tool = *state;
    tool_sql(tool, "insert into service_user (user_id, name, roles, status)"
                   " values ('" USER_1 "', 'One', '{IS}', 'active'),"
                   " ('" USER_2 "', 'Two', '{GS}', 'suspended')");
    return 0;
}

/* A User that is not registered: one that is mistyped would be watched by
 * nobody. */
static void strangers_have_no_thresholds(void **state) {
    struct tool *tool = *state;
    put(tool, HEADER USER_1 ",11.4,60,1,2\n" STRANGER ",11.4,60,1,2\n");
    tool_expect(tool, "import thresholds @thresholds.csv", 1,
                "fotactl: @thresholds.csv: there is no User " STRANGER
                ": import users first\n");
    tool_expect(
        tool, "thresholds set 11.4 --period 60s --warning 1 --user " STRANGER,
        1, "fotactl: there is no User " STRANGER ": import users first\n");
    tool_expect_rows(tool, thresholds_sql, "");
    /* those of a User that is gone can be removed */
    tool_expect(tool,
                "thresholds set 11.4 --period 60s --warning 1 --user " USER_2,
                0, "");
    tool_sql(tool, "delete from service_user");
    tool_expect(tool, "thresholds remove 11.4 --user " USER_2, 0, "");
}

/* ---- set, list, remove, history ---- */

static void one_is_set_and_removed(void **state) {
    struct tool *tool = *state;
    tool_expect(tool,
                "thresholds set 11.4 --user " USER_1
                " --period 24h --warning 10 --quarantine 20",
                0, "");
    expect_out(tool, "The threshold of " USER_1 " for 11.4 is set.\n");
    tool_expect(tool, "thresholds set 11.1 --period 7d --quarantine 5", 0, "");
    tool_expect(tool, "thresholds set 11.1 --period 90s --quarantine 0", 0, "");
    tool_expect_rows(tool, thresholds_sql,
                     "-|11.1|90|-|0\n" USER_1 "|11.4|86400|10|20");
    tool_expect(tool, "thresholds remove 11.1", 0, "");
    expect_out(tool, "The threshold of all Users for 11.1 is removed.\n");
    tool_expect(tool, "thresholds remove 11.1", 1,
                "fotactl: there is no such threshold; see fotactl thresholds "
                "list\n");
    tool_expect_rows(tool,
                     "select change, coalesce(eui64_text(one_user(user_id)),"
                     " '-'), period_seconds, person like 'fotactl:%' from"
                     " volume_threshold_change order by change_no",
                     "set|" USER_1 "|86400|t\nset|-|604800|t\nset|-|90|t\n"
                     "removed|-|90|t");
    tool_expect(tool, "thresholds history --limit 1 --json", 0, "");
    json_t *list = json_loads((char *)tool->out.data, 0, NULL);
    const json_t *row = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(row, "change")),
                        "removed");
    assert_true(json_is_null(json_object_get(row, "userId")));
    json_decref(list);
}

static void what_is_asked_wrongly_is_said(void **state) {
    static const struct {
        const char *line, *err;
    } rows[] = {
        {"thresholds set 11.4 --quarantine 5",
         "say over how long it is counted: --period DURATION, such as 90s, "
         "15m, 24h or 30d"},
        {"thresholds set 11.4 --period 5 --quarantine 5",
         "say over how long it is counted: --period DURATION, such as 90s, "
         "15m, 24h or 30d"},
        {"thresholds set 11.4 --period 367d --quarantine 5",
         "say over how long it is counted: --period DURATION, such as 90s, "
         "15m, 24h or 30d"},
        {"thresholds set 11.4 --period 1h",
         "say a level: --warning N, --quarantine N or both"},
        {"thresholds set 11.4 --period 1h --warning 6 --quarantine 5",
         "--warning must not be higher than --quarantine"},
        {"thresholds set 11.4 --period 1h --warning -6",
         "--warning '-6' is not a number of devices"},
        {"thresholds set 12.4 --period 1h --warning 6",
         "'12.4' is not one of 8.2, 11.1, 11.2, 11.3 and 11.4"},
        {"thresholds set 11.4 --user x --period 1h --warning 6",
         "'x' is not an EUI-64 such as 00-DB-12-34-56-78-90-A0"},
        {"quarantine release 1", "say why: a reason of 1 to 500 characters"},
        {"quarantine reject x --reason because",
         "'x' is not the number of a held request"},
        {"quarantine list --state finished",
         "'finished' is no state; there are held, released and rejected"},
    };
    struct tool *tool = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char err[256];
        snprintf(err, sizeof err, "fotactl: %s\n", rows[i].err);
        tool_expect(tool, rows[i].line, 2, err);
    }
}

static void volumes_stand_beside_their_levels(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "insert into request_volume select '90b3d51f30010000', n, 1,"
                   " sha256(''), '11.4', now(), 4 from generate_series(1, 3) n;"
                   "insert into request_volume values ('90b3d51f30010000', 9,"
                   " 1, sha256(''), '11.4', now() - interval '25 h', 100)");
    tool_expect(tool,
                "thresholds set 11.4 --user " USER_1
                " --period 24h --warning 10 --quarantine 20",
                0, "");
    tool_expect(tool, "thresholds list --json", 0, "");
    json_t *list = json_loads((char *)tool->out.data, 0, NULL);
    const json_t *row = json_array_get(list, 0);
    assert_int_equal(json_integer_value(json_object_get(row, "volume")), 12);
    assert_string_equal(json_string_value(json_object_get(row, "state")),
                        "warning");
    json_decref(list);
    tool_expect(tool, "thresholds list --user " USER_2, 0, "");
    expect_out(tool, "There is none.\n");
}

/* ---- held requests ---- */

static const char held_sql[] =
    "insert into service_user values ('90b3d51f30010000', 'Acme', '{IS}',"
    " 'active', null, '5.4')"
    " on conflict (user_id) do update set name = 'Acme', status = 'active';"
    "insert into service_request (originator, target, counter, stage, used,"
    " service, service_reference_variant, command_variant, content, received,"
    " condition, response_code)"
    " select '90b3d51f30010000', '90b3d51f30000002', n, 1, true, 'serviceD',"
    " '11.4', 8, sha256(''), '2026-11-21', 'quarantined', 'I99'"
    " from generate_series(1, 3) n;"
    "insert into held_request (request_no, breach, devices, volume, quarantine,"
    " period_seconds, held, body) select request_no, 'user', 5, 11, 10, 3600,"
    " '2026-11-21', 'x' from service_request order by request_no";

#define HELD(counter) USER_1 ":90-B3-D5-1F-30-00-00-02:" counter

static void held_requests_are_decided_on(void **state) {
    struct tool *tool = *state;
    tool_sql(tool, "%s", held_sql);
    tool_expect(tool, "quarantine release 1 --reason known", 0, "");
    expect_out(tool, "Request " HELD("1") " is released.\n");
    tool_expect(tool, "quarantine reject 2 --reason unknown", 0, "");
    expect_out(tool, "Request " HELD("2") " is rejected.\n");
    tool_expect(tool, "quarantine release 2 --reason x", 1,
                "fotactl: it was decided on 2 before; see fotactl quarantine "
                "list\n");
    tool_expect(tool, "quarantine release 7 --reason x", 1,
                "fotactl: no request was ever held as 7; see fotactl "
                "quarantine list\n");
    tool_expect_rows(tool,
                     "select hold_no, state, person like 'fotactl:%', reason,"
                     " ended is not null from held_request order by 1",
                     "1|released|t|known|f\n2|rejected|t|unknown|t\n"
                     "3|held|||f");
    tool_expect_rows(tool,
                     "select code, detail, person like 'fotactl:%' from"
                     " sat_entry where kind = 'quarantine' order by entry_no",
                     "released|1: known|t\nrejected|2: unknown|t");
    tool_expect_rows(tool, "select code, response_code, request_no from alert",
                     "ResponseMessage|E71|2");
}

static void held_requests_are_listed(void **state) {
    static const struct {
        const char *line;
        const char *ids; /* the newest first */
    } rows[] = {
        {"quarantine list --json", "3 2 1"},
        {"quarantine list --json --state held", "3 1"},
        {"quarantine list --json --state rejected", "2"},
        {"quarantine list --json --limit 2", "3 2"},
        {"quarantine list --json --user " USER_1, "3 2 1"},
        {"quarantine list --json --user " USER_2, ""},
    };
    struct tool *tool = *state;
    tool_sql(tool, "%s", held_sql);
    tool_expect(tool, "quarantine reject 2 --reason unknown", 0, "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tool_expect(tool, rows[i].line, 0, "");
        json_t *list = json_loads((char *)tool->out.data, 0, NULL), *row;
        char ids[32] = "";
        size_t k;
        json_array_foreach(list, k, row) {
            size_t len = strlen(ids);
            snprintf(ids + len, sizeof ids - len, "%s%d", len ? " " : "",
                     (int)json_integer_value(json_object_get(row, "id")));
        }
        assert_string_equal(ids, rows[i].ids);
        json_decref(list);
    }
    tool_expect(tool, "quarantine list", 0, "");
    assert_non_null(strstr((char *)tool->out.data, "Acme"));
    assert_non_null(strstr((char *)tool->out.data, HELD("3")));
}

#define TEST(function)                                                         \
    cmocka_unit_test_setup_teardown(function, setup, tool_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(lines_become_thresholds),
        TEST(a_bad_line_is_named),
        TEST(strangers_have_no_thresholds),
        TEST(one_is_set_and_removed),
        TEST(what_is_asked_wrongly_is_said),
        TEST(volumes_stand_beside_their_levels),
        TEST(held_requests_are_decided_on),
        TEST(held_requests_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
