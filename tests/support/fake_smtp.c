#include "support/fake_smtp.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/memory.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

const char *fake_smtp_certificate, *fake_smtp_key;

enum { MOST_MAILS = 256, LINE = 2048 };

struct fake_smtp {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    int listener, stop[2];
    char url[64];
    SSL_CTX *tls;       /* NULL: without */
    const char *script; /* what is left of it */
    struct fake_mail *mails;
    size_t count;
};

/* One connection. */
struct talk {
    struct fake_smtp *smtp;
    int fd;
    SSL *ssl; /* once it is TLS */
    char in[LINE];
    size_t len;
    char word[32]; /* what comes of the next e-mail */
    struct fake_mail mail;
};

/* False when it is to stop, or the other side has gone. */
static bool readable(const struct fake_smtp *smtp, int fd) {
    struct pollfd fds[] = {{.fd = fd, .events = POLLIN},
                           {.fd = smtp->stop[0], .events = POLLIN}};
    return poll(fds, 2, -1) > 0 && !fds[1].revents;
}

static ssize_t receive(struct talk *t, char *to, size_t room) {
    if (t->ssl && SSL_pending(t->ssl))
        return SSL_read(t->ssl, to, (int)room);
    if (!readable(t->smtp, t->fd))
        return 0;
    return t->ssl ? SSL_read(t->ssl, to, (int)room) : recv(t->fd, to, room, 0);
}

/* The next line without its end; false when there is none. */
static bool read_line(struct talk *t, char line[static LINE]) {
    for (;;) {
        char *end = memmem(t->in, t->len, "\r\n", 2);
        if (end) {
            size_t len = (size_t)(end - t->in);
            memcpy(line, t->in, len);
            line[len] = '\0';
            t->len -= len + 2;
            memmove(t->in, end + 2, t->len);
            return true;
        }
        if (t->len == sizeof t->in)
            return false;
        ssize_t got = receive(t, t->in + t->len, sizeof t->in - t->len);
        if (got <= 0)
            return false;
        t->len += (size_t)got;
    }
}

static void say(const struct talk *t, const char *code, const char *text) {
    char line[128];
    int len = snprintf(line, sizeof line, "%s %s\r\n", code, text);
    ssize_t sent = t->ssl ? SSL_write(t->ssl, line, len)
                          : send(t->fd, line, (size_t)len, MSG_NOSIGNAL);
    if (sent <= 0)
        shutdown(t->fd, SHUT_RDWR);
}

/* ---- the script ---- */

/* The next word; it stays for the next one too if it is the last, or if only
 * looked at. */
static void next_word(struct talk *t, bool only_look) {
    struct fake_smtp *smtp = t->smtp;
    pthread_mutex_lock(&smtp->lock);
    size_t len = strcspn(smtp->script, " ");
    snprintf(t->word, sizeof t->word, "%.*s", (int)len, smtp->script);
    if (smtp->script[len] && !only_look)
        smtp->script += len + 1;
    pthread_mutex_unlock(&smtp->lock);
}

/* Is this e-mail refused here? Says so then. */
static bool refuses(const struct talk *t, const char *where) {
    size_t len = strlen(where);
    if (strncmp(t->word, where, len) != 0 || t->word[len] != ':')
        return false;
    say(t, t->word + len + 1, "by the script");
    return true;
}

static bool is_word(const struct talk *t, const char *word) {
    return strcmp(t->word, word) == 0;
}

/* ---- SMTP ---- */

static void take(struct talk *t) {
    struct fake_smtp *smtp = t->smtp;
    pthread_mutex_lock(&smtp->lock);
    if (smtp->count == MOST_MAILS)
        abort();
    smtp->mails[smtp->count++] = t->mail;
    pthread_cond_broadcast(&smtp->arrived);
    pthread_mutex_unlock(&smtp->lock);
}

