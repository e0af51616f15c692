/* A year of requests: campaigns of Users, or an export. */
#include "base/memory.h"
#include "fotasim/network.h"

#include <math.h>
#include <stdlib.h>

enum { USERS = 20, MODELS = 8, ROUNDS = 2 };
/* Images: of each model of each type, and of a PPMID's twice a year. */
enum { POOLS = MODELS * (NETWORK_TYPES - 1 + ROUNDS) };
enum { WORKING_DAYS = 5 };

/* A User's devices of a model get an image: some on each working day. */
struct campaign {
    uint32_t user, pool;
    uint8_t type;
    uint32_t next, end;       /* devices, by their place in the type */
    uint32_t size, days, day; /* working days, and those that were */
    uint32_t seed;            /* of the order of its devices */
};

struct network_year {
    struct sim_random random;
    struct campaign *campaigns;
    uint32_t count;
    struct network_export export;
    uint32_t *sent; /* export: [user * pools + pool]: devices */
};

/* ---- homes in another order: a permutation (Feistel) ---- */

static uint32_t half_mix(uint32_t half, uint32_t key) {
    uint64_t z =
        (half + UINT64_C(0x9E3779B97F4A7C15)) * (2 * (uint64_t)key + 1);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    return (uint32_t)(z >> 32);
}

static uint32_t home_at(uint32_t place, uint32_t homes, uint32_t seed) {
    unsigned bits = 1;
    while (UINT64_C(1) << 2 * bits < homes)
        bits++;
    uint32_t mask = (uint32_t)((UINT64_C(1) << bits) - 1);
    do {
        uint32_t left = place >> bits, right = place & mask;
        for (uint32_t round = 0; round < 4; round++) {
            uint32_t next = left ^ (half_mix(right, seed * 4 + round) & mask);
            left = right;
            right = next;
        }
        place = left << bits | right;
    } while (place >= homes);
    return place;
}

/* ---- the synthetic year ---- */

/* Of `count`, how much those before `index` are of the whole: the first are the
 * largest. */
static double share_before(uint32_t index, uint32_t count) {
    double before = 0, all = 0;
    for (uint32_t i = 0; i < count; i++) {
        double weight = pow(i + 1, -0.7);
        all += weight;
        before += i < index ? weight : 0;
    }
    return before / all;
}

/* Where the devices of that User and model begin. */
static uint32_t class_begin(uint32_t homes, uint32_t user, uint32_t model) {
    double from = share_before(user, USERS);
    double width = share_before(user + 1, USERS) - from;
    return (uint32_t)((from + width * share_before(model, MODELS)) * homes);
}

static tick tick_of(uint32_t day, uint32_t at) {
    return day * TICKS_A_DAY + at;
}

/* The image is there on some day of the first two months of its half of the
 * year (a PPMID's) or the first eight of the year; its Users begin within a
 * month, and take one to four. */
static void campaign_add(struct network *network, struct campaign *campaign,
                         uint32_t released) {
    struct sim_random *random = &network->year->random;
    uint32_t day = released + random_below(random, 30);
    uint32_t at = 8 * TICKS_AN_HOUR + random_below(random, 10 * TICKS_AN_HOUR);
    campaign->size = campaign->end - campaign->next;
    campaign->days = (30 + random_below(random, 90)) * WORKING_DAYS / 7;
    while (day % 7 >= WORKING_DAYS)
        day++;
    if (campaign->size)
        network_at(network, tick_of(day, at),
                   &(struct network_event){
                       .kind = HAPPENS_SITTING,
                       .a = (uint32_t)(campaign - network->year->campaigns)});
}

static void image_release(struct network *network, enum network_type type,
                          uint32_t model, uint32_t round) {
    struct network_year *year = network->year;
    uint32_t pool =
        (type == NETWORK_PPMID ? NETWORK_PPMID + round : type) * MODELS + model;
    uint32_t released = type == NETWORK_PPMID
                            ? round * 182 + random_below(&year->random, 60)
                            : random_below(&year->random, 240);
    for (uint32_t user = 0; user < USERS; user++) {
        struct campaign *campaign = &year->campaigns[year->count++];
        *campaign = (struct campaign){
            .user = user,
            .pool = pool,
            .type = (uint8_t)type,
            .next = class_begin(network->homes, user, model),
            .end = class_begin(network->homes, user, model + 1),
            .seed = (uint32_t)type + 1};
        campaign_add(network, campaign, released);
    }
}

static void year_make(struct network *network) {
    network->users = USERS;
    network->pools = POOLS;
    network->year->campaigns =
        memory_alloc(POOLS * USERS * sizeof(struct campaign));
    for (uint32_t model = 0; model < MODELS; model++) {
        image_release(network, NETWORK_ESME, model, 0);
        image_release(network, NETWORK_GSME, model, 0);
        for (uint32_t round = 0; round < ROUNDS; round++)
            image_release(network, NETWORK_PPMID, model, round);
    }
}

