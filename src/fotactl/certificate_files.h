/* The certificates in the files of a directory, one after the other. */
#ifndef FOTAD_FOTACTL_CERTIFICATE_FILES_H
#define FOTAD_FOTACTL_CERTIFICATE_FILES_H

#include "base/arena.h"

/* A certificate as it is in a file: DER, or one block of PEM. */
struct certificate_file {
    const char *path;
    size_t block; /* from 1 */
    struct span octets;
};

/* Is it a file name that is read: *.pem, *.crt, *.cer, *.der, either case, not
 * hidden? */
bool certificate_file_name(const char *name);

/* How many such names `directory` has; 0 when it cannot be read. */
uint64_t certificate_files_count(const char *directory);

/* Calls `take` with each certificate of each such file in `directory`, in no
 * order, until it returns false. A file without one is given as a whole,
 * so that the caller can say that it has none; blocks of PEM that are no
 * certificates are left out if others are. NULL or, when the directory or a
 * file cannot be read, its path and why, in the arena. */
const char *certificate_files_read(
    struct arena *arena, const char *directory,
    bool (*take)(void *context, const struct certificate_file *),
    void *context);

#endif
