#include "fotasim/device_sim.h"
#include "fotasim/verbs.h"

#include "base/memory.h"
#include "duis/certificate.h"

#include <openssl/evp.h>

#include <glob.h>
#include <stdlib.h>

/* Files with devices' certificates are passed over: a device has no business
 * with another one. */
static bool take_certificate(struct sim_han *han, const char *path) {
    const char *name = strrchr(path, '/') + 1;
    if (strncmp(name, "devices-", 8) == 0)
        return true;
    if (han->party_count == SIM_MOST_PARTIES)
        return refuse("%s: one certificate too many", path), false;
    struct buffer pem = {0};
    struct certificate certificate;
    const char *reason = NULL;
    bool good = read_whole(path, &pem);
    if (good &&
        !certificate_read(han->arena, buffer_span(&pem), &certificate, &reason))
        good = (refuse("%s: %s", path, reason), false);
    buffer_free(&pem);
    if (good && (certificate.role == CERTIFICATE_SUPPLIER ||
                 certificate.role == CERTIFICATE_ACB ||
                 certificate.role == CERTIFICATE_NETWORK_OPERATOR))
        han->parties[han->party_count++] = (struct sim_party){
            certificate.id, certificate.usage == CERTIFICATE_KEY_AGREEMENT,
            certificate.key};
    return good;
}

static bool take_certificates(struct sim_han *han, const char *folder) {
    glob_t files;
    int found =
        glob(arena_printf(han->arena, "%s/*.pem", folder), 0, NULL, &files);
    bool good = found == 0;
    for (size_t i = 0; good && i < files.gl_pathc; i++)
        good = take_certificate(han, files.gl_pathv[i]);
    if (found == 0)
        globfree(&files);
    else
        refuse("%s: no certificates", folder);
    return good;
}

struct sim_han *sim_han_new(const struct sim_han_options *options) {
    struct sim_han *han = memory_alloc(sizeof *han);
    *han = (struct sim_han){.seed = options->seed,
                            .arena = arena_new(),
                            .stored = options->stored,
                            .memories = {.row = sizeof(struct sim_memory)},
                            .hubs = {.row = sizeof(struct sim_hub)},
                            .deliveries = {.row = sizeof(struct sim_delivery)},
                            .kept_end = &han->kept,
                            .unbrought_end = &han->unbrought};
    if (options->faults)
        han->faults_path = arena_text(han->arena, span_text(options->faults));
    pthread_mutex_init(&han->lock, NULL);
    if (take_certificates(han, options->certificates) &&
        sim_faults_read(han->faults_path, &han->faults))
        return han;
    sim_han_free(han);
    return NULL;
}

void sim_han_free(struct sim_han *han) {
    if (!han)
        return;
    pthread_mutex_destroy(&han->lock);
    arena_free(han->arena);
    sim_hubs_free(han);
    sim_send_forget(han);
    free(han->memories.rows);
    free(han);
}
