#include "fotasim/lives_start.h"

#include "base/memory.h"
#include "duis/library.h"
#include "duis/signer.h"
#include "fotasim/keys.h"
#include "fotasim/lives_csp.h"
#include "fotasim/lives_image.h"
#include "fotasim/lives_told.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void clock_open(struct lives_run *run) {
    const char *path = run->config.clock_offset_file;
    int file = open(path, O_RDWR | O_CLOEXEC);
    void *mapped = MAP_FAILED;
    if (file >= 0)
        mapped = mmap(NULL, sizeof *run->offset, PROT_READ | PROT_WRITE,
                      MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED || !clock_use_offset_file(path))
        lives_die("[clock] offset_file %s: %s", path, strerror(errno));
    close(file);
    run->offset = mapped;
}

static void keys_read(struct lives_run *run) {
    const char *pki = run->options->pki, *reason;
    for (unsigned i = 0; i < LIVES_SENDERS; i++) {
        const char *key = arena_printf(
            run->arena, "%s/keys/supplier-%u-xml-sign.key", pki, i + 1);
        const char *certificate = arena_printf(
            run->arena, "%s/certificates/supplier-%u-xml-sign.pem", pki, i + 1);
        run->signers[i] =
            duis_signer_load(run->arena, key, certificate, &reason);
        if (!run->signers[i])
            lives_die("%s", reason);
        run->keys[i] = key_read(
            run->arena,
            arena_printf(run->arena, "%s/keys/supplier-%u-ds.key", pki, i + 1));
    }
    run->han = sim_han_new(&(struct sim_han_options){
        .seed = LIVES_ESTATE_SEED,
        .certificates = arena_printf(run->arena, "%s/certificates", pki)});
    if (!run->han)
        exit(2);
}

/* Before other threads ask for them. */
static void images_make(struct lives_run *run) {
    for (size_t i = 0; i < run->estate.count; i++)
        for (uint8_t v = 1; v < run->estate.devices[i].version_count; v++)
            lives_image(run, &run->estate.devices[i], v);
}

static struct http_client *client_open(const char *bearer) {
    return http_client_new(&(struct http_client_options){
        .bearer = bearer, .total_timeout = 2 * MINUTE, .most_per_host = 4});
}

void lives_start(struct lives_run *run, const struct lives_options *options,
                 size_t count) {
    const char *reason;
    *run = (struct lives_run){.options = options, .arena = arena_new()};
    if (!config_read(&run->config, options->config, run->arena, &reason))
        lives_die("%s", reason);
    signal(SIGPIPE, SIG_IGN);
    pthread_mutex_init(&run->lock, NULL);
    pthread_mutex_init(&run->told_lock, NULL);
    clock_open(run);
    if (!duis_open())
        exit(2);
    keys_read(run);
    lives_estate_choose(&run->estate, count);
    images_make(run);
    run->db = db_open(run->config.database_conninfo, "fotasim lives");
    db_is_for(run->db, DB_FOR_tool);
    run->to_users = client_open(NULL);
    run->to_csps[0] = client_open("from-north");
    run->to_csps[1] = client_open("from-south");
    run->request_counter = run->device_counter = (uint64_t)clock_now();
    lives_csps_start(run);
    lives_users_start(run);
}

void lives_set(struct lives_run *run, struct life *lives, size_t count) {
    run->lives = lives;
    run->count = count;
    for (run->index_size = 64; run->index_size < 3 * count;)
        run->index_size *= 2;
    free(run->index);
    run->index = memory_alloc(run->index_size * sizeof *run->index);
    memset(run->index, 0, run->index_size * sizeof *run->index);
    for (size_t i = 0; i < count; i++) {
        size_t at = lives_index_of(lives[i].device.id);
        while (run->index[at & (run->index_size - 1)])
            at++;
        run->index[at & (run->index_size - 1)] = (uint32_t)i + 1;
    }
}

void lives_stop(struct lives_run *run) {
    lives_users_stop(run);
    lives_csps_stop(run);
    http_client_free(run->to_users);
    for (size_t i = 0; i < LIVES_CSPS; i++)
        http_client_free(run->to_csps[i]);
    db_close(run->db);
    sim_han_free(run->han);
    lives_estate_free(&run->estate);
    duis_close();
    free(run->index);
    arena_free(run->arena);
}
