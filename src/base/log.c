#define SD_JOURNAL_SUPPRESS_LOCATION
#include "base/log.h"

#include "base/clock.h"
#include "base/safe_text.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

static _Atomic enum log_level most_level = LOG_LEVEL_INFO;
static _Thread_local char request[128];

/* What does not fit is left out. No memory is asked for: there may be none. */
static void text_show(const char *text, char *out, size_t size) {
    struct span rest = span_text(text);
    size_t at = 0;
    while (rest.len && at + SAFE_SIZE <= size) {
        size_t len = safe_next(rest, out + at);
        at += strlen(out + at);
        rest = span_of(rest.data + len, rest.len - len);
    }
    out[at] = '\0';
}

void log_set_level(enum log_level most) {
    atomic_store_explicit(&most_level, most, memory_order_relaxed);
}

void log_set_request(const char *request_id) {
    text_show(request_id ? request_id : "", request, sizeof request);
}

/* systemd.exec(5), $JOURNAL_STREAM: device and inode of our stderr */
static bool stderr_is_journal(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    if (!stream || fstat(STDERR_FILENO, &status) != 0)
        return false;
    char ours[64];
    snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)status.st_dev,
             (uintmax_t)status.st_ino);
    return strcmp(stream, ours) == 0;
}

static const char *level_name(enum log_level level) {
    switch (level) {
    case LOG_LEVEL_NONE:
        break;
    case LOG_LEVEL_ERROR:
        return "error";
    case LOG_LEVEL_WARNING:
        return "warning";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_DEBUG:
        return "debug";
    }
    return "?";
}

/* ---- the journal ---- */

enum { MOST_FIELDS = 10, FIELD_SIZE = 160 };

struct entry {
    struct iovec fields[MOST_FIELDS];
    char texts[MOST_FIELDS][FIELD_SIZE];
    int count;
};

/* One that does not fit is left out. */
__attribute__((format(printf, 2, 3))) static void entry_add(struct entry *entry,
                                                            const char *format,
                                                            ...) {
    if (entry->count == MOST_FIELDS)
        return;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(entry->texts[entry->count], FIELD_SIZE, format, args);
    va_end(args);
    if (len < 0 || len >= FIELD_SIZE)
        return;
    entry->fields[entry->count] = (struct iovec){
        .iov_base = entry->texts[entry->count], .iov_len = (size_t)len};
    entry->count++;
}

/* What people look for an event by: the pairs of its detail that have these
 * names, up to the text after ": ". */
static void entry_add_pairs(struct entry *entry, const char *detail) {
    static const struct {
        const char *pair, *field;
    } names[] = {{"csp=", "CSP"},
                 {"job=", "JOB"},
                 {"user=", "USER_ID"},
                 {"peer=", "PEER"},
                 {"device=", "DEVICE_ID"}};
    while (*detail && *detail != ':') {
        size_t len = strcspn(detail, " ");
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            size_t name = strlen(names[i].pair);
            if (strncmp(detail, names[i].pair, name) == 0)
                entry_add(entry, "%s=%.*s", names[i].field, (int)(len - name),
                          detail + name);
        }
        detail += len + (detail[len] == ' ');
    }
}

/* The message is longer than a field of the others may be. */
static void journal_send(enum log_level level, const char *event,
                         const char *shown) {
    char message[8192];
    struct entry entry = {.count = 0};
    int len = snprintf(message, sizeof message, "MESSAGE=%s %s", event, shown);
    entry.fields[entry.count++] = (struct iovec){
        .iov_base = message,
        .iov_len =
            len < (int)sizeof message ? (size_t)len : sizeof message - 1};
    entry_add(&entry, "PRIORITY=%d", (int)level);
    entry_add(&entry, "FOTAD_EVENT=%s", event);
    if (*request)
        entry_add(&entry, "REQUEST_ID=%s", request);
    entry_add_pairs(&entry, shown);
    sd_journal_sendv(entry.fields, entry.count);
}

void log_event(enum log_level level, const char *event, const char *detail,
               ...) {
    if (level > atomic_load_explicit(&most_level, memory_order_relaxed))
        return;
    char text[2048];
    va_list args;
    va_start(args, detail);
    vsnprintf(text, sizeof text, detail, args);
    va_end(args);
    char shown[3 * sizeof text];
    text_show(text, shown, sizeof shown);
    if (stderr_is_journal()) {
        journal_send(level, event, shown);
        return;
    }
    char now[INSTANT_TEXT_SIZE];
    fprintf(stderr, "%s %s %s%s%s%s%s\n", instant_format(clock_now(), now),
            level_name(level), event, *request ? " request_id=" : "", request,
            *shown ? " " : "", shown);
}
