#include "mail/smtp.h"

#include "base/ending.h"
#include "base/memory.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_SECONDS = 10 };

struct smtp {
    const struct config *config;
    const atomic_bool *stopping;
    CURL *curl;
    struct span left; /* of the message in hand */
    bool begun;       /* the server has asked for it */
    char curl_says[CURL_ERROR_SIZE], error[CURL_ERROR_SIZE + 64];
};

static bool is_here(const char *server) {
    static const char *const here[] = {"localhost", "127.0.0.1", "[::1]"};
    const char *host = strstr(server, "://");
    host = host ? host + 3 : server;
    for (size_t i = 0; i < sizeof here / sizeof *here; i++) {
        size_t len = strlen(here[i]);
        if (strncmp(host, here[i], len) == 0 && strchr(":/", host[len]))
            return true;
    }
    return false;
}

bool smtp_wants_tls(const struct config *config) {
    return strncmp(config->mail_server, "smtps:", 6) == 0 ||
           (strcmp(config->mail_tls, "off") != 0 &&
            !is_here(config->mail_server));
}

/* ---- the handle ---- */

static size_t message_read(char *to, size_t size, size_t count, void *context) {
    struct smtp *smtp = context;
    size_t len = size * count;
    if (len > smtp->left.len)
        len = smtp->left.len;
    smtp->begun = true;
    if (len)
        memcpy(to, smtp->left.data, len);
    smtp->left = span_of(smtp->left.data + len, smtp->left.len - len);
    return len;
}

/* Called again and again while the server is waited for, names included; not 0:
 * that ends. */
static int transfer_look(void *context, curl_off_t down_all, curl_off_t down,
                         curl_off_t up_all, curl_off_t up) {
    (void)down_all, (void)down, (void)up_all, (void)up;
    const struct smtp *smtp = context;
    return ending_leaves_peers() ||
           (smtp->stopping && !smtp->begun && atomic_load(smtp->stopping));
}

static void set_options(struct smtp *smtp) {
    const struct config *config = smtp->config;
    CURL *curl = smtp->curl;
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* see http/transfer.c */
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_URL, config->mail_server);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, smtp->curl_says);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT,
                     (long)(config->mail_timeout / SECOND));
    curl_easy_setopt(
        curl, CURLOPT_USE_SSL,
        (long)(smtp_wants_tls(config) ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (*config->mail_ca)
        curl_easy_setopt(curl, CURLOPT_CAINFO, config->mail_ca);
    if (*config->mail_user) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, config->mail_user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, config->mail_password);
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, config->mail_from);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, message_read);
    curl_easy_setopt(curl, CURLOPT_READDATA, smtp);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, transfer_look);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, smtp);
}

struct smtp *smtp_new(const struct config *config,
                      const atomic_bool *stopping) {
    struct smtp *smtp = memory_alloc(sizeof *smtp);
    *smtp = (struct smtp){
        .config = config, .stopping = stopping, .curl = curl_easy_init()};
    if (!smtp->curl)
        memory_exhausted(0);
    set_options(smtp);
    return smtp;
}

void smtp_free(struct smtp *smtp) {
    if (!smtp)
        return;
    curl_easy_cleanup(smtp->curl);
    free(smtp);
}

/* ---- one message ---- */

/* The server ends, or does not let us in (RFC 4954): says nothing about the
 * message. */
static bool is_of_us(long answered) {
    static const long codes[] = {421, 432, 454, 530, 534, 535, 538};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (codes[i] == answered)
            return true;
    return false;
}

/* A refusal is of the message when the server spoke of the message: MAIL, RCPT
 * and DATA (libcurl's SEND_ERROR), or the end of what it had asked for. */
static enum smtp_result result_of(struct smtp *smtp, CURLcode code) {
    long answered = 0;
    curl_easy_getinfo(smtp->curl, CURLINFO_RESPONSE_CODE, &answered);
    if (code == CURLE_OK)
        return SMTP_TAKEN;
    const char *why =
        *smtp->curl_says ? smtp->curl_says : curl_easy_strerror(code);
    bool refused = answered >= 400 && !is_of_us(answered) &&
                   (code == CURLE_SEND_ERROR || smtp->begun);
    if (refused)
        snprintf(smtp->error, sizeof smtp->error,
                 "the mail server refuses it (%ld): %s", answered, why);
    else
        snprintf(smtp->error, sizeof smtp->error, "no mail server: %s", why);
    for (char *c = smtp->error; *c; c++)
        *c = *c < ' ' || *c > '~' ? '?' : *c;
    return refused ? SMTP_REFUSED : SMTP_UNREACHABLE;
}

enum smtp_result smtp_send(struct smtp *smtp, const char *to,
                           struct span message, const char **error) {
    struct curl_slist *recipients = curl_slist_append(NULL, to);
    if (!recipients)
        memory_exhausted(0);
    smtp->left = message;
    smtp->begun = false;
    *smtp->curl_says = '\0';
    curl_easy_setopt(smtp->curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(smtp->curl, CURLOPT_INFILESIZE_LARGE,
                     (curl_off_t)message.len);
    CURLcode code = curl_easy_perform(smtp->curl);
    curl_easy_setopt(smtp->curl, CURLOPT_MAIL_RCPT, NULL);
    curl_slist_free_all(recipients);
    enum smtp_result result = result_of(smtp, code);
    *error = smtp->error;
    return result;
}
