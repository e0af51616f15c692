#include "fotactl/person.h"

#include <errno.h>
#include <pwd.h>
#include <unistd.h>

/* What the directory has of a person may be long (a comment, a picture). */
const char *operator_name(struct arena *arena) {
    enum { MOST = 1 << 20 };
    struct passwd entry, *found = NULL;
    int error = ERANGE;
    for (size_t size = 1024; error == ERANGE && size <= MOST; size *= 4)
        error = getpwuid_r(getuid(), &entry, arena_alloc(arena, size), size,
                           &found);
    return found ? arena_printf(arena, "fotactl:%s", found->pw_name)
                 : arena_printf(arena, "fotactl:%ju", (uintmax_t)getuid());
}
