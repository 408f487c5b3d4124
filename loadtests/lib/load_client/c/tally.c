/* What was sent, what came of it, and how long it took.
 *
 * Every message has a number and knows how many sockets should get it. A socket has a bit for each,
 * so what did not come and what came twice both show. Order: the server's own seq in each room
 * where a frame has one, else the numbers of each sender. Times and rates are those of the window
 * between tally_begin and tally_end; loss, doubles and disorder those of the whole run. */

#include "bench.h"
#include "histogram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static struct message *messages;
static int message_count;

static struct {
    int first; /* message of this run */
    bool measuring;
    int64_t begin_ns, end_ns, last_ns;
    int64_t sent, answered, deliveries;                           /* in the window */
    int64_t expected, got, doubled, disordered, answers, problems; /* in the whole run */
    double cpu_seconds;
    struct histogram delivery, answer;
} run;
static struct histogram opened;

static bool come_twice(struct socket *socket, int64_t number);
static void check_order(struct socket *socket, const struct message *message, int64_t number,
                        const char *text, size_t length);
static int64_t seq_in(const char *text, size_t length);
static double cpu_seconds(void);

int64_t tally_sent(int sender, int room, int64_t when) {
    messages = grown(messages, message_count, sizeof *messages);
    messages[message_count] = (struct message){.sender = sender, .room = room, .sent_ns = when};
    run.expected += plan.rooms[room].members;
    run.sent += run.measuring;
    return message_count++;
}

/* Notes a message that the sockets are to find when they open the room. */
void tally_past(int room) {
    tally_sent(-1, room, 0);
}

void tally_live(struct socket *socket, int64_t now) {
    histogram_add(&opened, (now - socket->first_try_ns) / 1000);
}

/* Returns whether it came for the first time. */
bool tally_delivery(struct socket *socket, const char *text, size_t length, int64_t number) {
    if (number >= message_count) fail("Message %lld came, and was never sent.", (long long)number);
    struct message *message = &messages[number];
    run.last_ns = batch_ns;
    run.deliveries += run.measuring;
    if (come_twice(socket, number)) return run.doubled++, false;
    message->got++;
    run.got += number >= run.first;
    check_order(socket, message, number, text, length);
    if (message->sent_ns >= run.begin_ns && message->sent_ns < run.end_ns)
        histogram_add(&run.delivery, (batch_ns - message->sent_ns) / 1000);
    return true;
}

void tally_answer(int64_t number) {
    struct message *message = &messages[number];
    run.last_ns = batch_ns;
    run.answers++;
    run.answered += run.measuring;
    if (message->sent_ns >= run.begin_ns && message->sent_ns < run.end_ns)
        histogram_add(&run.answer, (batch_ns - message->sent_ns) / 1000);
}

void tally_problem(void) {
    run.problems++;
}

/* Starts a run; its window begins later. */
void tally_reset(void) {
    memset(&run, 0, sizeof run);
    run.first = message_count;
    run.begin_ns = run.end_ns = INT64_MAX;
}

void tally_begin(int64_t now) {
    run.begin_ns = now;
    run.measuring = true;
    run.cpu_seconds = -cpu_seconds();
}

void tally_end(int64_t now) {
    run.end_ns = now;
    run.measuring = false;
    run.cpu_seconds += cpu_seconds();
}

bool tally_complete(void) {
    bool answered = plan.answer.length == 0 || run.answers + run.problems >= message_count - run.first;
    return run.got >= run.expected && answered;
}

int64_t tally_last_ns(void) {
    return run.last_ns;
}

const struct message *tally_message(int64_t number) {
    return &messages[number];
}

/* What a socket has, for the case that it must open its rooms anew. */
void tally_forget(struct socket *socket) {
    for (int number = 0; number < message_count && socket->seen; number++)
        if ((size_t)number / 8 < socket->seen_bytes && socket->seen[number / 8] >> number % 8 & 1)
            messages[number].got--, run.got--;
    if (socket->seen) memset(socket->seen, 0, socket->seen_bytes);
    free(socket->order);
    socket->order = NULL;
}

void print_opened(double seconds) {
    printf("{\"sockets\": %d, \"seconds\": %.3f, \"failures\": %d, \"missed\": %lld, "
           "\"expected\": %lld, \"doubled\": %lld, \"disordered\": %lld, \"live\": ",
           plan.socket_count, seconds, failure_count, (long long)run.got, (long long)run.expected,
           (long long)run.doubled, (long long)run.disordered);
    histogram_print(&opened);
    printf("}\n");
    fflush(stdout);
}

void print_result(void) {
    double seconds = (double)(run.end_ns - run.begin_ns) / 1e9;
    double share = run.cpu_seconds / seconds;
    printf("{\"seconds\": %.3f, \"sent\": %lld, \"answered\": %lld, \"deliveries\": %lld, "
           "\"expected\": %lld, \"lost\": %lld, \"doubled\": %lld, \"disordered\": %lld, "
           "\"problems\": %lld, \"closed\": %d, \"generator_cpu\": %.3f, "
           "\"generator_limited\": %s, \"delivery\": ",
           seconds, (long long)run.sent, (long long)run.answered, (long long)run.deliveries,
           (long long)run.expected, (long long)(run.expected - run.got), (long long)run.doubled,
           (long long)run.disordered, (long long)run.problems, closed_count, share,
           share > 0.9 ? "true" : "false");
    histogram_print(&run.delivery);
    printf(", \"answer\": ");
    histogram_print(&run.answer);
    printf("}\n");
    fflush(stdout);
}

static bool come_twice(struct socket *socket, int64_t number) {
    size_t at = (size_t)number / 8;
    if (at >= socket->seen_bytes) {
        size_t bytes = at + 1 + at / 2 + 64;
        socket->seen = realloc(socket->seen, bytes);
        memset(socket->seen + socket->seen_bytes, 0, bytes - socket->seen_bytes);
        socket->seen_bytes = bytes;
    }
    unsigned char bit = (unsigned char)(1 << number % 8);
    if (socket->seen[at] & bit) return true;
    socket->seen[at] |= bit;
    return false;
}

static void check_order(struct socket *socket, const struct message *message, int64_t number,
                        const char *text, size_t length) {
    int slot = message->sender;
    int64_t value = number + 1;
    if (plan.order.length) {
        value = seq_in(text, length);
        for (slot = 0; slot < socket->room_count && socket->rooms[slot] != message->room;) slot++;
        if (slot == socket->room_count) fail("A message came to a room that was not opened.");
    }
    if (slot < 0) return;
    if (socket->order == NULL)
        socket->order = calloc((size_t)(MAX_ROOMS + plan.sender_count), sizeof *socket->order);
    if (value <= socket->order[slot]) run.disordered++;
    socket->order[slot] = value;
}

static int64_t seq_in(const char *text, size_t length) {
    const char *found = memmem(text, length, plan.order.bytes, plan.order.length);
    if (found == NULL) fail("A delivery has no %s: %.*s", plan.order.bytes, (int)length, text);
    return strtoll(found + plan.order.length, NULL, 10);
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 +
           (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
}
