#include "device/receive.h"

#include "base/crash.h"
#include "base/log.h"
#include "base/metrics.h"
#include "delivery/delivery.h"
#include "device/message.h"

#include <inttypes.h>

enum { MESSAGES, SECONDS };

static struct metric_family families[] = {
    [MESSAGES] = {.name = "fotad_device_messages_total",
                  .help = "GBCS messages of devices, by what became of them",
                  .kind = METRIC_COUNTER,
                  .labels = {"state"}},
    [SECONDS] = {.name = "fotad_device_batch_seconds",
                 .help = "How long a batch of GBCS messages took",
                 .kind = METRIC_HISTOGRAM},
};

struct batch {
    const struct receiving *receiving;
    struct arena *arena;
    size_t most;
    instant now;
    struct db_rows *rows; /* csp, message_id, payload */
    struct device_message *messages;
    size_t count;
    struct party_keys signers, agreers;
    struct db_rows *ends; /* state, number of messages */
};

enum { CSP, MESSAGE_ID, PAYLOAD };

static enum outcome lock_messages(struct db *db, struct batch *batch) {
    static const struct db_statement lock = {
        "lock_messages", "select csp, message_id, payload from gbcs_message"
                         " where state = 'waiting' order by received limit $1"
                         " for update skip locked"};
    struct db_params params = DB_PARAMS(batch->arena);
    db_int8(&params, (int64_t)batch->most);
    enum outcome outcome =
        db_run(db, &lock, &params, batch->arena, &batch->rows);
    batch->count = outcome == DONE ? db_row_count(batch->rows) : 0;
    return outcome;
}

static void read_messages(struct batch *batch) {
    batch->messages =
        arena_zero(batch->arena, batch->count, sizeof *batch->messages);
    for (size_t i = 0; i < batch->count; i++)
        device_message_read(&batch->messages[i],
                            db_get_span(batch->rows, i, PAYLOAD));
}

static bool needs_key(const struct batch *batch, size_t i,
                      enum key_usage usage) {
    const struct device_message *message = &batch->messages[i];
    return usage == KEY_DIGITAL_SIGNATURE
               ? device_message_needs_signature_key(message)
               : device_message_needs_mac_key(message,
                                              batch->receiving->config->acb_id);
}

static enum outcome find_keys(struct db *db, struct batch *batch,
                              enum key_usage usage, struct party_keys *keys) {
    eui64 *ids = arena_zero(batch->arena, batch->count, sizeof *ids);
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++)
        if (needs_key(batch, i, usage))
            ids[count++] = batch->messages[i].gbcs.header.originator;
    return party_keys_find(db, batch->arena, KEY_OF_DEVICE, usage, ids, count,
                           batch->now, batch->receiving->config->accept_expired,
                           keys);
}

static void judge_messages(struct batch *batch) {
    for (size_t i = 0; i < batch->count; i++)
        device_message_judge(
            &batch->messages[i], batch->arena, batch->receiving->acb,
            batch->receiving->config->acb_id, &batch->signers, &batch->agreers);
}

/* ---- to the database ---- */

/* The columns of take_device_messages(); what a message does not say has its
 * stand-in for null there. */
struct columns {
    const char **csps, **ids, **verdicts, **details, **kinds, **events;
    const char **command_counters, **party_counters;
    eui64 *devices, *parties;
    int32_t *alert_codes, *results;
    int64_t *versions;
    instant *times;
};

static void make_room(struct columns *c, struct arena *arena, size_t count) {
    const char ***texts[] = {
        &c->csps,  &c->ids,    &c->verdicts,         &c->details,
        &c->kinds, &c->events, &c->command_counters, &c->party_counters};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = arena_zero(arena, count, sizeof **texts[i]);
    c->devices = arena_zero(arena, count, sizeof *c->devices);
    c->parties = arena_zero(arena, count, sizeof *c->parties);
    c->alert_codes = arena_zero(arena, count, sizeof *c->alert_codes);
    c->results = arena_zero(arena, count, sizeof *c->results);
    c->versions = arena_zero(arena, count, sizeof *c->versions);
    c->times = arena_zero(arena, count, sizeof *c->times);
}

/* Kinds of payload that have a result and a firmware version; a read that
 * failed has no version. */
static bool has_result(enum gbcs_kind kind) {
    return kind == GBCS_ACTIVATE_RESULT || kind == GBCS_ACTIVATE_ALERT ||
           kind == GBCS_READ_RESULT || kind == GBCS_TRANSFER_ALERT ||
           kind == GBCS_PPMID_ALERT;
}

static bool has_version(const struct gbcs_payload *said) {
    return has_result(said->kind) &&
           !(said->kind == GBCS_READ_RESULT && said->result);
}

static const char *counter_text(struct arena *arena, uint64_t counter) {
    return counter ? arena_printf(arena, "%" PRIu64, counter) : "0";
}

static void fill_header(struct columns *c, size_t i, struct arena *arena,
                        const struct gbcs_header *header) {
    c->devices[i] = header->originator;
    if (header->supplementary < GBCS_SUPPLEMENTARY_PARTY_COUNTER)
        return;
    c->parties[i] = header->supplementary_party;
    c->party_counters[i] =
        counter_text(arena, header->supplementary_party_counter);
}

