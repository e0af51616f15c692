#include "http/client.h"

#include "base/ending.h"
#include "base/memory.h"
#include "http/transfer.h"

#include <pthread.h>
#include <stdlib.h>

/* ---- client ---- */

static char *text_copy(const char *text) {
    return text && *text ? memory_text(text) : NULL;
}

static void options_use_defaults(struct http_client_options *options) {
    if (!options->connect_timeout)
        options->connect_timeout = 5 * SECOND;
    if (!options->total_timeout)
        options->total_timeout = 30 * SECOND;
    if (!options->most_answer)
        options->most_answer = 1024 * 1024;
    if (!options->most_at_once)
        options->most_at_once = 64;
    if (!options->most_per_host)
        options->most_per_host = 16;
}

static void curl_start(void) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        memory_exhausted(0);
}

struct http_client *http_client_new(const struct http_client_options *options) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, curl_start);
    struct http_client *client = memory_alloc(sizeof *client);
    *client = (struct http_client){
        .options = *options,
        .certificate = text_copy(options->certificate),
        .key = text_copy(options->key),
        .ca = text_copy(options->ca),
        .crl = text_copy(options->crl),
        .multi = curl_multi_init(),
    };
    if (!client->multi)
        memory_exhausted(0);
    if (client->key && hsm_is_uri(client->key))
        client->token_key = hsm_key_expect(client->key);
    options_use_defaults(&client->options);
    if (options->bearer) {
        struct buffer header = {0};
        buffer_printf(&header, "Authorization: Bearer %s", options->bearer);
        client->authorization = (char *)header.data;
    }
    unsigned most = client->options.most_at_once;
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)most);
    client->transfers = memory_alloc(most * sizeof *client->transfers);
    for (unsigned i = 0; i < most; i++) {
        client->transfers[i] =
            (struct transfer){.client = client, .next_idle = client->idle};
        client->idle = &client->transfers[i];
    }
    return client;
}

void http_client_free(struct http_client *client) {
    if (!client)
        return;
    for (unsigned i = 0; i < client->options.most_at_once; i++)
        curl_easy_cleanup(client->transfers[i].easy);
    curl_multi_cleanup(client->multi);
    hsm_key_close(client->token_key);
    free(client->transfers);
    free(client->authorization);
    free(client->certificate);
    free(client->key);
    free(client->ca);
    free(client->crl);
    free(client);
}

void http_answer_free(struct http_answer *answer) {
    buffer_free(&answer->body);
}

/* ---- one at a time ---- */

bool http_client_begin(struct http_client *client,
                       const struct http_message *message,
                       struct http_answer *answer, void *context) {
    if (!client->idle)
        return false;
    struct transfer *transfer = transfer_take_idle(client);
    *answer = (struct http_answer){0};
    transfer->context = context;
    transfer_start(transfer, message, answer);
    return true;
}

static void *client_take_context(struct http_client *client) {
    CURLcode result;
    const struct transfer *transfer = transfer_take_ended(client, &result);
    return transfer ? transfer->context : NULL;
}

static void *client_abandon(struct http_client *client) {
    const struct transfer *transfer =
        ending_leaves_peers() ? transfer_abandon(client) : NULL;
    return transfer ? transfer->context : NULL;
}

static void *client_perform(struct http_client *client) {
    int running = 0;
    curl_multi_perform(client->multi, &running);
    return client_take_context(client);
}

void *http_client_wait(struct http_client *client, instant most) {
    void *context = client_take_context(client);
    if (!context)
        context = client_perform(client);
    if (!context && most > 0) {
        curl_multi_poll(client->multi, NULL, 0,
                        (int)transfer_milliseconds(ending_wait(most)), NULL);
        context = client_perform(client);
    }
    return context ? context : client_abandon(client);
}

void http_client_wake(struct http_client *client) {
    curl_multi_wakeup(client->multi);
}
