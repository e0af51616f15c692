/*
 * A GBCS message without its payload's meaning: the MAC header (DLMS
 * general-ciphering, tag DD), the grouping header (general-signing, tag DF),
 * the payload, the signature and the MAC.
 *
 *   pre-command          DF header payload [00]
 *   signed pre-command   DF header payload 40 signature
 *   critical command     DD MAC-header DF header payload 40 signature MAC
 *   critical response    DF header payload 40 signature      (alerts as well)
 *   everything else      DD MAC-header DF header payload 00 MAC
 *
 * Reading is strict: every length is checked and must be in its shortest form,
 * and nothing may follow.
 */
#ifndef FOTAD_GBCS_MESSAGE_H
#define FOTAD_GBCS_MESSAGE_H

#include "base/buffer.h"
#include "base/eui64.h"

enum {
    GBCS_MAC_LEN = 12,
    GBCS_SIGNATURE_LEN = 64, /* raw r and s, 32 octets each */
    GBCS_DATE_TIME_LEN = 12,
};

enum gbcs_cra { GBCS_COMMAND = 1, GBCS_RESPONSE = 2, GBCS_ALERT = 3 };

/* Which supplementary fields the other-information holds: each one and all
 * before it. A certificate stands in the place of the originator counter. */
enum gbcs_supplementary {
    GBCS_NO_SUPPLEMENT,
    GBCS_SUPPLEMENTARY_PARTY,
    GBCS_SUPPLEMENTARY_PARTY_COUNTER,
    GBCS_SUPPLEMENTARY_ORIGINATOR_COUNTER,
    GBCS_SUPPLEMENTARY_CERTIFICATE,
};

/* The grouping header. */
struct gbcs_header {
    enum gbcs_cra cra;
    uint64_t counter; /* originator counter; a response repeats its command's */
    eui64 originator, recipient;
    struct span date_time; /* empty, or a COSEM date-time (gbcs/time.h) */
    uint16_t code;         /* message code */
    enum gbcs_supplementary supplementary;
    eui64 supplementary_party;
    uint64_t supplementary_party_counter;
    uint64_t supplementary_originator_counter;
    struct span certificate; /* key agreement certificate, not looked into */
};

/* What was read; the spans point into the message. */
struct gbcs_message {
    struct gbcs_header header;
    struct span payload;
    struct span signature; /* GBCS_SIGNATURE_LEN octets or none */
    struct span mac;       /* GBCS_MAC_LEN octets or none */
    struct span to_sign;   /* after DF, up to the payload's end */
    struct span to_mac;    /* from DF to the signature field's end */
};

/* Reads a message of any kind but an unsigned pre-command. The use case may be
 * one that fotad does not know. On false `*reason` is a constant text and
 * `message` is undefined; on true it is NULL. */
bool gbcs_message_parse(struct span octets, struct gbcs_message *message,
                        const char **reason);

/* Reads an unsigned pre-command; one 00 may follow it, as DUIS has it (it is
 * in none of the spans). */
bool gbcs_precommand_parse(struct span octets, struct gbcs_message *message,
                           const char **reason);

/* Either of the two. */
bool gbcs_any_parse(struct span octets, struct gbcs_message *message,
                    const char **reason);

/* "pre-command", "signed pre-command", "command", "response" or "alert". */
const char *gbcs_message_kind(const struct gbcs_message *message);

/* Appends DF, the grouping header and the payload (at most 65,535 octets). */
void gbcs_put_content(const struct gbcs_header *header, struct span payload,
                      struct buffer *out);

/* Appends the signature field: 40 and the octets, or 00 for NULL. */
void gbcs_put_signature(const uint8_t *signature, struct buffer *out);

/* Appends the MAC header for `len` octets from DF to the signature field. */
void gbcs_put_mac_header(size_t len, struct buffer *out);

#endif
