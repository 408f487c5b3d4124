"""The API's own page at /api/docs and the document that it shows.

Swagger UI comes from our static files, through our own template (`templates/ninja/swagger.html`,
found before ninja's), within the strict Content-Security-Policy.
"""

from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from hubbub.api.problems import STATUS
from hubbub.api.schemas import Problem

DESCRIPTION = """
Rooms, members and messages for scripts and bots; the live side is the WebSocket at `/ws/`.

**Who asks.** `Authorization: Bearer hub_…` with a token made in the settings, or the session cookie
with the `X-CSRFToken` header for everything that changes something.

**What went wrong** is told as `{"code", "detail", "retry_after"?}`; `code` is one of `invalid`,
`forbidden`, `not_found`, `too_large`, `rate_limited`, `unavailable`. After `unavailable` it is not
known whether a message was saved: send it again with the same `nonce`.
"""

# Swagger UI sets style attributes; scripts stay as strict as everywhere.
allow_styles = csp_update({"style-src": [SELF, UNSAFE_INLINE]})


# What any operation may answer besides; 401 is `forbidden` to somebody who is not known.
REFUSALS = sorted({401, *STATUS.values()})


class DocumentedAPI(NinjaAPI):
    """Says in the document what every operation may answer besides.

    Status by status: `default` would allow whatever an operation comes to answer.
    """

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        schema["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        told = {"$ref": "#/components/schemas/Problem"}
        answer = {"description": "A problem", "content": {"application/json": {"schema": told}}}
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"] |= {str(status): answer for status in REFUSALS}
        return schema
