/*
 * A PostgreSQL of a test's own, apart from tools/pg: on a disk that can be
 * full, in a network that can be cut. One for each program, in a directory
 * below /var/tmp; all of it ends with the program.
 */
#ifndef FOTAD_TESTS_SERVER_H
#define FOTAD_TESTS_SERVER_H

#include <stdbool.h>
#include <stddef.h>

/* What stands below the directory, each a file system of its own. */
enum server_disk { SERVER_DATA, SERVER_WAL, SERVER_DISKS };

/* Makes and starts it, in the namespaces of the caller, and sets
 * FOTAD_TEST_CONNINFO. `sizes` of its disks in MB, which only root may have;
 * NULL: they are the machine's. `options` of postgres, ending with NULL. NULL
 * when it runs, otherwise the reason why it cannot here. */
const char *server_open(const size_t *sizes, const char *const *options);
/* The file that it logs to. */
const char *server_log(void);
/* Has it ended by itself? */
bool server_has_ended(void);
/* After it has ended; waits until it answers. False when it ends again. */
bool server_start(void);

/* Nothing more can be written there but into what is; and again. */
void server_fill(enum server_disk which);
void server_clear(enum server_disk which);
/* What a new session reads first is not there, as after a crash: it has to
 * write it. */
void server_forget(void);

#endif
