/* Memory, or the end of the process: see arena.h for why nobody checks for
 * NULL. The same holds for malloc() and its kin, whoever calls them. */
#ifndef FOTAD_BASE_MEMORY_H
#define FOTAD_BASE_MEMORY_H

#include <stddef.h>

/* `size` octets; free() them. */
void *memory_alloc(size_t size);
/* `count` of `size` octets, all zero; free() them. */
void *memory_zeros(size_t count, size_t size);
/* realloc() that does not return NULL. */
void *memory_grow(void *old, size_t size);
/* A copy of a C string; free() it. */
char *memory_text(const char *text);

/* Says on stderr how much was asked for, and aborts. 0 when it is not known:
 * for libraries, and for threads that cannot be made. */
_Noreturn void memory_exhausted(size_t size);

#endif
