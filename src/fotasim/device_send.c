#include "fotasim/device_key.h"
#include "fotasim/device_sim.h"
#include "fotasim/verbs.h"

#include "gbcs/build.h"

#include <openssl/evp.h>

#include <inttypes.h>
#include <stdio.h>

bool sim_any_key(const struct sim_han *han, eui64 id, bool agrees,
                 bool (*fits)(EVP_PKEY *key, void *context), void *context) {
    for (size_t i = 0; i < han->party_count; i++)
        if (han->parties[i].id == id && han->parties[i].agrees == agrees &&
            fits(han->parties[i].key, context))
            return true;
    return false;
}

struct agreeing {
    EVP_PKEY *own;
    uint8_t *z;
};

static bool secret_agree(EVP_PKEY *key, void *context) {
    struct agreeing *agreeing = context;
    return gbcs_shared_secret(agreeing->own, key, agreeing->z);
}

bool sim_secret(const struct sim_han *han, eui64 device, eui64 party,
                uint8_t *z) {
    struct agreeing agreeing = {sim_device_key(han->seed, device, SIM_AGREES),
                                z};
    bool found = sim_any_key(han, party, true, secret_agree, &agreeing);
    EVP_PKEY_free(agreeing.own);
    return found;
}

/* Microseconds since 1970 or more, so that they grow over restarts too. */
static uint64_t own_counter(const struct sim_sending *sending) {
    struct sim_han *han = sending->han;
    pthread_mutex_lock(&han->lock);
    uint64_t next = han->counter + 1;
    if (next < (uint64_t)sending->now)
        next = (uint64_t)sending->now;
    han->counter = next;
    pthread_mutex_unlock(&han->lock);
    return next;
}

/* Alerts and CS06 are signed, other responses MACed. */
static bool message_build(const struct sim_han *han,
                          const struct gbcs_header *header,
                          const struct gbcs_payload *payload,
                          struct buffer *out) {
    bool is_signed =
        header->cra == GBCS_ALERT || header->code == GBCS_CODE_CS06;
    uint8_t z[GBCS_SECRET_LEN];
    if (!is_signed)
        return sim_secret(han, header->originator, header->recipient, z) &&
               gbcs_build(header, payload, NULL, z, out);
    EVP_PKEY *key = sim_device_key(han->seed, header->originator, SIM_SIGNS);
    bool done = gbcs_build(header, payload, key, NULL, out);
    EVP_PKEY_free(key);
    return done;
}

/* The last octet is of the signature or of the MAC. */
static void message_damage(const struct sim_faults *faults, eui64 device,
                           struct buffer *out) {
    bool is_signed = out->data[0] == 0xDF;
    if (sim_faulty(faults, device, is_signed ? SIM_BAD_SIGNATURE : SIM_BAD_MAC))
        out->data[out->len - 1] ^= 1;
}

void sim_send(const struct sim_sending *sending, const char *what,
              struct gbcs_header *header, const struct gbcs_payload *payload,
              instant delay) {
    eui64 device = header->originator;
    if (header->cra == GBCS_ALERT)
        header->counter = own_counter(sending);
    struct buffer out = {0};
    if (!message_build(sending->han, header, payload, &out)) {
        refuse("%s: no certificate of its recipient is known", what);
        buffer_free(&out);
        return;
    }
    message_damage(sending->faults, device, &out);
    int copies = sim_faulty(sending->faults, device, SIM_TWICE) ? 2 : 1;
    for (int copy = 0; copy < copies; copy++) {
        char id[96];
        snprintf(id, sizeof id, "%s-%016" PRIX64 "-%" PRIu64 "%s", what, device,
                 header->counter, copy ? "-again" : "");
        sending->take(sending->context,
                      &(struct sim_han_message){id, sending->hub,
                                                buffer_span(&out), delay});
    }
    buffer_free(&out);
}
