#include "support/trail.h"
#include "support/check.h"
#include "support/files.h"
#include "support/pg.h"

#include "fotactl/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void trail_expect_whole(const char *conninfo) {
    char path[] = "/tmp/trail-XXXXXX";
    struct buffer config = {0}, out = {0}, err = {0};
    close(mkstemp(path));
    buffer_printf(&config, "[database]\nconninfo = %s\n",
                  pg_as_daemon(conninfo));
    file_write(path, buffer_span(&config));
    const char *const words[] = {"--config", path, "sat", "verify"};
    enum fotactl_exit status =
        fotactl_run(sizeof words / sizeof *words, words, NULL, &out, &err);
    unlink(path);
    if (status != FOTACTL_DONE)
        fail_msg("the trail is not whole: %s%s", (char *)out.data,
                 (char *)err.data);
    buffer_free(&config);
    buffer_free(&out);
    buffer_free(&err);
}
