/* Signatures: the one shape that is accepted, and every known way round it. */
#include "support/check.h"

#include "base/base64.h"
#include "duis/certificate.h"
#include "duis/library.h"
#include "duis/request.h"
#include "duis/signature.h"
#include "support/duis_signing.h"
#include "support/duis_stage.h"

#include <stdio.h>

#define USER 0x90B3D51F30010000
#define REQUEST_ID "90-B3-D5-1F-30-01-00-00:90-B3-D5-1F-30-00-00-02:1000"

static const eui64 DEVICES[] = {0x00DB1234567890A0};
static const struct test_request UPDATE = {
    .request_id = REQUEST_ID,
    .body = DUIS_UPDATE_FIRMWARE,
    .image = {(const uint8_t *)"image", 5},
    .device_ids = DEVICES,
    .device_id_count = 1,
};

static struct arena *arena;
static struct test_identity user, other;

static int set_up(void **state) {
    (void)state;
    arena = arena_new();
    user = test_identity_new(arena, &(struct test_certificate){.id = USER});
    other = test_identity_new(arena, &(struct test_certificate){.id = USER});
    return duis_open() ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    duis_close();
    arena_free(arena);
    return 0;
}

static const char *reason;

static void expect_in(enum duis_shape accepted, const char *what,
                      struct span text, enum stage stage) {
    enum stage got = stage_in(arena, accepted, text, user.key, &reason);
    if (got != stage)
        fail_msg("%s, %s: %s, not %s: %s", what,
                 accepted == DUIS_STRICT ? "strict" : "common", STAGES[got],
                 STAGES[stage], reason ? reason : "");
}

/* Whichever shape is accepted. */
static void expect(const char *what, struct span text, enum stage stage) {
    expect_in(DUIS_COMMON, what, text, stage);
    expect_in(DUIS_STRICT, what, text, stage);
}

static struct span signed_update(const struct test_signing *how) {
    struct buffer document = {0}, out = {0};
    test_request_build(&UPDATE, &document);
    struct test_signing signing = how ? *how : (struct test_signing){0};
    signing.signer = signing.signer ? signing.signer : &user;
    test_sign(buffer_span(&document), &signing, &out);
    struct span copy = arena_copy(arena, buffer_span(&out));
    buffer_free(&document);
    buffer_free(&out);
    return copy;
}

static void a_sound_signature_is_good(void **state) {
    (void)state;
    struct span text = signed_update(NULL);
    expect("sound", text, GOOD);
    struct duis_request request;
    struct duis_fault fault;
    struct duis_signer_name name;
    duis_request_parse(arena, text, &request, &fault);
    assert_true(duis_signature_shape(arena, &request.document, DUIS_STRICT,
                                     &name, &reason));
    assert_string_equal(name.issuer, "CN=Z1,OU=07");
    assert_string_equal(name.serial, user.serial);
    struct certificate c;
    assert_true(certificate_read(arena, user.certificate_pem, &c, &reason));
    assert_string_equal(name.issuer, c.issuer);
    assert_string_equal(name.serial, c.serial);
    assert_true(duis_signature_verify(arena, &request.document, DUIS_STRICT,
                                      c.key, &reason));
    /* again, on the same tree */
    assert_true(duis_signature_verify(arena, &request.document, DUIS_STRICT,
                                      c.key, &reason));
    assert_int_equal(stage_of(arena, text, other.key, &reason), VERIFY);
}

/* Of a large document SignedInfo is verified before the whole is digested. */
static void large_documents_are_verified_as_well(void **state) {
    (void)state;
    struct test_request large = UPDATE;
    large.image.len = (size_t)1024 * 1024;
    large.image.data = arena_zero(arena, large.image.len, 1);
    static const struct {
        const char *from, *to;
        enum stage stage;
    } cases[] = {
        {"</sr:Request>", "</sr:Request>", GOOD},
        {"AAAAAAAA", "AAAAAAAB", VERIFY},
        {"<ds:SignedInfo>", "<ds:SignedInfo> ", VERIFY},
        {"<ds:DigestValue>", "<ds:DigestValue>\n", VERIFY},
        {"<sr:Header>", "<sr:Header> ", VERIFY},
        {"<sr:Request ", "<sr:Request xmlns:a=\"b\" ", VERIFY},
        {"<ds:SignedInfo>", "<ds:SignedInfo><!-- -->", GOOD},
    };
    struct buffer sound = {0};
    test_request_signed(&large, &user, &sound);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer text = {0};
        test_replace(buffer_span(&sound), cases[i].from, cases[i].to, &text);
        expect(cases[i].to, buffer_span(&text), cases[i].stage);
        assert_int_not_equal(
            stage_of(arena, buffer_span(&text), other.key, &reason), GOOD);
        buffer_free(&text);
    }
    buffer_free(&sound);
}

