#include "support/files.h"

#include <stdio.h>
#include <stdlib.h>

static FILE *file_open(const char *path, const char *mode) {
    FILE *file = fopen(path, mode);
    if (file)
        return file;
    perror(path);
    abort();
}

static void file_close(const char *path, FILE *file, bool well) {
    if (fclose(file) == 0 && well)
        return;
    perror(path);
    abort();
}

void file_write(const char *path, struct span octets) {
    FILE *file = file_open(path, "wbe");
    size_t written = fwrite(octets.data, 1, octets.len, file);
    file_close(path, file, written == octets.len);
}

void file_read(const char *path, struct buffer *out) {
    enum { STEP = 4096 };
    FILE *file = file_open(path, "rbe");
    size_t got;
    while ((got = fread(buffer_room(out, STEP), 1, STEP, file)) > 0)
        out->len += got;
    file_close(path, file, !ferror(file));
}
