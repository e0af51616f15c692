#include "fotactl/manual_csp.h"

#include "base/embedded.h"
#include "base/version.h"
#include "fotactl/roff.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *member) {
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

/* What "$ref" names, or the value itself. */
static const json_t *ref_resolve(const json_t *root, const json_t *value) {
    char path[128];
    const char *ref = text_of(value, "$ref");
    if (!*ref)
        return value;
    snprintf(path, sizeof path, "%s", ref);
    char *rest = NULL;
    for (char *name = strtok_r(path, "#/", &rest); name;
         name = strtok_r(NULL, "#/", &rest))
        root = json_object_get(root, name);
    return root;
}

static const char *name_of_ref(const json_t *value) {
    const char *slash = strrchr(text_of(value, "$ref"), '/');
    return slash ? slash + 1 : NULL;
}

/* ---- schemas ---- */

static void words_print(struct buffer *out, const json_t *words,
                        const char *between) {
    size_t i;
    const json_t *word;
    json_array_foreach(words, i, word) {
        buffer_text(out, i ? between : "");
        if (json_is_string(word))
            roff_text(out, json_string_value(word));
    }
}

/* "an array of Target", "one of A, B", "string, at most 128" */
static void type_print(struct buffer *out, const json_t *schema) {
    const json_t *type = json_object_get(schema, "type"),
                 *items = json_object_get(schema, "items"),
                 *words = json_object_get(schema, "enum");
    const char *name = name_of_ref(schema);
    if (name) {
        buffer_text(out, name);
    } else if (items) {
        buffer_text(out, "array of ");
        type_print(out, items);
    } else if (words) {
        buffer_text(out, "one of ");
        words_print(out, words, ", ");
    } else if (json_is_array(type)) {
        words_print(out, type, " or ");
    } else if (json_object_get(schema, "oneOf")) {
        size_t i;
        const json_t *each;
        json_array_foreach(json_object_get(schema, "oneOf"), i, each) {
            buffer_text(out, i ? ", or " : "");
            type_print(out, each);
        }
    } else {
        buffer_text(out, *text_of(schema, "type") ? text_of(schema, "type")
                                                  : "any value");
    }
    static const struct {
        const char *member, *words;
    } limits[] = {{"minItems", "at least"},  {"maxItems", "at most"},
                  {"minLength", "at least"}, {"maxLength", "at most"},
                  {"minimum", "from"},       {"maximum", "to"}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        const json_t *limit = json_object_get(schema, limits[i].member);
        if (json_is_integer(limit))
            buffer_printf(out, ", %s %jd", limits[i].words,
                          (intmax_t)json_integer_value(limit));
    }
    if (*text_of(schema, "pattern")) {
        buffer_text(out, ", ");
        roff_text(out, text_of(schema, "pattern"));
    }
}

static bool has_word(const json_t *list, const char *word) {
    size_t i;
    const json_t *each;
    json_array_foreach(list, i, each) {
        if (strcmp(json_string_value(each), word) == 0)
            return true;
    }
    return false;
}

static void schema_print(struct buffer *out, const char *name,
                         const json_t *schema) {
    const json_t *required = json_object_get(schema, "required");
    const char *member;
    json_t *value;
    buffer_printf(out, ".SS %s\n", name);
    if (!json_object_get(schema, "properties")) {
        type_print(out, schema);
        buffer_text(out, "\n");
    }
    if (*text_of(schema, "description")) {
        buffer_text(out, ".PP\n");
        roff_paragraph(out, text_of(schema, "description"));
    }
    json_object_foreach(json_object_get(schema, "properties"), member, value) {
        buffer_text(out, ".TP\n.B ");
        roff_text(out, member);
        buffer_text(out, "\n");
        type_print(out, value);
        buffer_text(out,
                    has_word(required, member) ? "\n" : "; may be left out\n");
        if (*text_of(value, "description"))
            roff_paragraph(out, text_of(value, "description"));
    }
}

/* ---- operations ---- */

static void body_print(struct buffer *out, const json_t *owner,
                       const char *what) {
    const char *media;
    json_t *value;
    json_object_foreach(json_object_get(owner, "content"), media, value) {
        buffer_printf(out, "%s: ", what);
        roff_text(out, media);
        buffer_text(out, ", ");
        type_print(out, json_object_get(value, "schema"));
        buffer_text(out, ".\n");
    }
}

