/* What a run of the model says: a table, and a picture. */
#include "fotasim/network.h"
#include "fotasim/verbs.h"

#include <errno.h>
#include <stdio.h>

tick network_delay(const struct network_delays *const delays[], size_t count,
                   uint64_t of, double share) {
    uint64_t wanted = (uint64_t)(share * (double)of + 0.5), seen = 0;
    for (tick delay = 0; delay < NETWORK_END; delay++) {
        for (size_t i = 0; i < count; i++)
            seen += delays[i]->counts[delay];
        if (seen && seen >= wanted)
            return delay;
    }
    return UINT32_MAX;
}

/* ---- the table ---- */

static void print_delay(tick delay) {
    double hours = (double)delay / TICKS_AN_HOUR;
    if (delay == UINT32_MAX)
        printf(" | never");
    else if (hours < 1)
        printf(" | %.0f min", hours * 60);
    else if (hours < 48)
        printf(" | %.1f h", hours);
    else
        printf(" | %.1f d", hours / 24);
}

static void row_count(const char *name, const struct network_column *columns,
                      size_t count, enum network_count which) {
    printf("| %s", name);
    for (size_t i = 0; i < count; i++)
        printf(" | %ju", (uintmax_t)columns[i].tally->counts[which]);
    printf(" |\n");
}

/* Of those that were asked for, so that what never came counts. */
struct group {
    bool of[NETWORK_CSPS][2];
};

static uint64_t group_asked(const struct network_tally *tally,
                            const struct group *group) {
    uint64_t all = tally->counts[COUNT_UPDATES];
    uint64_t north = tally->counts[COUNT_NORTHERN];
    uint64_t ppmid = tally->counts[COUNT_PPMID];
    bool by_csp = group->of[0][0] != group->of[1][0];
    bool by_type = group->of[0][0] != group->of[0][1];
    if (by_csp)
        return group->of[NETWORK_NORTH][0] ? north : all - north;
    if (by_type)
        return group->of[0][1] ? ppmid : all - ppmid;
    return all;
}

static void row_delay(const char *name, const struct network_column *columns,
                      size_t count, const struct group *group, double share) {
    printf("| %s", name);
    for (size_t i = 0; i < count; i++) {
        const struct network_delays *parts[4];
        size_t used = 0;
        for (int part = 0; part < 4; part++)
            if (group->of[part / 2][part % 2])
                parts[used++] =
                    &columns[i].tally->delivered[part / 2][part % 2];
        print_delay(network_delay(parts, used,
                                  group_asked(columns[i].tally, group), share));
    }
    printf(" |\n");
}

static void row_single(const char *name, const struct network_column *columns,
                       size_t count, double share) {
    printf("| %s", name);
    for (size_t i = 0; i < count; i++)
        print_delay(network_delay(
            (const struct network_delays *const[]){&columns[i].tally->single},
            1, columns[i].tally->counts[COUNT_SINGLE], share));
    printf(" |\n");
}

static uint64_t later_than(const struct network_delays *delays, tick limit) {
    uint64_t count = 0;
    for (tick delay = limit + 1; delay < NETWORK_END; delay++)
        count += delays->counts[delay];
    return count;
}

static void row_late(const char *name, const struct network_column *columns,
                     size_t count) {
    printf("| %s", name);
    for (size_t i = 0; i < count; i++)
        printf(" | %ju", (uintmax_t)later_than(&columns[i].tally->handed_single,
                                               TICKS_A_DAY));
    printf(" |\n");
}

static void row_handed(const char *name, const struct network_column *columns,
                       size_t count, double share) {
    printf("| %s", name);
    for (size_t i = 0; i < count; i++) {
        const struct network_delays *delays = &columns[i].tally->handed_single;
        print_delay(
            network_delay((const struct network_delays *const[]){delays}, 1,
                          delays->total, share));
    }
    printf(" |\n");
}

/* Of all channels in the year. */
static void row_channels(const char *name, const struct network_column *columns,
                         size_t count) {
    printf("| %s", name);
    for (size_t i = 0; i < count; i++) {
        const struct network_options *options = columns[i].options;
        uint64_t cells = 1350 / options->scale;
        double all = (double)(cells ? cells : 1) * (double)options->channels *
                     NETWORK_YEAR;
        printf(" | %.0f %%",
               100 * (double)columns[i].tally->channel_ticks / all);
    }
    printf(" |\n");
}

static void row_share_delivered(const char *name,
                                const struct network_column *columns,
                                size_t count) {
    printf("| %s", name);
    for (size_t i = 0; i < count; i++) {
        const struct network_tally *tally = columns[i].tally;
        uint64_t came = 0;
        for (int part = 0; part < 4; part++)
            came += tally->delivered[part / 2][part % 2].total;
        printf(" | %.2f %%",
               100 * (double)came / (double)tally->counts[COUNT_UPDATES]);
    }
    printf(" |\n");
}

