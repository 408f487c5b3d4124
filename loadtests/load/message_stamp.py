"""The stamp at the end of a message's text: which run it belongs to, and when it was sent. Pure.

The time is epoch time, so that another machine can also compute how long a message took. The result
is then only as accurate as the clocks of both machines. Messages that others send in the same room
do not have this run's stamp and are not measured.
"""

SEPARATOR = " ~"


def stamp(text: str, run_id: str, sent_at: float) -> str:
    return f"{text}{SEPARATOR}{run_id}.{round(sent_at * 1e6)}"


def read_stamp(body: str, run_id: str) -> float | None:
    """Return when a message of this run was sent; None if the message is not of this run."""
    _, _, mark = body.rpartition(SEPARATOR)
    run, _, us = mark.partition(".")
    return int(us) / 1e6 if run == run_id and us.isascii() and us.isdecimal() else None
