#include "support/clock.h"
#include "support/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static int64_t *offset;

static int file_make(const char *path, char *unnamed) {
    return path ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
                : mkstemp(unnamed);
}

void test_clock_open(const char *path) {
    char unnamed[] = "/tmp/fotad-clock-XXXXXX";
    if (offset)
        return;
    int file = file_make(path, unnamed);
    void *mapped = MAP_FAILED;
    if (file >= 0 && ftruncate(file, sizeof *offset) == 0)
        mapped = mmap(NULL, sizeof *offset, PROT_READ | PROT_WRITE, MAP_SHARED,
                      file, 0);
    if (mapped == MAP_FAILED || !clock_use_offset_file(path ? path : unnamed)) {
        perror("the clock's file");
        abort();
    }
    close(file);
    if (!path)
        unlink(unnamed);
    offset = mapped;
}

void test_clock_move(instant by) {
    test_clock_open(NULL);
    __atomic_fetch_add(offset, by, __ATOMIC_SEQ_CST);
}

void test_clock_set(instant by) {
    test_clock_open(NULL);
    __atomic_store_n(offset, by, __ATOMIC_SEQ_CST);
}

instant instant_at(const char *text) {
    instant when = 0;
    if (!instant_parse(span_text(text), &when))
        fail_msg("%s is no time", text);
    return when;
}
