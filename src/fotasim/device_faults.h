/*
 * What emulated hubs and devices do wrong, from a small text file that is read
 * again when it has changed. One row a line, '#' begins a comment:
 *
 *   FAULT SHARE          per cent of the devices; 100 is all
 *   FAULT SHARE EUI64    only for this device (a row that comes later wins)
 *   version HEX          all devices say that they run this
 *   han_delay MS         from the delivery to 8F8A and 8F89
 *   activation_delay MS  from then to 8F8B, 8F72, 8F1C
 *   answer_delay MS      from a command to the response
 *
 * FAULT is one of the names in device_faults.c.
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
    SIM_FAULTS
};

enum { SIM_MOST_FAULT_ROWS = 1024 };

struct sim_faults {
    struct {
        eui64 device; /* 0: all */
        enum sim_device_fault fault;
        unsigned share;
    } rows[SIM_MOST_FAULT_ROWS];
    unsigned count;
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

#endif
