"""No modules import each other in a cycle, not even for type checking alone.

The contract in pyproject.toml compares whole packages; this test looks at single modules.
"""

from graphlib import TopologicalSorter

import grimp


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = grimp.build_graph("hubbub")
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the cycle
