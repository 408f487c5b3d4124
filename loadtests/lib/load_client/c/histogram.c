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

static double percentile_ms(const struct histogram *histogram, double share) {
    int64_t rank = (int64_t)(share * (double)histogram->count), below = 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        below += histogram->counts[bucket];
        if (below > rank) return (double)upper_edge(bucket) / 1000;
    }
    return (double)histogram->max_us / 1000;
}

void histogram_add(struct histogram *histogram, int64_t us) {
    histogram->counts[bucket_of(us)]++;
    histogram->count++;
    if (us > histogram->max_us) histogram->max_us = us;
}

void histogram_print(const struct histogram *histogram) {
    const char *separator = "";
    printf("{\"count\": %lld, \"p50_ms\": %.3f, \"p90_ms\": %.3f, \"p99_ms\": %.3f, "
           "\"p999_ms\": %.3f, \"max_ms\": %.3f, \"buckets\": [",
           (long long)histogram->count, percentile_ms(histogram, 0.5),
           percentile_ms(histogram, 0.9), percentile_ms(histogram, 0.99),
           percentile_ms(histogram, 0.999), (double)histogram->max_us / 1000);
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        if (histogram->counts[bucket] == 0) continue;
        printf("%s[%lld, %lld]", separator, (long long)upper_edge(bucket),
               (long long)histogram->counts[bucket]);
        separator = ", ";
    }
    printf("]}");
}
