#include "fotasim/device_list.h"

#include "fotasim/verbs.h"

static bool list_parse(const char *path, struct span text, eui64 *ids,
                       size_t *count) {
    while (text.len) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end ? (size_t)(end - text.data) : text.len;
        if (!eui64_parse(span_of(text.data, len), &ids[*count]))
            return refuse("%s: line %zu is no Device ID", path, *count + 1),
                   false;
        ++*count;
        text = span_of(text.data + len + (end ? 1 : 0),
                       text.len - len - (end ? 1 : 0));
    }
    return true;
}

bool read_device_list(struct arena *arena, const char *path, const eui64 **ids,
                      size_t *count) {
    struct buffer text = {0};
    *count = 0;
    if (!read_whole(path, &text))
        return false;
    eui64 *room =
        arena_alloc(arena, (text.len / EUI64_TEXT_LEN + 1) * sizeof *room);
    bool good = list_parse(path, buffer_span(&text), room, count);
    *ids = room;
    buffer_free(&text);
    return good;
}
