/* What the Service Desk does and sees in a scenario, by fotactl. */
#include "support/check.h"
#include "support/scenario.h"
#include "support/scenario_files.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>

static void fotactl(struct scenario *s, const char *verb, const char *noun,
                    const char *argument, const char *option,
                    const char *value) {
    const char *const words[] = {"fotactl", "--config", s->config_path,
                                 verb,      noun,       argument,
                                 option,    value,      NULL};
    if (scenario_program(s, words) != 0)
        scenario_fail(s, "fotactl %s %s is refused", verb, noun);
}

void reset(struct scenario *s, char **words) {
    fotactl(s, "reset", scenario_id(s, words[0]), "--reason", "a test", NULL);
}

void imports(struct scenario *s, char **words) {
    const char *path =
        strcmp(words[0], "certificates") == 0
            ? arena_printf(s->arena, "%s/pki/certificates", scenario_home)
            : scenario_path(s, arena_printf(s->arena, "%s.csv", words[0]));
    fotactl(s, "import", words[0], path, NULL, NULL);
}

void logs(struct scenario *s, char **words) {
    scenario_logged(s, words[0], words[1] ? words[1] : "");
}

void measures(struct scenario *s, char **words) {
    double expected = atof(words[1]), got = -1;
    for (struct scenario_wait wait = {0}; scenario_again(&wait);) {
        got = scenario_metric(s, 0, words[0]);
        if (got >= expected && got <= expected)
            return;
    }
    scenario_fail(s, "%s is %f, not %f", words[0], got, expected);
}

/* ---- what screens show ---- */

/* "n1.ppmid" as its Device ID, "#2" as the RequestID of the second update,
 * "@#2" as the hash of its image. */
static const char *argument_of(struct scenario *s, const char *word) {
    if (*word == '@')
        return scenario_ask(s,
                            "select encode(manufacturer_image_hash, 'hex')"
                            " from service_request where counter = %llu",
                            (unsigned long long)scenario_nth(s, word + 1));
    if (*word == '#')
        return scenario_ask(s,
                            "select request_id_text(originator, target,"
                            " counter) from service_request where counter"
                            " = %llu",
                            (unsigned long long)scenario_nth(s, word));
    return strchr(word, '.') ? scenario_id(s, word) : word;
}

void steers(struct scenario *s, char **words) {
    enum { MOST = 16 };
    const char *line[MOST] = {"fotactl", "--config", s->config_path, "--reason",
                              "a test"};
    size_t count = 5;
    for (char **word = words + 1; *word && count < MOST - 1; word++)
        line[count++] = argument_of(s, *word);
    int got = scenario_program(s, line);
    if (got != atoi(words[0]))
        scenario_fail(s, "fotactl %s ended with %d", words[1], got);
}

static json_t *answer_of(struct scenario *s, char **words) {
    struct buffer line = {0};
    buffer_printf(&line, "%s --config %s --json",
                  scenario_program_path(s, "fotactl"), s->config_path);
    for (; *words; words++)
        buffer_printf(&line, " '%s'", argument_of(s, *words));
    FILE *pipe = popen((const char *)line.data, "re");
    json_t *answer =
        pipe ? json_loadf(pipe, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    if (pipe)
        pclose(pipe);
    buffer_free(&line);
    return answer;
}

static const char *text_of(struct scenario *s, const json_t *value) {
    if (!value || json_is_null(value))
        return "-";
    if (json_is_string(value))
        return arena_text(s->arena, span_text(json_string_value(value)));
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    arena_adopt(s->arena, text, free);
    return text;
}

static const json_t *element_of(struct scenario *s, const json_t *list,
                                char *name) {
    char *value = name;
    name = strsep(&value, "=");
    if (!value)
        return json_array_get(list, strtoul(name, NULL, 10));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *element = json_array_get(list, i);
        if (strcmp(text_of(s, json_object_get(element, name)), value) == 0)
            return element;
    }
    return NULL;
}

/* A member for each name between dots. */
static const char *member_of(struct scenario *s, const json_t *answer,
                             const char *path) {
    char *rest = arena_text(s->arena, span_text(path));
    for (char *name; (name = strsep(&rest, "."));)
        answer = json_is_array(answer) ? element_of(s, answer, name)
                                       : json_object_get(answer, name);
    return text_of(s, answer);
}

void shows(struct scenario *s, char **words) {
    const char *got = "";
    for (struct scenario_wait wait = {0}; scenario_again(&wait);) {
        json_t *answer = answer_of(s, words + 2);
        got = member_of(s, answer, words[0]);
        json_decref(answer);
        if (strcmp(got, argument_of(s, words[1])) == 0)
            return;
    }
    scenario_fail(s, "%s is '%s', not '%s'", words[0], got, words[1]);
}
