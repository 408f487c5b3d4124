"""Checks that static files have hashed names, are compressed, and are cached for a year."""

import re

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.doctor.context import CheckContext, Results
from hubbub.doctor.http_client import Response
from hubbub.doctor.results import CheckResult, green, grey, red

HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")
YEAR_SECONDS = 365 * 24 * 3600


def check(context: CheckContext) -> Results:
    link = rf'(?:href|src)="({re.escape(settings.STATIC_URL)}[^"]+)"'
    paths = sorted(set(re.findall(link, context.page.text)))
    if not paths:
        yield grey("static", _("The sign-in page links no static files."))
        return
    encodings = {"Accept-Encoding": "gzip, br"}
    responses = {path: context.http.get(path, **encodings) for path in paths}
    yield _found(responses)
    yield _compressed({path: each for path, each in responses.items() if path.endswith(".css")})
    yield _cached(responses)


def _found(responses: dict[str, Response]) -> CheckResult:
    missing = [path for path, response in responses.items() if response.status != 200]
    plain = [path for path in responses if not HASHED.search(path)]
    if missing:
        text = _("Static files are missing: %(paths)s.") % {"paths": _some(missing)}
        fix = _(
            "On each web process, run `manage.py collectstatic` with the version of the code that "
            "the process runs."
        )
        return red("static", text, fix)
    if plain:
        text = _("Static files have no hash in their names: %(paths)s.")
        fix = _("Remove DEBUG from the environment of web, and run `manage.py collectstatic`.")
        return red("static", text % {"paths": _some(plain)}, fix)
    text = _("All %(count)d static files of a page exist, with hashed names.")
    return green("static", text % {"count": len(responses)})


def _compressed(sheets: dict[str, Response]) -> CheckResult:
    plain = [path for path, each in sheets.items() if not each.header("Content-Encoding")]
    if not plain:
        return green("static.compressed", _("Static files are compressed."))
    if settings.EMBEDDED:
        text = _("The embedded default does not compress static files.")
        return grey("static.compressed", text)
    text = _("Static files are not compressed: %(paths)s.") % {"paths": _some(plain)}
    fix = _(
        "Run `manage.py collectstatic` with DATABASE_URL set, and have the proxy forward "
        "Accept-Encoding."
    )
    return red("static.compressed", text, fix)


def _cached(responses: dict[str, Response]) -> CheckResult:
    uncached = [path for path, each in responses.items() if _max_age(each) < YEAR_SECONDS]
    if not uncached:
        return green("static.cached", _("Browsers cache static files for a year."))
    text = _("Browsers do not cache static files: %(paths)s.")
    fix = _("Have the proxy forward the Cache-Control header of static files.")
    return red("static.cached", text % {"paths": _some(uncached)}, fix)


def _some(paths: list[str]) -> str:
    """Return the first two paths as text. They are enough to find the cause."""
    return ", ".join(paths[:2]) + (" …" if len(paths) > 2 else "")


def _max_age(response: Response) -> int:
    match = re.search(r"max-age=(\d+)", response.header("Cache-Control"))
    return int(match[1]) if match else 0
