#include "fotasim/lives_oracle.h"

#include "fotasim/lives_plan.h"
#include "gbcs/payload.h"

#include <inttypes.h>
#include <string.h>

/* ---- which update an event belongs to ---- */

/* That is "just then": the alert of what was discarded and the image that took
 * its place have the same time, but for what their clocks leave out. */
#define JUST_THEN (2 * SECOND)

static bool time_counts(const struct life *life, instant when) {
    return !life->until || when <= life->until;
}

static bool message_arrived(const struct life *life,
                            const struct life_message *m) {
    return m->posted > 0 && time_counts(life, m->took);
}

static bool update_is_candidate(const struct life *life, unsigned number,
                                uint32_t version, eui64 hub, instant when) {
    const struct life_update *u = &life->updates[number];
    return u->taken && u->taken <= when && u->hub == hub &&
           life->device.versions[u->version] == version;
}

/* When it is known to have reached its hub; INT64_MAX: it is not. */
static instant update_reached(const struct life *life, unsigned number) {
    for (unsigned i = 0; i < life->message_count; i++) {
        const struct life_message *m = &life->messages[i];
        if (m->said == SAID_DELIVERY && m->update == number &&
            message_arrived(life, m) && !m->result)
            return m->time;
    }
    return INT64_MAX;
}

/* The newest candidate: of those known to have reached the hub that long
 * before, or else of all but those known to have reached it later. LIFE_NONE:
 * there is none. */
static uint8_t candidate_newest(const struct life *life,
                                const struct life_message *m, bool reached,
                                instant before) {
    for (unsigned i = life->update_count; i-- > 0;) {
        instant when = update_reached(life, i);
        bool fits = reached ? when <= m->time - before
                            : when == INT64_MAX || when <= m->time + JUST_THEN;
        if (fits && update_is_candidate(life, i, m->version, m->hub, m->time))
            return (uint8_t)i;
    }
    return LIFE_NONE;
}

/* The newest candidate, whether or not it had reached the hub: what the device
 * says of itself needs no hub. */
static uint8_t device_belongs(const struct life *life,
                              const struct life_message *m) {
    for (unsigned i = life->update_count; i-- > 0;)
        if (update_is_candidate(life, i, m->version, m->hub, m->time))
            return (uint8_t)i;
    return LIFE_NONE;
}

static uint8_t candidate_oldest(const struct life *life,
                                const struct life_message *m) {
    for (unsigned i = 0; i < life->update_count; i++)
        if (update_is_candidate(life, i, m->version, m->hub, m->time))
            return (uint8_t)i;
    return LIFE_NONE;
}

static unsigned candidate_count(const struct life *life,
                                const struct life_message *m) {
    unsigned count = 0;
    for (unsigned i = 0; i < life->update_count; i++)
        count += update_is_candidate(life, i, m->version, m->hub, m->time);
    return count;
}

static uint8_t hub_alert_belongs(const struct life *life,
                                 const struct life_message *m) {
    bool discarded = m->code == GBCS_8F89_TRANSFER_FAILED &&
                     m->result == GBCS_FIRMWARE_IMAGE_DISCARDED;
    uint8_t found =
        candidate_newest(life, m, true, discarded ? JUST_THEN : -JUST_THEN);
    if (found != LIFE_NONE)
        return found;
    return discarded ? candidate_oldest(life, m)
                     : candidate_newest(life, m, false, 0);
}

/* What a meter answers to its supplier's 11.2 only the supplier can check. */
static bool message_is_checked(const struct life_message *m) {
    return m->said != SAID_READ || m->code == GBCS_CODE_CS08;
}

static bool message_tells_version(const struct life *life,
                                  const struct life_message *m) {
    return message_arrived(life, m) && !m->accepted && m->said >= SAID_DEVICE &&
           message_is_checked(m);
}

/* The time of an answer to 11.2 is when it came, for it has none. */
static instant version_time(const struct life_message *m) {
    return m->said == SAID_READ ? m->took : m->time;
}

