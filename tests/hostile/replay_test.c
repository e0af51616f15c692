/*
 * Sound signatures in the wrong hands: requests sent once more in another
 * writing that leaves the signature good (E65: the RequestID is used; its first
 * answer where only the signature is written otherwise), at another URL, and
 * signers whose key is on another curve.
 */
#include "hostile/siege.h"

#include "base/base64.h"

#include <libpq-fe.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

/* ---- the same request in another writing ---- */

static const struct {
    const char *name, *from, *to;
    const char *service, *code;
} REPLAYS[] = {
    {"a comment in front", "<sr:Request ", "<!-- --><sr:Request ", "serviceD",
     "E65"},
    {"a comment between elements", "<sr:Body>", "<!-- --><sr:Body>", "serviceD",
     "E65"},
    {"a comment after the root", "</sr:Request>", "</sr:Request><!-- -->",
     "serviceD", "I99"},
    {"a line end after the root", "</sr:Request>", "</sr:Request>\n",
     "serviceD", "I99"},
    {"a space in a tag", "<sr:Header>", "<sr:Header >", "serviceD", "E65"},
    {"other quotes", "schemaVersion=\"5.4\"", "schemaVersion='5.4'", "serviceD",
     "E65"},
    {"attributes in another order", "schemaVersion=\"5.4\"",
     "schemaVersion = \"5.4\"", "serviceD", "E65"},
    {"a reference for a character", "0123ABCD", "&#x30;123ABCD", "serviceD",
     "E65"},
    {"an attribute's character as a reference", "schemaVersion=\"5.4\"",
     "schemaVersion=\"&#53;.4\"", "serviceD", "E65"},
    {"a namespace once more", "<sr:Body>",
     "<sr:Body xmlns:sr=\"http://www.dccinterface.co.uk/"
     "ServiceUserGateway\">",
     "serviceD", "E65"},
    {"a byte order mark", "<?xml", "\xef\xbb\xbf<?xml", "serviceD", "I99"},
    {"no declaration", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "",
     "serviceD", "E65"},
    {"white space in the SignatureValue", "<ds:SignatureValue>",
     "<ds:SignatureValue>\n", "serviceD", "I99"},
    {"white space in the KeyInfo", "<ds:KeyInfo>", "<ds:KeyInfo>\n", "serviceD",
     "I99"},
    {"white space in the issuer", "CN=Z1,OU=07", "CN = Z1, OU = 07", "serviceD",
     "I99"},
    {"zeros before the serial number", "<ds:X509SerialNumber>",
     "<ds:X509SerialNumber>00", "serviceD", "I99"},
    {"as it was, to Send Command", "<?xml", "<?xml", "serviceS", "E13"},
    {"as it was, to Transform", "<?xml", "<?xml", "serviceT", "E13"},
};

static void post_replay(struct siege *s, const char *name, const char *service,
                        struct span body, const char *code) {
    struct answer answer =
        gateway_post_raw(s->gateway, s->arena, service, body);
    if (answer.http != 200 ||
        strcmp(answer_says(s->gateway, &answer), code) != 0)
        fail_msg("%s: %u %s, not %s", name, answer.http,
                 answer_says(s->gateway, &answer), code);
    siege_holds(s, name);
}

/* With (r, s), (r, n - s) is a signature of the same as well. */
static struct span with_other_s(struct siege *s) {
    static const char order[] =
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    const char *mark = "<ds:SignatureValue>";
    uint8_t *at = memmem(s->good.data, s->good.len, mark, strlen(mark));
    at += strlen(mark);
    uint8_t raw[64];
    assert_int_equal(base64_parse(span_of(at, 88), raw), 64);
    BIGNUM *n = NULL, *value = BN_bin2bn(raw + 32, 32, NULL);
    BN_hex2bn(&n, order);
    BN_sub(value, n, value);
    BN_bn2binpad(value, raw + 32, 32);
    BN_free(n);
    BN_free(value);
    struct buffer text = {0};
    buffer_add(&text, span_of(s->good.data, (size_t)(at - s->good.data)));
    base64_add(&text, span_of(raw, 64));
    size_t after = (size_t)(at - s->good.data) + 88;
    buffer_add(&text, span_of(s->good.data + after, s->good.len - after));
    struct span copy = arena_copy(s->gateway->arena, buffer_span(&text));
    buffer_free(&text);
    return copy;
}

