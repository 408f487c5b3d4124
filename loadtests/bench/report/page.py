"""docs/performance.md: what lies between its markers is written anew, all else is left as it is."""

from pathlib import Path
from typing import Any

from loadtests.bench.report import plots
from loadtests.bench.report.tables import all_tables
from loadtests.lib.reporting.generated_sections import between_markers
from loadtests.lib.servers.process import ROOT

PAGE = ROOT / "docs/performance.md"
IMAGES = ROOT / "docs/images"


def text(measured: dict[str, Any]) -> str:
    parts = [_head(measured), all_tables(measured["records"]), _left_out(measured)]
    return "\n\n".join(part for part in parts if part)


def write(measured: dict[str, Any], page: Path = PAGE, images: Path = IMAGES) -> None:
    images.mkdir(parents=True, exist_ok=True)
    drawn = plots.draw(measured["records"], images)
    pictures = "\n\n".join(f"![{title}](images/{file.name})" for title, file in drawn)
    generated = f"{text(measured)}\n\n{pictures}"
    page.write_text(between_markers(page.read_text(), "bench", generated))


def _head(measured: dict[str, Any]) -> str:
    machine = measured["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    quick = " A quick run, to try it: its figures mean nothing." if measured["quick"] else ""
    return (
        f"Measured by `make bench` on {machine['at'][:10]} at commit {machine['commit']}: "
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB, "
        f"{machine['system']}, all servers and the load client on them, loopback.{quick}\n\n"
        f"Versions: {versions}."
    )


def _left_out(measured: dict[str, Any]) -> str:
    if not measured["left_out"]:
        return ""
    lines = [f"- {one['title']}: {one['why']}" for one in measured["left_out"]]
    return "Left out of this run:\n\n" + "\n".join(lines)
