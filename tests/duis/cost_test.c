/* What reading a document costs, by the worst that one can hold: measured in
 * processor time, against the budget of one unauthenticated input. */
#include "support/cost.h"

#include "duis/certificate.h"
#include "duis/parsed.h"
#include "duis/signature.h"

/* ---- documents ---- */

static void add_declarations(struct buffer *out, int count) {
    for (int i = 0; i < count; i++)
        buffer_printf(out, "xmlns:n%d=\"urn:n%d\" ", i, i);
}

static void add_attributes(struct buffer *out, const char *prefix, int count) {
    for (int i = 0; i < count; i++)
        buffer_printf(out, "%s%d=\"%d\" ", prefix, i, i);
}

static void add_tag_of_declarations(struct buffer *out, int count) {
    buffer_text(out, "<a ");
    add_declarations(out, count);
    buffer_text(out, ">");
}

static void nested_declarations(struct buffer *out) {
    for (int level = 0; level < 30; level++)
        add_tag_of_declarations(out, 256);
    for (int i = 0; i < 950; i++) {
        buffer_text(out, "<n0:b ");
        for (int j = 0; j < 256; j++)
            buffer_printf(out, "n%d:c=\"\" ", j);
        buffer_text(out, "/>");
    }
}

static void declarations_in_one_tag(struct buffer *out) {
    add_tag_of_declarations(out, 100000);
}

static void attributes_in_every_tag(struct buffer *out) {
    for (int i = 0; i < 1000; i++) {
        buffer_text(out, "<a ");
        add_attributes(out, "b", 256);
        buffer_text(out, ">");
    }
}

static void declarations_to_the_limit(struct buffer *out) {
    for (int i = 0; i < 31; i++)
        add_tag_of_declarations(out, 4);
    for (int i = 0; i < 990; i++)
        buffer_text(out, "<n0:b/>");
}

static void depth(struct buffer *out) {
    cost_repeat(out, "<a>", 1000000);
}

static void tags(struct buffer *out) {
    buffer_text(out, "<a>");
    cost_repeat(out, "<b/>", 1000000);
}

static void comments(struct buffer *out) {
    cost_repeat(out, "<!---->", 1000000);
}

static void instructions(struct buffer *out) {
    cost_repeat(out, "<?a b?>", 1000000);
}

static void long_name(struct buffer *out) {
    buffer_text(out, "<");
    cost_repeat(out, "a", COST_OCTETS);
}

static void long_value(struct buffer *out) {
    buffer_text(out, "<a b=\"");
    cost_repeat(out, "c\t", COST_OCTETS / 2);
    buffer_text(out, "\"/>");
}

static void values_of_references(struct buffer *out) {
    buffer_text(out, "<a b=\"");
    cost_repeat(out, "&lt;", COST_OCTETS / 4);
    buffer_text(out, "\"/>");
}

static void long_comment(struct buffer *out) {
    buffer_text(out, "<!--");
    cost_repeat(out, "- ", COST_OCTETS / 2);
    buffer_text(out, "--><a/>");
}

static void long_instruction(struct buffer *out) {
    buffer_text(out, "<?a ");
    cost_repeat(out, "? ", COST_OCTETS / 2);
    buffer_text(out, "?><a/>");
}

static void long_cdata(struct buffer *out) {
    buffer_text(out, "<a><![CDATA[>");
    cost_repeat(out, "b", COST_OCTETS);
    buffer_text(out, "]]></a>");
}

static void long_doctype(struct buffer *out) {
    buffer_text(out, "<!DOCTYPE a SYSTEM \">");
    cost_repeat(out, "b", COST_OCTETS);
    buffer_text(out, "\"><a/>");
}

static void long_text(struct buffer *out) {
    buffer_text(out, "<a>");
    cost_repeat(out, "b", COST_OCTETS);
    buffer_text(out, "</a>");
}

static void text_of_lines(struct buffer *out) {
    buffer_text(out, "<a>");
    cost_repeat(out, "\r\n", COST_OCTETS / 2);
    buffer_text(out, "</a>");
}

static void text_of_references(struct buffer *out) {
    buffer_text(out, "<a>");
    cost_repeat(out, "&#x41;", COST_OCTETS / 6);
    buffer_text(out, "</a>");
}

static void text_of_brackets(struct buffer *out) {
    buffer_text(out, "<a>");
    cost_repeat(out, "]", COST_OCTETS);
    buffer_text(out, "</a>");
}

static void text_beyond_ascii(struct buffer *out) {
    buffer_text(out, "<a>");
    cost_repeat(out, "\xe2\x82\xac", COST_OCTETS / 3);
    buffer_text(out, "</a>");
}

static void utf_16(struct buffer *out) {
    buffer_text(out, "\xff\xfe");
    for (int i = 0; i < COST_OCTETS / 2; i++)
        buffer_add(out, span_of("<\0", 2));
}

static void white_space(struct buffer *out) {
    cost_repeat(out, "\n", COST_OCTETS);
}

/* ---- requests: valid, with a signature that is not good ---- */

