"""REST: the door for scripts, bots and the page's own reads. Mounted at /api/.

Each noun has a file with its router. Operations call `chat.reading` and `chat.actions` and nothing
below; what these raise becomes a problem in `api.problems`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from ninja.openapi.docs import Swagger

from hubbub.api import docs, members, messages, problems, rooms, users
from hubbub.api.auth import Bearer, Session

Run = Callable[..., HttpResponse]


def guarded(run: Run) -> Run:
    """Refuse a body of more than MAX_FRAME_BYTES before anybody reads it, and keep no answer.

    A text that is deleted later must not stay in a browser's cache.
    """

    @wraps(run)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        size = int(length) if length.isdecimal() else 0
        if max(size, 0 if size else len(request.body)) > settings.MAX_FRAME_BYTES:
            detail = _("A request can have at most %(max)d bytes.") % {
                "max": settings.MAX_FRAME_BYTES
            }
            return problems.problem("too_large", detail)
        response = run(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response

    return checked


api = docs.DocumentedAPI(
    title="Hubbub",
    description=docs.DESCRIPTION,
    version=settings.VERSION,
    urls_namespace="api",
    docs=Swagger(settings={"defaultModelsExpandDepth": 0}),
    auth=[Bearer(), Session()],
    docs_decorator=docs.allow_styles,
)
problems.translate_all(api)
api.add_decorator(guarded, mode="view")
for noun in (users, rooms, members, messages):
    api.add_router("", noun.router)

elsewhere = Router()
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@elsewhere.api_operation(METHODS, "/{path:rest}", auth=None, include_in_schema=False)
def nothing_here(request: HttpRequest, rest: str) -> None:
    raise Http404


api.add_router("", elsewhere)
