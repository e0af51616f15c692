/*
 * Tools that Users have sign what fotad takes, and take what fotad signs: the
 * programs of docs/duis.md, run as they stand there. A tool that is not
 * installed is skipped, with what it lacks; PATH, PYTHONPATH and NODE_PATH say
 * where it is.
 */
#include "support/check.h"
#include "support/user_gateway.h"

#include "fotasim/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each runs in the folder of the test, where the keys are. */
static const struct tool {
    const char *name, *has; /* succeeds where it is installed */
    const char *language;   /* of its programs in the document */
    const char *sign_file, *sign, *verify_file, *verify;
} TOOLS[] = {
    {"xmlsec1", "xmlsec1 --version", "sh", "sign.sh",
     "sh sign.sh key.pem certificate.pem in.xml out.xml", NULL,
     "xmlsec1 --verify --pubkey-cert-pem dsp.pem in.xml"},
    {"a JDK of 17 or later",
     "java -version 2>&1 | grep -qE 'version \"(1[7-9]|[2-9][0-9])' &&"
     " javac -version",
     "java", "Sign.java", "java Sign.java key.p12 secret in.xml out.xml",
     "Verify.java", "java Verify.java dsp.pem in.xml"},
    {"Python with signxml", "python3 -c 'import signxml, cryptography'",
     "python", "sign.py",
     "python3 sign.py key.pem certificate.pem in.xml out.xml", "verify.py",
     "python3 verify.py dsp.pem in.xml"},
    {"Node with xml-crypto and @xmldom/xmldom",
     "node -e 'require(\"xml-crypto\"); require(\"@xmldom/xmldom\")'", "js",
     "sign.cjs", "node sign.cjs key.pem certificate.pem in.xml out.xml",
     "verify.cjs", "node verify.cjs dsp.pem in.xml"},
};
static struct gateway *g;
static char folder[] = "/tmp/fotad-interop-XXXXXX";

/* ---- files and programs ---- */

static const char *path_of(const char *name) {
    return arena_printf(g->arena, "%s/%s", folder, name);
}

static void put(const char *name, struct span text) {
    assert_true(write_whole(path_of(name), text));
}

static struct span get(const char *name) {
    struct buffer text = {0};
    assert_true(read_whole(path_of(name), &text));
    struct span copy = arena_copy(g->arena, buffer_span(&text));
    buffer_free(&text);
    return copy;
}

static bool run(const char *command) {
    const char *line = arena_printf(
        g->arena, "cd %s && { %s; } >said 2>&1 </dev/null", folder, command);
    int status = system(line);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void must_run(const char *command) {
    if (run(command))
        return;
    struct span said = get("said");
    fail_msg("%s: %.*s", command, (int)said.len, (const char *)said.data);
}

/* The number-th program in that language, from the document. */
static void put_program(const char *name, const char *language, int number) {
    struct buffer text = {0};
    assert_true(read_whole("docs/duis.md", &text));
    const char *at = arena_text(g->arena, buffer_span(&text));
    buffer_free(&text);
    const char *start = arena_printf(g->arena, "\n```%s\n", language);
    for (int i = 0; i < number; i++) {
        at = strstr(at, start);
        if (!at)
            fail_msg("docs/duis.md has no %s", name);
        at += strlen(start);
    }
    put(name, span_of(at, (size_t)(strstr(at, "\n```\n") - at) + 1));
}

/* ---- both ways ---- */

static struct span sign_by(const struct tool *tool,
                           const struct test_request *wanted) {
    struct test_request request = *wanted;
    struct buffer image = {0}, text = {0};
    estate_image(span_text(FOR_ALL), request.body == DUIS_UPDATE_FIRMWARE,
                 &image);
    request.image = buffer_span(&image);
    request.request_id = gateway_request_id(g, gateway_user_id(USER_A));
    test_request_build(&request, &text);
    put("in.xml", buffer_span(&text));
    must_run(tool->sign);
    buffer_free(&image);
    buffer_free(&text);
    return get("out.xml");
}

static void requests_are_taken(const struct tool *tool) {
    static const eui64 esme = ESME(PLAIN);
    static const struct {
        enum duis_body body;
        const eui64 *device;
        const char *version, *says;
    } rows[] = {
        {DUIS_UPDATE_FIRMWARE, &esme, "5.1", "I99"},
        {DUIS_READ_INVENTORY, &esme, "2.0", "I0"},
    };
    gateway_forget(g);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct span text = sign_by(
            tool, &(struct test_request){.body = rows[i].body,
                                         .schema_version = rows[i].version,
                                         .device_ids = rows[i].device,
                                         .device_id_count = 1});
        struct answer answer = gateway_post(g, "serviceD", text);
        if (strcmp(answer_says(g, &answer), rows[i].says) != 0)
            fail_msg("%s: %s to %.*s", tool->name, answer_says(g, &answer),
                     (int)text.len, (const char *)text.data);
        put("answer.xml", answer.body);
    }
}

