/* The load client: opens many WebSocket connections cheaply, from one thread, and counts what
 * arrives. loadtests/lib/load_client/client.py starts it.
 *
 * It reads a plan (plan.h) from standard input, opens the connections, reports that they are open,
 * and runs the loads that follow. Each load is a line on standard input:
 *
 *   paced <rate> <warm-up> <seconds> <drain> <first sender> <senders>
 *   closed <on ack: 0 or 1> <warm-up> <seconds> <drain> <first sender> <senders>
 *
 * "paced" sends at a fixed rate, even if the server falls behind; senders take turns. "closed" lets
 * each sender send its next message once its last one has been delivered to it, or acknowledged.
 * The client prints `begin` and `end` at the edges of the measured window, so that the caller can
 * read the servers' CPU time. Then it prints the result, once everything has arrived or nothing
 * more is coming. Connections stay open between loads, and pings are answered.
 *
 * Each file includes only headers below it: main; connections; stats, incoming; plan, event_loop,
 * frames, histogram; clock. Linux promises more memory than it has, so allocations are not
 * checked. */

#include "clock.h"
#include "connections.h"
#include "event_loop.h"
#include "frames.h"
#include "incoming.h"
#include "stats.h"

#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define NO_MESSAGE (-1)
#define SILENCE_NS (2 * SECOND_NS) /* after this time without a frame, nothing more is expected */
/* In a closed load the connections are read only this often. Reading each message by itself would
 * take more CPU time than the server's work, and occupy a core that another process needs. */
#define ROUND_NS 5000000
#define MAX_POLLS_IN_A_ROUND 100

static struct {
    bool paced, sending, on_ack;
    double rate, warm_up, seconds, drain;
    int first, senders;
    int64_t turns;
} load;
/* For each connection: the message that must be delivered to it before it sends the next one. */
static int64_t *awaited;

static void handle_text(struct connection *connection, const char *text, size_t length);
static void handle_delivery(struct connection *connection, int64_t number);
static void handle_problem(struct connection *connection, const char *text, size_t length);
static void message_returned(struct connection *connection, int64_t number, bool ack);
static void send_next(struct connection *connection);
static bool read_load(void);
static void run_load(void);
static void send_until(int64_t start, int64_t end);
static void send_due(int64_t start, int64_t now);
static int64_t due_ns(int64_t start);
static void sleep_until(int64_t when_ns);
static void drain(int64_t until);
static void send_message(int sender_index, int64_t due);
static size_t filled_in(char *to, size_t size, const struct text *room, int64_t number);

int main(void) {
    setlinebuf(stdout);
    read_plan();
    stats_init();
    awaited = malloc((size_t)plan.connection_count * sizeof *awaited);
    for (int i = 0; i < plan.connection_count; i++) awaited[i] = NO_MESSAGE;
    double seconds = open_connections(handle_text);
    print_opened(seconds, failure_count);
    watch(STDIN_FILENO, EPOLLIN, EPOLL_CTL_ADD, NULL);
    while (read_load()) run_load();
    return 0;
}

static void handle_text(struct connection *connection, const char *text, size_t length) {
    const struct text *pong = &plan.dialect.pong;
    struct incoming incoming = interpret(text, length);
    switch (incoming.meaning) {
        case DELIVERY:
            if (stats_delivery(connection->index, incoming.number, text, length, received_ns))
                handle_delivery(connection, incoming.number);
            break;
        case ACK: message_returned(connection, incoming.number, true); break;
        case SUBSCRIBED: advance_opening(connection, 1, 0); break;
        case TEXT_PING: send_frame(connection, TEXT, pong->bytes, pong->length); break;
        case PROBLEM: handle_problem(connection, text, length); break;
        case UNKNOWN: break;
    }
}

static void handle_delivery(struct connection *connection, int64_t number) {
    if (connection->state == OPENING) advance_opening(connection, 0, 1);
    else message_returned(connection, number, false);
}

/* A connection whose subscription is refused is closed, and reconnects if the plan says so. After a
 * refused message, the sender sends another message. */
static void handle_problem(struct connection *connection, const char *text, size_t length) {
    char why[256];
    stats_problem();
    if (connection->state != OPENING) {
        if (awaited[connection->index] != NO_MESSAGE) send_next(connection);
        return;
    }
    snprintf(why, sizeof why, "%.*s", (int)length, text);
    end_connection(connection, why);
}

/* Handles a message that arrived at a connection or, with `ack`, the answer to a message. If this
 * connection sent the message, it may send its next one. */
