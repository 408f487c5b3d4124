"""Every metric of Hubbub, for Prometheus: base units, the unit in the name, one prefix.

Code elsewhere imports this module and adds one line where something happens; what labels may be is
bounded there. Names are an interface: dashboards and alerts in deploy/monitoring/ use them, and a
test holds both together. How a process shows them is in `exposition`.

In `web`, gunicorn's workers share files of numbers, so a gauge says how they are put together.
"""

from typing import Final

from django.conf import settings
from prometheus_client import Counter, Gauge, Histogram

# From what one cannot notice to what nobody waits for.
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

version = Gauge(
    "hubbub_version_info",
    "1, with the version of the software that the process runs.",
    ["version"],
    multiprocess_mode="livemax",
)
version.labels(settings.VERSION).set(1)
ready = Gauge(
    "hubbub_ready",
    "1 while /readyz says yes: started and not draining; of web: migrations applied.",
    multiprocess_mode="livemax",
)

# Sockets

connections = Gauge("hubbub_connections", "Open sockets.", multiprocess_mode="livesum")
connections_closed = Counter(
    "hubbub_connections_closed",
    "Sockets that ended, by the code with which we closed them; `client`: the other side went.",
    ["code"],
)
local_rooms = Gauge(
    "hubbub_local_rooms", "Rooms that are followed here.", multiprocess_mode="livesum"
)
resumes = Counter(
    "hubbub_resumes",
    "Subscribed rooms by where missed events came from: buffer, log, or refused (load it anew).",
    ["source"],
)
drains = Counter("hubbub_drains", "Drains begun.")
draining = Gauge("hubbub_draining", "1 while the process drains.", multiprocess_mode="livesum")
loop_lag = Histogram(
    "hubbub_loop_lag_seconds",
    "How late the event loop comes to what is due, sampled ten times a second.",
    buckets=SECONDS,
)
loop_stall = Gauge(
    "hubbub_loop_stall_seconds",
    "The longest that the event loop was not there for its sockets, in the last so many seconds: "
    "busy, or kept from running.",
    ["last"],
    multiprocess_mode="livemax",
)
loop_tasks = Gauge(
    "hubbub_loop_tasks",
    "Tasks of the event loop, counted when asked for: what grows while sockets do not is a leak.",
    multiprocess_mode="livesum",
)

# From the commit to the sockets

deliveries = Counter("hubbub_deliveries", "Events written to sockets: one for each socket.")
fan_out = Histogram(
    "hubbub_fan_out_seconds",
    "From an event's commit to its last local write, once for each event that has a socket here. "
    "Between machines by their clocks; read from the log, from just before the commit.",
    buckets=SECONDS,
)
gaps_repaired = Counter(
    "hubbub_gaps_repaired",
    "Times that a log was read for what was not heard: the doorbell was lost, Redis is deaf, or "
    "another version rang in a way that is unknown here.",
    ["cause"],
)
send_batch_messages = Histogram(
    "hubbub_send_batch_messages",
    "Messages that went into one transaction of the writer.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200),
)
send_batch_seconds = Histogram(
    "hubbub_send_batch_seconds", "How long a transaction of the writer took.", buckets=SECONDS
)

# Redis

heartbeat_delay = Histogram(
    "hubbub_bus_heartbeat_delay_seconds",
    "From one replica's heartbeat to its arrival at another, by their clocks; its own, too.",
    ["origin", "destination"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
bus_lost = Gauge(
    "hubbub_bus_lost",
    "1 while a Redis host is not heard, by its place in REDIS_URL: the log is read instead.",
    ["host"],
    multiprocess_mode="livemax",
)
bus_lost_seconds = Counter(
    "hubbub_bus_lost_seconds", "Time for which a Redis host was not heard.", ["host"]
)
publishes_dropped = Counter(
    "hubbub_publishes_dropped",
    "Messages to other replicas given up: Redis did not take them in time, or too many waited.",
)

# People and pages

sign_ins = Counter(
    "hubbub_sign_ins",
    "Attempts to sign in: ok, failed, or limited (refused because too many have failed).",
    ["outcome"],
)
http_requests = Histogram(
    "hubbub_http_request_seconds",
    "Requests answered, by the name of the view (never the path), the method and the status.",
    ["view", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)

# Bound once where each event counts, and shown as 0 before the first: a rate needs a beginning.
resumed_from_buffer, resumed_from_log, resume_refused = (
    resumes.labels(source) for source in ("buffer", "log", "refused")
)
gap_lost, gap_bus_lost, gap_unknown = (
    gaps_repaired.labels(cause) for cause in ("lost", "bus_lost", "unknown")
)
sign_in_ok, sign_in_failed, sign_in_limited = (
    sign_ins.labels(outcome) for outcome in ("ok", "failed", "limited")
)