/* False when the connection ends. */
static bool read_message(struct talk *t) {
    char line[LINE];
    size_t len = 0;
    say(t, "354", "go on");
    while (read_line(t, line) && strcmp(line, ".") != 0) {
        if (is_word(t, "cut"))
            return false;
        const char *text = *line == '.' ? line + 1 : line;
        len += (size_t)snprintf(t->mail.text + len, sizeof t->mail.text - len,
                                "%s\r\n", text);
        if (len >= sizeof t->mail.text)
            abort();
    }
    if (refuses(t, "end"))
        return true;
    take(t);
    if (is_word(t, "mute"))
        return false;
    say(t, "250", "taken");
    return true;
}

static void copy_path(char *to, size_t size, const char *line) {
    const char *at = strchr(line, '<');
    snprintf(to, size, "%.*s", at ? (int)strcspn(at + 1, ">") : 0,
             at ? at + 1 : "");
}

static bool mail_from(struct talk *t, const char *line) {
    next_word(t, false);
    memset(&t->mail, 0, sizeof t->mail);
    t->mail.by_tls = t->ssl != NULL;
    if (t->smtp->tls && !t->ssl) {
        say(t, "530", "STARTTLS first");
        return true;
    }
    copy_path(t->mail.from, sizeof t->mail.from, line);
    if (!refuses(t, "from"))
        say(t, "250", "sender");
    return true;
}

static bool rcpt_to(struct talk *t, const char *line) {
    copy_path(t->mail.to, sizeof t->mail.to, line);
    if (!refuses(t, "to"))
        say(t, "250", "recipient");
    return true;
}

static bool data(struct talk *t, const char *line) {
    (void)line;
    return refuses(t, "data") || read_message(t);
}

static bool reset(struct talk *t, const char *line) {
    (void)line;
    say(t, "250", "forgotten");
    return true;
}

static bool quit(struct talk *t, const char *line) {
    (void)line;
    say(t, "221", "bye");
    return false;
}

static bool hello(struct talk *t, const char *line) {
    (void)line;
    if (t->smtp->tls && !t->ssl)
        say(t, "250-STARTTLS\r\n250", "fake");
    else
        say(t, "250", "fake");
    return true;
}

static bool start_tls(struct talk *t, const char *line) {
    (void)line;
    if (!t->smtp->tls || t->ssl) {
        say(t, "502", "what?");
        return true;
    }
    say(t, "220", "go on");
    t->ssl = SSL_new(t->smtp->tls);
    SSL_set_fd(t->ssl, t->fd);
    return SSL_accept(t->ssl) == 1;
}

static const struct {
    const char *verb;
    bool (*does)(struct talk *t, const char *line);
} verbs[] = {{"EHLO", hello},         {"HELO", hello},   {"MAIL", mail_from},
             {"STARTTLS", start_tls}, {"RCPT", rcpt_to}, {"DATA", data},
             {"RSET", reset},         {"QUIT", quit}};

static bool obey(struct talk *t, const char *line) {
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strncasecmp(line, verbs[i].verb, strlen(verbs[i].verb)) == 0)
            return verbs[i].does(t, line);
    say(t, "502", "what?");
    return true;
}

static void serve(struct fake_smtp *smtp, int fd) {
    struct talk t = {.smtp = smtp, .fd = fd};
    char line[LINE];
    next_word(&t, true);
    bool hangs = is_word(&t, "hang");
    if (hangs || strncmp(t.word, "hello:", 6) == 0)
        next_word(&t, false);
    if (hangs)
        readable(smtp, fd);
    else if (!refuses(&t, "hello"))
        say(&t, "220", "fake ready");
    while (!hangs && read_line(&t, line) && obey(&t, line))
        ;
    SSL_free(t.ssl);
    close(fd);
}

static void *run(void *context) {
    struct fake_smtp *smtp = context;
    while (readable(smtp, smtp->listener)) {
        int fd = accept(smtp->listener, NULL, NULL);
        if (fd >= 0)
            serve(smtp, fd);
    }
    return NULL;
}

