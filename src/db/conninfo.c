#include "db/db.h"

#include <libpq-fe.h>
#include <string.h>

static const char *value_of(const PQconninfoOption *options, const char *key) {
    for (; options->keyword; options++)
        if (strcmp(options->keyword, key) == 0)
            return options->val ? options->val : "";
    return "";
}

const char *db_conninfo_contradiction(const char *conninfo,
                                      struct arena *arena) {
    char *error = NULL;
    PQconninfoOption *options = PQconninfoParse(conninfo, &error);
    if (!options) {
        const char *reason = arena_printf(arena, "[database] conninfo: %s",
                                          error ? error : "out of memory");
        PQfreemem(error);
        return reason;
    }
    const char *attributes = value_of(options, "target_session_attrs");
    bool several = strchr(value_of(options, "host"), ',') ||
                   strchr(value_of(options, "hostaddr"), ',');
    bool good = !several || strcmp(attributes, "read-write") == 0 ||
                strcmp(attributes, "primary") == 0;
    PQconninfoFree(options);
    return good ? NULL
                : "[database] conninfo names several hosts: it needs "
                  "target_session_attrs=read-write, or a standby may be "
                  "written to in vain";
}
