#include "base/expiry.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 16, MOST_USE = 80 };

static struct {
    char use[MOST_USE];
    instant not_after;
} certificates[MOST];
static size_t certificate_count;
static pthread_mutex_t certificate_lock = PTHREAD_MUTEX_INITIALIZER;

void expiry_note(const char *use, instant not_after) {
    pthread_mutex_lock(&certificate_lock);
    size_t i = 0;
    while (i < certificate_count && strcmp(certificates[i].use, use) != 0)
        i++;
    if (i < MOST) {
        snprintf(certificates[i].use, MOST_USE, "%s", use);
        certificates[i].not_after = not_after;
        certificate_count += i == certificate_count;
    }
    pthread_mutex_unlock(&certificate_lock);
}

void expiry_each(void (*tell)(void *context, const char *use,
                              instant not_after),
                 void *context) {
    pthread_mutex_lock(&certificate_lock);
    for (size_t i = 0; i < certificate_count; i++)
        tell(context, certificates[i].use, certificates[i].not_after);
    pthread_mutex_unlock(&certificate_lock);
}
