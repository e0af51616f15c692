/*
 * Memory that runs out: the n-th allocation of the process fails, whoever asks
 * for it. For one file of a program. Sanitizers and valgrind have their own
 * allocator: then MEMORY_FAILS is 0.
 */
#ifndef FOTAD_TESTS_FAILING_MEMORY_H
#define FOTAD_TESTS_FAILING_MEMORY_H

#include "support/check.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef FOTAD_OWN_ALLOCATOR
enum { MEMORY_FAILS = 0 };
static inline void memory_fail_at(long n) {
    (void)n;
}
#else
enum { MEMORY_FAILS = 1 };

static atomic_long memory_left = -1;

/* The n-th allocation from now on fails; -1: none does. */
static inline void memory_fail_at(long n) {
    atomic_store(&memory_left, n);
}

static bool memory_is_out(void) {
    return atomic_load(&memory_left) > 0 &&
           atomic_fetch_sub(&memory_left, 1) == 1;
}

/* What src/base/memory.c takes memory from. */
#define MEMORY_FROM(name, parameters, ...)                                     \
    void *name parameters;                                                     \
    void *name parameters {                                                    \
        static void *(*next)parameters;                                        \
        if (!next)                                                             \
            *(void **)&next = dlsym(RTLD_NEXT, #name);                         \
        return memory_is_out() ? NULL : next(__VA_ARGS__);                     \
    }
MEMORY_FROM(__libc_malloc, (size_t size), size)
MEMORY_FROM(__libc_calloc, (size_t count, size_t size), count, size)
MEMORY_FROM(__libc_realloc, (void *old, size_t size), old, size)
#endif

/* A process of its own does `work`, in which the n-th allocation fails; its
 * status as waitpid() gives it. */
static inline int memory_fails(long n, int (*work)(void)) {
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, STDERR_FILENO);
        memory_fail_at(n);
        int result = work();
        memory_fail_at(-1);
        _exit(result);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* The first to the last allocation of `work` fails in turn, every `step`th
 * one: each time the process ends, or did not meet it and returns 0. */
static inline void memory_fails_everywhere(int (*work)(void), long step) {
    long n = 1;
    for (int status = -1; status != 0; n += step) {
        status = memory_fails(n, work);
        if (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT))
            fail_msg("allocation %ld: status %x", n, (unsigned)status);
    }
    print_message("%ld allocations\n", n - step);
    assert_true(n > 10);
}

#endif
