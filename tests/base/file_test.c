#include "base/file.h"
#include "support/check.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena *arena;
static char folder[] = "/tmp/fotad-file-XXXXXX";

static const char *put(const char *name, const char *text, mode_t mode) {
    const char *path = arena_printf(arena, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static void a_file_is_read_whole(void **state) {
    (void)state;
    const char *path = put("good", "five\n", 0600), *reason;
    struct span octets;
    assert_null(file_fault(arena, path));
    assert_true(file_load(arena, path, 5, &octets, &reason));
    assert_int_equal(octets.len, 5);
    assert_string_equal((const char *)octets.data, "five\n");
    assert_false(file_load(arena, path, 4, &octets, &reason));
    assert_string_equal(reason, "larger than 4 octets");
    assert_true(file_load(arena, put("empty", "", 0600), 0, &octets, &reason));
    assert_int_equal(octets.len, 0);
}

static void what_is_no_file_is_said(void **state) {
    (void)state;
    const char *reason;
    struct span octets;
    assert_string_equal(file_fault(arena, "/nonexistent/f"),
                        "No such file or directory");
    assert_string_equal(
        file_fault(arena, "/run/credentials/fotad.service/xml-sign.key"),
        "No such file or directory: it is there while the unit runs, by "
        "LoadCredential=xml-sign.key:/path in it");
    assert_string_equal(file_fault(arena, folder), "Is a directory");
    assert_false(file_load(arena, folder, 10, &octets, &reason));
    assert_string_equal(reason, "Is a directory");
}

/* As nobody: root may read all. */
static void who_may_not_read_it_is_said(void **state) {
    (void)state;
    enum { NOBODY = 65534 };
    const char *path = put("key", "secret", 0600), *reason;
    struct span octets;
    assert_int_equal(chmod(folder, 0755), 0);
    if (geteuid() != 0) {
        print_message("skipped: not root, who can be somebody else\n");
        skip();
    }
    assert_int_equal(seteuid(NOBODY), 0);
    bool read = file_load(arena, path, 10, &octets, &reason);
    setenv("INVOCATION_ID", "1", 1);
    const char *of_unit = file_fault(arena, path);
    unsetenv("INVOCATION_ID");
    assert_int_equal(seteuid(0), 0);
    assert_false(read);
    assert_string_equal(reason, "the user nobody may not read it: it belongs "
                                "to root, with the mode 0600");
    assert_non_null(strstr(of_unit, "; LoadCredential= in the unit"));
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(seteuid(NOBODY), 0);
    const char *fault = file_fault(arena, path);
    assert_int_equal(seteuid(0), 0);
    assert_string_equal(fault, "the user nobody may not enter its directory");
}

static int set_up(void **state) {
    (void)state;
    arena = arena_new();
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    int failed = system(arena_printf(arena, "rm -r %s", folder));
    arena_free(arena);
    return failed;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_whole),
        cmocka_unit_test(what_is_no_file_is_said),
        cmocka_unit_test(who_may_not_read_it_is_said),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