/* The version that was told last, of what had come by `now`. */
static uint32_t version_told(const struct life *life, instant now) {
    uint32_t version = life->device.versions[0];
    instant latest = 0;
    for (unsigned i = 0; i < life->message_count; i++) {
        const struct life_message *m = &life->messages[i];
        if (message_tells_version(life, m) && m->took <= now &&
            version_time(m) >= latest) {
            latest = version_time(m);
            version = m->version;
        }
    }
    return version;
}

/* Did it run that version when the request came? If messages were lost, or
 * come late, what was known then counts as well. */
static bool update_ran(const struct life *life, const struct life_update *u,
                       uint32_t version) {
    return u->ran == version || version_told(life, u->asked - 1) == version;
}

/* The newest update that was handed over by then, if its image can have reached
 * the hub and the device ran that version when it was asked for. */
static uint8_t stored_belongs(const struct life *life,
                              const struct life_message *m) {
    for (unsigned i = life->update_count; i-- > 0;) {
        const struct life_update *u = &life->updates[i];
        if (!u->taken || u->taken > m->time || u->hub != m->hub)
            continue;
        instant reached = update_reached(life, i);
        bool can = reached == INT64_MAX ? u->delivery != OUTCOME_UNDELIVERED
                                        : reached <= m->time;
        return can && update_ran(life, u, m->version) ? (uint8_t)i : LIFE_NONE;
    }
    return LIFE_NONE;
}

/* ---- what is known of an update ---- */

enum known_device {
    DEVICE_SAYS_NOTHING,
    DEVICE_STORED,
    DEVICE_FAILED,
    DEVICE_ACTIVATED
};

/* Each by rank: a higher one beats a lower one. */
struct known {
    enum known_device device;
    const char *hub, *delivery, *report; /* the status it makes; NULL */
    instant device_time, hub_time;
};

static const char *hub_status(const struct life_message *m) {
    static const char *const statuses[] = {
        [GBCS_FILE_TRANSFER_SUCCESS] = "SUCCESSFUL_HAN_TRANSFER",
        [GBCS_FIRMWARE_IMAGE_DISCARDED] = "HAN_DISCARDED",
        [GBCS_HARDWARE_VERSION_MISMATCH] = "HAN_REJECTED_HW_MISMATCH",
        [GBCS_FILE_TRANSFER_FAILURE] = "FAILED_HAN_TRANSFER"};
    return statuses[m->result];
}

static bool is_ppmid_alert(const struct life_message *m) {
    return m->said == SAID_DEVICE || m->said == SAID_LOCAL;
}

/* Of which image an answer to 11.3 is: that which the command named. */
static uint8_t answer_belongs(const struct life *life,
                              const struct life_message *m) {
    struct life_message of = *m;
    if (m->image == LIFE_NONE)
        return LIFE_NONE;
    of.version = life->device.versions[m->image];
    return device_belongs(life, &of);
}

/* What a message of the device itself is evidence of, and of which update. */
static enum known_device device_evidence(const struct life *life,
                                         const struct life_message *m,
                                         uint8_t *update) {
    *update = LIFE_NONE;
    if (m->accepted || !message_is_checked(m))
        return DEVICE_SAYS_NOTHING;
    if (!is_ppmid_alert(m) && m->said != SAID_READ) {
        *update = answer_belongs(life, m);
        return m->result ? DEVICE_FAILED : DEVICE_ACTIVATED;
    }
    *update = device_belongs(life, m);
    if (*update != LIFE_NONE)
        return m->result ? DEVICE_FAILED : DEVICE_ACTIVATED;
    if (!is_ppmid_alert(m))
        return DEVICE_SAYS_NOTHING;
    *update = stored_belongs(life, m);
    return m->result ? DEVICE_FAILED : DEVICE_STORED;
}

/* Where a message belongs by the rules. */
static uint8_t message_belongs(const struct life *life,
                               const struct life_message *m) {
    uint8_t update = m->update;
    if (m->said == SAID_HUB)
        return hub_alert_belongs(life, m);
    if (m->said != SAID_DELIVERY)
        device_evidence(life, m, &update);
    return update;
}

