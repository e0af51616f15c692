#include "gbcs/build.h"

static void put_maced(const struct gbcs_header *header, struct span to_mac,
                      const uint8_t z[static GBCS_SECRET_LEN],
                      struct buffer *out) {
    uint8_t mac[GBCS_MAC_LEN];
    gbcs_mac(z, header, to_mac, mac);
    gbcs_put_mac_header(to_mac.len, out);
    buffer_add(out, to_mac);
    buffer_add(out, span_of(mac, sizeof mac));
}

void gbcs_wrap(const struct gbcs_message *signed_precommand,
               const uint8_t z[static GBCS_SECRET_LEN], struct buffer *out) {
    put_maced(&signed_precommand->header, signed_precommand->to_mac, z, out);
}

static bool put_signed(EVP_PKEY *key, struct buffer *out) {
    uint8_t signature[GBCS_SIGNATURE_LEN];
    if (!gbcs_sign(key, span_of(out->data + 1, out->len - 1), signature))
        return false;
    gbcs_put_signature(signature, out);
    return true;
}

/* From DF to the signature field. */
static bool put_signing(const struct gbcs_header *header,
                        const struct gbcs_payload *payload, EVP_PKEY *key,
                        bool maced, struct buffer *out) {
    struct buffer said = {0};
    bool done = gbcs_payload_write(header, payload, &said);
    if (done)
        gbcs_put_content(header, buffer_span(&said), out);
    buffer_free(&said);
    if (done && key)
        return put_signed(key, out);
    if (done && maced)
        gbcs_put_signature(NULL, out);
    return done;
}

bool gbcs_build(const struct gbcs_header *header,
                const struct gbcs_payload *payload, EVP_PKEY *key,
                const uint8_t *z, struct buffer *out) {
    struct buffer signing = {0};
    bool done = put_signing(header, payload, key, z != NULL, &signing);
    if (done && z)
        put_maced(header, buffer_span(&signing), z, out);
    else if (done)
        buffer_add(out, buffer_span(&signing));
    buffer_free(&signing);
    return done;
}
