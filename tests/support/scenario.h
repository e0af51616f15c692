/*
 * Whole scenarios: a real fotad (the program, in a process of its own) with a
 * fresh database, two emulated CSPs with hubs and devices, and emulated Users.
 * A scenario is a table of steps that reads like its description.
 *
 *   homes     n1..n6 North, c1..c3 Central, s1..s3 4G South: electricity by
 *             supplier 1, gas by supplier 2; m1, m2 North: both by supplier 1;
 *             o1 North: both by supplier 2
 *   devices   n1.esme, n1.gsme, n1.ppmid, n1.hcalcs, n1.hub
 *   dcc       the ACB: in is_told, what answers an 11.1 or 11.4, and a DCC
 * Alert that names no device
 *
 * Everything runs at fotad's clock, which clock() moves. What a step waits for
 * is looked at again until it is there, for at most a minute of real time.
 * Anything that goes wrong fails the test.
 */
#ifndef FOTAD_TESTS_SCENARIO_H
#define FOTAD_TESTS_SCENARIO_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/eui64.h"
#include "duis/signer.h"
#include "fotasim/csp.h"
#include "fotasim/user.h"
#include "support/clock.h"
#include "support/sql.h"

#include <openssl/types.h>
#include <sys/types.h>

enum {
    SCENARIO_CSPS = 2,
    SCENARIO_SUPPLIERS = 2,
    SCENARIO_WORDS = 48,
    SCENARIO_UPDATES = 16
};

enum { SCENARIO_FOTADS = 2 };

/* What is other than usual. */
struct scenario_wish {
    const char *config;     /* lines that follow the configuration file's own */
    const char *csp_config; /* the same, in both [csp NAME] sections */
    size_t bulk;            /* homes with a PPMID that bulk_id() gives, half of
                             * them North, half Central; by suppliers 1 and 2 */
    bool repeats;           /* Users may be told the same message again */
    unsigned fotads; /* on one database, behind a load balancer; 0: one */
    bool lines;      /* every line goes through a cutter */
    bool wires;      /* each in its network namespace (wires.h); one fotad */
    bool others; /* Users are told of other devices than the bulk ones too */
    const struct own_clock *clocks[SCENARIO_FOTADS]; /* NULL: of the caller */
};

/* What may be cut. */
enum scenario_line {
    LINE_FROM_USERS,
    LINE_FROM_CSPS,
    LINE_TO_NORTH,
    LINE_TO_SOUTH,
    LINE_TO_USERS,
    LINE_TO_DATABASE,
    LINES
};
extern const char *const scenario_line_names[LINES]; /* for people */

struct scenario_fotad {
    pid_t pid;           /* 0: it does not run */
    const char *program; /* of build/VARIANT; NULL: fotad */
    const char *config_path;
    unsigned user_port, csp_port, operations_port;
};

struct scenario {
    struct scenario_wish wish;
    struct arena *arena;
    const char *folder;
    const char *conninfo;
    struct sql *sql;
    const char *config_path; /* of the first */
    /* Where Users and CSPs find fotad, and fotad Users and CSPs. */
    unsigned user_port, csp_port, csp_ports[SCENARIO_CSPS], users_port;
    const char *fotad_conninfo; /* as the fotads are to reach it */
    struct scenario_fotad fotads[SCENARIO_FOTADS];
    unsigned fotad_count;
    struct cutter *lines[LINES]; /* NULL without */
    struct csp_sim *csps[SCENARIO_CSPS];
    struct sim_users *users;
    struct http_client *http;
    const char *refusal; /* status and error of the last answer */
    instant retry_after; /* of the last answer; 0: it did not say */
    const struct duis_signer *signers[SCENARIO_SUPPLIERS];
    EVP_PKEY *signing[SCENARIO_SUPPLIERS]; /* of Pre-Commands */
    EVP_PKEY *dsp;
    uint64_t counter;                   /* of the latest RequestID */
    uint64_t updates[SCENARIO_UPDATES]; /* counters of what `sends` sent */
    unsigned update_count;
    const char *said, *said_hub; /* the latest of `says`, in base64 */
    bool *expected;              /* by place in the Users' ledger */
    size_t ledger_room;          /* of `expected` */
    const char *label;           /* of the step in hand */
    eui64 *bulk;
};

/* Once in main(): keys, sample catalogue and clock of this program. False when
 * it cannot. */
bool scenario_prepare(void);
void scenario_finish(void);

