/* A message that fotad sent to a User, read for the emulated User's ledger. */
#ifndef FOTAD_FOTASIM_USER_MESSAGE_H
#define FOTAD_FOTASIM_USER_MESSAGE_H

#include "base/arena.h"
#include "base/eui64.h"

#include <openssl/types.h>

struct user_message {
    eui64 recipient; /* second part of the ResponseID */
    const char *response_id;
    const char *request_id; /* of the header, else of the alert; "": none */
    const char *response_code, *schema_version, *date_time;
    const char *element; /* in DCCAlert, else in Body or ResponseMessage; "" */
    const char *code;    /* DCCAlertCode, a device's alert code, or "" */
    const char *devices; /* Device IDs it names, with commas */
    uint8_t meaning[32]; /* SHA-256 of all but the signature */
};

/* Reads, validates and verifies (unless `key` is NULL) a message. Everything
 * belongs to the arena. False with a reason. */
bool user_message_read(struct arena *arena, struct span text, EVP_PKEY *key,
                       struct user_message *response, const char **reason);

#endif
