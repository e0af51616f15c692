/* fotactl import crl: which lists are believed, and what they do to the
 * certificates here. */
#include "support/check.h"
#include "support/tls_pki.h"
#include "support/tool.h"

#include <stdio.h>
#include <string.h>

static struct tls_identity ca, other_ca, false_ca;

static int make_all(void **state) {
    (void)state;
    tls_make(&false_ca, &(struct tls_wish){.name = "ca", .serial = 1});
    tls_make(&other_ca, &(struct tls_wish){.name = "other", .serial = 1});
    tls_make(&ca, &(struct tls_wish){.name = "ca", .serial = 1});
    return 0;
}

static int free_all(void **state) {
    (void)state;
    tls_identity_free(&ca);
    tls_identity_free(&other_ca);
    tls_identity_free(&false_ca);
    tls_pki_remove();
    return 0;
}

static void put_list(struct tool *tool, const struct tls_identity *issuer,
                     const long *serials, int from, int to) {
    struct buffer list = tls_crl(issuer, serials, from, to);
    tool_file(tool, "a.crl", buffer_span(&list));
    buffer_free(&list);
}

/* A configuration that believes `anchors`, as `key` of a section. */
static void believe(struct tool *tool, const char *section, const char *key,
                    const char *anchors) {
    struct buffer text = {0};
    buffer_printf(&text,
                  "[database]\nconninfo = %s\n"
                  "[%s]\n%s = %s\n%s",
                  tool->conninfo, section, key, anchors,
                  strcmp(key, "client_ca") == 0 ? "certificate = /c\nkey = /k\n"
                                                : "");
    tool_file(tool, "trust.conf", buffer_span(&text));
    buffer_free(&text);
}

static const char import[] = "--config @trust.conf import crl @a.crl";

static void add_certificates(struct tool *tool) {
    tool_sql(tool, "insert into certificate select 'CN=ca', n,"
                   " '90-B3-D5-1F-30-01-00-00', 'User', 'ds', '2020-01-01',"
                   " '2030-01-01', null, '' from generate_series(1, 3) n");
    tool_sql(tool, "insert into certificate values ('CN=other', 2,"
                   " '90-B3-D5-1F-30-01-00-00', 'User', 'ds', '2020-01-01',"
                   " '2030-01-01', null, '')");
}

static const char revoked[] =
    "select issuer, serial from certificate where revoked_at <= now()"
    " order by issuer, serial";

static void only_a_list_of_a_trusted_ca_is_believed(void **state) {
    struct tool *tool = *state;
    static const struct {
        const char *what, *section, *key;
        const struct tls_identity *trusted, *issuer;
        int from, to, status;
        const char *says; /* in stderr */
    } cases[] = {
        {"right", "identity", "trust_anchors", &ca, &ca, -1, 1, 0, ""},
        {"a TLS client CA", "csp_gateway", "client_ca", &ca, &ca, -1, 1, 0, ""},
        {"overdue", "identity", "trust_anchors", &ca, &ca, -2, -1, 1,
         "a newer list"},
        {"nobody to ask", "log", "level", NULL, &ca, -1, 1, 1, "nobody"},
        {"another CA", "identity", "trust_anchors", &ca, &other_ca, -1, 1, 1,
         "is not signed by"},
        {"a CA of the same name", "identity", "trust_anchors", &ca, &false_ca,
         -1, 1, 1, "is not signed by"},
        {"of the future", "identity", "trust_anchors", &ca, &ca, 1, 2, 1,
         "future"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        believe(tool, cases[i].section, cases[i].key,
                cases[i].trusted ? cases[i].trusted->certificate_path : "info");
        put_list(tool, cases[i].issuer, (const long[]){2, 0}, cases[i].from,
                 cases[i].to);
        int status = tool_run(tool, import);
        const char *err = (const char *)tool->err.data;
        if (status != cases[i].status || !strstr(err ? err : "", cases[i].says))
            fail_msg("%s: %d %s", cases[i].what, status, err);
    }
    tool_expect_rows(tool, "select count(*) from crl", "1");
}

static void what_is_no_list_is_refused(void **state) {
    struct tool *tool = *state;
    believe(tool, "identity", "trust_anchors", ca.certificate_path);
    tool_expect(tool, import, 1,
                "fotactl: @a.crl: No such file or directory\n");
    tool_file(tool, "a.crl", span_text("no list"));
    tool_expect(tool, import, 1,
                "fotactl: @a.crl: is not a certificate revocation list, PEM "
                "or DER\n");
    /* truncated at every 8th octet */
    struct buffer list = tls_crl(&ca, (const long[]){1, 2, 0}, -1, 1);
    for (size_t len = 0; len < list.len; len += 8) {
        tool_file(tool, "a.crl", span_of(list.data, len));
        assert_int_equal(tool_run(tool, import), 1);
    }
    /* an octet changed */
    list.data[list.len / 2] ^= 1;
    tool_file(tool, "a.crl", buffer_span(&list));
    assert_int_equal(tool_run(tool, import), 1);
    buffer_free(&list);
    tool_expect_rows(tool, "select count(*) from crl", "0");
}

static void certificates_follow_the_newest_list(void **state) {
    struct tool *tool = *state;
    static const struct {
        const char *what;
        long serials[3];
        const char *rows;
    } steps[] = {
        {"two", {1, 2, 0}, "CN=ca|1\nCN=ca|2"},
        {"one was on hold", {2, 0}, "CN=ca|2"},
        {"unknown ones too", {2, 99, 0}, "CN=ca|2"},
        {"none", {0}, ""},
    };
    add_certificates(tool);
    believe(tool, "identity", "trust_anchors", ca.certificate_path);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        put_list(tool, &ca, steps[i].serials, -1, 1);
        if (tool_run(tool, import) != 0)
            fail_msg("%s: %s", steps[i].what, (const char *)tool->err.data);
        tool_expect_rows(tool, revoked, steps[i].rows);
    }
}

