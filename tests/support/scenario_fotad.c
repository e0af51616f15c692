/* The fotads of a scenario, and the other programs. */
#include "support/check.h"
#include "support/config_text.h"
#include "support/cutter.h"
#include "support/own_clock.h"
#include "support/pg.h"
#include "support/scenario.h"
#include "support/scenario_files.h"

#include "fotasim/verbs.h"
#include "http/client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

const char *const scenario_line_names[LINES] = {
    [LINE_FROM_USERS] = "Users to fotad",
    [LINE_FROM_CSPS] = "CSPs to fotad",
    [LINE_TO_NORTH] = "fotad to CSP North",
    [LINE_TO_SOUTH] = "fotad to CSP South and Central",
    [LINE_TO_USERS] = "fotad to Users",
    [LINE_TO_DATABASE] = "fotad to PostgreSQL",
};

/* ---- programs ---- */

const char *scenario_program_path(struct scenario *s, const char *program) {
    char path[1024];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 16);
    if (len <= 0)
        scenario_fail(s, "/proc/self/exe cannot be read");
    path[len] = '\0';
    for (int up = 0; up < 3; up++)
        *strrchr(path, '/') = '\0';
    return arena_printf(s->arena, "%s/%s", path, program);
}

static pid_t launch(struct scenario *s, const char *const *arguments,
                    const char *crash_at, const struct own_clock *clock) {
    const char *program = scenario_program_path(s, arguments[0]);
    const char *log = scenario_path(s, "fotad.log");
    pid_t child = fork();
    if (child != 0)
        return child;
    scenario_enter(s, PLACE_FOTAD);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (clock)
        own_clock_give(clock);
    if (crash_at)
        setenv("FOTAD_CRASH_AT", crash_at, 1);
    if (getenv("WATCHDOG_USEC")) /* as systemd sets both */
        setenv("WATCHDOG_PID", arena_printf(s->arena, "%d", (int)getpid()), 1);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execv(program, (char *const *)(uintptr_t)arguments);
    _exit(127);
}

