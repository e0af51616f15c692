/*
 * Signature wrapping: a sound signature kept somewhere in a forged request;
 * and signature values that are no pair of numbers of P-256. E1 if the schema
 * lets them through, else 400; nothing follows from them.
 */
#include "hostile/siege.h"

#include "base/base64.h"
#include "base/hex.h"

#define DS "http://www.w3.org/2000/09/xmldsig#"
#define REFERENCE                                                              \
    "<ds:Reference URI=\"\"><ds:Transforms><ds:Transform Algorithm=\"" DS      \
    "enveloped-signature\"/></ds:Transforms><ds:DigestMethod "                 \
    "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>"                  \
    "<ds:DigestValue>AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="             \
    "</ds:DigestValue></ds:Reference>"

/* ---- wrapping ---- */

/* The forged request takes part of the sound one, @D@ (whole), @U@ (without
 * its signature) and @S@ (the signature), in the place of `at`. */
struct wrap {
    const char *name, *at, *with;
    unsigned http;
};
#define END "</sr:Request>"
#define OBJECT(content) "<ds:Object>" content "</ds:Object></ds:Signature>" END

/* XSW1 to XSW8 (Somorovsky et al. 2012), as an enveloped signature of the
 * whole document has them. */
static const struct wrap WRAPS[] = {
    {"XSW1: the sound request in an Object of the signature", END,
     "@O@" OBJECT("@D@"), 200},
    {"XSW2: the sound request beside the signature", END, "@U@@S@" END, 400},
    {"XSW3: the sound request before the forged one's children", "<sr:Header>",
     "@D@<sr:Header>", 400},
    {"XSW4: the forged request around the sound one", "<sr:Body>",
     "<sr:Body>@D@", 400},
    {"XSW5: the sound request after the signature", END, "@S@@U@" END, 400},
    {"XSW6: the sound request, unsigned, in an Object", END,
     "@O@" OBJECT("@U@"), 200},
    {"XSW7: the sound request in an extension", "<sr:Body>",
     "<Extensions>@U@</Extensions><sr:Body>", 400},
    {"XSW8: the sound body in an Object", END,
     "@O@" OBJECT("<x xmlns=\"urn:x\">@U@</x>"), 200},
    {"the signature alone", END, "@S@" END, 200},
    {"the signature twice", END, "@S@@S@" END, 400},
    {"the signature first", "<sr:Header>", "@S@<sr:Header>", 400},
    {"the signature in the Header", "</sr:Header>", "@S@</sr:Header>", 400},
    {"the signature in the Body", "</sr:Body>", "@S@</sr:Body>", 400},
    {"the signature in a value", "EEEEEEEE", "@S@", 400},
    {"the signature in a comment", END, "<!--@S@-->" END, 200},
    {"the signature in an instruction", END, "<?x @S@?>" END, 200},
    {"the signature in CDATA", END, "<![CDATA[@S@]]>" END, 400},
    {"the signature after the root", END, END "@S@", 400},
    {"the sound request after the root", END, END "@D@", 400},
    {"the sound request in a comment", END, "<!--@D@-->" END, 200},
    {"the sound request in a value", "EEEEEEEE", "@D@", 400},
    {"a signature in the signature", END, "@O@" OBJECT("@S@"), 200},
    {"the sound request in the KeyInfo", END,
     "<ds:Signature xmlns:ds=\"" DS "\"><ds:SignedInfo>"
     "<ds:CanonicalizationMethod Algorithm=\"a\"/><ds:SignatureMethod "
     "Algorithm=\"a\"/>" REFERENCE "</ds:SignedInfo><ds:SignatureValue>"
     "AAAA</ds:SignatureValue><ds:KeyInfo>@D@</ds:KeyInfo></"
     "ds:Signature>" END,
     200},
};

static const char SIGNATURE_END[] = "</ds:Signature>";

static struct span part(struct span text, const char *from, const char *to) {
    const uint8_t *start = memmem(text.data, text.len, from, strlen(from));
    const uint8_t *end = memmem(text.data, text.len, to, strlen(to));
    return span_of(start, (size_t)(end - start) + strlen(to));
}

static const char *expanded(struct arena *arena, const char *with,
                            struct span sound) {
    struct span whole = part(sound, "<sr:Request", END);
    struct span signature = part(sound, "<ds:Signature ", SIGNATURE_END);
    size_t before = (size_t)(signature.data - whole.data);
    struct buffer text = {0};
    for (const char *c = with; *c; c++) {
        if (c[0] != '@' || c[2] != '@') {
            buffer_add(&text, span_of(c, 1));
            continue;
        }
        switch (*++c) {
        case 'D':
            buffer_add(&text, whole);
            break;
        case 'U':
            buffer_add(&text, span_of(whole.data, before));
            buffer_text(&text, END);
            break;
        case 'S':
            buffer_add(&text, signature);
            break;
        default: /* open for an Object */
            buffer_add(&text, span_of(signature.data,
                                      signature.len - strlen(SIGNATURE_END)));
        }
        c++;
    }
    const char *copy = arena_text(arena, buffer_span(&text));
    buffer_free(&text);
    return copy;
}

