/*
 * Rows of "What fotad answers" to a request that is refused before its devices
 * are looked at, and how they are run: sent over HTTP, the answer compared,
 * sent again. Of a refused request nothing is tracked and no image kept; the
 * same octets again get the same octets back.
 */
#ifndef FOTAD_TESTS_REQUEST_REFUSAL_H
#define FOTAD_TESTS_REQUEST_REFUSAL_H

#include "support/check.h"
#include "support/user_gateway.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

/* Who signs, and what is odd about the certificate. */
enum signer {
    BY_A,
    BY_B,
    BY_EXPORT,
    BY_NO_ROLE,
    BY_SUSPENDED,
    BY_STRANGER,
    BY_NOBODY, /* there is no signature */
    BY_UNKNOWN_CERTIFICATE,
    BY_WRONG_KEY, /* names A's certificate */
    BY_EXPIRED,
    BY_FUTURE,
    BY_REVOKED,
    BY_KEY_AGREEMENT,
    BY_SUPPLIER_ROLE, /* SMKI role of a supplier's device signing key */
    BY_DSP_ROLE,
    BY_DEVICE,
    SIGNERS
};

/* The certificates of A that are not of the ordinary kind. */
static const struct {
    bool odd, not_stored;
    struct test_certificate about;
} CERTIFICATE[SIGNERS] = {
    [BY_UNKNOWN_CERTIFICATE] = {true, true, {.id = SUPPLIER_A}},
    [BY_WRONG_KEY] = {true, true, {.id = SUPPLIER_A}},
    [BY_EXPIRED] = {true,
                    false,
                    {.id = SUPPLIER_A, .not_after = "20240101000000Z"}},
    [BY_FUTURE] = {true,
                   false,
                   {.id = SUPPLIER_A, .not_before = "21000101000000Z"}},
    [BY_REVOKED] = {true, false, {.id = SUPPLIER_A}},
    [BY_KEY_AGREEMENT] = {true,
                          false,
                          {.id = SUPPLIER_A, .usage = "critical,keyAgreement"}},
    [BY_SUPPLIER_ROLE] = {true, false, {.id = SUPPLIER_A, .role = "02"}},
    [BY_DSP_ROLE] = {true, false, {.id = SUPPLIER_A, .role = "89"}},
    [BY_DEVICE] = {true, false, {.id = SUPPLIER_A, .device = true}},
};

struct change {
    const char *from, *to;
};

struct row {
    const char *sent;
    bool ppmid; /* 11.4, else 11.1 */
    enum signer signer;
    const char *service; /* NULL: serviceD */
    /* fields that are not as they should be; NULL: sound */
    const char *request_id, *command_variant, *service_reference,
        *service_reference_variant, *firmware_version, *image, *schema_version;
    struct change before;        /* in the text, then it is signed */
    struct test_signing signing; /* a strange signature */
    struct change after;         /* in the signed text */
    unsigned http;
    const char *says; /* the ResponseCode, or part of the problem's detail */
    bool common;      /* sound: refused in the strict shape alone */
};

#define ID_A "90-B3-D5-1F-30-01-00-00"
#define ACB "90-B3-D5-1F-30-00-00-02"

/* ---- running a row ---- */

struct scene {
    struct gateway *gateway;
    struct test_identity odd[SIGNERS];
};

/* [user_gateway] signature_shape; NULL: as it is without the key. */
static struct scene set_scene(const char *shape) {
    struct scene scene = {.gateway = gateway_new()};
    struct gateway *g = scene.gateway;
    if (shape)
        g->config.user_signature_shape = shape;
    gateway_open(g);
    for (int i = 0; i < SIGNERS; i++) {
        if (!CERTIFICATE[i].odd)
            continue;
        scene.odd[i] = test_identity_new(g->arena, &CERTIFICATE[i].about);
        if (!CERTIFICATE[i].not_stored)
            gateway_trust(g, &scene.odd[i]);
    }
    scene.odd[BY_WRONG_KEY].issuer = g->users[USER_A].issuer;
    scene.odd[BY_WRONG_KEY].serial = g->users[USER_A].serial;
    gateway_tell(g, "%s",
                 arena_printf(g->arena,
                              "update certificate set revoked_at ="
                              " '2026-01-01' where serial = %s",
                              scene.odd[BY_REVOKED].serial));
    return scene;
}

