#include "fotasim/network.h"
#include "fotasim/verbs.h"

#include <stdio.h>
#include <stdlib.h>

enum { MOST_COLUMNS = 4 };

/* As it was and steered, with each of the numbers of channels. */
static size_t columns_wish(const struct network_options *options,
                           const char *way,
                           struct network_options wishes[MOST_COLUMNS],
                           const char *names[MOST_COLUMNS]) {
    static const char *const known[2][2] = {{"as it was, 3", "steered, 3"},
                                            {"as it was, 6", "steered, 6"}};
    size_t count = 0;
    for (uint64_t channels = 3; channels <= 6; channels += 3)
        for (int steered = 0; steered < 2; steered++) {
            bool other = strcmp(way, steered ? "today" : "steered") == 0;
            if (other || (options->channels && options->channels != channels))
                continue;
            wishes[count] = *options;
            wishes[count].channels = channels;
            wishes[count].steered = steered;
            names[count++] = known[channels == 6][steered];
        }
    return count;
}

static bool columns_run(const struct network_options *wishes, size_t count,
                        struct network_column *columns) {
    for (size_t i = 0; i < count; i++) {
        columns[i].options = &wishes[i];
        columns[i].tally = network_run(&wishes[i]);
        if (!columns[i].tally)
            return false;
        fprintf(stderr, "fotasim: %s: done\n", columns[i].name);
    }
    return true;
}

int verb_network(int argc, char **argv) {
    struct network_options options = {.seed = 1,
                                      .scale = 100,
                                      .jobs = 400,
                                      .gather = 15,
                                      .resend = 7,
                                      .log_every = 1};
    const char *way = "both", *svg = NULL, *blind = "no";
    const struct option_row rows[] = {
        {"seed", OPTION_COUNT, &options.seed},
        {"scale", OPTION_COUNT, &options.scale},
        {"channels", OPTION_COUNT, &options.channels},
        {"jobs", OPTION_COUNT, &options.jobs},
        {"gather", OPTION_COUNT, &options.gather},
        {"resend", OPTION_COUNT, &options.resend},
        {"requests", OPTION_TEXT, &options.requests},
        {"way", OPTION_TEXT, &way},
        {"blind", OPTION_TEXT, &blind},
        {"offer", OPTION_COUNT, &options.offer},
        {"svg", OPTION_TEXT, &svg},
        {"log", OPTION_TEXT, &options.log},
        {"log-every", OPTION_COUNT, &options.log_every},
    };
    char **operands;
    if (!read_options(argc, argv, rows, sizeof rows / sizeof *rows, &operands))
        return 2;
    options.blind = strcmp(blind, "yes") == 0;
    struct network_options wishes[MOST_COLUMNS];
    const char *names[MOST_COLUMNS];
    size_t count = columns_wish(&options, way, wishes, names);
    if (*operands || !count || !options.scale || !options.resend ||
        !options.log_every)
        return refuse("network: --channels 3 or 6, --scale, --resend and "
                      "--log-every from 1, --way today, steered or both"),
               2;
    struct network_column columns[MOST_COLUMNS] = {{.name = NULL}};
    for (size_t i = 0; i < count; i++)
        columns[i].name = names[i];
    bool good = columns_run(wishes, count, columns);
    if (good)
        network_report(columns, count);
    if (good && svg)
        good = network_draw(svg, columns, count);
    for (size_t i = 0; i < count; i++)
        free((void *)(uintptr_t)columns[i].tally);
    return good ? 0 : 1;
}
