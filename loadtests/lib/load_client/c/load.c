#include "load.h"

#include "event_loop.h"
#include "frames.h"
#include "stats.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define NO_MESSAGE (-1)
#define SILENCE_NS (2 * SECOND_NS) /* after which nothing more is expected */
/* In a closed load the connections are read only this often: reading each message by itself would
 * cost more than the server's work, and take a core that another process needs. */
#define ROUND_NS 5000000
#define MAX_POLLS_IN_A_ROUND 100

static struct {
    bool paced, sending, on_ack;
    double rate, warm_up, seconds, drain;
    int first, senders;
    int64_t turns;
} load;
/* Per connection: the message that must be delivered to it before it sends the next. */
static int64_t *awaited;

static bool next_command(void);
static void parse_command(char *line);
static void run_load(void);
static void send_until(int64_t start, int64_t end);
static void send_due(int64_t start, int64_t now);
static int64_t due_ns(int64_t start);
static void drain(int64_t until);
static void print_word(const char *word);
static void send_message(int sender_index, int64_t due);
static size_t filled_in(char *to, size_t size, const struct text *room, int64_t number);

void run_commands(void) {
    awaited = zeroed((size_t)plan.connection_count, sizeof *awaited);
    for (int i = 0; i < plan.connection_count; i++) awaited[i] = NO_MESSAGE;
    /* Commands come one at a time, so poll need not know what stdio has read ahead. */
    watch(STDIN_FILENO, EPOLLIN, EPOLL_CTL_ADD, NULL);
    while (next_command()) {
    }
}

void message_returned(struct connection *connection, int64_t number, bool ack) {
    int sender = stats_message(number)->sender, index = index_of(connection);
    if (sender < 0 || plan.senders[sender].connection != index) return;
    if (ack || plan.dialect.ack.length == 0) stats_ack(number, received_ns);
    if (awaited == NULL || awaited[index] != number || load.on_ack != ack) return;
    awaited[index] = NO_MESSAGE;
    if (load.sending && !load.paced) send_message(sender, received_ns);
}

void send_refused(struct connection *connection) {
    int index = index_of(connection);
    if (awaited == NULL || awaited[index] == NO_MESSAGE) return;
    int sender = stats_message(awaited[index])->sender;
    awaited[index] = NO_MESSAGE;
    if (load.sending && !load.paced) send_message(sender, received_ns);
}

static bool next_command(void) {
    for (;;) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&input, 1, 0) > 0) break;
        poll_once(INT64_MAX);
    }
    char *line = read_line();
    if (line == NULL || strcmp(line, "quit") == 0) return false;
    parse_command(line);
    run_load();
    return true;
}

static void parse_command(char *line) {
    char kind[16] = "";
    double value = 0;
    memset(&load, 0, sizeof load);
    int read = sscanf(line, "run %15s %lf %lf %lf %lf %d %d", kind, &value, &load.warm_up,
                      &load.seconds, &load.drain, &load.first, &load.senders);
    load.paced = strcmp(kind, "paced") == 0;
    load.rate = value;
    load.on_ack = !load.paced && value != 0;
    bool known = load.paced || strcmp(kind, "closed") == 0;
    if (read != 7 || !known || load.first < 0 || load.senders < 1 ||
        load.first + load.senders > plan.sender_count || (load.paced && load.rate <= 0))
        fail("Unknown command: %s", line);
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
    print_word("begin");
    stats_begin(begin);
    send_until(start, end);
    stats_end(now_ns());
    load.sending = false;
    print_word("end");
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

/* Sends what is due. A message's latency counts from when it was due, however late it is sent. */
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

static void drain(int64_t until) {
    int64_t ended = now_ns();
    while (!stats_complete()) {
        int64_t now = now_ns(), last = stats_last_ns() > ended ? stats_last_ns() : ended;
        if (now > until || now - last > SILENCE_NS) return;
        poll_once(now + SILENCE_NS / 20);
    }
}

static void print_word(const char *word) {
    puts(word);
    fflush(stdout);
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
        if (at + room->length + 24 > size) fail("The message is too long.");
        if (from[0] != '$') to[at++] = *from;
        else if (*++from == 'N') at += (size_t)sprintf(to + at, "%lld", (long long)number);
        else at += (size_t)sprintf(to + at, "%s", room->bytes);
    }
    return at;
}
