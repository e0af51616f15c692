#include "support/command_scene.h"

#include "fotasim/service_request.h"
#include "support/check.h"

#include "base/base64.h"
#include "base/hex.h"
#include "gbcs/build.h"
#include "support/gbcs_keys.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    eui64 id;
    const char *roles;
    bool signs; /* has a Supplier certificate for Pre-Commands */
} SENDER[SENDERS] = {
    [BY_SUPPLIER_A] = {SUPPLIER_A, NULL, true},
    [BY_SUPPLIER_B] = {SUPPLIER_B, NULL, true},
    [BY_EXPORT] = {0x90B3D51F30030000, NULL, false},
    [BY_DISTRIBUTOR] = {0x90B3D51F30070000, "{ED}", false},
    [BY_TRANSPORTER] = {0x90B3D51F30080000, "{GT}", false},
    [BY_AGENT] = {0x90B3D51F30090000, "{RSA}", false},
    [BY_OTHER] = {0x90B3D51F300A0000, "{OU}", false},
    [BY_ALL_ROLES] = {0x90B3D51F300B0000, "{IS,ES,GS,RSA,ED,GT,OU}", true},
};

eui64 sender_id(enum sender sender) {
    return SENDER[sender].id;
}

static void free_key(void *key) {
    EVP_PKEY_free(key);
}

