/*
 * All transfers go through one libcurl multi handle, so that calls for one
 * request and for many share its connections. A lane is an easy handle that
 * stays for the client's life and carries one request at a time.
 */
#include "http/client.h"

#include "base/memory.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct lane {
    struct http_client *client;
    struct lane *next_idle;
    CURL *easy;
    struct curl_slist *headers;
    struct http_answer *answer;
    struct host *host; /* of http_client_send_many() */
    void *context;     /* of http_client_begin() */
    char error[CURL_ERROR_SIZE];
};

/* The messages of one call that go to the same host and port. */
struct host {
    size_t next, end; /* of `order`: not yet sent */
    unsigned on_the_way;
};

/* One http_client_send_many(). */
struct call {
    const struct http_message *messages;
    struct http_answer *answers;
    size_t *order; /* indexes of messages, those of one host together */
    struct host *hosts;
    size_t host_count, turn;
    size_t on_the_way, answered;
};

struct http_client {
    struct http_client_options options;
    char *authorization, *certificate, *key, *ca, *crl;
    CURLM *multi;
    struct lane *lanes, *idle;
};

/* ---- client ---- */

static char *copy(const char *text) {
    return text && *text ? memory_text(text) : NULL;
}

static void use_defaults(struct http_client_options *options) {
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

static void start_curl(void) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        memory_exhausted(0);
}

struct http_client *http_client_new(const struct http_client_options *options) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_curl);
    struct http_client *client = memory_alloc(sizeof *client);
    *client = (struct http_client){
        .options = *options,
        .certificate = copy(options->certificate),
        .key = copy(options->key),
        .ca = copy(options->ca),
        .crl = copy(options->crl),
        .multi = curl_multi_init(),
    };
    if (!client->multi)
        memory_exhausted(0);
    use_defaults(&client->options);
    if (options->bearer) {
        struct buffer header = {0};
        buffer_printf(&header, "Authorization: Bearer %s", options->bearer);
        client->authorization = (char *)header.data;
    }
    unsigned most = client->options.most_at_once;
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)most);
    client->lanes = memory_alloc(most * sizeof *client->lanes);
    for (unsigned i = 0; i < most; i++) {
        client->lanes[i] =
            (struct lane){.client = client, .next_idle = client->idle};
        client->idle = &client->lanes[i];
    }
    return client;
}

void http_client_free(struct http_client *client) {
    if (!client)
        return;
    for (unsigned i = 0; i < client->options.most_at_once; i++)
        curl_easy_cleanup(client->lanes[i].easy);
    curl_multi_cleanup(client->multi);
    free(client->lanes);
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

/* ---- one request ---- */

/* Taking less than was given ends the transfer: an answer is kept up to
 * most_answer and not read any further. */
static size_t receive(char *data, size_t unit, size_t count, void *context) {
    const struct lane *lane = context;
    struct http_answer *answer = lane->answer;
    size_t len = unit * count;
    size_t room = lane->client->options.most_answer - answer->body.len;
    answer->truncated = len > room;
    buffer_add(&answer->body, span_of(data, answer->truncated ? room : len));
    return answer->truncated ? CURL_WRITEFUNC_ERROR : len;
}

static long milliseconds(instant time) {
    return (long)((time + MILLISECOND - 1) / MILLISECOND);
}

/* Nothing is kept from one connection to the next: files that have changed
 * are seen. */
static void set_lane_tls(struct lane *lane) {
    const struct http_client *client = lane->client;
    CURL *easy = lane->easy;
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    if (client->certificate)
        curl_easy_setopt(easy, CURLOPT_SSLCERT, client->certificate);
    if (client->key)
        curl_easy_setopt(easy, CURLOPT_SSLKEY, client->key);
    if (client->ca)
        curl_easy_setopt(easy, CURLOPT_CAINFO, client->ca);
    if (client->crl)
        curl_easy_setopt(easy, CURLOPT_CRLFILE, client->crl);
}

static void set_lane_options(struct lane *lane) {
    const struct http_client *client = lane->client;
    const struct http_client_options *o = &client->options;
    CURL *easy = lane->easy;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, lane);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, lane->error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, lane);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     milliseconds(o->connect_timeout));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds(o->total_timeout));
    set_lane_tls(lane);
}