/* After signing; the stage is where it is caught. */
static void every_change_to_what_is_signed_is_caught(void **state) {
    (void)state;
    static const struct {
        const char *from, *to;
        enum stage strict, common;
    } cases[] = {
        /* what is covered */
        {"0123ABCD", "0123ABCE", VERIFY, VERIFY},
        {"A0</sr:DeviceIDList>", "A1</sr:DeviceIDList>", VERIFY, VERIFY},
        {"A0</sr:DeviceIDList>", "A0,00-DB-12-34-56-78-90-A1</sr:DeviceIDList>",
         VERIFY, VERIFY},
        {"aW1hZ2U=", "aW1hZ2Y=", VERIFY, VERIFY},
        {":1000<", ":1001<", VERIFY, VERIFY},
        {"schemaVersion=\"5.4\"", "schemaVersion=\"5.3\"", VERIFY, VERIFY},
        {"<sr:Header>", "<sr:Header> ", VERIFY, VERIFY},
        {"</sr:Request>", " </sr:Request>", VERIFY, VERIFY},
        {"<sr:Request ", "<sr:Request xmlns:x=\"urn:x\" ", VERIFY, VERIFY},
        {"<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<?x y?>", VERIFY,
         VERIFY},
        /* what C14N leaves out, or writes in the same way */
        {"<sr:Header>", "<!-- not signed --><sr:Header >", GOOD, GOOD},
        {"schemaVersion=\"5.4\"", " schemaVersion = '5.4'", GOOD, GOOD},
        {"0123ABCD", "&#x30;123ABCD", GOOD, GOOD},
        {"<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "", GOOD, GOOD},
        {"</ds:SignatureValue>", "&#13;\n </ds:SignatureValue>", GOOD, GOOD},
        {"<ds:KeyInfo>", "\n<!-- who -->\n<ds:KeyInfo>", GOOD, GOOD},
        /* in the signature itself */
        {"<ds:SignedInfo>", "<ds:SignedInfo Id=\"a\">", SHAPE, VERIFY},
        {"<ds:Signature ", "<ds:Signature Id=\"a\" ", SHAPE, GOOD},
        {"<ds:SignatureValue>", "<ds:SignatureValue Id=\"a\">", SHAPE, GOOD},
        {"<ds:DigestValue>", "<ds:DigestValue>!", SHAPE, SHAPE},
        {"</ds:SignatureValue>", "=</ds:SignatureValue>", PARSE, PARSE},
        {"</ds:SignatureValue>", "AAAA</ds:SignatureValue>", PARSE, PARSE},
        {"</ds:SignatureValue>", ".</ds:SignatureValue>", SHAPE, SHAPE},
        {"</ds:SignatureValue>", "<!-- --></ds:SignatureValue>", PARSE, PARSE},
        {"</ds:X509SerialNumber>", "<!-- --></ds:X509SerialNumber>", PARSE,
         PARSE},
        {"<ds:Reference URI=\"\">", "<ds:Reference>", SHAPE, SHAPE},
        {"<ds:Transforms>", "<ds:Transforms><!-- c --> ", VERIFY, VERIFY},
        {"</ds:X509Data>", "</ds:X509Data><ds:KeyName>x</ds:KeyName>", SHAPE,
         GOOD},
        {"<ds:KeyInfo>", "<ds:KeyInfo>x", SHAPE, SHAPE},
        {"</ds:Signature>", "<ds:Object>x</ds:Object></ds:Signature>", SHAPE,
         SHAPE},
        {"</ds:Signature>", "<ds:Object/></ds:Signature>", SHAPE, GOOD},
        {"</ds:Signature>", "<ds:Object/><ds:Object/></ds:Signature>", SHAPE,
         SHAPE},
        {"</ds:Signature>", "</ds:Signature><!-- after -->", SHAPE, SHAPE},
        {"</ds:Signature>", "</ds:Signature><?after it?>", SHAPE, SHAPE},
        {"<ds:X509SerialNumber>", "<ds:X509SerialNumber>x", PARSE, PARSE},
    };
    struct span sound = signed_update(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer text = {0};
        test_replace(sound, cases[i].from, cases[i].to, &text);
        char what[200];
        snprintf(what, sizeof what, "%s -> %s", cases[i].from, cases[i].to);
        expect_in(DUIS_STRICT, what, buffer_span(&text), cases[i].strict);
        expect_in(DUIS_COMMON, what, buffer_span(&text),
                  cases[i].common ? cases[i].common : cases[i].strict);
        buffer_free(&text);
    }
}

#define ENVELOPED                                                              \
    "<ds:Transform "                                                           \
    "Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>"
#define ISSUER_SERIAL                                                          \
    "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=Z1,OU=07"         \
    "</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber>"         \
    "</ds:X509IssuerSerial>"
#define TRANSFORM(uri) "<ds:Transform Algorithm=\"" uri "\"/>"
#define REFERENCE(attributes)                                                  \
    "<ds:Reference " attributes "><ds:Transforms>" ENVELOPED                   \
    "</ds:Transforms><ds:DigestMethod "                                        \
    "Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>"                  \
    "<ds:DigestValue>47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="             \
    "</ds:DigestValue></ds:Reference>"

/* Signed by the right key, but in another form: refused, even if sound; what
 * libraries in use make is taken unless the shape is to be strict. The reason
 * names what offends. */
static void every_other_form_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *what;
        struct test_signing how;
        const char *names; /* what the strict reason names */
        bool common;       /* taken */
    } cases[] = {
        {"inclusive C14N of SignedInfo",
         {.canonicalisation =
              "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"},
         "CanonicalizationMethod with Algorithm=",
         true},
        {"exclusive C14N with comments",
         {.canonicalisation =
              "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"},
         "CanonicalizationMethod with Algorithm=",
         false},
        {"no canonicalisation",
         {.canonicalisation = ""},
         "CanonicalizationMethod with Algorithm=",
         false},
        {"ecdsa-sha1",
         {.signature_method =
              "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"},
         "SignatureMethod with Algorithm=",
         false},
        {"ecdsa-sha384",
         {.signature_method =
              "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"},
         "SignatureMethod with Algorithm=",
         false},
        {"rsa-sha256",
         {.signature_method =
              "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"},
         "SignatureMethod with Algorithm=",
         false},
        {"hmac-sha256",
         {.signature_method =
              "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"},
         "SignatureMethod with Algorithm=",
         false},
        {"hmac of no length",
         {.signature_method =
              "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
          .method_content = "<ds:HMACOutputLength>0</ds:HMACOutputLength>"},
         "SignatureMethod with Algorithm=",
         false},
        {"ecdsa with a length",
         {.method_content = "<ds:HMACOutputLength>8</ds:HMACOutputLength>"},
         "SignatureMethod holds what it may not hold: HMACOutputLength",
         false},
        {"text in SignatureMethod",
         {.method_content = "x"},
         "SignatureMethod holds what it may not hold",
         false},
        {"sha1 digest",
         {.digest_method = "http://www.w3.org/2000/09/xmldsig#sha1"},
         "DigestMethod with Algorithm=",
         false},
        {"sha512 digest",
         {.digest_method = "http://www.w3.org/2001/04/xmlenc#sha512"},
         "DigestMethod with Algorithm=",
         false},
        {"reference to an Id",
         {.reference = "URI=\"#a\""},
         "Reference with URI=",
         false},
        {"reference by XPointer",
         {.reference = "URI=\"#xpointer(/)\""},
         NULL,
         false},
        {"reference to a file",
         {.reference = "URI=\"file:///etc/passwd\""},
         NULL,
         false},
        {"reference to the network",
         {.reference = "URI=\"http://127.0.0.1:1/\""},
         NULL,
         false},
        {"reference with an Id",
         {.reference = "Id=\"a\" URI=\"\""},
         "Reference with Id=",
         true},
        {"reference with a type",
         {.reference = "URI=\"\" "
                       "Type=\"http://www.w3.org/2000/09/xmldsig#Object\""},
         "Reference with Type=",
         true},
        {"C14N after enveloped",
         {.transforms = ENVELOPED TRANSFORM(
              "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")},
         "Transform in Transforms",
         true},
        {"exclusive C14N after enveloped",
         {.transforms =
              ENVELOPED TRANSFORM("http://www.w3.org/2001/10/xml-exc-c14n#")},
         "Transform in Transforms",
         true},
        {"enveloped twice",
         {.transforms = ENVELOPED ENVELOPED},
         "Transform in Transforms",
         false},
        {"base64 transform",
         {.transforms = TRANSFORM("http://www.w3.org/2000/09/xmldsig#base64")},
         "Transform with Algorithm=",
         false},
        {"XPath transform",
         {.transforms = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/"
                        "REC-xpath-19991116\"><ds:XPath>self::a</ds:XPath>"
                        "</ds:Transform>"},
         NULL,
         false},
        {"XSLT transform",
         {.transforms = ENVELOPED TRANSFORM("http://www.w3.org/TR/1999/"
                                            "REC-xslt-19991116")},
         "Transform in Transforms",
         false},
        {"a second reference",
         {.more_reference = REFERENCE("URI=\"\"")},
         "Reference in SignedInfo",
         false},
        {"a second reference, to the network",
         {.more_reference = REFERENCE("URI=\"http://127.0.0.1:1/\"")},
         NULL,
         false},
        {"only a key's name",
         {.key_info = "<ds:KeyName>user</ds:KeyName>"},
         "KeyName in KeyInfo",
         false},
        {"a key brought along",
         {.key_info = ISSUER_SERIAL
          "</ds:X509Data><ds:KeyValue><x xmlns=\"urn:x\"/></ds:KeyValue>"},
         "KeyValue in KeyInfo",
         true},
        {"a certificate brought along",
         {.key_info = ISSUER_SERIAL
          "<ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>"},
         "X509Certificate in X509Data",
         true},
        {"two certificates named",
         {.key_info =
              ISSUER_SERIAL "</ds:X509Data>" ISSUER_SERIAL "</ds:X509Data>"},
         "X509Data in KeyInfo",
         false},
        {"a key fetched",
         {.key_info = "<ds:RetrievalMethod URI=\"http://127.0.0.1:1/\"/>"},
         "RetrievalMethod in KeyInfo",
         false},
        {"a key's identifier",
         {.key_info = "<ds:X509Data><ds:X509SKI>AAAA</ds:X509SKI>"
                      "</ds:X509Data>"},
         NULL,
         false},
        {"an Object",
         {.object = "<ds:Object>x</ds:Object>"},
         "Object in Signature",
         false},
        {"an Id", {.attributes = " Id=\"a\""}, "Signature with Id=", true},
        {"C14N 1.1 of SignedInfo",
         {.canonicalisation = "http://www.w3.org/2006/12/xml-c14n11"},
         "CanonicalizationMethod with Algorithm=",
         true},
        {"C14N 1.1 after enveloped",
         {.transforms =
              ENVELOPED TRANSFORM("http://www.w3.org/2006/12/xml-c14n11")},
         "Transform in Transforms",
         true},
        {"C14N before enveloped",
         {.transforms = TRANSFORM("http://www.w3.org/TR/2001/"
                                  "REC-xml-c14n-20010315") ENVELOPED},
         "Transform with Algorithm=",
         false},
        {"C14N twice after enveloped",
         {.transforms = ENVELOPED TRANSFORM(
              "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")
              TRANSFORM("http://www.w3.org/2001/10/xml-exc-c14n#")},
         "Transform in Transforms",
         false},
        {"C14N with comments after enveloped",
         {.transforms = ENVELOPED TRANSFORM(
              "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments")},
         "Transform in Transforms",
         false},
        {"C14N alone",
         {.transforms =
              TRANSFORM("http://www.w3.org/TR/2001/REC-xml-c14n-20010315")},
         "Transform with Algorithm=",
         false},
        {"prefixes of exclusive C14N",
         {.transforms = ENVELOPED
          "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/"
          "xml-exc-c14n#\"><ec:InclusiveNamespaces xmlns:ec=\"http://"
          "www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"sr\"/>"
          "</ds:Transform>"},
         "Transform in Transforms",
         false},
        {"subject, key name and identifier beside",
         {.key_info = ISSUER_SERIAL
          "<ds:X509SubjectName>CN=x</ds:X509SubjectName><ds:X509SKI>AAAA"
          "</ds:X509SKI></ds:X509Data><ds:KeyName>x</ds:KeyName>"},
         "X509SubjectName in X509Data",
         true},
        {"a certificate in an X509Data of its own",
         {.key_info = ISSUER_SERIAL
          "</ds:X509Data><ds:X509Data><ds:X509Certificate>AAAA"
          "</ds:X509Certificate></ds:X509Data>"},
         "X509Data in KeyInfo",
         true},
        {"a certificate alone",
         {.key_info = "<ds:X509Data><ds:X509Certificate>AAAA"
                      "</ds:X509Certificate></ds:X509Data>"},
         "X509Certificate in X509Data",
         false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span text = signed_update(&cases[i].how);
        expect_in(DUIS_STRICT, cases[i].what, text, SHAPE);
        if (cases[i].names && !strstr(reason, cases[i].names))
            fail_msg("%s: \"%s\" does not name \"%s\"", cases[i].what, reason,
                     cases[i].names);
        expect_in(DUIS_COMMON, cases[i].what, text,
                  cases[i].common ? GOOD : SHAPE);
    }
}

