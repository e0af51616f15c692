/*
 * Lives of devices (`fotasim lives`): what is planned for each, what really
 * happened to it, which messages told of it, and what fotad says of it in the
 * end. Everything about one device is in struct life; the files of the lives
 * say who fills in what:
 *
 *   lives_plan     draws what is planned, by seed, and prints it
 *   lives_estate   which devices of the sample estate live
 *   lives_world    what happens at hub and device, and what they say
 *   lives_send     messages and requests to fotad
 *   lives_csp      jobs and commands from fotad
 *   lives_told     messages from fotad to Users
 *   lives_read     what fotad's records say
 *   lives_oracle   what they should say
 *   lives_shrink   the shortest plan that still goes wrong
 */
#ifndef FOTAD_FOTASIM_LIVES_H
#define FOTAD_FOTASIM_LIVES_H

#include "base/clock.h"
#include "base/eui64.h"
#include "base/lists.h"
#include "fotasim/hub.h"
#include "gbcs/message.h"

enum {
    LIFE_MOST_EVENTS = 32,
    LIFE_MOST_UPDATES = 4,
    LIFE_MOST_VERSIONS = 4,
    LIFE_MOST_COMMANDS = 4,
    LIFE_MOST_JOB_ID = 40,
    LIFE_MOST_STATUS = 28,
    LIFE_NONE = 0xFF, /* no update, no version */
};

/* ---- what is planned ---- */

enum life_event_kind {
    /* done to the device or its record, at a time */
    LIFE_REQUEST,  /* 11.1 or 11.4, for a version */
    LIFE_RESET,    /* by the Service Desk, if an update is in progress */
    LIFE_LOCAL,    /* updated locally to a version, by people */
    LIFE_OFF,      /* switched off for some hours */
    LIFE_MOVE,     /* to another hub */
    LIFE_SUPPLIER, /* another supplier from then on */
    LIFE_GSME,     /* a GSME image comes to the hub and is there for hours */
    LIFE_ACTIVATE, /* 11.3 for a version, at once or some hours later */
    LIFE_READ,     /* 11.2 */
    /* of one update: what its CSP, its hub and the device make of it */
    LIFE_REJECTED,
    LIFE_UNDELIVERED,
    LIFE_SLOW, /* comes to the hub so many hours later */
    LIFE_MISFITS,
    LIFE_TRANSFER_FAILS,
    LIFE_STALLS,
    LIFE_STORES, /* the first of two images: runs what it ran */
    LIFE_ACTIVATION_FAILS,
    /* of one message */
    LIFE_LOST,
    LIFE_LATE,  /* so many hours */
    LIFE_TWICE, /* the second so many hours later */
    LIFE_EVENT_KINDS
};

/* Who says it, and of what: an update, or of which local update, activation or
 * read (they are counted apart, from 0). */
enum life_said {
    SAID_REPORT,   /* by the CSP, of a job: with those of other devices */
    SAID_DELIVERY, /* by the CSP */
    SAID_HUB,      /* 8F8A, 8F89 */
    SAID_DEVICE,   /* 8F8B after an update */
    SAID_LOCAL,    /* 8F8B after a local update */
    SAID_ANSWER,   /* to 11.3 */
    SAID_LATER,    /* 8F66, 8F67: what came of one that was future dated */
    SAID_READ,     /* to 11.2 */
    SAID_KINDS
};

struct life_event {
    uint8_t kind;    /* enum life_event_kind */
    uint8_t number;  /* of the update; of a message: what it is of */
    uint8_t version; /* index of struct life_device.versions */
    uint8_t said;    /* enum life_said */
    uint16_t at;     /* hours since the life began */
    uint16_t hours;
};

struct life_plan {
    uint64_t chance; /* what is not an event follows from it: small delays */
    uint8_t kind;    /* what it was drawn as, for people */
    uint8_t count;
    struct life_event events[LIFE_MOST_EVENTS];
};

/* ---- the device ---- */

struct life_device {
    eui64 id, hub, other_hub;
    eui64 gsme; /* of the same home; 0: none that counts */
    enum device_type type;
    uint8_t csp, other_csp; /* 0 north, 1 south-and-central: of each hub */
    uint8_t sender;         /* number of the supplier that updates it */
    uint8_t version_count;
    bool agrees; /* it has a certificate for key agreement: 11.2, 11.3 */
    size_t model;
    uint32_t versions[LIFE_MOST_VERSIONS]; /* [0] it runs at the beginning */
};

/* ---- what happened ---- */

