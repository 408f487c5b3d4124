"""The line that a run prints while it goes on: one second of it in words. Pure."""

from loadtests.load.run_series import CONNECT, DELIVER, SEND, Second

PERCENTILE = 99


def line(elapsed: float, second: Second) -> str:
    sockets = ", ".join(f"{name} {count}" for name, count in sorted(second.sockets.items()))
    latencies = " ".join(
        f"{kind} {_ms(second, kind)}" for kind in (CONNECT, SEND, DELIVER) if _has(second, kind)
    )
    cpu = max((one.cpu_percent for one in second.generators.values()), default=0.0)
    lag = max((one.lag_ms for one in second.generators.values()), default=0.0)
    return (
        f"{elapsed:5.0f} s  {second.users} users  {sum(second.sockets.values())} sockets"
        f"{f' ({sockets})' if sockets else ''}  {second.latency(SEND).count} sends/s  "
        f"{second.latency(DELIVER).count} deliveries/s  p{PERCENTILE} {latencies or '-'}  "
        f"failures {sum(second.failures.values())}  faults {sum(second.faults.values())}  "
        f"generator {cpu:.0f} % {lag:.0f} ms late"
    )


def _has(second: Second, kind: str) -> bool:
    return second.latency(kind).count > 0


def _ms(second: Second, kind: str) -> str:
    return f"{second.latency(kind).percentile_ms(PERCENTILE):.0f} ms"
