"""The REST API, for scripts, bots and the page's own reads. Mounted at /api/.

Each resource has a file with its router. Endpoints call `chat.queries` and `chat.actions`, and
`api.problems` turns their exceptions into responses.
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

View = Callable[..., HttpResponse]


def limit_body(view: View) -> View:
    """Refuse a request body larger than MAX_FRAME_BYTES before it is parsed, and forbid caching.

    The text of a deleted message must not stay in a browser's cache.
    """

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        size = int(length) if length.isdecimal() else 0
        if max(size, 0 if size else len(request.body)) > settings.MAX_FRAME_BYTES:
            detail = _("A request can have at most %(max)d bytes.") % {
                "max": settings.MAX_FRAME_BYTES
            }
            return problems.problem("too_large", detail)
        response = view(request, *args, **kwargs)
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
problems.add_exception_handlers(api)
api.add_decorator(limit_body, mode="view")
for module in (users, rooms, members, messages):
    api.add_router("", module.router)

fallback = Router()
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@fallback.api_operation(METHODS, "/{path:rest}", auth=None, include_in_schema=False)
def not_found(request: HttpRequest, rest: str) -> None:
    raise Http404


api.add_router("", fallback)
