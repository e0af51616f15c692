/* One message of a device, from octets to what follows from it; for the files
 * of this room only. */
#ifndef FOTAD_DEVICE_MESSAGE_H
#define FOTAD_DEVICE_MESSAGE_H

#include "device/keys.h"
#include "gbcs/payload.h"

/* As take_device_messages() names them */
#define VERDICT_GOOD "good"           /* signature or MAC checked */
#define VERDICT_UNCHECKED "unchecked" /* its MAC is for the User to check */
#define VERDICT_UNVERIFIED "unverified"
#define VERDICT_UNKNOWN "unknown"

struct device_message {
    struct gbcs_message gbcs;
    struct gbcs_payload said;
    bool parsed, readable;
    const char *verdict, *detail; /* detail: why not good, for people */
    const char *kind;             /* which function of the database takes it */
    const char *event;            /* of the transition table, or "" */
    bool wants_certificate; /* unverified only because no fit certificate of its
                             * originator is known */
};

/* Reads the octets, which must outlive the message. What cannot be read is
 * unverified. */
void device_message_read(struct device_message *message, struct span octets);

/* Which certificates of its originator the check needs. */
bool device_message_needs_signature_key(const struct device_message *message);
bool device_message_needs_mac_key(const struct device_message *message,
                                  eui64 acb_id);

/* Checks signature and MAC, and says what the message is. `signers` and
 * `agreers` hold the keys of its originator, if there are any. Details belong
 * to the arena. False when it cannot be said now, for the HSM that has the
 * ACB's key is away. May be called in parallel for different messages. */
bool device_message_judge(struct device_message *message, struct arena *arena,
                          struct acb_key *acb, eui64 acb_id,
                          const struct party_keys *signers,
                          const struct party_keys *agreers);

#endif
