/*
 * Users for tests: keys with their certificates, Service Requests made from
 * fields, and signatures over them, sound ones and strange ones. Signs with
 * libxml2's C14N, so not in the way that src/duis signs or verifies.
 *
 * Anything that goes wrong here aborts: it is the test that is broken.
 */
#ifndef FOTAD_TESTS_DUIS_SIGNING_H
#define FOTAD_TESTS_DUIS_SIGNING_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/eui64.h"
#include "duis/request.h"

#include <openssl/types.h>

/* Somebody who can sign. All of it belongs to the arena. */
struct test_identity {
    EVP_PKEY *key;
    struct span key_pem, certificate_pem;
    const char *issuer, *serial; /* as KeyInfo writes them */
};

/* What a new certificate says. Zero fields have a sound default. */
struct test_certificate {
    eui64 id;
    bool device;        /* hardwareModuleName instead of subject fields */
    const char *role;   /* subject OU; NULL: "87", a User's XML signing */
    const char *usage;  /* OpenSSL's text; NULL: "critical,digitalSignature" */
    const char *basic;  /* basicConstraints; NULL: none */
    const char *curve;  /* NULL: "P-256" */
    const char *serial; /* decimal; NULL: a random one of 16 octets */
    const char *not_before, *not_after; /* "20200101000000Z"; NULL: 2018, 2118
                                         */
    bool no_id;                         /* leaves the EUI-64 out */
};

/* A new key and its certificate, self-signed under the issuer CN=Z1,OU=07. */
struct test_identity test_identity_new(struct arena *arena,
                                       const struct test_certificate *about);

/* A published test key: the scalar in hexadecimal, and its certificate. */
struct test_identity test_identity_published(struct arena *arena,
                                             const char *scalar,
                                             struct span certificate_pem);

/* The published XML signing key of the reference data for that certificate,
 * such as "xml-sign-90B3D51F30010000-ds"; false when the data is not there. */
bool test_identity_reference(struct arena *arena, const char *name,
                             struct test_identity *identity);

/* A Service Request. NULL fields are what the body's service wants. */
struct test_request {
    const char *request_id;
    enum duis_body body;
    const char *schema_version, *command_variant, *service_reference,
        *service_reference_variant;
    const char *firmware_version;
    struct span image;
    const eui64 *device_ids;
    size_t device_id_count;
    const char *execution_date_time, *firmware_hash;
    struct span gbcs_payload;
};

/* Appends the document without a signature. */
void test_request_build(const struct test_request *request, struct buffer *out);

/* How to sign. NULL: as DUIS wants it. Texts that are XML go in as they are,
 * and the signature is computed over what results; but the digests are always
 * SHA-256 of the C14N that canonicalisation and transforms name, and the
 * signature ECDSA with SHA-256. */
struct test_signing {
    const struct test_identity *signer;
    const char *canonicalisation, *signature_method, *digest_method; /* URIs */
    const char *method_content; /* XML inside SignatureMethod */
    const char *reference;      /* attributes of Reference */
    const char *transforms;     /* XML inside Transforms */
    const char *more_reference; /* XML after Reference */
    const char *key_info;       /* XML inside KeyInfo */
    const char *object;         /* XML after KeyInfo */
    const char *attributes;     /* of ds:Signature */
};

/* Signs `document` and appends the result to `out`: the signature takes the
 * place of the ds:Signature that is there, or goes before the root's end. */
void test_sign(struct span document, const struct test_signing *signing,
               struct buffer *out);

/* Both of it with defaults. */
void test_request_signed(const struct test_request *request,
                         const struct test_identity *signer,
                         struct buffer *out);

/* Appends `text` with the first `from` replaced by `to`; aborts when `from` is
 * not there. */
void test_replace(struct span text, const char *from, const char *to,
                  struct buffer *out);

#endif
