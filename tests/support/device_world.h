/*
 * A home with keys, for tests of what devices send:
 *
 *   HUB    ESME (import supplier S1), GSME (gas supplier S2), PPMID, HCALCS
 *   HUB_2  ESME_2 (import supplier S3)
 *
 * All devices run firmware 29; on the Central Products List are 2A (Active)
 * and 2B (Withdrawn) for all of them. Request 1 is of S1 for version 2A,
 * request 2 of S2 for 2B, both seen at NOON. Keys are those of fotasim.
 *
 * Anything that goes wrong here fails the test.
 */
#ifndef FOTAD_TESTS_DEVICE_WORLD_H
#define FOTAD_TESTS_DEVICE_WORLD_H

#include "support/sql.h"

#include "base/buffer.h"
#include "device/receive.h"
#include "fotasim/keys.h"
#include "gbcs/payload.h"

#define ACB 0x90B3D51F30000002
#define S1 0x90B3D51F30010000
#define S2 0x90B3D51F30020000
#define S3 0x90B3D51F30030000
#define HUB 0x00DB000000000100
#define ESME 0x00DB000000000101
#define GSME 0x00DB000000000102
#define PPMID 0x00DB000000000103
#define HCALCS 0x00DB000000000104
#define HUB_2 0x00DB000000000200
#define ESME_2 0x00DB000000000201
#define STRANGER 0x00DB0000000009FF

#define NOON (1893499200 * SECOND) /* 2030-01-01T12:00:00Z */

struct device_world {
    struct db *db;
    struct sql *sql;     /* of the same database */
    struct arena *arena; /* until the next world_begin() */
    struct arena *life;  /* as long as the world */
    struct authority authority;
    struct config config;
    struct receiving receiving;
    const char *conninfo;
    unsigned messages; /* that were put */
    struct {
        const char *csp; /* NULL: north */
        eui64 hub;       /* 0: that of the device */
    } by;                /* who brings what is put */
};

struct device_world *device_world_new(void);
void device_world_free(struct device_world *world);

/* A cmocka test whose *state is a world of its own. */
#define WORLD_TEST(name)                                                       \
    cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
int world_set_up(void **state);
int world_tear_down(void **state);

/* SQL (sql.h); EUI-64 go in as SQL_ID(id). world_ask() gives "" for no row. */
#define world_script(world, ...) sql_do((world)->sql, __VA_ARGS__)
#define world_ask(world, ...) sql_poll((world)->sql, __VA_ARGS__)
#define ID_FORMAT "'%016llX'::macaddr8"
#define ID(id) ((unsigned long long)(id))

/* Puts a certificate of a device into the store. Dates as SQL; NULL: fit. */
void world_certify(struct device_world *world, eui64 device, EVP_PKEY *key,
                   bool agrees, const char *not_before, const char *not_after,
                   const char *revoked_at);

/* What a device sends. Zero fields are what the use case wants. */
struct said {
    eui64 from, to;
    uint64_t counter;
    uint16_t code;
    enum gbcs_cra cra;
    struct gbcs_payload payload;
    eui64 party; /* supplementary fields */
    uint64_t party_counter;
    eui64 signer;  /* other than `from`: whose keys are used */
    bool to_other; /* MAC for a User, whose key fotad does not have */
};

/* Appends the message, signed or MACed as its use case wants. */
void world_say(const struct said *said, struct buffer *out);

/* Puts octets in as if a CSP had brought them, under a new messageId m-N or
 * the given one; nothing when the CSP gateway would see a duplicate. */
void world_put(struct device_world *world, struct span octets);
/* Both. */
void world_hear(struct device_world *world, const struct said *said);

/* Takes what waits, in one batch. Returns how many messages there were. */
size_t world_take(struct device_world *world);

/* An update of request 1 or 2 in a status: live while it is In Progress. */
void world_update(struct device_world *world, eui64 device, int request,
                  const char *status);

/* Forgets messages, updates, commands and what Users are told; all devices run
 * firmware 29 again. */
void world_begin(struct device_world *world);

/* Fails under `name` unless the query's only value is that. */
void world_expect(struct device_world *world, const char *name,
                  const char *query, const char *expected);

/* Who is told what: "N39 S1, N39 S2", in their order. */
void world_expect_told(struct device_world *world, const char *name,
                       const char *told);
/* What became of the newest message. */
void world_expect_end(struct device_world *world, const char *name,
                      const char *state, const char *detail);
/* Its latest update's status and the last octet of its firmware version in the
 * inventory, hexadecimal. */
void world_expect_device(struct device_world *world, const char *name,
                         eui64 device, const char *status, const char *version);

#endif
