/*
 * HTTP that two readers may read in two ways, that is none, or that never
 * ends. In each text @BAIT@ is a whole good request: it must never be taken
 * out of what carries it. (RFC 9112; server.h says what is refused.)
 */
#include "hostile/siege.h"
#include "http/wire.h"

#include <signal.h>

/* @POST@ is the request line and a Host, @XML@ a Content-Type. */
struct http_case {
    const char *name, *text;
    int status; /* 0: the connection just ends; -1: that or any refusal */
};

#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define SMUGGLED(name, headers, status)                                        \
    { name, "@POST@@XML@" headers "\r\n0\r\n\r\n@BAIT@", status }
#define LENGTH(name, length, status)                                           \
    { name, "@POST@@XML@Content-Length: " length "\r\n\r\n@BAIT@", status }
#define ENCODING(name, encoding, status)                                       \
    SMUGGLED(name, "Transfer-Encoding: " encoding "\r\n", status)
#define CHUNKS(name, chunks, status)                                           \
    { name, "@POST@@XML@" CHUNKED "\r\n" chunks "@BAIT@", status }
#define LINE(name, line, status)                                               \
    { name, line "\r\nHost: x\r\n@XML@Content-Length: 1\r\n\r\nx", status }
#define HEADER(name, header, status)                                           \
    { name, "@POST@@XML@" header "\r\nContent-Length: 1\r\n\r\nx", status }
#define TYPE(name, type, status)                                               \
    {                                                                          \
        name, "@POST@Content-Type: " type "\r\nContent-Length: 1\r\n\r\nx",    \
            status                                                             \
    }

static const struct http_case SMUGGLING[] = {
    SMUGGLED("length, then chunked", "Content-Length: 4\r\n" CHUNKED, 400),
    SMUGGLED("chunked, then length", CHUNKED "Content-Length: 4\r\n", 400),
    SMUGGLED("chunked, and a length of 0", CHUNKED "Content-Length: 0\r\n",
             400),
    SMUGGLED("chunked twice", CHUNKED CHUNKED, 400),
    SMUGGLED("chunked, then identity",
             CHUNKED "Transfer-Encoding: identity\r\n", 400),
    SMUGGLED("LF alone between length and chunked",
             "Content-Length: 4\nTransfer-Encoding: chunked\r\n", 400),
    SMUGGLED("CR alone before chunked",
             "X: y\rTransfer-Encoding: chunked\r\nContent-Length: 4\r\n", 400),
    SMUGGLED("a space before the colon",
             "Transfer-Encoding : chunked\r\nContent-Length: 4\r\n", 400),
    SMUGGLED("a tabulator before the colon",
             "Transfer-Encoding\t: chunked\r\nContent-Length: 4\r\n", 400),
    SMUGGLED("a space before the name",
             " Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", -1),
    SMUGGLED("a folded line",
             "X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
             -1),
    SMUGGLED("a folded value",
             "Transfer-Encoding:\r\n chunked\r\nContent-Length: 4\r\n", 400),
    SMUGGLED("a folded length", "Content-Length:\r\n 4\r\n", 400),
    SMUGGLED("a name in two lines", "Transfer-Enc: chunked\r\n oding\r\n", 400),
    SMUGGLED("a name in two lines, by a tabulator",
             "Transfer-Enc: chunked\r\n\toding\r\n", 400),
    SMUGGLED("a Host in two lines", "Ho: x\r\n st\r\n", 400),
    SMUGGLED("no colon", "Transfer-Encoding chunked\r\n", -1),
    SMUGGLED("an underscore",
             "Content_Length: 9999\r\nContent-Length: 4\r\nContent-Length: "
             "5\r\n",
             400),
    ENCODING("identity", "identity", 501),
    ENCODING("gzip", "gzip", 501),
    ENCODING("gzip, chunked", "gzip, chunked", 501),
    ENCODING("chunked, identity", "chunked, identity", 501),
    ENCODING("chunked twice in a list", "chunked, chunked", 501),
    ENCODING("xchunked", "xchunked", 501),
    ENCODING("chunkedx", "chunkedx", 501),
    ENCODING("chunked with a parameter", "chunked;q=1", 501),
    ENCODING("chunked in quotes", "\"chunked\"", 501),
    ENCODING("chunked after a vertical tabulator",
             "\x0b"
             "chunked",
             -1),
    ENCODING("an empty encoding", "", -1),
    {"chunked in HTTP/1.0",
     "POST /api/v1/serviceD HTTP/1.0\r\n@XML@" CHUNKED "\r\n0\r\n\r\n@BAIT@",
     400},
    LENGTH("two lengths", "4\r\nContent-Length: 5", 400),
    LENGTH("the same length twice", "4\r\nContent-Length: 4", 400),
    LENGTH("a list of lengths", "4, 4", 400),
    LENGTH("two lengths in a line", "4 5", 400),
    LENGTH("a length with a sign", "+4", 400),
    LENGTH("a length below 0", "-1", 400),
    LENGTH("a length in hexadecimal", "0x4", 400),
    LENGTH("a length with an exponent", "4e0", 400),
    LENGTH("a length with a point", "4.0", 400),
    LENGTH("an empty length", "", 400),
    LENGTH("a length of words", "four", 400),
    LENGTH("a length of 2^64", "18446744073709551616", -1),
    LENGTH("a length of 2^64 + 4", "18446744073709551620", -1),
    LENGTH("a length of 30 digits", "111111111111111111111111111111", -1),
    LENGTH("a length past the limit", "20971521", 413),
    LENGTH("a length of 2^63", "9223372036854775808", 413),
    {"a body for GET",
     "GET /api/v1/serviceD HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
     "xxxx",
     405},
    {"no length at all", "@POST@@XML@\r\n", 400},
};