static void issuers_that_are_no_names_are_refused(void **state) {
    (void)state;
    static const struct {
        const char *from, *to;
        const char *reason;
    } cases[] = {
        {"CN=Z1,OU=07", "Z1", "X509IssuerName is not a name"},
        {"CN=Z1,OU=07", "", "X509IssuerName is not a name"},
        {"<ds:X509SerialNumber>",
         "<ds:X509SerialNumber>1234567890123456789012345678901234567890",
         "X509SerialNumber is longer than 20 octets"},
    };
    struct span sound = signed_update(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer text = {0};
        test_replace(sound, cases[i].from, cases[i].to, &text);
        expect(cases[i].to, buffer_span(&text), SHAPE);
        assert_string_equal(reason, cases[i].reason);
        buffer_free(&text);
    }
    struct buffer text = {0};
    test_replace(sound, "<ds:X509SerialNumber>", "<ds:X509SerialNumber> 000",
                 &text);
    expect("zeros in front", buffer_span(&text), GOOD);
    buffer_free(&text);
}

/* The signature of a sound document, as text. */
static const char *signature_of(struct span text) {
    const char *start = memmem(text.data, text.len, "<ds:Signature ", 14);
    const char *end = memmem(text.data, text.len, "</ds:Signature>", 15);
    return arena_text(arena, span_of(start, (size_t)(end + 15 - start)));
}

