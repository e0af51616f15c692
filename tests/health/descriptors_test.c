/* Running out of file descriptors is said: log, metric, /readyz. */
#include "support/check.h"
#include "support/logged.h"

#include "base/metrics.h"
#include "health/descriptors.h"

#include <sys/resource.h>
#include <unistd.h>

static void having_none_left_is_said(void **state) {
    (void)state;
    enum { MOST = 64 };
    struct arena *arena = arena_new();
    logged_begin(LOG_LEVEL_ERROR);
    const struct rlimit limit = {MOST, MOST};
    int first = dup(STDIN_FILENO), last = first;
    assert_null(descriptors_warning(arena));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int next; (next = dup(first)) >= 0;)
        last = next;
    descriptors_watch();
    logged_end("error descriptors.few", "open=64 most=64");
    for (; last >= first; last--)
        close(last);
    assert_string_equal(descriptors_warning(arena),
                        "64 of 64 file descriptors are in use: raise "
                        "LimitNOFILE or lower max_connections");
    struct buffer text = {0};
    metrics_render(&text);
    assert_non_null(
        strstr((const char *)text.data, "\nfotad_open_descriptors 64\n"));
    assert_non_null(
        strstr((const char *)text.data, "\nfotad_most_descriptors 64\n"));
    buffer_free(&text);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(having_none_left_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
