"""Renders nginx's templates as Docker's nginx image does, with `15-lists.envsh` and `envsubst`.

Only variables from `nginx.env` and those that the script adds are replaced, because nginx's own
variables look the same. Used by the stack, by Heroku and by tests.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from scripts.stack.errors import StackError

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*))")
SUFFIX = ".template"


def defaults(source: Path) -> dict[str, str]:
    """Return the variables of `nginx.env` with the values for a container."""
    lines = (source / "nginx.env").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def render(source: Path, target: Path, variables: Mapping[str, str]) -> None:
    """Write the rendered templates into `target`; `variables` override the defaults."""
    default_values = defaults(source)
    if unknown := variables.keys() - default_values.keys():
        raise StackError(f"nginx's templates have no variable {', '.join(sorted(unknown))}.")
    values = _with_lists(source, {**default_values, **variables})

    def value(match: re.Match[str]) -> str:
        return values.get(match[1] or match[2], match[0])

    target.mkdir(parents=True, exist_ok=True)
    for template in source.glob(f"*{SUFFIX}"):
        text = VARIABLE.sub(value, template.read_text())
        (target / template.name.removesuffix(SUFFIX)).write_text(text)


def _with_lists(source: Path, variables: Mapping[str, str]) -> dict[str, str]:
    script = str(source / "15-lists.envsh")
    output = subprocess.run(
        ["sh", "-c", '. "$0" && exec env -0', script],
        env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), **variables},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    values = dict(line.split("=", 1) for line in output.split("\0") if line)
    shell_variables = ("PATH", "PWD", "SHLVL", "_")
    return {name: text for name, text in values.items() if name not in shell_variables}
