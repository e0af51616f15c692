#include "support/shared.h"

#include "base/hex.h"
#include "support/check.h"

#include <ctype.h>
#include <dirent.h>
#include <openssl/evp.h>
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

bool shared_read_hex(const char *name, struct buffer *out) {
    struct buffer text = {0};
    if (!shared_read(name, &text))
        return false;
    while (text.len && isspace(text.data[text.len - 1]))
        text.len--;
    int len =
        hex_parse(buffer_span(&text), buffer_room(out, text.len), text.len);
    assert_true(len > 0);
    out->len += (size_t)len;
    buffer_free(&text);
    return true;
}

bool shared_read_base64(const char *name, const char *tag, struct buffer *out) {
    struct buffer xml = {0};
    if (!shared_read(name, &xml))
        return false;
    char open[64];
    snprintf(open, sizeof open, "<%s>", tag);
    char *start = strstr((char *)xml.data, open);
    assert_non_null(start);
    start += strlen(open);
    size_t len = strcspn(start, "<");
    int got =
        EVP_DecodeBlock(buffer_room(out, len), (uint8_t *)start, (int)len);
    assert_true(got > 0);
    out->len += (size_t)got - (start[len - 1] == '=') - (start[len - 2] == '=');
    buffer_free(&xml);
    return true;
}

static bool ends_with(const char *text, const char *ending) {
    size_t len = strlen(text), end = strlen(ending);
    return len >= end && strcmp(text + len - end, ending) == 0;
}

size_t shared_each(const char *name, const char *ending,
                   void (*each)(const char *file)) {
    char path[1024];
    shared_path(name, path, sizeof path);
    DIR *directory = opendir(path);
    if (!directory) {
        printf("skipped: no %s (set FOTAD_SHARED)\n", path);
        return 0;
    }
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (!ends_with(entry->d_name, ending))
            continue;
        each(entry->d_name);
        count++;
    }
    closedir(directory);
    return count;
}
