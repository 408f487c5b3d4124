/* The loads: one command per line on standard input, each answered when it is done.
 *
 *   run paced <rate> <warm-up> <seconds> <drain> <first sender> <senders>
 *   run closed <on ack: 0 or 1> <warm-up> <seconds> <drain> <first sender> <senders>
 *   quit
 *
 * "paced" sends at a fixed rate, even if the server falls behind; senders take turns. "closed" lets
 * each sender send its next message once its last one has been delivered to it, or acknowledged.
 * `begin` and `end` are printed at the ends of the measured window, so that the caller can read the
 * servers' CPU time; then the result, once everything has arrived or nothing more is coming.
 * Connections stay open between commands, and pings are answered. */

#pragma once

#include "connections.h"

/* Runs commands until `quit` or the end of the input. */
void run_commands(void);

/* A message arrived at a connection, or (`ack`) the answer to it: its sender may send the next. */
void message_returned(struct connection *connection, int64_t number, bool ack);

/* The server refused the connection's last message: its sender sends another one. */
void send_refused(struct connection *connection);
