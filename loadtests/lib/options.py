"""Types and defaults that are shared by the command lines of the load tests."""

import argparse
import math
import os
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

Number = TypeVar("Number", int, float)


class Group(Protocol):
    """What the option groups of argparse and of Locust have in common."""

    def add_argument(self, name: str, /, **settings: Any) -> Any: ...


def above_zero(kind: type[Number]) -> Callable[[str], Number]:
    """Return a type for argparse that accepts finite numbers of this kind above 0."""

    names: dict[type, str] = {int: "a whole number", float: "a number"}

    def parse(text: str) -> Number:
        try:
            number = kind(text)
        except ValueError:
            number = kind(0)
        if not 0 < number < math.inf:
            raise argparse.ArgumentTypeError(f"{text!r} is not {names[kind]} above 0")
        return number

    return parse


positive_int, positive_number = above_zero(int), above_zero(float)


def add_variable(
    group: Group, option: str, default: str | None, help: str, variable: str = "", **settings: Any
) -> None:
    """Add an option whose default an environment variable can set (`USERS` for `--users`)."""
    variable = variable or option.removeprefix("--").replace("-", "_").upper()
    group.add_argument(
        option,
        default=os.environ.get(variable) or default,
        help=f"{help} ({default})" if default else help,
        **settings,
    )