/* A DCC Alert as it would be sent. */
static struct span an_alert(void) {
    static const eui64 devices[] = {ESME(PLAIN), PPMID(PLAIN)};
    struct duis_response_id id = {ACB_ID, gateway_user_id(USER_A),
                                  UINT64_C(4611686018427387905)};
    struct duis_response response = {
        .schema_version = "5.4",
        .response_id = &id,
        .response_code = "I0",
        .response_date_time = clock_now(),
        .message = DUIS_DCC_ALERT,
        .dcc_alert = {.code = "N59",
                      .kind = DUIS_FIRMWARE_UPGRADE_REQUESTED,
                      .device_type = "ESME",
                      .firmware_version = 0x0123ABCD,
                      .devices = {devices, 2}}};
    struct buffer out = {0};
    assert_true(duis_response_compose(&out, g->requests.signer, &response));
    struct span text = arena_copy(g->arena, buffer_span(&out));
    buffer_free(&out);
    return text;
}

/* And not when an octet of them is another. */
static void messages_are_verified(const struct tool *tool) {
    struct span alert = an_alert();
    put("in.xml", get("answer.xml"));
    must_run(tool->verify);
    put("in.xml", alert);
    must_run(tool->verify);
    uint8_t *octets = arena_alloc(g->arena, alert.len);
    memcpy(octets, alert.data, alert.len);
    char *code = memmem(octets, alert.len, "ResponseCode>I", 14);
    assert_non_null(code);
    code[13] = 'E';
    put("in.xml", span_of(octets, alert.len));
    if (run(tool->verify))
        fail_msg("%s takes an altered alert", tool->name);
}

static void try_tool(const struct tool *tool) {
    if (!run(tool->has)) {
        print_message("skipped: %s is not installed\n", tool->name);
        skip();
    }
    put_program(tool->sign_file, tool->language, 1);
    if (tool->verify_file)
        put_program(tool->verify_file, tool->language, 2);
    requests_are_taken(tool);
    messages_are_verified(tool);
}

static void xmlsec1_goes_with_it(void **state) {
    (void)state;
    try_tool(&TOOLS[0]);
}

static void java_goes_with_it(void **state) {
    (void)state;
    try_tool(&TOOLS[1]);
}

static void python_goes_with_it(void **state) {
    (void)state;
    try_tool(&TOOLS[2]);
}

static void node_goes_with_it(void **state) {
    (void)state;
    try_tool(&TOOLS[3]);
}

static int set_up(void **state) {
    (void)state;
    g = gateway_start();
    assert_non_null(mkdtemp(folder));
    put("key.pem", g->users[USER_A].key_pem);
    put("certificate.pem", g->users[USER_A].certificate_pem);
    put("dsp.pem", g->dsp.certificate_pem);
    must_run("openssl pkcs12 -export -inkey key.pem -in certificate.pem -out"
             " key.p12 -passout pass:secret");
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    (void)!system(arena_printf(g->arena, "rm -rf %s", folder));
    gateway_free(g);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xmlsec1_goes_with_it),
        cmocka_unit_test(java_goes_with_it),
        cmocka_unit_test(python_goes_with_it),
        cmocka_unit_test(node_goes_with_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
