#include "fotactl/forecast.h"

#include "base/safe_text.h"

static void text_add(struct buffer *out, const json_t *object,
                     const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    safe_add(out, span_text(text ? text : "-"), false);
}

static void print_part(struct buffer *out, const json_t *part) {
    if (json_is_string(json_object_get(part, "why"))) {
        buffer_text(out, "no forecast, ");
        text_add(out, part, "words");
    } else {
        buffer_text(out, "half by ");
        text_add(out, part, "p50");
        buffer_text(out, ", nine of ten by ");
        text_add(out, part, "p90");
    }
    buffer_printf(
        out, "; %jd of %jd are done\n",
        (intmax_t)json_integer_value(json_object_get(part, "done")),
        (intmax_t)json_integer_value(json_object_get(part, "devices")));
}

static void print_score(struct buffer *out, const json_t *score) {
    double by_p90 = (double)json_integer_value(json_object_get(score, "byP90"));
    double devices =
        (double)json_integer_value(json_object_get(score, "devices"));
    buffer_text(out, "  P90 of the last 30 days, ");
    text_add(out, score, "csp");
    buffer_text(out, " ");
    text_add(out, score, "deviceType");
    buffer_printf(out, ": %.1f %% of %.0f devices were done by it\n",
                  100 * by_p90 / devices, devices);
}

void forecast_print(struct buffer *out, const json_t *forecast) {
    size_t i;
    const json_t *item;
    buffer_text(out, "Forecast: ");
    if (!json_is_object(forecast)) {
        buffer_text(out, "none was made yet.\n");
        return;
    }
    print_part(out, forecast);
    json_array_foreach(json_object_get(forecast, "parts"), i, item) {
        buffer_text(out, "  ");
        text_add(out, item, "csp");
        buffer_text(out, " ");
        text_add(out, item, "deviceType");
        buffer_text(out, " ");
        text_add(out, item, "model");
        buffer_text(out, ": ");
        print_part(out, item);
    }
    json_array_foreach(json_object_get(forecast, "score"), i, item) {
        print_score(out, item);
    }
}
