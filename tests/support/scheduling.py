"""Which tests pytest-xdist gives to the same worker, and which it starts first.

A folder with a conftest.py shares a cluster between all of its tests, and a file can share one
between its own tests. Such a cluster must start only once, not in each worker or again for each
test. The marks of `--dist loadgroup` cannot say so: pytest-xdist 3.8 does not apply them under
pytest 9.2.
"""

from collections import Counter
from functools import cache
from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

from loadtests.lib.servers.process import ROOT


class FolderScheduling(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid.partition("::")[0])


@cache
def unit_of(file: str) -> str:
    """Return the folder or file whose tests run in one worker."""
    folder = PurePosixPath(file).parent
    shares = folder != PurePosixPath("tests") and (ROOT / folder / "conftest.py").exists()
    return str(folder) if shares else file


def put_long_units_first(items: list[pytest.Item]) -> None:
    """Sort the tests so that no worker is left alone with a long unit at the end.

    The folders with a cluster take longest. Files with many tests take the shortest time, because
    their tests are pure.
    """
    units = [unit_of(item.nodeid.partition("::")[0]) for item in items]
    sizes = Counter(units)
    order = {unit: (unit.endswith(".py"), sizes[unit]) for unit in sizes}
    items.sort(key=lambda item: order[unit_of(item.nodeid.partition("::")[0])])
