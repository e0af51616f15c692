#include "fotasim/lives_told.h"

#include "base/memory.h"
#include "fotasim/receiver.h"

#include <stdio.h>
#include <stdlib.h>

/* The text of the first element of that name; empty when there is none.
 * Messages are written by fotad alone, always with this prefix. */
static struct span element_text(struct span message, const char *name) {
    char tag[64];
    int len = snprintf(tag, sizeof tag, "<sr:%s>", name);
    const uint8_t *at = memmem(message.data, message.len, tag, (size_t)len);
    if (!at)
        return (struct span){0};
    at += len;
    size_t left = (size_t)(message.data + message.len - at);
    const uint8_t *end = memchr(at, '<', left);
    return span_of(at, end ? (size_t)(end - at) : 0);
}

static bool text_is(struct span text, const char *what) {
    return text.len == strlen(what) && memcmp(text.data, what, text.len) == 0;
}

static uint64_t text_hash(struct span text) {
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ text.data[i]) * UINT64_C(0x100000001B3);
    return hash;
}

static uint64_t text_number(struct span text, int base) {
    char copy[24];
    size_t len = text.len < sizeof copy ? text.len : sizeof copy - 1;
    if (len)
        memcpy(copy, text.data, len);
    copy[len] = '\0';
    return strtoull(copy, NULL, base);
}

/* The counter, which is the last part of a RequestID. */
static uint64_t request_counter(struct span text) {
    for (size_t i = text.len; i-- > 0;)
        if (text.data[i] == ':')
            return text_number(span_of(text.data + i + 1, text.len - i - 1),
                               10);
    return 0;
}

/* ---- what a message says ---- */

static uint8_t result_of(struct span message) {
    static const struct {
        const char *element, *text;
        uint8_t result;
    } results[] = {
        {"TransferResponseCode", "FirmwareImageDiscarded", 1},
        {"TransferResponseCode", "HardwareVersionMismatch", 2},
        {"TransferResponseCode", "FileTransferFailure", 3},
        {"ActivateImageResultCode", "ActivationFailure", 1},
    };
    for (size_t i = 0; i < sizeof results / sizeof *results; i++)
        if (text_is(element_text(message, results[i].element), results[i].text))
            return results[i].result;
    return 0;
}

static struct life_told told_read(struct span message, uint16_t code) {
    struct span alert = element_text(message, "AlertCode");
    if (!alert.len)
        alert = element_text(message, "DeviceAlertCode");
    return (struct life_told){
        .code = code,
        .result = result_of(message),
        .alert = (uint16_t)text_number(alert, 16),
        .request =
            request_counter(element_text(message, "UpdateFirmwareRequestID")),
        .id = text_hash(element_text(message, "ResponseID")),
        .version = (uint32_t)text_number(
            element_text(message, "FirmwareVersion"), 16)};
}

/* A message that is sent again is the same one. */
static void told_keep(struct life *life, const struct life_told *told) {
    for (unsigned i = 0; i < life->told_count; i++)
        if (life->told[i].id == told->id)
            return;
    if (life->told_count == life->told_size) {
        if (life->told_size > 120)
            return;
        life->told_size = (uint8_t)(life->told_size * 2 + 8);
        life->told =
            memory_grow(life->told, life->told_size * sizeof *life->told);
    }
    life->told[life->told_count++] = *told;
}

/* Device IDs with commas between them. */
static void told_devices(struct lives_run *run, struct span ids,
                         const struct life_told *told) {
    for (size_t at = 0; at + EUI64_TEXT_LEN <= ids.len;
         at += EUI64_TEXT_LEN + 1) {
        eui64 id;
        if (!eui64_parse(span_of(ids.data + at, EUI64_TEXT_LEN), &id))
            return;
        struct life *life = lives_find(run, id);
        if (life)
            told_keep(life, told);
    }
}

static void message_take(struct lives_run *run, uint8_t user,
                         struct span message) {
    static const char *const lists[] = {"OtherDeviceID", "TargetDeviceID",
                                        "DeviceList", "MeterIDs", "DeviceID"};
    struct span code = element_text(message, "DCCAlertCode");
    if (code.len < 2 || code.data[0] != 'N')
        return;
    struct life_told told = told_read(
        message,
        (uint16_t)text_number(span_of(code.data + 1, code.len - 1), 10));
    told.user = user;
    run->told++;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct span ids = element_text(message, lists[i]);
        if (!ids.len)
            continue;
        told_devices(run, ids, &told);
        return;
    }
}

/* ---- the listener ---- */

static struct reply user_receive(void *context,
                                 const struct received *received) {
    struct lives_run *run = context;
    size_t len = strlen(received->path);
    eui64 user = 0;
    if (len >= EUI64_TEXT_LEN)
        eui64_parse(
            span_of(received->path + len - EUI64_TEXT_LEN, EUI64_TEXT_LEN),
            &user);
    pthread_mutex_lock(&run->told_lock);
    message_take(run, lives_supplier(user), received->body);
    pthread_mutex_unlock(&run->told_lock);
    return (struct reply){.status = 204};
}

void lives_users_start(struct lives_run *run) {
    const char *reason;
    run->users =
        receiver_start(run->options->users, user_receive, run, &reason);
    if (!run->users)
        lives_die("%s: %s", run->options->users, reason);
}

void lives_users_stop(struct lives_run *run) {
    receiver_stop(run->users);
}
