"""A part of a page that a command writes: what lies between its markers is made anew, all else is
left as it is. The markers are comments: `<!-- soak:begin -->` and `<!-- soak:end -->`."""


def between_markers(page: str, name: str, generated: str) -> str:
    """Return the page with a new text between the markers. Raises ValueError where it has none."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"The page has no {begin} … {end}.")
    return f"{before}{begin}\n{generated}\n{end}{after}"
