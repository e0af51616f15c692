#include "fotactl/person.h"

#include <pwd.h>
#include <unistd.h>

const char *operator_name(struct arena *arena) {
    char text[1024];
    struct passwd entry, *found = NULL;
    getpwuid_r(getuid(), &entry, text, sizeof text, &found);
    return found ? arena_printf(arena, "fotactl:%s", found->pw_name)
                 : arena_printf(arena, "fotactl:%ju", (uintmax_t)getuid());
}
