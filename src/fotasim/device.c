#include "fotasim/device.h"

#include "fotasim/device_key.h"
#include "fotasim/device_sim.h"
#include "fotasim/estate.h"

#include "gbcs/build.h"
#include "gbcs/time.h"

#include <openssl/evp.h>

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
    answer.firmware_version = sim_version_told(s, memory);
    return answer;
}

static struct gbcs_payload answer_read(const struct sim_sending *s,
                                       const struct sim_memory *memory) {
    struct gbcs_payload answer = {.kind = GBCS_READ_RESULT};
    if (sim_faulty(s->faults, memory->id, SIM_READ_FAILED))
        answer.result = 1;
    else
        answer.firmware_version = sim_version_told(s, memory);
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

/* Is the device there to hear it? NULL: yes. */
static const char *command_miss(const struct sim_sending *s, eui64 device) {
    if (sim_faulty(s->faults, s->hub, SIM_NO_WAN))
        return "its hub has no WAN";
    if (!sim_is_on(s->faults, device, s->now, NULL))
        return "it is off";
    if (sim_joined(s->faults, device, s->hub) != s->hub)
        return "it is joined to another hub";
    return NULL;
}

static const char *command_obey(const struct sim_sending *s,
                                const struct gbcs_message *command,
                                const struct gbcs_payload *asked) {
    struct sim_memory memory = sim_recall(s->han, command->header.recipient);
    memory.through = s->hub;
    struct gbcs_payload answer;
    if (asked->kind == GBCS_ACTIVATE)
        answer = answer_activate(s, &memory, command, asked);
    else if (asked->kind == GBCS_READ)
        answer = answer_read(s, &memory);
    else
        return "it is no command of firmware";
    sim_keep(s->han, &memory);
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
    sim_faults_look(han, &faults);
    const struct sim_sending s = {han, &faults, hub, now, take, context};
    reason = command_miss(&s, device);
    return reason ? reason : command_obey(&s, &command, &asked);
}

/* ---- what was for later ---- */

static void memory_act_late(const struct sim_sending *s,
                            struct sim_memory *memory) {
    memory->waits = false;
    uint8_t result = image_activate(s, memory, memory->hash);
    sim_keep(s->han, memory);
    struct gbcs_header header =
        sim_alert_header(memory->id, memory->commander, GBCS_CODE_CS06_ALERT);
    struct gbcs_payload payload = {
        .kind = GBCS_ACTIVATE_ALERT,
        .alert_code = result ? GBCS_8F67_ACTIVATION_FAILED
                             : GBCS_8F66_ACTIVATION_SUCCEEDED,
        .result = result,
        .has_time = true,
        .time = memory->when,
        .counter = memory->command,
        .firmware_version = sim_version_told(s, memory)};
    if (!sim_faulty(s->faults, memory->id, SIM_DEVICE_SILENT))
        sim_send(s, result ? "8F67" : "8F66", &header, &payload, 0);
}

/* The first from `*at` on whose time has come, and which is on; one that is off
 * acts when it is on again. False when there is none. */
static bool memory_next_late(const struct sim_sending *s, size_t *at,
                             struct sim_memory *memory) {
    struct sim_han *han = s->han;
    bool found = false;
    pthread_mutex_lock(&han->lock);
    for (; !found && *at < han->memories.size; (*at)++) {
        struct sim_memory *row = sim_table_at(&han->memories, *at);
        if (!row || !row->waits || row->when > s->now)
            continue;
        found = sim_is_on(s->faults, row->id, s->now, NULL);
        if (!found)
            row->when = s->now;
        *memory = *row;
    }
    pthread_mutex_unlock(&han->lock);
    return found;
}

static void commands_act_late(const struct sim_sending *sending) {
    struct sim_sending s = *sending;
    struct sim_memory memory;
    for (size_t at = 0; memory_next_late(&s, &at, &memory);) {
        s.hub = sim_joined(s.faults, memory.id, memory.hub);
        memory_act_late(&s, &memory);
    }
}

void sim_han_tick(struct sim_han *han, instant now, sim_han_take *take,
                  void *context) {
    struct sim_faults faults;
    sim_faults_look(han, &faults);
    const struct sim_sending s = {.han = han,
                                  .faults = &faults,
                                  .now = now,
                                  .take = take,
                                  .context = context};
    sim_send_kept(&s);
    commands_act_late(&s);
    sim_local_updates(&s);
    sim_hubs_tick(&s);
    han->ticked = now;
}
