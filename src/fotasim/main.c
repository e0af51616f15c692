/* fotasim: the emulators that fotad is tried with: Users, their keys and
 * requests, the Smart Metering Inventory, manufacturers' images. */
#include "fotasim/verbs.h"

#include <stdio.h>

static const struct {
    const char *name, *usage;
    int (*run)(int argc, char **argv);
} VERBS[] = {
    {"pki",
     "DIR [--homes N] [--devices FILE] [--seed S]\n"
     "      keys and certificates of the DSP and of the Users, and the\n"
     "      certificates of the devices of that estate, or of the listed\n"
     "      devices and their hubs",
     verb_pki},
    {"estate",
     "DIR [--homes N] [--seed S] [--receive-url URL] [--cells N]\n"
     "      cpl.csv, smi.csv and users.csv of a sample estate, about 5 devices "
     "a\n      home; its hubs in the north are in so many radio cells, as "
     "those of\n"
     "      fotasim csp are",
     verb_estate},
    {"devices",
     "--image NAME --user EUI64 [--homes N] [--seed S]\n"
     "      [--expect JUDGEMENT] [--type TYPE] [--skip N] [--count N]\n"
     "      Device IDs of the estate that a request for the image would judge "
     "so",
     verb_devices},
    {"image",
     "NAME [--octets N] [--key FILE] [--output FILE]\n"
     "      an OTA Upgrade Image; without a name: lists the names",
     verb_image},
    {"request",
     "--variant V --key FILE --certificate FILE --counter N\n"
     "      [--schema-version V]\n"
     "      [--image FILE [--version HEX] --devices FILE] [--device EUI64]\n"
     "      [--hash HEX] [--execution TIME] [--command-variant N]\n"
     "      [--target EUI64] [--pre-command FILE --signing-key FILE]\n"
     "      [--per-request N --output DIR | --output FILE]\n"
     "      a signed Service Request, or several with N devices each; 11.3\n"
     "      takes the hash of the image, or signs the octets of a "
     "Pre-Command",
     verb_request},
    {"csp",
     "--listen ADDRESS --name NAME --fotad URL --token T --state DIR\n"
     "      [--expect-token T] [--faults FILE] [--connections N]\n"
     "      [--pki DIR [--seed S] [--device-faults FILE]] [--recall yes]\n"
     "      [--most-jobs N] [--channels N --cells N] [--hold MILLISECONDS]\n"
     "      [--overload busy|reject|timeout] [--retry-after SECONDS]\n"
     "      a CSP: takes images, jobs and commands, records them in DIR as\n"
     "      JSON lines, reports back; with --pki its hubs and devices speak;\n"
     "      with --most-jobs or --channels it carries no more at once: each\n"
     "      job, for --hold, a channel in each cell where it has devices;\n"
     "      ends with SIGTERM",
     verb_csp},
    {"user",
     "[--listen 127.0.0.1:9300] [--id EUI64] [--state DIR] [--keep yes]\n"
     "      [--certificate FILE] [--check no [--sample N]]\n"
     "      Users' Receive Response Services: /user/EUI64, or any path for "
     "--id;\n"
     "      USR1: down, USR2: up; PUT /faults/EUI64|all, GET /counts",
     verb_user},
    {"alerts",
     "--pki DIR --devices FILE --image NAME --kind 8F8A|8F8B|8F72\n"
     "      --regions LIST [--batch N] [--seed S]\n"
     "      what hubs and devices say of the image, in batches for their CSP",
     verb_alerts},
    {"lives",
     "--config FILE --pki DIR --north ADDRESS --south ADDRESS --users ADDRESS\n"
     "      [--seed N] [--devices M] [--octets N] [--show N] [--shrink N]\n"
     "      random lives of M devices against a running fotad in a clock of\n"
     "      its own ([clock] offset_file), and what it says of them: exit 1 "
     "if\n"
     "      a record contradicts or claims more than is known (tools/lives)\n"
     "      with --list FILE: which devices of the estate they are",
     verb_lives},
    {"network",
     "[--seed N] [--scale N] [--channels 3|6] [--jobs N] [--gather MINUTES]\n"
     "      [--resend DAYS] [--way today|steered] [--requests FILE.csv]\n"
     "      [--blind yes [--offer N]]\n"
     "      [--svg FILE]\n"
     "      a year of requests, the networks and the hubs, 1 / scale (100) of\n"
     "      their size: each request at once as its own jobs, beside what\n"
     "      src/dispatch decides; a table, and a picture (docs/steering.md)",
     verb_network},
    {"load",
     "--url URL [--connections N] [--rate N] [--repeat N] [--method M]\n"
     "      [--header TEXT] [--bearer TOKEN] [--expect TEXT] [--lines FILE]\n"
     "      [FILE...]\n"
     "      sends each file and each line once and says how long the answers\n"
     "      took (JSON); with GET a line is what follows the URL",
     verb_load},
    {"sign",
     "--key FILE --certificate FILE --count N [--threads N] FILE...\n"
     "      signs messages of fotad once more and says how fast (JSON)",
     verb_sign},
};

enum { VERB_COUNT = sizeof VERBS / sizeof *VERBS };

static void print_usage(FILE *out) {
    for (size_t i = 0; i < VERB_COUNT; i++)
        fprintf(out, "%s fotasim %s %s\n",
                i ? "      " : "usage:", VERBS[i].name, VERBS[i].usage);
}

int main(int argc, char **argv) {
    for (size_t i = 0; argc > 1 && i < VERB_COUNT; i++)
        if (strcmp(argv[1], VERBS[i].name) == 0)
            return VERBS[i].run(argc - 1, argv + 1);
    bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
    print_usage(help ? stdout : stderr);
    return help ? 0 : 2;
}
