#include "base/memory.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void memory_exhausted(size_t size) {
    fprintf(stderr, "out of memory: %zu octets were asked for\n", size);
    abort();
}

void *memory_zeros(size_t count, size_t size) {
    void *place = calloc(count ? count : 1, size ? size : 1);
    if (!place)
        memory_exhausted(count * size);
    return place;
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

/* ---- whoever asks ---- */

/*
 * No allocation fails in this process, whoever asks for it: what is out of
 * memory ends. Libraries give a NULL on as an error of their own, of which some
 * are nobody's: a list with an entry less, a good signature that is none. Their
 * hooks (xmlMemSetup, json_set_alloc_funcs and so on) are not for all of them,
 * and each would have to be set before its library's first step, so their
 * malloc() is replaced, as the C library lets a program do (glibc manual,
 * Replacing malloc). free() stays: the memory is the C library's.
 *
 * Sanitizers and valgrind have an allocator of their own
 * (FOTAD_OWN_ALLOCATOR).
 */
#ifndef FOTAD_OWN_ALLOCATOR

/* The C library's own names of what we replace. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static void *memory_or_end(void *memory, size_t size) {
    if (!memory)
        memory_exhausted(size);
    return memory;
}

void *malloc(size_t size) {
    return memory_or_end(__libc_malloc(size), size);
}

void *calloc(size_t count, size_t size) {
    return memory_or_end(__libc_calloc(count, size), size);
}

/* realloc(old, 0) frees, and says NULL. */
void *realloc(void *old, size_t size) {
    void *memory = __libc_realloc(old, size);
    return old && !size ? memory : memory_or_end(memory, size);
}

void *memalign(size_t alignment, size_t size) {
    return memory_or_end(__libc_memalign(alignment, size), size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) || alignment & (alignment - 1) || !alignment)
        return EINVAL;
    *memory = memalign(alignment, size);
    return 0;
}

#endif
