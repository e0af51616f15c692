/*
 * Lists that C, the database, the API, the screens and the schemas each have:
 * the same names in each. What C has is in base/lists.def, device_type.def,
 * tracking/status.def, transition.def, condition.def and message.def; what it
 * has not is a type of the database.
 */
#include "support/check.h"
#include "support/openapi.h"
#include "support/pg.h"
#include "support/sql.h"

#include "base/embedded.h"
#include "base/lists.h"
#include "tracking/transition.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>

static const char *const events[] = {
#define TRANSITION(event, ...) #event,
#include "tracking/transition.def"
#undef TRANSITION
    NULL};

static const char *const conditions[] = {
#define CONDITION(condition, ...) #condition,
#include "request/condition.def"
#undef CONDITION
    NULL};

static const char *const alert_codes[] = {
#define DCC_ALERT(code, ...) code,
#define QUARANTINED(code, ...) code,
#define MESSAGE(...)
#include "delivery/message.def"
#undef DCC_ALERT
#undef QUARANTINED
#undef MESSAGE
    NULL};

/* ---- where a list stands ---- */

struct world {
    struct sql *sql;
    struct arena *arena;
    json_t *openapi, *contract; /* with people; with CSPs */
};

/* Appends the names at `where` to `names`. */
typedef void reader(struct world *world, const char *where, json_t *names);

static void add_name(json_t *names, struct span name) {
    json_array_append_new(names,
                          json_stringn((const char *)name.data, name.len));
}

static void add_lines(struct world *world, const char *lines, json_t *names) {
    char *rest = *lines ? arena_text(world->arena, span_text(lines)) : NULL;
    for (char *name; (name = strsep(&rest, "\n"));)
        add_name(names, span_text(name));
}

/* The labels of a type of the database. */
static void read_type(struct world *world, const char *where, json_t *names) {
    add_lines(world,
              sql_rows(world->sql,
                       "select enumlabel from pg_enum where enumtypid ="
                       " '%s'::regtype order by enumsortorder",
                       where),
              names);
}

/* The rows of a query, of one column. */
static void read_query(struct world *world, const char *where, json_t *names) {
    add_lines(world, sql_rows(world->sql, "%s", where), names);
}

/* A path into the OpenAPI file, its parts with blanks between them: the texts
 * of an array, or the members of an object. */
static void read_file(json_t *at, struct world *world, const char *where,
                      json_t *names) {
    char *rest = arena_text(world->arena, span_text(where));
    for (char *part; (part = strsep(&rest, " "));)
        at = json_is_array(at) ? json_array_get(at, (size_t)atoi(part))
                               : json_object_get(at, part);
    size_t i;
    const char *name;
    json_t *value;
    json_array_foreach(at, i, value) json_array_append(names, value);
    json_object_foreach(at, name, value) add_name(names, span_text(name));
}

static void read_openapi(struct world *world, const char *where,
                         json_t *names) {
    read_file(world->openapi, world, where, names);
}

static void read_contract(struct world *world, const char *where,
                          json_t *names) {
    read_file(world->contract, world, where, names);
}

/* From `begin`, or the end of the file, to before `end`. */
static struct span part_of(struct span file, const char *begin,
                           const char *end) {
    const char *text = (const char *)file.data;
    const char *from = strstr(text, begin);
    if (!from)
        return span_of("", 0);
    from += strlen(begin);
    const char *to = strstr(from, end);
    return span_of(from, to ? (size_t)(to - from) : 0);
}

/* The text in quotes that begins at `at`, or the word. */
static struct span name_at(const char *at) {
    const char *from = at + (*at == '"');
    const char *to = from;
    while (*at == '"' ? *to != '"' : isalnum((unsigned char)*to) || *to == '_')
        to++;
    return span_of(from, (size_t)(to - from));
}

/* "FILE TABLE": the keys of a table of the screens', or of a list the first
 * text of each row. A row begins with four blanks. */