int scenario_program(struct scenario *s, const char *const *arguments) {
    int status = 0;
    pid_t child = launch(s, arguments, NULL, NULL);
    if (waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- the fotads ---- */

const char *scenario_get(struct scenario *s, unsigned which, const char *path,
                         unsigned *status) {
    struct http_answer answer;
    const char *url = arena_printf(s->arena, "http://127.0.0.1:%u%s",
                                   s->fotads[which].operations_port, path);
    scenario_enter(s, PLACE_FOTAD);
    http_client_send(
        s->http, &(struct http_message){.method = "GET", .url = url}, &answer);
    scenario_enter(s, PLACE_USERS);
    const char *text =
        answer.status ? arena_text(s->arena, buffer_span(&answer.body)) : NULL;
    *status = answer.status;
    http_answer_free(&answer);
    return text;
}

void scenario_launch(struct scenario *s, unsigned which, const char *crash_at) {
    struct scenario_fotad *f = &s->fotads[which];
    const char *program = f->program ? f->program : "fotad";
    f->pid = launch(
        s, (const char *const[]){program, "--config", f->config_path, NULL},
        crash_at, s->wish.clocks[which]);
}

bool scenario_has_ended(struct scenario *s, unsigned which, int *status) {
    struct scenario_fotad *f = &s->fotads[which];
    if (!f->pid || waitpid(f->pid, status, WNOHANG) != f->pid)
        return !f->pid;
    f->pid = 0;
    return true;
}

bool scenario_wait_ready(struct scenario *s, unsigned which) {
    unsigned answer = 0;
    int status;
    struct scenario_wait wait = {0};
    for (;;) {
        scenario_get(s, which, "/readyz", &answer);
        if (answer == 200)
            return true;
        if (scenario_has_ended(s, which, &status))
            return false;
        if (!scenario_again(&wait))
            scenario_fail(s, "fotad does not get ready");
    }
}

void scenario_start_fotad(struct scenario *s) {
    for (unsigned i = 0; i < s->fotad_count; i++)
        scenario_launch(s, i, NULL);
    for (unsigned i = 0; i < s->fotad_count; i++)
        if (!scenario_wait_ready(s, i))
            scenario_fail(s, "fotad does not get ready");
}

void scenario_end_one(struct scenario *s, unsigned which, int signal_number) {
    struct scenario_fotad *f = &s->fotads[which];
    int status = 0;
    if (f->pid <= 0)
        return;
    kill(f->pid, signal_number);
    waitpid(f->pid, &status, 0);
    f->pid = 0;
    if (signal_number == SIGTERM && status != 0)
        scenario_fail(s, "fotad ended with status %d", status);
}

void scenario_stop_fotad(struct scenario *s, int signal_number) {
    for (unsigned i = 0; i < s->fotad_count; i++)
        scenario_end_one(s, i, signal_number);
}

/* ---- what they say ---- */

double scenario_metric(struct scenario *s, unsigned which, const char *line) {
    unsigned status;
    const char *text = scenario_get(s, which, "/metrics", &status);
    const char *wanted = arena_printf(s->arena, "\n%s ", line);
    const char *at = text ? strstr(text, wanted) : NULL;
    return at ? atof(at + strlen(wanted)) : 0;
}

/* Whoever is at work on a request says so behind the event; whether that is who
 * meets something first is chance. */
static void request_leave_out(char *line) {
    char *at = strstr(line, " request_id=");
    if (!at)
        return;
    char *rest = at + 1 + strcspn(at + 1, " \n");
    memmove(at, rest, strlen(rest) + 1);
}

size_t scenario_lines(struct scenario *s, const char *event,
                      const char *words) {
    char line[2048];
    size_t count = 0;
    FILE *log = fopen(scenario_path(s, "fotad.log"), "r");
    while (log && fgets(line, sizeof line, log)) {
        request_leave_out(line);
        count += strstr(line, event) && strstr(line, words);
    }
    if (log)
        fclose(log);
    return count;
}

void scenario_logged(struct scenario *s, const char *event, const char *words) {
    for (struct scenario_wait wait = {0}; !scenario_lines(s, event, words);)
        if (!scenario_again(&wait))
            scenario_fail(s, "no log line has '%s' and '%s'", event, words);
}

/* ---- ports, lines, configuration ---- */

const char *scenario_host(const struct scenario *s, enum scenario_line line) {
    return s->wish.wires ? wires_host(line) : "127.0.0.1";
}

void scenario_enter(const struct scenario *s, enum wires_place place) {
    if (s->wish.wires)
        wires_enter(place);
}

static bool port_is_free(unsigned port) {
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    bool is =
        bind(handle, (const struct sockaddr *)&address, sizeof address) == 0;
    close(handle);
    return is;
}

/* Nobody has it now, and none is given twice in a row. Below the ports that the
 * kernel gives to connections: one of them might get it before fotad does. */
unsigned scenario_free_port(void) {
    enum { FIRST = 20000, PORTS = 12000, EACH = 64 };
    static unsigned next;
    if (!next)
        next = (unsigned)getpid() * EACH;
    for (unsigned tries = 0; tries < PORTS; tries++) {
        unsigned port = FIRST + next++ % PORTS;
        if (port_is_free(port))
            return port;
    }
    fail_msg("there is no free port");
    return 0;
}

static struct cutter *draw(struct scenario *s, const char *address) {
    struct cutter *line = cutter_start(address);
    if (!line)
        scenario_fail(s, "no proxy can listen on %s", address);
    return line;
}

void scenario_choose_ports(struct scenario *s) {
    for (unsigned i = 0; i < s->fotad_count; i++)
        s->fotads[i] = (struct scenario_fotad){
            .config_path = scenario_path(s, i ? "fotad-2.conf" : "fotad.conf"),
            .user_port = scenario_free_port(),
            .csp_port = scenario_free_port(),
            .operations_port = scenario_free_port()};
    s->config_path = s->fotads[0].config_path;
    s->user_port = s->fotads[0].user_port;
    s->csp_port = s->fotads[0].csp_port;
    s->users_port = sim_users_port(s->users);
    s->fotad_conninfo = s->conninfo;
    if (!s->wish.lines && s->fotad_count == 1)
        return;
    for (unsigned i = LINE_FROM_USERS; i <= LINE_FROM_CSPS; i++)
        s->lines[i] = draw(s, "127.0.0.1:0");
    for (unsigned i = 0; i < s->fotad_count; i++) {
        const struct scenario_fotad *f = &s->fotads[i];
        cutter_target(s->lines[LINE_FROM_USERS], i,
                      arena_printf(s->arena, "127.0.0.1:%u", f->user_port));
        cutter_target(s->lines[LINE_FROM_CSPS], i,
                      arena_printf(s->arena, "127.0.0.1:%u", f->csp_port));
    }
    s->user_port = cutter_port(s->lines[LINE_FROM_USERS]);
    s->csp_port = cutter_port(s->lines[LINE_FROM_CSPS]);
}

/* The socket of the test's PostgreSQL, in another folder. */
static void draw_database(struct scenario *s) {
    const char *host = strstr(s->conninfo, "host=") + 5;
    const char *rest = strchr(host, ' ');
    const char *path = scenario_path(s, ".s.PGSQL.5432");
    s->lines[LINE_TO_DATABASE] =
        draw(s, arena_printf(s->arena, "unix:%s", path));
    cutter_target(s->lines[LINE_TO_DATABASE], 0,
                  arena_printf(s->arena, "unix:%.*s/.s.PGSQL.5432",
                               (int)(rest - host), host));
    s->fotad_conninfo = arena_printf(s->arena, "host=%s%s", s->folder, rest);
}

static unsigned draw_one(struct scenario *s, enum scenario_line which,
                         unsigned port) {
    if (!s->wish.lines)
        return port;
    s->lines[which] = draw(s, "127.0.0.1:0");
    cutter_target(s->lines[which], 0,
                  arena_printf(s->arena, "127.0.0.1:%u", port));
    return cutter_port(s->lines[which]);
}

void scenario_draw_lines(struct scenario *s) {
    for (unsigned i = 0; i < SCENARIO_CSPS; i++)
        s->csp_ports[i] = draw_one(s, (enum scenario_line)(LINE_TO_NORTH + i),
                                   csp_sim_port(s->csps[i]));
    s->users_port = draw_one(s, LINE_TO_USERS, s->users_port);
    if (s->wish.lines)
        draw_database(s);
    if (s->wish.wires)
        s->fotad_conninfo =
            arena_printf(s->arena, "host=%s%s", wires_host(LINE_TO_DATABASE),
                         strchr(s->conninfo, ' '));
}

/* A word a line: a line has an end. */
static const char *in_lines(struct scenario *s, const char *conninfo) {
    struct buffer text = {0};
    for (; *conninfo; conninfo++)
        buffer_printf(&text, "%s%c", *conninfo == ' ' ? "\n" : "", *conninfo);
    arena_adopt(s->arena, text.data, free);
    return (const char *)text.data;
}

static void write_config(struct scenario *s, const struct scenario_fotad *f) {
    const char *csp = s->wish.csp_config ? s->wish.csp_config : "";
    const char *text = arena_printf(
        s->arena,
        "[database]\nconninfo = %s\nowner_conninfo = %s\n"
        "[user_gateway]\nlisten = %s:%u\n"
        "[csp_gateway]\nlisten = %s:%u\n"
        "[people]\nlisten = 127.0.0.1:%u\n"
        "[operations]\nlisten = 127.0.0.1:%u\nstop_grace = 0s\n"
        "[identity]\nxml_signing_key = %s/pki/keys/dsp-xml-sign.key\n"
        "xml_signing_certificate = %s/pki/certificates/dsp-xml-sign.pem\n"
        "key_agreement_key = %s/pki/keys/acb-ka.key\n"
        "[clock]\noffset_file = %s\n"
        "[sat]\nanchors = %s.anchors\n"
        "[csp north]\nregions = North, 4G North\n"
        "base_url = http://%s:%u\ntoken = to-north\n"
        "inbound_token = of-north\ntimeout = 2s\n%s"
        "[csp south-and-central]\n"
        "regions = Central, South, 4G Central, 4G South\n"
        "base_url = http://%s:%u\ntoken = to-south\n"
        "inbound_token = of-south\ntimeout = 2s\n%s%s",
        in_lines(s, pg_as_daemon(s->fotad_conninfo)),
        in_lines(s, s->fotad_conninfo), scenario_host(s, LINE_FROM_USERS),
        f->user_port, scenario_host(s, LINE_FROM_CSPS), f->csp_port,
        scenario_free_port(), f->operations_port, scenario_home, scenario_home,
        scenario_home, scenario_clock_path, f->config_path,
        scenario_host(s, LINE_TO_NORTH), s->csp_ports[0], csp,
        scenario_host(s, LINE_TO_SOUTH), s->csp_ports[1], csp,
        s->wish.config ? s->wish.config : "");
    text = config_text_merged(s->arena, text);
    if (!write_whole(f->config_path, span_text(text)))
        scenario_fail(s, "%s cannot be written", f->config_path);
}

void scenario_write_configs(struct scenario *s) {
    for (unsigned i = 0; i < s->fotad_count; i++)
        write_config(s, &s->fotads[i]);
}
