/* The verbs of fotasim, and what they share. Each gets its own arguments, its
 * name first, and returns the exit code. */
#ifndef FOTAD_FOTASIM_VERBS_H
#define FOTAD_FOTASIM_VERBS_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/eui64.h"

int verb_pki(int argc, char **argv);
int verb_estate(int argc, char **argv);
int verb_devices(int argc, char **argv);
int verb_image(int argc, char **argv);
int verb_request(int argc, char **argv);
int verb_csp(int argc, char **argv);
int verb_user(int argc, char **argv);
int verb_alerts(int argc, char **argv);
int verb_lives(int argc, char **argv);
int verb_network(int argc, char **argv);
int verb_load(int argc, char **argv);
int verb_sign(int argc, char **argv);

/* The options of one verb: "--name VALUE" each, then operands. */
struct option_row {
    const char *name;
    enum { OPTION_TEXT, OPTION_COUNT, OPTION_EUI64 } type;
    void *value; /* const char *, uint64_t or eui64 */
};

/* Fills the options; false after saying on stderr what is wrong. `*operands`
 * gets what is left. */
bool read_options(int argc, char **argv, const struct option_row *rows,
                  size_t count, char ***operands);

/* Says it on stderr as "fotasim: ..." and returns 1. */
int refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Makes a folder, with those above it. */
bool make_folder(const char *path);
/* The whole file, "-" being stdin; false after saying why not. */
bool read_whole(const char *path, struct buffer *out);
/* Writes the whole file; false after saying why not. */
bool write_whole(const char *path, struct span octets);

#endif
