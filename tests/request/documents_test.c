/*
 * docs/duis.md is true: its examples are valid, its signed example is good, it
 * has every body, element and code that there is, and its table of codes is
 * that of the database.
 */
#include "support/check.h"
#include "support/pg.h"
#include "support/sql.h"

#include "duis/library.h"
#include "duis/request.h"
#include "duis/signature.h"
#include "fotasim/verbs.h"
#include "support/duis_check.h"

#include <openssl/pem.h>
#include <stdio.h>

static const char DOCUMENT[] = "docs/duis.md";

static struct arena *arena;
static const char *document;
static bool has_official_schema;

static const char *between(const char *text, const char *start,
                           const char *end) {
    const char *from = strstr(text, start);
    const char *to = from ? strstr(from + strlen(start), end) : NULL;
    if (!to)
        fail_msg("%s: no %s", DOCUMENT, start);
    from += strlen(start);
    return arena_text(arena, span_of(from, (size_t)(to - from)));
}

/* The next block in that language, from `*at` on; NULL: there is none. */
static const char *next_block(const char **at, const char *language) {
    const char *start = arena_printf(arena, "\n```%s\n", language);
    const char *from = strstr(*at, start);
    if (!from)
        return NULL;
    const char *text = between(from, start, "```\n");
    *at = from + strlen(start) + strlen(text);
    return text;
}

static struct span as_document(const char *block) {
    return span_text(arena_printf(
        arena, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n%s", block));
}

static void examples_are_valid(void **state) {
    (void)state;
    const char *at = document, *block;
    size_t count = 0;
    while ((block = next_block(&at, "xml"))) {
        struct duis_document tree;
        struct duis_fault fault;
        bool asks = strstr(block, "<sr:Request ") != NULL;
        struct span text = as_document(block);
        if (duis_document_parse(arena, text,
                                asks ? DUIS_REQUEST : DUIS_RESPONSE, &tree,
                                &fault) != DUIS_PARSED)
            fail_msg("%s: %s", fault.reason, block);
        if (has_official_schema && !official_schema_accepts(text))
            fail_msg("%s: %s", official_schema_reason(), block);
        count++;
    }
    assert_true(count > 25);
}

static void the_signed_example_is_good(void **state) {
    (void)state;
    const char *at = strstr(document, "## Signing");
    const char *block = next_block(&at, "xml"), *pem = next_block(&at, "pem");
    struct duis_request request;
    struct duis_fault fault;
    struct duis_signer_name name;
    const char *reason = "";
    assert_int_equal(
        duis_request_parse(arena, as_document(block), &request, &fault),
        DUIS_PARSED);
    if (!duis_signature_shape(arena, &request.document, DUIS_STRICT, &name,
                              &reason))
        fail_msg("%s", reason);
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    assert_non_null(x509);
    if (!duis_signature_verify(arena, &request.document, DUIS_STRICT,
                               X509_get0_pubkey(x509), &reason))
        fail_msg("%s", reason);
    X509_free(x509);
    BIO_free(bio);
}

/* Every body, and every message: the alerts by their code and element. */
static void nothing_is_left_out(void **state) {
    (void)state;
    static const char *const wanted[] = {
#define BODY(name, element, is_update, read) "<sr:" element,
#include "duis/body.def"
#define DCC_ALERT(code, element, needs) code,
#define QUARANTINED(code, element, needs) code,
#define MESSAGE(code, fill, needs)
#include "delivery/message.def"
#undef DCC_ALERT
#undef QUARANTINED
#undef MESSAGE
        "<sr:FirmwareDistributionFailure>",
        "<sr:PPMIDAlert>",
        "<sr:QuarantinedRequest>",
        "<sr:FirmwareVersionMismatch>",
        "<sr:FirmwareUpgradeRequested>",
        "<sr:CSPFirmwareDeliveryStatus>",
        "<sr:CommsHubAlert>",
        "<sr:DUISVersionMismatch>",
        "<sr:DSPUpdateFirmwareWarning>",
        "<sr:DSPUpdatePPMIDFirmwareWarning>",
        "<sr:DSPInventory>",
        "<sr:PreCommand>",
        "<sr:LocalCommand>",
        "<sr:FutureDatedDeviceAlertMessage>",
        "<sr:DeviceAlertMessage>",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!strstr(document, wanted[i]))
            fail_msg("%s has no %s", DOCUMENT, wanted[i]);
}

static void the_codes_are_those_of_the_database(void **state) {
    (void)state;
    struct sql *sql = sql_open(pg_fresh_database());
    const char *table = sql_text(
        sql, "select '| code | HTTP | of | when | condition |' || e'\\n'"
             " || '|---|---|---|---|---|' || e'\\n' || string_agg(format("
             "'| %%s | %%s | %%s | %%s | `%%s` |', response_code, http_status,"
             " service_reference_variant, meaning, condition), e'\\n' order by"
             " response_code is null, response_code collate \"C\", condition,"
             " service_reference_variant collate \"C\") || e'\\n'"
             " from response_code");
    const char *said =
        between(document, "<!-- codes -->\n", "<!-- end of codes -->");
    if (strcmp(table, said) != 0) {
        fputs(table, stdout);
        fflush(stdout);
        fail_msg("%s: that belongs between its marks for codes", DOCUMENT);
    }
    sql_close(sql);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_are_valid),
        cmocka_unit_test(the_signed_example_is_good),
        cmocka_unit_test(nothing_is_left_out),
        cmocka_unit_test(the_codes_are_those_of_the_database),
    };
    struct buffer text = {0};
    has_official_schema = official_schema_open();
    if (!duis_open() || !read_whole(DOCUMENT, &text))
        return 1;
    arena = arena_new();
    document = arena_text(arena, buffer_span(&text));
    buffer_free(&text);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    official_schema_close();
    return failed;
}
