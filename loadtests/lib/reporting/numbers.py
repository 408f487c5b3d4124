"""Formats numbers, times and amounts for reports."""

MIB = 2**20
UNKNOWN = "–"


def number(value: float) -> str:
    """Return a number with at least three significant digits and with thousands separators."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def fixed(value: float | None, digits: int = 0) -> str:
    """Return a number with `digits` decimal places; a dash if the number is not known."""
    return UNKNOWN if value is None else f"{value:,.{digits}f}"


def amount(value: float, unit: str = "") -> str:
    """Return an amount as text: in MiB if the unit is "bytes", otherwise as a plain count."""
    if unit == "bytes":
        return f"{value / MIB:.2f} MiB"
    return f"{value:,.1f}".removesuffix(".0")


def clock(seconds: float) -> str:
    """Return a time as minutes and seconds, such as 02:05."""
    return f"{int(seconds) // 60:02}:{int(seconds) % 60:02}"


def rough_duration(seconds: float) -> str:
    """Return an estimated duration as text, rounded to 5 s or to whole minutes."""
    if seconds < 90:
        return f"{round(seconds / 5) * 5 or 5} s"
    return f"{round(seconds / 60)} min"