/* What it really was of that update. */
static enum known_device own_evidence(const struct life *life,
                                      const struct life_message *m) {
    if (m->accepted || !message_is_checked(m))
        return DEVICE_SAYS_NOTHING;
    if (m->result)
        return DEVICE_FAILED;
    return m->version == life->device.versions[life->updates[m->update].version]
               ? DEVICE_ACTIVATED
               : DEVICE_STORED;
}

/* Success beats failure; of two successes, or failures, the last one counts. */
static void hub_evidence_add(const struct life_message *m,
                             struct known *known) {
    bool had = known->hub && strcmp(known->hub, "SUCCESSFUL_HAN_TRANSFER") == 0;
    if (known->hub && (had ? m->result || m->time < known->hub_time
                           : m->result && m->time < known->hub_time))
        return;
    known->hub = hub_status(m);
    known->hub_time = m->time;
}

static void known_add(const struct life *life, const struct life_message *m,
                      bool own, struct known *known) {
    uint8_t update;
    if (m->said == SAID_DELIVERY) {
        known->delivery =
            m->result ? "FAILED_CH_TRANSFER" : "SUCCESSFUL_CH_TRANSFER";
        return;
    }
    if (m->said == SAID_HUB) {
        hub_evidence_add(m, known);
        return;
    }
    enum known_device device =
        own ? own_evidence(life, m) : device_evidence(life, m, &update);
    if (device <= known->device)
        return;
    known->device = device;
    known->device_time = m->time;
}

/* From what arrived; `own`: of what is really of that update, else of what the
 * rules say belongs to it. */
static struct known update_known(const struct life *life, unsigned number,
                                 bool own) {
    struct known known = {.report = NULL};
    const struct life_update *u = &life->updates[number];
    if (u->reported && time_counts(life, u->reported))
        known.report = u->report == OUTCOME_REJECTED
                           ? "REJECTED_BY_CSP"
                           : "APPROVED_FOR_DISTRIBUTION";
    for (unsigned i = 0; i < life->message_count; i++) {
        const struct life_message *m = &life->messages[i];
        if (message_arrived(life, m) &&
            (own ? m->update : message_belongs(life, m)) == number)
            known_add(life, m, own, &known);
    }
    return known;
}

/* ---- the status that follows ---- */

/* Stored is only an update that had not ended by then. */
static bool stored_counts(const struct known *known) {
    return !known->hub || strcmp(known->hub, "SUCCESSFUL_HAN_TRANSFER") == 0 ||
           known->hub_time > known->device_time;
}

static const char *known_status(const struct known *known) {
    if (known->report && strcmp(known->report, "REJECTED_BY_CSP") == 0 &&
        known->device != DEVICE_ACTIVATED)
        return known->report;
    if (known->device == DEVICE_ACTIVATED)
        return "FIRMWARE_ACTIVATED";
    if (known->device == DEVICE_FAILED && stored_counts(known))
        return "ACTIVATION_FAILED";
    if (known->device == DEVICE_STORED && stored_counts(known))
        return "STORED_ON_DEVICE";
    if (known->hub)
        return known->hub;
    if (known->delivery)
        return known->delivery;
    return known->report ? known->report : "AWAITING_CSP";
}

static const struct life_record *record_of(const struct life *life,
                                           const struct life_update *u) {
    for (unsigned i = 0; i < life->record_count; i++)
        if (life->records[i].counter == u->counter &&
            life->records[i].sender == u->sender)
            return &life->records[i];
    return NULL;
}

static const char *update_expected(const struct life *life, unsigned number) {
    struct known known = update_known(life, number, false);
    const struct life_update *u = &life->updates[number];
    return u->reset && time_counts(life, u->reset) ? "RESET_BY_DCC"
                                                   : known_status(&known);
}

/* Does a message that arrived say so, of this update really or by the rules? */
static bool hub_claim_is_supported(const struct life *life, unsigned number,
                                   const char *status) {
    for (unsigned i = 0; i < life->message_count; i++) {
        const struct life_message *m = &life->messages[i];
        if (m->said == SAID_HUB && message_arrived(life, m) &&
            strcmp(hub_status(m), status) == 0 &&
            (m->update == number || hub_alert_belongs(life, m) == number))
            return true;
    }
    return false;
}

