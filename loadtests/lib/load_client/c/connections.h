/* The connections: opening them, reading and writing. They do not know what frames mean. */

#pragma once

#include "plan.h"

#include <stdint.h>

enum state { WAITING, CONNECTING, HANDSHAKE, OPENING, LIVE, CLOSED };

struct connection {
    int index;
    const struct planned_connection *planned;
    int fd; /* -1 if there is no socket */
    enum state state;
    int subscribed;              /* how many subscriptions have been answered so far */
    int missed;                  /* how many messages arrived before the connection was live */
    int failures;                /* how many handshakes did not succeed */
    int64_t next_try_ns;         /* when to connect or reconnect next */
    int64_t handshake_until_ns;  /* when the handshake times out */
    unsigned char *in;           /* the beginning of a frame whose rest has not arrived */
    size_t in_length;
    unsigned char *out;          /* the bytes that the kernel has not accepted yet */
    size_t out_length;
};

/* Called for each text frame. */
typedef void text_handler(struct connection *connection, const char *text, size_t length);

/* One connection for each of plan.connections, in the same order. */
extern struct connection *connections;
extern int live_count, failure_count, closed_count;
extern int64_t received_ns; /* when the bytes being handled were read */

/* Starts the event loop, opens all connections and returns how long that took, in seconds. Exits
 * with an error if they do not become live within the plan's deadline. */
double open_connections(text_handler *handler);

/* Counts answers to subscriptions and missed messages, until the connection is live. */
void advance_opening(struct connection *connection, int subscribed, int missed);

void send_frame(struct connection *connection, int opcode, const char *payload, size_t length);

/* Closes a connection. If the connection was live, it stays closed. Otherwise it reconnects if the
 * plan says so; if not, the client exits with the message `why`. */
void end_connection(struct connection *connection, const char *why);
