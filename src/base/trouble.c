#include "base/trouble.h"

#include "base/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct trouble {
    struct trouble *next;
    char *name;
    unsigned times;
    char reason[256];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct trouble *all; /* under the lock; only what fails */

static struct trouble **trouble_find(const char *name) {
    struct trouble **at = &all;
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

static void trouble_end(struct trouble **at) {
    struct trouble *ended = *at;
    *at = ended->next;
    free(ended->name);
    free(ended);
}

/* No part of a character at the end. */
static void reason_trim(char *reason) {
    size_t len = strlen(reason);
    while (len && ((unsigned char)reason[len - 1] & 0x80))
        reason[--len] = '\0';
}

static bool trouble_count(struct trouble **at, const char *name,
                          const char *reason) {
    if (!*at) {
        *at = memory_alloc(sizeof **at);
        **at = (struct trouble){.name = memory_text(name)};
    }
    snprintf((*at)->reason, sizeof(*at)->reason, "%s", reason ? reason : "");
    reason_trim((*at)->reason);
    return ++(*at)->times == 1;
}

bool trouble_note(const char *name, bool failed, const char *reason) {
    bool first = false;
    pthread_mutex_lock(&lock);
    struct trouble **at = trouble_find(name);
    if (failed)
        first = trouble_count(at, name, reason);
    else if (*at)
        trouble_end(at);
    pthread_mutex_unlock(&lock);
    return first;
}

void trouble_each(void (*tell)(void *context, const char *name, unsigned times,
                               const char *reason),
                  void *context) {
    pthread_mutex_lock(&lock);
    for (const struct trouble *t = all; t; t = t->next)
        if (t->times >= TROUBLE_TIMES)
            tell(context, t->name, t->times, t->reason);
    pthread_mutex_unlock(&lock);
}
