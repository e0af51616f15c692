/* Who uses fotactl, as the audit trail names them. */
#include "support/check.h"

#include "fotactl/person.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

static size_t needed; /* octets; 0: nobody knows the user */

/* Takes the place of the C library's. */
int getpwuid_r(uid_t uid, struct passwd *entry, char *text, size_t size,
               struct passwd **found) {
    *found = NULL;
    if (size < needed)
        return ERANGE;
    if (!needed)
        return 0;
    memset(text, 'x', size);
    *entry = (struct passwd){.pw_name = strcpy(text, "dora"), .pw_uid = uid};
    *found = entry;
    return 0;
}

static void a_name_is_found_however_long_its_entry_is(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    static const size_t sizes[] = {10, 1024, 1025, 100000, 1 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        needed = sizes[i];
        assert_string_equal(operator_name(arena), "fotactl:dora");
    }
    const char *number =
        arena_printf(arena, "fotactl:%ju", (uintmax_t)getuid());
    needed = 0;
    assert_string_equal(operator_name(arena), number);
    needed = 1 << 30;
    assert_string_equal(operator_name(arena), number);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_found_however_long_its_entry_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
