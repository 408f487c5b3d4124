"""The chat page's import map, through which its modules find each other without a build step.

Called by the chat page's template tag. Static files are served under hashed names. A line such as
`import "./store.js"` resolves to a plain address, and the map translates this to the hashed one. A
module that is loaded under both addresses would run twice: import only by relative path, or by one
of the names in `PACKAGES`.
"""

import json
from functools import cache
from pathlib import Path

from django.conf import settings
from django.templatetags.static import static

STATIC_DIR = Path(__file__).resolve().parent / "static"
LIT = "hubbub/vendor/lit"
PACKAGES = {
    "lit": f"{LIT}/lit-element.js",
    "lit-html": f"{LIT}/lit-html.js",
    "@lit/reactive-element": f"{LIT}/reactive-element.js",
    "lit/directives/live.js": f"{LIT}/directives/live.js",
    "lit/directives/ref.js": f"{LIT}/directives/ref.js",
    "lit/directives/repeat.js": f"{LIT}/directives/repeat.js",
    "lit/directives/unsafe-html.js": f"{LIT}/directives/unsafe-html.js",
}


def modules() -> list[str]:
    """Return the static path of every module in any folder, ours and the vendored ones."""
    paths = (STATIC_DIR / "hubbub").rglob("*.js")
    return sorted(path.relative_to(STATIC_DIR).as_posix() for path in paths)


@cache
def import_map() -> str:
    """Return the import map as JSON, safe to put into a script element."""
    imports = {name: static(path) for name, path in PACKAGES.items()}
    for path in modules():
        plain, hashed = settings.STATIC_URL + path, static(path)
        if plain != hashed:
            imports[plain] = hashed
    return json.dumps({"imports": imports}).replace("<", "\\u003c")
