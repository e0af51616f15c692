#include "csp_gateway/sections.h"

#include <openssl/sha.h>
#include <unistd.h>

struct section {
    const char *csp;
    struct span digest;
};

/* What two fotads have to agree on. Secrets have no place in the database, not
 * even as a digest; files may lie elsewhere. */
static struct span section_digest(const struct config_csp *csp,
                                  struct arena *arena) {
    const char *text = arena_printf(
        arena, "%s|%s|%s|%jd|%jd|%jd|%jd|%d|%d|%jd|%jd|%jd|%jd|%jd|%jd",
        csp->regions, csp->base_url, csp->inbound_certificate,
        (intmax_t)csp->max_devices_per_job, (intmax_t)csp->busy_retry,
        (intmax_t)csp->busy_give_up, (intmax_t)csp->timeout, csp->recall,
        csp->shared_jobs, (intmax_t)csp->jobs_in_flight,
        (intmax_t)csp->devices_in_flight, (intmax_t)csp->devices_per_minute,
        (intmax_t)csp->meter_share, (intmax_t)csp->gather,
        (intmax_t)csp->cell_channels);
    uint8_t *digest = arena_alloc(arena, SHA256_DIGEST_LENGTH);
    SHA256((const uint8_t *)text, strlen(text), digest);
    return span_of(digest, SHA256_DIGEST_LENGTH);
}

static const char *process_name(struct arena *arena) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    return arena_printf(arena, "%s:%jd", host, (intmax_t)getpid());
}

enum outcome csp_sections_note(const struct config *config, struct db *db,
                               struct arena *arena) {
    static const struct db_statement note = {
        "note_csp_sections", "select note_csp_sections($1, $2, $3, $4)"};
    static const struct db_column columns[] = {
        DB_COLUMN(TEXT, struct section, csp),
        DB_COLUMN(BYTEA, struct section, digest),
    };
    struct section sections[CONFIG_MOST_CSPS + 1] = {{.csp = ""}};
    for (size_t i = 0; i < config->csp_count; i++)
        sections[i + 1] = (struct section){
            config->csps[i].name, section_digest(&config->csps[i], arena)};
    struct db_params params = DB_PARAMS(arena);
    db_text(&params, process_name(arena));
    db_arrays(&params, DB_COLUMNS(columns), sections, config->csp_count + 1,
              sizeof *sections);
    db_instant(&params, clock_now());
    return db_run(db, &note, &params, arena, NULL);
}

enum outcome csp_sections_differ(struct db *db, struct arena *arena,
                                 struct db_rows **names) {
    static const struct db_statement find = {
        "csp_sections_that_differ",
        "select csp from csp_sections_that_differ($1)"};
    struct db_params params = DB_PARAMS(arena);
    db_instant(&params, clock_now());
    return db_run(db, &find, &params, arena, names);
}
