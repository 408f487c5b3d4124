/* A message carries `bench <number> .`, so it is recognised without parsing what is around it. */

#include "receive.h"

#include "frames.h"
#include "load.h"
#include "stats.h"

#include <stdio.h>
#include <string.h>

#define NO_NUMBER (-1)

static void receive_delivery(struct connection *connection, const char *text, size_t length);
static void receive_ack(struct connection *connection, const char *text, size_t length);
static void receive_problem(struct connection *connection, const char *text, size_t length);
static bool is(const struct text *prefix, const char *text, size_t length);
static int64_t number_in(const char *text, size_t length, size_t *hint);

void receive_text(struct connection *connection, const char *text, size_t length) {
    const struct dialect *dialect = &plan.dialect;
    if (starts_with(text, length, &dialect->delivery)) receive_delivery(connection, text, length);
    else if (is(&dialect->ack, text, length)) receive_ack(connection, text, length);
    else if (is(&dialect->subscribed, text, length)) advance_opening(connection, 1, 0);
    else if (is(&dialect->ping, text, length))
        send_frame(connection, TEXT, dialect->pong.bytes, dialect->pong.length);
    else if (is(&dialect->problem, text, length)) receive_problem(connection, text, length);
}

static void receive_delivery(struct connection *connection, const char *text, size_t length) {
    static size_t hint;
    int64_t number = number_in(text, length, &hint);
    if (number == NO_NUMBER) return;
    if (!stats_delivery(index_of(connection), number, text, length, received_ns)) return;
    if (connection->state == OPENING) advance_opening(connection, 0, 1);
    else message_returned(connection, number, false);
}

static void receive_ack(struct connection *connection, const char *text, size_t length) {
    static size_t hint;
    int64_t number = number_in(text, length, &hint);
    if (number != NO_NUMBER) message_returned(connection, number, true);
}

/* A connection whose subscription is refused is closed; it starts over if the plan says so. */
static void receive_problem(struct connection *connection, const char *text, size_t length) {
    char why[256];
    stats_problem();
    if (connection->state != OPENING) {
        send_refused(connection);
        return;
    }
    snprintf(why, sizeof why, "%.*s", (int)length, text);
    end_connection(connection, why);
}

/* An empty prefix means that this server does not send such frames. */
static bool is(const struct text *prefix, const char *text, size_t length) {
    return prefix->length && starts_with(text, length, prefix);
}

/* Returns the message's number, looking first where the last message had its own. */
static int64_t number_in(const char *text, size_t length, size_t *hint) {
    static const char label[] = "bench ";
    const size_t size = sizeof label - 1;
    if (*hint + size > length || memcmp(text + *hint, label, size) != 0) {
        const char *found = memmem(text, length, label, size);
        if (found == NULL) return NO_NUMBER;
        *hint = (size_t)(found - text);
    }
    int64_t number = 0;
    size_t at = *hint + size;
    for (; at < length && text[at] >= '0' && text[at] <= '9'; at++)
        number = number * 10 + (text[at] - '0');
    if (at + 1 >= length || text[at] != ' ' || text[at + 1] != '.') return NO_NUMBER;
    return number;
}
