#include "stats.h"

#include "clock.h"
#include "histogram.h"
#include "plan.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_SHARE 0.9 /* share of a core; if the load client used more, it was the limit */

struct received {
    unsigned char *seen; /* has a bit for each message */
    size_t seen_bytes;
    int64_t *order; /* the last sequence number of each room, or the last message of each sender */
};

static struct message *messages;
static int message_count, message_capacity;
static struct received *received; /* one struct for each connection */

static struct {
    int first; /* number of the first message of this run */
    bool measuring;
    int64_t begin_ns, end_ns, last_ns;
    int64_t sent, acked_in_window, deliveries;                     /* in the measured window */
    int64_t expected, got, duplicated, reordered, acked, problems; /* in the whole run */
    double cpu_seconds;
    struct histogram delivery, ack;
} run;
static struct histogram opening;

static void print_count(const char *name, int64_t count);
static void print_durations(const char *name, const struct histogram *histogram);
static bool already_seen(struct received *by, int64_t number);
static void check_order(int connection, int64_t number, const char *text, size_t length);
static int64_t sequence_in(const char *text, size_t length);
static bool in_window(const struct message *message);
static double cpu_seconds(void);

void stats_init(void) {
    received = calloc((size_t)plan.connection_count, sizeof *received);
    for (int i = 0; i < plan.missed_count; i++) stats_sent(-1, plan.missed_rooms[i], 0);
}

int64_t stats_sent(int sender, int room, int64_t due_ns) {
    if (message_count == message_capacity) {
        message_capacity = 2 * message_capacity + 1024;
        messages = realloc(messages, (size_t)message_capacity * sizeof *messages);
    }
    messages[message_count] = (struct message){.sender = sender, .room = room, .sent_ns = due_ns};
    run.expected += plan.rooms[room].members;
    run.sent += run.measuring;
    return message_count++;
}

const struct message *stats_message(int64_t number) {
    return &messages[number];
}

void stats_live(int64_t opening_ns) {
    histogram_add(&opening, opening_ns / 1000);
}

bool stats_delivery(int connection, int64_t number, const char *text, size_t length, int64_t now) {
    if (number >= message_count)
        errx(1, "Message %lld arrived and was never sent.", (long long)number);
    run.last_ns = now;
    run.deliveries += run.measuring;
    if (already_seen(&received[connection], number)) return run.duplicated++, false;
    run.got += number >= run.first;
    check_order(connection, number, text, length);
    const struct message *message = &messages[number];
    if (in_window(message)) histogram_add(&run.delivery, (now - message->sent_ns) / 1000);
    return true;
}

void stats_ack(int64_t number, int64_t now) {
    const struct message *message = &messages[number];
    run.last_ns = now;
    run.acked++;
    run.acked_in_window += run.measuring;
    if (in_window(message)) histogram_add(&run.ack, (now - message->sent_ns) / 1000);
}

void stats_problem(void) {
    run.problems++;
}

void stats_forget(int connection, int missed) {
    run.got -= missed;
    free(received[connection].seen);
    free(received[connection].order);
    received[connection] = (struct received){0};
}

void stats_reset(void) {
    memset(&run, 0, sizeof run);
    run.first = message_count;
    run.begin_ns = run.end_ns = INT64_MAX;
}

void stats_begin(int64_t now) {
    run.begin_ns = now;
    run.measuring = true;
    run.cpu_seconds = -cpu_seconds();
}

void stats_end(int64_t now) {
    run.end_ns = now;
    run.measuring = false;
    run.cpu_seconds += cpu_seconds();
}

bool stats_complete(void) {
    int64_t sent = message_count - run.first;
    bool all_acked = plan.dialect.ack.length == 0 || run.acked + run.problems >= sent;
    return run.got >= run.expected && all_acked;
}

int64_t stats_last_ns(void) {
    return run.last_ns;
}

void print_opened(double seconds, int failures) {
    printf("{\"seconds\": %.3f", seconds);
    print_count("failures", failures);
    print_count("missed", run.got);
    print_count("expected", run.expected);
    print_count("duplicated", run.duplicated);
    print_count("reordered", run.reordered);
    print_durations("live", &opening);
    puts("}");
}

void print_result(int closed) {
    double seconds = (double)(run.end_ns - run.begin_ns) / SECOND_NS;
    double share = run.cpu_seconds / seconds;
    printf("{\"seconds\": %.3f, \"generator_cpu\": %.3f, \"generator_limited\": %s", seconds, share,
           share > BUSY_SHARE ? "true" : "false");
    print_count("sent", run.sent);
    print_count("acked", run.acked_in_window);
    print_count("deliveries", run.deliveries);
    print_count("expected", run.expected);
    print_count("lost", run.expected - run.got);
    print_count("duplicated", run.duplicated);
    print_count("reordered", run.reordered);
    print_count("problems", run.problems);
    print_count("closed", closed);
    print_durations("delivery", &run.delivery);
    print_durations("ack", &run.ack);
    puts("}");
}

static void print_count(const char *name, int64_t count) {
    printf(", \"%s\": %lld", name, (long long)count);
}

static void print_durations(const char *name, const struct histogram *histogram) {
    printf(", \"%s\": ", name);
    histogram_print(histogram);
}

static bool already_seen(struct received *by, int64_t number) {
    size_t at = (size_t)number / 8;
    if (at >= by->seen_bytes) {
        size_t bytes = at + 1 + at / 2 + 64;
        by->seen = realloc(by->seen, bytes);
        memset(by->seen + by->seen_bytes, 0, bytes - by->seen_bytes);
        by->seen_bytes = bytes;
    }
    unsigned char bit = (unsigned char)(1 << number % 8);
    if (by->seen[at] & bit) return true;
    by->seen[at] |= bit;
    return false;
}

static void check_order(int connection, int64_t number, const char *text, size_t length) {
    const struct message *message = &messages[number];
    const struct planned_connection *planned = &plan.connections[connection];
    struct received *by = &received[connection];
    int slot = message->sender;
    int64_t value = number + 1;
    if (plan.dialect.sequence_key.length) {
        value = sequence_in(text, length);
        for (slot = 0; slot < planned->room_count && planned->rooms[slot] != message->room;) slot++;
        if (slot == planned->room_count) errx(1, "A message arrived in a room that is not open.");
    }
    if (slot < 0) return;
    if (by->order == NULL)
        by->order = calloc((size_t)(MAX_ROOMS + plan.sender_count), sizeof *by->order);
    if (value <= by->order[slot]) run.reordered++;
    by->order[slot] = value;
}

static int64_t sequence_in(const char *text, size_t length) {
    const struct text *key = &plan.dialect.sequence_key;
    const char *found = memmem(text, length, key->bytes, key->length);
    if (found == NULL) errx(1, "A delivery has no %s: %.*s", key->bytes, (int)length, text);
    return strtoll(found + key->length, NULL, 10);
}

static bool in_window(const struct message *message) {
    return message->sent_ns >= run.begin_ns && message->sent_ns < run.end_ns;
}

static double cpu_seconds(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}
