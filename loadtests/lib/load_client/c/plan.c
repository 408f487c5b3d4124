/* Reads the plan: one fact a line, its name and what follows it; a text goes to the line's end,
 * with \r, \n and \\ for what a line cannot hold. loadtests/lib/load_client/client.py writes it. */

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plan plan = {.connecting = 64, .opening = 64, .subscriptions = 1, .deadline = 120};

static void take(const char *name, char *rest);
static void take_socket(char *rest);
static void take_sender(char *rest);
static void take_address(char *rest);
static bool take_text(const char *name, char *rest);
static bool take_number(const char *name, const char *rest);
static struct text text_of(char *rest);
static struct socket *last_socket(void);

void read_plan(void) {
    for (char *line = read_line(); line != NULL; line = read_line()) {
        if (strcmp(line, "go") == 0) return;
        char *rest = strchr(line, ' ');
        if (rest == NULL) rest = line + strlen(line);
        else *rest++ = 0;
        take(line, rest);
    }
    fail("The plan ended without `go`.");
}

/* Returns the next line without its end, in a buffer that the next call overwrites. */
char *read_line(void) {
    static char *line;
    static size_t size;
    ssize_t length = getline(&line, &size, stdin);
    if (length <= 0) return NULL;
    if (line[length - 1] == '\n') line[length - 1] = 0;
    return line;
}

static void take(const char *name, char *rest) {
    if (strcmp(name, "socket") == 0) take_socket(rest);
    else if (strcmp(name, "sender") == 0) take_sender(rest);
    else if (strcmp(name, "address") == 0) take_address(rest);
    else if (strcmp(name, "past") == 0) tally_past(atoi(rest));
    else if (strcmp(name, "request") == 0) last_socket()->request = text_of(rest);
    else if (strcmp(name, "open") == 0) last_socket()->open = text_of(rest);
    else if (strcmp(name, "room") == 0) {
        plan.rooms = grown(plan.rooms, plan.room_count, sizeof *plan.rooms);
        plan.rooms[plan.room_count++] = (struct room){.name = text_of(rest)};
    } else if (!take_text(name, rest) && !take_number(name, rest))
        fail("The plan has a line that is not known: %s", name);
}

/* "<address> <room>,<room>": indexes of what was named before. */
static void take_socket(char *rest) {
    plan.sockets = grown(plan.sockets, plan.socket_count, sizeof *plan.sockets);
    struct socket *socket = &plan.sockets[plan.socket_count++];
    *socket = (struct socket){.fd = -1, .sender = -1, .awaited = NO_MESSAGE};
    char *at = rest;
    socket->address = (int)strtol(at, &at, 10);
    while (*at != 0 && socket->room_count < MAX_ROOMS) {
        int room = (int)strtol(at + 1, &at, 10);
        if (room < 0 || room >= plan.room_count) fail("There is no room %d in the plan.", room);
        socket->rooms[socket->room_count++] = room;
        plan.rooms[room].members++;
    }
}

/* "<socket> <room>" */
static void take_sender(char *rest) {
    plan.senders = grown(plan.senders, plan.sender_count, sizeof *plan.senders);
    struct sender *sender = &plan.senders[plan.sender_count];
    if (sscanf(rest, "%d %d", &sender->socket, &sender->room) != 2) fail("A sender lacks a room.");
    plan.sockets[sender->socket].sender = plan.sender_count++;
}

/* "<ip address> <port>" */
static void take_address(char *rest) {
    plan.addresses = grown(plan.addresses, plan.address_count, sizeof *plan.addresses);
    struct address *address = &plan.addresses[plan.address_count++];
    if (sscanf(rest, "%63s %d", address->host, &address->port) != 2) fail("An address lacks a port.");
}

static bool take_text(const char *name, char *rest) {
    struct {
        const char *name;
        struct text *text;
    } texts[] = {
        {"delivery", &plan.delivery}, {"answer", &plan.answer}, {"opened", &plan.opened},
        {"problem", &plan.problem},   {"ping", &plan.ping},     {"pong", &plan.pong},
        {"order", &plan.order},       {"send", &plan.send},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(name, texts[i].name) == 0) return *texts[i].text = text_of(rest), true;
    return false;
}

static bool take_number(const char *name, const char *rest) {
    if (strcmp(name, "connecting") == 0) plan.connecting = atoi(rest);
    else if (strcmp(name, "opening") == 0) plan.opening = atoi(rest);
    else if (strcmp(name, "retry") == 0) plan.retry = atoi(rest) != 0;
    else if (strcmp(name, "spread") == 0) plan.spread = atof(rest);
    else if (strcmp(name, "deadline") == 0) plan.deadline = atof(rest);
    else if (strcmp(name, "patience") == 0) plan.patience = atof(rest);
    else if (strcmp(name, "subscriptions") == 0) plan.subscriptions = atoi(rest);
    else if (strcmp(name, "missed") == 0) plan.missed = atoi(rest);
    else return false;
    return true;
}

static struct text text_of(char *rest) {
    char *to = rest;
    for (const char *from = rest; *from != 0; from++) {
        if (*from != '\\') *to++ = *from;
        else if (*++from == 'r') *to++ = '\r';
        else if (*from == 'n') *to++ = '\n';
        else *to++ = *from;
    }
    size_t length = (size_t)(to - rest);
    char *bytes = malloc(length + 1);
    memcpy(bytes, rest, length);
    bytes[length] = 0;
    return (struct text){bytes, length};
}

static struct socket *last_socket(void) {
    if (plan.socket_count == 0) fail("The plan has a request before its first socket.");
    return &plan.sockets[plan.socket_count - 1];
}