/* A body goes with any method; without one a method is sent bare. */
static void set_message(struct lane *lane, const struct http_message *m) {
    CURL *easy = lane->easy;
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

static void add_header(struct lane *lane, const char *header) {
    struct curl_slist *list = curl_slist_append(lane->headers, header);
    if (!list)
        memory_exhausted(strlen(header));
    lane->headers = list;
}

static void set_headers(struct lane *lane, const struct http_message *m) {
    add_header(lane, "Expect:"); /* never wait for 100 (Continue) */
    if (!m->body.len)
        add_header(lane, "Content-Type:");
    if (lane->client->authorization)
        add_header(lane, lane->client->authorization);
    for (const char *const *h = m->headers; h && *h; h++)
        add_header(lane, *h);
    curl_easy_setopt(lane->easy, CURLOPT_HTTPHEADER, lane->headers);
}

static void lane_start(struct lane *lane, const struct http_message *message,
                       struct http_answer *answer) {
    if (!lane->easy) {
        lane->easy = curl_easy_init();
        if (!lane->easy)
            memory_exhausted(0);
        set_lane_options(lane);
    }
    lane->answer = answer;
    lane->error[0] = '\0';
    set_message(lane, message);
    set_headers(lane, message);
    if (curl_multi_add_handle(lane->client->multi, lane->easy) != CURLM_OK)
        memory_exhausted(0);
}

/* Reads the answer and makes the lane idle. */
static void lane_end(struct lane *lane, CURLcode result) {
    struct http_answer *answer = lane->answer;
    long status = 0;
    curl_off_t took = 0, retry_after = 0;
    curl_easy_getinfo(lane->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(lane->easy, CURLINFO_TOTAL_TIME_T, &took);
    curl_easy_getinfo(lane->easy, CURLINFO_RETRY_AFTER, &retry_after);
    answer->took = took;
    if (result == CURLE_OK || answer->truncated) {
        answer->status = (unsigned)status;
        answer->retry_after = retry_after * SECOND;
    } else {
        snprintf(answer->error, sizeof answer->error, "%.127s",
                 *lane->error ? lane->error : curl_easy_strerror(result));
        buffer_free(&answer->body);
    }
    curl_multi_remove_handle(lane->client->multi, lane->easy);
    curl_slist_free_all(lane->headers);
    lane->headers = NULL;
    lane->next_idle = lane->client->idle;
    lane->client->idle = lane;
}

/* ---- many requests ---- */

/* "https://host:port" of the URL */
static struct span authority(const struct http_message *message) {
    const char *start = strstr(message->url, "://");
    size_t scheme = start ? (size_t)(start - message->url) + 3 : 0;
    return span_of(message->url,
                   scheme + strcspn(message->url + scheme, "/?#"));
}

static int compare_hosts(const void *left, const void *right, void *context) {
    const struct call *call = context;
    size_t i = *(const size_t *)left, j = *(const size_t *)right;
    struct span a = authority(&call->messages[i]);
    struct span b = authority(&call->messages[j]);
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    if (order)
        return order;
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return i < j ? -1 : 1;
}

static void sort_by_host(struct call *call, size_t count) {
    call->order = memory_alloc(count * sizeof *call->order);
    call->hosts = memory_alloc(count * sizeof *call->hosts);
    for (size_t i = 0; i < count; i++)
        call->order[i] = i;
    qsort_r(call->order, count, sizeof *call->order, compare_hosts, call);
    for (size_t i = 0; i < count; i++) {
        const size_t *at = call->order + i;
        if (i == 0 || !span_equal(authority(&call->messages[at[-1]]),
                                  authority(&call->messages[at[0]])))
            call->hosts[call->host_count++] = (struct host){.next = i};
        call->hosts[call->host_count - 1].end = i + 1;
    }
}

/* The next host whose turn it is; NULL when none may send more now. */
static struct host *next_host(const struct http_client *client,
                              struct call *call) {
    for (size_t tried = 0; tried < call->host_count; tried++) {
        struct host *host = &call->hosts[call->turn++ % call->host_count];
        if (host->next < host->end &&
            host->on_the_way < client->options.most_per_host)
            return host;
    }
    return NULL;
}

static struct lane *take_idle(struct http_client *client) {
    struct lane *lane = client->idle;
    client->idle = lane->next_idle;
    return lane;
}

static void start_what_may(struct http_client *client, struct call *call) {
    struct host *host;
    while (client->idle && (host = next_host(client, call)) != NULL) {
        struct lane *lane = take_idle(client);
        size_t which = call->order[host->next++];
        lane->host = host;
        host->on_the_way++;
        call->on_the_way++;
        lane_start(lane, &call->messages[which], &call->answers[which]);
    }
}

/* The same would happen to what has not been sent yet. */
static void give_up(struct call *call, struct host *host, const char *why) {
    while (host->next < host->end) {
        struct http_answer *answer = &call->answers[call->order[host->next++]];
        snprintf(answer->error, sizeof answer->error, "not tried: %.100s", why);
    }
}

static bool host_is_gone(CURLcode result) {
    return result == CURLE_COULDNT_CONNECT ||
           result == CURLE_COULDNT_RESOLVE_HOST ||
           result == CURLE_OPERATION_TIMEDOUT;
}

/* The next lane that libcurl says has ended, and how; NULL: none. */
static struct lane *take_ended(struct http_client *client, CURLcode *result) {
    int left;
    CURLMsg *message;
    struct lane *lane = NULL;
    while (!lane && (message = curl_multi_info_read(client->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        *result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &lane);
        lane_end(lane, *result);
    }
    return lane;
}

static void take_what_ended(struct http_client *client, struct call *call) {
    struct lane *lane;
    CURLcode result;
    while ((lane = take_ended(client, &result)) != NULL) {
        lane->host->on_the_way--;
        call->on_the_way--;
        call->answered += lane->answer->status != 0;
        if (host_is_gone(result))
            give_up(call, lane->host, lane->answer->error);
    }
}

size_t http_client_send_many(struct http_client *client,
                             const struct http_message *messages,
                             struct http_answer *answers, size_t count) {
    struct call call = {.messages = messages, .answers = answers};
    for (size_t i = 0; i < count; i++)
        answers[i] = (struct http_answer){0};
    sort_by_host(&call, count);
    for (;;) {
        int running = 0;
        start_what_may(client, &call);
        if (!call.on_the_way)
            break;
        curl_multi_perform(client->multi, &running);
        if ((unsigned)running == call.on_the_way)
            curl_multi_poll(client->multi, NULL, 0, 1000, NULL);
        else
            take_what_ended(client, &call);
    }
    free(call.order);
    free(call.hosts);
    return call.answered;
}

bool http_client_send(struct http_client *client,
                      const struct http_message *message,
                      struct http_answer *answer) {
    return http_client_send_many(client, message, answer, 1) == 1;
}

/* ---- one at a time ---- */

bool http_client_begin(struct http_client *client,
                       const struct http_message *message,
                       struct http_answer *answer, void *context) {
    if (!client->idle)
        return false;
    struct lane *lane = take_idle(client);
    *answer = (struct http_answer){0};
    lane->context = context;
    lane_start(lane, message, answer);
    return true;
}

static void *take_context(struct http_client *client) {
    CURLcode result;
    const struct lane *lane = take_ended(client, &result);
    return lane ? lane->context : NULL;
}

static void *perform(struct http_client *client) {
    int running = 0;
    curl_multi_perform(client->multi, &running);
    return take_context(client);
}

void *http_client_wait(struct http_client *client, instant most) {
    void *context = take_context(client);
    if (!context)
        context = perform(client);
    if (context || most <= 0)
        return context;
    curl_multi_poll(client->multi, NULL, 0, (int)milliseconds(most), NULL);
    return perform(client);
}

void http_client_wake(struct http_client *client) {
    curl_multi_wakeup(client->multi);
}
