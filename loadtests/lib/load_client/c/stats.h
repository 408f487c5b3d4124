/* Counts what was sent and what arrived, and measures how long messages took.
 *
 * Every message has a number, and it is known how many connections should receive it. Each
 * connection has a bit for each message, so both loss and duplicates show. If the server's frames
 * have a sequence number, order is checked by that number in each room; otherwise by the message
 * numbers of each sender. Durations and rates are those of the measured window. Loss, duplicates
 * and order are those of the whole run. */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct message {
    int sender; /* -1 if the message was sent before this client started */
    int room;
    int64_t sent_ns; /* when the message was due; if the client falls behind, latencies show it */
};

/* Prepares for the plan's connections and missed messages. Call after read_plan. */
void stats_init(void);

/* Returns the number of a new message. */
int64_t stats_sent(int sender, int room, int64_t due_ns);
const struct message *stats_message(int64_t number);

void stats_live(int64_t opening_ns);

/* Returns whether this connection received the message for the first time. */
bool stats_delivery(int connection, int64_t number, const char *text, size_t length, int64_t now);
void stats_ack(int64_t number, int64_t now);
void stats_problem(void);

/* Forgets the `missed` messages that a connection received, because the connection starts over. */
void stats_forget(int connection, int missed);

/* Call reset at the start of a run, and begin and end at the edges of its measured window. */
void stats_reset(void);
void stats_begin(int64_t now);
void stats_end(int64_t now);

bool stats_complete(void);     /* whether everything that was sent in this run has arrived */
int64_t stats_last_ns(void);   /* the time at which something last arrived */

void print_opened(double seconds, int failures);
void print_result(int closed);
