#define SD_JOURNAL_SUPPRESS_LOCATION
#include "base/log.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

static _Atomic enum log_level most_level = LOG_LEVEL_INFO;
static _Thread_local char request[128];

void log_set_level(enum log_level most) {
    atomic_store_explicit(&most_level, most, memory_order_relaxed);
}

void log_set_request(const char *request_id) {
    snprintf(request, sizeof request, "%s", request_id ? request_id : "");
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

void log_event(enum log_level level, const char *event, const char *detail,
               ...) {
    if (level > atomic_load_explicit(&most_level, memory_order_relaxed))
        return;
    char text[2048];
    va_list args;
    va_start(args, detail);
    vsnprintf(text, sizeof text, detail, args);
    va_end(args);
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    if (stderr_is_journal()) {
        sd_journal_send("PRIORITY=%d", (int)level, "FOTAD_EVENT=%s", event,
                        "MESSAGE=%s %s", event, text, "REQUEST_ID=%s", request,
                        NULL);
        return;
    }
    char now[INSTANT_TEXT_SIZE];
    fprintf(stderr, "%s %s %s%s%s%s%s\n", instant_format(clock_now(), now),
            level_name(level), event, *request ? " request_id=" : "", request,
            *text ? " " : "", text);
}
