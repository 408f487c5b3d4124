"""The benchmark's report: targets, tables and plots, from records alone.

`text` is what the command prints. `write` puts the same into docs/performance.md, and the plots
into docs/images.
"""

from loadtests.bench.report.page import text, write

__all__ = ["text", "write"]
