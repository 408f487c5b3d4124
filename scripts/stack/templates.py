"""Fill nginx's templates, as Docker's nginx image does with `15-lists.envsh` and `envsubst`.

Only the names of `nginx.env` and those that the lists make are replaced: nginx's own variables
look the same. Called by the stack and by the tests of the templates.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from scripts.stack.errors import StackError

NAME = re.compile(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*))")
ENDING = ".template"


def defaults(source: Path) -> dict[str, str]:
    """Return the variables of `nginx.env`, with what a container takes."""
    lines = (source / "nginx.env").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def render(source: Path, target: Path, chosen: Mapping[str, str]) -> None:
    """Write the configuration made from the templates in `source` into the folder `target`."""
    known = defaults(source)
    if unknown := chosen.keys() - known.keys():
        raise StackError(f"nginx's templates know no {', '.join(sorted(unknown))}.")
    variables = _with_lists(source, {**known, **chosen})

    def value(match: re.Match[str]) -> str:
        return variables.get(match[1] or match[2], match[0])

    target.mkdir(parents=True, exist_ok=True)
    for template in source.glob(f"*{ENDING}"):
        text = NAME.sub(value, template.read_text())
        (target / template.name.removesuffix(ENDING)).write_text(text)


def _with_lists(source: Path, variables: Mapping[str, str]) -> dict[str, str]:
    script = str(source / "15-lists.envsh")
    printed = subprocess.run(
        ["sh", "-c", '. "$0" && exec env -0', script],
        env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), **variables},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    made = dict(line.split("=", 1) for line in printed.split("\0") if line)
    return {name: text for name, text in made.items() if name not in ("PATH", "PWD", "SHLVL", "_")}
