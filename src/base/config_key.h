/* The rows of config.def and config_csp.def as data; for the files that read
 * and compare configurations, and for tests of all keys. */
#ifndef FOTAD_BASE_CONFIG_KEY_H
#define FOTAD_BASE_CONFIG_KEY_H

#include "base/config.h"

struct config_key;

/* Reads a value that is not empty into its field. False with what is wrong in
 * `*reason` ("'x' is not ..."), in the arena. */
typedef bool config_reader(const struct config_key *key, const char *value,
                           void *field, struct arena *arena,
                           const char **reason);

struct config_key {
    const char *section, *name, *type, *limits, *standard, *comment;
    config_reader *read;
    size_t offset, size; /* of the field, in struct config or config_csp */
    size_t line_offset;  /* of its line, in the same */
    bool is_text;        /* the field is a const char * */
};

/* Each ends with a row without a name. Of the second the section is "csp". */
extern const struct config_key config_keys[], config_csp_keys[];

/* The row, or NULL. */
const struct config_key *config_key_find(const struct config_key *keys,
                                         const char *section, const char *name);

/* Sets the field in `to`. False as config_reader says. */
bool config_key_set(const struct config_key *key, const char *value, void *to,
                    struct arena *arena, const char **reason);

/* The line of the key in `owner`, of struct config or config_csp. */
int config_key_line(const struct config_key *key, const void *owner);

/* `faults`, which may be NULL, and one more, a line each, in the arena. */
const char *config_fault_add(const char *faults, const char *fault,
                             struct arena *arena);

/* Reads the lines of the file at config->path into `config`, which has the
 * defaults. False as config_read() says. */
bool config_file_read(struct config *config, struct arena *arena,
                      const char **faults);
/* A section's keys get their defaults. */
void config_set_defaults(const struct config_key *keys, void *to,
                         struct arena *arena);

/* What is wrong with libpq's connection string, or NULL. `primary`: it is for
 * the database that is written to. In the arena. */
const char *conninfo_fault(const char *conninfo, bool primary,
                           struct arena *arena);

#endif
