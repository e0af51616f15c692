/*
 * The User gateway of user_gateway.h with the keys that commands need: the
 * ACB's, those of the devices of some homes, and the suppliers' for signing
 * Pre-Commands; and 11.2 and 11.3 requests made from a few fields.
 */
#ifndef FOTAD_TESTS_COMMAND_SCENE_H
#define FOTAD_TESTS_COMMAND_SCENE_H

#include "gbcs/payload.h"
#include "support/user_gateway.h"

#include <openssl/evp.h>

/* Users beside those of user_gateway.h, registered when the scene opens. */
enum sender {
    BY_SUPPLIER_A,
    BY_SUPPLIER_B,
    BY_EXPORT,      /* ES */
    BY_DISTRIBUTOR, /* ED */
    BY_TRANSPORTER, /* GT */
    BY_AGENT,       /* RSA */
    BY_OTHER,       /* OU */
    BY_ALL_ROLES,   /* IS, ES, GS, RSA, ED, GT and OU */
    SENDERS
};

enum { SCENE_MOST_DEVICES = 64 };

struct scene {
    struct gateway *gateway;
    struct arena *arena; /* the gateway's */
    EVP_PKEY *acb;       /* private key agreement key */
    struct test_identity senders[SENDERS];
    EVP_PKEY *signing[SENDERS]; /* private keys for Pre-Commands, or NULL */
    struct {
        eui64 id;
        EVP_PKEY *key; /* private key agreement key */
    } devices[SCENE_MOST_DEVICES];
    size_t device_count;
    uint64_t counter; /* of the latest RequestID */
};

/* All devices of PLAIN, DUAL, CENTRAL and SUSPENDED have certificates. Skips
 * the test without PostgreSQL. The clock can be moved from now on. */
struct scene *scene_open(void);
void scene_close(struct scene *scene);

eui64 sender_id(enum sender sender);

/* Gives a device a key agreement certificate. Zero fields of `about` are
 * sound. */
void scene_certify_device(struct scene *scene, eui64 device,
                          struct test_certificate about);

/* An 11.2 or 11.3. Zero fields are sound. */
struct asked {
    enum sender sender;
    eui64 device;
    enum duis_body body; /* must be one of 11.2 and 11.3 */
    const char *variant; /* Command Variant; NULL: 1, 4 or 5 */
    const char *service; /* NULL: the one of the Command Variant */
    const char *when;    /* ExecutionDateTime; NULL: none */
    struct span signed_pre_command;
    uint64_t counter; /* of the RequestID; 0: the next one */
};

/* "2026-11-21T09:15:00.000Z": so long from now on. */
const char *scene_time(struct scene *scene, instant from_now);

/* The signed document. */
struct span scene_request(struct scene *scene, const struct asked *asked);
const char *scene_service(const struct asked *asked);
/* Signs and sends it; what comes back is checked as user_gateway.h does. */
struct answer scene_ask(struct scene *scene, const struct asked *asked);

/* The octets of a GBCSPayload in an answer; empty when there is none. */
struct span scene_payload(struct scene *scene, const struct answer *answer);

/* A Pre-Command (with DUIS's 00) with the sender's signature in its place. */
struct span scene_sign(struct scene *scene, enum sender sender,
                       struct span pre_command);

/* The command of a request, as "waiting 0059 by the User for north", or
 * "none". Its octets are parsed, its MAC verified with the device's key. */
const char *scene_command(struct scene *scene, uint64_t counter);

/* The octets of the same; empty when there is none. */
struct span scene_command_octets(struct scene *scene, uint64_t counter);

#endif
