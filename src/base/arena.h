/*
 * Memory with one owner and one moment of death: everything that belongs to
 * one request is allocated from its arena and ends with it. Handles of other
 * libraries are adopted, so that they end with it too.
 *
 * Running out of memory ends the process (the service manager restarts it and
 * the database holds all that was promised), so no caller checks for NULL.
 * An arena belongs to one thread at a time.
 */
#ifndef FOTAD_BASE_ARENA_H
#define FOTAD_BASE_ARENA_H

#include "base/span.h"

#include <stdarg.h>

struct arena;

/* A new, empty arena. The caller ends it with arena_free(). */
struct arena *arena_new(void);

/* Runs the disposers of what was adopted, last first, and frees everything.
 * NULL is allowed. */
void arena_free(struct arena *arena);

/* Like arena_free(), but the arena stays usable and keeps its first block. */
void arena_reset(struct arena *arena);

/* `size` octets, aligned for any type, not initialised. */
void *arena_alloc(struct arena *arena, size_t size);

/* The same, all zero; `count * size` is checked for overflow. */
void *arena_zero(struct arena *arena, size_t count, size_t size);

/* Copies; the result of arena_text() ends with a NUL. */
char *arena_text(struct arena *arena, struct span text);
struct span arena_copy(struct arena *arena, struct span octets);

/* printf into the arena. */
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* `dispose(handle)` is called when the arena ends. NULL handles are ignored.
 * Returns the handle. */
void *arena_adopt(struct arena *arena, void *handle, void (*dispose)(void *));

#endif