/* A claim that one of its own messages makes is no overclaim, even if the rules
 * would give that message to another update for want of those that were
 * lost. */
static bool claim_is_supported(const struct life *life, unsigned number,
                               const char *status) {
    struct known known = update_known(life, number, true);
    const char *const said[] = {known.delivery, known.report,
                                known_status(&known), "AWAITING_CSP"};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (said[i] && strcmp(said[i], status) == 0)
            return true;
    return hub_claim_is_supported(life, number, status);
}

/* For an event that the rules give to the newest of several updates, although
 * it was another one's: what is true of each is right as well, be it of the hub
 * or of the device. */
static bool status_is_own(const struct life *life, unsigned number,
                          const char *status) {
    struct known own = update_known(life, number, true);
    struct known ruled = update_known(life, number, false), mixed = own;
    mixed.device = ruled.device;
    mixed.device_time = ruled.device_time;
    ruled.device = own.device;
    ruled.device_time = own.device_time;
    return !life->updates[number].reset &&
           (strcmp(known_status(&own), status) == 0 ||
            strcmp(known_status(&mixed), status) == 0 ||
            strcmp(known_status(&ruled), status) == 0);
}

/* ---- whether an update was rightly accepted, or refused for another one ----
 */

/* How long an update is in progress at least from its request on, or from when
 * it reached the hub, if nothing more is heard; and at most, from the last that
 * was heard. */
#define WINDOW_LEAST (5 * DAY)
#define WINDOW_AT_HUB (15 * DAY)
#define WINDOW_MOST (17 * DAY)

static instant heard_last(const struct life *life, unsigned number) {
    instant last = life->updates[number].asked;
    if (time_counts(life, life->updates[number].reported) &&
        life->updates[number].reported > last)
        last = life->updates[number].reported;
    for (unsigned i = 0; i < life->message_count; i++)
        if (message_arrived(life, &life->messages[i]) &&
            life->messages[i].took > last)
            last = life->messages[i].took;
    return last;
}

/* When its delivery was heard of; INT64_MAX: never. */
static instant heard_first(const struct life *life, unsigned number) {
    for (unsigned i = 0; i < life->message_count; i++)
        if (life->messages[i].said == SAID_DELIVERY &&
            life->messages[i].update == number &&
            message_arrived(life, &life->messages[i]))
            return life->messages[i].took;
    return INT64_MAX;
}

static bool status_blocks(const struct life *life, unsigned number,
                          const char *status, instant now) {
    instant asked = life->updates[number].asked;
    if (strcmp(status, "AWAITING_CSP") == 0 ||
        strcmp(status, "APPROVED_FOR_DISTRIBUTION") == 0)
        return now < asked + WINDOW_LEAST;
    /* one that was heard of after its first window may have been let go */
    return strcmp(status, "SUCCESSFUL_CH_TRANSFER") == 0 &&
           heard_first(life, number) < asked + WINDOW_LEAST &&
           life->device.type != TYPE_ESME &&
           now < update_reached(life, number) + WINDOW_AT_HUB;
}

/* By the rules and by the cause: what only one of them ends may have ended. */
static bool was_in_progress(const struct life *life, unsigned number,
                            instant now) {
    struct known own = update_known(life, number, true);
    return status_blocks(life, number, update_expected(life, number), now) &&
           status_blocks(life, number, known_status(&own), now);
}

static bool was_free(const struct life *life, unsigned number, instant now) {
    static const char *const busy[] = {
        "AWAITING_CSP", "APPROVED_FOR_DISTRIBUTION", "SUCCESSFUL_CH_TRANSFER",
        "SUCCESSFUL_HAN_TRANSFER"};
    const char *status = update_expected(life, number);
    bool maybe = false;
    for (size_t i = 0; i < sizeof busy / sizeof *busy; i++)
        maybe = maybe || strcmp(status, busy[i]) == 0;
    if (strcmp(status, "SUCCESSFUL_HAN_TRANSFER") == 0)
        return life->device.type != TYPE_PPMID;
    /* before the delivery is heard of, nobody knows that it can be stored */
    if (strcmp(status, "STORED_ON_DEVICE") == 0)
        return heard_first(life, number) < now;
    return !maybe || now > heard_last(life, number) + WINDOW_MOST;
}