static struct span forged(struct siege *s, const struct wrap *wrap,
                          struct span sound) {
    struct buffer evil = {0}, wrapped = {0}, text = {0};
    struct span signature = part(sound, "<ds:Signature ", SIGNATURE_END);
    size_t before = (size_t)(signature.data - sound.data);
    buffer_add(&evil, span_of(sound.data, before));
    buffer_text(&evil, END);
    test_replace(buffer_span(&evil), "0123ABCD", "EEEEEEEE", &text);
    test_replace(buffer_span(&text), wrap->at,
                 expanded(s->arena, wrap->with, sound), &wrapped);
    struct span copy = arena_copy(s->arena, buffer_span(&wrapped));
    buffer_free(&evil);
    buffer_free(&wrapped);
    buffer_free(&text);
    return copy;
}

static void strike(struct siege *s, const char *name, struct span body,
                   unsigned http) {
    struct answer answer =
        gateway_post_raw(s->gateway, s->arena, "serviceD", body);
    const char *says = answer_says(s->gateway, &answer);
    if (answer.http != http || (http == 200 && strcmp(says, "E1") != 0))
        fail_msg("%s: %u %s", name, answer.http, says);
    gateway_check(s->gateway, s->arena, body, &answer);
    siege_holds(s, name);
}

static struct gateway *gateway_of_shape(const char *shape) {
    struct gateway *g = gateway_new();
    g->config.user_signature_shape = shape;
    gateway_open(g);
    return g;
}

static void wrap_in(const char *shape) {
    struct siege s;
    siege_begin(&s, gateway_of_shape(shape));
    struct span sound = siege_request(&s);
    for (size_t i = 0; i < sizeof WRAPS / sizeof *WRAPS; i++) {
        struct span body = forged(&s, &WRAPS[i], sound);
        strike(&s, WRAPS[i].name, body, WRAPS[i].http);
    }
    siege_accepts(&s, sound);
    siege_end(&s);
    gateway_free(s.gateway);
}

static void wrapping(void **state) {
    (void)state;
    wrap_in("common");
    wrap_in("strict");
}

/* ---- r and s ---- */

/* The order of P-256 (FIPS 186-4, D.1.2.3). */
#define N "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE "0000000000000000000000000000000000000000000000000000000000000001"

static const struct {
    const char *name, *octets; /* hexadecimal */
} VALUES[] = {
    {"no value", ""},
    {"one octet", "01"},
    {"63 octets", N "00000000000000000000000000000000000000000000000000000000"
                    "000001"},
    {"65 octets", ONE ONE "00"},
    {"32 octets", ONE},
    {"96 octets", ONE ONE ONE},
    {"r = s = 0", ZERO ZERO},
    {"r = 0", ZERO ONE},
    {"s = 0", ONE ZERO},
    {"r = s = 1", ONE ONE},
    {"r = n", N ONE},
    {"s = n", ONE N},
    {"r = s = n", N N},
    {"all ones", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
                 "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
                 "FFFFFFFFFFFFFFFF"},
    {"DER of (1, 1)", "3006020101020101"},
    {"DER of 70 octets", "30440220" N "0220" N},
    {"DER of 72 octets", "3046022100" N "022100" N},
    {"DER of a long length", "30814402200"
                             "0" N "0220" N},
};

static struct span with_value(struct siege *s, struct span sound,
                              const char *hex) {
    uint8_t octets[128];
    int len = *hex ? hex_parse(span_text(hex), octets, sizeof octets) : 0;
    assert_true(len >= 0);
    struct span value =
        part(sound, "<ds:SignatureValue>", "</ds:SignatureValue>");
    struct buffer text = {0};
    buffer_add(&text, span_of(sound.data, (size_t)(value.data - sound.data)));
    buffer_text(&text, "<ds:SignatureValue>");
    base64_add(&text, span_of(octets, (size_t)len));
    buffer_text(&text, "</ds:SignatureValue>");
    size_t after = (size_t)(value.data - sound.data) + value.len;
    buffer_add(&text, span_of(sound.data + after, sound.len - after));
    struct span copy = arena_copy(s->arena, buffer_span(&text));
    buffer_free(&text);
    return copy;
}

static void signature_values(void **state) {
    (void)state;
    struct siege s;
    siege_begin(&s, gateway_start());
    struct span sound = siege_request(&s);
    for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) {
        struct span body = with_value(&s, sound, VALUES[i].octets);
        strike(&s, VALUES[i].name, body, 200);
    }
    siege_accepts(&s, sound);
    siege_end(&s);
    gateway_free(s.gateway);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrapping),
        cmocka_unit_test(signature_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