static struct span as_utf16(struct siege *s) {
    struct buffer narrow = {0}, wide = {0};
    test_replace(s->good, "UTF-8", "UTF-16", &narrow);
    buffer_text(&wide, "\xff\xfe");
    for (size_t i = 0; i < narrow.len; i++) {
        buffer_add(&wide, span_of(narrow.data + i, 1));
        buffer_add(&wide, span_of("", 1));
    }
    struct span copy = arena_copy(s->gateway->arena, buffer_span(&wide));
    buffer_free(&narrow);
    buffer_free(&wide);
    return copy;
}

static void replays(void **state) {
    (void)state;
    struct siege s;
    /* a refusal of an authentic request is kept, for it is answered alike */
    siege_begin_but(&s, gateway_start(),
                    "sat_entry,sat_request,service_request");
    for (size_t i = 0; i < sizeof REPLAYS / sizeof *REPLAYS; i++) {
        struct buffer text = {0};
        test_replace(s.good, REPLAYS[i].from, REPLAYS[i].to, &text);
        post_replay(&s, REPLAYS[i].name, REPLAYS[i].service, buffer_span(&text),
                    REPLAYS[i].code);
        buffer_free(&text);
    }
    post_replay(&s, "the other s", "serviceD", with_other_s(&s), "I99");
    post_replay(&s, "UTF-16", "serviceD", as_utf16(&s), "E65");
    siege_end(&s);
    gateway_free(s.gateway);
}

/* ---- curves ---- */

static const struct {
    const char *curve;
    bool own; /* signed by its own key: of 32 octets at most */
} CURVES[] = {
    {"P-192", true},           {"P-224", true},
    {"secp256k1", true},       {"P-384", false},
    {"brainpoolP256r1", true}, {"secp160r1", true},
    {"P-521", false},          {"sect163k1", true},
    {"sect233r1", true},       {"wap-wsg-idm-ecid-wtls7", true},
};

/* Past the import, which refuses it: as if somebody had written it there. */
static void plant(struct siege *s, const struct test_identity *identity) {
    struct gateway *g = s->gateway;
    BIO *bio = BIO_new_mem_buf(identity->certificate_pem.data,
                               (int)identity->certificate_pem.len);
    X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    unsigned char *der = NULL;
    int len = i2d_X509(x509, &der);
    assert_true(len > 0);
    size_t size;
    unsigned char *text =
        PQescapeByteaConn(sql_connection(g->sql), der, (size_t)len, &size);
    gateway_tell(g,
                 "insert into certificate values ('%s', %s,"
                 " '90b3d51f30010000', 'User', 'ds', '2018-01-01',"
                 " '2118-01-01', null, '%s')",
                 identity->issuer, identity->serial, (char *)text);
    PQfreemem(text);
    OPENSSL_free(der);
    X509_free(x509);
    BIO_free(bio);
    ledger_note(&s->ledger);
}

static void post_signed(struct siege *s, const char *curve, bool own) {
    struct gateway *g = s->gateway;
    struct test_identity weak = test_identity_new(
        g->arena, &(struct test_certificate){.id = SUPPLIER_A, .curve = curve});
    plant(s, &weak);
    struct test_identity signer = own ? weak : g->users[USER_A];
    signer.issuer = weak.issuer;
    signer.serial = weak.serial;
    const eui64 device = PPMID(PLAIN);
    struct buffer image = {0}, text = {0};
    estate_image(span_text(FOR_ALL), false, &image);
    test_request_signed(
        &(struct test_request){.request_id = gateway_request_id(g, SUPPLIER_A),
                               .body = DUIS_UPDATE_PPMID_FIRMWARE,
                               .image = buffer_span(&image),
                               .device_ids = &device,
                               .device_id_count = 1},
        &signer, &text);
    post_replay(s, curve, "serviceD", buffer_span(&text), "E1");
    buffer_free(&image);
    buffer_free(&text);
}

static void curves(void **state) {
    (void)state;
    struct siege s;
    siege_begin(&s, gateway_start());
    for (size_t i = 0; i < sizeof CURVES / sizeof *CURVES; i++)
        post_signed(&s, CURVES[i].curve, CURVES[i].own);
    siege_end(&s);
    gateway_free(s.gateway);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replays),
        cmocka_unit_test(curves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