/* Four requests of ten have one device; the others from 2 to the most that
 * there are, mostly few: those with more than n are as 1 / sqrt(n). */
static uint32_t request_size(struct network *network) {
    if (network_chance(&network->year->random) < 0.4)
        return 1;
    double least = 2, most = network->most_devices;
    double rest =
        1 - network_chance(&network->year->random) * (1 - sqrt(least / most));
    return (uint32_t)(least / (rest * rest));
}

/* ---- a request ---- */

static uint32_t request_new(struct network *network, uint32_t user,
                            uint32_t pool, uint8_t type, uint32_t devices) {
    if (network->request_count == network->request_size) {
        network->request_size =
            network->request_size ? 2 * network->request_size : 4096;
        network->requests =
            memory_grow(network->requests,
                        network->request_size * sizeof *network->requests);
    }
    network->requests[network->request_count] =
        (struct network_request){.user = user,
                                 .pool = pool,
                                 .devices = devices,
                                 .received = network->now,
                                 .type = type};
    network_add(network->tally, COUNT_REQUESTS, 1);
    network_add(network->tally, COUNT_SINGLE, devices == 1);
    network_add(network->tally, COUNT_UPDATES, devices);
    network_add(network->tally, COUNT_PPMID,
                type == NETWORK_PPMID ? devices : 0);
    network->tally->asked_by_day[network->now / TICKS_A_DAY] += devices;
    return network->request_count++;
}

static void request_send(struct network *network, uint32_t request,
                         uint32_t place, uint32_t seed) {
    uint32_t count = network->requests[request].devices;
    struct network_update *rows = memory_alloc(count * sizeof *rows);
    for (uint32_t i = 0; i < count; i++)
        rows[i] = (struct network_update){
            .home = home_at((place + i) % network->homes, network->homes, seed),
            .request = request};
    for (uint32_t i = 0; i < count; i++)
        network_add(network->tally, COUNT_NORTHERN,
                    network_csp_of(network, rows[i].home) == NETWORK_NORTH);
    network_send(network, rows, count);
    free(rows);
}

/* As many as keep it in time; the last day all that are left. */
static void campaign_sit(struct network *network, struct campaign *campaign) {
    campaign->day++;
    uint64_t due = (uint64_t)campaign->size * campaign->day / campaign->days;
    uint32_t until = campaign->end - campaign->size + (uint32_t)due;
    while (campaign->next < until) {
        uint32_t devices = request_size(network);
        if (devices > campaign->end - campaign->next)
            devices = campaign->end - campaign->next;
        uint32_t request = request_new(network, campaign->user, campaign->pool,
                                       campaign->type, devices);
        request_send(network, request, campaign->next, campaign->seed);
        campaign->next += devices;
    }
    tick next = network->now + TICKS_A_DAY;
    while (next / TICKS_A_DAY % 7 >= WORKING_DAYS)
        next += TICKS_A_DAY;
    if (campaign->next < campaign->end)
        network_at(network, next,
                   &(struct network_event){
                       .kind = HAPPENS_SITTING,
                       .a = (uint32_t)(campaign - network->year->campaigns)});
}

/* The devices of a User and image, one after another. */
static void line_send(struct network *network,
                      const struct network_line *line) {
    struct network_year *year = network->year;
    uint32_t key = line->user * network->pools + line->pool;
    uint32_t request =
        request_new(network, line->user, line->pool, line->type, line->devices);
    request_send(network, request, year->sent[key], key + 1);
    year->sent[key] += line->devices;
}

void network_year_happen(struct network *network, uint32_t which) {
    struct network_year *year = network->year;
    if (network->options.requests)
        line_send(network, &year->export.lines[which]);
    else
        campaign_sit(network, &year->campaigns[which]);
}

/* ---- start and end ---- */

static bool export_open(struct network *network) {
    struct network_year *year = network->year;
    if (!network_export_read(network->options.requests, &year->export))
        return false;
    network->users = year->export.users;
    network->pools = year->export.pools;
    year->sent = memory_zeros((size_t)network->users * network->pools,
                              sizeof *year->sent);
    for (uint32_t i = 0; i < year->export.count; i++)
        network_at(network, year->export.lines[i].received,
                   &(struct network_event){.kind = HAPPENS_SITTING, .a = i});
    return true;
}

struct network_year *network_year_new(struct network *network) {
    network->year = memory_alloc(sizeof *network->year);
    *network->year =
        (struct network_year){.random = {network->options.seed + 1}};
    if (!network->options.requests)
        year_make(network);
    else if (!export_open(network)) {
        network_year_free(network->year);
        network->year = NULL;
    }
    return network->year;
}

void network_year_free(struct network_year *year) {
    if (!year)
        return;
    free(year->campaigns);
    free(year->export.lines);
    free(year->sent);
    free(year);
}
