"""The measured figures as a table that can be read, with the ratios that the issue asks for."""

from typing import Any

CHATS = ("tutorial", "hubbub")


def table(measured: dict[str, Any]) -> str:
    parts = [_loads(measured, "fanout"), _loads(measured, "sends"), _history(measured)]
    return "\n\n".join(part for part in parts if part)


def cpu_per_delivery_us(measured: dict[str, Any]) -> float:
    return 1e6 * float(measured["cpu_seconds"]) / max(1, int(measured["result"]["deliveries"]))


def sends_per_second(measured: dict[str, Any], seconds: float) -> float:
    return float(measured["result"]["answered"]) / seconds


def _loads(measured: dict[str, Any], kind: str) -> str:
    runs = [measured[chat][kind] for chat in CHATS if kind in measured.get(chat, {})]
    if not runs:
        return ""
    options = measured["options"]
    if kind == "fanout":
        title = f"{options['sockets']} sockets in one room, {options['rate']:g} messages/s"
    else:
        title = f"durable sends, {options['writers']} writers in many rooms, fsync on"
    lines = [title, _HEAD, *(_line(one, kind, options["seconds"]) for one in runs)]
    if len(runs) == 2:
        lines.append(_ratio(runs, kind, options["seconds"]))
    return "\n".join(lines)


_HEAD = (
    f"  {'':10}{'sent':>8}{'deliveries':>12}{'lost':>8}{'doubled':>9}"
    f"{'p50 ms':>9}{'p99 ms':>9}{'CPU s':>8}{'µs/delivery':>13}{'sends/s':>9}"
)


def _line(measured: dict[str, Any], kind: str, seconds: float) -> str:
    result = measured["result"]
    return (
        f"  {measured['chat']:10}{result['sent']:>8}{result['deliveries']:>12}"
        f"{result['lost']:>8}{result['doubled']:>9}{result['p50_ms']:>9}{result['p99_ms']:>9}"
        f"{measured['cpu_seconds']:>8}{cpu_per_delivery_us(measured):>13.0f}"
        f"{sends_per_second(measured, seconds):>9.0f}"
    )


def _ratio(runs: list[dict[str, Any]], kind: str, seconds: float) -> str:
    tutorial, hubbub = runs
    if kind == "fanout":
        share = cpu_per_delivery_us(hubbub) / cpu_per_delivery_us(tutorial)
        return f"  CPU per delivery: {share:.2f} of the tutorial chat's"
    times = sends_per_second(hubbub, seconds) / max(1e-9, sends_per_second(tutorial, seconds))
    return f"  sends/s: {times:.2f} times the tutorial chat's"


def _history(measured: dict[str, Any]) -> str:
    if "history" not in measured:
        return ""
    lines = ["history: a large room and one of 100 messages"]
    for name, one in measured["history"].items():
        lines.append(
            f"  {name:28} queries {one['queries_large']} / {one['queries_small']}"
            f"   median ms {one['large_ms']} / {one['small_ms']} = {one['ratio']}×"
            f"   read whole: {', '.join(one['read_whole']) or 'nothing'}"
        )
    return "\n".join(lines)