void network_report(const struct network_column *columns, size_t count) {
    printf("| ");
    for (size_t i = 0; i < count; i++)
        printf(" | %s", columns[i].name);
    printf(" |\n|---");
    for (size_t i = 0; i < count; i++)
        printf("|---:");
    printf("|\n");
    row_count("requests", columns, count, COUNT_REQUESTS);
    row_count("... with one device", columns, count, COUNT_SINGLE);
    row_count("updates of devices", columns, count, COUNT_UPDATES);
    row_count("jobs, North", columns, count, COUNT_JOBS_NORTH);
    row_count("jobs, South and Central", columns, count, COUNT_JOBS_SOUTH);
    row_count("jobs rejected", columns, count, COUNT_REJECTED);
    row_count("jobs timed out", columns, count, COUNT_TIMED_OUT);
    row_count("jobs given up", columns, count, COUNT_GIVEN_UP);
    row_count("503 said", columns, count, COUNT_BUSY);
    row_count("updates in jobs that failed", columns, count, COUNT_FAILED);
    row_count("PPMID images driven out by a GSME's", columns, count,
              COUNT_OUT_BY_GSME);
    row_count("PPMID images driven out by a newer", columns, count,
              COUNT_OUT_BY_PPMID);
    row_count("updates sent again", columns, count, COUNT_SENT_AGAIN);
    row_count("updates lost after three tries", columns, count, COUNT_LOST);
    row_share_delivered("updates that came to their hub", columns, count);
    static const struct {
        const char *half, *most, *all;
        struct group group;
    } groups[] = {
        {"half at their hub after", "90 %", "99 %", {{{1, 1}, {1, 1}}}},
        {"... of North: half", "90 %", "99 %", {{{1, 1}, {0, 0}}}},
        {"... of South and Central: half", "90 %", "99 %", {{{0, 0}, {1, 1}}}},
        {"... of ESME and GSME: half", "90 %", "99 %", {{{1, 0}, {1, 0}}}},
        {"... of PPMID: half", "90 %", "99 %", {{{0, 1}, {0, 1}}}}};
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        row_delay(groups[i].half, columns, count, &groups[i].group, 0.5);
        row_delay(groups[i].most, columns, count, &groups[i].group, 0.9);
        row_delay(groups[i].all, columns, count, &groups[i].group, 0.99);
    }
    row_single("requests of one device: half at the hub after", columns, count,
               0.5);
    row_single("99 % after", columns, count, 0.99);
    row_handed("... handed over: 99 % after", columns, count, 0.99);
    row_late("... handed over later than a day", columns, count);
    row_channels("channels of North in use", columns, count);
}

/* ---- the picture ---- */

enum {
    WIDTH = 900,
    HEIGHT = 420,
    LEFT = 70,
    BOTTOM = 40,
    TOP = 40,
    RIGHT = 20
};
static const char *const colours[] = {"#c0392b", "#2471a3", "#e08e0b",
                                      "#1e8449"};
enum { DAYS = NETWORK_END / TICKS_A_DAY };

static void draw_line(FILE *file, const uint64_t *by_day, double most,
                      const char *colour, const char *dash) {
    uint64_t sum = 0;
    fprintf(file,
            "<polyline fill='none' stroke='%s' stroke-width='2' "
            "stroke-dasharray='%s' points='",
            colour, dash);
    for (int day = 0; day < DAYS; day++) {
        sum += by_day[day];
        fprintf(file, "%.1f,%.1f ",
                LEFT + (double)day * (WIDTH - LEFT - RIGHT) / DAYS,
                HEIGHT - BOTTOM - (double)sum / most * (HEIGHT - TOP - BOTTOM));
    }
    fprintf(file, "'/>\n");
}

static void draw_key(FILE *file, int row, const char *name, const char *colour,
                     const char *dash) {
    fprintf(file,
            "<line x1='%d' x2='%d' y1='%d' y2='%d' stroke='%s' "
            "stroke-width='2' stroke-dasharray='%s'/>"
            "<text x='%d' y='%d'>%s</text>\n",
            LEFT + 15, LEFT + 45, TOP + 20 * row, TOP + 20 * row, colour, dash,
            LEFT + 52, TOP + 20 * row + 4, name);
}

static void draw_axes(FILE *file, double most) {
    for (int i = 0; i <= 4; i++) {
        double y = HEIGHT - BOTTOM - i * (HEIGHT - TOP - BOTTOM) / 4.0;
        fprintf(file,
                "<line x1='%d' x2='%d' y1='%.1f' y2='%.1f' stroke='#ddd'/>"
                "<text x='%d' y='%.1f' text-anchor='end'>%.2g m</text>\n",
                LEFT, WIDTH - RIGHT, y, y, LEFT - 8, y + 4, most * i / 4 / 1e6);
    }
    for (int month = 0; month * 30 <= DAYS; month += 3)
        fprintf(file,
                "<text x='%.1f' y='%d' text-anchor='middle'>month %d</text>\n",
                LEFT + month * 30.4 * (WIDTH - LEFT - RIGHT) / DAYS,
                HEIGHT - BOTTOM + 20, month);
}

bool network_draw(const char *path, const struct network_column *columns,
                  size_t count) {
    FILE *file = fopen(path, "we");
    if (!file)
        return refuse("%s: %s", path, strerror(errno)), false;
    double most = (double)columns[0].tally->counts[COUNT_UPDATES];
    fprintf(file,
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' "
            "font-family='sans-serif' font-size='13' fill='#333'>\n"
            "<title>Updates asked for, and at their hubs</title>\n"
            "<rect width='%d' height='%d' fill='white'/>\n",
            WIDTH, HEIGHT, WIDTH, HEIGHT);
    draw_axes(file, most);
    draw_line(file, columns[0].tally->asked_by_day, most, "#555", "4 4");
    draw_key(file, 0, "asked for", "#555", "4 4");
    for (size_t i = 0; i < count; i++) {
        draw_line(file, columns[i].tally->done_by_day, most, colours[i % 4],
                  "");
        draw_key(file, (int)i + 1, columns[i].name, colours[i % 4], "");
    }
    fprintf(file, "</svg>\n");
    return fclose(file) == 0 ||
           (refuse("%s: %s", path, strerror(errno)), false);
}
