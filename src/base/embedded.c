#include "base/embedded.h"

struct span embedded_file(const char *name) {
    for (const struct embedded_file *file = embedded_files; file->name; file++)
        if (strcmp(file->name, name) == 0)
            return file->text;
    return (struct span){0};
}
