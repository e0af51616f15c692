/* E-mails as octets: RFC 5322, 2045 to 2047 and 3834. */
#include "support/check.h"

#include "mail/mail.h"
#include "mail/message.h"
#include "mail/smtp.h"

#include <string.h>

/* ---- the whole of one ---- */

static void an_email_is_as_the_rfcs_want_it(void **state) {
    (void)state;
    struct buffer out = {0};
    mail_compose(&(struct mail_message){.notice_no = 17,
                                        .made = INT64_C(1794215700) * SECOND,
                                        .from = "fotad@dsp.example",
                                        .to = "ann@supplier.example",
                                        .subject = "It has finished",
                                        .body = "One line.\nAnother."},
                 &out);
    assert_string_equal(
        (char *)out.data,
        "Date: Mon, 09 Nov 2026 09:15:00 +0000\r\n"
        "From: <fotad@dsp.example>\r\n"
        "To: <ann@supplier.example>\r\n"
        "Message-ID: <notice.17.1794215700000000@dsp.example>\r\n"
        "Subject: It has finished\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        "\r\n"
        "T25lIGxpbmUuDQpBbm90aGVyLg0K\r\n");
    buffer_free(&out);
}

/* ---- subjects ---- */

struct subject_case {
    const char *subject, *line; /* from "Subject: " on */
};

static const struct subject_case subjects[] = {
    {"", ""},
    {"Plain (50 %)", "Plain (50 %)"},
    {"B\xc3\xbcro", "=?UTF-8?B?QsO8cm8=?="},
    /* nothing ends the line, so nothing begins a header */
    {"a\r\nBcc: x@y", "=?UTF-8?B?YSAgQmNjOiB4QHk=?="},
    {"a\nb", "=?UTF-8?B?YSBi?="},
    {"a\tb", "=?UTF-8?B?YSBi?="},
    /* 41 + 2 octets: the last character is not broken */
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xbc",
     "=?UTF-8?B?YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=?="
     "\r\n =?UTF-8?B?w7w=?="},
};

static void subjects_stay_in_their_line(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        struct buffer out = {0};
        mail_compose(&(struct mail_message){.from = "a@b",
                                            .to = "c@d",
                                            .subject = subjects[i].subject,
                                            .body = ""},
                     &out);
        const char *at = strstr((char *)out.data, "\r\nSubject: ") + 11;
        size_t len = strlen(subjects[i].line);
        if (strncmp(at, subjects[i].line, len) != 0 ||
            strncmp(at + len, "\r\nAuto-Submitted", 16) != 0)
            fail_msg("%s: %.160s", subjects[i].subject, at);
        buffer_free(&out);
    }
}

/* No line over 78 characters, however long the text is. */
static void long_texts_have_short_lines(void **state) {
    (void)state;
    char text[5000];
    for (size_t i = 0; i < sizeof text - 1; i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    text[sizeof text - 2] = '\0';
    struct buffer out = {0};
    mail_compose(
        &(struct mail_message){
            .from = "a@b", .to = "c@d", .subject = text, .body = text},
        &out);
    for (const char *at = (char *)out.data; at; at = strstr(at, "\r\n")) {
        at += *at == '\r' ? 2 : 0;
        assert_in_range(strcspn(at, "\r"), 0, 78);
    }
    buffer_free(&out);
}

/* ---- configuration ---- */

struct section_case {
    const char *server, *from, *tls, *user;
    const char *wrong; /* in what is said; NULL: it is good */
    bool wants_tls;
};

static const struct section_case sections[] = {
    {"", "", "", "", NULL, true},
    {"smtp://mail.example:25", "a@b", "", "", NULL, true},
    {"smtps://mail.example", "a@b", "", "u", NULL, true},
    {"smtp://localhost:25", "a@b", "", "u", NULL, false},
    {"smtp://localhost", "a@b", "", "", NULL, false},
    {"smtp://127.0.0.1:25", "a@b", "", "", NULL, false},
    {"smtp://[::1]:25", "a@b", "", "", NULL, false},
    {"smtps://localhost:465", "a@b", "", "", NULL, true},
    {"smtp://localhost.example:25", "a@b", "", "", NULL, true},
    {"smtp://mail.example", "a@b", "off", "", NULL, false},
    {"smtp://mail.example", "", "", "", "needs a sender", true},
    {"smtp://mail.example", "a@b", "off", "u", "would be shown", false},
    {"smtps://mail.example", "a@b", "off", "u", NULL, true},
};

static void a_wrong_section_is_named(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        const struct section_case *c = &sections[i];
        struct config config;
        const char *wrong;
        assert_true(config_read(&config, NULL, arena, &wrong));
        config.mail_server = c->server;
        config.mail_from = c->from;
        config.mail_tls = c->tls;
        config.mail_user = c->user;
        wrong = config_contradictions(&config, arena);
        if ((wrong != NULL) != (c->wrong != NULL) ||
            (wrong && !strstr(wrong, c->wrong)))
            fail_msg("%zu: %s", i, wrong ? wrong : "good");
        if (smtp_wants_tls(&config) != c->wants_tls)
            fail_msg("%zu: TLS", i);
    }
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_email_is_as_the_rfcs_want_it),
        cmocka_unit_test(subjects_stay_in_their_line),
        cmocka_unit_test(long_texts_have_short_lines),
        cmocka_unit_test(a_wrong_section_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