/* By what was known when it was asked for. */
static bool answer_judge(struct life *life, unsigned number,
                         struct buffer *why) {
    const struct life_update *u = &life->updates[number];
    unsigned before = number;
    while (before > 0 && life->updates[before - 1].answer != ANSWER_ACCEPTED)
        before--;
    if (!before || u->answer == ANSWER_OTHER)
        return true;
    life->until = u->asked;
    bool accepted = u->answer == ANSWER_ACCEPTED;
    bool wrong = accepted ? was_in_progress(life, before - 1, u->asked)
                          : was_free(life, before - 1, u->asked);
    const char *status = update_expected(life, before - 1);
    life->until = 0;
    if (wrong && why)
        buffer_printf(why,
                      "  WRONG: update %u: %s, but the one before was %s\n",
                      number, accepted ? "accepted" : "refused", status);
    return !wrong;
}

/* ---- records ---- */

static bool update_judge(const struct life *life, unsigned number,
                         struct buffer *why) {
    const struct life_update *u = &life->updates[number];
    const struct life_record *record = record_of(life, u);
    if (u->answer != ANSWER_ACCEPTED)
        return true;
    const char *expected = update_expected(life, number);
    const char *status = record ? record->status : "no record";
    if (strcmp(status, expected) == 0 || status_is_own(life, number, status) ||
        (!life->complete && !u->reset &&
         (!record || claim_is_supported(life, number, status))))
        return true;
    if (why)
        buffer_printf(why, "  WRONG: update %u: said %s, but it is %s\n",
                      number, status, expected);
    return false;
}

/* ---- the inventory ---- */

/* What it was told last; what the device runs is right as well, for an answer
 * to 11.2 has no time and may be overtaken. */
static bool inventory_judge(const struct life *life, struct buffer *why) {
    uint32_t expected = version_told(life, INT64_MAX);
    if (life->smi == expected || life->smi == life->running)
        return true;
    if (why)
        buffer_printf(why,
                      "  WRONG: the inventory says %08" PRIX32
                      ", but it said %08" PRIX32 " last\n",
                      life->smi, expected);
    return false;
}

/* ---- RSAT_004 ---- */

/* What the device said last of its 11.3: the outcome of one that was future
 * dated above the answer to it. */
static const char *activation_expected(const struct life *life) {
    static const char *const names[] = {
        [GBCS_ACTIVATE_SUCCESS] = "success",
        [GBCS_ACTIVATE_NO_IMAGE_HELD] = "noImageHeld",
        [GBCS_ACTIVATE_HASH_MISMATCH] = "hashMismatch",
        [GBCS_ACTIVATE_FAILURE] = "activationFailure"};
    const char *said = "";
    for (unsigned i = 0; i < life->message_count; i++) {
        const struct life_message *m = &life->messages[i];
        if (message_arrived(life, m) && !m->accepted &&
            (m->said == SAID_ANSWER || m->said == SAID_LATER))
            said = names[m->result];
    }
    return said;
}

static bool activation_judge(const struct life *life, struct buffer *why) {
    const char *expected = activation_expected(life);
    if (strcmp(life->activation, expected) == 0)
        return true;
    if (why)
        buffer_printf(why, "  WRONG: RSAT_004 says '%s', but it is '%s'\n",
                      life->activation, expected);
    return false;
}

/* ---- what Users were told ---- */

struct telling {
    uint16_t code, alert;
    uint8_t result;
    uint32_t version;
};

static bool told_is(const struct life_told *told,
                    const struct telling *telling) {
    return told->code == telling->code && told->alert == telling->alert &&
           told->result == telling->result && told->version == telling->version;
}

