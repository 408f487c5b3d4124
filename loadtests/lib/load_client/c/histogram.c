/* The layout is that of HdrHistogram: linear steps within each power of two. */

#include "histogram.h"

#include <stdio.h>

static int bucket_of(int64_t us) {
    if (us < STEPS) return us < 0 ? 0 : (int)us;
    int shift = 63 - __builtin_clzll((unsigned long long)us) - 6;
    int bucket = (shift + 1) * STEPS + (int)(us >> shift) - STEPS;
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static int64_t upper_edge(int bucket) {
    if (bucket < STEPS) return bucket;
    int shift = bucket / STEPS - 1;
    return ((int64_t)(bucket % STEPS + STEPS + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, int64_t us) {
    histogram->counts[bucket_of(us)]++;
    histogram->count++;
    if (us > histogram->max_us) histogram->max_us = us;
}

void histogram_print(const struct histogram *histogram) {
    const char *separator = "";
    printf("{\"count\": %lld, \"max_ms\": %.3f, \"buckets\": [", (long long)histogram->count,
           (double)histogram->max_us / 1000);
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        if (histogram->counts[bucket] == 0) continue;
        printf("%s[%lld, %lld]", separator, (long long)upper_edge(bucket),
               (long long)histogram->counts[bucket]);
        separator = ", ";
    }
    printf("]}");
}
