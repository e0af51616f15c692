#include "fotasim/device.h"

#include "fotasim/device_key.h"
#include "fotasim/device_sim.h"
#include "fotasim/estate.h"

#include "gbcs/build.h"
#include "gbcs/time.h"

#include <openssl/evp.h>

#include <sys/stat.h>

/* The faults of the moment. A file that cannot be read leaves them. */
static void faults_look(struct sim_han *han, struct sim_faults *faults) {
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

static struct sim_memory memory_recall(struct sim_han *han, eui64 id) {
    pthread_mutex_lock(&han->lock);
    struct sim_memory memory = *sim_remember(han, id);
    pthread_mutex_unlock(&han->lock);
    return memory;
}

static void memory_keep(struct sim_han *han, const struct sim_memory *memory) {
    pthread_mutex_lock(&han->lock);
    *sim_remember(han, memory->id) = *memory;
    pthread_mutex_unlock(&han->lock);
}

static uint32_t version_told(const struct sim_sending *s,
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

static uint8_t transfer_code(const struct sim_sending *s, eui64 device) {
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

static void hub_alert(const struct sim_sending *s, const struct sim_transfer *t,
                      uint8_t code, instant delay) {
    struct gbcs_header header = alert_header(t->hub, sim_acb, GBCS_CODE_CCS08);
    struct gbcs_payload payload = {.kind = GBCS_TRANSFER_ALERT,
                                   .alert_code =
                                       code ? GBCS_8F89_TRANSFER_FAILED
                                            : GBCS_8F8A_TRANSFER_SUCCEEDED,
                                   .result = code,
                                   .has_time = true,
                                   .time = s->now + delay,
                                   .device = t->device,
                                   .firmware_version = t->version};
    sim_send(s, code ? "8F89" : "8F8A", &header, &payload, delay);
}

/* A PPMID activates what it has at once. */
static void ppmid_alert(const struct sim_sending *s,
                        const struct sim_transfer *t, instant delay) {
    struct sim_memory memory = memory_recall(s->han, t->device);
    bool failed = sim_faulty(s->faults, t->device, SIM_ACTIVATION_FAILED);
    if (!failed && !sim_faulty(s->faults, t->device, SIM_VERSION_UNCHANGED))
        memory.running = t->version;
    memory_keep(s->han, &memory);
    struct gbcs_header header =
        alert_header(t->device, sim_acb, GBCS_CODE_CS09);
    struct gbcs_payload payload = {
        .kind = GBCS_PPMID_ALERT,
        .alert_code = GBCS_8F8B_PPMID_ACTIVATION,
        .result = failed ? GBCS_PPMID_ACTIVATION_FAILURE
                         : GBCS_PPMID_ACTIVATION_SUCCESS,
        .has_time = true,
        .time = s->now + delay,
        .firmware_version = version_told(s, &memory)};
    sim_send(s, "8F8B", &header, &payload, delay);
}

/* A meter has verified the image and keeps it until it is told to activate. */
static void meter_alert(const struct sim_sending *s,
                        const struct sim_transfer *t, uint16_t code,
                        bool failed, instant delay) {
    struct gbcs_header header = alert_header(t->device, t->supplier, code);
    struct gbcs_payload payload = {
        .kind = GBCS_VERIFICATION_ALERT,
        .alert_code = failed ? GBCS_8F1C_VERIFICATION_FAILED
                             : GBCS_8F72_VERIFICATION_SUCCEEDED,
        .has_time = true,
        .time = s->now + delay,
        .hash = span_of(t->hash, sizeof t->hash)};
    sim_send(s, failed ? "8F1C" : "8F72", &header, &payload, delay);
}

static void image_hold(const struct sim_sending *s,
                       const struct sim_transfer *t) {
    struct sim_memory memory = memory_recall(s->han, t->device);
    memory.holds = true;
    memory.held_version = t->version;
    memcpy(memory.held_hash, t->hash, sizeof memory.held_hash);
    memory_keep(s->han, &memory);
}

/* The device has got the image. */
static void device_gets_image(const struct sim_sending *s,
                              const struct sim_transfer *t, instant delay) {
    bool silent = sim_faulty(s->faults, t->device, SIM_DEVICE_SILENT);
    bool failed = sim_faulty(s->faults, t->device, SIM_VERIFICATION_FAILED);
    bool gas = strcmp(t->device_type, "GSME") == 0;
    if (strcmp(t->device_type, "PPMID") == 0) {
        if (!silent)
            ppmid_alert(s, t, delay);
        return;
    }
    if (!failed)
        image_hold(s, t);
    if (!silent && t->supplier && (gas || strcmp(t->device_type, "ESME") == 0))
        meter_alert(s, t, gas ? GBCS_CODE_FDRA_ZCL : GBCS_CODE_FDRA_DLMS,
                    failed, delay);
}

void sim_han_image(struct sim_han *han, const struct sim_transfer *transfer,
                   instant now, sim_han_take *take, void *context) {
    struct sim_faults faults;
    faults_look(han, &faults);
    const struct sim_sending s = {han, &faults, transfer->hub,
                                  now, take,    context};
    uint8_t code = transfer_code(&s, transfer->device);
    bool early = sim_faulty(&faults, transfer->device, SIM_EARLY);
    instant reaches = faults.han_delay,
            acts = reaches + faults.activation_delay;
    if (code == GBCS_FILE_TRANSFER_SUCCESS)
        device_gets_image(&s, transfer, early ? 0 : acts);
    if (!sim_faulty(&faults, transfer->device, SIM_HUB_SILENT))
        hub_alert(&s, transfer, code, early ? acts + SECOND : reaches);
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
static const char *command_distrust(struct sim_han *han, eui64 device,
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
static uint8_t image_activate(const struct sim_sending *s,
                              struct sim_memory *memory, const uint8_t *hash) {
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

static struct gbcs_payload answer_activate(const struct sim_sending *s,
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
    answer.result = image_activate(s, memory, asked->hash.data);
    answer.firmware_version = version_told(s, memory);
    return answer;
}

static struct gbcs_payload answer_read(const struct sim_sending *s,
                                       const struct sim_memory *memory) {
    struct gbcs_payload answer = {.kind = GBCS_READ_RESULT};
    if (sim_faulty(s->faults, memory->id, SIM_READ_FAILED))
        answer.result = 1;
    else
        answer.firmware_version = version_told(s, memory);
    return answer;
}

static void response_send(const struct sim_sending *s,
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

static const char *command_obey(const struct sim_sending *s,
                                const struct gbcs_message *command,
                                const struct gbcs_payload *asked) {
    struct sim_memory memory = memory_recall(s->han, command->header.recipient);
    struct gbcs_payload answer;
    if (asked->kind == GBCS_ACTIVATE)
        answer = answer_activate(s, &memory, command, asked);
    else if (asked->kind == GBCS_READ)
        answer = answer_read(s, &memory);
    else
        return "it is no command of firmware";
    memory_keep(s->han, &memory);
    if (!sim_faulty(s->faults, memory.id, SIM_DEVICE_SILENT))
        response_send(s, command, &answer);
    return NULL;
}

const char *sim_han_command(struct sim_han *han, eui64 hub, eui64 device,
                            struct span octets, instant now, sim_han_take *take,
                            void *context) {
    struct gbcs_message command;
    struct gbcs_payload asked;
    const char *reason;
    if (!gbcs_message_parse(octets, &command, &reason) ||
        (reason = command_distrust(han, device, &command)) ||
        !gbcs_payload_read(&command, &asked, &reason))
        return reason;
    struct sim_faults faults;
    faults_look(han, &faults);
    const struct sim_sending s = {han, &faults, hub, now, take, context};
    reason = command_obey(&s, &command, &asked);
    return reason;
}

/* ---- what was for later ---- */

static void memory_act_late(const struct sim_sending *s,
                            struct sim_memory *memory) {
    memory->waits = false;
    uint8_t result = image_activate(s, memory, memory->hash);
    memory_keep(s->han, memory);
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
                                   .firmware_version = version_told(s, memory)};
    if (!sim_faulty(s->faults, memory->id, SIM_DEVICE_SILENT))
        sim_send(s, result ? "8F67" : "8F66", &header, &payload, 0);
}

/* The first from `*at` on whose time has come; false when there is none. */
static bool memory_next_late(struct sim_han *han, instant now, size_t *at,
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

void sim_han_tick(struct sim_han *han, instant now, sim_han_take *take,
                  void *context) {
    struct sim_faults faults;
    faults_look(han, &faults);
    struct sim_memory memory;
    for (size_t at = 0; memory_next_late(han, now, &at, &memory);) {
        const struct sim_sending s = {han, &faults, memory.hub,
                                      now, take,    context};
        memory_act_late(&s, &memory);
    }
}
