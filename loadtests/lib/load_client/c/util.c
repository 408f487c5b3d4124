#include "util.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND_NS + now.tv_nsec;
}

void fail(const char *format, ...) {
    va_list values;
    va_start(values, format);
    fputs("load client: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    exit(1);
}

void *grown(void *list, int count, size_t size) {
    if (count & (count - 1)) return list;
    list = realloc(list, (count ? (size_t)count * 2 : 1) * size);
    if (list == NULL) fail("Out of memory.");
    return list;
}

void *zeroed(size_t count, size_t size) {
    void *memory = calloc(count ? count : 1, size);
    if (memory == NULL) fail("Out of memory.");
    return memory;
}

bool starts_with(const char *bytes, size_t length, const struct text *prefix) {
    return length >= prefix->length && memcmp(bytes, prefix->bytes, prefix->length) == 0;
}