static void message_returned(struct connection *connection, int64_t number, bool ack) {
    int sender = stats_message(number)->sender, index = connection->index;
    if (sender < 0 || plan.senders[sender].connection != index) return;
    if (ack || plan.dialect.ack.length == 0) stats_ack(number, received_ns);
    if (awaited[index] == number && load.on_ack == ack) send_next(connection);
}

static void send_next(struct connection *connection) {
    int index = connection->index, sender = stats_message(awaited[index])->sender;
    awaited[index] = NO_MESSAGE;
    if (load.sending && !load.paced) send_message(sender, received_ns);
}

/* Handles what arrives until the next load is read. Returns false at the end of the input. */
static bool read_load(void) {
    char kind[16];
    double value;
    /* The caller writes one load at a time, so poll need not know what stdio has read ahead. */
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    while (poll(&input, 1, 0) == 0) poll_once(INT64_MAX);
    memset(&load, 0, sizeof load);
    int read = scanf("%15s %lf %lf %lf %lf %d %d", kind, &value, &load.warm_up, &load.seconds,
                     &load.drain, &load.first, &load.senders);
    if (read == EOF) return false;
    load.paced = strcmp(kind, "paced") == 0;
    load.rate = value;
    load.on_ack = !load.paced && value != 0;
    if (read != 7 || load.senders < 1 || load.first + load.senders > plan.sender_count)
        errx(1, "This load cannot be run: %s", kind);
    return true;
}

static void run_load(void) {
    int64_t start = now_ns();
    int64_t begin = start + (int64_t)(load.warm_up * SECOND_NS);
    int64_t end = begin + (int64_t)(load.seconds * SECOND_NS);
    stats_reset();
    load.sending = true;
    if (!load.paced)
        for (int i = 0; i < load.senders; i++) send_message(load.first + i, start);
    send_until(start, begin);
    puts("begin");
    stats_begin(begin);
    send_until(start, end);
    stats_end(now_ns());
    load.sending = false;
    puts("end");
    drain(end + (int64_t)(load.drain * SECOND_NS));
    print_result(closed_count);
}

static void send_until(int64_t start, int64_t end) {
    for (int64_t now = now_ns(); now < end; now = now_ns()) {
        if (load.paced) {
            send_due(start, now);
            int64_t next = due_ns(start);
            poll_once(next < end ? next : end);
        } else {
            for (int left = MAX_POLLS_IN_A_ROUND; left > 0 && poll_once(now);) left--;
            sleep_until(now + ROUND_NS);
        }
    }
}

/* Sends the messages that are due. The latency of a message is measured from the time at which it
 * was due, however late it is sent. */
static void send_due(int64_t start, int64_t now) {
    for (;; load.turns++) {
        int64_t due = due_ns(start);
        if (due > now) return;
        /* 7 has no common factor with the usual numbers of senders: all replicas take turns. */
        send_message(load.first + (int)(load.turns * 7 % load.senders), due);
    }
}

static int64_t due_ns(int64_t start) {
    return start + (int64_t)((double)load.turns * SECOND_NS / load.rate);
}

static void sleep_until(int64_t when_ns) {
    struct timespec time = timespec_of(when_ns);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static void drain(int64_t until) {
    int64_t ended = now_ns();
    while (!stats_complete()) {
        int64_t now = now_ns(), last = stats_last_ns() > ended ? stats_last_ns() : ended;
        if (now > until || now - last > SILENCE_NS) return;
        poll_once(now + SILENCE_NS / 20);
    }
}

static void send_message(int sender_index, int64_t due) {
    char payload[4096];
    struct sender *sender = &plan.senders[sender_index];
    struct connection *connection = &connections[sender->connection];
    if (connection->state != LIVE) return;
    int64_t number = stats_sent(sender_index, sender->room, due);
    size_t length = filled_in(payload, sizeof payload, &plan.rooms[sender->room].name, number);
    awaited[sender->connection] = number;
    send_frame(connection, TEXT, payload, length);
}

/* Writes the dialect's message with $N as the message's number and $R as the room's name. */
static size_t filled_in(char *to, size_t size, const struct text *room, int64_t number) {
    size_t at = 0;
    for (const char *from = plan.dialect.send.bytes; *from != 0; from++) {
        if (at + room->length + 24 > size) errx(1, "The message is too long.");
        if (from[0] != '$') to[at++] = *from;
        else if (*++from == 'N') at += (size_t)sprintf(to + at, "%lld", (long long)number);
        else at += (size_t)sprintf(to + at, "%s", room->bytes);
    }
    return at;
}