static void answer_print(struct buffer *out, const json_t *root,
                         const char *status, const json_t *answer) {
    const json_t *said = ref_resolve(root, answer);
    const char *header;
    json_t *value;
    buffer_text(out, ".TP\n.B ");
    roff_text(out, status);
    buffer_text(out, "\n");
    roff_text(out, text_of(said, "description"));
    buffer_text(out, "\n");
    if (*text_of(said, "x-means"))
        buffer_printf(out, "(fotad: %s)\n", text_of(said, "x-means"));
    body_print(out, said, "Body");
    json_object_foreach(json_object_get(said, "headers"), header, value) {
        buffer_text(out, "Header ");
        roff_text(out, header);
        buffer_text(out, ".\n");
    }
}

static void parameters_print(struct buffer *out, const json_t *root,
                             const json_t *operation) {
    size_t i;
    const json_t *parameter;
    json_array_foreach(json_object_get(operation, "parameters"), i, parameter) {
        const json_t *said = ref_resolve(root, parameter);
        buffer_text(out, ".TP\n.B ");
        roff_text(out, text_of(said, "name"));
        buffer_printf(out, "\nin the %s, ", text_of(said, "in"));
        type_print(out, json_object_get(said, "schema"));
        buffer_text(out, ".\n");
        if (*text_of(said, "description"))
            roff_paragraph(out, text_of(said, "description"));
    }
}

static void operation_print(struct buffer *out, const json_t *root,
                            const char *path, const char *method,
                            const json_t *operation) {
    const char *status;
    json_t *answer;
    buffer_text(out, ".SS ");
    for (; *method; method++)
        buffer_printf(out, "%c", *method - 'a' + 'A');
    buffer_text(out, " ");
    roff_text(out, path);
    buffer_text(out, "\n");
    roff_text(out, text_of(operation, "summary"));
    buffer_text(out, " (");
    roff_text(out, text_of(operation, "operationId"));
    buffer_text(out, ").\n");
    if (*text_of(operation, "description"))
        roff_paragraph(out, text_of(operation, "description"));
    body_print(out, json_object_get(operation, "requestBody"), "Body");
    parameters_print(out, root, operation);
    json_object_foreach(json_object_get(operation, "responses"), status,
                        answer) {
        answer_print(out, root, status, answer);
    }
}

/* Those with this tag. */
static void operations_print(struct buffer *out, const json_t *root,
                             const char *tag) {
    const char *path, *method;
    json_t *methods, *operation;
    json_object_foreach(json_object_get(root, "paths"), path, methods) {
        json_object_foreach(methods, method, operation) {
            if (has_word(json_object_get(operation, "tags"), tag))
                operation_print(out, root, path, method, operation);
        }
    }
}

/* ---- the page ---- */

static void security_print(struct buffer *out, const json_t *root) {
    const char *name;
    json_t *scheme;
    buffer_text(out, ".SH WHO IT IS\n");
    json_object_foreach(
        json_object_get(json_object_get(root, "components"), "securitySchemes"),
        name, scheme) {
        buffer_printf(out, ".TP\n.B %s\n%s: ", name,
                      *text_of(scheme, "scheme") ? text_of(scheme, "scheme")
                                                 : text_of(scheme, "type"));
        roff_paragraph(out, text_of(scheme, "description"));
    }
}

void manual_csp(struct buffer *out) {
    struct span text = embedded_file("schemas/csp-gateway-openapi.json");
    json_t *root = json_loadb((const char *)text.data, text.len, 0, NULL);
    const char *name;
    json_t *schema;
    if (!root)
        abort();
    buffer_printf(out,
                  ".TH FOTAD\\-CSP 7 \"%.10s\" \"fotad " FOTAD_VERSION
                  "\" \"fotad\"\n.SH NAME\nfotad\\-csp \\- the contract of "
                  "fotad and the CSPs\n.SH DESCRIPTION\n",
                  FOTAD_BUILT);
    roff_paragraph(out, text_of(json_object_get(root, "info"), "description"));
    buffer_text(out, ".SH TO THE CSP\n");
    operations_print(out, root, "to the CSP");
    buffer_text(out, ".SH TO FOTAD\n");
    operations_print(out, root, "to fotad");
    security_print(out, root);
    buffer_text(out, ".SH VALUES\n");
    json_object_foreach(
        json_object_get(json_object_get(root, "components"), "schemas"), name,
        schema) {
        schema_print(out, name, schema);
    }
    buffer_text(out,
                ".SH FILES\n"
                "csp\\-gateway\\-openapi.json beside the documents says the "
                "same for machines, as does GET /csp/v1/openapi.json.\n"
                ".SH SEE ALSO\n.BR fotad (8),\n.BR fotad.conf (5)\n");
    json_decref(root);
}
