#include "frames.h"

#include <err.h>

#include <string.h>

#define LAST 0x80
#define MASKED 0x80

bool read_frame(unsigned char *bytes, size_t available, struct frame *frame) {
    if (available < 2) return false;
    size_t head = 2, length = bytes[1] & 0x7F;
    size_t extended = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (available < head + extended) return false;
    if (extended) length = 0;
    for (size_t i = 0; i < extended; i++) length = length << 8 | bytes[head + i];
    head += extended;
    if (length > MAX_RECEIVED_BYTES) errx(1, "The server sent a frame of %zu bytes.", length);
    if (available < head + length) return false;
    if (!(bytes[0] & LAST)) errx(1, "The server sent a fragment, which is not supported.");
    *frame = (struct frame){bytes[0] & 0xF, (char *)bytes + head, length, head + length};
    return true;
}

size_t build_frame(unsigned char *to, int opcode, const char *payload, size_t length) {
    size_t head = 2;
    if (length > MAX_SENT_BYTES) errx(1, "A frame of %zu bytes is too long to send.", length);
    to[0] = (unsigned char)(LAST | opcode);
    if (length < 126) {
        to[1] = (unsigned char)(MASKED | length);
    } else {
        to[1] = MASKED | 126;
        to[2] = (unsigned char)(length >> 8);
        to[3] = (unsigned char)length;
        head = 4;
    }
    memset(to + head, 0, 4); /* the four zero bytes of the mask */
    memcpy(to + head + 4, payload, length);
    return head + 4 + length;
}
