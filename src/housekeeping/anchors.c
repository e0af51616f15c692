#include "base/crash.h"
#include "base/log.h"
#include "housekeeping/round.h"
#include "trail/anchor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { MOST_ANCHORS = 1000 }; /* lines in one transaction */

struct anchors {
    struct round *round;
    struct anchor_signer *signer;
    size_t count; /* of the last transaction */
};

static enum outcome anchors_blame(struct round *round, const char *path,
                                  const char *reason) {
    db_blame(round->db, arena_printf(round->arena, "%s: %s", path, reason));
    return FAILED;
}

/* What an end in the middle of a line left is ended as a line. */
static bool line_is_torn(int file) {
    off_t end = lseek(file, 0, SEEK_END);
    char last = '\n';
    return end > 0 && pread(file, &last, 1, end - 1) == 1 && last != '\n';
}

/* All at once, and on the disk before the database hears of it. */
static bool lines_append(const char *path, struct span lines) {
    int file = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
                    S_IRUSR | S_IWUSR | S_IRGRP);
    if (file < 0)
        return false;
    bool good = !line_is_torn(file) || write(file, "\n", 1) == 1;
    while (good && lines.len) {
        ssize_t count = write(file, lines.data, lines.len);
        good = count > 0 || (count < 0 && errno == EINTR);
        lines = span_from(lines, count > 0 ? (size_t)count : 0);
    }
    /* a pipe has no disk */
    good = good && (fdatasync(file) == 0 || errno == EINVAL);
    int error = errno;
    close(file);
    errno = error;
    return good;
}

static bool anchors_sign(struct anchors *anchors, const struct db_rows *rows,
                         struct buffer *lines) {
    bool good = true;
    for (size_t i = 0; good && i < anchors->count; i++) {
        struct anchor anchor = {.seal = db_get_int(rows, i, 0),
                                .first = db_get_int(rows, i, 1),
                                .last = db_get_int(rows, i, 2),
                                .entries = db_get_int(rows, i, 3),
                                .sealed = db_get_instant(rows, i, 4),
                                .at = anchors->round->now,
                                .keep = anchors->round->config->sat_retention /
                                        SECOND};
        struct span hash = db_get_span(rows, i, 5);
        if (hash.len == sizeof anchor.hash)
            memcpy(anchor.hash, hash.data, hash.len);
        good = anchor_write(anchors->signer, &anchor, lines);
    }
    return good;
}

static enum outcome anchors_append(struct anchors *anchors,
                                   const struct db_rows *rows) {
    struct round *round = anchors->round;
    const char *path = round->config->sat_anchors;
    struct buffer lines = {0};
    enum outcome outcome = DONE;
    if (!anchors_sign(anchors, rows, &lines))
        outcome = anchors_blame(round, round->config->xml_signing_key,
                                "nothing can be signed with it");
    else if (!lines_append(path, buffer_span(&lines)))
        outcome = anchors_blame(round, path, strerror(errno));
    buffer_free(&lines);
    return outcome;
}

/* Whoever is ended between the file and the commit writes the lines twice. */
static enum outcome anchors_make(struct db *db, void *context) {
    static const struct db_statement due = {
        "sat_anchors_due", "select seal_no, first_no, last_no, entries, sealed,"
                           " hash from sat_anchors_due($1)"};
    static const struct db_statement made = {"sat_anchors_made",
                                             "select sat_anchors_made($1)"};
    struct anchors *anchors = context;
    struct db_params params = DB_PARAMS(anchors->round->arena);
    struct db_rows *rows;
    db_int4(&params, MOST_ANCHORS);
    anchors->count = 0;
    enum outcome outcome =
        db_run(db, &due, &params, anchors->round->arena, &rows);
    if (outcome != DONE || db_row_count(rows) == 0)
        return outcome;
    anchors->count = db_row_count(rows);
    outcome = anchors_append(anchors, rows);
    if (outcome != DONE)
        return outcome;
    crash_point(CRASH_anchors_written);
    struct db_params up_to = DB_PARAMS(anchors->round->arena);
    db_int8(&up_to, db_get_int(rows, anchors->count - 1, 0));
    return db_run(db, &made, &up_to, anchors->round->arena, NULL);
}

enum outcome round_anchors(struct round *round) {
    if (!*round->config->sat_anchors)
        return DONE;
    const char *reason;
    struct arena *arena = arena_new();
    struct anchors anchors = {.round = round, .count = MOST_ANCHORS};
    anchors.signer =
        anchor_signer_load(arena, round->config->xml_signing_key,
                           round->config->xml_signing_certificate, &reason);
    enum outcome outcome =
        anchors.signer
            ? DONE
            : anchors_blame(round, round->config->xml_signing_key, reason);
    while (outcome == DONE && anchors.count == MOST_ANCHORS &&
           task_goes_on(round->task)) {
        outcome = db_transact(round->db, anchors_make, &anchors, true);
        if (outcome == DONE)
            arena_reset(round->arena);
    }
    arena_free(arena);
    return outcome;
}
