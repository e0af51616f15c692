#include "base/arena.h"

#include "base/memory.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_SIZE = 64 * 1024 };

struct block {
    struct block *next;
    size_t size, used;
    alignas(max_align_t) uint8_t octets[];
};

struct adopted {
    struct adopted *next;
    void *handle;
    void (*dispose)(void *);
};

struct arena {
    struct block *blocks; /* the newest first; the oldest is kept on reset */
    struct adopted *adopted;
};

static struct block *block_new(size_t size, struct block *next) {
    struct block *block = memory_alloc(sizeof *block + size);
    *block = (struct block){.next = next, .size = size};
    return block;
}

struct arena *arena_new(void) {
    struct arena *arena = memory_alloc(sizeof *arena);
    *arena = (struct arena){.blocks = block_new(BLOCK_SIZE, NULL)};
    return arena;
}

void arena_reset(struct arena *arena) {
    for (struct adopted *a = arena->adopted; a; a = a->next)
        a->dispose(a->handle);
    arena->adopted = NULL;
    while (arena->blocks->next) {
        struct block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    arena->blocks->used = 0;
}

void arena_free(struct arena *arena) {
    if (!arena)
        return;
    arena_reset(arena);
    free(arena->blocks);
    free(arena);
}

static size_t align_size(size_t size) {
    const size_t unit = alignof(max_align_t);
    if (size > SIZE_MAX - unit)
        memory_exhausted(size);
    return (size + unit - 1) / unit * unit;
}

void *arena_alloc(struct arena *arena, size_t size) {
    size = align_size(size);
    struct block *block = arena->blocks;
    if (size > block->size - block->used) {
        block = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE, block);
        arena->blocks = block;
    }
    void *result = block->octets + block->used;
    block->used += size;
    return result;
}

void *arena_zero(struct arena *arena, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        memory_exhausted(SIZE_MAX);
    void *result = arena_alloc(arena, total);
    memset(result, 0, total);
    return result;
}

char *arena_text(struct arena *arena, struct span text) {
    char *copy = arena_alloc(arena, text.len + 1);
    if (text.len)
        memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return copy;
}

struct span arena_copy(struct arena *arena, struct span octets) {
    return span_of(arena_text(arena, octets), octets.len);
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    size_t size = (size_t)(len < 0 ? 0 : len) + 1;
    char *text = arena_alloc(arena, size);
    text[0] = '\0';
    vsnprintf(text, size, format, args);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

void *arena_adopt(struct arena *arena, void *handle, void (*dispose)(void *)) {
    if (!handle)
        return NULL;
    struct adopted *adopted = arena_alloc(arena, sizeof *adopted);
    *adopted = (struct adopted){arena->adopted, handle, dispose};
    arena->adopted = adopted;
    return handle;
}
