"""All of Hubbub's metrics, for Prometheus: base units, the unit in the name, one prefix.

Other modules import this one and update a metric with one line where the event happens. They keep
the number of label values small. Metric names are an interface: the dashboard and alerts in
deploy/monitoring/ use them, and a test compares both. `exposition` renders the metrics.

In `web`, gunicorn's workers store their numbers in shared files. Each gauge therefore declares how
the workers' values are combined.
"""

from typing import Final

from django.conf import settings
from prometheus_client import Counter, Gauge, Histogram

# The buckets for durations range from unnoticeable to longer than users wait.
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

version = Gauge(
    "hubbub_version_info",
    "Always 1; the label is the version that the process runs.",
    ["version"],
    multiprocess_mode="livemax",
)
version.labels(settings.VERSION).set(1)
ready = Gauge(
    "hubbub_ready",
    "1 while /readyz reports ready. realtime: started and not draining; web: migrations applied.",
    multiprocess_mode="livemax",
)

# Connections

connections = Gauge(
    "hubbub_connections", "Open WebSocket connections.", multiprocess_mode="livesum"
)
connections_closed = Counter(
    "hubbub_connections_closed",
    "Closed connections, by the close code we sent; `client`: closed by the client.",
    ["code"],
)
local_rooms = Gauge(
    "hubbub_local_rooms",
    "Rooms that this replica follows: open here, or a moment ago.",
    multiprocess_mode="livesum",
)
resumes = Counter(
    "hubbub_resumes",
    "Resumed rooms, by the source of missed events: buffer, log, or refused (load the room).",
    ["source"],
)
drains = Counter("hubbub_drains", "Drains that were started.")
draining = Gauge("hubbub_draining", "1 while the process is draining.", multiprocess_mode="livesum")
loop_lag = Histogram(
    "hubbub_loop_lag_seconds",
    "How late the event loop runs a due callback, sampled ten times a second.",
    buckets=SECONDS,
)
loop_stall = Gauge(
    "hubbub_loop_stall_seconds",
    "The longest turn of the event loop in the last 10 or 60 seconds: for that long, no socket was "
    "read or written.",
    ["last"],
    multiprocess_mode="livemax",
)
loop_tasks = Gauge(
    "hubbub_loop_tasks",
    "Tasks of the event loop when scraped. Growth without more connections is a leak.",
    multiprocess_mode="livesum",
)

# From the commit to the connections

deliveries = Counter("hubbub_deliveries", "Events written to connections, one for each connection.")
fan_out = Histogram(
    "hubbub_fan_out_seconds",
    "Time from an event's commit to its last local write, for each event with a subscriber here. "
    "Across machines it includes the difference of their clocks. For events read from the log it "
    "starts just before the commit.",
    buckets=SECONDS,
)
gaps_repaired = Counter(
    "hubbub_gaps_repaired",
    "Reads of a log for events that did not arrive on the bus, by cause. lost: a message was lost. "
    "bus_lost: the bus is lost. unknown: a message of another version was not understood.",
    ["cause"],
)
send_batch_messages = Histogram(
    "hubbub_send_batch_messages",
    "Messages in one transaction of the group commit.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200),
)
send_batch_seconds = Histogram(
    "hubbub_send_batch_seconds", "Duration of a transaction of the group commit.", buckets=SECONDS
)

# Redis

heartbeat_delay = Histogram(
    "hubbub_bus_heartbeat_delay_seconds",
    "Delay of heartbeats between two replicas by their clocks, and from a replica to itself.",
    ["origin", "destination"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
bus_lost = Gauge(
    "hubbub_bus_lost",
    "1 while the bus is lost on a Redis host (its index in REDIS_URL). The log is read instead.",
    ["host"],
    multiprocess_mode="livemax",
)
bus_lost_seconds = Counter(
    "hubbub_bus_lost_seconds", "Time during which the bus was lost on a Redis host.", ["host"]
)
publishes_dropped = Counter(
    "hubbub_publishes_dropped",
    "Bus messages that were dropped: Redis was too slow, or the publish queue was full.",
)

# Users and requests

sign_ins = Counter(
    "hubbub_sign_ins",
    "Sign-in attempts by outcome: ok, failed, or limited (refused after too many failures).",
    ["outcome"],
)
http_requests = Histogram(
    "hubbub_http_request_seconds",
    "Duration of requests by view name (never the path), method and status.",
    ["view", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)

# Create these counters here, so that each is exposed as 0 before its first event: a rate needs a
# first value.
resumed_from_buffer, resumed_from_log, resume_refused = (
    resumes.labels(source) for source in ("buffer", "log", "refused")
)
gap_lost, gap_bus_lost, gap_unknown = (
    gaps_repaired.labels(cause) for cause in ("lost", "bus_lost", "unknown")
)
sign_in_ok, sign_in_failed, sign_in_limited = (
    sign_ins.labels(outcome) for outcome in ("ok", "failed", "limited")
)
