/*
 * fotaverify: an export of the Service Audit Trail against its seals, and those
 * against anchors (requirement H1). It needs the files alone, no database and
 * nothing of fotad's, so that who checks needs to trust neither.
 */
#include "base/version.h"
#include "trail/export.h"
#include "trail/verify.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHOLE = 0, NOT_WHOLE = 1, MISUSED = 2 };

static const char usage[] =
    "usage: fotaverify [OPTION]... EXPORT|-\n\n"
    "Holds an export of the service audit trail (fotactl sat export --sealed)\n"
    "against its seals; - is stdin.\n\n"
    "  --anchor FILE       lines of [sat] anchors, which the seals must be;\n"
    "                      may be given several times\n"
    "  --certificate FILE  PEM file of certificates that the lines were "
    "signed\n"
    "                      with; may be given several times\n"
    "  --hash HEX          a hash that a seal must have\n"
    "  --json              print JSON, for machines\n"
    "  --help, --version   print this, or the version\n\n"
    "Exit status: 0 it is as it was written, 1 it is not, 2 it cannot be "
    "said.\n";

enum { MOST_FILES = 64 };

struct asked {
    const char *export, *hash, *anchors[MOST_FILES], *certificates[MOST_FILES];
    int anchor_count, certificate_count;
    bool json;
};

static int problem_say(const char *what, const char *why) {
    fprintf(stderr, "fotaverify: %s: %s\n", what, why);
    return MISUSED;
}

/* -1: go on; else the exit status. */
static int line_read(int count, char **words, struct asked *asked) {
    static const struct option options[] = {
        {"anchor", required_argument, NULL, 'a'},
        {"certificate", required_argument, NULL, 'c'},
        {"hash", required_argument, NULL, 'h'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'H'},
        {"version", no_argument, NULL, 'V'},
        {0},
    };
    for (int option;
         (option = getopt_long(count, words, "", options, NULL)) != -1;) {
        if (option == 'a' && asked->anchor_count < MOST_FILES)
            asked->anchors[asked->anchor_count++] = optarg;
        else if (option == 'c' && asked->certificate_count < MOST_FILES)
            asked->certificates[asked->certificate_count++] = optarg;
        else if (option == 'h')
            asked->hash = optarg;
        else if (option == 'j')
            asked->json = true;
        else if (option == 'H' || option == 'V')
            return printf("%s", option == 'H' ? usage
                                              : "fotaverify " FOTAD_VERSION
                                                "\n") < 0
                       ? MISUSED
                       : WHOLE;
        else
            return MISUSED;
    }
    asked->export = words[optind];
    if (count - optind != 1 ||
        (asked->anchor_count && !asked->certificate_count)) {
        fputs(usage, stderr);
        return MISUSED;
    }
    return -1;
}

static int anchors_read(struct arena *arena, const struct asked *asked,
                        struct anchors *anchors) {
    const char *reason;
    struct anchor_keys *keys = anchor_keys_new(arena);
    *anchors = (struct anchors){.arena = arena, .keys = keys};
    for (int i = 0; i < asked->certificate_count; i++)
        if (!anchor_keys_load(keys, asked->certificates[i], &reason))
            return problem_say(asked->certificates[i], reason);
    for (int i = 0; i < asked->anchor_count; i++)
        if (!anchors_load(anchors, asked->anchors[i], &reason))
            return problem_say(asked->anchors[i], reason);
    anchors_sort(anchors);
    return WHOLE;
}

static int export_verify(struct arena *arena, const struct asked *asked,
                         const struct anchors *anchors) {
    const char *reason;
    bool is_stdin = strcmp(asked->export, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(asked->export, "re");
    if (!file)
        return problem_say(asked->export, strerror(errno));
    struct trail_verify *verify = trail_verify_new(
        arena, asked->anchor_count ? anchors : NULL, asked->hash, clock_now());
    struct buffer out = {0};
    int status = WHOLE;
    if (!trail_export_read(file, trail_verify_sink(verify), arena, &reason)) {
        status = problem_say(asked->export, reason);
    } else {
        trail_verify_end(verify);
        (asked->json ? trail_verify_print_json : trail_verify_print)(verify,
                                                                     &out);
        status = trail_verify_faults(verify) ? NOT_WHOLE : WHOLE;
    }
    if (!span_write(buffer_span(&out), stdout) || fflush(stdout) != 0)
        status = problem_say("stdout", strerror(errno));
    if (status == NOT_WHOLE)
        fprintf(stderr,
                "fotaverify: the service audit trail is not as it was "
                "written: %zu faults\n",
                trail_verify_faults(verify));
    buffer_free(&out);
    if (!is_stdin)
        fclose(file);
    return status;
}

int main(int count, char **words) {
    struct asked asked = {0};
    int status = line_read(count, words, &asked);
    if (status >= 0)
        return status;
    struct arena *arena = arena_new();
    struct anchors anchors = {0};
    status = anchors_read(arena, &asked, &anchors);
    if (status == WHOLE)
        status = export_verify(arena, &asked, &anchors);
    anchors_free(&anchors);
    arena_free(arena);
    return status;
}