static const struct http_case CHUNK_ABUSE[] = {
    CHUNKS("a size below 0", "-1\r\nx\r\n", -1),
    CHUNKS("a size of 0x1", "0x1\r\nx\r\n", -1),
    CHUNKS("a size of 2^64 - 1", "FFFFFFFFFFFFFFFF\r\nx\r\n", -1),
    CHUNKS("a size of 2^64 + 1", "10000000000000001\r\nx\r\n", -1),
    CHUNKS("a size of 40 digits",
           "1111111111111111111111111111111111111111\r\nx\r\n", -1),
    CHUNKS("no size", "\r\nx\r\n", -1),
    CHUNKS("a size of letters", "xyz\r\nx\r\n", -1),
    CHUNKS("a sign", "+1\r\nx\r\n", -1),
    CHUNKS("a size in two lines", "1\r\r\n1\r\nx\r\n", -1),
    CHUNKS("data without its line end", "1\r\nxx0\r\n\r\n", -1),
    CHUNKS("more data than the size", "1\r\nxyz\r\n0\r\n\r\n", -1),
    CHUNKS("a space before the size", " 1\r\nx\r\n0\r\n\r\n", -1),
    {"an extension", "@POST@@XML@" CHUNKED "\r\n1;a=b\r\nx\r\n0\r\n\r\n", 400},
    {"no last chunk", "@POST@@XML@" CHUNKED "\r\n1\r\nx\r\n", -1},
    {"half a chunk", "@POST@@XML@" CHUNKED "\r\n5\r\nx", -1},
    {"a trailer that is a length",
     "@POST@@XML@" CHUNKED "\r\n1\r\nx\r\n0\r\nContent-Length: 9\r\n\r\n", 400},
    {"a trailer that is an encoding",
     "@POST@@XML@" CHUNKED "\r\n1\r\nx\r\n0\r\nTransfer-Encoding: x\r\n\r\n",
     400},
    {"a trailer with a bad name",
     "@POST@@XML@" CHUNKED "\r\n1\r\nx\r\n0\r\na b: x\r\n\r\n", -1},
};