static const char *without_declaration(struct span text) {
    const char *start = memmem(text.data, text.len, "<sr:Request", 11);
    size_t skip = (size_t)(start - (const char *)text.data);
    return arena_text(arena, span_of(start, text.len - skip));
}

static const char *evil_request(void) {
    struct buffer sound = {0}, evil = {0};
    test_request_build(&UPDATE, &sound);
    test_replace(buffer_span(&sound), "0123ABCD", "EEEEEEEE", &evil);
    const char *text = without_declaration(buffer_span(&evil));
    buffer_free(&sound);
    buffer_free(&evil);
    return text;
}

/* `before` from the evil request, the rest around it. */
static void expect_wrapped(const char *what, const char *from, const char *to,
                           enum stage stage) {
    struct buffer text = {0};
    test_replace(span_text(evil_request()), from, to, &text);
    expect(what, buffer_span(&text), stage);
    buffer_free(&text);
}

/* The wrapping attacks of McIntosh and Austel, and of Somorovsky et al. (XSW1
 * to XSW8), as far as an enveloped signature over URI="" has a likeness: the
 * sound document is kept somewhere in a forged one. */
static void wrapped_documents_are_refused(void **state) {
    (void)state;
    struct span sound = signed_update(NULL);
    const char *inner = without_declaration(sound);
    const char *signature = signature_of(sound);
    struct buffer unsigned_inner = {0};
    test_replace(span_text(inner), signature, "", &unsigned_inner);
    const char *bare = arena_text(arena, buffer_span(&unsigned_inner));
    buffer_free(&unsigned_inner);
#define WRAP(...) arena_printf(arena, __VA_ARGS__)

    /* XSW1, 2: the evil root with the sound signature, the sound document in
     * it before or after */
    expect_wrapped("signature moved to another document", "</sr:Request>",
                   WRAP("%s</sr:Request>", signature), VERIFY);
    expect_wrapped("sound document after the evil body", "</sr:Request>",
                   WRAP("%s</sr:Request>", inner), PARSE);
    expect_wrapped("sound document and its signature apart", "</sr:Request>",
                   WRAP("%s%s</sr:Request>", bare, signature), PARSE);
    expect_wrapped("sound document before the evil header", "<sr:Header>",
                   WRAP("%s<sr:Header>", inner), PARSE);
    /* XSW3, 4: side by side, inside the body */
    expect_wrapped("sound document inside the evil body", "</sr:Body>",
                   WRAP("%s</sr:Body>", inner), PARSE);
    expect_wrapped("sound document inside a value", "EEEEEEEE", inner, PARSE);
    /* XSW5, 6: the sound document inside the signature that moved */
    expect_wrapped(
        "sound document in an Object of the signature", "</sr:Request>",
        WRAP("%.*s<ds:Object>%s</ds:Object></ds:Signature></sr:Request>",
             (int)strlen(signature) - 15, signature, bare),
        SHAPE);
    expect_wrapped(
        "whole sound document in an Object", "</sr:Request>",
        WRAP("%.*s<ds:Object>%s</ds:Object></ds:Signature></sr:Request>",
             (int)strlen(signature) - 15, signature, inner),
        SHAPE);
    expect_wrapped("a signature that holds nothing but an Object",
                   "</sr:Request>",
                   WRAP("<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/"
                        "xmldsig#\"><ds:Object>%s</ds:Object></ds:Signature>"
                        "</sr:Request>",
                        inner),
                   PARSE);
    /* XSW7, 8: in an extension that the schema lets through */
    expect_wrapped(
        "sound document in a KeyInfo", "</sr:Request>",
        WRAP("<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">%s"
             "<ds:KeyInfo>%s</ds:KeyInfo></ds:Signature></sr:Request>",
             "<ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"a\"/>"
             "<ds:SignatureMethod Algorithm=\"a\"/>" REFERENCE(
                 "URI=\"\"") "</ds:SignedInfo><ds:SignatureValue>AAAA</"
                             "ds:SignatureValue>",
             inner),
        SHAPE);
    expect_wrapped("two signatures", "</sr:Request>",
                   WRAP("%s%s</sr:Request>", signature, signature), PARSE);
    expect_wrapped("the signature first", "<sr:Header>",
                   WRAP("%s<sr:Header>", signature), PARSE);
    expect_wrapped("the signature in the body", "</sr:Body>",
                   WRAP("%s</sr:Body>", signature), PARSE);
    /* the sound document as it is, in another root */
    expect("another root", span_text(WRAP("<x>%s</x>", inner)), PARSE);
}

