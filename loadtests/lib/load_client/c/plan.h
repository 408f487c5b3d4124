/* The plan: which connections to open, and how the server under test speaks.
 *
 * loadtests/lib/load_client/plan.py writes it and says what its fields mean. Everything that
 * differs between servers is in `plan.dialect`, as text; the rest of the client knows WebSocket,
 * rooms and numbers. */

#pragma once

#include "util.h"

#define MAX_ROOMS 4 /* that one connection opens */

struct dialect {
    struct text send;         /* the message to send, with $N and $R */
    struct text delivery;     /* how a delivered message starts; the other prefixes likewise */
    struct text ack;          /* of the answer to a send, apart from its delivery */
    struct text subscribed;   /* of the answer to a subscription */
    struct text problem;
    struct text ping, pong;   /* in text frames */
    struct text sequence_key; /* what precedes the number that must grow in each room */
};

struct address {
    char host[64];
    int port;
};

struct room {
    struct text name;
    int members; /* connections that open it */
};

struct planned_connection {
    int address;          /* index into plan.addresses */
    int rooms[MAX_ROOMS]; /* indexes into plan.rooms */
    int room_count;
    struct text request;   /* the WebSocket handshake */
    struct text subscribe; /* what opens its rooms; empty: connecting opens them */
};

struct sender {
    int connection; /* indexes into plan.connections and plan.rooms */
    int room;
};

struct plan {
    struct dialect dialect;
    int max_connecting;        /* connections that wait for the kernel at the same time */
    int max_opening;           /* connections that are not live yet */
    bool retry;                /* reconnect after a failed handshake; otherwise the client exits */
    double spread_seconds;     /* over which the first attempts are spread */
    double deadline_seconds;   /* by which all must be live */
    double handshake_seconds;  /* timeout of an attempt; 0: none */
    int subscriptions;         /* answers until a connection is live */
    int missed_per_connection; /* messages until a connection is live */
    struct address *addresses;
    struct room *rooms;
    struct planned_connection *connections;
    struct sender *senders;
    int *missed_rooms; /* the room of each message that was sent before this client started */
    int address_count, room_count, connection_count, sender_count, missed_count;
};

extern struct plan plan;

/* Reads standard input up to the line `go`. */
void read_plan(void);

/* Returns the next line of standard input without its end, in a buffer that the next call
 * overwrites; NULL at the end of the input. */
char *read_line(void);
