/* WebSocket frames (RFC 6455), as far as a well-behaved server needs them: no fragments, no
 * compression. Servers do not mask their frames (section 5.1). This client masks its frames with
 * zeros, which is safe because no proxy is between it and the server. */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MAX_RECEIVED_BYTES (1 << 19)
#define MAX_SENT_BYTES 65535
#define MAX_HEAD_BYTES 8

enum opcode { TEXT = 0x1, BINARY = 0x2, CLOSE = 0x8, PING = 0x9, PONG = 0xA };

struct frame {
    int opcode;
    char *payload;
    size_t length;
    size_t size; /* the size of the whole frame */
};

/* Finds the frame at the beginning of the bytes. Returns false while the frame is incomplete. */
bool read_frame(unsigned char *bytes, size_t available, struct frame *frame);

/* Writes a frame into `to`, which must be large enough, and returns the frame's size. */
size_t build_frame(unsigned char *to, int opcode, const char *payload, size_t length);
