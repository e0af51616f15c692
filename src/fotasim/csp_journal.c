/* What an emulated CSP has seen and said, in the files of its state folder. */
#include "base/memory.h"
#include "fotasim/csp_sim.h"
#include "fotasim/verbs.h"

#include <errno.h>
#include <stdlib.h>

static const char *const names[CSP_ROUTES] = {"images", "recalls", "jobs",
                                              "commands"};
static const char *const keys[CSP_ROUTES] = {"imageId", "jobId", "jobId",
                                             "commandId"};

struct csp_seen_row *csp_seen(struct csp_seen *seen, const char *id) {
    for (size_t i = 0; i < seen->count; i++)
        if (strcmp(seen->rows[i].id, id) == 0)
            return &seen->rows[i];
    if (seen->count == seen->size) {
        seen->size = seen->size ? 2 * seen->size : 64;
        seen->rows = memory_grow(seen->rows, seen->size * sizeof *seen->rows);
    }
    seen->rows[seen->count] = (struct csp_seen_row){.id = memory_text(id)};
    return &seen->rows[seen->count++];
}

static void seen_free(struct csp_seen *seen) {
    for (size_t i = 0; i < seen->count; i++) {
        free(seen->rows[i].id);
        json_decref(seen->rows[i].recalled);
    }
    free(seen->rows);
    *seen = (struct csp_seen){.rows = NULL};
}

static bool line_was_taken(const json_t *line) {
    return json_integer_value(json_object_get(line, "status")) / 100 == 2;
}

static FILE *lines_open(const struct csp_sim *sim, const char *name) {
    char path[4200];
    snprintf(path, sizeof path, "%s/%s.jsonl", sim->options.state, name);
    FILE *file = fopen(path, "a+e");
    if (!file)
        refuse("%s: %s", path, strerror(errno));
    else
        rewind(file);
    return file;
}

static void seen_recall(struct csp_seen *seen, const char *key,
                        const json_t *line) {
    struct csp_seen_row *row = csp_seen(seen, csp_text(line, key));
    row->count++;
    if (!row->taken && line_was_taken(line)) {
        row->taken = true;
        row->recalled = json_incref(json_object_get(line, "recalled"));
    }
}

/* The next line that is JSON, or NULL: the end of the process before may have
 * cut one off; then what follows begins on a new line. */
static json_t *line_read(FILE *file) {
    char *line = NULL;
    size_t size = 0;
    bool whole = true;
    json_t *json = NULL;
    for (ssize_t len; !json && (len = getline(&line, &size, file)) > 0;) {
        whole = line[len - 1] == '\n';
        json = json_loads(line, 0, NULL);
    }
    if (!whole)
        fputc('\n', file);
    free(line);
    return json;
}

static void route_recall(struct csp_sim *sim, enum csp_route route,
                         csp_errand *taken_job) {
    for (json_t *line; (line = line_read(sim->files[route]));) {
        bool before =
            csp_seen(&sim->seen[route], csp_text(line, keys[route]))->taken;
        seen_recall(&sim->seen[route], keys[route], line);
        const char *id = csp_text(line, keys[route]);
        if (route == CSP_JOB && line_was_taken(line) && !before &&
            !csp_seen(&sim->seen[CSP_RECALL], id)->taken)
            taken_job(sim, line);
        json_decref(line);
    }
}

bool csp_journal_open(struct csp_sim *sim, csp_errand *taken_job) {
    if (!make_folder(sim->options.state))
        return false;
    sim->said_file = lines_open(sim, "said");
    for (json_t *line; sim->said_file && (line = line_read(sim->said_file));) {
        seen_recall(&sim->said, "id", line);
        json_decref(line);
    }
    bool good = sim->said_file != NULL;
    for (enum csp_route route = CSP_IMAGE; route < CSP_ROUTES; route++) {
        sim->files[route] = lines_open(sim, names[route]);
        good = good && sim->files[route];
        if (sim->files[route])
            route_recall(sim, route, taken_job);
    }
    return good;
}

void csp_journal_close(struct csp_sim *sim) {
    for (enum csp_route route = CSP_IMAGE; route < CSP_ROUTES; route++) {
        seen_free(&sim->seen[route]);
        if (sim->files[route])
            fclose(sim->files[route]);
    }
    seen_free(&sim->said);
    if (sim->said_file)
        fclose(sim->said_file);
}

void csp_journal_write(FILE *file, json_t *line) {
    if (json_dumpf(line, file, JSON_COMPACT) != 0 || fputc('\n', file) == EOF ||
        fflush(file) != 0) {
        perror("fotasim: its journal cannot be written");
        exit(1);
    }
    json_decref(line);
}
