/* Time, memory, text and errors: what every other file uses. */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECOND_NS 1000000000LL

struct text {
    char *bytes; /* ends with a zero byte, which `length` does not count */
    size_t length;
};

/* Monotonic time. */
int64_t now_ns(void);

/* Prints a message to standard error and exits. */
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Returns the list with room for one more element than `count`. Doubles the memory when it is full,
 * so call it before each element that is added. */
void *grown(void *list, int count, size_t size);

/* Returns zeroed memory for an array. */
void *zeroed(size_t count, size_t size);

bool starts_with(const char *bytes, size_t length, const struct text *prefix);