static bool message_is(const struct life_message *m,
                       const struct life_message *other) {
    return m->said == other->said && m->code == other->code &&
           m->result == other->result && m->version == other->version &&
           (m->said != SAID_DELIVERY || m->update == other->update);
}

static unsigned messages_like(const struct life *life,
                              const struct life_message *m) {
    unsigned count = 0;
    for (unsigned i = 0; i < life->message_count; i++)
        count += message_arrived(life, &life->messages[i]) &&
                 message_is(&life->messages[i], m);
    return count;
}

static bool telling_wrong(struct buffer *why, const char *what, unsigned got,
                          unsigned expected) {
    if (why)
        buffer_printf(why, "  WRONG: %s was told %u times, not %u\n", what, got,
                      expected);
    return false;
}

/* Its delivery: to the sender of the job's request, which it names. */
static bool delivery_told(const struct life *life, const struct life_message *m,
                          struct buffer *why) {
    const struct telling telling = {.code = m->result ? 60 : 61,
                                    .version = m->version};
    unsigned count = 0;
    for (unsigned i = 0; i < life->told_count; i++)
        count += told_is(&life->told[i], &telling) &&
                 life->told[i].request == life->updates[m->update].counter;
    return count == 1 ||
           telling_wrong(why, m->result ? "N60" : "N61", count, 1);
}

/* It names the update that it belongs to, or when none can be meant, none. */
static bool hub_alert_told(const struct life *life,
                           const struct life_message *m, struct buffer *why) {
    const struct telling telling = {.code = 62,
                                    .alert = m->code,
                                    .result = m->result,
                                    .version = m->version};
    unsigned count = 0, candidates = candidate_count(life, m);
    uint8_t update = hub_alert_belongs(life, m);
    uint64_t request = update == LIFE_NONE ? 0 : life->updates[update].counter;
    for (unsigned i = 0; i < life->told_count; i++)
        count += told_is(&life->told[i], &telling) &&
                 (candidates > 1 || messages_like(life, m) > 1 ||
                  life->told[i].request == request);
    unsigned expected = messages_like(life, m);
    return count == expected || telling_wrong(why, "N62", count, expected);
}

/* Each Responsible Supplier once, the sender of the update among them. */
static bool ppmid_alert_told(const struct life *life,
                             const struct life_message *m, struct buffer *why) {
    const struct telling telling = {.code = 39,
                                    .alert = m->code,
                                    .result = m->result,
                                    .version = m->version};
    unsigned counts[LIFE_MOST_UPDATES] = {0}, expected = 0;
    for (unsigned i = 0; i < life->told_count; i++)
        if (told_is(&life->told[i], &telling) &&
            life->told[i].user < LIFE_MOST_UPDATES)
            counts[life->told[i].user]++;
    for (unsigned i = 0; i < life->message_count; i++)
        expected += message_arrived(life, &life->messages[i]) &&
                    is_ppmid_alert(&life->messages[i]) &&
                    life->messages[i].result == m->result &&
                    life->messages[i].version == m->version;
    uint8_t update = message_belongs(life, m);
    for (unsigned i = 0; i < LIFE_MOST_UPDATES; i++)
        if (counts[i] > expected)
            return telling_wrong(why, "N39", counts[i], expected);
    if (update == LIFE_NONE || counts[life->updates[update].sender])
        return true;
    return telling_wrong(why, "N39 to the sender", 0, expected);
}

static bool message_judge(const struct life *life, const struct life_message *m,
                          struct buffer *why) {
    if (!message_arrived(life, m))
        return true;
    if (m->said == SAID_DELIVERY)
        return delivery_told(life, m, why);
    if (m->said == SAID_HUB)
        return hub_alert_told(life, m, why);
    return !is_ppmid_alert(m) || ppmid_alert_told(life, m, why);
}

/* ---- the whole ---- */

static bool life_is_complete(const struct life *life) {
    for (unsigned i = 0; i < life->message_count; i++)
        if (!message_arrived(life, &life->messages[i]))
            return false;
    return true;
}

