#include "fotasim/device_key.h"
#include "fotasim/device_sim.h"
#include "fotasim/verbs.h"

#include "base/memory.h"
#include "gbcs/build.h"

#include <openssl/evp.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

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

struct gbcs_header sim_alert_header(eui64 from, eui64 to, uint16_t code) {
    return (struct gbcs_header){
        .cra = GBCS_ALERT, .originator = from, .recipient = to, .code = code};
}

uint32_t sim_version_told(const struct sim_sending *sending,
                          const struct sim_memory *memory) {
    const struct sim_faults *faults = sending->faults;
    return faults->has_version ? faults->version : memory->running;
}

/* ---- hubs without WAN ---- */

static void message_keep(const struct sim_sending *sending, const char *id,
                         const struct buffer *octets) {
    struct sim_han *han = sending->han;
    struct sim_kept *kept = memory_alloc(sizeof *kept);
    *kept = (struct sim_kept){.hub = sending->hub};
    snprintf(kept->id, sizeof kept->id, "%s", id);
    buffer_add(&kept->octets, buffer_span(octets));
    pthread_mutex_lock(&han->lock);
    *han->kept_end = kept;
    han->kept_end = &kept->next;
    pthread_mutex_unlock(&han->lock);
}

/* The first whose hub has WAN; NULL: there is none. */
static struct sim_kept *kept_take(const struct sim_sending *sending) {
    struct sim_han *han = sending->han;
    pthread_mutex_lock(&han->lock);
    struct sim_kept **at = &han->kept, *kept;
    while (*at && sim_faulty(sending->faults, (*at)->hub, SIM_NO_WAN))
        at = &(*at)->next;
    kept = *at;
    if (kept && !(*at = kept->next))
        han->kept_end = at;
    pthread_mutex_unlock(&han->lock);
    return kept;
}

void sim_send_kept(const struct sim_sending *sending) {
    for (struct sim_kept *kept; (kept = kept_take(sending));) {
        sending->take(sending->context,
                      &(struct sim_han_message){kept->id, kept->hub,
                                                buffer_span(&kept->octets), 0});
        buffer_free(&kept->octets);
        free(kept);
    }
}

void sim_send_forget(struct sim_han *han) {
    while (han->kept) {
        struct sim_kept *kept = han->kept;
        han->kept = kept->next;
        buffer_free(&kept->octets);
        free(kept);
    }
}

/* ---- sending ---- */

static void message_hand_out(const struct sim_sending *sending,
                             const struct gbcs_header *header, const char *what,
                             const struct buffer *octets, instant delay) {
    eui64 device = header->originator;
    int copies = sim_faulty(sending->faults, device, SIM_TWICE) ? 2 : 1;
    bool kept = sim_faulty(sending->faults, sending->hub, SIM_NO_WAN);
    for (int copy = 0; copy < copies; copy++) {
        char id[96];
        snprintf(id, sizeof id, "%s-%016" PRIX64 "-%" PRIu64 "%s", what, device,
                 header->counter, copy ? "-again" : "");
        if (kept)
            message_keep(sending, id, octets);
        else
            sending->take(sending->context,
                          &(struct sim_han_message){
                              id, sending->hub, buffer_span(octets), delay});
    }
}

void sim_send(const struct sim_sending *sending, const char *what,
              struct gbcs_header *header, const struct gbcs_payload *payload,
              instant delay) {
    if (header->cra == GBCS_ALERT)
        header->counter = own_counter(sending);
    struct buffer out = {0};
    if (message_build(sending->han, header, payload, &out)) {
        message_damage(sending->faults, header->originator, &out);
        message_hand_out(sending, header, what, &out, delay);
    } else {
        refuse("%s: no certificate of its recipient is known", what);
    }
    buffer_free(&out);
}