static enum user user_of(enum signer signer) {
    static const enum user users[] = {[BY_A] = USER_A,
                                      [BY_B] = USER_B,
                                      [BY_EXPORT] = USER_EXPORT,
                                      [BY_NO_ROLE] = USER_NO_ROLE,
                                      [BY_SUSPENDED] = USER_SUSPENDED,
                                      [BY_STRANGER] = USER_STRANGER};
    return signer <= BY_STRANGER ? users[signer] : USER_A;
}

static void change(struct buffer *text, const struct change *wanted) {
    if (!wanted->from)
        return;
    struct buffer changed = {0};
    test_replace(buffer_span(text), wanted->from, wanted->to, &changed);
    buffer_free(text);
    *text = changed;
}

static void build(struct scene *scene, const struct row *row,
                  struct buffer *out) {
    struct gateway *g = scene->gateway;
    const eui64 device = row->ppmid ? PPMID(PLAIN) : ESME(PLAIN);
    const eui64 *devices = row->before.from || row->after.from
                               ? &(const eui64){PPMID(PLAIN)}
                               : &device;
    struct buffer image = {0};
    estate_image(span_text(row->image ? row->image : FOR_ALL), !row->ppmid,
                 &image);
    const char *id = row->request_id;
    if (!id)
        id = gateway_request_id(g, gateway_user_id(user_of(row->signer)));
    test_request_build(
        &(struct test_request){.request_id = id,
                               .body = row->ppmid ? DUIS_UPDATE_PPMID_FIRMWARE
                                                  : DUIS_UPDATE_FIRMWARE,
                               .schema_version = row->schema_version,
                               .command_variant = row->command_variant,
                               .service_reference = row->service_reference,
                               .service_reference_variant =
                                   row->service_reference_variant,
                               .firmware_version = row->firmware_version,
                               .image = buffer_span(&image),
                               .device_ids = devices,
                               .device_id_count = 1},
        out);
    buffer_free(&image);
}

static struct span prepare(struct scene *scene, const struct row *row) {
    struct gateway *g = scene->gateway;
    struct buffer text = {0}, signed_text = {0};
    build(scene, row, &text);
    change(&text, &row->before);
    struct test_signing signing = row->signing;
    signing.signer = CERTIFICATE[row->signer].odd
                         ? &scene->odd[row->signer]
                         : &g->users[user_of(row->signer)];
    if (row->signer == BY_NOBODY)
        buffer_add(&signed_text, buffer_span(&text));
    else
        test_sign(buffer_span(&text), &signing, &signed_text);
    change(&signed_text, &row->after);
    struct span body = arena_copy(g->arena, buffer_span(&signed_text));
    buffer_free(&text);
    buffer_free(&signed_text);
    return body;
}

static void check_says(struct gateway *g, const struct row *row,
                       const struct answer *answer) {
    const char *says = answer_says(g, answer);
    if (answer->http == row->http &&
        (row->http == 200 ? strcmp(says, row->says) == 0
                          : strstr(says, row->says) != NULL))
        return;
    fail_msg("%s: expected %u %s, got %u %s", row->sent, row->http, row->says,
             answer->http, says);
}

/* What failed authentication is not remembered: it is judged again. */
static inline void check_again(struct gateway *g, const struct row *row,
                               struct span body, const struct answer *first) {
    struct answer again =
        gateway_post(g, row->service ? row->service : "serviceD", body);
    check_says(g, row, &again);
    bool same = span_equal(again.body, first->body);
    if (row->http == 200 && strcmp(row->says, "E1") != 0 && !same)
        fail_msg("%s: the answer to the same octets differs", row->sent);
}

static inline void run_rows(const struct row *rows, size_t count,
                            const char *shape) {
    struct scene scene = set_scene(shape);
    struct gateway *g = scene.gateway;
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        struct span body = prepare(&scene, row);
        struct answer answer =
            gateway_post(g, row->service ? row->service : "serviceD", body);
        check_says(g, row, &answer);
        check_again(g, row, body, &answer);
        if (strcmp(gateway_tracked(g), "nothing") != 0)
            fail_msg("%s: something is tracked: %s", row->sent,
                     gateway_tracked(g));
    }
    gateway_free(g);
}

#define TEST_ROWS_IN(name, rows, shape)                                        \
    static void name(void **state) {                                           \
        (void)state;                                                           \
        run_rows(rows, sizeof rows / sizeof *rows, shape);                     \
    }
#define TEST_ROWS(name, rows) TEST_ROWS_IN(name, rows, NULL)

#endif
