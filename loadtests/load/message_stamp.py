"""The mark in a message's body: of which run it is, and when it was sent. Pure.

Epoch time, so that any machine can say how long a message took; between two machines by their
clocks. What other people write in the same room has no mark of this run and is not measured.
"""

SIGN = " ~"


def marked(text: str, run: str, sent_at: float) -> str:
    return f"{text}{SIGN}{run}.{round(sent_at * 1e6)}"


def sent_at(body: str, run: str) -> float | None:
    """Return when a message of this run was sent; None where it is not one."""
    _, _, mark = body.rpartition(SIGN)
    of, _, us = mark.partition(".")
    return int(us) / 1e6 if of == run and us.isascii() and us.isdecimal() else None
