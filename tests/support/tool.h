/* fotactl run in this process, against a fresh database, with files in a
 * directory of its own. */
#ifndef FOTAD_TESTS_TOOL_H
#define FOTAD_TESTS_TOOL_H

#include "base/buffer.h"

#include "support/sql.h"

struct tool {
    char directory[64];
    struct sql *sql;
    const char *conninfo;
    struct buffer out, err; /* of the last tool_run() */
};

/* cmocka setup and teardown: *state is a struct tool. */
int tool_setup(void **state);
int tool_teardown(void **state);

/* Runs fotactl with the words of `line`, between single spaces; '@' in front
 * of a word stands for the directory and '/', "@@" for '@'. --config is given
 * with the database, unless the line has its own. Returns the exit status. */
int tool_run(struct tool *tool, const char *line);

/* Runs fotactl and fails the test unless it ends with `status` and writes
 * `err` to stderr, where '@' stands for the directory and '/'. */
void tool_expect(struct tool *tool, const char *line, int status,
                 const char *err);

/* Writes a file into the directory; `name` may have directories in front that
 * exist. */
void tool_file(struct tool *tool, const char *name, struct span text);
void tool_directory(struct tool *tool, const char *name);

/* Runs SQL; fails the test unless SQL gives these rows (sql.h). */
#define tool_sql(tool, ...) sql_do((tool)->sql, __VA_ARGS__)
#define tool_expect_rows(tool, query, rows)                                    \
    sql_expect((tool)->sql, rows, "%s", query)

#endif
