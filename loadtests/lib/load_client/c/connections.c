/* Each connection opens at its time, as many at once as the plan allows. A connection is read once
 * per event, so that a busy connection does not starve the others. */

#include "connections.h"

#include "clock.h"
#include "event_loop.h"
#include "frames.h"
#include "stats.h"

#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Enough for the bytes of one read, and for those that were left of the last read. */
#define BUFFER_BYTES (2 * MAX_RECEIVED_BYTES)
#define FIRST_WAIT_NS 1e9    /* docs/protocol.md: clients reconnect "at first within a second" */
#define CHECK_NS 2000000LL   /* how often waiting connections are checked */

struct connection *connections;
int live_count, failure_count, closed_count;
int64_t received_ns;
static int connecting_count, opening_count;
static int64_t started_ns;
static text_handler *on_text;

static void ready(void *watched, uint32_t events);
static void connect_due(int64_t now);
static void connect_one(struct connection *connection, int64_t now);
static void finish_connecting(struct connection *connection);
static void receive(struct connection *connection);
static size_t handle_handshake(struct connection *connection, char *bytes, size_t length);
static size_t handle_frames(struct connection *connection, unsigned char *bytes, size_t length);
static void keep_rest(struct connection *connection, const unsigned char *bytes, size_t length);
static void flush(struct connection *connection);
static void write_bytes(struct connection *connection, const void *bytes, size_t length);
static void schedule_retry(struct connection *connection);

double open_connections(text_handler *handler) {
    on_text = handler;
    start_event_loop(ready);
    connections = calloc((size_t)plan.connection_count, sizeof *connections);
    for (int i = 0; i < plan.connection_count; i++)
        connections[i] = (struct connection){.index = i, .planned = &plan.connections[i], .fd = -1};
    started_ns = now_ns();
    while (live_count + closed_count < plan.connection_count) {
        int64_t now = now_ns();
        if ((double)(now - started_ns) > plan.deadline_seconds * SECOND_NS)
            errx(1, "%d of %d connections are open after %.0f s; failed attempts: %d.", live_count,
                 plan.connection_count, plan.deadline_seconds, failure_count);
        connect_due(now);
        poll_once(now + CHECK_NS);
    }
    return (double)(now_ns() - started_ns) / SECOND_NS;
}

void advance_opening(struct connection *connection, int subscribed, int missed) {
    if (connection->state != OPENING) return;
    connection->subscribed += subscribed;
    connection->missed += missed;
    if (connection->subscribed < plan.subscriptions) return;
    if (connection->missed < plan.missed_per_connection) return;
    connection->state = LIVE;
    opening_count--;
    live_count++;
    stats_live(received_ns - started_ns);
}

void send_frame(struct connection *connection, int opcode, const char *payload, size_t length) {
    unsigned char frame[MAX_HEAD_BYTES + MAX_SENT_BYTES];
    write_bytes(connection, frame, build_frame(frame, opcode, payload, length));
}

void end_connection(struct connection *connection, const char *why) {
    enum state state = connection->state;
    close(connection->fd);
    connection->fd = -1;
    connection->in_length = connection->out_length = 0;
    connection->state = CLOSED;
    if (state == LIVE) {
        closed_count++;
        return;
    }
    connecting_count -= state == CONNECTING;
    opening_count--;
    failure_count++;
    if (!plan.retry)
        errx(1, "Connection %d did not open (%s); %d of %d were open.", connection->index, why,
             live_count, plan.connection_count);
    schedule_retry(connection);
}

static void ready(void *watched, uint32_t events) {
    struct connection *connection = watched;
    if (connection->state == CONNECTING) {
        finish_connecting(connection);
        return;
    }
    if (events & EPOLLOUT) flush(connection);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(connection);
}

/* Starts the connections that are due, and closes those whose handshake takes too long. */
static void connect_due(int64_t now) {
    for (int i = 0; i < plan.connection_count; i++) {
        struct connection *connection = &connections[i];
        if (connection->state == WAITING) {
            bool room = connecting_count < plan.max_connecting && opening_count < plan.max_opening;
            if (room && now >= connection->next_try_ns) connect_one(connection, now);
        } else if (connection->state < OPENING && plan.handshake_seconds > 0 &&
                   now > connection->handshake_until_ns)
            end_connection(connection, "took too long");
    }
}

static void connect_one(struct connection *connection, int64_t now) {
    const struct sockaddr *to = (const struct sockaddr *)&connection->planned->address;
    int on = 1;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->fd < 0) err(1, "Could not create a socket");
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(connection->fd, to, sizeof connection->planned->address) < 0 &&
        errno != EINPROGRESS)
        err(1, "Could not connect to port %d", ntohs(connection->planned->address.sin_port));
    connection->state = CONNECTING;
    connection->handshake_until_ns = now + (int64_t)(plan.handshake_seconds * SECOND_NS);
    connecting_count++;
    opening_count++;
    watch(connection->fd, EPOLLOUT, EPOLL_CTL_ADD, connection);
}

