#include "support/wires.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int places[PLACES];
static unsigned long before[LINES]; /* packets, when it was cut */

/* Who is at the other end; fotad is at the first of each. */
static const enum wires_place others[LINES] = {
    [LINE_FROM_USERS] = PLACE_USERS, [LINE_FROM_CSPS] = PLACE_CSPS,
    [LINE_TO_NORTH] = PLACE_CSPS,    [LINE_TO_SOUTH] = PLACE_CSPS,
    [LINE_TO_USERS] = PLACE_USERS,   [LINE_TO_DATABASE] = PLACE_DATABASE,
};

static bool run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool run(const char *format, ...) {
    char command[256];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    return system(command) == 0;
}

void wires_enter(enum wires_place place) {
    if (setns(places[place], CLONE_NEWNET) != 0)
        abort();
}

/* Side 1 or 2 of a line. The other's address is known without asking, or a
 * wire that is cut would be noticed by that. */
static bool plug(unsigned line, unsigned side, enum wires_place place) {
    bool good =
        run("ip link add name w%u-%u type veth peer name line%u"
            " address 02:00:00:00:%02x:%02x netns /proc/%d/fd/%d",
            line, side, line, line, side, (int)getpid(), places[place]) &&
        run("ip link set w%u-%u master wire%u up", line, side, line);
    wires_enter(place);
    good = good &&
           run("ip address add 10.99.%u.%u/24 dev line%u", line, side, line) &&
           run("ip link set line%u up", line) &&
           run("ip neighbour add 10.99.%u.%u lladdr 02:00:00:00:%02x:%02x"
               " dev line%u nud permanent",
               line, 3 - side, line, 3 - side, line);
    wires_enter(PLACE_WIRES);
    return good;
}

static bool draw(enum scenario_line line) {
    return run("ip link add name wire%u type bridge", line) &&
           run("ip link set wire%u up", line) && plug(line, 1, PLACE_FOTAD) &&
           plug(line, 2, others[line]);
}

const char *wires_open(void) {
    static char reason[128];
    for (enum wires_place place = 0; place < PLACES; place++) {
        if (unshare(CLONE_NEWNET) != 0) {
            snprintf(reason, sizeof reason,
                     "no network namespace can be made: %s", strerror(errno));
            return reason;
        }
        places[place] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
        if (!run("ip link set lo up"))
            return "ip (iproute2) does not work here";
    }
    for (enum scenario_line line = 0; line < LINES; line++)
        if (!draw(line))
            return "no bridges and pairs of devices can be made";
    wires_enter(PLACE_USERS);
    return NULL;
}

const char *wires_host(enum scenario_line line) {
    static char hosts[LINES][sizeof "10.99.0.0"];
    unsigned side = line <= LINE_FROM_CSPS ? 1 : 2;
    snprintf(hosts[line], sizeof *hosts, "10.99.%u.%u", line, side);
    return hosts[line];
}

/* ---- cuts ---- */

/* What has come in at both ends of a wire, whatever became of it. */
static unsigned long count_packets(enum scenario_line line) {
    char text[256], name[16];
    unsigned long packets, all = 0;
    FILE *devices = fopen("/proc/thread-self/net/dev", "r");
    while (devices && fgets(text, sizeof text, devices))
        for (unsigned side = 1; side <= 2; side++) {
            snprintf(name, sizeof name, "w%u-%u", line, side);
            const char *at = strstr(text, name);
            if (at && sscanf(at, "%*[^:]: %*u %lu", &packets) == 1)
                all += packets;
        }
    if (devices)
        fclose(devices);
    return all;
}

void wires_cut(enum scenario_line line) {
    wires_enter(PLACE_WIRES);
    if (!run("ip link set wire%u down", line))
        abort();
    before[line] = count_packets(line);
}

unsigned long wires_mend(enum scenario_line line) {
    wires_enter(PLACE_WIRES);
    unsigned long vanished = count_packets(line) - before[line];
    if (!run("ip link set wire%u up", line))
        abort();
    return vanished;
}
