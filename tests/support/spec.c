#include "support/spec.h"
#include "support/check.h"
#include "support/files.h"
#include "support/pg.h"
#include "support/sql.h"

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { MOST_SESSIONS = 6, MOST_STEPS = 40, MOST_ORDERS = 8, MOST_TURNS = 40 };

struct step {
    const char *name, *sql;
    size_t session;
};

struct order {
    const char *steps; /* their names, blanks between */
    const char *result;
};

struct spec {
    const char *path;
    struct arena *arena;
    const char *setup;
    size_t session_count, step_count, order_count;
    struct step steps[MOST_STEPS];
    struct order orders[MOST_ORDERS];
};

/* ---- reading ---- */

static const char *text_of_file(const char *path, struct arena *arena) {
    struct buffer all = {0};
    file_read(path, &all);
    const char *text = arena_text(arena, buffer_span(&all));
    buffer_free(&all);
    return text;
}

/* The text of a block from `*at`, which is after its opening brace. */
static const char *block_read(const struct spec *spec, const char **at) {
    const char *from = *at, *end = from;
    while ((end = strchr(end, '}')) && end[1] != '\n' && end[1])
        end++;
    if (!end)
        fail_msg("%s: a block has no end", spec->path);
    *at = end + 1;
    return arena_text(spec->arena, span_of(from, (size_t)(end - from)));
}

static const char *word_read(const struct spec *spec, const char **at) {
    *at += strspn(*at, " \n");
    size_t length = strcspn(*at, " \n{");
    const char *word = arena_text(spec->arena, span_of(*at, length));
    *at += length;
    return word;
}

static const char *block_begin(const struct spec *spec, const char **at) {
    *at += strspn(*at, " \n");
    if (**at != '{')
        fail_msg("%s: no block at: %.40s", spec->path, *at);
    ++*at;
    return block_read(spec, at);
}

static const char *line_read(const struct spec *spec, const char **at) {
    size_t length = strcspn(*at, "\n");
    const char *line = arena_text(spec->arena, span_of(*at, length));
    *at += length;
    return line;
}

static void step_read(struct spec *spec, const char **at) {
    assert_true(spec->step_count < MOST_STEPS && spec->session_count);
    struct step *step = &spec->steps[spec->step_count++];
    step->session = spec->session_count - 1;
    step->name = word_read(spec, at);
    step->sql = block_begin(spec, at);
}

static void word_take(struct spec *spec, const char *word, const char **at) {
    if (*word == '#') {
        line_read(spec, at);
    } else if (strcmp(word, "setup") == 0) {
        spec->setup = block_begin(spec, at);
    } else if (strcmp(word, "session") == 0) {
        word_read(spec, at);
        assert_true(spec->session_count < MOST_SESSIONS);
        spec->session_count++;
    } else if (strcmp(word, "step") == 0) {
        step_read(spec, at);
    } else if (strcmp(word, "order") == 0) {
        assert_true(spec->order_count < MOST_ORDERS);
        spec->orders[spec->order_count++].steps = line_read(spec, at);
    } else if (strcmp(word, "result") == 0) {
        assert_true(spec->order_count);
        spec->orders[spec->order_count - 1].result = block_begin(spec, at);
    } else {
        fail_msg("%s: what is \"%s\"?", spec->path, word);
    }
}

static void spec_read(struct spec *spec, const char *path) {
    *spec =
        (struct spec){.path = path, .arena = arena_new(), .setup = "select 1"};
    const char *at = text_of_file(path, spec->arena);
    for (const char *word; *(word = word_read(spec, &at));)
        word_take(spec, word, &at);
    if (!spec->order_count)
        fail_msg("%s: it has no order", path);
}

/* ---- running ---- */

struct session {
    PGconn *connection;
    const struct step *waits; /* NULL: it does nothing */
};

struct run {
    const struct spec *spec;
    struct sql *control;
    struct session sessions[MOST_SESSIONS];
    struct buffer said;
};

static void answer_write(struct run *run, const PGresult *answer) {
    ExecStatusType status = PQresultStatus(answer);
    if (status == PGRES_FATAL_ERROR)
        buffer_printf(&run->said, "refused, %s",
                      PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY));
    else if (status == PGRES_COMMAND_OK || PQnfields(answer) == 0 ||
             (PQntuples(answer) == 1 && PQnfields(answer) == 1 &&
              !*PQgetvalue(answer, 0, 0)))
        buffer_text(&run->said, "done");
    else if (PQntuples(answer) == 0)
        buffer_text(&run->said, "nothing");
    for (int row = 0; status == PGRES_TUPLES_OK && row < PQntuples(answer);
         row++)
        for (int column = 0; column < PQnfields(answer); column++)
            buffer_printf(&run->said, "%s%s",
                          column ? "|"
                          : row  ? " / "
                                 : "",
                          PQgetvalue(answer, row, column));
}

/* The last of its answers is what came of the step. */
static void session_end_step(struct run *run, struct session *session) {
    PGresult *last = NULL, *next;
    while ((next = PQgetResult(session->connection))) {
        PQclear(last);
        last = next;
    }
    buffer_printf(&run->said, "%s: ", session->waits->name);
    answer_write(run, last);
    buffer_text(&run->said, "\n");
    PQclear(last);
    session->waits = NULL;
}

