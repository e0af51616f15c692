/* Random lives of devices against a fotad, and what it says of them. */
#include "fotasim/lives_oracle.h"
#include "fotasim/lives_pass.h"
#include "fotasim/lives_plan.h"
#include "fotasim/lives_shrink.h"
#include "fotasim/lives_start.h"
#include "fotasim/lives_world.h"
#include "fotasim/verbs.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every so many devices of the estate one is kept for making lives that went
 * wrong shorter, and at least so many. */
enum { SPARE_OF = 20, FEWEST_SPARE = 400 };

static size_t spare_count(const struct lives_options *options) {
    size_t spare = (size_t)options->devices / SPARE_OF;
    return spare < FEWEST_SPARE ? FEWEST_SPARE : spare;
}

static size_t device_count(const struct lives_options *options) {
    return (size_t)options->devices + spare_count(options);
}

/* ---- the list for `fotasim pki` and `fotasim estate` ---- */

static int devices_list(const struct lives_options *options, const char *path) {
    struct lives_estate estate;
    struct buffer out = {0};
    char id[EUI64_TEXT_SIZE];
    lives_estate_choose(&estate, device_count(options));
    for (size_t i = 0; i < estate.count; i++)
        if (!estate.devices[i].agrees)
            buffer_printf(&out, "%s\n", eui64_format(estate.devices[i].id, id));
    for (size_t i = 0; i < estate.hub_count; i++)
        buffer_printf(&out, "%s\n", eui64_format(estate.hubs[i], id));
    bool good = write_whole(path, buffer_span(&out));
    buffer_free(&out);
    printf("%" PRIu64 " %" PRIu64 "\n", estate.homes, estate.agreeing);
    lives_estate_free(&estate);
    return good ? 0 : 1;
}

/* ---- a run ---- */

/* Which devices are spare: spread over the estate. */
static bool *spare_mark(const struct lives_options *options) {
    size_t all = device_count(options), spare = spare_count(options);
    bool *marks = memory_alloc(all * sizeof *marks);
    for (size_t i = 0; i < all; i++)
        marks[i] = (i + 1) * spare / all > i * spare / all;
    return marks;
}

static struct life *lives_make(const struct lives_run *run, const bool *spare) {
    size_t count = (size_t)run->options->devices, made = 0;
    struct life *lives = memory_alloc((count + 1) * sizeof *lives);
    memset(lives, 0, (count + 1) * sizeof *lives);
    for (size_t i = 0; i < run->estate.count; i++) {
        if (spare[i])
            continue;
        lives[made].number = (uint32_t)made;
        lives[made].device = run->estate.devices[i];
        life_draw(&lives[made++], run->options->seed);
    }
    return lives;
}

/* By the kind that a life was drawn as. */
struct tally {
    const char *kind;
    size_t lives, complete, contradictions, overclaims;
};
enum { MOST_KINDS = 64 };

static void tally_add(struct tally *tallies, const struct life *life,
                      struct lives_verdict verdict) {
    struct tally *tally = &tallies[life->plan.kind % MOST_KINDS];
    tally->kind = life_kind_name(life);
    tally->lives++;
    tally->complete += life->complete;
    tally->contradictions += verdict.contradiction;
    tally->overclaims += verdict.overclaim;
}

static bool tallies_print(const struct tally *tallies) {
    struct tally all = {.kind = "all"};
    printf("%-28s %8s %9s %14s %10s\n", "lives", "", "complete",
           "contradictions", "overclaims");
    for (size_t i = 0; i < MOST_KINDS; i++) {
        const struct tally *t = &tallies[i];
        all.lives += t->lives;
        all.complete += t->complete;
        all.contradictions += t->contradictions;
        all.overclaims += t->overclaims;
        if (t->lives)
            printf("%-28s %8zu %9zu %14zu %10zu\n", t->kind, t->lives,
                   t->complete, t->contradictions, t->overclaims);
    }
    printf("%-28s %8zu %9zu %14zu %10zu\n", all.kind, all.lives, all.complete,
           all.contradictions, all.overclaims);
    return !all.contradictions && !all.overclaims;
}

static bool lives_judge(const struct lives_run *run) {
    struct tally tallies[MOST_KINDS] = {{0}};
    struct buffer why = {0};
    uint64_t shown = 0;
    for (size_t i = 0; i < run->count; i++) {
        struct life *life = &run->lives[i];
        why.len = 0;
        tally_add(tallies, life, life_judge(life, &why));
        bool shows = life->wrong && shown++ < run->options->show;
        if (!shows && i >= run->options->life)
            continue;
        life_print(life, &why);
        printf("%s\n", (const char *)why.data);
    }
    buffer_free(&why);
    return tallies_print(tallies);
}

static void wrong_shrink(struct lives_run *run, bool *spare) {
    struct life *wrong[LIVES_MOST_SHRUNK];
    size_t count = 0;
    for (size_t i = 0; i < run->count; i++)
        if (run->lives[i].wrong && count < run->options->shrink &&
            count < LIVES_MOST_SHRUNK)
            wrong[count++] = &run->lives[i];
    if (count)
        lives_shrink(run, wrong, count, spare);
}

static int lives_run_all(const struct lives_options *options) {
    struct lives_run run;
    lives_start(&run, options, device_count(options));
    bool *spare = spare_mark(options);
    struct life *lives = lives_make(&run, spare);
    size_t count = (size_t)options->devices;
    lives_set(&run, lives, count);
    instant began = clock_elapsed();
    lives_pass(&run);
    bool good = lives_judge(&run);
    printf("seed %" PRIu64 ": %zu requests, %zu notifications, %zu messages "
           "of devices, %zu messages to Users, %.1f s\n",
           options->seed, run.requests, run.notifications, run.messages,
           run.told, (double)(clock_elapsed() - began) / 1e6);
    fflush(stdout);
    wrong_shrink(&run, spare);
    lives_stop(&run);
    for (size_t i = 0; i < count; i++)
        life_free(&lives[i]);
    free(lives);
    free(spare);
    return good ? 0 : 1;
}

int verb_lives(int argc, char **argv) {
    struct lives_options options = {
        .seed = 1, .devices = 1000, .octets = 512, .show = 10, .shrink = 3};
    const char *list = NULL;
    const struct option_row rows[] = {
        {"config", OPTION_TEXT, &options.config},
        {"pki", OPTION_TEXT, &options.pki},
        {"north", OPTION_TEXT, &options.north},
        {"south", OPTION_TEXT, &options.south},
        {"users", OPTION_TEXT, &options.users},
        {"octets", OPTION_COUNT, &options.octets},
        {"seed", OPTION_COUNT, &options.seed},
        {"devices", OPTION_COUNT, &options.devices},
        {"show", OPTION_COUNT, &options.show},
        {"shrink", OPTION_COUNT, &options.shrink},
        {"life", OPTION_COUNT, &options.life},
        {"list", OPTION_TEXT, &list},
    };
    char **operands;
    if (!read_options(argc, argv, rows, sizeof rows / sizeof *rows, &operands))
        return 2;
    if (list)
        return devices_list(&options, list);
    if (!options.config || !options.pki || !options.north || !options.south ||
        !options.users || operands[0])
        return refuse("lives: --config, --pki, --north, --south and --users "
                      "are wanted"),
               2;
    return lives_run_all(&options);
}
