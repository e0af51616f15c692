#include "fotactl/progress_bar.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { BAR = 30 };
static const char CLEAR[] = "\r\033[K";

void progress_bar_begin(struct progress_bar *progress, uint64_t whole) {
    *progress = (struct progress_bar){.shown = isatty(STDERR_FILENO) == 1,
                                      .whole = whole,
                                      .begun = clock_elapsed()};
}

static void progress_bar_draw(const struct progress_bar *progress,
                              uint64_t part, uint64_t items, const char *noun,
                              instant now) {
    static const char full[] = "##############################";
    double share = progress->whole && part < progress->whole
                       ? (double)part / (double)progress->whole
                       : 1;
    double seconds = (double)(now - progress->begun) / (double)SECOND;
    fprintf(stderr,
            "%s[%-*.*s] %3.0f %%  %" PRIu64 " %s, %.0f a second, %.0f s left",
            CLEAR, BAR, (int)(share * BAR), full, share * 100, items, noun,
            (double)items / seconds, seconds / share - seconds);
}

void progress_bar_show(struct progress_bar *progress, uint64_t part,
                       uint64_t items, const char *noun) {
    if (!progress->shown || !part)
        return;
    instant now = clock_elapsed();
    if (now - progress->last < SECOND / 5 || now == progress->begun)
        return;
    progress->last = now;
    progress_bar_draw(progress, part, items, noun, now);
}

void progress_bar_phase(struct progress_bar *progress, const char *what) {
    if (progress->shown)
        fprintf(stderr, "%s%s ...", CLEAR, what);
}

void progress_bar_end(struct progress_bar *progress) {
    if (progress->shown)
        fputs(CLEAR, stderr);
    progress->shown = false;
}
