/* What a handler asks of a request. */
#include "http/listener.h"
#include "http/route.h"

const char *http_path_parameter(const struct http_request *request,
                                const char *name) {
    const struct http_exchange *x = request->exchange;
    for (size_t i = 0; i < x->parameter_count; i++)
        if (strcmp(x->parameters[i].name, name) == 0)
            return x->parameters[i].value;
    return NULL;
}

static const char *request_value(const struct http_request *request,
                                 enum MHD_ValueKind kind, const char *name) {
    return MHD_lookup_connection_value(request->exchange->mhd, kind, name);
}

const char *http_header(const struct http_request *request, const char *name) {
    return request_value(request, MHD_HEADER_KIND, name);
}

const char *http_cookie(const struct http_request *request, const char *name) {
    return request_value(request, MHD_COOKIE_KIND, name);
}

const char *http_query(const struct http_request *request, const char *name) {
    const char *value = NULL, *decoded = NULL;
    size_t len = 0;
    if (!MHD_lookup_connection_value_n(request->exchange->mhd,
                                       MHD_GET_ARGUMENT_KIND, name,
                                       strlen(name), &value, &len))
        return NULL;
    if (!value)
        return "";
    return percent_decode(request->arena, span_of(value, len), &decoded)
               ? decoded
               : "";
}
