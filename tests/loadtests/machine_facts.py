"""The facts about the machine on which made-up runs were measured."""

from typing import Any

MACHINE: dict[str, Any] = {
    "at": "2026-11-23T10:00:00+00:00",
    "commit": "0123456789",
    "processor": "a processor",
    "cores": 2,
    "memory_gib": 8,
    "system": "Linux",
    "versions": {"python": "3.11"},
}
