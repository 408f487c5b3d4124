/* The commands after the plan, one a line, each answered when it is done:
 *
 *   run paced <rate> <warm> <seconds> <drain> <first sender> <senders>
 *   run closed <on answer: 0 or 1> <warm> <seconds> <drain> <first sender> <senders>
 *   quit
 *
 * "paced" sends at a rate, whatever comes back, the senders in turn. "closed" has each sender send
 * its next message when its last one came back to it, or was answered. `begin` and `end` are printed
 * at the window's ends, so that whoever started us can take the servers' CPU time; then the result,
 * once all has arrived, or nothing has for a while. Sockets stay open meanwhile, pings answered. */

#include "bench.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define SILENCE_NS 2000000000LL /* after which nothing more is waited for */
#define SECOND_NS 1e9
/* In a closed load sockets are read so often and no more: reading each message by itself would cost
 * more than the server's work, and take the core that another process needs. */
#define ROUND_NS 5000000
#define MOST_IN_A_ROUND 100 /* looks at the sockets, which may have more at each */

static struct {
    bool paced, sending, on_answer;
    double rate, warm, seconds, drain;
    int first, senders;
    int64_t turns;
} load;

static bool next_command(void);
static void take_command(char *line);
static void run_load(void);
static void send_until(int64_t start, int64_t end);
static void send_due(int64_t start, int64_t now);
static int64_t due_ns(int64_t start);
static void drain(int64_t until);
static void say(const char *word);
static void send_message(int index, int64_t when);
static size_t filled(char *to, size_t size, const struct text *room, int64_t number);

void run_commands(void) {
    /* Commands come one at a time, so poll need not know what stdio has read ahead. */
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &event);
    while (next_command()) {
    }
}

/* What came back to its sender decides in a closed load when that one sends again. */
void message_returned(struct socket *socket, int64_t number, bool answer) {
    int sender = tally_message(number)->sender;
    if (sender < 0 || &plan.sockets[plan.senders[sender].socket] != socket) return;
    if (answer || plan.answer.length == 0) tally_answer(number);
    if (socket->awaited != number || load.on_answer != answer) return;
    socket->awaited = NO_MESSAGE;
    if (load.sending && !load.paced) send_message(sender, batch_ns);
}

/* The server said so: the sender goes on with another message. */
void send_failed(struct socket *socket) {
    if (socket->awaited == NO_MESSAGE) return;
    int sender = tally_message(socket->awaited)->sender;
    socket->awaited = NO_MESSAGE;
    if (load.sending && !load.paced) send_message(sender, batch_ns);
}

static bool next_command(void) {
    for (;;) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&input, 1, 0) > 0) break;
        poll_once(INT64_MAX);
    }
    char *line = read_line();
    if (line == NULL || strcmp(line, "quit") == 0) return false;
    take_command(line);
    return true;
}

static void take_command(char *line) {
    char kind[16] = "";
    double value = 0;
    memset(&load, 0, sizeof load);
    int taken = sscanf(line, "run %15s %lf %lf %lf %lf %d %d", kind, &value, &load.warm,
                       &load.seconds, &load.drain, &load.first, &load.senders);
    load.paced = strcmp(kind, "paced") == 0;
    load.rate = value;
    load.on_answer = !load.paced && value != 0;
    bool known = load.paced || strcmp(kind, "closed") == 0;
    if (taken != 7 || !known || load.first < 0 || load.senders < 1 ||
        load.first + load.senders > plan.sender_count || (load.paced && load.rate <= 0))
        fail("This command is not understood: %s", line);
    run_load();
}

static void run_load(void) {
    int64_t start = now_ns();
    int64_t begin = start + (int64_t)(load.warm * SECOND_NS);
    int64_t end = begin + (int64_t)(load.seconds * SECOND_NS);
    tally_reset();
    load.sending = true;
    if (!load.paced)
        for (int i = 0; i < load.senders; i++) send_message(load.first + i, start);
    send_until(start, begin);
    say("begin");
    tally_begin(begin);
    send_until(start, end);
    tally_end(now_ns());
    load.sending = false;
    say("end");
    drain(end + (int64_t)(load.drain * SECOND_NS));
    print_result();
}

static void send_until(int64_t start, int64_t end) {
    for (int64_t now = now_ns(); now < end; now = now_ns()) {
        if (load.paced) send_due(start, now);
        if (load.paced) {
            int64_t next = due_ns(start);
            poll_once(next < end ? next : end);
        } else {
            for (int more = MOST_IN_A_ROUND; more > 0 && poll_once(now);) more--;
            wait_until(now + ROUND_NS);
        }
    }
}

/* Sends what should have been sent by now: each at its own time, however late that is noticed. */
static void send_due(int64_t start, int64_t now) {
    for (;; load.turns++) {
        int64_t due = due_ns(start);
        if (due > now) return;
        /* 7 has no common factor with the usual numbers of senders: all replicas have their turn. */
        send_message(load.first + (int)(load.turns * 7 % load.senders), due);
    }
}

static int64_t due_ns(int64_t start) {
    return start + (int64_t)((double)load.turns * SECOND_NS / load.rate);
}

static void drain(int64_t until) {
    int64_t ended = now_ns();
    while (!tally_complete()) {
        int64_t now = now_ns(), last = tally_last_ns() > ended ? tally_last_ns() : ended;
        if (now > until || now - last > SILENCE_NS) return;
        poll_once(now + SILENCE_NS / 20);
    }
}

static void say(const char *word) {
    puts(word);
    fflush(stdout);
}

static void send_message(int index, int64_t when) {
    char payload[4096];
    struct sender *sender = &plan.senders[index];
    struct socket *socket = &plan.sockets[sender->socket];
    if (socket->state != LIVE) return;
    int64_t number = tally_sent(index, sender->room, when);
    size_t length = filled(payload, sizeof payload, &plan.rooms[sender->room].name, number);
    socket->awaited = number;
    write_frame(socket, 1, payload, length);
}

/* The template with $N as the message's number and $R as the room's name. */
static size_t filled(char *to, size_t size, const struct text *room, int64_t number) {
    size_t at = 0;
    for (const char *from = plan.send.bytes; *from != 0; from++) {
        if (at + room->length + 24 > size) fail("The message is too long.");
        if (from[0] != '$') to[at++] = *from;
        else if (*++from == 'N') at += (size_t)sprintf(to + at, "%lld", (long long)number);
        else at += (size_t)sprintf(to + at, "%s", room->bytes);
    }
    return at;
}