/* The rest of main(): the group of tests between the two. */
#define scenario_tests(tests, set_up, tear_down)                               \
    (scenario_prepare()                                                        \
         ? scenario_finished(cmocka_run_group_tests(tests, set_up, tear_down)) \
         : 1)
/* scenario_finish() with what is to be returned. */
int scenario_finished(int failed);

/* Everything started and ready. Skips the test without PostgreSQL. */
struct scenario *scenario_open(const struct scenario_wish *wish);
/* Waits until nothing is on its way, and fails unless everything that Users
 * were told was expected. */
void scenario_close(struct scenario *scenario);
/* The same without waiting and judging. */
void scenario_end(struct scenario *scenario);

/* ---- steps ---- */

typedef void scenario_act(struct scenario *scenario, char **words);
struct scenario_step {
    scenario_act *act;
    const char *words; /* with spaces; lists with commas */
};

/* Runs the steps, the last being {NULL, NULL}, in a world of its own. */
void scenario_run(const struct scenario_wish *wish,
                  const struct scenario_step *steps);

/* One step, in a world that is there. */
void scenario_do(struct scenario *scenario, scenario_act *act,
                 const char *words);

/* "1 11.4 ppmid-a-0A000003 n1.ppmid,n2.ppmid I99 [LIST devices]...": supplier 1
 * asks for an update and gets that answer; lists by their DUIS names. */
scenario_act sends;
/* "1 n1.ppmid [CODE]": an 11.2 on demand, answered I99 or CODE. */
scenario_act reads;
/* "1 n1.esme esme-a-01020000 [1h | cancelled]": 11.3, transformed, signed and
 * sent: at once, for then, or cancelling what was for then. */
scenario_act activates;
/* "n1.ppmid,n2.ppmid STATUS": what is tracked of each, soon. */
scenario_act is;
/* "1 N61 n1.ppmid n2.ppmid,n3.ppmid": for each list one message to that User,
 * soon and once. A device's answer is named by ResponseCode and element,
 * another message by its code. */
scenario_act is_told;
/* "1 N62 #2 n1.ppmid": the same, and it names the second of the updates that
 * were sent; "1 N62 none n1.ppmid": it names no request. */
scenario_act is_told_of;
/* "n1.ppmid 0A000003": firmware version in the inventory, soon. */
scenario_act inventory;
/* "4d" forward. */
scenario_act clock_by;
/* "north job 503 - 1 | batch 2": the whole faults of a CSP (csp_faults.h),
 * north or south; devices by name. */
scenario_act csp;
/* "hardware_mismatch 100 n1.ppmid | ...": those of the devices
 * (device_faults.h). */
scenario_act devices;
/* "1 status 500 [TIMES]", "1 well", "all down", "all up". */
scenario_act users;
/* "north 3": tries of jobs that the CSP has seen, soon; never more. */
scenario_act tries;
/* "north n1.ppmid Success [n1.hub] [because NO_SLOT] [at TIME]": the CSP
 * notifies that of the device's latest update, under a new notificationId; with
 * that hub. TIME: -6d, or 2199-01-01T00:00:00Z. */
scenario_act notifies;
/* "north n1.ppmid [REASON]": another validation report of the job of the
 * device's latest update, which rejects that device or none. */
scenario_act reports;
/* "n1.ppmid 8F8B 0A000004 [failed]", "n1.hub 8F8A n1.ppmid 0A000003", "n1.hub
 * 8F89 1 n1.ppmid 0A000003"; then [at TIME] [via m1.hub]: a device says so,
 * signed by it, and fotad has looked at it. */
scenario_act says;
/* "north": the CSP brings the latest of these once more, as another message. */
scenario_act says_again;
/* "north": the hubs get the image of the CSP's latest job (again). */
scenario_act hubs_get_it;
/* "term" or "kill": fotad is ended and started again. */
scenario_act restart;
/* "n1.ppmid": the Service Desk's reset. */
scenario_act reset;
/* "0 hold #1 --until 2031-01-01": the exit status of fotactl with that order
 * and a reason; devices by name, updates by number, their images as @#1. */
scenario_act steers;
/* "certificates", "smi": again, from the files of the scenario. */
scenario_act imports;
/* "statuses.FIRMWARE_ACTIVATED 12 request #1": a member of what fotactl says,
 * soon; "-": there is none. Of a list, a number or "stage=failed": the element
 * that has that member. Devices by name, updates by number. */
