/* Connecting, reading and writing. A socket connects at its time, as many at once as the plan lets;
 * one read an event, so that a busy socket waits for the others. */

#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_WAIT_NS 1e9 /* docs/protocol.md: come back "at first within a second" */

int poll_fd;
int live_count, failure_count, closed_count;
static int connecting_count, opening_count;

static void connect_one(struct socket *socket, int64_t now);
static void connected(struct socket *socket);
static void readable(struct socket *socket);
static size_t take_handshake(struct socket *socket, char *bytes, size_t length);
static void keep(struct socket *socket, const unsigned char *bytes, size_t length);
static void flush(struct socket *socket);
static void watch(struct socket *socket, uint32_t events, int operation);
static void come_back(struct socket *socket);

/* Connects those whose time has come, and gives up those that took too long. */
void connect_more(int64_t now) {
    for (int i = 0; i < plan.socket_count; i++) {
        struct socket *socket = &plan.sockets[i];
        if (socket->state == WAITING) {
            bool room = connecting_count < plan.connecting && opening_count < plan.opening;
            if (room && now >= socket->next_try_ns) connect_one(socket, now);
        } else if (socket->state < OPENING && plan.patience > 0 && now > socket->patience_ns)
            socket_ended(socket, "took too long");
    }
}

void socket_ready(struct socket *socket, uint32_t events) {
    if (socket->state == CONNECTING) {
        connected(socket);
        return;
    }
    if (events & EPOLLOUT) flush(socket);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(socket);
}

void socket_live(struct socket *socket) {
    socket->state = LIVE;
    opening_count--;
    live_count++;
    tally_live(socket, batch_ns);
}

/* Writes at once what the kernel takes, and the rest when it can. */
void write_bytes(struct socket *socket, const void *bytes, size_t length) {
    if (socket->fd < 0) return;
    ssize_t sent = socket->out_length ? 0 : send(socket->fd, bytes, length, MSG_NOSIGNAL);
    if (sent < 0) sent = 0; /* an error shows when it is read */
    size_t rest = length - (size_t)sent;
    if (rest == 0) return;
    if (socket->out_length == 0) watch(socket, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    socket->out = realloc(socket->out, socket->out_length + rest);
    memcpy(socket->out + socket->out_length, (const char *)bytes + sent, rest);
    socket->out_length += rest;
}

static void connect_one(struct socket *one, int64_t now) {
    struct address *address = &plan.addresses[one->address];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)address->port)};
    int on = 1;
    if (inet_pton(AF_INET, address->host, &to.sin_addr) != 1) fail("No address: %s", address->host);
    one->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (one->fd < 0) fail("No socket could be made: %s", strerror(errno));
    setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(one->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)
        fail("Could not connect to port %d: %s", address->port, strerror(errno));
    one->state = CONNECTING;
    one->patience_ns = now + (int64_t)(plan.patience * 1e9);
    connecting_count++;
    opening_count++;
    watch(one, EPOLLOUT, EPOLL_CTL_ADD);
}

static void connected(struct socket *socket) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        socket_ended(socket, strerror(error));
        return;
    }
    connecting_count--;
    socket->state = SHAKING;
    watch(socket, EPOLLIN, EPOLL_CTL_MOD);
    write_bytes(socket, socket->request.bytes, socket->request.length);
}

static void readable(struct socket *socket) {
    static unsigned char buffer[BUFFER_BYTES];
    if (socket->in_length) memcpy(buffer, socket->in, socket->in_length);
    unsigned char *end = buffer + socket->in_length;
    ssize_t got = recv(socket->fd, end, sizeof buffer - socket->in_length, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        socket_ended(socket, got < 0 ? strerror(errno) : "the server closed it");
        return;
    }
    batch_ns = now_ns();
    size_t length = socket->in_length + (size_t)got, taken = 0;
    if (socket->state == SHAKING) taken = take_handshake(socket, (char *)buffer, length);
    if (socket->state == OPENING || socket->state == LIVE)
        taken += take_frames(socket, buffer + taken, length - taken);
    keep(socket, buffer + taken, length - taken);
}

/* Returns the length of the answer's head, or 0 while it is not whole. */
static size_t take_handshake(struct socket *socket, char *bytes, size_t length) {
    static const char accepted[] = "HTTP/1.1 101 ";
    char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    if (memcmp(bytes, accepted, sizeof accepted - 1) != 0) {
        socket_ended(socket, "the handshake was refused");
        return 0;
    }
    socket->state = OPENING;
    if (socket->open.length) write_frame(socket, 1, socket->open.bytes, socket->open.length);
    else if (plan.subscriptions == 0) socket_live(socket);
    return (size_t)(end - bytes) + 4;
}

static void keep(struct socket *socket, const unsigned char *bytes, size_t length) {
    if (socket->fd < 0) length = 0;
    if (length > socket->in_length) socket->in = realloc(socket->in, length);
    if (length) memcpy(socket->in, bytes, length);
    socket->in_length = length;
}

static void flush(struct socket *socket) {
    ssize_t sent = send(socket->fd, socket->out, socket->out_length, MSG_NOSIGNAL);
    if (sent < 0) return;
    socket->out_length -= (size_t)sent;
    memmove(socket->out, socket->out + sent, socket->out_length);
    if (socket->out_length == 0) watch(socket, EPOLLIN, EPOLL_CTL_MOD);
}

static void watch(struct socket *socket, uint32_t events, int operation) {
    struct epoll_event event = {.events = events, .data.ptr = socket};
    epoll_ctl(poll_fd, operation, socket->fd, &event);
}

/* A socket that was live stays away; one that was not comes back, if the plan says so. */
void socket_ended(struct socket *socket, const char *why) {
    enum state state = socket->state;
    close(socket->fd);
    socket->fd = -1;
    socket->in_length = socket->out_length = 0;
    socket->state = CLOSED;
    if (state == LIVE) {
        closed_count++;
        return;
    }
    connecting_count -= state == CONNECTING;
    opening_count--;
    failure_count++;
    if (!plan.retry)
        fail("Socket %d did not open (%s); %d of %d were open.", (int)(socket - plan.sockets), why,
             live_count, plan.socket_count);
    come_back(socket);
}

/* Backoff with jitter, as docs/protocol.md wants it of clients. */
static void come_back(struct socket *socket) {
    int doublings = socket->failures < 4 ? socket->failures : 4;
    socket->failures++;
    socket->state = WAITING;
    socket->next_try_ns = now_ns() + (int64_t)(drand48() * FIRST_WAIT_NS * (1 << doublings));
    socket->opened = socket->missed = 0;
    tally_forget(socket);
}