static bool session_is_blocked(struct run *run, const struct session *session) {
    return *sql_text(run->control,
                     "select pg_blocking_pids(%d) <> '{}' or wait_event ="
                     " 'PgSleep' from pg_stat_activity where pid = %d",
                     PQbackendPID(session->connection),
                     PQbackendPID(session->connection)) == 't';
}

/* Has what it did come to an end, or does it wait for another session? */
static bool session_has_ended(struct run *run, struct session *session) {
    for (instant until = clock_elapsed() + patience() * 30 * SECOND;
         clock_elapsed() < until;) {
        struct pollfd wire = {.fd = PQsocket(session->connection),
                              .events = POLLIN};
        if (PQisBusy(session->connection) && poll(&wire, 1, 5) == 1)
            PQconsumeInput(session->connection);
        if (!PQisBusy(session->connection))
            return true;
        if (session_is_blocked(run, session))
            return false;
    }
    fail_msg("%s: step %s does not end", run->spec->path, session->waits->name);
    return false;
}

static void run_look_round(struct run *run) {
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < run->spec->session_count; i++)
            if (run->sessions[i].waits &&
                session_has_ended(run, &run->sessions[i])) {
                session_end_step(run, &run->sessions[i]);
                again = true;
            }
    }
}

static const struct step *step_of(const struct spec *spec, const char *name) {
    for (size_t i = 0; i < spec->step_count; i++)
        if (strcmp(spec->steps[i].name, name) == 0)
            return &spec->steps[i];
    fail_msg("%s: there is no step %s", spec->path, name);
    return spec->steps;
}

static void run_step(struct run *run, const struct step *step) {
    struct session *session = &run->sessions[step->session];
    if (session->waits)
        fail_msg("%s: step %s comes while %s waits:\n%s", run->spec->path,
                 step->name, session->waits->name,
                 (const char *)run->said.data);
    session->waits = step;
    assert_true(PQsendQuery(session->connection, step->sql));
    if (session_has_ended(run, session))
        session_end_step(run, session);
    else
        buffer_printf(&run->said, "%s: waits\n", step->name);
    run_look_round(run);
}

/* A deadlock ends one of them, so nothing waits for ever. */
static void run_wait_for_rest(struct run *run) {
    instant until = clock_elapsed() + patience() * 10 * SECOND;
    for (size_t i = 0; i < run->spec->session_count; i++) {
        while (run->sessions[i].waits && clock_elapsed() < until)
            run_look_round(run);
        if (run->sessions[i].waits)
            buffer_printf(&run->said, "%s: waits for ever\n",
                          run->sessions[i].waits->name);
    }
}

static void run_open(struct run *run, const struct spec *spec,
                     const char *world) {
    *run = (struct run){.spec = spec};
    const char *conninfo = pg_tracking_database();
    run->control = sql_open(conninfo);
    sql_do(run->control, "%s", text_of_file(world, spec->arena));
    sql_do(run->control, "%s", spec->setup);
    for (size_t i = 0; i < spec->session_count; i++) {
        PGconn *connection = run->sessions[i].connection =
            PQconnectdb(conninfo);
        PQclear(PQexec(connection, "set client_min_messages = error;"
                                   "set deadlock_timeout = '100ms'"));
        assert_int_equal(PQstatus(connection), CONNECTION_OK);
    }
    buffer_text(&run->said, "");
}

static void run_close(struct run *run) {
    for (size_t i = 0; i < run->spec->session_count; i++)
        PQfinish(run->sessions[i].connection);
    sql_close(run->control);
    buffer_free(&run->said);
}

/* A result without the indentation of its lines. */
static const char *unindented(const struct spec *spec, const char *text) {
    struct buffer lines = {0};
    buffer_text(&lines, "");
    while (*(text += strspn(text, " \n"))) {
        size_t length = strcspn(text, "\n");
        buffer_add(&lines, span_of(text, length));
        buffer_text(&lines, "\n");
        text += length;
    }
    const char *plain = arena_text(spec->arena, buffer_span(&lines));
    buffer_free(&lines);
    return plain;
}

static void order_run(const struct spec *spec, const struct order *order,
                      const char *world) {
    struct run run;
    run_open(&run, spec, world);
    char *rest = arena_text(spec->arena, span_text(order->steps));
    for (char *name; (name = strsep(&rest, " "));)
        if (*name)
            run_step(&run, step_of(spec, name));
    run_wait_for_rest(&run);
    const char *expected = unindented(spec, order->result ? order->result : "");
    const char *said = arena_text(spec->arena, buffer_span(&run.said));
    run_close(&run);
    if (strcmp(said, expected) != 0)
        fail_msg("%s: order%s\n%s-- instead of --\n%s", spec->path,
                 order->steps, said, expected);
}

void spec_run(const char *path, const char *world) {
    struct spec spec;
    spec_read(&spec, path);
    for (size_t i = 0; i < spec.order_count; i++)
        order_run(&spec, &spec.orders[i], world);
    arena_free(spec.arena);
}