static void read_rows(struct world *world, const char *where, json_t *names) {
    char *table = arena_text(world->arena, span_text(where));
    const char *file = strsep(&table, " ");
    struct span rows =
        part_of(embedded_file(file),
                arena_printf(world->arena, "const %s = ", table), "\n};");
    struct span list =
        part_of(embedded_file(file),
                arena_printf(world->arena, "const %s = [", table), "\n];");
    if (list.len)
        rows = list;
    const char *text = arena_text(world->arena, rows);
    while ((text = strstr(text, "\n    "))) {
        text += 5;
        const char *name = text + (*text == '[');
        if (isalpha((unsigned char)*name) || *name == '"')
            add_name(names, name_at(name));
    }
}

/* "FILE TABLE": all texts in quotes of a list in one line. */
static void read_texts(struct world *world, const char *where, json_t *names) {
    char *table = arena_text(world->arena, span_text(where));
    const char *file = strsep(&table, " ");
    const char *text = arena_text(
        world->arena,
        part_of(embedded_file(file),
                arena_printf(world->arena, "const %s = ", table), "];"));
    while ((text = strchr(text, '"'))) {
        struct span name = name_at(text);
        add_name(names, name);
        text += name.len + 2;
    }
}

/* "FILE TYPE": the values of a simple type of a schema. */
static void read_schema(struct world *world, const char *where, json_t *names) {
    char *type = arena_text(world->arena, span_text(where));
    const char *file = strsep(&type, " ");
    const char *text = arena_text(
        world->arena,
        part_of(embedded_file(file),
                arena_printf(world->arena, "simpleType name=\"%s\"", type),
                "</xs:simpleType>"));
    while ((text = strstr(text, "enumeration value="))) {
        text += strlen("enumeration value=");
        add_name(names, name_at(text));
    }
}

/* What the functions write into sat_entry.kind: the texts of the second column
 * of each insert. */
static void read_sat_kinds(struct world *world, const char *where,
                           json_t *names) {
    (void)world, (void)where;
    for (const struct embedded_file *f = embedded_files; f->name; f++) {
        const char *text = (const char *)f->text.data;
        if (strncmp(f->name, "sql/", 4) != 0 || strstr(f->name, "/migrations/"))
            continue;
        while ((text = strstr(text, "insert into sat_entry ("))) {
            const char *values = strstr(text, "values ("),
                       *select = strstr(text, "select ");
            text = !values || (select && select < values) ? select : values;
            assert_non_null(text);
            text = strstr(text, ", ");
            assert_non_null(text);
            text += strlen(", ");
            for (const char *end = strchr(text, ','); text < end; text++)
                if (*text == '\'') {
                    const char *to = strchr(text + 1, '\'');
                    add_name(names, span_of(text + 1, (size_t)(to - text) - 1));
                    text = to;
                }
        }
    }
}

/* ---- the lists ---- */

enum { PLACES = 5 };

