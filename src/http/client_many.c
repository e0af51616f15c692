/* Many messages at once, host by host. */
#include "http/client.h"

#include "base/ending.h"
#include "base/memory.h"
#include "http/transfer.h"

#include <stdio.h>
#include <stdlib.h>

/* The messages that go to the same host and port. */
struct host {
    size_t next, end; /* of `order`: not yet sent */
    unsigned on_the_way;
};

/* One http_client_send_many(). */
struct outgoing {
    const struct http_message *messages;
    struct http_answer *answers;
    size_t *order; /* indexes of messages, those of one host side by side */
    struct host *hosts;
    size_t host_count, host_at;
    size_t on_the_way, answered;
};

/* "https://host:port" of the URL */
static struct span message_authority(const struct http_message *message) {
    const char *start = strstr(message->url, "://");
    size_t scheme = start ? (size_t)(start - message->url) + 3 : 0;
    return span_of(message->url,
                   scheme + strcspn(message->url + scheme, "/?#"));
}

static int outgoing_compare(const void *left, const void *right,
                            void *context) {
    const struct outgoing *outgoing = context;
    size_t i = *(const size_t *)left, j = *(const size_t *)right;
    struct span a = message_authority(&outgoing->messages[i]);
    struct span b = message_authority(&outgoing->messages[j]);
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    if (order)
        return order;
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return i < j ? -1 : 1;
}

static void outgoing_sort(struct outgoing *outgoing, size_t count) {
    outgoing->order = memory_alloc(count * sizeof *outgoing->order);
    outgoing->hosts = memory_alloc(count * sizeof *outgoing->hosts);
    for (size_t i = 0; i < count; i++)
        outgoing->order[i] = i;
    qsort_r(outgoing->order, count, sizeof *outgoing->order, outgoing_compare,
            outgoing);
    for (size_t i = 0; i < count; i++) {
        const size_t *at = outgoing->order + i;
        if (i == 0 ||
            !span_equal(message_authority(&outgoing->messages[at[-1]]),
                        message_authority(&outgoing->messages[at[0]])))
            outgoing->hosts[outgoing->host_count++] = (struct host){.next = i};
        outgoing->hosts[outgoing->host_count - 1].end = i + 1;
    }
}

/* Hosts come one after the other; NULL when none may send more now. */
static struct host *outgoing_next_host(const struct http_client *client,
                                       struct outgoing *outgoing) {
    for (size_t tried = 0; tried < outgoing->host_count; tried++) {
        struct host *host =
            &outgoing->hosts[outgoing->host_at++ % outgoing->host_count];
        if (host->next < host->end &&
            host->on_the_way < client->options.most_per_host)
            return host;
    }
    return NULL;
}

static void outgoing_start(struct http_client *client,
                           struct outgoing *outgoing) {
    struct host *host;
    while (client->idle &&
           (host = outgoing_next_host(client, outgoing)) != NULL) {
        struct transfer *transfer = transfer_take_idle(client);
        size_t which = outgoing->order[host->next++];
        transfer->host = host;
        transfer->which = which;
        host->on_the_way++;
        outgoing->on_the_way++;
        transfer_start(transfer, &outgoing->messages[which],
                       &outgoing->answers[which]);
    }
}

/* The same would happen to what has not been sent yet. */
static void outgoing_give_up(struct outgoing *outgoing, struct host *host,
                             const char *why) {
    while (host->next < host->end) {
        struct http_answer *answer =
            &outgoing->answers[outgoing->order[host->next++]];
        snprintf(answer->error, sizeof answer->error, "not tried: %.100s", why);
    }
}

static bool host_is_gone(CURLcode result) {
    return result == CURLE_COULDNT_CONNECT ||
           result == CURLE_COULDNT_RESOLVE_HOST ||
           result == CURLE_OPERATION_TIMEDOUT;
}

static void outgoing_take_ended(struct http_client *client,
                                struct outgoing *outgoing) {
    struct transfer *transfer;
    CURLcode result;
    while ((transfer = transfer_take_ended(client, &result)) != NULL) {
        const struct http_answer *answer = &outgoing->answers[transfer->which];
        transfer->host->on_the_way--;
        outgoing->on_the_way--;
        outgoing->answered += answer->status != 0;
        if (host_is_gone(result))
            outgoing_give_up(outgoing, transfer->host, answer->error);
    }
}

/* What is on the way, and what is not yet. */
static void outgoing_abandon(struct http_client *client,
                             struct outgoing *outgoing) {
    while (transfer_abandon(client))
        outgoing->on_the_way--;
    for (size_t i = 0; i < outgoing->host_count; i++)
        for (struct host *host = &outgoing->hosts[i]; host->next < host->end;)
            answer_abandon(&outgoing->answers[outgoing->order[host->next++]]);
}

size_t http_client_send_many(struct http_client *client,
                             const struct http_message *messages,
                             struct http_answer *answers, size_t count) {
    struct outgoing outgoing = {.messages = messages, .answers = answers};
    for (size_t i = 0; i < count; i++)
        answers[i] = (struct http_answer){0};
    outgoing_sort(&outgoing, count);
    for (;;) {
        int running = 0;
        if (ending_leaves_peers())
            outgoing_abandon(client, &outgoing);
        outgoing_start(client, &outgoing);
        if (!outgoing.on_the_way)
            break;
        curl_multi_perform(client->multi, &running);
        if ((unsigned)running == outgoing.on_the_way)
            curl_multi_poll(client->multi, NULL, 0,
                            (int)transfer_milliseconds(ending_wait(SECOND)),
                            NULL);
        else
            outgoing_take_ended(client, &outgoing);
    }
    free(outgoing.order);
    free(outgoing.hosts);
    return outgoing.answered;
}

bool http_client_send(struct http_client *client,
                      const struct http_message *message,
                      struct http_answer *answer) {
    return http_client_send_many(client, message, answer, 1) == 1;
}
