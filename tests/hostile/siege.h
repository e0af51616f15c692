/*
 * The User gateway under siege: after each hostile message the database is
 * what it was, and a good request that was answered before gets the same
 * answer again; after each table a new good request is accepted.
 */
#ifndef FOTAD_TESTS_HOSTILE_SIEGE_H
#define FOTAD_TESTS_HOSTILE_SIEGE_H

#include "hostile/ledger.h"
#include "support/user_gateway.h"

enum { SIEGE_DEVICES = 64 };

struct siege {
    struct gateway *gateway;
    struct ledger ledger;
    struct arena *arena;      /* of one case */
    struct span good, answer; /* a request and what it got */
    size_t device;            /* the next one for a good request */
};

/* A new 11.4 for a device that no other request has, signed by A. */
static inline struct span siege_request(struct siege *s) {
    struct gateway *g = s->gateway;
    const eui64 device = BULK(s->device++);
    assert_true(s->device < SIEGE_DEVICES);
    return gateway_sign(
        g, USER_A,
        &(struct test_request){.body = DUIS_UPDATE_PPMID_FIRMWARE,
                               .device_ids = &device,
                               .device_id_count = 1});
}

static inline void siege_accepts(struct siege *s, struct span request) {
    struct answer answer = gateway_post(s->gateway, "serviceD", request);
    assert_string_equal(answer_says(s->gateway, &answer), "I99");
    s->good = request;
    s->answer = answer.body;
    ledger_note(&s->ledger);
}

/* `gateway` listens. What is in no table of `but` may not change; the audit
 * trail always may grow. */
static inline void siege_begin_but(struct siege *s, struct gateway *gateway,
                                   const char *but) {
    *s = (struct siege){.gateway = gateway, .arena = arena_new()};
    estate_bulk_ppmids(gateway->sql, SIEGE_DEVICES);
    ledger_open(&s->ledger, gateway->conninfo, but);
    siege_accepts(s, siege_request(s));
}

static inline void siege_begin(struct siege *s, struct gateway *gateway) {
    siege_begin_but(s, gateway, "sat_entry,sat_request");
}

/* After a hostile message. */
static inline void siege_holds(struct siege *s, const char *name) {
    struct answer again =
        gateway_post_raw(s->gateway, s->arena, "serviceD", s->good);
    if (again.http != 200 || !span_equal(again.body, s->answer))
        fail_msg("%s: a good request is not answered as before: %u", name,
                 again.http);
    ledger_check(&s->ledger, name);
    arena_reset(s->arena);
}

static inline void siege_end(struct siege *s) {
    siege_accepts(s, siege_request(s));
    ledger_close(&s->ledger);
    arena_free(s->arena);
}

#endif
