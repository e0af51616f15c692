#include "fotasim/device.h"

#include "fotasim/device_key.h"
#include "fotasim/device_sim.h"
#include "fotasim/estate.h"

#include "gbcs/build.h"
#include "gbcs/time.h"

#include <openssl/evp.h>

#include <sys/stat.h>

/* The faults of the moment. A file that cannot be read leaves them. */
static void look_at_faults(struct sim_han *han, struct sim_faults *faults) {
    struct stat file;
    pthread_mutex_lock(&han->lock);
    if (han->faults_path && stat(han->faults_path, &file) == 0 &&
        (file.st_mtim.tv_sec != han->faults_changed.tv_sec ||
         file.st_mtim.tv_nsec != han->faults_changed.tv_nsec ||
         file.st_size != han->faults_octets)) {
        han->faults_changed = file.st_mtim;
        han->faults_octets = file.st_size;
        sim_faults_read(han->faults_path, &han->faults);
    }
    *faults = han->faults;
    pthread_mutex_unlock(&han->lock);
}

static struct sim_memory recall(struct sim_han *han, eui64 id) {
    pthread_mutex_lock(&han->lock);
    struct sim_memory memory = *sim_remember(han, id);
    pthread_mutex_unlock(&han->lock);
    return memory;
}

static void keep(struct sim_han *han, const struct sim_memory *memory) {
    pthread_mutex_lock(&han->lock);
    *sim_remember(han, memory->id) = *memory;
    pthread_mutex_unlock(&han->lock);
}

static uint32_t says_it_runs(const struct sim_saying *s,
                             const struct sim_memory *memory) {
    return s->faults->has_version ? s->faults->version : memory->running;
}

/* ---- an image ---- */

static const struct {
    enum sim_device_fault fault;
    uint8_t code;
} transfer_faults[] = {
    {SIM_TRANSFER_FAILED, GBCS_FILE_TRANSFER_FAILURE},
    {SIM_DISCARDED, GBCS_FIRMWARE_IMAGE_DISCARDED},
    {SIM_HARDWARE_MISMATCH, GBCS_HARDWARE_VERSION_MISMATCH},
};

static uint8_t transfer(const struct sim_saying *s, eui64 device) {
    for (size_t i = 0; i < sizeof transfer_faults / sizeof *transfer_faults;
         i++)
        if (sim_faulty(s->faults, device, transfer_faults[i].fault))
            return transfer_faults[i].code;
    return GBCS_FILE_TRANSFER_SUCCESS;
}

static struct gbcs_header alert_header(eui64 from, eui64 to, uint16_t code) {
    return (struct gbcs_header){
        .cra = GBCS_ALERT, .originator = from, .recipient = to, .code = code};
}

static void hub_says(const struct sim_saying *s, const struct sim_delivery *d,
                     uint8_t code, instant delay) {
    struct gbcs_header header = alert_header(d->hub, sim_acb, GBCS_CODE_CCS08);
    struct gbcs_payload payload = {.kind = GBCS_TRANSFER_ALERT,
                                   .alert_code =
                                       code ? GBCS_8F89_TRANSFER_FAILED
                                            : GBCS_8F8A_TRANSFER_SUCCEEDED,
                                   .result = code,
                                   .has_time = true,
                                   .time = s->now + delay,
                                   .device = d->device,
                                   .firmware_version = d->version};
    sim_send(s, code ? "8F89" : "8F8A", &header, &payload, delay);
}

/* A PPMID activates what it has at once. */
static void ppmid_says(const struct sim_saying *s, const struct sim_delivery *d,
                       instant delay) {
    struct sim_memory memory = recall(s->han, d->device);
    bool failed = sim_faulty(s->faults, d->device, SIM_ACTIVATION_FAILED);
    if (!failed && !sim_faulty(s->faults, d->device, SIM_VERSION_UNCHANGED))
        memory.running = d->version;
    keep(s->han, &memory);
    struct gbcs_header header =
        alert_header(d->device, sim_acb, GBCS_CODE_CS09);
    struct gbcs_payload payload = {
        .kind = GBCS_PPMID_ALERT,
        .alert_code = GBCS_8F8B_PPMID_ACTIVATION,
        .result = failed ? GBCS_PPMID_ACTIVATION_FAILURE
                         : GBCS_PPMID_ACTIVATION_SUCCESS,
        .has_time = true,
        .time = s->now + delay,
        .firmware_version = says_it_runs(s, &memory)};
    sim_send(s, "8F8B", &header, &payload, delay);
}

