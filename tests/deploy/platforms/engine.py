"""Runs podman or docker, whichever works here, and the programs of `.venv-deploy`.

A test fails if this machine lacks something that the test needs, because a skipped test would prove
nothing. If both engines are installed, ENGINE=docker chooses docker.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from _pytest.outcomes import Failed

from hubbub.version import find_revision
from loadtests.lib.servers.process import ROOT

ENGINES = ("podman", "docker")
TOOLS = ROOT / ".venv-deploy/bin"
TIMEOUT_SECONDS = 900
# For podman inside a container, where it can neither create namespaces for a build nor give the
# build a network.
CONFINED = ("--isolation", "chroot", "--network", "host")
TRIAL = "FROM python:3.13-slim\nRUN true\n"


class Engine:
    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *arguments: str, input: str | None = None) -> str:
        """Run a command of the engine. Return its output, or fail the test with its errors."""
        return checked(self.attempt(*arguments, input=input))

    def attempt(
        self, *arguments: str, input: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        return call([self.name, *arguments], input=input)

    def has_image(self, image: str) -> bool:
        return self.attempt("image", "inspect", image).returncode == 0

    def need(self, *images: str) -> None:
        """Ensure that public images exist locally. Pull those that do not."""
        for image in images:
            if not self.has_image(image) and self.attempt("pull", image).returncode:
                raise failure(f"The image {image} does not exist, and `{self.name} pull` fails.")

    def build(self, tag: str, target: str = "") -> str:
        """Build a target of the Dockerfile, by default the last one. Return the image's tag."""
        options = [f"--target={target}"] if target else []
        options.append(f"--build-arg=REVISION={this_revision()}")
        self.run("build", *self._build_flags, *options, "--tag", tag, str(ROOT))
        return tag

    @property
    def compose(self) -> Sequence[str]:
        """The compose command for this engine."""
        if self.name == "docker":
            return ("docker", "compose")
        return (tool("podman-compose"),)

    @cached_property
    def _build_flags(self) -> Sequence[str]:
        """Return the flags that a build needs on this machine. A small trial build finds them."""
        if self.name == "docker":
            return ()
        self.need("python:3.13-slim")
        with TemporaryDirectory() as context:
            (Path(context) / "Dockerfile").write_text(TRIAL)
            for flags in ((), CONFINED):
                done = self.attempt("build", "--no-cache", *flags, context)
                if done.returncode == 0:
                    # podman's own image format has no HEALTHCHECK.
                    return ("--format", "docker", *flags)
        raise failure(f"podman cannot build here:\n{done.stderr}")


def this_revision() -> str:
    """Return the revision of this checkout.

    The doctor runs from this checkout, and compares its revision with that of the containers.
    """
    return find_revision(ROOT / "REVISION", {}, ROOT)


def find_engine() -> Engine:
    chosen = os.environ.get("ENGINE")
    for name in [chosen] if chosen else ENGINES:
        if shutil.which(name) and call([name, "info"]).returncode == 0:
            return Engine(name)
    raise failure(f"Neither {' nor '.join(ENGINES)} works here; install one of them.")


def tool(name: str) -> str:
    """Return the path of a program from requirements-deploy.txt."""
    path = TOOLS / name
    if not path.exists():
        raise failure(f"{name} is not in {TOOLS.parent.name}: `scripts/setup deploy` installs it.")
    return str(path)


def call(
    command: Sequence[str],
    *,
    input: str | None = None,
    folder: Path = ROOT,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        input=input,
        stdin=subprocess.DEVNULL if input is None else None,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )


def checked(done: subprocess.CompletedProcess[str]) -> str:
    """Return a command's output. Fail the test with the command's errors if it failed."""
    command = " ".join(map(str, done.args))
    assert done.returncode == 0, f"`{command}` failed:\n{done.stdout}{done.stderr}"
    return done.stdout


def failure(what: str) -> Failed:
    """Return an exception that fails the test with this message, without a traceback."""
    return Failed(what, pytrace=False)
