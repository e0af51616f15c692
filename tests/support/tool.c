#include "support/tool.h"
#include "support/check.h"
#include "support/files.h"
#include "support/pg.h"

#include "base/log.h"
#include "base/memory.h"
#include "fotactl/verbs.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_config(struct tool *tool, const char *conninfo) {
    struct buffer text = {0};
    buffer_printf(&text, "[database]\nconninfo = %s\nowner_conninfo = %s\n",
                  pg_as_daemon(conninfo), conninfo);
    tool_file(tool, "fotad.conf", buffer_span(&text));
    buffer_free(&text);
}

int tool_setup(void **state) {
    struct tool *tool = memory_alloc(sizeof *tool);
    *tool = (struct tool){.directory = "/tmp/fotactl-test-XXXXXX"};
    *state = tool;
    const char *conninfo = pg_fresh_database();
    if (!mkdtemp(tool->directory))
        fail_msg("no directory: %s", tool->directory);
    log_set_level(LOG_LEVEL_NONE);
    tool->conninfo = conninfo;
    write_config(tool, conninfo);
    tool->sql = sql_open(conninfo);
    tool_sql(tool, "set timezone = 'UTC'");
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(path);
}

int tool_teardown(void **state) {
    struct tool *tool = *state;
    nftw(tool->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    sql_close(tool->sql);
    buffer_free(&tool->out);
    buffer_free(&tool->err);
    free(tool);
    return 0;
}

/* '@' becomes the directory and '/', and "@@" becomes '@'. */
static void put_places(const struct tool *tool, const char *text,
                       struct buffer *out) {
    for (; *text; text++)
        if (*text == '@' && text[1] == '@')
            buffer_text(out, "@"), text++;
        else if (*text == '@')
            buffer_printf(out, "%s/", tool->directory);
        else
            buffer_printf(out, "%c", *text);
}

int tool_run(struct tool *tool, const char *line) {
    enum { MOST_WORDS = 16 };
    const char *words[MOST_WORDS];
    size_t count = 0;
    struct buffer text = {0};
    if (!strstr(line, "--config"))
        put_places(tool, "--config @fotad.conf ", &text);
    put_places(tool, line, &text);
    char *rest = NULL;
    for (char *word = strtok_r((char *)text.data, " ", &rest);
         word && count < MOST_WORDS; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    tool->out.len = tool->err.len = 0;
    buffer_text(&tool->out, "");
    buffer_text(&tool->err, "");
    int status = (int)fotactl_run(count, words, NULL, &tool->out, &tool->err);
    buffer_free(&text);
    return status;
}

void tool_expect(struct tool *tool, const char *line, int status,
                 const char *err) {
    int got = tool_run(tool, line);
    struct buffer expected = {0};
    put_places(tool, err, &expected);
    buffer_text(&expected, "");
    if (got != status ||
        !span_equal(buffer_span(&tool->err), buffer_span(&expected)))
        fail_msg("fotactl %s\n  gave %d and: %s  not  %d and: %s", line, got,
                 (char *)tool->err.data, status, (char *)expected.data);
    buffer_free(&expected);
}

void tool_file(struct tool *tool, const char *name, struct span text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", tool->directory, name);
    file_write(path, text);
}

void tool_directory(struct tool *tool, const char *name) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", tool->directory, name);
    assert_int_equal(mkdir(path, 0700), 0);
}
