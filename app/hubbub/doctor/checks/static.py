"""Static files are there under hashed names, compressed, and kept by browsers for a year."""

import re

from django.conf import settings
from django.utils.translation import gettext as _

from hubbub.doctor.context import Findings, Visit
from hubbub.doctor.http_client import Answer
from hubbub.doctor.results import Finding, green, grey, red

HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$")
YEAR_SECONDS = 365 * 24 * 3600


def look(visit: Visit) -> Findings:
    address = rf'(?:href|src)="({re.escape(settings.STATIC_URL)}[^"]+)"'
    paths = sorted(set(re.findall(address, visit.page.text)))
    if not paths:
        yield grey("static", _("The page to sign in at names no static files."))
        return
    answers = {path: visit.address.get(path, **{"Accept-Encoding": "gzip, br"}) for path in paths}
    yield _there(answers)
    yield _compressed({path: one for path, one in answers.items() if path.endswith(".css")})
    yield _kept(answers)


def _there(answers: dict[str, Answer]) -> Finding:
    missing = [path for path, answer in answers.items() if answer.status != 200]
    plain = [path for path in answers if not HASHED.search(path)]
    if missing:
        text = _("Static files are missing: %(paths)s.") % {"paths": _some(missing)}
        mend = _("Run `manage.py collectstatic` for every web, of the version that it runs.")
        return red("static", text, mend)
    if plain:
        text = _("Static files have no hash in their names: %(paths)s.")
        mend = _("Take DEBUG out of the environment of web, and run `manage.py collectstatic`.")
        return red("static", text % {"paths": _some(plain)}, mend)
    text = _("%(count)d static files of a page are there, with hashed names.")
    return green("static", text % {"count": len(answers)})


def _compressed(sheets: dict[str, Answer]) -> Finding:
    big = [path for path, one in sheets.items() if not one.header("Content-Encoding")]
    if not big:
        return green("static.compressed", _("Static files are compressed."))
    if settings.EMBEDDED:
        return grey("static.compressed", _("The embedded default compresses no static files."))
    text = _("Static files are not compressed: %(paths)s.") % {"paths": _some(big)}
    mend = _(
        "Run `manage.py collectstatic` with DATABASE_URL set, and have the proxy pass on "
        "Accept-Encoding."
    )
    return red("static.compressed", text, mend)


def _kept(answers: dict[str, Answer]) -> Finding:
    asked = [path for path, answer in answers.items() if _max_age(answer) < YEAR_SECONDS]
    if not asked:
        return green("static.kept", _("Browsers keep static files for a year."))
    text = _("Browsers ask for static files again and again: %(paths)s.")
    mend = _("Have the proxy pass the Cache-Control header of static files on.")
    return red("static.kept", text % {"paths": _some(asked)}, mend)


def _some(paths: list[str]) -> str:
    """Return a few names: one is enough to look for what is wrong with all of them."""
    return ", ".join(paths[:2]) + (" …" if len(paths) > 2 else "")


def _max_age(answer: Answer) -> int:
    found = re.search(r"max-age=(\d+)", answer.header("Cache-Control"))
    return int(found[1]) if found else 0