/* A list may come before the certificate, and it may be overdue. */
static void later_certificates_are_marked(void **state) {
    struct tool *tool = *state;
    believe(tool, "identity", "trust_anchors", ca.certificate_path);
    put_list(tool, &ca, (const long[]){3, 0}, -3, -1);
    assert_int_equal(tool_run(tool, import), 0);
    assert_non_null(strstr((const char *)tool->out.data, "(overdue)"));
    add_certificates(tool);
    tool_expect_rows(tool, revoked, "");
    tool_sql(tool, "select revoke_certificates(null)");
    tool_expect_rows(tool, revoked, "CN=ca|3");
}

/* One that was on hold and is not any more is as one that came. */
static void messages_that_waited_for_one_are_tried_again(void **state) {
    struct tool *tool = *state;
    add_certificates(tool);
    tool_sql(tool, "update certificate set eui64 = '00db1234567890a0'"
                   " where issuer = 'CN=ca' and serial = 1;"
                   "insert into gbcs_message (csp, message_id, received,"
                   " chf_id, originator, recipient, cra, code, counter, state,"
                   " detail, wants_certificate, payload) values ('north', '1',"
                   " now(), '00db1234567890a1', '00db1234567890a0',"
                   " '90b3d51f30000002', 3, 298, 1, 'unverified', 'why', true,"
                   " '')");
    static const char ask[] = "select state from gbcs_message";
    believe(tool, "identity", "trust_anchors", ca.certificate_path);
    put_list(tool, &ca, (const long[]){1, 0}, -2, 1);
    assert_int_equal(tool_run(tool, import), 0);
    tool_expect_rows(tool, ask, "unverified");
    put_list(tool, &ca, (const long[]){2, 0}, -1, 1);
    assert_int_equal(tool_run(tool, import), 0);
    tool_expect_rows(tool, ask, "waiting");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_a_list_of_a_trusted_ca_is_believed,
                                        tool_setup, tool_teardown),
        cmocka_unit_test_setup_teardown(what_is_no_list_is_refused, tool_setup,
                                        tool_teardown),
        cmocka_unit_test_setup_teardown(certificates_follow_the_newest_list,
                                        tool_setup, tool_teardown),
        cmocka_unit_test_setup_teardown(later_certificates_are_marked,
                                        tool_setup, tool_teardown),
        cmocka_unit_test_setup_teardown(
            messages_that_waited_for_one_are_tried_again, tool_setup,
            tool_teardown),
    };
    return cmocka_run_group_tests(tests, make_all, free_all);
}