static const struct list {
    const char *name;
    const char *const *names; /* C's, or NULL */
    struct {
        reader *read;
        const char *where;
    } places[PLACES];
    bool ordered; /* in the same order everywhere */
} lists[] = {
    {"device types",
     device_types,
     {{read_type, "device_type"},
      {read_openapi, "components schemas DeviceType enum"},
      {read_contract, "components schemas DeviceType enum"},
      {read_schema, "schemas/duis-response.xsd DeviceType"}},
     true},
    {"device types that a service is for",
     NULL,
     {{read_query, "select device_type::text from service_device_type union"
                   " select device_type::text from command_device_type"},
      {read_texts, "web/words.js DEVICE_TYPES"}},
     false},
    {"device statuses", device_statuses, {{read_type, "device_status"}}, true},
    {"CSP regions", csp_regions, {{read_type, "csp_region"}}, true},
    {"CPL statuses", cpl_statuses, {{read_type, "cpl_status"}}, true},
    {"SMETS versions", smets_versions, {{read_type, "smets_version"}}, true},
    {"User Roles", user_roles, {{read_type, "user_role"}}, true},
    {"User statuses", user_statuses, {{read_type, "user_status"}}, true},
    {"Service Reference Variants",
     service_variants,
     {{read_query, "select service_reference_variant from service_reference"},
      {read_openapi, "paths /api/v1/requests get parameters 2 schema enum"},
      {read_openapi, "components schemas HeldRequest properties"
                     " serviceReferenceVariant enum"},
      {read_openapi, "components schemas Threshold properties"
                     " serviceReferenceVariant enum"},
      {read_rows, "web/words.js VARIANTS"}},
     false},
    {"Processing Statuses",
     tracking_statuses,
     {{read_type, "processing_status"},
      {read_openapi, "components schemas ProcessingStatus enum"},
      {read_openapi, "components schemas Statuses properties"},
      {read_rows, "web/words.js STATUSES"}},
     true},
    {"events",
     events,
     {{read_query, "select event from transition"},
      {read_rows, "web/words.js EVENTS"}},
     false},
    {"conditions",
     conditions,
     {{read_query, "select distinct condition from response_code"}},
     false},
    {"states of requests",
     request_states,
     {{read_openapi, "components schemas RequestState enum"},
      {read_rows, "web/words.js REQUEST_STATES"}},
     false},
    {"states of held requests",
     hold_states,
     {{read_type, "hold_state"},
      {read_openapi, "components schemas HeldRequest properties state enum"},
      {read_openapi, "paths /api/v1/quarantine get parameters 0 schema enum"},
      {read_rows, "web/words.js HOLD_STATES"}},
     true},
    {"verbs of steering",
     steering_verbs,
     {{read_type, "steering_verb"},
      {read_openapi, "components schemas SteeringVerb enum"},
      {read_rows, "web/words.js STEERING_VERBS"}},
     true},
    {"states of orders",
     steering_states,
     {{read_type, "steering_state"},
      {read_openapi, "components schemas SteeringState enum"},
      {read_rows, "web/words.js STEERING_STATES"}},
     true},
    {"causes of orders",
     steering_causes,
     {{read_type, "steering_cause"},
      {read_openapi, "components schemas SteeringCause enum"},
      {read_rows, "web/words.js STEERING_CAUSES"}},
     true},
    {"states of messages",
     alert_states,
     {{read_type, "alert_state"},
      {read_openapi, "components schemas UndeliveredAlert properties state"
                     " enum"},
      {read_openapi, "paths /api/v1/undelivered get parameters 0 schema enum"},
      {read_rows, "web/words.js MESSAGE_STATES"}},
     true},
    {"stages of stuck devices",
     NULL,
     {{read_openapi, "components schemas StuckStage enum"},
      {read_rows, "web/words.js STUCK_STAGES"}},
     true},
    {"states of jobs",
     NULL,
     {{read_type, "job_state"},
      {read_openapi, "components schemas Job properties state enum"},
      {read_rows, "web/words.js JOB_STATES"}},
     true},
    {"states of commands",
     NULL,
     {{read_type, "command_state"},
      {read_openapi, "components schemas Activation properties state enum"},
      {read_rows, "web/words.js ACTIVATION_STATES"}},
     true},
    {"roles of accounts",
     NULL,
     {{read_type, "account_role"},
      {read_openapi, "components schemas Role enum"},
      {read_rows, "web/words.js ROLES"}},
     true},
    {"kinds of notices",
     NULL,
     {{read_type, "notice_kind"},
      {read_openapi, "components schemas NoticeKind enum"},
      {read_rows, "web/pages/mail.js WISHES"}},
     true},
    {"lists that devices are refused in",
     NULL,
     {{read_openapi, "components schemas DeviceCounts properties refused"
                     " properties"},
      {read_rows, "web/words.js REFUSED_LISTS"}},
     false},
    {"the same in a dry run",
     NULL,
     {{read_openapi, "components schemas DryRun properties refused properties"},
      {read_rows, "web/pages/dry-run.js LISTS"}},
     false},
    {"why a device is refused",
     NULL,
     {{read_query, "select unnest(enum_range(null::refusal))::text union"
                   " select reason from csp_reason"},
      {read_rows, "web/words.js REASONS"}},
     false},
    {"stages of a request",
     NULL,
     {{read_openapi, "components schemas Stage properties stage enum"},
      {read_rows, "web/words.js STAGES"}},
     true},
    {"stages of a device",
     NULL,
     {{read_openapi, "components schemas TimelineStage properties stage enum"},
      {read_rows, "web/words.js TIMELINE_STAGES"}},
     true},
    {"states of stages",
     NULL,
     {{read_openapi, "components schemas TimelineStage properties state enum"},
      {read_rows, "web/words.js TIMELINE_STATES"}},
     false},
    {"kinds of the trail that a device's page has",
     NULL,
     {{read_openapi, "components schemas TrailEntry properties kind enum"},
      {read_query, "select (regexp_matches(indexdef, '''([a-z]+)''::text',"
                   " 'g'))[1] from pg_indexes where tablename = 'sat_entry'"
                   " and indexdef like '%''told''%'"}},
     false},
    {"kinds of the trail",
     NULL,
     {{read_sat_kinds, ""},
      {read_rows, "web/words.js TRAIL_KINDS"},
      {read_query, "select regexp_split_to_table(col_description("
                   "'sat_entry'::regclass, attnum), ', ') from pg_attribute"
                   " where attrelid = 'sat_entry'::regclass"
                   " and attname = 'kind'"}},
     false},
    {"DCC Alerts",
     alert_codes,
     {{read_query,
       "select alert from transition where alert <> 'reason' union"
       " select alert from csp_reason union select alert from version_mismatch"
       " union values ('N46'), ('N47'), ('N48')"}},
     false},
};
enum { LISTS = sizeof lists / sizeof *lists };

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names with blanks between them, each once; by name unless ordered. */
static const char *joined(struct world *world, const json_t *names,
                          bool ordered) {
    size_t count = json_array_size(names);
    const char **all = arena_zero(world->arena, count + 1, sizeof *all);
    for (size_t i = 0; i < count; i++)
        all[i] = json_string_value(json_array_get(names, i));
    if (!ordered)
        qsort(all, count, sizeof *all, by_name);
    const char *text = "";
    for (size_t i = 0; i < count; i++)
        if (ordered || i == 0 || strcmp(all[i], all[i - 1]) != 0)
            text = arena_printf(world->arena, "%s[%s]", text, all[i]);
    return text;
}

