#include "base/buffer.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buffer_free(struct buffer *buffer) {
    free(buffer->data);
    *buffer = (struct buffer){0};
}

uint8_t *buffer_room(struct buffer *buffer, size_t more) {
    size_t need = buffer->len + more + 1;
    if (need < more)
        memory_exhausted(more);
    if (need > buffer->size) {
        size_t size = buffer->size * 2 > need ? buffer->size * 2 : need;
        buffer->data = memory_grow(buffer->data, size);
        buffer->size = size;
    }
    return buffer->data + buffer->len;
}

void buffer_add(struct buffer *buffer, struct span octets) {
    uint8_t *room = buffer_room(buffer, octets.len);
    if (octets.len)
        memcpy(room, octets.data, octets.len);
    room[octets.len] = '\0';
    buffer->len += octets.len;
}

void buffer_text(struct buffer *buffer, const char *text) {
    buffer_add(buffer, span_text(text));
}

void buffer_printf(struct buffer *buffer, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    size_t size = (size_t)(len < 0 ? 0 : len);
    char *room = (char *)buffer_room(buffer, size);
    vsnprintf(room, size + 1, format, args);
    va_end(args);
    buffer->len += size;
}
