#include "support/shared.h"

#include <stdio.h>
#include <stdlib.h>

static void shared_path(const char *name, char *path, size_t size) {
    const char *root = getenv("FOTAD_SHARED");
    snprintf(path, size, "%s/reference/%s", root ? root : "../shared", name);
}

bool shared_read(const char *name, struct buffer *out) {
    char path[1024];
    shared_path(name, path, sizeof path);
    FILE *file = fopen(path, "rb");
    if (!file) {
        printf("skipped: no %s (set FOTAD_SHARED)\n", path);
        return false;
    }
    size_t got;
    do {
        got = fread(buffer_room(out, 4096), 1, 4096, file);
        out->len += got;
    } while (got == 4096);
    fclose(file);
    return true;
}