struct lives_verdict life_judge(struct life *life, struct buffer *why) {
    bool good = true;
    life->complete = life_is_complete(life);
    for (unsigned i = 0; i < life->update_count; i++)
        good = update_judge(life, i, why) && answer_judge(life, i, why) && good;
    good = inventory_judge(life, why) && good;
    good = activation_judge(life, why) && good;
    for (unsigned i = 0; i < life->message_count; i++)
        good = message_judge(life, &life->messages[i], why) && good;
    life->wrong = !good;
    return (struct lives_verdict){.contradiction = !good && life->complete,
                                  .overclaim = !good && !life->complete};
}

/* ---- as text ---- */

static void print_time(const struct life *life, instant when,
                       struct buffer *out) {
    instant since = when - life->begin;
    buffer_printf(out, "    day %2d %02d:%02d:%02d  ", (int)(since / DAY),
                  (int)(since % DAY / HOUR), (int)(since % HOUR / MINUTE),
                  (int)(since % MINUTE / SECOND));
}

static void print_update(const struct life *life, unsigned number,
                         struct buffer *out) {
    static const char *const answers[] = {"not answered", "accepted",
                                          "another is in progress", "refused"};
    const struct life_update *u = &life->updates[number];
    print_time(life, u->asked, out);
    buffer_printf(out, "update %u to %08" PRIX32 ", supplier %u: %s", number,
                  life->device.versions[u->version], u->sender + 1u,
                  answers[u->answer]);
    if (u->taken)
        buffer_printf(out, ", handed over %d s later",
                      (int)((u->taken - u->asked) / SECOND));
    if (u->taken)
        buffer_text(out, u->reported ? ", reported" : ", not reported");
    if (u->reset)
        buffer_text(out, ", was reset");
    buffer_text(out, "\n");
}

static void print_message(const struct life *life, const struct life_message *m,
                          struct buffer *out) {
    static const char *const names[SAID_KINDS] = {
        [SAID_DELIVERY] = "delivery", [SAID_HUB] = "hub",
        [SAID_DEVICE] = "device",     [SAID_LOCAL] = "device, locally",
        [SAID_ANSWER] = "answer",     [SAID_LATER] = "device, later",
        [SAID_READ] = "read"};
    uint8_t belongs = message_belongs(life, m);
    print_time(life, m->time, out);
    buffer_printf(out, "%s says %04X %08" PRIX32 " %u", names[m->said], m->code,
                  m->version, m->result);
    if (m->update != LIFE_NONE)
        buffer_printf(out, " (of update %u)", m->update);
    if (belongs != m->update)
        buffer_printf(out, " (by the rules of %d)",
                      belongs == LIFE_NONE ? -1 : belongs);
    if (!m->posted)
        buffer_text(out, ": lost\n");
    else
        buffer_printf(out, ": came on day %d %02d:00\n",
                      (int)((m->took - life->begin) / DAY),
                      (int)((m->took - life->begin) % DAY / HOUR));
}

void life_print(const struct life *life, struct buffer *out) {
    char id[EUI64_TEXT_SIZE];
    buffer_printf(out, "life %u, %s %s, runs %08" PRIX32 ", %s\n", life->number,
                  device_types[life->device.type],
                  eui64_format(life->device.id, id), life->device.versions[0],
                  life->complete ? "all its messages arrived"
                                 : "some of its messages were lost");
    life_print_plan(life, out);
    buffer_text(out, "  as it was:\n");
    for (unsigned i = 0; i < life->update_count; i++)
        print_update(life, i, out);
    for (unsigned i = 0; i < life->message_count; i++)
        print_message(life, &life->messages[i], out);
    for (unsigned i = 0; i < life->record_count; i++)
        buffer_printf(out, "    record of request %" PRIu64 ": %s%s\n",
                      life->records[i].counter, life->records[i].status,
                      life->records[i].live ? ", in progress" : "");
    for (unsigned i = 0; i < life->told_count; i++)
        buffer_printf(out,
                      "    told supplier %u N%u %04X %08" PRIX32
                      " %u request %" PRIu64 "\n",
                      life->told[i].user + 1u, life->told[i].code,
                      life->told[i].alert, life->told[i].version,
                      life->told[i].result, life->told[i].request);
}
