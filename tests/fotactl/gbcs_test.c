/* fotactl gbcs show, with the published messages and keys. */
#include "support/check.h"
#include "support/gbcs_keys.h"
#include "support/shared.h"
#include "support/tool.h"

#include <jansson.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const certificates[] = {
    "00db1234567890a0-ds.pem", "00db1234567890a0-ka.pem",
    "00db1234567890a4-ds.pem", "00db1234567890a4-ka.pem",
    "90b3d51f30010000-ds.pem",
};

#define CS06 "CS06_11.3_IMMEDIATE_SUCCESS_COMMAND_GBCS.HEX"
#define CS08 "CS08_11.2_SUCCESS_COMMAND_GBCS.HEX"
#define CS08_RESPONSE "CS08_11.2_SUCCESS_RESPONSE_GBCS.HEX"
#define CS09 "CS09_NA_8F8B_ALERT_GBCS.HEX"
#define ECS52_RESPONSE "ECS52_11.2_SUCCESS_RESPONSE_GBCS.HEX"

static bool append_message(const char *file, struct buffer *line) {
    char name[128];
    snprintf(name, sizeof name, "rtds/%s", file);
    if (!shared_read(name, line))
        return false;
    while (line->len && strchr("\r\n", line->data[line->len - 1]))
        line->len--;
    buffer_add(line, span_of("", 1)); /* a NUL, which does not count */
    line->len--;
    return true;
}

/* Certificates into the database, and the ACB's key into the configuration. */
static bool set_up_keys(struct tool *tool, const char *more_config) {
    tool_directory(tool, "certificates");
    for (size_t i = 0; i < sizeof certificates / sizeof *certificates; i++) {
        char from[96], to[96];
        struct buffer pem = {0};
        snprintf(from, sizeof from, "rtds/keys/%s", certificates[i]);
        snprintf(to, sizeof to, "certificates/%s", certificates[i]);
        if (!shared_read(from, &pem))
            return false;
        tool_file(tool, to, buffer_span(&pem));
        buffer_free(&pem);
    }
    tool_expect(tool, "import certificates @certificates", 0, "");
    char path[128];
    snprintf(path, sizeof path, "%s/ka.key", tool->directory);
    /* test-scalars.json: 90b3d51f30000002-ka.pem */
    struct buffer scalars = {0};
    if (!shared_read("rtds/keys/test-scalars.json", &scalars))
        return false;
    buffer_add(&scalars, span_of("", 1));
    char *at = strstr((char *)scalars.data, "\"90b3d51f30000002-ka.pem\"");
    at = strstr(at, "\"scalar\": \"") + strlen("\"scalar\": \"");
    at[64] = '\0';
    EVP_PKEY *key = key_of_scalar(at);
    FILE *file = fopen(path, "w");
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL),
                     1);
    fclose(file);
    EVP_PKEY_free(key);
    buffer_free(&scalars);
    snprintf(path, sizeof path, "%s/fotad.conf", tool->directory);
    file = fopen(path, "a");
    fprintf(file, "[identity]\nkey_agreement_key = %s/ka.key\n%s",
            tool->directory, more_config);
    fclose(file);
    return true;
}

static void expect_text(const json_t *object, const char *key,
                        const char *expected) {
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    assert_string_equal(text, expected);
}

struct row {
    const char *file;
    const char *signature, *mac, *problem;
};

static void show(struct tool *tool, const struct row *row, bool altered) {
    struct buffer line = {0};
    buffer_text(&line, "gbcs show --verify ");
    if (!append_message(row->file, &line))
        skip();
    if (altered)
        line.data[line.len - 1] = line.data[line.len - 1] == '0' ? '1' : '0';
    tool_expect(tool, (char *)line.data, *row->problem ? 1 : 0, row->problem);
    json_t *shown = json_loads((char *)tool->out.data, 0, NULL);
    const json_t *verified = json_object_get(shown, "verified");
    expect_text(verified, "signature", row->signature);
    expect_text(verified, "mac", row->mac);
    json_decref(shown);
    buffer_free(&line);
}

#define NOT_OURS "cannot be checked: it is made with the recipient's key"

static const struct row rows[] = {
    {CS09, "good", "none", ""},
    {CS08, "none", "good", ""},
    {CS08_RESPONSE, "none", "good", ""},
    {ECS52_RESPONSE, "none", NOT_OURS, ""},
    /* organisations' certificates of that set ended in October 2025 */
    {CS06, "the certificate is expired", "good",
     "fotactl: signature: the certificate is expired\n"},
};

static void verifies_by_the_certificates(void **state) {
    if (!set_up_keys(*state, ""))
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        show(*state, &rows[i], false);
    show(*state,
         &(struct row){CS09, "not good", "none",
                       "fotactl: signature: not good\n"},
         true);
    show(*state,
         &(struct row){CS08, "none", "not good", "fotactl: MAC: not good\n"},
         true);
}

static void takes_expired_ones_on_a_test_system(void **state) {
    if (!set_up_keys(*state, "accept_expired = yes\n"))
        skip();
    show(*state, &(struct row){CS06, "good", "good", ""}, false);
}

static void says_that_no_certificate_is_known(void **state) {
    show(*state,
         &(struct row){CS09, "no certificate is known", "none",
                       "fotactl: signature: no certificate is known\n"},
         false);
}

static void shows_every_field(void **state) {
    struct tool *tool = *state;
    struct buffer line = {0};
    buffer_text(&line, "gbcs show ");
    if (!append_message(CS09, &line))
        skip();
    tool_expect(tool, (char *)line.data, 0, "");
    json_t *shown = json_loads((char *)tool->out.data, 0, NULL);
    expect_text(shown, "useCase", "CS09");
    expect_text(shown, "originator", "00-DB-12-34-56-78-90-A4");
    const json_t *payload = json_object_get(shown, "payload");
    expect_text(payload, "alertCode", "8F8B");
    expect_text(payload, "firmwareVersion", "1234ABCD");
    expect_text(payload, "result", "ActivationSuccess");
    assert_null(json_object_get(shown, "verified"));
    json_decref(shown);
    buffer_free(&line);
}

static void refuses_what_is_no_message(void **state) {
    tool_expect(*state, "gbcs show", 2,
                "fotactl: usage: fotactl gbcs show HEX|-\n");
    tool_expect(*state, "gbcs show 0G", 2,
                "fotactl: that is no hexadecimal text\n");
    tool_expect(*state, "gbcs show DF", 1,
                "fotactl: it is no GBCS message: the message ends too "
                "early, or a length is wrong\n");
    tool_expect(*state, "status 00-DB-12-34-56-78-90-A0 --verify", 2,
                "fotactl: --verify does not belong to 'status'\n");
}

/* What comes after the first 256 KiB is not left out of account. */
static void refuses_what_is_too_long(void **state) {
    struct tool *tool = *state;
    struct buffer text = {0};
    char path[256];
    if (!append_message(CS09, &text))
        skip();
    while (text.len < 256 * 1024)
        buffer_text(&text, " ");
    buffer_text(&text, "no message");
    tool_file(tool, "long", buffer_span(&text));
    snprintf(path, sizeof path, "%s/long", tool->directory);
    assert_non_null(freopen(path, "re", stdin));
    tool_expect(tool, "gbcs show -", 1,
                "fotactl: that is longer than 262144 characters\n");
    buffer_free(&text);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, tool_setup, tool_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(verifies_by_the_certificates),
        TEST(takes_expired_ones_on_a_test_system),
        TEST(says_that_no_certificate_is_known),
        TEST(shows_every_field),
        TEST(refuses_what_is_no_message),
        TEST(refuses_what_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
