/* A histogram of durations in microseconds. Buckets for longer durations are wider, so that every
 * duration is accurate to 1.6 %. */

#pragma once

#include <stdint.h>

#define STEPS 64       /* the number of buckets for each doubling of the duration */
#define BUCKETS 2304   /* the last bucket ends at 2^41 microseconds */

struct histogram {
    int64_t counts[BUCKETS];
    int64_t count;
    int64_t max_us;
};

void histogram_add(struct histogram *histogram, int64_t us);

/* Prints {"count": …, "max_ms": …, "buckets": [[upper edge in us, count], …]}. */
void histogram_print(const struct histogram *histogram);