/* A meter has verified the image and keeps it until it is told to activate. */
static void meter_says(const struct sim_saying *s, const struct sim_delivery *d,
                       uint16_t code, bool failed, instant delay) {
    struct gbcs_header header = alert_header(d->device, d->supplier, code);
    struct gbcs_payload payload = {
        .kind = GBCS_VERIFICATION_ALERT,
        .alert_code = failed ? GBCS_8F1C_VERIFICATION_FAILED
                             : GBCS_8F72_VERIFICATION_SUCCEEDED,
        .has_time = true,
        .time = s->now + delay,
        .hash = span_of(d->hash, sizeof d->hash)};
    sim_send(s, failed ? "8F1C" : "8F72", &header, &payload, delay);
}

static void hold(const struct sim_saying *s, const struct sim_delivery *d) {
    struct sim_memory memory = recall(s->han, d->device);
    memory.holds = true;
    memory.held_version = d->version;
    memcpy(memory.held_hash, d->hash, sizeof memory.held_hash);
    keep(s->han, &memory);
}

/* The device has got the image. */
static void device_says(const struct sim_saying *s,
                        const struct sim_delivery *d, instant delay) {
    bool silent = sim_faulty(s->faults, d->device, SIM_DEVICE_SILENT);
    bool failed = sim_faulty(s->faults, d->device, SIM_VERIFICATION_FAILED);
    bool gas = strcmp(d->device_type, "GSME") == 0;
    if (strcmp(d->device_type, "PPMID") == 0) {
        if (!silent)
            ppmid_says(s, d, delay);
        return;
    }
    if (!failed)
        hold(s, d);
    if (!silent && d->supplier && (gas || strcmp(d->device_type, "ESME") == 0))
        meter_says(s, d, gas ? GBCS_CODE_FDRA_ZCL : GBCS_CODE_FDRA_DLMS, failed,
                   delay);
}

void sim_han_image(struct sim_han *han, const struct sim_delivery *delivery,
                   instant now, sim_say *say, void *context) {
    struct sim_faults faults;
    look_at_faults(han, &faults);
    const struct sim_saying s = {han, &faults, delivery->hub,
                                 now, say,     context};
    uint8_t code = transfer(&s, delivery->device);
    bool early = sim_faulty(&faults, delivery->device, SIM_EARLY);
    instant reaches = faults.han_delay,
            acts = reaches + faults.activation_delay;
    if (code == GBCS_FILE_TRANSFER_SUCCESS)
        device_says(&s, delivery, early ? 0 : acts);
    if (!sim_faulty(&faults, delivery->device, SIM_HUB_SILENT))
        hub_says(&s, delivery, code, early ? acts + SECOND : reaches);
}

/* ---- a command ---- */

static bool has_good_mac(EVP_PKEY *acb, void *context) {
    void **pair = context;
    uint8_t z[GBCS_SECRET_LEN];
    return gbcs_shared_secret(pair[0], acb, z) && gbcs_mac_verify(z, pair[1]);
}

static bool has_good_signature(EVP_PKEY *key, void *message) {
    return gbcs_message_verify(key, message);
}

/* Every command's MAC is the ACB's; a critical one is signed by its
 * originator. */
static const char *distrust(struct sim_han *han, eui64 device,
                            struct gbcs_message *message) {
    if (message->header.recipient != device)
        return "it is for another device";
    EVP_PKEY *own = sim_device_key(han->seed, device, SIM_AGREES);
    void *pair[] = {own, message};
    bool good = sim_any_key(han, sim_acb, true, has_good_mac, pair);
    EVP_PKEY_free(own);
    if (!good)
        return "the MAC is not good";
    if (message->header.code == GBCS_CODE_CS06 &&
        !sim_any_key(han, message->header.originator, false, has_good_signature,
                     message))
        return "the signature is not good";
    return NULL;
}

/* Activates the image with that hash; the code of the response. */
static uint8_t activate(const struct sim_saying *s, struct sim_memory *memory,
                        const uint8_t *hash) {
    if (!memory->holds)
        return GBCS_ACTIVATE_NO_IMAGE_HELD;
    if (memcmp(memory->held_hash, hash, sizeof memory->held_hash) != 0)
        return GBCS_ACTIVATE_HASH_MISMATCH;
    if (sim_faulty(s->faults, memory->id, SIM_ACTIVATION_FAILED))
        return GBCS_ACTIVATE_FAILURE;
    if (!sim_faulty(s->faults, memory->id, SIM_VERSION_UNCHANGED))
        memory->running = memory->held_version;
    memory->holds = false;
    return GBCS_ACTIVATE_SUCCESS;
}

