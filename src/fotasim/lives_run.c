#include "fotasim/lives_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

size_t lives_index_of(eui64 device) {
    return device * UINT64_C(0x9E3779B97F4A7C15) >> 20;
}

struct life *lives_find(const struct lives_run *run, eui64 device) {
    for (size_t at = lives_index_of(device);; at++) {
        uint32_t number = run->index[at & (run->index_size - 1)];
        if (!number)
            return NULL;
        if (run->lives[number - 1].device.id == device)
            return &run->lives[number - 1];
    }
}

uint8_t lives_csp_of(const struct life *life, eui64 hub) {
    return hub == life->device.other_hub ? life->device.other_csp
                                         : life->device.csp;
}

void lives_die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("fotasim: lives: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(2);
}