static void finish_connecting(struct connection *connection) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        end_connection(connection, strerror(error));
        return;
    }
    connecting_count--;
    connection->state = HANDSHAKE;
    watch(connection->fd, EPOLLIN, EPOLL_CTL_MOD, connection);
    const struct text *request = &connection->planned->request;
    write_bytes(connection, request->bytes, request->length);
}

static void receive(struct connection *connection) {
    static unsigned char buffer[BUFFER_BYTES];
    if (connection->in_length) memcpy(buffer, connection->in, connection->in_length);
    unsigned char *end = buffer + connection->in_length;
    ssize_t got = recv(connection->fd, end, sizeof buffer - connection->in_length, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        end_connection(connection, got < 0 ? strerror(errno) : "the server closed it");
        return;
    }
    received_ns = now_ns();
    size_t length = connection->in_length + (size_t)got, handled = 0;
    if (connection->state == HANDSHAKE)
        handled = handle_handshake(connection, (char *)buffer, length);
    if (connection->state == OPENING || connection->state == LIVE)
        handled += handle_frames(connection, buffer + handled, length - handled);
    keep_rest(connection, buffer + handled, length - handled);
}

/* Returns the length of the headers of the HTTP answer, or 0 while they are not complete. */
static size_t handle_handshake(struct connection *connection, char *bytes, size_t length) {
    static const char accepted[] = "HTTP/1.1 101 ";
    char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    if (memcmp(bytes, accepted, sizeof accepted - 1) != 0) {
        end_connection(connection, "the handshake was refused");
        return 0;
    }
    connection->state = OPENING;
    const struct text *subscribe = &connection->planned->subscribe;
    if (subscribe->length) send_frame(connection, TEXT, subscribe->bytes, subscribe->length);
    else advance_opening(connection, 0, 0);
    return (size_t)(end - bytes) + 4;
}

/* Returns how many of the bytes belong to complete frames. */
static size_t handle_frames(struct connection *connection, unsigned char *bytes, size_t length) {
    size_t at = 0;
    struct frame frame;
    while (connection->state != CLOSED && connection->state != WAITING &&
           read_frame(bytes + at, length - at, &frame)) {
        at += frame.size;
        if (frame.opcode == TEXT || frame.opcode == BINARY)
            on_text(connection, frame.payload, frame.length);
        else if (frame.opcode == PING) send_frame(connection, PONG, frame.payload, frame.length);
        /* A close frame needs no answer: the server ends the connection, which `receive` sees. */
    }
    return at;
}

static void keep_rest(struct connection *connection, const unsigned char *bytes, size_t length) {
    if (connection->fd < 0) length = 0;
    if (length > connection->in_length) connection->in = realloc(connection->in, length);
    if (length) memcpy(connection->in, bytes, length);
    connection->in_length = length;
}

static void flush(struct connection *connection) {
    ssize_t sent = send(connection->fd, connection->out, connection->out_length, MSG_NOSIGNAL);
    if (sent < 0) return;
    connection->out_length -= (size_t)sent;
    memmove(connection->out, connection->out + sent, connection->out_length);
    if (connection->out_length == 0) watch(connection->fd, EPOLLIN, EPOLL_CTL_MOD, connection);
}

/* Writes at once what the kernel accepts, and the rest when the kernel accepts more. */
static void write_bytes(struct connection *connection, const void *bytes, size_t length) {
    if (connection->fd < 0) return;
    ssize_t sent = connection->out_length ? 0 : send(connection->fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0) sent = 0; /* the next read shows the error */
    size_t rest = length - (size_t)sent;
    if (rest == 0) return;
    if (connection->out_length == 0)
        watch(connection->fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD, connection);
    connection->out = realloc(connection->out, connection->out_length + rest);
    memcpy(connection->out + connection->out_length, (const char *)bytes + sent, rest);
    connection->out_length += rest;
}

/* Backoff with jitter, as docs/protocol.md requires of clients. */
static void schedule_retry(struct connection *connection) {
    int doublings = connection->failures < 4 ? connection->failures : 4;
    connection->failures++;
    connection->state = WAITING;
    connection->next_try_ns = now_ns() + (int64_t)(drand48() * FIRST_WAIT_NS * (1 << doublings));
    stats_forget(connection->index, connection->missed);
    connection->subscribed = connection->missed = 0;
}
