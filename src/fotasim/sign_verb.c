/* Signs messages that fotad sent once more, and nothing else: the floor that
 * tools/bench measures the delivery of alerts by. */
#include "fotasim/verbs.h"

#include "base/clock.h"
#include "base/memory.h"
#include "duis/library.h"
#include "duis/signer.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_THREADS = 64, MOST_END_TAG = 64 };

/* A message taken apart: what comes before its signature, and its end tag. */
struct unsigned_message {
    struct span before;
    char end_tag[MOST_END_TAG];
};

struct signing {
    const char *key, *certificate;
    uint64_t threads, count;
    struct arena *arena;
    const struct duis_signer *signer;
    struct unsigned_message *messages;
    size_t message_count;
    atomic_size_t next;
    atomic_bool failed;
};

static const void *find_last(struct span text, const char *what) {
    const void *found = NULL;
    for (const void *at;
         (at = memmem(text.data, text.len, what, strlen(what)));) {
        found = at;
        size_t gone = (size_t)((const uint8_t *)at - text.data) + 1;
        text = span_of(text.data + gone, text.len - gone);
    }
    return found;
}

static bool message_take_apart(struct span text,
                               struct unsigned_message *message) {
    const uint8_t *signature = find_last(text, "<ds:Signature ");
    const uint8_t *end = find_last(text, "</");
    if (!signature || !end || end < signature)
        return false;
    message->before = span_of(text.data, (size_t)(signature - text.data));
    snprintf(message->end_tag, sizeof message->end_tag, "%.*s",
             (int)(text.data + text.len - end), (const char *)end);
    return true;
}

static bool read_messages(struct signing *s, char **files) {
    for (char **file = files; *file; file++)
        s->message_count++;
    s->messages = arena_zero(s->arena, s->message_count, sizeof *s->messages);
    for (size_t i = 0; i < s->message_count; i++) {
        struct buffer text = {0};
        if (!read_whole(files[i], &text))
            return false;
        struct span kept = arena_copy(s->arena, buffer_span(&text));
        buffer_free(&text);
        if (!message_take_apart(kept, &s->messages[i]))
            return refuse("%s: is no signed message", files[i]), false;
    }
    return true;
}

static void *sign_some(void *context) {
    struct signing *s = context;
    struct buffer text = {0};
    for (size_t i; (i = atomic_fetch_add(&s->next, 1)) < s->count;) {
        const struct unsigned_message *message =
            &s->messages[i % s->message_count];
        text.len = 0;
        buffer_add(&text, message->before);
        if (!duis_signer_sign(s->signer, &text, 0, message->end_tag))
            atomic_store(&s->failed, true);
    }
    buffer_free(&text);
    return NULL;
}

static int signing_run(struct signing *s) {
    pthread_t threads[MOST_THREADS];
    instant start = clock_elapsed();
    for (size_t i = 0; i < s->threads; i++)
        if (pthread_create(&threads[i], NULL, sign_some, s) != 0)
            abort();
    for (size_t i = 0; i < s->threads; i++)
        pthread_join(threads[i], NULL);
    double seconds = (double)(clock_elapsed() - start) / 1e6;
    if (atomic_load(&s->failed))
        return refuse("sign: the key does not sign");
    printf("{\"signatures\": %" PRIu64
           ", \"seconds\": %.6f, \"per_second\": %.1f}\n",
           s->count, seconds, (double)s->count / seconds);
    return 0;
}

static int signing_load(struct signing *s, char **files) {
    const char *reason = NULL;
    s->signer = duis_signer_load(s->arena, s->key, s->certificate, &reason);
    if (!s->signer)
        return refuse("%s", reason);
    return read_messages(s, files) ? signing_run(s) : 1;
}

int verb_sign(int argc, char **argv) {
    struct signing s = {.threads = 1};
    const struct option_row rows[] = {
        {"key", OPTION_TEXT, &s.key},
        {"certificate", OPTION_TEXT, &s.certificate},
        {"threads", OPTION_COUNT, &s.threads},
        {"count", OPTION_COUNT, &s.count},
    };
    char **files;
    if (!read_options(argc, argv, rows, sizeof rows / sizeof *rows, &files))
        return 2;
    if (!s.key || !s.certificate || !files[0] || !s.count || !s.threads ||
        s.threads > MOST_THREADS)
        return refuse("sign: --key, --certificate, --count and files are "
                      "wanted"),
               2;
    s.arena = arena_new();
    int status = duis_open() ? signing_load(&s, files) : 1;
    duis_close();
    arena_free(s.arena);
    return status;
}
