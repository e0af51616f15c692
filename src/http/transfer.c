#include "http/transfer.h"

#include "base/memory.h"
#include "base/version.h"
#include "http/tls_key.h"

#include <stdio.h>

/* Taking less than was given ends the transfer: an answer is kept up to
 * most_answer and not read any further. */
static size_t transfer_receive(char *data, size_t unit, size_t count,
                               void *context) {
    const struct transfer *transfer = context;
    struct http_answer *answer = transfer->answer;
    size_t len = unit * count;
    size_t room = transfer->client->options.most_answer - answer->body.len;
    answer->truncated = len > room;
    buffer_add(&answer->body, span_of(data, answer->truncated ? room : len));
    return answer->truncated ? CURL_WRITEFUNC_ERROR : len;
}

long transfer_milliseconds(instant time) {
    return (long)((time + MILLISECOND - 1) / MILLISECOND);
}

/* The last moment before the first octet, connected and all. */
static int transfer_may_begin(void *context, char *to, char *from, int to_port,
                              int from_port) {
    struct transfer *transfer = context;
    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    instant until = transfer->begin_until;
    struct http_answer *answer = transfer->answer;
    answer->late = until && clock_since_boot() > until;
    answer->begun |= !answer->late;
    return answer->late ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

/* The connection has no other certificate and key. */
static CURLcode transfer_use_token(CURL *easy, void *context, void *data) {
    const struct http_client *client = data;
    (void)easy;
    return tls_key_call(context, client->certificate, client->token_key)
               ? CURLE_OK
               : CURLE_SSL_CERTPROBLEM;
}

static void transfer_set_key(const struct http_client *client, CURL *easy) {
    if (client->token_key) {
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, transfer_use_token);
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, client);
        return;
    }
    if (client->certificate)
        curl_easy_setopt(easy, CURLOPT_SSLCERT, client->certificate);
    if (client->key)
        curl_easy_setopt(easy, CURLOPT_SSLKEY, client->key);
}

/* Nothing is kept from one connection to the next: files that have changed
 * are seen. */
static void transfer_set_tls(struct transfer *transfer) {
    const struct http_client *client = transfer->client;
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    transfer_set_key(client, easy);
    if (client->ca)
        curl_easy_setopt(easy, CURLOPT_CAINFO, client->ca);
    if (client->crl)
        curl_easy_setopt(easy, CURLOPT_CRLFILE, client->crl);
}

static void transfer_set_options(struct transfer *transfer) {
    const struct http_client *client = transfer->client;
    const struct http_client_options *o = &client->options;
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, transfer_receive);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, transfer_may_begin);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "fotad/" FOTAD_VERSION);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* a name that nobody resolves costs the timeout, not the resolver's: its
     * thread is left to itself */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     transfer_milliseconds(o->connect_timeout));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     transfer_milliseconds(o->total_timeout));
    transfer_set_tls(transfer);
}

/* A body goes with any method; without one a method is sent bare. */
static void transfer_set_message(struct transfer *transfer,
                                 const struct http_message *m) {
    CURL *easy = transfer->easy;
    bool head = strcmp(m->method, "HEAD") == 0;
    bool get = strcmp(m->method, "GET") == 0;
    curl_easy_setopt(easy, CURLOPT_URL, m->url);
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy, CURLOPT_NOBODY, (long)head);
    if (m->body.len || !(get || head)) {
        const void *body = m->body.len ? (const void *)m->body.data : "";
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)m->body.len);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, head ? NULL : m->method);
}

static void transfer_add_header(struct transfer *transfer, const char *header) {
    struct curl_slist *list = curl_slist_append(transfer->headers, header);
    if (!list)
        memory_exhausted(strlen(header));
    transfer->headers = list;
}

static void transfer_set_headers(struct transfer *transfer,
                                 const struct http_message *m) {
    transfer_add_header(transfer,
                        "Expect:"); /* never wait for 100 (Continue) */
    if (!m->body.len)
        transfer_add_header(transfer, "Content-Type:");
    if (transfer->client->authorization)
        transfer_add_header(transfer, transfer->client->authorization);
    for (const char *const *h = m->headers; h && *h; h++)
        transfer_add_header(transfer, *h);
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

void transfer_start(struct transfer *transfer,
                    const struct http_message *message,
                    struct http_answer *answer) {
    if (!transfer->easy) {
        transfer->easy = curl_easy_init();
        if (!transfer->easy)
            memory_exhausted(0);
        transfer_set_options(transfer);
    }
    transfer->answer = answer;
    transfer->begin_until = message->begin_until;
    transfer->error[0] = '\0';
    transfer_set_message(transfer, message);
    transfer_set_headers(transfer, message);
    if (curl_multi_add_handle(transfer->client->multi, transfer->easy) !=
        CURLM_OK)
        memory_exhausted(0);
}

/* Whatever number the other side wrote. */
static instant retry_after_of(curl_off_t seconds) {
    if (seconds < 0)
        return 0;
    return seconds < HTTP_MOST_RETRY_AFTER / SECOND ? seconds * SECOND
                                                    : HTTP_MOST_RETRY_AFTER;
}

static void transfer_make_idle(struct transfer *transfer) {
    curl_multi_remove_handle(transfer->client->multi, transfer->easy);
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
    transfer->answer = NULL;
    transfer->next_idle = transfer->client->idle;
    transfer->client->idle = transfer;
}

/* Reads the answer and makes the transfer idle. */
static void transfer_end(struct transfer *transfer, CURLcode result) {
    struct http_answer *answer = transfer->answer;
    long status = 0;
    curl_off_t took = 0, retry_after = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &took);
    curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after);
    answer->took = took;
    if (result == CURLE_OK || answer->truncated) {
        answer->status = (unsigned)status;
        answer->retry_after = retry_after_of(retry_after);
    } else {
        snprintf(answer->error, sizeof answer->error, "%.127s",
                 *transfer->error ? transfer->error
                                  : curl_easy_strerror(result));
        buffer_free(&answer->body);
    }
    transfer_make_idle(transfer);
}

void answer_abandon(struct http_answer *answer) {
    buffer_free(&answer->body);
    *answer = (struct http_answer){.abandoned = true};
    snprintf(answer->error, sizeof answer->error, "fotad ends");
}

struct transfer *transfer_abandon(struct http_client *client) {
    for (unsigned i = 0; i < client->options.most_at_once; i++) {
        struct transfer *transfer = &client->transfers[i];
        if (!transfer->answer)
            continue;
        answer_abandon(transfer->answer);
        transfer_make_idle(transfer);
        return transfer;
    }
    return NULL;
}

/* ---- many requests ---- */

struct transfer *transfer_take_ended(struct http_client *client,
                                     CURLcode *result) {
    int left;
    CURLMsg *message;
    struct transfer *transfer = NULL;
    while (!transfer &&
           (message = curl_multi_info_read(client->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        *result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        transfer_end(transfer, *result);
    }
    return transfer;
}

struct transfer *transfer_take_idle(struct http_client *client) {
    struct transfer *transfer = client->idle;
    client->idle = transfer->next_idle;
    return transfer;
}
