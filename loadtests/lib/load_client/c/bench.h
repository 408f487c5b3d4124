/* The load client: many WebSocket connections from one thread, cheaply, all of them counted.
 *
 * Started by loadtests/lib/load_client/client.py, which tells it everything that differs between servers as
 * strings: see plan.c for the plan, load.c for the commands, tally.c for what is counted. A message
 * carries `bench <number> .`, by which it is known again without parsing what is around it. */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_ROOMS 4           /* that one socket has open */
#define BUFFER_BYTES (1 << 20) /* of one read with what was left of the last; the longest frame */
#define NO_MESSAGE (-1)

struct text {
    char *bytes;
    size_t length;
};

enum state { WAITING, CONNECTING, SHAKING, OPENING, LIVE, CLOSED };

struct socket {
    int fd;
    enum state state;
    int address;               /* index into plan.addresses */
    int rooms[MAX_ROOMS];      /* indexes into plan.rooms */
    int room_count;
    int sender;                /* index of its first line `sender`, or -1 */
    struct text request;       /* the handshake */
    struct text open;          /* what opens its rooms once connected; empty: connecting does */
    int opened;                /* answers to that so far */
    int missed;                /* messages that came before it was live */
    int failures;              /* handshakes that did not succeed */
    int64_t first_try_ns;      /* when it was to connect */
    int64_t next_try_ns;       /* when it is to connect, perhaps again */
    int64_t patience_ns;       /* when to give the handshake up */
    unsigned char *in;         /* a frame that has not come whole */
    size_t in_length;
    unsigned char *out;        /* what the kernel did not take yet */
    size_t out_length;
    unsigned char *seen;       /* a bit for each message that came */
    size_t seen_bytes;
    int64_t *order;            /* the last seq of each room, or the last number of each sender */
    int64_t awaited;           /* the message whose return lets it send the next */
};

struct sender {
    int socket;
    int room;
};

struct message {
    int sender; /* -1: sent before this client was there */
    int room;
    int64_t sent_ns; /* when it should have been sent, so that a late client shows */
    int got;         /* sockets that have it */
};

struct room {
    struct text name;
    int members;
};

struct address {
    char host[64];
    int port;
};

struct plan {
    int connecting;    /* most sockets that wait for the kernel to connect them */
    int opening;       /* most sockets that are not live yet */
    bool retry;        /* connect again when a handshake fails: else that ends the client */
    double spread;     /* seconds over which the first tries are spread */
    double deadline;   /* seconds until all must be live */
    double patience;   /* seconds until a handshake is given up; 0: never */
    int subscriptions; /* answers to `open` until a socket is live */
    int missed;        /* messages until then */
    struct text delivery, answer, opened, problem, ping, pong, order, send;
    struct address *addresses;
    struct room *rooms;
    struct socket *sockets;
    struct sender *senders;
    int address_count, room_count, socket_count, sender_count;
};

extern struct plan plan;

/* plan.c: the plan, read from standard input up to the line `go`. */
void read_plan(void);
char *read_line(void);

/* net.c: connecting, reading and writing. */
extern int poll_fd;
void connect_more(int64_t now);
void socket_ready(struct socket *socket, uint32_t events);
void socket_live(struct socket *socket);
void socket_ended(struct socket *socket, const char *why);
void write_bytes(struct socket *socket, const void *bytes, size_t length);
extern int live_count, failure_count, closed_count;

/* frames.c: RFC 6455, as far as a server that behaves needs it. */
size_t take_frames(struct socket *socket, unsigned char *bytes, size_t length);
void write_frame(struct socket *socket, int opcode, const char *payload, size_t length);

/* tally.c: what was sent, what came, and how long it took. */
int64_t tally_sent(int sender, int room, int64_t when);
void tally_past(int room);
void tally_live(struct socket *socket, int64_t now);
bool tally_delivery(struct socket *socket, const char *text, size_t length, int64_t number);
void tally_answer(int64_t number);
void tally_problem(void);
void tally_begin(int64_t now);
void tally_end(int64_t now);
void tally_reset(void);
void tally_forget(struct socket *socket);
bool tally_complete(void);
int64_t tally_last_ns(void);
const struct message *tally_message(int64_t number);
void print_opened(double seconds);
void print_result(void);

/* load.c: the commands, and what they have sent. */
void run_commands(void);
void message_returned(struct socket *socket, int64_t number, bool answer);
void send_failed(struct socket *socket);

/* main.c */
extern int64_t batch_ns; /* when the bytes in hand were read */
int64_t now_ns(void);
bool poll_once(int64_t until_ns);
void wait_until(int64_t when_ns);
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void *grown(void *list, int count, size_t size);
bool begins(const char *bytes, size_t length, const struct text *prefix);