/* What hub or device did with an update, as it was. */
enum life_outcome {
    OUTCOME_NONE,
    OUTCOME_GOOD, /* accepted, delivered, transferred, activated */
    OUTCOME_REJECTED,
    OUTCOME_UNDELIVERED,
    OUTCOME_DISCARDED, /* 8F89, 1 */
    OUTCOME_MISFITS,   /* 8F89, 2 */
    OUTCOME_FAILED,    /* 8F89, 3; the activation */
    OUTCOME_STORED
};

enum life_answer { ANSWER_NONE, ANSWER_ACCEPTED, ANSWER_BUSY, ANSWER_OTHER };

struct life_update {
    uint8_t version, sender;
    uint8_t answer;       /* enum life_answer */
    instant reset;        /* by the Service Desk, while in progress; 0: not */
    instant reported;     /* when fotad took its job's report; 0: never */
    uint64_t counter;     /* of the RequestID */
    instant asked, taken; /* taken: by the CSP; 0: not yet */
    instant reached;      /* the hub; 0: never */
    eui64 hub;            /* of the job */
    uint32_t ran;         /* what the device ran when it was asked for */
    char job_id[LIFE_MOST_JOB_ID];
    /* enum life_outcome: what came of it, whoever heard of it */
    uint8_t report, delivery, at_hub, at_device;
};

struct life_message {
    uint8_t said;   /* enum life_said */
    uint8_t number; /* update, or which local update, activation, read */
    uint8_t update; /* that it is of; LIFE_NONE: of none */
    uint8_t copies; /* 0: lost */
    uint8_t posted; /* copies that fotad took */
    uint8_t result;
    uint8_t image; /* version index that a command named */
    uint16_t code; /* alert code, or message code of a response */
    uint32_t version;
    eui64 hub;        /* that it goes through */
    uint64_t counter; /* of an alert: the originator's */
    uint8_t command;  /* index of the life's commands: that it answers */
    instant time;     /* of what it tells */
    bool accepted;    /* answer to an 11.3 that is future dated */
    instant due[2];
    instant took; /* when fotad took the first copy */
};

/* What a User was told. */
struct life_told {
    uint16_t code; /* 39: N39 */
    uint8_t user;  /* number of the supplier; LIFE_NONE: another */
    uint8_t result;
    uint16_t alert;   /* 8F8A... */
    uint64_t request; /* counter of the RequestID it names; 0: none */
    uint64_t id;      /* of the message: a hash of its ResponseID */
    uint32_t version;
};

/* What fotad's record says of an update. */
struct life_record {
    uint64_t counter; /* of the RequestID */
    uint8_t sender;
    bool live;
    char status[LIFE_MOST_STATUS];
};

/* What is about to happen, by itself. */
enum life_deed {
    DEED_ARRIVE,   /* the image of an update at its hub */
    DEED_ASK,      /* the device asks its hub for an image */
    DEED_END,      /* its transfer ends */
    DEED_ACTIVATE, /* a PPMID runs, or stores, what it got */
    DEED_LATER,    /* a future dated 11.3: its number */
    DEED_LOCAL,
    DEED_GSME,       /* an image for the GSME comes */
    DEED_GSME_BEGIN, /* it asks for it */
    DEED_GSME_END,   /* and has it */
};
struct life_due {
    instant at;
    uint8_t deed, number, version;
    uint8_t command; /* index of the life's commands */
    uint16_t hours;
};

struct life {
    struct life_device device;
    struct life_plan plan;
    uint32_t number; /* of the life, from 0 */
    bool wrong, complete;
    /* the world */
    struct hub hub, other;
    bool moved, other_supplier;
    uint32_t running;
    uint8_t held; /* number of the update whose image a meter holds */
    uint8_t activations, reads, locals; /* so far */
    instant begin;
    instant next;       /* of what is due; INT64_MAX: nothing */
    uint8_t next_event; /* of the plan's that are done at a time, in order */
    uint8_t update_count, due_count, message_count, told_count, record_count;
    uint8_t told_size, message_size, command_count;
    struct life_update updates[LIFE_MOST_UPDATES];
    struct life_due dues[16];
    struct life_message *messages;
    struct life_told *told;
    struct gbcs_header commands[LIFE_MOST_COMMANDS]; /* that came to it */
    struct life_record records[LIFE_MOST_UPDATES];
    uint32_t smi;        /* what the inventory says it runs */
    char activation[24]; /* RSAT_004 of its last 11.3; "": no result */
    /* what had come after this is left out by the oracle; 0: nothing is */
    instant until;
};

#endif
