#include "base/file.h"

#include "base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

/* The account's name, or its number where nobody has given it one. */
static const char *user_name(struct arena *arena, uid_t uid) {
    char room[4096];
    struct passwd account, *found = NULL;
    if (getpwuid_r(uid, &account, room, sizeof room, &found) == 0 && found)
        return arena_text(arena, span_text(account.pw_name));
    return arena_printf(arena, "%u", (unsigned)uid);
}

/* Of a service of systemd's. */
static const char *unit_advice(void) {
    return getenv("INVOCATION_ID")
               ? "; LoadCredential= in the unit can hand it over"
               : "";
}

static const char *denial_words(struct arena *arena, const char *path) {
    struct stat about;
    const char *user = user_name(arena, geteuid());
    if (stat(path, &about) != 0)
        return arena_printf(arena, "the user %s may not enter its directory",
                            user);
    return arena_printf(arena,
                        "the user %s may not read it: it belongs to %s, with "
                        "the mode %04o%s",
                        user, user_name(arena, about.st_uid),
                        (unsigned)about.st_mode & 07777, unit_advice());
}

/* systemd makes them for a unit, and takes them away with it. */
static const char *absence_words(struct arena *arena, const char *path) {
    static const char credentials[] = "/run/credentials/";
    const char *why = strerror(ENOENT);
    if (strncmp(path, credentials, strlen(credentials)) != 0)
        return arena_text(arena, span_text(why));
    return arena_printf(arena,
                        "%s: it is there while the unit runs, by "
                        "LoadCredential=%s:/path in it",
                        why, strrchr(path, '/') + 1);
}

static const char *error_words(struct arena *arena, const char *path,
                               int error) {
    switch (error) {
    case EACCES:
        return denial_words(arena, path);
    case ENOENT:
        return absence_words(arena, path);
    default:
        return arena_text(arena, span_text(strerror(error)));
    }
}

const char *directory_fault(struct arena *arena, const char *path) {
    struct stat about;
    if (stat(path, &about) == 0 && !S_ISDIR(about.st_mode))
        errno = ENOTDIR;
    else if (access(path, W_OK | X_OK) == 0)
        return NULL;
    return arena_text(arena, span_text(strerror(errno)));
}

/* Nothing is opened: who reads a pipe would wait. */
const char *file_fault(struct arena *arena, const char *path) {
    struct stat about;
    if (stat(path, &about) != 0 ||
        faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
        return error_words(arena, path, errno);
    return S_ISDIR(about.st_mode) ? error_words(arena, path, EISDIR) : NULL;
}

/* One octet more than `most` tells that it is larger. */
static bool octets_take(int fd, size_t most, struct buffer *all) {
    ssize_t got = 1;
    while (got > 0 && all->len <= most) {
        got = read(fd, buffer_room(all, PIECE), PIECE);
        if (got < 0 && errno == EINTR)
            got = 1;
        else if (got > 0)
            all->len += (size_t)got;
    }
    return got >= 0;
}

bool file_load(struct arena *arena, const char *path, size_t most,
               struct span *octets, const char **reason) {
    struct buffer all = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && octets_take(fd, most, &all);
    if (!good)
        *reason = error_words(arena, path, errno);
    else if (all.len > most)
        *reason = arena_printf(arena, "larger than %zu octets", most);
    good = good && all.len <= most;
    if (good)
        *octets = span_of(arena_text(arena, buffer_span(&all)), all.len);
    buffer_free(&all);
    if (fd >= 0)
        close(fd);
    return good;
}