static void fill_payload(struct columns *c, size_t i, struct arena *arena,
                         const struct gbcs_payload *said) {
    if (said->alert_code)
        c->alert_codes[i] = said->alert_code;
    if (has_result(said->kind))
        c->results[i] = said->result;
    if (has_version(said))
        c->versions[i] = said->firmware_version;
    if (said->has_time)
        c->times[i] = said->time;
    if (said->kind == GBCS_TRANSFER_ALERT)
        c->devices[i] = said->device;
    if (said->kind == GBCS_ACTIVATE_ALERT)
        c->command_counters[i] = counter_text(arena, said->counter);
}

static void fill_row(struct columns *c, size_t i, const struct batch *batch) {
    const struct device_message *message = &batch->messages[i];
    c->csps[i] = db_get_text(batch->rows, i, CSP);
    c->ids[i] = db_get_text(batch->rows, i, MESSAGE_ID);
    c->verdicts[i] = message->verdict;
    c->details[i] = message->detail;
    c->kinds[i] = message->kind;
    c->events[i] = message->event;
    c->command_counters[i] = c->party_counters[i] = "0";
    c->alert_codes[i] = c->results[i] = -1;
    c->versions[i] = -1;
    if (message->parsed)
        fill_header(c, i, batch->arena, &message->gbcs.header);
    if (message->readable)
        fill_payload(c, i, batch->arena, &message->said);
}

static enum outcome take_messages(struct db *db, struct batch *batch) {
    static const struct db_statement take = {
        "take_device_messages",
        "select state, messages from take_device_messages($1::text[],"
        " $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7, $8,"
        " $9, $10, $11, $12::numeric[], $13, $14::numeric[], $15,"
        " $16::bigint * interval '1 microsecond')"};
    struct columns c;
    make_room(&c, batch->arena, batch->count);
    for (size_t i = 0; i < batch->count; i++)
        fill_row(&c, i, batch);
    struct db_params params = DB_PARAMS(batch->arena);
    db_texts(&params, c.csps, batch->count);
    db_texts(&params, c.ids, batch->count);
    db_texts(&params, c.verdicts, batch->count);
    db_texts(&params, c.details, batch->count);
    db_texts(&params, c.kinds, batch->count);
    db_texts(&params, c.events, batch->count);
    db_eui64s(&params, c.devices, batch->count);
    db_int4s(&params, c.alert_codes, batch->count);
    db_int4s(&params, c.results, batch->count);
    db_int8s(&params, c.versions, batch->count);
    db_instants(&params, c.times, batch->count);
    db_texts(&params, c.command_counters, batch->count);
    db_eui64s(&params, c.parties, batch->count);
    db_texts(&params, c.party_counters, batch->count);
    db_instant(&params, batch->now);
    db_int8(&params, batch->receiving->config->tracking_timeout);
    return db_run(db, &take, &params, batch->arena, &batch->ends);
}

static enum outcome step(struct db *db, void *context) {
    struct batch *batch = context;
    enum outcome outcome = lock_messages(db, batch);
    if (outcome != DONE || !batch->count)
        return outcome;
    read_messages(batch);
    outcome = find_keys(db, batch, KEY_DIGITAL_SIGNATURE, &batch->signers);
    if (outcome == DONE)
        outcome = find_keys(db, batch, KEY_AGREEMENT, &batch->agreers);
    if (outcome != DONE)
        return outcome;
    judge_messages(batch);
    outcome = take_messages(db, batch);
    crash_point(CRASH_batch_worked);
    return outcome;
}

static void count_ends(const struct batch *batch) {
    for (size_t i = 0; i < db_row_count(batch->ends); i++) {
        const char *state = db_get_text(batch->ends, i, 0);
        int64_t messages = db_get_int(batch->ends, i, 1);
        metric_add(metric_of(&families[MESSAGES], state, NULL, NULL), messages);
        if (strcmp(state, "done") != 0)
            log_event(strcmp(state, "unverified") == 0 ? LOG_LEVEL_WARNING
                                                       : LOG_LEVEL_INFO,
                      "device.messages",
                      "state=%s messages=%" PRId64
                      ": gbcs_message.detail says why",
                      state, messages);
    }
}

enum outcome receive_batch(const struct receiving *receiving, struct db *db,
                           size_t most, instant now, size_t *taken) {
    metrics_register(families, sizeof families / sizeof *families);
    struct batch batch = {
        .receiving = receiving, .arena = arena_new(), .most = most, .now = now};
    instant start = clock_elapsed();
    enum outcome outcome = db_transact(db, step, &batch, true);
    *taken = batch.count;
    if (outcome == DONE && batch.count) {
        crash_point(CRASH_batch_committed);
        delivery_wake();
        metric_observe(metric_of(&families[SECONDS], NULL, NULL, NULL),
                       clock_elapsed() - start);
        count_ends(&batch);
    }
    arena_free(batch.arena);
    return outcome;
}
