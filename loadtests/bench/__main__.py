"""`python -m loadtests.bench`: compare, measure, print a table, write JSON."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from loadtests.bench import report
from loadtests.bench.chats import Chat, hubbub, lobby_of, make_rooms, tutorial
from loadtests.bench.history import measure_history
from loadtests.bench.runs import Measured, run
from loadtests.servers import Place, Postgres, Redis

# Plans of statements, as the history's part reads them from Postgres's log.
EXPLAIN = {
    "shared_preload_libraries": "auto_explain",
    "auto_explain.log_format": "json",
    "log_min_messages": "log",
}
MEMBERS_OF_A_ROOM = 2
RESULT = Path("data/benchmark.json")


def main() -> None:
    options = parse(sys.argv[1:])
    measured: dict[str, Any] = {"options": vars(options) | {"json": str(options.json)}}
    with Postgres(fsync=True, settings=EXPLAIN) as postgres, Redis() as redis:
        if options.only != "history":
            measured["tutorial"] = {}
            for kind in kinds(options):
                # Anew for each: the first load may leave it with more than it can do.
                say("the tutorial's chat: two replicas")
                with tutorial(postgres, redis) as chat:
                    rooms = tutorial_rooms(options)
                    measured["tutorial"] |= loads(chat, options, [kind], "all", rooms)
        say("Hubbub: two replicas, and a crowd")
        people = max(options.sockets, options.writers)
        with hubbub(postgres, redis, people) as (chat, place):
            if options.only != "history":
                rooms = make_rooms(place, options.writers // MEMBERS_OF_A_ROOM, MEMBERS_OF_A_ROOM)
                measured["hubbub"] = loads(chat, options, kinds(options), lobby_of(place), rooms)
            if options.only in (None, "history"):
                measured["history"] = measure_rooms(place, chat, options)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(measured, indent=2))
    print(report.table(measured))
    say(f"all figures are in {options.json}")


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m loadtests.bench", description=__doc__)
    parser.add_argument("--sockets", type=int, default=500, help="in one room (default 500)")
    parser.add_argument("--rate", type=float, default=20, help="messages/s into it (default 20)")
    parser.add_argument("--writers", type=int, default=100, help="in many rooms (default 100)")
    parser.add_argument("--seconds", type=float, default=15, help="of each load (default 15)")
    parser.add_argument("--messages", type=int, default=100_000, help="in the large room")
    parser.add_argument("--only", choices=["fanout", "sends", "history"], help="one part of it")
    parser.add_argument("--json", type=Path, default=RESULT, help=f"result file (default {RESULT})")
    return parser.parse_args(arguments)


def kinds(options: argparse.Namespace) -> list[str]:
    """Return the loads that are wanted."""
    return [kind for kind in ("fanout", "sends") if options.only in (None, kind)]


def loads(
    chat: Chat, options: argparse.Namespace, wanted: list[str], room: str, rooms: list[str]
) -> dict[str, Measured]:
    """Return what came of the loads of the kinds that are wanted."""
    measured = {}
    if "fanout" in wanted:
        say(f"{chat.name}: {options.sockets} sockets in one room, {options.rate:g} messages/s")
        places = chat.places(options.sockets, [room])
        measured["fanout"] = run(chat, "fanout", "fanout", places, options.seconds, options.rate)
    if "sends" in wanted:
        say(f"{chat.name}: {options.writers} writers in {len(rooms)} rooms, as fast as it goes")
        places = chat.places(options.writers, rooms)
        measured["sends"] = run(chat, "sends", "sends", places, options.seconds)
    return measured


def tutorial_rooms(options: argparse.Namespace) -> list[str]:
    return [f"room{number}" for number in range(options.writers // MEMBERS_OF_A_ROOM)]


def measure_rooms(place: Place, chat: Chat, options: argparse.Namespace) -> dict[str, Any]:
    say(f"Hubbub: opening a room of {options.messages} messages, and one of 100")
    return measure_history(place, chat.identities[0], options.messages)


def say(line: str) -> None:
    print(f"… {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