static struct gbcs_payload answer_activate(const struct sim_saying *s,
                                           struct sim_memory *memory,
                                           const struct gbcs_message *command,
                                           const struct gbcs_payload *asked) {
    if (asked->has_time) {
        memory->waits = asked->time != GBCS_CANCELLATION;
        memory->when = asked->time;
        memory->hub = s->hub;
        memory->commander = command->header.originator;
        memory->command = asked->counter;
        memcpy(memory->hash, asked->hash.data, sizeof memory->hash);
        return (struct gbcs_payload){.kind = GBCS_ACTIVATE_ACCEPTED};
    }
    struct gbcs_payload answer = {.kind = GBCS_ACTIVATE_RESULT};
    answer.result = activate(s, memory, asked->hash.data);
    answer.firmware_version = says_it_runs(s, memory);
    return answer;
}

static struct gbcs_payload answer_read(const struct sim_saying *s,
                                       const struct sim_memory *memory) {
    struct gbcs_payload answer = {.kind = GBCS_READ_RESULT};
    if (sim_faulty(s->faults, memory->id, SIM_READ_FAILED))
        answer.result = 1;
    else
        answer.firmware_version = says_it_runs(s, memory);
    return answer;
}

static void respond(const struct sim_saying *s,
                    const struct gbcs_message *command,
                    const struct gbcs_payload *answer) {
    uint8_t clock[GBCS_DATE_TIME_LEN];
    struct gbcs_header header = command->header;
    header.cra = GBCS_RESPONSE;
    header.originator = command->header.recipient;
    header.recipient = command->header.originator;
    if (header.code == GBCS_CODE_CS06) {
        gbcs_cosem_write(s->now + s->faults->answer_delay, clock);
        header.date_time = span_of(clock, sizeof clock);
    }
    sim_send(s, "response", &header, answer, s->faults->answer_delay);
}

static const char *obey(const struct sim_saying *s,
                        const struct gbcs_message *command,
                        const struct gbcs_payload *asked) {
    struct sim_memory memory = recall(s->han, command->header.recipient);
    struct gbcs_payload answer;
    if (asked->kind == GBCS_ACTIVATE)
        answer = answer_activate(s, &memory, command, asked);
    else if (asked->kind == GBCS_READ)
        answer = answer_read(s, &memory);
    else
        return "it is no command of firmware";
    keep(s->han, &memory);
    if (!sim_faulty(s->faults, memory.id, SIM_DEVICE_SILENT))
        respond(s, command, &answer);
    return NULL;
}

const char *sim_han_command(struct sim_han *han, eui64 hub, eui64 device,
                            struct span octets, instant now, sim_say *say,
                            void *context) {
    struct gbcs_message command;
    struct gbcs_payload asked;
    const char *reason;
    if (!gbcs_message_parse(octets, &command, &reason) ||
        (reason = distrust(han, device, &command)) ||
        !gbcs_payload_read(&command, &asked, &reason))
        return reason;
    struct sim_faults faults;
    look_at_faults(han, &faults);
    const struct sim_saying s = {han, &faults, hub, now, say, context};
    reason = obey(&s, &command, &asked);
    return reason;
}

/* ---- what was for later ---- */

static void act_late(const struct sim_saying *s, struct sim_memory *memory) {
    memory->waits = false;
    uint8_t result = activate(s, memory, memory->hash);
    keep(s->han, memory);
    struct gbcs_header header =
        alert_header(memory->id, memory->commander, GBCS_CODE_CS06_ALERT);
    struct gbcs_payload payload = {.kind = GBCS_ACTIVATE_ALERT,
                                   .alert_code =
                                       result ? GBCS_8F67_ACTIVATION_FAILED
                                              : GBCS_8F66_ACTIVATION_SUCCEEDED,
                                   .result = result,
                                   .has_time = true,
                                   .time = memory->when,
                                   .counter = memory->command,
                                   .firmware_version = says_it_runs(s, memory)};
    if (!sim_faulty(s->faults, memory->id, SIM_DEVICE_SILENT))
        sim_send(s, result ? "8F67" : "8F66", &header, &payload, 0);
}

/* The first from `*at` on whose time has come; false when there is none. */
static bool next_late(struct sim_han *han, instant now, size_t *at,
                      struct sim_memory *memory) {
    bool found = false;
    pthread_mutex_lock(&han->lock);
    for (; !found && *at < han->memory_size; (*at)++) {
        *memory = han->memories[*at];
        found = memory->id && memory->waits && memory->when <= now;
    }
    pthread_mutex_unlock(&han->lock);
    return found;
}

void sim_han_turn(struct sim_han *han, instant now, sim_say *say,
                  void *context) {
    struct sim_faults faults;
    look_at_faults(han, &faults);
    struct sim_memory memory;
    for (size_t at = 0; next_late(han, now, &at, &memory);) {
        const struct sim_saying s = {han, &faults, memory.hub,
                                     now, say,     context};
        act_late(&s, &memory);
    }
}
