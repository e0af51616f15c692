/* A batch of commands on its way to one CSP. For this room only. */
#ifndef FOTAD_DEVICE_POST_H
#define FOTAD_DEVICE_POST_H

#include "base/config.h"
#include "db/db.h"
#include "http/client.h"

/* What a try came to. */
enum command_end {
    COMMAND_SENT,   /* the CSP has it */
    COMMAND_AGAIN,  /* tried again at next_try */
    COMMAND_FAILED, /* E20 */
    COMMAND_ENDS
};

struct leased_command {
    int64_t no;
    const char *id; /* commandId */
    eui64 chf, device;
    struct span payload;
    unsigned tries; /* before this one */
    instant began;  /* from when on it could be sent */
    enum command_end end;
    instant next_try;
    const char *error; /* NULL when sent */
};

/* A client for what goes to this CSP, `most` requests at once. */
struct http_client *command_client(const struct config_csp *csp, unsigned most);

/* Takes at most `most` commands of the CSP that are due at `now` until
 * `until`; `*commands` is from the arena. */
enum outcome commands_lease(struct db *db, struct arena *arena,
                            const struct config_csp *csp, instant now,
                            instant until, unsigned most,
                            struct leased_command **commands, size_t *count);

/* Sends them all and waits for the answers; sets end, next_try and error. */
void commands_post(struct http_client *client, struct arena *arena,
                   const struct config *config, const struct config_csp *csp,
                   struct leased_command *commands, size_t count);

/* Writes what the tries of commands leased until `lease` came to, in one
 * transaction; safe to repeat. */
enum outcome commands_settle(struct db *db, struct arena *arena,
                             const struct config *config,
                             const struct leased_command *commands,
                             size_t count, instant lease);

#endif
