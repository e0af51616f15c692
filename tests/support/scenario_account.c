#include "support/scenario_account.h"

#include "fotasim/estate.h"

#include <stdlib.h>

static const struct {
    const char *code; /* how it begins */
    size_t supplier;
} TELLS[TOLDS] = {[TOLD_REJECTED] = {"N18 N19 N20 N21 N22", 0},
                  [TOLD_N59] = {"N59", 1},
                  [TOLD_N60] = {"N60", 0},
                  [TOLD_N61] = {"N61", 0},
                  [TOLD_N62] = {"N62", 0},
                  [TOLD_N39] = {"N39", 0},
                  [TOLD_N39_TOO] = {"N39", 1}};

static int by_id(const void *a, const void *b) {
    eui64 one = *(const eui64 *)a, other = *(const eui64 *)b;
    return (one > other) - (one < other);
}

size_t scenario_account_place(const struct scenario_account *account,
                              const char *device_id) {
    eui64 id = 0;
    if (!eui64_parse(span_of(device_id, EUI64_TEXT_LEN), &id))
        return SIZE_MAX;
    const eui64 *at =
        bsearch(&id, account->ids, account->count, sizeof id, by_id);
    return at ? (size_t)(at - account->ids) : SIZE_MAX;
}

static size_t kind_of(const struct sim_message *message) {
    size_t which = 0;
    while (which < TOLDS &&
           (!*message->code || !strstr(TELLS[which].code, message->code) ||
            sim_suppliers[TELLS[which].supplier] != message->user))
        which++;
    return which;
}

static void enter(void *context, const struct sim_message *message) {
    struct scenario_account *account = context;
    size_t which = kind_of(message);
    if (message->repeat) {
        account->repeats++;
        return;
    }
    if (!*message->code) {
        account->responses++;
        return;
    }
    account->strange += which == TOLDS && !account->others;
    for (const char *at = message->devices; which < TOLDS && *at;
         at += at[EUI64_TEXT_LEN] ? EUI64_TEXT_SIZE : EUI64_TEXT_LEN) {
        size_t place = scenario_account_place(account, at);
        if (place == SIZE_MAX)
            account->strange += !account->others;
        else
            account->told[place][which]++;
    }
}

struct scenario_account scenario_account(struct scenario *s) {
    size_t count = s->wish.bulk;
    struct scenario_account account = {
        .count = count,
        .others = s->wish.others,
        .ids = arena_alloc(s->arena, (count + 1) * sizeof *account.ids),
        .told = arena_zero(s->arena, count + 1, sizeof *account.told)};
    memcpy(account.ids, s->bulk, count * sizeof *account.ids);
    qsort(account.ids, count, sizeof *account.ids, by_id);
    sim_users_ledger(s->users, enter, &account);
    return account;
}
