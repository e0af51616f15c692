/*
 * What emulated hubs and devices do wrong, from a small text file that is read
 * again when it has changed. One row a line, '#' begins a comment:
 *
 *   FAULT SHARE              per cent of the devices; 100 is all
 *   FAULT SHARE EUI64        only for this device (a row that comes later wins)
 *   version HEX              all devices say that they run this
 *   han_delay MS             from what the hub does to 8F8A and 8F89
 *   activation_delay MS      from then to 8F8B, 8F72, 8F1C
 *   answer_delay MS          from a command to the response
 *   off_until TIME [EUI64]   as FAULT off, until that time
 *   joined HUB EUI64         the device was moved: it hears, and is heard,
 *                            through that hub alone
 *   local TIME HEX EUI64     the PPMID is updated locally, to that version: at
 *                            that time or as soon as it is on; once
 *   parts HEX HEX            two images of one update (Appendix B): a PPMID
 *                            stores the first and says the version that it goes
 *                            on running; the second fails without the first
 *
 * FAULT is one of the names in device_faults.c, the comments below say what it
 * does; it does so for as long as its row is there. TIME is that of the program
 * (clock.h), as "2031-05-20T12:00:00Z"; rows "local" of a device are followed
 * in the order of their times, so one of a later time is another update. MS
 * are of real time.
 */
#ifndef FOTAD_FOTASIM_DEVICE_FAULTS_H
#define FOTAD_FOTASIM_DEVICE_FAULTS_H

#include "base/clock.h"
#include "base/eui64.h"

enum sim_device_fault {
    SIM_TRANSFER_FAILED,     /* 8F89, 3 */
    SIM_DISCARDED,           /* 8F89, 1 */
    SIM_HARDWARE_MISMATCH,   /* 8F89, 2 */
    SIM_HUB_SILENT,          /* no 8F8A */
    SIM_VERIFICATION_FAILED, /* 8F1C, and no image is held */
    SIM_ACTIVATION_FAILED,   /* 8F8B with 1; CS06 with 3; 8F67 */
    SIM_VERSION_UNCHANGED,   /* activated, but runs what it ran before */
    SIM_DEVICE_SILENT,       /* says nothing */
    SIM_READ_FAILED,         /* 11.2 */
    SIM_EARLY,               /* 8F8B before 8F8A */
    SIM_TWICE,               /* everything is sent twice */
    SIM_BAD_SIGNATURE,       /* of signed messages */
    SIM_BAD_MAC,             /* of others */
    SIM_OFF,                 /* does nothing; what is said to it is lost */
    SIM_NOT_BEGINNING,       /* does not ask its hub for an image */
    SIM_STOPPING,            /* begins the transfer, and goes no further */
    SIM_NO_WAN,              /* of a hub: images for it and what is said through
                              * it are kept, commands are lost */
    SIM_FAULTS
};

enum { SIM_MOST_FAULT_ROWS = 1024, SIM_MOST_TURNS = 256 };

/* Rows that are no shares. */
enum sim_turn_kind { SIM_OFF_UNTIL, SIM_JOINED, SIM_LOCAL, SIM_PARTS };
struct sim_turn {
    enum sim_turn_kind kind;
    eui64 device, hub; /* 0: all; joined */
    instant time;
    uint32_t version, second; /* local, parts; parts */
};

struct sim_faults {
    struct {
        eui64 device; /* 0: all */
        enum sim_device_fault fault;
        unsigned share;
    } rows[SIM_MOST_FAULT_ROWS];
    unsigned count;
    struct sim_turn turns[SIM_MOST_TURNS];
    unsigned turn_count;
    bool has_version;
    uint32_t version;
    instant han_delay, activation_delay, answer_delay;
};

/* Reads the file; NULL: none. False after saying on stderr which line is
 * wrong; the rows before it count. */
bool sim_faults_read(const char *path, struct sim_faults *faults);

/* Does it? Always the same for the same rows. */
bool sim_faulty(const struct sim_faults *faults, eui64 device,
                enum sim_device_fault fault);

/* Is the device on at that time? Then *since, if it is given, is when it was
 * switched on; 0 when that is not known. */
bool sim_is_on(const struct sim_faults *faults, eui64 device, instant now,
               instant *since);

/* The hub that the device was moved to; `hub` if it was not. */
eui64 sim_joined(const struct sim_faults *faults, eui64 device, eui64 hub);

#endif
