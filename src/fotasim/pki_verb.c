/* A small Smart Metering Key Infrastructure: DIR/ca.pem, DIR/certificates/,
 * DIR/keys/. */
#include "fotasim/device_key.h"
#include "fotasim/estate.h"
#include "fotasim/keys.h"
#include "fotasim/verbs.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const struct {
    const char *name; /* of the two files */
    const eui64 *id;
    const char *role; /* requirement R5: subject OU */
    bool key_agreement;
} MEMBERS[] = {
    {"dsp-xml-sign", &sim_acb, "89", false},
    {"acb-ka", &sim_acb, "04", true},
    {"acb-ds", &sim_acb, "04", false},
    {"supplier-1-xml-sign", &sim_suppliers[0], "87", false},
    {"supplier-1-ds", &sim_suppliers[0], "02", false},
    {"supplier-1-ka", &sim_suppliers[0], "02", true},
    {"supplier-2-xml-sign", &sim_suppliers[1], "87", false},
    {"supplier-2-ds", &sim_suppliers[1], "02", false},
    {"supplier-2-ka", &sim_suppliers[1], "02", true},
    {"supplier-3-xml-sign", &sim_suppliers[2], "87", false},
    {"supplier-3-ds", &sim_suppliers[2], "02", false},
    {"supplier-3-ka", &sim_suppliers[2], "02", true},
    {"supplier-4-xml-sign", &sim_suppliers[3], "87", false},
    {"supplier-4-ds", &sim_suppliers[3], "02", false},
    {"supplier-4-ka", &sim_suppliers[3], "02", true},
    {"network-operator-xml-sign", &sim_network_operator, "87", false},
    {"suspended-supplier-xml-sign", &sim_suspended_supplier, "87", false},
};

static bool write_private(const char *path, struct span octets) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file >= 0)
        close(file);
    return write_whole(path, octets);
}

static bool write_member(struct arena *arena, const struct authority *authority,
                         const char *folder, size_t i) {
    EVP_PKEY *key = key_new(arena);
    X509 *certificate = certificate_issue(
        arena, authority, key,
        &(struct certificate_wish){.id = *MEMBERS[i].id,
                                   .role = MEMBERS[i].role,
                                   .key_agreement = MEMBERS[i].key_agreement});
    const char *name = MEMBERS[i].name;
    return write_private(arena_printf(arena, "%s/keys/%s.key", folder, name),
                         key_pem(arena, key)) &&
           write_whole(
               arena_printf(arena, "%s/certificates/%s.pem", folder, name),
               certificate_pem(arena, certificate));
}

static bool write_pki(struct arena *arena, const char *folder, uint64_t seed,
                      uint64_t homes, const char *devices) {
    struct authority authority = authority_new(arena);
    bool good = make_folder(arena_printf(arena, "%s/keys", folder)) &&
                make_folder(arena_printf(arena, "%s/certificates", folder)) &&
                write_whole(arena_printf(arena, "%s/ca.pem", folder),
                            certificate_pem(arena, authority.certificate));
    for (size_t i = 0; i < sizeof MEMBERS / sizeof *MEMBERS && good; i++)
        good = write_member(arena, &authority, folder, i);
    const char *certificates = arena_printf(arena, "%s/certificates", folder);
    return good &&
           sim_write_device_certificates(&authority, certificates, seed,
                                         homes) &&
           (!devices || sim_write_listed_certificates(&authority, certificates,
                                                      seed, devices));
}

int verb_pki(int argc, char **argv) {
    uint64_t homes = 0, seed = 1;
    const char *devices = NULL;
    const struct option_row rows[] = {{"homes", OPTION_COUNT, &homes},
                                      {"devices", OPTION_TEXT, &devices},
                                      {"seed", OPTION_COUNT, &seed}};
    char **operands;
    if (!read_options(argc, argv, rows, sizeof rows / sizeof *rows, &operands))
        return 2;
    if (!operands[0] || operands[1])
        return refuse("pki: one folder is wanted"), 2;
    struct arena *arena = arena_new();
    bool good = write_pki(arena, operands[0], seed, homes, devices);
    arena_free(arena);
    return good ? 0 : 1;
}
