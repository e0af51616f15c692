/*
 * Commands to devices: which use case, who originates it, and its octets
 * (requirement M4).
 *
 * A User whom the device knows originates its own commands, with the counter
 * of its RequestID. Otherwise the ACB does, with a counter of its own, and the
 * User and that counter stand in the supplementary fields. Either way the MAC
 * is made with the ACB's key.
 */
#ifndef FOTAD_DEVICE_COMMAND_H
#define FOTAD_DEVICE_COMMAND_H

#include "gbcs/build.h"
#include "gbcs/time.h"

/* 3000-12-31T00:00:00Z: the ExecutionDateTime of DUIS that cancels; in GBCS it
 * is GBCS_CANCELLATION. */
#define DUIS_CANCELLATION (INT64_C(32535129600) * SECOND)

struct command_order {
    uint16_t code; /* use case: enum gbcs_code */
    eui64 user, device, acb;
    uint64_t request_counter; /* of the RequestID */
    bool user_originates;
    uint64_t acb_counter; /* when it does not: never used before */
};

/* The originator and its counter, as they stand in the message. */
eui64 command_originator(const struct command_order *order);
uint64_t command_counter(const struct command_order *order);

/* Appends the command of an 11.2 (ECS52, GCS38, CS08), with its MAC. False
 * when the code is not one of these. */
bool command_read_version(const struct command_order *order,
                          const uint8_t z[static GBCS_SECRET_LEN],
                          struct buffer *out);

/* Appends the Pre-Command of an 11.3 (CS06) as DUIS carries it: with a 00 for
 * the signature to come. `when` is a DUIS ExecutionDateTime; NULL: at once. */
bool command_pre_activate(const struct command_order *order,
                          const uint8_t hash[static GBCS_HASH_LEN],
                          const instant *when, struct buffer *out);

/* A Pre-Command that a User signed. */
struct signed_pre_command {
    struct gbcs_message message;
    bool has_time, cancels;
    instant time; /* when to activate, unless it cancels */
};

/* Reads the signed form of the Pre-Command that `order` asks for. `returned`
 * is what a Transform gave for it, empty when there was none: then nothing but
 * the signature may differ. Whose the signature is, is not looked at. On false
 * `*reason` is a constant text. */
bool command_read_signed(const struct command_order *order, struct span octets,
                         struct span returned,
                         struct signed_pre_command *pre_command,
                         const char **reason);

#endif
