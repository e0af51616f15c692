#include "fotactl/progress_bar.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { BAR = 30 };
static const char CLEAR[] = "\r\033[K";

void progress_bar_begin(struct progress_bar *bar, uint64_t whole) {
    *bar = (struct progress_bar){.shown = isatty(STDERR_FILENO) == 1,
                                 .whole = whole,
                                 .begun = clock_elapsed()};
}

static void progress_bar_draw(const struct progress_bar *bar, uint64_t part,
                              uint64_t items, const char *noun, instant now) {
    static const char full[] = "##############################";
    double share =
        bar->whole && part < bar->whole ? (double)part / (double)bar->whole : 1;
    double seconds = (double)(now - bar->begun) / (double)SECOND;
    fprintf(stderr,
            "%s[%-*.*s] %3.0f %%  %" PRIu64 " %s, %.0f a second, %.0f s left",
            CLEAR, BAR, (int)(share * BAR), full, share * 100, items, noun,
            (double)items / seconds, seconds / share - seconds);
}

void progress_bar_show(struct progress_bar *bar, uint64_t part, uint64_t items,
                       const char *noun) {
    if (!bar->shown || !part)
        return;
    instant now = clock_elapsed();
    if (now - bar->last < SECOND / 5 || now == bar->begun)
        return;
    bar->last = now;
    progress_bar_draw(bar, part, items, noun, now);
}

void progress_bar_phase(struct progress_bar *bar, const char *what) {
    if (bar->shown)
        fprintf(stderr, "%s%s ...", CLEAR, what);
}

void progress_bar_end(struct progress_bar *bar) {
    if (bar->shown)
        fputs(CLEAR, stderr);
    bar->shown = false;
}