static const char *read_place(struct world *world, const struct list *list,
                              int place) {
    json_t *names = json_array();
    list->places[place].read(world, list->places[place].where, names);
    const char *text = joined(world, names, list->ordered);
    json_decref(names);
    return text;
}

static const char *read_own(struct world *world, const struct list *list) {
    json_t *names = json_array();
    for (size_t i = 0; list->names[i]; i++)
        add_name(names, span_text(list->names[i]));
    const char *text = joined(world, names, list->ordered);
    json_decref(names);
    return text;
}

static unsigned compare(struct world *world, const struct list *list) {
    const char *first = list->names ? read_own(world, list) : NULL;
    unsigned wrong = 0;
    for (int i = 0; i < PLACES && list->places[i].read; i++) {
        const char *here = read_place(world, list, i);
        if (!first)
            first = here;
        if (*here && strcmp(here, first) == 0)
            continue;
        print_error("%s: %s has\n    %s\nnot %s\n", list->name,
                    list->places[i].where, here, first);
        wrong++;
    }
    return wrong;
}

static void each_list_is_the_same_everywhere(void **state) {
    (void)state;
    struct world world = {.sql = sql_open(pg_tracking_database()),
                          .arena = arena_new()};
    world.openapi = openapi_read(world.arena, "ssi-openapi.json");
    world.contract = openapi_read(world.arena, "csp-gateway-openapi.json");
    unsigned wrong = 0;
    for (size_t i = 0; i < LISTS; i++)
        wrong += compare(&world, &lists[i]);
    sql_close(world.sql);
    arena_free(world.arena);
    assert_int_equal(wrong, 0);
}

static void a_name_is_found_in_its_list(void **state) {
    (void)state;
    struct arena *arena = arena_new();
    assert_ptr_equal(list_find(csp_regions, "4G North"), csp_regions[3]);
    assert_null(list_find(csp_regions, "4g north"));
    assert_null(list_find(csp_regions, ""));
    assert_string_equal(list_text(arena, hold_states),
                        "held, released and rejected");
    assert_string_equal(list_text(arena, smets_versions), "SMETS1 and SMETS2");
    assert_string_equal(device_types[TYPE_HCALCS], "HCALCS");
    assert_null(device_types[DEVICE_TYPES]);
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_list_is_the_same_everywhere),
        cmocka_unit_test(a_name_is_found_in_its_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