static EVP_PKEY *private_key(struct scene *scene,
                             const struct test_identity *identity) {
    BIO *bio =
        BIO_new_mem_buf(identity->key_pem.data, (int)identity->key_pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    assert_non_null(key);
    return arena_adopt(scene->arena, key, free_key);
}

void scene_certify_device(struct scene *scene, eui64 device,
                          struct test_certificate about) {
    about.id = device;
    about.device = true;
    if (!about.usage)
        about.usage = "critical,keyAgreement";
    struct test_identity identity = test_identity_new(scene->arena, &about);
    gateway_trust(scene->gateway, &identity);
    assert_true(scene->device_count < SCENE_MOST_DEVICES);
    scene->devices[scene->device_count].id = device;
    scene->devices[scene->device_count++].key = private_key(scene, &identity);
}

static void register_sender(struct scene *scene, enum sender sender) {
    struct gateway *g = scene->gateway;
    const struct test_identity *identity = &scene->senders[sender];
    char id[EUI64_TEXT_SIZE];
    scene->senders[sender] = test_identity_new(
        g->arena, &(struct test_certificate){.id = SENDER[sender].id});
    gateway_trust(g, identity);
    gateway_tell(g,
                 "insert into service_user values ('%s',"
                 " 'Sender %d', '%s', 'active', null, '5.4')",
                 eui64_format(SENDER[sender].id, id), sender,
                 SENDER[sender].roles);
}

static void add_sender(struct scene *scene, enum sender sender) {
    static const enum user known[] = {[BY_SUPPLIER_A] = USER_A,
                                      [BY_SUPPLIER_B] = USER_B,
                                      [BY_EXPORT] = USER_EXPORT};
    if (SENDER[sender].roles)
        register_sender(scene, sender);
    else
        scene->senders[sender] = scene->gateway->users[known[sender]];
    if (!SENDER[sender].signs)
        return;
    struct test_identity signer = test_identity_new(
        scene->arena,
        &(struct test_certificate){.id = SENDER[sender].id, .role = "02"});
    gateway_trust(scene->gateway, &signer);
    scene->signing[sender] = private_key(scene, &signer);
}

static void certify_homes(struct scene *scene) {
    static const enum home homes[] = {PLAIN, DUAL, CENTRAL, SUSPENDED};
    for (size_t i = 0; i < sizeof homes / sizeof *homes; i++) {
        const eui64 devices[] = {CHF(homes[i]), ESME(homes[i]), GSME(homes[i]),
                                 HCALCS(homes[i]), PPMID(homes[i])};
        for (size_t j = 0; j < sizeof devices / sizeof *devices; j++)
            scene_certify_device(scene, devices[j],
                                 (struct test_certificate){0});
    }
}

struct scene *scene_open(void) {
    struct gateway *gateway = gateway_new();
    test_clock_set(0);
    struct scene *scene = arena_zero(gateway->arena, 1, sizeof *scene);
    scene->gateway = gateway;
    scene->arena = gateway->arena;
    scene->acb = arena_adopt(scene->arena, key_of_number(2), free_key);
    for (int i = 0; i < SENDERS; i++)
        add_sender(scene, (enum sender)i);
    certify_homes(scene);
    const char *reason = "";
    gateway->requests.acb = acb_key_new(scene->acb, 100, &reason);
    if (!gateway->requests.acb)
        fail_msg("%s", reason);
    gateway_open(gateway);
    return scene;
}

void scene_close(struct scene *scene) {
    struct acb_key *acb = scene->gateway->requests.acb;
    gateway_free(scene->gateway);
    acb_key_free(acb);
}

/* ---- requests ---- */

const char *scene_time(struct scene *scene, instant from_now) {
    char text[INSTANT_TEXT_SIZE];
    instant_format(clock_now() + from_now, text);
    return arena_text(scene->arena, span_text(text));
}

static const char *variant_of(const struct asked *asked) {
    if (asked->variant)
        return asked->variant;
    switch (asked->body) {
    case DUIS_ACTIVATE_FIRMWARE:
        return "4";
    case DUIS_SIGNED_PRE_COMMAND:
        return "5";
    default:
        return "1";
    }
}

const char *scene_service(const struct asked *asked) {
    static const char *const services[] = {"serviceS", "serviceD", "serviceS",
                                           "serviceT", "serviceS", "serviceD",
                                           "serviceS", "serviceD", "serviceD"};
    return asked->service ? asked->service : services[*variant_of(asked) - '1'];
}

struct span scene_request(struct scene *scene, const struct asked *asked) {
    static const char hash[] =
        "AA758690730934FF0685AA758690730934FF0685657788990011223344556677";
    char from[EUI64_TEXT_SIZE], to[EUI64_TEXT_SIZE];
    uint64_t counter = asked->counter ? asked->counter : ++scene->counter;
    const struct test_request request = {
        .request_id =
            arena_printf(scene->arena, "%s:%s:%ju",
                         eui64_format(SENDER[asked->sender].id, from),
                         eui64_format(asked->device, to), (uintmax_t)counter),
        .body = asked->body,
        .command_variant = variant_of(asked),
        .firmware_hash = hash,
        .execution_date_time = asked->when,
        .gbcs_payload = asked->signed_pre_command};
    struct buffer text = {0};
    test_request_signed(&request, &scene->senders[asked->sender], &text);
    arena_adopt(scene->arena, text.data, free);
    return buffer_span(&text);
}

struct answer scene_ask(struct scene *scene, const struct asked *asked) {
    return gateway_post(scene->gateway, scene_service(asked),
                        scene_request(scene, asked));
}

struct span scene_payload(struct scene *scene, const struct answer *answer) {
    struct span text =
        span_text(answer_text(scene->gateway, answer, "GBCSPayload"));
    uint8_t *octets = arena_alloc(scene->arena, base64_most_octets(text.len));
    ptrdiff_t len = base64_parse(text, octets);
    assert_true(len >= 0);
    return span_of(octets, (size_t)len);
}

struct span scene_sign(struct scene *scene, enum sender sender,
                       struct span pre_command) {
    struct buffer out = {0};
    assert_true(service_request_sign_pre_command(scene->signing[sender],
                                                 pre_command, &out));
    arena_adopt(scene->arena, out.data, free);
    return buffer_span(&out);
}

/* ---- commands ---- */

static const char *ask_of(struct scene *scene, uint64_t counter,
                          const char *what) {
    return gateway_ask(scene->gateway,
                       "select coalesce(max(%s), '') from device_command c"
                       " join service_request r using (request_no)"
                       " where r.counter = %ju",
                       what, (uintmax_t)counter);
}

struct span scene_command_octets(struct scene *scene, uint64_t counter) {
    const char *hex = ask_of(scene, counter, "encode(payload, 'hex')");
    uint8_t *octets = arena_alloc(scene->arena, strlen(hex) / 2 + 1);
    int len = hex_parse(span_text(hex), octets, strlen(hex) / 2);
    return span_of(octets, (size_t)len);
}

static EVP_PKEY *key_of_device(struct scene *scene, eui64 device) {
    for (size_t i = scene->device_count; i--;)
        if (scene->devices[i].id == device)
            return scene->devices[i].key;
    fail_msg("a command for a device without a key");
    return NULL;
}

/* With the device's private key, as the device does it. */
static void check_mac(struct scene *scene, struct span octets) {
    struct gbcs_message message;
    struct gbcs_payload payload;
    const char *reason;
    uint8_t z[GBCS_SECRET_LEN];
    if (!gbcs_message_parse(octets, &message, &reason) ||
        !gbcs_payload_read(&message, &payload, &reason))
        fail_msg("%s", reason);
    assert_true(gbcs_shared_secret(
        key_of_device(scene, message.header.recipient), scene->acb, z));
    assert_true(gbcs_mac_verify(z, &message));
}

const char *scene_command(struct scene *scene, uint64_t counter) {
    struct span octets = scene_command_octets(scene, counter);
    if (!octets.len)
        return "none";
    check_mac(scene, octets);
    return ask_of(scene, counter,
                  "c.state || ' ' || lpad(to_hex(c.message_code), 4, '0')"
                  " || case c.originator when r.originator then ' by the User'"
                  " else ' by the ACB' end || ' for ' || c.csp");
}
