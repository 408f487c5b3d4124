"""The API's documentation at /api/docs, and the OpenAPI document that it shows.

Swagger UI is served from our static files through our own template (`templates/ninja/swagger.html`,
which takes precedence over ninja's), to satisfy the strict Content-Security-Policy.
"""

from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from hubbub.api.problems import STATUS
from hubbub.api.schemas import Problem

DESCRIPTION = """
Rooms, members and messages for scripts and bots. For live events use the WebSocket at `/ws/`.

**Authentication:** `Authorization: Bearer hub_…` with a token created in the settings, or the
session cookie, with the `X-CSRFToken` header for every request that changes something.

**Errors** are `{"code", "detail", "retry_after"?}`; `code` is one of `invalid`, `forbidden`,
`not_found`, `too_large`, `rate_limited`, `unavailable`. After `unavailable`, a message may or may
not have been saved: send it again with the same `nonce`.
"""

# Swagger UI sets style attributes. For scripts the policy is as strict as on any other page.
allow_styles = csp_update({"style-src": [SELF, UNSAFE_INLINE]})

# Errors that any endpoint can return. A 401 has the code `forbidden` and means that the request is
# not authenticated.
ERROR_STATUSES = sorted({401, *STATUS.values()})


class DocumentedAPI(NinjaAPI):
    """Adds the errors that every endpoint can return to the OpenAPI document.

    Each status is listed separately, because the key `default` would allow any response at all.
    """

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        schema["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        reference = {"$ref": "#/components/schemas/Problem"}
        response = {
            "description": "A problem",
            "content": {"application/json": {"schema": reference}},
        }
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"] |= {str(status): response for status in ERROR_STATUSES}
        return schema
