/* Durations in microseconds. Buckets for longer durations are wider: accurate to 1.6 %. */

#pragma once

#include <stdint.h>

#define STEPS 64       /* buckets for each doubling */
#define BUCKETS 2304   /* up to 2^41 microseconds */

struct histogram {
    int64_t counts[BUCKETS];
    int64_t count;
    int64_t max_us;
};

void histogram_add(struct histogram *histogram, int64_t us);

/* Prints {"count": …, "max_ms": …, "buckets": [[upper edge in us, count], …]}. */
void histogram_print(const struct histogram *histogram);
