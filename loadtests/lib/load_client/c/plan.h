/* The plan: which connections to open, and how the server under test speaks.
 *
 * loadtests/lib/load_client/plan.py writes the plan and says what its fields mean. Everything that
 * differs between servers is in `plan.dialect`, as text; the rest of the client knows WebSocket,
 * rooms and numbers. */

#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#define MAX_ROOMS 4 /* the most rooms that one connection opens */

struct text {
    char *bytes; /* the text ends with a zero byte, which `length` does not count */
    size_t length;
};

struct dialect {
    struct text send, delivery, ack, subscribed, problem, ping, pong, sequence_key;
};

struct room {
    struct text name;
    int members; /* how many connections open the room */
};

struct planned_connection {
    struct sockaddr_in address;
    int room_count, rooms[MAX_ROOMS]; /* indexes into plan.rooms */
    struct text request;              /* the request of the WebSocket handshake */
    /* The text that opens the rooms. It is empty if connecting opens them. */
    struct text subscribe;
};

struct sender {
    int connection, room; /* indexes into plan.connections and plan.rooms */
};

struct plan {
    struct dialect dialect;
    int max_connecting;        /* how many connections may wait for the kernel at the same time */
    int max_opening;           /* how many connections may be opening at the same time */
    double deadline_seconds;   /* all connections must be live by then */
    double handshake_seconds;  /* timeout of one handshake; 0 if there is none */
    int missed_per_connection; /* a connection is live once it has this many missed messages */
    bool retry;                /* reconnect after a failed handshake; otherwise the client exits */
    int subscriptions;         /* a connection is live once so many of them are answered */
    int room_count, connection_count, sender_count, missed_count;
    struct room *rooms;
    struct planned_connection *connections;
    struct sender *senders;
    int *missed_rooms; /* the room of each message that was sent before this client started */
};

extern struct plan plan;

/* Reads the plan from standard input. */
void read_plan(void);
