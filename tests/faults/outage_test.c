/*
 * What fotad says while its database is away: one line at the beginning, one a
 * minute, one at the end; not one of every worker that meets it.
 *
 *   SECONDS  of the outage (20)
 */
#include "support/campaign.h"
#include "support/check.h"
#include "support/cutter.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LINES = 8, MOST_TEXT = 1024 * 1024 };

/* Lines of fotad's log from octet `from` on but for those of each request;
 * each is printed. */
static size_t lines_since(const struct campaign *c, long from) {
    static char text[MOST_TEXT];
    FILE *file = fopen(scenario_path(c->scenario, "fotad.log"), "r");
    assert_non_null(file);
    fseek(file, from, SEEK_SET);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    size_t count = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (!strstr(line, " request.answered ") && ++count <= 200)
            print_message("%s\n", line);
    return count;
}

static long log_length(const struct campaign *c) {
    FILE *file = fopen(scenario_path(c->scenario, "fotad.log"), "r");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    long length = ftell(file);
    fclose(file);
    return length;
}

static void a_database_that_is_away_is_said_once(void **state) {
    (void)state;
    size_t seconds = campaign_number("SECONDS", 20);
    struct campaign *c =
        campaign_open((struct scenario_wish){.lines = true}, 100, 10);
    for (int i = 0; i < 3; i++)
        campaign_send(c, true);
    long before = log_length(c);
    cutter_cut(c->scenario->lines[LINE_TO_DATABASE], CUT_RESET);
    instant end = clock_elapsed() + (instant)seconds * SECOND;
    while (clock_elapsed() < end) {
        campaign_send(c, true);
        usleep(200000);
    }
    cutter_cut(c->scenario->lines[LINE_TO_DATABASE], CUT_WELL);
    scenario_logged(c->scenario, "db.there_again", "[database] conninfo");
    size_t count = lines_since(c, before);
    campaign_close(c, "the database was away");
    assert_true(count <= MOST_LINES + seconds / 60);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_that_is_away_is_said_once),
    };
    return scenario_tests(tests, NULL, NULL);
}
