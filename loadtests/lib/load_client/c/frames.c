/* Frames both ways, and what a text frame says. Servers do not mask (RFC 6455, 5.1); ours are
 * masked with zeros, since nobody is between. Fragments and compression are not spoken. */

#include "bench.h"

#include <stdio.h>
#include <string.h>

#define TEXT 0x1
#define BINARY 0x2
#define CLOSE 0x8
#define PING 0x9
#define PONG 0xA
#define LAST 0x80

static void take_frame(struct socket *socket, int opcode, const char *payload, size_t length);
static void take_text(struct socket *socket, const char *payload, size_t length);
static void refused(struct socket *socket, const char *payload, size_t length);
static void room_opened(struct socket *socket);
static int64_t number_in(const char *payload, size_t length, size_t *hint);

/* Takes all whole frames; returns the number of bytes that they were. */
size_t take_frames(struct socket *socket, unsigned char *bytes, size_t length) {
    size_t at = 0;
    while (length - at >= 2 && socket->state != CLOSED && socket->state != WAITING) {
        size_t start = at + 2, size = bytes[at + 1] & 0x7F;
        int extended = size == 126 ? 2 : size == 127 ? 8 : 0;
        if (length - start < (size_t)extended) break;
        if (extended) size = 0;
        for (int i = 0; i < extended; i++) size = size << 8 | bytes[start + (size_t)i];
        start += (size_t)extended;
        if (size > BUFFER_BYTES / 2) fail("A server sent a frame of %zu bytes.", size);
        if (length - start < size) break;
        if (!(bytes[at] & LAST)) fail("A server sent a fragment, which is not understood here.");
        take_frame(socket, bytes[at] & 0xF, (char *)bytes + start, size);
        at = start + size;
    }
    return at;
}

void write_frame(struct socket *socket, int opcode, const char *payload, size_t length) {
    unsigned char frame[8 + 65536] = {(unsigned char)(LAST | opcode)};
    size_t head = 2;
    if (length > 65535) fail("A frame of %zu bytes is too long to send.", length);
    if (length < 126) {
        frame[1] = (unsigned char)(0x80 | length);
    } else {
        frame[1] = 0x80 | 126;
        frame[2] = (unsigned char)(length >> 8);
        frame[3] = (unsigned char)length;
        head = 4;
    }
    memset(frame + head, 0, 4); /* the mask */
    memcpy(frame + head + 4, payload, length);
    write_bytes(socket, frame, head + 4 + length);
}

static void take_frame(struct socket *socket, int opcode, const char *payload, size_t length) {
    if (opcode == TEXT || opcode == BINARY) take_text(socket, payload, length);
    else if (opcode == PING) write_frame(socket, PONG, payload, length);
    /* A close frame needs nothing: the server ends the connection, which net.c sees. */
}

static void take_text(struct socket *socket, const char *payload, size_t length) {
    static size_t delivery_hint, answer_hint;
    if (begins(payload, length, &plan.delivery)) {
        int64_t number = number_in(payload, length, &delivery_hint);
        if (number == NO_MESSAGE || !tally_delivery(socket, payload, length, number)) return;
        if (socket->state == OPENING) {
            socket->missed++;
            room_opened(socket);
        } else message_returned(socket, number, false);
    } else if (plan.answer.length && begins(payload, length, &plan.answer)) {
        int64_t number = number_in(payload, length, &answer_hint);
        if (number != NO_MESSAGE) message_returned(socket, number, true);
    } else if (plan.opened.length && begins(payload, length, &plan.opened)) {
        socket->opened++;
        room_opened(socket);
    } else if (plan.ping.length && begins(payload, length, &plan.ping)) {
        write_frame(socket, TEXT, plan.pong.bytes, plan.pong.length);
    } else if (plan.problem.length && begins(payload, length, &plan.problem)) {
        tally_problem();
        if (socket->state == OPENING) refused(socket, payload, length);
        else send_failed(socket);
    }
}

/* Who was told to try later comes back anew, so that nothing of the first time is left. */
static void refused(struct socket *socket, const char *payload, size_t length) {
    char why[256];
    snprintf(why, sizeof why, "%.*s", (int)length, payload);
    socket_ended(socket, why);
}

static void room_opened(struct socket *socket) {
    if (socket->state != OPENING) return;
    if (socket->opened < plan.subscriptions || socket->missed < plan.missed) return;
    socket_live(socket);
}

/* Returns the message's number, looking first where the last one had it. */
static int64_t number_in(const char *payload, size_t length, size_t *hint) {
    static const char mark[] = "bench ";
    const size_t size = sizeof mark - 1;
    if (*hint + size > length || memcmp(payload + *hint, mark, size) != 0) {
        const char *found = memmem(payload, length, mark, size);
        if (found == NULL) return NO_MESSAGE;
        *hint = (size_t)(found - payload);
    }
    int64_t number = 0;
    size_t at = *hint + size;
    for (; at < length && payload[at] >= '0' && payload[at] <= '9'; at++)
        number = number * 10 + (payload[at] - '0');
    if (at + 1 >= length || payload[at] != ' ' || payload[at + 1] != '.') return NO_MESSAGE;
    return number;
}
