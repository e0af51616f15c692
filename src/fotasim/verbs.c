#include "fotasim/verbs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int refuse(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fputs("fotasim: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return 1;
}

static bool read_value(const struct option_row *row, const char *text) {
    char *end;
    switch (row->type) {
    case OPTION_TEXT:
        *(const char **)row->value = text;
        return true;
    case OPTION_COUNT:
        errno = 0;
        *(uint64_t *)row->value = strtoull(text, &end, 10);
        return errno == 0 && *text >= '0' && *text <= '9' && *end == '\0';
    case OPTION_EUI64:
        return eui64_parse(span_text(text), row->value);
    }
    return false;
}

static const struct option_row *find_option(const char *name,
                                            const struct option_row *rows,
                                            size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

bool read_options(int argc, char **argv, const struct option_row *rows,
                  size_t count, char ***operands) {
    int left = 0;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0) {
            argv[left++] = argv[i];
            continue;
        }
        const struct option_row *row = find_option(argv[i] + 2, rows, count);
        if (!row || i + 1 == argc || !read_value(row, argv[i + 1])) {
            refuse("%s: no such option, or no good value", argv[i]);
            return false;
        }
        i++;
    }
    argv[left] = NULL;
    *operands = argv;
    return true;
}

bool make_folder(const char *path) {
    char part[4096];
    size_t len = strlen(path);
    if (len >= sizeof part)
        return refuse("%s: too long", path), false;
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return refuse("%s: %s", part, strerror(errno)), false;
    }
    return true;
}

bool read_whole(const char *path, struct buffer *out) {
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "rb");
    if (!file)
        return refuse("%s: %s", path, strerror(errno)), false;
    size_t got;
    do {
        got = fread(buffer_room(out, 65536), 1, 65536, file);
        out->len += got;
    } while (got);
    bool good = !ferror(file);
    if (!is_stdin)
        fclose(file);
    return good || (refuse("%s: cannot be read", path), false);
}

bool write_whole(const char *path, struct span octets) {
    FILE *file = fopen(path, "wb");
    bool good = file && span_write(octets, file);
    if (file && fclose(file) != 0)
        good = false;
    return good || (refuse("%s: %s", path, strerror(errno)), false);
}
