/* A program that writes seeds, one file each, below the directory it is given:
 * DIR/TARGET/NAME. */
#ifndef FOTAD_TESTS_FUZZ_SEEDS_H
#define FOTAD_TESTS_FUZZ_SEEDS_H

#include "support/files.h"

#include <stdio.h>
#include <sys/stat.h>

static const char *seeds_directory;

static void write_seed(const char *target, const char *name,
                       struct span octets) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", seeds_directory, target);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/%s/%s", seeds_directory, target, name);
    file_write(path, octets);
}

static int seeds_main(int argc, char **argv, void (*write_all)(void)) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
        return 2;
    }
    seeds_directory = argv[1];
    mkdir(seeds_directory, 0777);
    write_all();
    return 0;
}

#endif
