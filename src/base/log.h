/*
 * One line per event: to the journal with its fields when the service manager
 * connected us to it, otherwise to stderr as
 *
 *   2026-11-21T09:15:00.000Z info request.answered request_id=... code=I99 ...
 *
 * An event has a name (room.what), and a detail of key=value pairs. A text
 * that may hold spaces comes last, after ": ". In the journal the name is
 * FOTAD_EVENT, and what is looked for by has fields too: REQUEST_ID, CSP, JOB,
 * USER_ID, PEER, DEVICE_ID.
 */
#ifndef FOTAD_BASE_LOG_H
#define FOTAD_BASE_LOG_H

enum log_level {
    LOG_LEVEL_NONE = 0,  /* for log_set_level() alone: no line at all */
    LOG_LEVEL_ERROR = 3, /* a person must act; says what to do */
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

/* Lines above this level are dropped. Default: LOG_LEVEL_INFO. */
void log_set_level(enum log_level most);

/* The RequestID that every line of this thread carries from now on; NULL for
 * none. The text is copied (at most 127 characters). */
void log_set_request(const char *request_id);

/* Writes a line, cut off after 2047 octets of detail, as safe_text.h shows it;
 * from any thread. The macros below are what is called. */
void log_event(enum log_level level, const char *event, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(...) log_event(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_event(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_event(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_event(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