static void request_with(struct buffer *out, int declarations,
                         const char *before_body, size_t times) {
    struct buffer sound = {0}, more = {0};
    struct test_identity user =
        test_identity_new(arena, &(struct test_certificate){.id = 1});
    test_request_signed(&UPDATE, &user, &sound);
    buffer_text(&more, "<sr:Request ");
    add_declarations(&more, declarations);
    buffer_add(&more, span_of("", 1));
    struct buffer wide = {0};
    test_replace(buffer_span(&sound), "<sr:Request ", (char *)more.data, &wide);
    more.len = 0;
    cost_repeat(&more, before_body, times);
    buffer_text(&more, "<sr:Body>");
    buffer_add(&more, span_of("", 1));
    test_replace(buffer_span(&wide), "<sr:Body>", (char *)more.data, out);
    buffer_free(&sound);
    buffer_free(&more);
    buffer_free(&wide);
}

static void request_of_declarations(struct buffer *out) {
    request_with(out, 110, "", 0);
}

static void request_of_comments(struct buffer *out) {
    request_with(out, 110, "<!-- -->", 950);
}

static void request_of_white_space(struct buffer *out) {
    request_with(out, 0, "\n", COST_OCTETS);
}

/* Devices of any number: the list is longer than any request's. */
static void request_of_devices(struct buffer *out) {
    struct test_identity user =
        test_identity_new(arena, &(struct test_certificate){.id = 1});
    struct test_request wish = UPDATE;
    wish.device_id_count = COST_OCTETS / 24;
    eui64 *ids = arena_zero(arena, wish.device_id_count, sizeof *ids);
    wish.device_ids = ids;
    test_request_signed(&wish, &user, out);
}

static void request_of_image(struct buffer *out, const char *piece,
                             size_t octets) {
    struct buffer sound = {0}, image = {0};
    struct test_identity user =
        test_identity_new(arena, &(struct test_certificate){.id = 1});
    test_request_signed(&UPDATE, &user, &sound);
    buffer_text(&image, ">");
    cost_repeat(&image, piece, octets / strlen(piece));
    buffer_text(&image, "aW1hZ2U=<");
    buffer_add(&image, span_of("", 1));
    test_replace(buffer_span(&sound), ">aW1hZ2U=<", (char *)image.data, out);
    buffer_free(&sound);
    buffer_free(&image);
}

#define LINE                                                                   \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"                                         \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

/* The largest image that is taken. */
static void image(struct buffer *out) {
    request_of_image(out, LINE, 13653248);
}

static void image_in_lines(struct buffer *out) {
    request_of_image(out, LINE "\r\n", 13653248 / 64 * 66);
}

static void image_in_columns(struct buffer *out) {
    request_of_image(out, "AAAA\n", COST_OCTETS);
}

static void image_in_letters(struct buffer *out) {
    request_of_image(out, "A\r\n", COST_OCTETS);
}

static void image_of_spaces(struct buffer *out) {
    request_of_image(out, " ", COST_OCTETS);
}

static void image_of_line_ends(struct buffer *out) {
    request_of_image(out, "\r\n", COST_OCTETS);
}

static void image_of_references(struct buffer *out) {
    request_of_image(out, "&#65;", COST_OCTETS);
}

static void image_beyond_ascii(struct buffer *out) {
    request_of_image(out, "\xe2\x82\xac", COST_OCTETS);
}

static void image_of_padding(struct buffer *out) {
    request_of_image(out, "=", COST_OCTETS);
}

static void image_too_large(struct buffer *out) {
    request_of_image(out, LINE, COST_OCTETS);
}

/* ---- what is measured ---- */

static struct test_identity somebody;

/* Everything up to the signature, with a key that is not the signer's. */
static void read_whole(struct span body) {
    struct certificate certificate;
    struct duis_signer_name name;
    const char *reason;
    struct arena *own = arena_new();
    fault = (struct duis_fault){0};
    if (duis_request_parse(own, body, &request, &fault) == DUIS_PARSED &&
        duis_signature_shape(own, &request.document, DUIS_COMMON, &name,
                             &reason) &&
        certificate_read(own, somebody.certificate_pem, &certificate, &reason))
        assert_false(duis_signature_verify(own, &request.document, DUIS_COMMON,
                                           certificate.key, &reason));
    arena_free(own);
}

static void no_document_costs_more_than_the_budget(void **state) {
    (void)state;
#define CASE(make)                                                             \
    { #make, make }
    static const struct cost_case cases[] = {
        CASE(nested_declarations),
        CASE(declarations_in_one_tag),
        CASE(attributes_in_every_tag),
        CASE(declarations_to_the_limit),
        CASE(depth),
        CASE(tags),
        CASE(comments),
        CASE(instructions),
        CASE(long_name),
        CASE(long_value),
        CASE(values_of_references),
        CASE(long_comment),
        CASE(long_instruction),
        CASE(long_cdata),
        CASE(long_doctype),
        CASE(long_text),
        CASE(text_of_lines),
        CASE(text_of_references),
        CASE(text_of_brackets),
        CASE(text_beyond_ascii),
        CASE(utf_16),
        CASE(white_space),
        CASE(request_of_declarations),
        CASE(request_of_comments),
        CASE(request_of_white_space),
        CASE(request_of_devices),
        CASE(image),
        CASE(image_in_lines),
        CASE(image_in_columns),
        CASE(image_in_letters),
        CASE(image_of_spaces),
        CASE(image_of_line_ends),
        CASE(image_of_references),
        CASE(image_beyond_ascii),
        CASE(image_of_padding),
        CASE(image_too_large),
    };
#undef CASE
    somebody = test_identity_new(arena, &(struct test_certificate){.id = 2});
    cost_check(cases, sizeof cases / sizeof *cases, cost_now, read_whole);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_document_costs_more_than_the_budget,
                                        set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, open_room, close_room);
}
