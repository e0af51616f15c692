#include "trail/anchors.h"

#include "base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void anchor_keep(struct anchors *anchors, const struct anchor *anchor) {
    if (anchors->count == anchors->size) {
        anchors->size = anchors->size ? 2 * anchors->size : 1024;
        anchors->list =
            memory_grow(anchors->list, anchors->size * sizeof *anchors->list);
    }
    anchors->list[anchors->count++] = *anchor;
}

static void line_take(struct anchors *anchors, const char *path, size_t number,
                      struct span line) {
    struct anchor anchor;
    const char *fault = NULL;
    switch (anchor_read(anchors->keys, line, &anchor)) {
    case ANCHOR_GOOD:
        anchor_keep(anchors, &anchor);
        break;
    case ANCHOR_TORN:
        anchors->torn++;
        break;
    case ANCHOR_UNKNOWN:
        fault = "it is signed with a key whose certificate is not given";
        break;
    case ANCHOR_FORGED:
        fault = "it is not what was signed";
        break;
    case ANCHOR_NONE:
        break;
    }
    if (!fault)
        return;
    anchors->fault_count++;
    buffer_printf(&anchors->faults, "%s:%zu: %s\n", path, number, fault);
}

bool anchors_load(struct anchors *anchors, const char *path,
                  const char **reason) {
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0, number = 0, before = anchors->count + anchors->fault_count;
    ssize_t len = -1;
    while (file && (len = getline(&line, &size, file)) >= 0) {
        while (len > 0 && strchr("\r\n", line[len - 1]))
            len--;
        line_take(anchors, path, ++number, span_of(line, (size_t)len));
    }
    bool good = file && !ferror(file);
    *reason = arena_text(anchors->arena, span_text(strerror(errno)));
    free(line);
    if (file)
        fclose(file);
    if (good && before == anchors->count + anchors->fault_count) {
        *reason = "it has no anchor";
        return false;
    }
    return good;
}

static int anchor_order(const void *one, const void *other) {
    const struct anchor *a = one, *b = other;
    if (a->seal != b->seal)
        return a->seal < b->seal ? -1 : 1;
    return a->at < b->at ? -1 : a->at > b->at;
}

void anchors_sort(struct anchors *anchors) {
    if (anchors->count)
        qsort(anchors->list, anchors->count, sizeof *anchors->list,
              anchor_order);
}

void anchors_free(struct anchors *anchors) {
    free(anchors->list);
    buffer_free(&anchors->faults);
}
