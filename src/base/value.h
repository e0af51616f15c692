/*
 * Readers of what a person writes, one for each type of value, wherever it is
 * written: in fotad.conf, in a list that is imported, as an option. Each takes
 * the whole text or refuses it: no blank around it, no sign, no other base.
 */
#ifndef FOTAD_BASE_VALUE_H
#define FOTAD_BASE_VALUE_H

#include "base/clock.h"
#include "base/span.h"

/* Characters of UTF-8 (RFC 3629) that are no control characters. */
bool value_is_text(struct span text);

/* "12"; the number fits int64_t, and is 0 or more. */
bool value_count(const char *text, int64_t *count);
/* The same in octets: "768000", "512k", "20m", "1g"; powers of 1024. */
bool value_size(const char *text, int64_t *octets);
/* "90s", "15m", "24h", "4d"; 0s or more. */
bool value_duration(const char *text, int64_t *duration);

/* Numbers of one or two digits with dots between them: at least two, at most
 * `most` (up to 3); those that are not there are 0. */
bool value_version(struct span text, size_t most, unsigned parts[static 3]);
/* The number of a GBCS version: "4.1" is 40100, "4.1.2" 40102, as
 * gbcs_version() in sql/text.sql numbers it. */
bool value_gbcs(struct span text, int32_t *number);

/* Where something listens. */
struct value_address {
    int family;         /* AF_UNIX, AF_INET or AF_INET6 */
    const char *path;   /* AF_UNIX: in the text that was read */
    char host[64];      /* the others: for getaddrinfo(), without brackets */
    const char *port;   /* in the text; 0 to 65535, 0 for any free one */
    uint8_t octets[16]; /* of the host; `localhost` as 127.0.0.1 */
};

/* "127.0.0.1:8079", "[::1]:8079", "localhost:8079", "unix:/path". No other
 * names: what a name stands for changes, and with it who may connect. `address`
 * points into the text. */
bool value_address(const char *text, struct value_address *address);
/* Whether nobody from outside the machine can get there. */
bool value_address_is_private(const struct value_address *address);
/* Whether both cannot be listened on at the same time. */
bool value_addresses_clash(const struct value_address *a,
                           const struct value_address *b);

/* "https://host:port/path": one of the schemes ("http, https"), a host that
 * may be one, a port up to 65535 if any, and characters that a URL may have
 * (RFC 3986); no user name, no fragment. `*rest` (may be NULL) gets what
 * follows host and port. */
bool value_url(struct span text, const char *schemes, struct span *rest);

/* Whether `text` is one of a list with ", " between its words; `*index` (may
 * be NULL) counts from 0. */
bool value_is_one_of(struct span text, const char *words, size_t *index);

/* One after the other the names in `*rest`, a list with commas, without the
 * blanks around them; false when there are no more. "" has one, that is
 * empty. */
bool value_next_name(struct span *rest, struct span *name);

/* Visible characters of ASCII; may stand in the header of a request. */
bool value_is_token(struct span text);
/* The name of a header (RFC 9110, 5.6.2). */
bool value_is_header(struct span text);
/* An address for e-mail, as we take it: name@domain in ASCII, not quoted. */
bool value_is_mailbox(const char *text);

#endif
