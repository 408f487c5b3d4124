"""Reports of the load tests: one set of building blocks, rendered as Markdown or as HTML.

A tool describes its report as `blocks` (paragraphs, tables, charts); `markdown` writes them into a
generated section of a page in docs/, `html` into a page that needs no other file. What a report
says is the tool's own; how it looks is decided here only.
"""
