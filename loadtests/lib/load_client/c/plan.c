/* Reads the plan: one field per line, its name and then its value. A text extends to the end of the
 * line, with \r, \n and \\ as escapes. */

#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plan plan = {
    .max_connecting = 64, .max_opening = 64, .subscriptions = 1, .deadline_seconds = 120};

static void read_fact(const char *name, char *value);
static void add_room(char *value);
static void add_connection(char *value);
static void add_sender(char *value);
static void add_address(char *value);
static void add_missed(char *value);
static bool set_text(const char *name, char *value);
static bool set_number(const char *name, const char *value);
static struct text unescaped(char *value);
static struct planned_connection *last_connection(void);

void read_plan(void) {
    for (char *line = read_line(); line != NULL; line = read_line()) {
        if (strcmp(line, "go") == 0) return;
        char *value = strchr(line, ' ');
        if (value == NULL) value = line + strlen(line);
        else *value++ = 0;
        read_fact(line, value);
    }
    fail("The plan ended without `go`.");
}

char *read_line(void) {
    static char *line;
    static size_t size;
    ssize_t length = getline(&line, &size, stdin);
    if (length <= 0) return NULL;
    if (line[length - 1] == '\n') line[length - 1] = 0;
    return line;
}

static void read_fact(const char *name, char *value) {
    if (strcmp(name, "connection") == 0) add_connection(value);
    else if (strcmp(name, "sender") == 0) add_sender(value);
    else if (strcmp(name, "address") == 0) add_address(value);
    else if (strcmp(name, "room") == 0) add_room(value);
    else if (strcmp(name, "missed_message") == 0) add_missed(value);
    else if (strcmp(name, "request") == 0) last_connection()->request = unescaped(value);
    else if (strcmp(name, "subscribe") == 0) last_connection()->subscribe = unescaped(value);
    else if (!set_text(name, value) && !set_number(name, value))
        fail("Unknown line in the plan: %s", name);
}

static void add_room(char *value) {
    plan.rooms = grown(plan.rooms, plan.room_count, sizeof *plan.rooms);
    plan.rooms[plan.room_count++] = (struct room){.name = unescaped(value)};
}

/* "<address> <room>,<room>": indexes of earlier lines. */
static void add_connection(char *value) {
    plan.connections = grown(plan.connections, plan.connection_count, sizeof *plan.connections);
    struct planned_connection *added = &plan.connections[plan.connection_count++];
    *added = (struct planned_connection){0};
    char *at = value;
    added->address = (int)strtol(at, &at, 10);
    while (*at != 0 && added->room_count < MAX_ROOMS) {
        int room = (int)strtol(at + 1, &at, 10);
        if (room < 0 || room >= plan.room_count) fail("There is no room %d in the plan.", room);
        added->rooms[added->room_count++] = room;
        plan.rooms[room].members++;
    }
}

/* "<connection> <room>" */
static void add_sender(char *value) {
    plan.senders = grown(plan.senders, plan.sender_count, sizeof *plan.senders);
    struct sender *sender = &plan.senders[plan.sender_count++];
    if (sscanf(value, "%d %d", &sender->connection, &sender->room) != 2)
        fail("A sender has no room.");
}

/* "<ip address> <port>" */
static void add_address(char *value) {
    plan.addresses = grown(plan.addresses, plan.address_count, sizeof *plan.addresses);
    struct address *address = &plan.addresses[plan.address_count++];
    if (sscanf(value, "%63s %d", address->host, &address->port) != 2)
        fail("An address has no port.");
}

static void add_missed(char *value) {
    plan.missed_rooms = grown(plan.missed_rooms, plan.missed_count, sizeof *plan.missed_rooms);
    plan.missed_rooms[plan.missed_count++] = atoi(value);
}

static bool set_text(const char *name, char *value) {
    struct dialect *dialect = &plan.dialect;
    struct {
        const char *name;
        struct text *text;
    } texts[] = {
        {"send", &dialect->send},
        {"delivery", &dialect->delivery},
        {"ack", &dialect->ack},
        {"subscribed", &dialect->subscribed},
        {"problem", &dialect->problem},
        {"ping", &dialect->ping},
        {"pong", &dialect->pong},
        {"sequence_key", &dialect->sequence_key},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(name, texts[i].name) == 0) return *texts[i].text = unescaped(value), true;
    return false;
}

static bool set_number(const char *name, const char *value) {
    if (strcmp(name, "max_connecting") == 0) plan.max_connecting = atoi(value);
    else if (strcmp(name, "max_opening") == 0) plan.max_opening = atoi(value);
    else if (strcmp(name, "retry") == 0) plan.retry = atoi(value) != 0;
    else if (strcmp(name, "spread_seconds") == 0) plan.spread_seconds = atof(value);
    else if (strcmp(name, "deadline_seconds") == 0) plan.deadline_seconds = atof(value);
    else if (strcmp(name, "handshake_seconds") == 0) plan.handshake_seconds = atof(value);
    else if (strcmp(name, "subscriptions") == 0) plan.subscriptions = atoi(value);
    else if (strcmp(name, "missed_per_connection") == 0) plan.missed_per_connection = atoi(value);
    else return false;
    return true;
}

static struct text unescaped(char *value) {
    char *to = value;
    for (const char *from = value; *from != 0; from++) {
        if (*from != '\\') *to++ = *from;
        else if (*++from == 'r') *to++ = '\r';
        else if (*from == 'n') *to++ = '\n';
        else *to++ = *from;
    }
    size_t length = (size_t)(to - value);
    char *bytes = zeroed(length + 1, 1);
    memcpy(bytes, value, length);
    return (struct text){bytes, length};
}

static struct planned_connection *last_connection(void) {
    if (plan.connection_count == 0) fail("The plan has a request before its first connection.");
    return &plan.connections[plan.connection_count - 1];
}
