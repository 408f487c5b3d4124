"""Reports of the load tests, made of one set of building blocks, as Markdown or as HTML.

A tool describes its report as `blocks` (paragraphs, tables, charts). `markdown` writes them into a
generated section of a page in docs/; `html` writes them into a page that needs no other file. Each
tool decides what its report says; only this package decides how reports look.
"""
