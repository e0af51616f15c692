#include "fotasim/device_key.h"
#include "fotasim/estate.h"
#include "fotasim/keys.h"
#include "fotasim/verbs.h"

#include <openssl/evp.h>

enum { HOMES_PER_FILE = 1000 };

/* IHDs and CADs send nothing to fotad. */
static bool has_keys(const struct sim_device *device) {
    enum sim_type type = sim_models[device->model].type;
    return type != SIM_IHD && type != SIM_CAD;
}

static void add_certificate(const struct authority *authority, uint64_t seed,
                            eui64 id, enum sim_key_usage usage,
                            struct buffer *out) {
    struct arena *arena = arena_new();
    EVP_PKEY *key = sim_device_key(seed, id, usage);
    X509 *certificate =
        certificate_issue(arena, authority, key,
                          &(struct certificate_wish){
                              .id = id, .key_agreement = usage == SIM_AGREES});
    buffer_add(out, certificate_pem(arena, certificate));
    EVP_PKEY_free(key);
    arena_free(arena);
}

static void add_home(const struct authority *authority, uint64_t seed,
                     uint64_t number, struct buffer *out) {
    struct sim_home home;
    sim_home(seed, number, &home);
    for (size_t i = 0; i < home.device_count && !home.smets1; i++) {
        if (!has_keys(&home.devices[i]))
            continue;
        eui64 id = home.devices[i].id;
        add_certificate(authority, seed, id, SIM_SIGNS, out);
        add_certificate(authority, seed, id, SIM_AGREES, out);
    }
}

bool sim_write_device_certificates(const struct authority *authority,
                                   const char *folder, uint64_t seed,
                                   uint64_t homes) {
    struct arena *arena = arena_new();
    struct buffer out = {0};
    bool good = true;
    for (uint64_t at = 0; at < homes && good; at++) {
        add_home(authority, seed, at, &out);
        if ((at + 1) % HOMES_PER_FILE != 0 && at + 1 < homes)
            continue;
        good = write_whole(arena_printf(arena, "%s/devices-%04u.pem", folder,
                                        (unsigned)(at / HOMES_PER_FILE)),
                           buffer_span(&out));
        out.len = 0;
    }
    buffer_free(&out);
    arena_free(arena);
    return good;
}
