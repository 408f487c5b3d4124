"""Deliveries and checks in Locust's statistics, a second of them at once.

An event for each would cost as much again as decoding the message (3 µs), and be counted twice:
the histograms of `series` are there anyway, and add up exactly.
Percentiles stay what they are: each bucket's count goes to the bucket of Locust's in which its
upper edge falls. They are left out of Locust's "Aggregated" line, which they would drown.
"""

from locust.stats import RequestStats, StatsEntry, bucket_response_time

from loadtests.load.histogram import Histogram, upper_us


def feed(stats: RequestStats, method: str, name: str, measured: Histogram, at: int) -> None:
    """Add the durations of the second `at`."""
    if measured.count == 0:
        return
    entry = StatsEntry(stats, name, method)
    entry.start_time = entry.last_request_timestamp = at
    entry.num_requests = entry.num_reqs_per_sec[at] = measured.count
    entry.total_response_time = round(measured.sum_us / 1000)
    entry.max_response_time = round(measured.max_us / 1000)
    entry.min_response_time = round(upper_us(min(measured.counts)) / 1000)
    for bucket, count in measured.counts.items():
        entry.response_times[bucket_response_time(upper_us(bucket) / 1000)] += count
    stats.entries[name, method].extend(entry)


def feed_checked(stats: RequestStats, name: str, count: int, at: int) -> None:
    """Add entries that were checked and have no duration."""
    feed(stats, "CHECK", name, Histogram({0: count}, 0, 0) if count else Histogram(), at)
