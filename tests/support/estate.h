/*
 * A small estate for tests: homes with their devices, a Central Products List
 * and the images on it. Everything is a row of estate.c; a test names what it
 * means by the home's and the image's name.
 */
#ifndef FOTAD_TESTS_ESTATE_H
#define FOTAD_TESTS_ESTATE_H

#include "base/buffer.h"
#include "base/eui64.h"
#include "support/sql.h"

#define ACB_ID UINT64_C(0x90B3D51F30000002)
#define SUPPLIER_A UINT64_C(0x90B3D51F30010000)
#define SUPPLIER_B UINT64_C(0x90B3D51F30020000)

/* Each home has one device of every type; it differs from PLAIN in what its
 * name says. */
enum home {
    PLAIN,
    PLAIN_TOO,
    DUAL,            /* electricity by A, gas by B */
    OF_B,            /* both by B */
    NO_SUPPLIER,     /* a meter without one */
    CENTRAL,         /* in the other CSP's region */
    REGION_UNKNOWN,  /* a region without a CSP */
    NO_HUB,          /* its hub is not in the SMI */
    SMETS1_HOME,     /* SMETS1 devices, in region SMETS1 */
    SMETS1_NORTH,    /* SMETS1 devices, in region North */
    PENDING,         /* not commissioned yet */
    SUSPENDED,       /* commissioned and suspended */
    OTHER_MAKER,     /* another manufacturer_id */
    OTHER_MODEL,     /* another model_id */
    OTHER_HARDWARE,  /* another hardware_version */
    OTHER_REVISION,  /* another hardware_revision, which does not matter */
    NO_MODEL,        /* a device whose model the SMI does not know */
    OLD_GBCS,        /* the hub's GBCS version is 3.2 */
    NO_GBCS,         /* the hub's GBCS version is not known */
    ALL_WRONG,       /* of B, pending, other model, old GBCS */
    ALL_BUT_INVALID, /* pending, other model, old GBCS */
    MODEL_AND_GBCS,  /* other model, old GBCS */
    HOMES
};

/* Devices by home. */
#define DEVICE(home, kind)                                                     \
    (UINT64_C(0x00DB120000000000) | (eui64)(home) << 8 | (eui64)(kind))
#define CHF(home) DEVICE(home, 1)
#define ESME(home) DEVICE(home, 2)
#define GSME(home) DEVICE(home, 3)
#define HCALCS(home) DEVICE(home, 4)
#define PPMID(home) DEVICE(home, 5)
#define IHD(home) DEVICE(home, 6)
#define GPF(home) DEVICE(home, 7)
#define CAD(home) DEVICE(home, 8)
#define NOWHERE UINT64_C(0x00DB12FFFFFFFFFF) /* not in the SMI */

/* Manufacturer Images are texts; these are on the CPL. Their firmware version
 * is 0123ABCD. */
#define FOR_ALL "for ESME, GSME, HCALCS and PPMID"
#define FOR_ESME "for ESME"
#define FOR_PPMID "for PPMID"
#define CANCELLED "Cancelled"
#define EXPIRED "Expired"
#define WITHDRAWN "Withdrawn"
#define TWO_MODELS "for two models, Active for the other"
#define TWO_VERSIONS "Active with FFFFFFFF, Expired with 0123ABCD"
#define VERSION_16 "with version 00000010"

/* Loads all of it into a fresh database. */
void estate_load(struct sql *sql);

/* Puts a Manufacturer Image on the CPL for a device type of the PLAIN home,
 * Active, with this version (8 hexadecimal digits). */
void estate_publish(struct sql *sql, const char *device_type,
                    struct span manufacturer_image, const char *version);

/* Appends a sound OTA Upgrade Image with that Manufacturer Image: with the
 * trailer of an 11.1, or without. */
void estate_image(struct span manufacturer_image, bool trailer,
                  struct buffer *out);

/* A home for each of `count` devices of one type, in region North, all of
 * supplier A and B: device i is BULK(i), its hub BULK_HUB(i). */
#define BULK(i) (UINT64_C(0x00DB130000000000) | (eui64)(i))
#define BULK_HUB(i) (UINT64_C(0x00DB140000000000) | (eui64)(i))
void estate_bulk_ppmids(struct sql *sql, size_t count);

#endif
