/* The keys of emulated devices: they follow from a seed and the EUI-64, so
 * that an estate of any size has keys that nobody stores. */
#ifndef FOTAD_FOTASIM_DEVICE_KEY_H
#define FOTAD_FOTASIM_DEVICE_KEY_H

#include "base/arena.h"
#include "base/eui64.h"

#include <openssl/types.h>

enum sim_key_usage { SIM_SIGNS = 0, SIM_AGREES = 1 };

/* The private P-256 key of a device for one usage. The caller ends it with
 * EVP_PKEY_free(). */
EVP_PKEY *sim_device_key(uint64_t seed, eui64 id, enum sim_key_usage usage);

/* Writes the certificates of the sample estate's devices that have keys of
 * their own to messages, both usages, into files of PEM with many in each:
 * FOLDER/devices-NNNN.pem. False after saying why not. */
struct authority;
bool sim_write_device_certificates(const struct authority *authority,
                                   const char *folder, uint64_t seed,
                                   uint64_t homes);

/* The same for the devices of a file (one Device ID a line) and their hubs,
 * for their signatures only: FOLDER/listed-NNNN.pem. */
bool sim_write_listed_certificates(const struct authority *authority,
                                   const char *folder, uint64_t seed,
                                   const char *path);

#endif
