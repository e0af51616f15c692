/*
 * The templates of the Reference Test Data Set for 11.1 and 11.4, signed with
 * the published test keys by the xmlsec1 command, are accepted; xmlsec1 and
 * xmllint find the answers sound. Skipped without the reference data or the
 * commands.
 */
#include "support/check.h"
#include "support/files.h"
#include "support/shared.h"
#include "support/user_gateway.h"

#include "base/base64.h"
#include "cpl/ota.h"

#include <stdio.h>
#include <stdlib.h>

static char directory[] = "/tmp/fotad-official-XXXXXX";
static struct gateway *gateway;

static const char *in_directory(const char *name) {
    return arena_printf(gateway->arena, "%s/%s", directory, name);
}

static void write_file(const char *name, struct span text) {
    file_write(in_directory(name), text);
}

static struct span read_file(const char *name) {
    struct buffer text = {0};
    file_read(in_directory(name), &text);
    struct span copy = arena_copy(gateway->arena, buffer_span(&text));
    buffer_free(&text);
    return copy;
}

static void command(const char *text) {
    const char *quiet =
        arena_printf(gateway->arena, "%s >%s 2>&1", text, in_directory("said"));
    if (system(quiet) == 0)
        return;
    struct span said = read_file("said");
    fail_msg("%s: %.*s", text, (int)said.len, (const char *)said.data);
}

/* ---- what the SMI, the CPL and the key store must hold ---- */

static struct span template_value(struct span text, const char *tag) {
    const char *from = memmem(text.data, text.len, tag, strlen(tag));
    assert_non_null(from);
    from += strlen(tag);
    return span_of(from, strcspn(from, "<"));
}

/* The image's entry on the CPL, for the FirmwareVersion of the template. */
static void publish_image(struct span template, const char *type) {
    struct span text = template_value(template, "<sr:FirmwareImage>");
    uint8_t *octets = arena_alloc(gateway->arena, base64_most_octets(text.len));
    ptrdiff_t len = base64_parse(text, octets);
    struct ota_image image;
    const char *reason;
    assert_true(len > 0);
    assert_true(ota_parse(span_of(octets, (size_t)len),
                          strcmp(type, "PPMID") != 0, &image, &reason));
    gateway_publish(gateway, type, image.manufacturer_image, "00000000");
}

static void add_device(struct span template, const char *type) {
    struct span id = template_value(template, "<sr:DeviceIDList>");
    gateway_tell(
        gateway, "%s",
        arena_printf(gateway->arena,
                     "insert into smi_device (device_id, chf_id, device_type,"
                     " device_status, smets_version, import_supplier_id,"
                     " manufacturer_id, model_id, hardware_version,"
                     " hardware_revision) values ('%.23s',"
                     " '00:db:12:00:00:00:00:01', '%s', 'Commissioned',"
                     " 'SMETS2', '90-B3-D5-1F-30-01-00-00', 4626, 1, 1, 1)",
                     (const char *)id.data, type));
}

/* ---- signing with the command ---- */

static void replace_value(struct buffer *text, const char *tag,
                          const char *value) {
    struct span old = template_value(buffer_span(text), tag);
    size_t at = (size_t)(old.data - text->data);
    struct buffer changed = {0};
    buffer_add(&changed, span_of(text->data, at));
    buffer_text(&changed, value);
    buffer_add(&changed, span_of(old.data + old.len, text->len - at - old.len));
    buffer_free(text);
    *text = changed;
}

/* As the note beside the reference data says: empty the values, put issuer
 * and serial of the certificate into KeyInfo, xmlsec1 --sign. The template is
 * signed as it stands, its comment and white space included. */
static struct span sign(struct span template,
                        const struct test_identity *signer) {
    struct buffer text = {0};
    buffer_add(&text, template);
    replace_value(&text, "<ds:DigestValue>", "");
    replace_value(&text, "<ds:SignatureValue>", "");
    replace_value(&text, "<ds:X509IssuerName>", signer->issuer);
    replace_value(&text, "<ds:X509SerialNumber>", signer->serial);
    write_file("request.xml", buffer_span(&text));
    write_file("user.key", signer->key_pem);
    buffer_free(&text);
    command(arena_printf(gateway->arena,
                         "cd %s && xmlsec1 --sign --privkey-pem user.key"
                         " --output signed.xml request.xml",
                         directory));
    return read_file("signed.xml");
}

static void check_by_commands(const struct answer *answer) {
    const char *root = getenv("FOTAD_SHARED");
    write_file("answer.xml", answer->body);
    write_file("dsp.pem", gateway->dsp.certificate_pem);
    command(arena_printf(gateway->arena,
                         "xmlsec1 --verify --pubkey-cert-pem %s/dsp.pem"
                         " %s/answer.xml",
                         directory, directory));
    command(arena_printf(gateway->arena,
                         "xmllint --nonet --huge --noout --schema"
                         " %s/reference/xsd-libxml2/duis-5.4.xsd %s/answer.xml",
                         root ? root : "../shared", directory));
}

static void accept_template(const char *name, const char *type) {
    if (system("command -v xmlsec1 xmllint >/dev/null") != 0) {
        print_message("skipped: no xmlsec1 or no xmllint\n");
        skip();
    }
    struct buffer text = {0};
    struct test_identity signer;
    gateway = gateway_new();
    if (!shared_read(name, &text) ||
        !test_identity_reference(gateway->arena, "xml-sign-90B3D51F30010000-ds",
                                 &signer))
        skip();
    gateway_trust(gateway, &signer);
    publish_image(buffer_span(&text), type);
    add_device(buffer_span(&text), type);
    gateway_open(gateway);
    struct answer answer =
        gateway_post(gateway, "serviceD", sign(buffer_span(&text), &signer));
    assert_string_equal(answer_says(gateway, &answer), "I99");
    assert_string_equal(gateway_tracked(gateway), "1 AWAITING_CSP, image");
    check_by_commands(&answer);
    buffer_free(&text);
    gateway_free(gateway);
}

static void the_template_of_11_1(void **state) {
    (void)state;
    accept_template("duis-templates/11.1_UPDATE_FIRMWARE_REQUEST_DUIS.XML",
                    "ESME");
}

static void the_template_of_11_4(void **state) {
    (void)state;
    accept_template(
        "duis-templates/11.4_UPDATE_PPMID_FIRMWARE_REQUEST_DUIS.XML", "PPMID");
}

static int set_up(void **state) {
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    char text[128];
    snprintf(text, sizeof text, "rm -r %s", directory);
    return system(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_template_of_11_1),
        cmocka_unit_test(the_template_of_11_4),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