static SSL_CTX *make_tls(void) {
    if (!fake_smtp_certificate)
        return NULL;
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (SSL_CTX_use_certificate_file(tls, fake_smtp_certificate,
                                     SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(tls, fake_smtp_key, SSL_FILETYPE_PEM) != 1)
        abort();
    return tls;
}

struct fake_smtp *fake_smtp_start(const char *address) {
    signal(SIGPIPE, SIG_IGN); /* as fotad does: OpenSSL writes without asking */
    struct fake_smtp *smtp = memory_alloc(sizeof *smtp);
    *smtp = (struct fake_smtp){
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .arrived = PTHREAD_COND_INITIALIZER,
        .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        .tls = make_tls(),
        .script = "take",
        .mails = memory_alloc(MOST_MAILS * sizeof *smtp->mails)};
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = inet_addr(address)};
    socklen_t len = sizeof at;
    if (bind(smtp->listener, (struct sockaddr *)&at, len) != 0 ||
        listen(smtp->listener, 16) != 0 || pipe(smtp->stop) != 0 ||
        getsockname(smtp->listener, (struct sockaddr *)&at, &len) != 0)
        abort();
    snprintf(smtp->url, sizeof smtp->url, "smtp://%s:%u", address,
             ntohs(at.sin_port));
    if (pthread_create(&smtp->thread, NULL, run, smtp) != 0)
        abort();
    return smtp;
}

void fake_smtp_stop(struct fake_smtp *smtp) {
    close(smtp->stop[1]);
    pthread_join(smtp->thread, NULL);
    close(smtp->stop[0]);
    close(smtp->listener);
    SSL_CTX_free(smtp->tls);
    free(smtp->mails);
    free(smtp);
}

const char *fake_smtp_url(const struct fake_smtp *smtp) {
    return smtp->url;
}

void fake_smtp_script(struct fake_smtp *smtp, const char *words) {
    pthread_mutex_lock(&smtp->lock);
    smtp->script = words;
    pthread_mutex_unlock(&smtp->lock);
}

/* ---- what was taken ---- */

size_t fake_smtp_count(struct fake_smtp *smtp) {
    pthread_mutex_lock(&smtp->lock);
    size_t count = smtp->count;
    pthread_mutex_unlock(&smtp->lock);
    return count;
}

const struct fake_mail *fake_smtp_mail(struct fake_smtp *smtp, size_t index) {
    return index < fake_smtp_count(smtp) ? &smtp->mails[index] : NULL;
}

bool fake_smtp_wait(struct fake_smtp *smtp, size_t count) {
    struct timespec until = clock_in(10 * SECOND);
    int result = 0;
    pthread_mutex_lock(&smtp->lock);
    while (smtp->count < count && result == 0)
        result = pthread_cond_clockwait(&smtp->arrived, &smtp->lock,
                                        CLOCK_MONOTONIC, &until);
    bool there = smtp->count >= count;
    pthread_mutex_unlock(&smtp->lock);
    return there;
}

const char *fake_mail_header(const struct fake_mail *mail, const char *name) {
    static char value[1024];
    const char *end = strstr(mail->text, "\r\n\r\n");
    size_t len = strlen(name);
    *value = '\0';
    for (const char *at = mail->text; at && at < end; at = strstr(at, "\r\n")) {
        at += at == mail->text ? 0 : 2;
        if (strncasecmp(at, name, len) == 0 && strncmp(at + len, ": ", 2) == 0)
            snprintf(value, sizeof value, "%.*s",
                     (int)strcspn(at + len + 2, "\r"), at + len + 2);
    }
    return value;
}

const char *fake_mail_body(const struct fake_mail *mail) {
    static uint8_t body[sizeof mail->text];
    const char *end = strstr(mail->text, "\r\n\r\n");
    ptrdiff_t len = end ? base64_parse(span_text(end + 4), body) : -1;
    size_t to = 0;
    for (ptrdiff_t i = 0; i < len; i++)
        if (body[i] != '\r')
            body[to++] = body[i];
    body[to] = '\0';
    return (const char *)body;
}
