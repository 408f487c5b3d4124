"""The figures as people read them: tables, targets met and missed, plots, and the page of them.

`text` is what the command prints, `write` puts the same into docs/performance.md, with the plots in
docs/images. Nothing here is measured; nothing there is written by hand between the markers.
"""

from loadtests.bench.report.page import text, write

__all__ = ["text", "write"]
