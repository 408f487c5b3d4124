/* A plan is a list of values, separated by white space, in the order in which they are read here. A
 * text is its length and its bytes; a list is its length and its elements. */

#include "plan.h"

#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

struct plan plan;

static void read_dialect(struct dialect *dialect);
static void read_connection(struct planned_connection *connection);
static void *new_list(int *count, size_t size);
static double read_number(void);
static int read_int(void);
static struct text read_text(void);

void read_plan(void) {
    read_dialect(&plan.dialect);
    plan.max_connecting = read_int();
    plan.max_opening = read_int();
    plan.deadline_seconds = read_number();
    plan.handshake_seconds = read_number();
    plan.missed_per_connection = read_int();
    plan.retry = read_int();
    plan.subscriptions = read_int();
    plan.rooms = new_list(&plan.room_count, sizeof *plan.rooms);
    for (int i = 0; i < plan.room_count; i++) plan.rooms[i].name = read_text();
    plan.connections = new_list(&plan.connection_count, sizeof *plan.connections);
    for (int i = 0; i < plan.connection_count; i++) read_connection(&plan.connections[i]);
    plan.senders = new_list(&plan.sender_count, sizeof *plan.senders);
    for (int i = 0; i < plan.sender_count; i++) {
        plan.senders[i].connection = read_int();
        plan.senders[i].room = read_int();
    }
    plan.missed_rooms = new_list(&plan.missed_count, sizeof *plan.missed_rooms);
    for (int i = 0; i < plan.missed_count; i++) plan.missed_rooms[i] = read_int();
}

static void read_dialect(struct dialect *dialect) {
    dialect->send = read_text();
    dialect->delivery = read_text();
    dialect->ack = read_text();
    dialect->subscribed = read_text();
    dialect->problem = read_text();
    dialect->ping = read_text();
    dialect->pong = read_text();
    dialect->sequence_key = read_text();
}

static void read_connection(struct planned_connection *connection) {
    struct text host = read_text();
    connection->address.sin_family = AF_INET;
    connection->address.sin_port = htons((uint16_t)read_int());
    if (inet_pton(AF_INET, host.bytes, &connection->address.sin_addr) != 1)
        errx(1, "No IPv4 address: %s", host.bytes);
    free(host.bytes);
    connection->room_count = read_int();
    if (connection->room_count > MAX_ROOMS)
        errx(1, "A connection can open at most %d rooms.", MAX_ROOMS);
    for (int i = 0; i < connection->room_count; i++) {
        connection->rooms[i] = read_int();
        plan.rooms[connection->rooms[i]].members++;
    }
    connection->request = read_text();
    connection->subscribe = read_text();
}

/* Reads the length of a list; returns memory for its elements. */
static void *new_list(int *count, size_t size) {
    *count = read_int();
    return calloc((size_t)*count, size);
}

static double read_number(void) {
    double number;
    if (scanf("%lf", &number) != 1) errx(1, "The plan is incomplete.");
    return number;
}

static int read_int(void) {
    return (int)read_number();
}

static struct text read_text(void) {
    size_t length = (size_t)read_int();
    char *bytes = calloc(length + 1, 1);
    getchar(); /* the space before the text */
    if (fread(bytes, 1, length, stdin) != length) errx(1, "The plan is incomplete.");
    return (struct text){bytes, length};
}
