#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void memory_exhausted(size_t size) {
    fprintf(stderr, "out of memory: %zu octets were asked for\n", size);
    abort();
}

void *memory_grow(void *old, size_t size) {
    void *memory = realloc(old, size ? size : 1);
    if (!memory)
        memory_exhausted(size);
    return memory;
}

void *memory_alloc(size_t size) {
    return memory_grow(NULL, size);
}

char *memory_text(const char *text) {
    size_t size = strlen(text) + 1;
    return memcpy(memory_alloc(size), text, size);
}