static void unsigned_requests_are_refused(void **state) {
    (void)state;
    expect("unsigned", span_text(evil_request()), SHAPE);
    assert_string_equal(reason, "there is no signature");
    expect_wrapped(
        "a signature in a comment", "</sr:Request>",
        WRAP("<!--%s--></sr:Request>", signature_of(signed_update(NULL))),
        SHAPE);
    expect_wrapped("a signature of another namespace", "</sr:Request>",
                   "<ds:Signature xmlns:ds=\"urn:x\"/></sr:Request>", PARSE);
}

/* A document with that SignatureValue. */
static void expect_with_value(const char *what, const uint8_t *octets,
                              size_t len, enum stage stage) {
    struct span sound = signed_update(NULL);
    const char *start =
        memmem(sound.data, sound.len, "<ds:SignatureValue>", 19);
    const char *end = memmem(sound.data, sound.len, "</ds:SignatureValue>", 20);
    struct buffer text = {0};
    buffer_add(&text, span_of(sound.data,
                              (size_t)(start + 19 - (const char *)sound.data)));
    base64_add(&text, span_of(octets, len));
    buffer_text(&text, end);
    expect(what, buffer_span(&text), stage);
    buffer_free(&text);
}

/* The order of P-256. */
#define N                                                                      \
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,    \
        0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3,      \
        0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25