scenario_act shows;
/* "EVENT WORDS": a log line has both, soon. */
scenario_act logs;
/* "fotad_x_total{what=\"y\"} 1": the metric, soon. */
scenario_act measures;
/* SQL; between { and } a device's name, an update's number (#2: the counter of
 * its RequestID), or now. */
scenario_act sql;
/* "2 SELECT ...": the query gives that text, soon; names as in sql. */
scenario_act holds;

/* ---- for tests that go beyond steps ---- */

eui64 scenario_device(const struct scenario *scenario, const char *name);
/* Counter of the RequestID of the update "#2". */
uint64_t scenario_nth(struct scenario *scenario, const char *word);
/* The 00-11-... form, in the arena. */
const char *scenario_id(struct scenario *scenario, const char *name);
_Noreturn void scenario_fail(struct scenario *scenario, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* First column of the first row; "" when there is none; NULL when the database
 * is away. SQL without an answer (sql.h). */
#define scenario_ask(scenario, ...) sql_poll((scenario)->sql, __VA_ARGS__)
#define scenario_tell(scenario, ...) sql_do((scenario)->sql, __VA_ARGS__)
/* Writes a faults file: "north", "south" or "devices". */
void scenario_faults(struct scenario *scenario, const char *whose,
                     const char *rows);
/* A program of build/VARIANT; its exit status. */
int scenario_program(struct scenario *scenario, const char *const *arguments);
const char *scenario_program_path(struct scenario *scenario,
                                  const char *program);
const char *scenario_path(struct scenario *scenario, const char *name);
/* All of them. */
void scenario_start_fotad(struct scenario *scenario);
void scenario_stop_fotad(struct scenario *scenario, int signal);
/* One of them. `crash_at` is its FOTAD_CRASH_AT or NULL. */
void scenario_launch(struct scenario *scenario, unsigned which,
                     const char *crash_at);
/* Waits until it is ready; false when it ended instead. */
bool scenario_wait_ready(struct scenario *scenario, unsigned which);
/* The signal, then its end. */
void scenario_end_one(struct scenario *scenario, unsigned which, int signal);
/* Has it ended by itself? Then *status is as waitpid() has it. */
bool scenario_has_ended(struct scenario *scenario, unsigned which, int *status);
/* GET of its operations listener; the body in the arena, NULL without an
 * answer. */
const char *scenario_get(struct scenario *scenario, unsigned which,
                         const char *path, unsigned *status);
/* The value of a line of /metrics: "fotad_x_total{what=\"y\"}"; 0 when it is
 * not there. */
double scenario_metric(struct scenario *scenario, unsigned which,
                       const char *line);
/* How many log lines of fotad have both. */
size_t scenario_lines(struct scenario *scenario, const char *event,
                      const char *words);
/* Does a log line of fotad have all these words? Soon. */
void scenario_logged(struct scenario *scenario, const char *event,
                     const char *words);
/* One more while; false when the minute since the first is over. */
struct scenario_wait {
    instant since;
};
bool scenario_again(struct scenario_wait *wait);

/* A signed 11.1 or 11.4 for these devices, in the arena. */
struct span scenario_update(struct scenario *scenario, unsigned supplier,
                            const char *image, const eui64 *ids, size_t count);
/* An 11.2. */
struct span scenario_read(struct scenario *scenario, unsigned supplier,
                          eui64 device);
/* For a listener that a test adds. */
unsigned scenario_free_port(void);
/* POSTs it; the answer's text, in the arena, checked as a User would. NULL when
 * fotad is away or busy. */
const char *scenario_post(struct scenario *scenario, const char *service,
                          struct span request);
/* Two at once to serviceD; both must be answered. */
void scenario_post_both(struct scenario *scenario,
                        const struct span requests[static 2],
                        const char *answers[static 2]);
/* The text of the first element of that name; "" when there is none. */
const char *scenario_element(struct scenario *scenario, const char *document,
                             const char *name);
/* The sample image of that name: its octets, and those of the Manufacturer
 * Image. */
struct span scenario_image(struct scenario *scenario, const char *name);
struct span scenario_manufacturer_image(struct scenario *scenario,
                                        const char *name);
/* Nothing is on its way, soon. */
void scenario_settle(struct scenario *scenario);
/* The same, while the clock moves on by so much at every look. */
void scenario_settle_by(struct scenario *scenario, instant step);

#endif
