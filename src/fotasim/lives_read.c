#include "fotasim/lives_read.h"

#include "desk/activations.h"
#include "fotasim/estate.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- whether all is worked off ---- */

/* Asked twenty times a second at first, then less often; for this long. */
enum { MOST_PAUSE = 200000 };
#define MOST_WAIT (10 * MINUTE)

static bool database_says(struct lives_run *run,
                          const struct db_statement *statement, instant now) {
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    struct db_rows *rows;
    db_instant(&params, now);
    enum outcome outcome = db_run(run->db, statement, &params, arena, &rows);
    bool yes = outcome == DONE && db_get_bool(rows, 0, 0);
    if (outcome == FAILED)
        lives_die("the database: %s", db_reason(run->db));
    arena_free(arena);
    return yes;
}

static void database_await(struct lives_run *run,
                           const struct db_statement *statement, instant now) {
    instant began = clock_elapsed();
    for (useconds_t pause = 2000; !database_says(run, statement, now);
         pause = pause < MOST_PAUSE ? pause * 3 / 2 : pause) {
        if (clock_elapsed() - began > MOST_WAIT)
            lives_die("fotad does not come to an end: %s", statement->name);
        usleep(pause);
    }
}

void lives_settle(struct lives_run *run, instant now, bool released,
                  bool delivered) {
    static const struct db_statement worked = {
        "lives_worked",
        "select not exists (select from gbcs_message where state = 'waiting')"
        " and not exists (select from csp_job where state = 'waiting')"
        " and not exists (select from distribution where unassigned > 0)"
        " and not exists (select from device_command where state = 'waiting'"
        " and next_try <= $1)"};
    static const struct db_statement let_go = {
        "lives_released",
        "select not exists (select from tracking_live where release_due <= "
        "$1)"};
    static const struct db_statement told = {
        "lives_told", "select not exists (select from alert where state = "
                      "'waiting') and $1::timestamptz is not null"};
    database_await(run, &worked, now);
    if (released)
        database_await(run, &let_go, now);
    if (delivered)
        database_await(run, &told, now);
}

/* ---- what it says ---- */

struct record_row {
    eui64 device, originator;
    uint64_t counter;
    const char *status;
    bool live;
};

/* Where a record goes: over what was read of the same before, for records are
 * kept for some time only. */
static struct life_record *record_place(struct life *life,
                                        const struct record_row *row) {
    uint8_t sender = lives_supplier(row->originator);
    for (unsigned i = 0; i < life->record_count; i++)
        if (life->records[i].counter == row->counter &&
            life->records[i].sender == sender)
            return &life->records[i];
    if (life->record_count == LIFE_MOST_UPDATES)
        return NULL;
    return &life->records[life->record_count++];
}

static void record_take(const struct lives_run *run,
                        const struct record_row *row) {
    struct life *life = lives_find(run, row->device);
    struct life_record *record = life ? record_place(life, row) : NULL;
    if (!record)
        return;
    *record = (struct life_record){.counter = row->counter,
                                   .sender = lives_supplier(row->originator),
                                   .live = row->live};
    snprintf(record->status, sizeof record->status, "%s", row->status);
}

static void records_read(struct lives_run *run) {
    static const struct db_statement statement = {
        "lives_records",
        "select t.device_id, r.originator, r.counter::text, t.status::text,"
        " t.released is null from tracking t join service_request r"
        " on r.request_no = t.request_no"
        " where t.status::text <> 'REJECTED_BY_DSP'"};
    static const struct db_column columns[] = {
        DB_COLUMN(EUI64, struct record_row, device),
        DB_COLUMN(EUI64, struct record_row, originator),
        DB_COLUMN(NUMERIC, struct record_row, counter),
        DB_COLUMN(TEXT, struct record_row, status),
        DB_COLUMN(BOOL, struct record_row, live),
    };
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    void *rows;
    size_t count;
    if (db_fetch(run->db, &statement, &params, DB_COLUMNS(columns),
                 sizeof(struct record_row), &rows, &count) != DONE)
        lives_die("the records: %s", db_reason(run->db));
    for (size_t i = 0; i < count; i++)
        record_take(run, (struct record_row *)rows + i);
    arena_free(arena);
}

struct inventory_row {
    eui64 device;
    struct span version;
};

static void inventory_read(struct lives_run *run) {
    static const struct db_statement statement = {
        "lives_inventory", "select device_id, firmware_version::bytea from"
                           " smi_device where firmware_version is not null"};
    static const struct db_column columns[] = {
        DB_COLUMN(EUI64, struct inventory_row, device),
        DB_COLUMN(BYTEA, struct inventory_row, version),
    };
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    void *rows;
    size_t count;
    if (db_fetch(run->db, &statement, &params, DB_COLUMNS(columns),
                 sizeof(struct inventory_row), &rows, &count) != DONE)
        lives_die("the inventory: %s", db_reason(run->db));
    for (size_t i = 0; i < count; i++) {
        const struct inventory_row *row = (struct inventory_row *)rows + i;
        struct life *life = lives_find(run, row->device);
        if (life && row->version.len == 4)
            life->smi = (uint32_t)row->version.data[0] << 24 |
                        (uint32_t)row->version.data[1] << 16 |
                        (uint32_t)row->version.data[2] << 8 |
                        row->version.data[3];
    }
    arena_free(arena);
}

/* RSAT_004, as the Service Desk asks for it. */
static void report_read(struct lives_run *run) {
    enum { DEVICE = 4, RESULT = 11 };
    const struct activation_filter filter = {.from = 0,
                                             .to = clock_now() + DAY};
    struct arena *arena = arena_new();
    struct db_params params = DB_PARAMS(arena);
    struct db_rows *rows;
    activation_filter_add(&params, &filter);
    db_null(&params);
    db_null(&params);
    if (db_run(run->db, &activation_rows, &params, arena, &rows) != DONE)
        lives_die("RSAT_004: %s", db_reason(run->db));
    for (size_t i = 0; i < db_row_count(rows); i++) {
        struct life *life = lives_find(run, db_get_eui64(rows, i, DEVICE));
        if (life && !db_is_null(rows, i, RESULT))
            snprintf(life->activation, sizeof life->activation, "%s",
                     db_get_text(rows, i, RESULT));
    }
    arena_free(arena);
}

void lives_read_records(struct lives_run *run) {
    records_read(run);
    inventory_read(run);
    report_read(run);
}