static void r_and_s_are_in_range_and_64_octets(void **state) {
    (void)state;
    static const uint8_t one_one[65] = {[31] = 1, [63] = 1};
    static const uint8_t zero[64], r_zero[64] = {[63] = 1},
                                   s_zero[64] = {[31] = 1};
    static const uint8_t r_order[64] = {N, 0x51, [63] = 1};
    static const uint8_t r_below[64] = {N, 0x50, [63] = 1};
    static const uint8_t s_order[64] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   0, 0,
                                        0, 0, 0, 0, 0, 0, 0, 0, 0, 0,   0, 0,
                                        0, 0, 0, 0, 0, 0, 0, 1, N, 0x51};
    static const struct {
        const char *what;
        const uint8_t *octets;
        size_t len;
        enum stage stage;
    } cases[] = {
        {"r = s = 1", one_one, 64, VERIFY}, {"r = n - 1", r_below, 64, VERIFY},
        {"both zero", zero, 64, SHAPE},     {"r zero", r_zero, 64, SHAPE},
        {"s zero", s_zero, 64, SHAPE},      {"r = n", r_order, 64, SHAPE},
        {"s = n", s_order, 64, SHAPE},      {"no octets", one_one, 0, SHAPE},
        {"63 octets", one_one, 63, SHAPE},  {"65 octets", one_one, 65, SHAPE},
        {"half", one_one, 32, SHAPE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_with_value(cases[i].what, cases[i].octets, cases[i].len,
                          cases[i].stage);
}

/* The same signature as DER, which other libraries write. */
static void der_signatures_are_refused(void **state) {
    (void)state;
    uint8_t der[72] = {0x30, 0x46, 0x02, 0x21};
    for (size_t len = 70; len <= 72; len++)
        expect_with_value("DER", der, len, SHAPE);
}

/* Declares the namespace of the signature in the signature only: a second
 * declaration of it could be changed without a change of meaning. */
static struct span declared_once(void) {
    struct buffer document = {0}, once = {0}, out = {0};
    test_request_build(&UPDATE, &document);
    test_replace(buffer_span(&document),
                 " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"", "", &once);
    test_sign(buffer_span(&once), &(struct test_signing){.signer = &user},
              &out);
    struct span copy = arena_copy(arena, buffer_span(&out));
    buffer_free(&document);
    buffer_free(&once);
    buffer_free(&out);
    return copy;
}

/* All but the issuer's name and the serial number, which are not signed: they
 * name a certificate that has another key, or none. */
static void every_octet_of_the_document_counts(void **state) {
    (void)state;
    struct span sound = declared_once();
    expect("sound", sound, GOOD);
    struct buffer text = {0};
    buffer_add(&text, sound);
    const uint8_t *info = memmem(sound.data, sound.len, "<ds:KeyInfo>", 12);
    for (size_t i = 0; i < (size_t)(info - sound.data); i++) {
        uint8_t kept = text.data[i];
        text.data[i] = kept == 'A' ? 'B' : 'A';
        struct arena *own = arena_new();
        if (stage_of(own, buffer_span(&text), user.key, &reason) == GOOD)
            fail_msg("octet %zu (%c) may change", i, kept);
        arena_free(own);
        text.data[i] = kept;
    }
    buffer_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_signature_is_good),
        cmocka_unit_test(large_documents_are_verified_as_well),
        cmocka_unit_test(every_change_to_what_is_signed_is_caught),
        cmocka_unit_test(every_other_form_is_refused),
        cmocka_unit_test(issuers_that_are_no_names_are_refused),
        cmocka_unit_test(wrapped_documents_are_refused),
        cmocka_unit_test(unsigned_requests_are_refused),
        cmocka_unit_test(r_and_s_are_in_range_and_64_octets),
        cmocka_unit_test(der_signatures_are_refused),
        cmocka_unit_test(every_octet_of_the_document_counts),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
