#include "fotactl/certificate_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
    char path[PATH_MAX]; /* of the file, or of the directory */
    bool (*take)(void *context, const struct certificate_file *);
    void *context;
    bool stopped;
};

bool certificate_file_name(const char *name) {
    static const char *const endings[] = {".pem", ".crt", ".cer", ".der"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (dot && dot != name && *name != '.' &&
            strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

uint64_t certificate_files_count(const char *directory) {
    uint64_t count = 0;
    DIR *dir = opendir(directory);
    if (!dir)
        return 0;
    for (const struct dirent *entry; (entry = readdir(dir));)
        count += certificate_file_name(entry->d_name);
    closedir(dir);
    return count;
}

/* ---- PEM (RFC 7468) ---- */

static struct span text_from(struct span text, const uint8_t *at) {
    return span_of(at, text.len - (size_t)(at - text.data));
}

static const uint8_t *text_find(struct span text, const char *what) {
    return text.len ? memmem(text.data, text.len, what, strlen(what)) : NULL;
}

static bool starts_certificate(struct span block) {
    static const char *const labels[] = {"-----BEGIN CERTIFICATE-----",
                                         "-----BEGIN X509 CERTIFICATE-----",
                                         "-----BEGIN TRUSTED CERTIFICATE-----"};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (block.len >= strlen(labels[i]) &&
            memcmp(block.data, labels[i], strlen(labels[i])) == 0)
            return true;
    return false;
}

/* Cuts the next block off the front of `text`: from its BEGIN to the BEGIN of
 * the next, or to the end. False when there is none. */
static bool next_block(struct span *text, struct span *block) {
    const uint8_t *begin = text_find(*text, "-----BEGIN ");
    if (!begin)
        return false;
    struct span rest = text_from(*text, begin);
    const uint8_t *next = text_find(text_from(rest, begin + 1), "-----BEGIN ");
    block->data = begin;
    block->len = next ? (size_t)(next - begin) : rest.len;
    *text = next ? text_from(rest, next) : span_of(NULL, 0);
    return true;
}

static void block_give(struct walk *walk, size_t block, struct span octets) {
    const struct certificate_file file = {walk->path, block, octets};
    if (!walk->stopped && !walk->take(walk->context, &file))
        walk->stopped = true;
}

static void take_file(struct walk *walk, struct span octets) {
    struct span rest = octets, block;
    size_t count = 0;
    while (!walk->stopped && next_block(&rest, &block))
        if (starts_certificate(block))
            block_give(walk, ++count, block);
    if (!count)
        block_give(walk, 1, octets);
}

/* ---- files ---- */

/* Mapped, not read: a file may hold millions of certificates. */
static bool read_file(struct walk *walk) {
    struct stat status;
    int fd = open(walk->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = fstat(fd, &status) == 0;
    if (ok && S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        ok = false;
    }
    size_t size = ok ? (size_t)status.st_size : 0;
    void *data = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    if (data == MAP_FAILED)
        ok = false;
    else if (ok)
        take_file(walk, span_of(data, size));
    if (data && data != MAP_FAILED)
        munmap(data, size);
    close(fd);
    return ok;
}

static bool read_entries(struct walk *walk, DIR *dir, const char *directory) {
    bool ok = true;
    errno = 0;
    for (const struct dirent *entry;
         ok && !walk->stopped && (entry = readdir(dir));) {
        if (!certificate_file_name(entry->d_name))
            continue;
        int len = snprintf(walk->path, sizeof walk->path, "%s/%s", directory,
                           entry->d_name);
        if (len < 0 || (size_t)len >= sizeof walk->path) {
            errno = ENAMETOOLONG;
            return false;
        }
        ok = read_file(walk);
        if (ok)
            errno = 0;
    }
    return ok && errno == 0;
}

const char *certificate_files_read(
    struct arena *arena, const char *directory,
    bool (*take)(void *context, const struct certificate_file *),
    void *context) {
    struct walk walk = {.take = take, .context = context};
    DIR *dir = opendir(directory);
    bool ok = dir && read_entries(&walk, dir, directory);
    const char *path = *walk.path ? walk.path : directory;
    const char *reason =
        ok ? NULL : arena_printf(arena, "%s: %s", path, strerror(errno));
    if (dir)
        closedir(dir);
    return reason;
}