static const struct http_case LINES[] = {
    LINE("GET", "GET /api/v1/serviceD HTTP/1.1", 405),
    LINE("HEAD", "HEAD /api/v1/serviceD HTTP/1.1", 405),
    LINE("PUT", "PUT /api/v1/serviceD HTTP/1.1", 405),
    LINE("DELETE", "DELETE /api/v1/serviceD HTTP/1.1", 405),
    LINE("PATCH", "PATCH /api/v1/serviceD HTTP/1.1", 405),
    LINE("OPTIONS", "OPTIONS /api/v1/serviceD HTTP/1.1", 405),
    LINE("TRACE", "TRACE /api/v1/serviceD HTTP/1.1", 405),
    LINE("CONNECT", "CONNECT /api/v1/serviceD HTTP/1.1", 405),
    LINE("CONNECT to a host", "CONNECT 127.0.0.1:22 HTTP/1.1", -1),
    LINE("PROPFIND", "PROPFIND /api/v1/serviceD HTTP/1.1", 405),
    LINE("a method in small letters", "post /api/v1/serviceD HTTP/1.1", 405),
    LINE("a method of nothing", " /api/v1/serviceD HTTP/1.1", -1),
    LINE("a method with a NUL's escape", "PO%00ST /api/v1/serviceD HTTP/1.1",
         -1),
    LINE("all of the server", "OPTIONS * HTTP/1.1", -1),
    LINE("an absolute URI of another host",
         "POST http://127.0.0.1:22/api/v1/serviceD HTTP/1.1", 400),
    LINE("an absolute URI of a file", "POST file:///etc/passwd HTTP/1.1", 404),
    LINE("another case", "POST /api/v1/serviced HTTP/1.1", 404),
    LINE("a '/' more", "POST /api/v1/serviceD/ HTTP/1.1", 404),
    LINE("two '/'", "POST //api/v1/serviceD HTTP/1.1", 404),
    LINE("'.' in the path", "POST /api/./v1/serviceD HTTP/1.1", 404),
    LINE("'..' in the path", "POST /api/v1/../v1/serviceD HTTP/1.1", 404),
    LINE("'..' to the outside", "POST /../../../etc/passwd HTTP/1.1", 404),
    LINE("an encoded letter", "POST /api/v1/service%44 HTTP/1.1", 404),
    LINE("an encoded '/'", "POST /api/v1%2fserviceD HTTP/1.1", 404),
    LINE("an encoded '..'", "POST /api/v1/%2e%2e/v1/serviceD HTTP/1.1", 404),
    LINE("an encoded NUL", "POST /api/v1/serviceD%00 HTTP/1.1", 404),
    LINE("an encoding too long", "POST /api/v1/%c0%afserviceD HTTP/1.1", 404),
    LINE("a bad encoding", "POST /api/v1/serviceD%zz HTTP/1.1", 404),
    LINE("half an encoding", "POST /api/v1/serviceD% HTTP/1.1", 404),
    LINE("a parameter of the path", "POST /api/v1/serviceD;x=y HTTP/1.1", 404),
    LINE("a backslash", "POST \\api\\v1\\serviceD HTTP/1.1", -1),
    LINE("a fragment", "POST /api/v1/serviceD#x HTTP/1.1", 404),
    LINE("octets that are no ASCII", "POST /api/v1/service\xc4 HTTP/1.1", 400),
    LINE("a tabulator in the path", "POST /api/v1/\tserviceD HTTP/1.1", -1),
    LINE("two spaces", "POST  /api/v1/serviceD HTTP/1.1", -1),
    LINE("a space in the path", "POST /api/v1/serviceD x HTTP/1.1", -1),
    LINE("no version", "POST /api/v1/serviceD", -1),
    LINE("HTTP/0.9", "POST /api/v1/serviceD HTTP/0.9", -1),
    LINE("HTTP/2.0", "POST /api/v1/serviceD HTTP/2.0", -1),
    LINE("HTTP/1.1.1", "POST /api/v1/serviceD HTTP/1.1.1", -1),
    LINE("HTTP in small letters", "POST /api/v1/serviceD http/1.1", -1),
    LINE("another protocol", "POST /api/v1/serviceD RTSP/1.0", -1),
    {"HTTP/2 with knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n@BAIT@", -1},
    {"a mail", "HELO x\r\nMAIL FROM:<x>\r\n\r\n", -1},
    {"a terminal", "SSH-2.0-OpenSSH_9.2\r\n\r\n", -1},
    {"TLS", "\x16\x03\x01\x02\x01\x01\x01\xfd\x03\x03\r\n\r\n", -1},
    {"a PROXY line", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n\r\n", -1},
};

static const struct http_case HEADERS[] = {
    {"no Host",
     "POST /api/v1/serviceD HTTP/1.1\r\n@XML@Content-Length: 1\r\n\r\nx", 400},
    HEADER("two Hosts", "Host: y", 400),
    HEADER("a name with a space", "X Y: z", 400),
    HEADER("a name of nothing", ": z", -1),
    HEADER("a name with a '('", "X(Y): z", 400),
    HEADER("a name that is no ASCII", "X\xc3\xa9: z", 400),
    HEADER("a line without a colon", "XYZ", -1),
    HEADER("an override of the method", "X-HTTP-Method-Override: GET", 400),
    HEADER("another path", "X-Original-URL: /api/v1/serviceS", 400),
    HEADER("an upgrade", "Connection: Upgrade\r\nUpgrade: h2c", 400),
    HEADER("an upgrade to a socket",
           "Connection: Upgrade\r\nUpgrade: "
           "websocket",
           400),
    HEADER("headers made hop by hop", "Connection: Content-Length, Host", 400),
    HEADER("a range", "Range: bytes=0-,0-,0-,0-,0-,0-", 400),
    HEADER("a body that is packed", "Content-Encoding: gzip", 415),
    HEADER("an expectation of something else", "Expect: 200-ok", -1),
    TYPE("text/plain", "text/plain", 415),
    TYPE("JSON", "application/json", 415),
    TYPE("a form", "application/x-www-form-urlencoded", 415),
    TYPE("a form with files", "multipart/form-data; boundary=x", 415),
    TYPE("SOAP", "application/soap+xml", 415),
    TYPE("XML's DTD", "application/xml-dtd", 415),
    TYPE("HTML", "text/html", 415),
    TYPE("a type with more behind", "application/xmlx", 415),
    TYPE("a type with less", "application/xm", 415),
    TYPE("two types", "application/json, application/xml", 415),
    TYPE("anything", "*/*", 415),
    TYPE("no type", "", 415),
    TYPE("a parameter alone", ";charset=utf-8", 415),
    {"no Content-Type", "@POST@Content-Length: 1\r\n\r\nx", 415},
    {"an expectation, with another type",
     "@POST@Content-Type: text/plain\r\nExpect: 100-continue\r\n"
     "Content-Length: 1\r\n\r\n",
     415},
    {"an expectation, of too much",
     "@POST@@XML@Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n",
     413},
};

/* ---- one case ---- */

struct wire_siege {
    struct siege siege;
    const char *bait;
};

static const char *bait_of(struct siege *s, struct span request) {
    return arena_printf(s->gateway->arena,
                        "POST /api/v1/serviceD HTTP/1.1\r\nHost: x\r\n"
                        "Content-Type: application/xml\r\n"
                        "Content-Length: %zu\r\n\r\n%.*s",
                        request.len, (int)request.len,
                        (const char *)request.data);
}

static void fill(const struct wire_siege *w, const char *text,
                 struct buffer *out) {
    const struct {
        const char *mark, *value;
    } marks[] = {
        {"@POST@", "POST /api/v1/serviceD HTTP/1.1\r\nHost: x\r\n"},
        {"@XML@", "Content-Type: application/xml\r\n"},
        {"@BAIT@", w->bait},
    };
    while (*text) {
        size_t i = 0;
        while (i < 3 &&
               strncmp(text, marks[i].mark, strlen(marks[i].mark)) != 0)
            i++;
        buffer_add(out, i < 3 ? span_text(marks[i].value) : span_of(text, 1));
        text += i < 3 ? strlen(marks[i].mark) : 1;
    }
}

static void check_status(const char *name, int got, int wanted) {
    bool refusal = got == 0 || (got >= 400 && got < 600 && got != 500);
    if (wanted == -1 ? !refusal : got != wanted)
        fail_msg("%s: %d, not %d", name, got, wanted);
}

static void strike(struct wire_siege *w, const char *name, struct span text,
                   int status) {
    int handle = wire_connect(http_port(w->siege.gateway->listener));
    wire_send(handle, text.data, text.len);
    struct wire_reply reply = wire_reply(handle);
    check_status(name, reply.status, status);
    reply_free(&reply);
    shutdown(handle, SHUT_WR);
    if (!wire_ended(handle))
        fail_msg("%s: the connection does not end", name);
    close(handle);
    siege_holds(&w->siege, name);
}

static void run(const struct http_case *cases, size_t count) {
    struct wire_siege w;
    struct gateway *g = gateway_new();
    g->config.user_header_timeout = 300 * MILLISECOND;
    g->config.user_receive_timeout = 300 * MILLISECOND;
    gateway_open(g);
    siege_begin(&w.siege, g);
    struct span request = siege_request(&w.siege);
    w.bait = bait_of(&w.siege, request);
    for (size_t i = 0; i < count; i++) {
        struct buffer text = {0};
        fill(&w, cases[i].text, &text);
        strike(&w, cases[i].name, buffer_span(&text), cases[i].status);
        buffer_free(&text);
    }
    /* nobody has taken the bait, and it is good */
    siege_accepts(&w.siege, request);
    siege_end(&w.siege);
    gateway_free(g);
}

#define TEST(name, cases)                                                      \
    static void name(void **state) {                                           \
        (void)state;                                                           \
        run(cases, sizeof cases / sizeof *cases);                              \
    }
TEST(smuggling, SMUGGLING)
TEST(chunks, CHUNK_ABUSE)
TEST(request_lines, LINES)
TEST(headers_and_types, HEADERS)

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smuggling),
        cmocka_unit_test(chunks),
        cmocka_unit_test(request_lines),
        cmocka_unit_test(headers_and_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
