/*
 * A year of `fotasim network`, steered, with 6 channels, a twentieth of the
 * size, one request of forty, played into fotad's tables in steps of three
 * hours (forecast_year.sql): nine of ten devices are done by the P90 of their
 * forecast, by CSP and type, and what the page says of that is what one counts
 * in the year itself. FORECAST_AGAIN=1 makes the later forecasts of each
 * request, too, which takes ten times as long.
 */
#include "house.h"

#include "fotasim/network.h"
#include "support/files.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <unistd.h>

static const char FIRST[] = "2031-01-06T00:00Z", LAST[] = "2032-02-06T00:00Z";

static void year_make(const char *path) {
    const struct network_options options = {.seed = 1,
                                            .scale = 20,
                                            .channels = 6,
                                            .jobs = 400,
                                            .gather = 15,
                                            .resend = 7,
                                            .steered = true,
                                            .log = path,
                                            .log_every = 40};
    struct network_tally *tally = network_run(&options);
    assert_non_null(tally);
    free(tally);
}

static void year_copy(struct house *h, const char *path) {
    PGconn *pg = (PGconn *)sql_connection(h->sql);
    char line[1 << 16];
    size_t length;
    FILE *log = fopen(path, "r");
    assert_non_null(log);
    PQclear(PQexec(pg, "copy year_log from stdin csv header"));
    while ((length = fread(line, 1, sizeof line, log)))
        assert_int_equal(PQputCopyData(pg, line, (int)length), 1);
    assert_int_equal(PQputCopyEnd(pg, NULL), 1);
    PGresult *result;
    while ((result = PQgetResult(pg)))
        PQclear(result);
    fclose(log);
}

static void year_play(struct house *h) {
    const char *again = getenv("FORECAST_AGAIN") ? "true" : "false";
    int64_t hours = sql_int(h->sql,
                            "select extract(epoch from '%s'::timestamptz -"
                            " '%s')::bigint / 3600",
                            LAST, FIRST);
    for (int64_t hour = 0; hour < hours; hour += 3)
        sql_do(h->sql,
               "select year_step(at, at + interval '3 hours'), year_forecast(at"
               " + interval '3 hours', %s) from (select '%s'::timestamptz +"
               " %jd * interval '1 hour' as at) x",
               again, FIRST, (intmax_t)hour);
}

/* By CSP and type, of forecasts of at least 1,000 devices. */
static void nine_of_ten_held(struct house *h) {
    print_message(
        "%s\n",
        sql_text(h->sql, "select string_agg(format('%%s %%s: %%s forecasts, by"
                         " P90 %%s of %%s devices, by P50 %%s', csp,"
                         " device_type, count, round(by_p90 / counted, 3),"
                         " counted, round(by_p50 / counted, 3)), E'\\n' order"
                         " by csp, device_type) from (select csp, device_type,"
                         " count(*), sum(counted) as counted, sum(by_p50) as"
                         " by_p50, sum(by_p90) as by_p90 from forecast where"
                         " counted > 0 and csp is not null group by 1, 2) x"));
    expect(h,
           "select count(*) || ' ' || count(*) filter (where share between 0.85"
           " and 0.95) from (select sum(by_p90) / sum(counted) as share from"
           " forecast where counted > 0 and csp is not null group by csp,"
           " device_type having sum(counted) > 1000) x",
           "6 6");
}

/* Counted in the year itself, which knows nothing of fotad's records. */
static void the_score_is_the_years(struct house *h) {
    expect(h,
           "with counted as (select f.forecast_no, count(*) as devices,"
           " count(*) filter (where t.over <= f.p90) as by_p90, count(*) filter"
           " (where t.over <= f.p50) as by_p50 from forecast f join year_try t"
           " using (request_no, csp, device_type) where f.counted > 0 and f.csp"
           " is not null group by 1) select count(*) filter (where (c.devices,"
           " c.by_p90, c.by_p50) <> (f.counted, f.by_p90, f.by_p50)) || ' of"
           " ' || (count(*) > 1000) from counted c join forecast f using"
           " (forecast_no)",
           "0 of true");
    expect(h,
           "select count(*) from (select csp, device_type, devices, by_p90,"
           " by_p50 from forecast_score(null, null, null, '2031-07-01Z')"
           " except select f.csp, f.device_type::text, count(*), count(*)"
           " filter (where t.over <= f.p90), count(*) filter (where t.over <="
           " f.p50) from forecast f join year_try t using (request_no, csp,"
           " device_type) where f.scored > '2031-06-01Z' and f.scored <="
           " '2031-07-01Z' group by 1, 2) x",
           "0");
    assert_true(sql_int(h->sql, "select count(*) from forecast_score(null,"
                                " null, null, '2031-07-01Z')") >= 4);
}

static void p90_holds_for_a_year(void **state) {
    struct house *h = *state;
    char path[] = "/tmp/fotad-year-XXXXXX";
    struct buffer functions = {0};
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    year_make(path);
    file_read("tests/housekeeping/forecast_year.sql", &functions);
    sql_do(h->sql, "%.*s", (int)functions.len, (char *)functions.data);
    buffer_free(&functions);
    year_copy(h, path);
    unlink(path);
    sql_do(h->sql, "select year_read()");
    year_play(h);
    nine_of_ten_held(h);
    the_score_is_the_years(h);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(p90_holds_for_a_year, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
