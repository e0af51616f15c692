#include "base/lists.h"

#include <string.h>

#define LIST(list, ...) const char *const list[] = {__VA_ARGS__, NULL};
#include "base/lists.def"
#undef LIST

const char *const device_types[] = {
#define DEVICE_TYPE(name) #name,
#include "base/device_type.def"
#undef DEVICE_TYPE
    NULL};

const char *list_find(const char *const *list, const char *name) {
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list;
}

const char *list_text(struct arena *arena, const char *const *list) {
    const char *text = *list ? *list : "";
    for (size_t i = 1; *list && list[i]; i++)
        text = arena_printf(arena, "%s%s%s", text, list[i + 1] ? ", " : " and ",
                            list[i]);
    return text;
}
