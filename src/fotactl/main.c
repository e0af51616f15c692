/* fotactl: the operator's tool. */
#include "base/log.h"
#include "fotactl/verbs.h"

#include <stdio.h>

static bool text_print(const struct buffer *text, FILE *to) {
    return span_write(buffer_span(text), to) && fflush(to) == 0;
}

int main(int count, char **words) {
    struct buffer out = {0}, err = {0};
    /* a person reads stderr: the one line that the verb leaves */
    log_set_level(LOG_LEVEL_NONE);
    int status = fotactl_run((size_t)count - 1, (const char *const *)words + 1,
                             stdout, &out, &err);
    if (!text_print(&out, stdout) && status == FOTACTL_DONE) {
        buffer_text(&err, "fotactl: stdout cannot be written\n");
        status = FOTACTL_REFUSED;
    }
    text_print(&err, stderr);
    buffer_free(&out);
    buffer_free(&err);
    return status;
}
