"""Our own check for schemathesis: no response is larger than a page can possibly be.

Schemathesis loads it through SCHEMATHESIS_HOOKS. Its built-in checks compare the number of items
with the `maxItems` of the OpenAPI document.
"""

from typing import Any

import schemathesis

# The tests have too little data for a response of a megabyte. (The OpenAPI document is larger, but
# it does not list itself as an operation.)
MAX_BYTES = 1_000_000


@schemathesis.check
def bounded_response(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    size = len(response.content)
    assert size <= MAX_BYTES, f"The response has {size} bytes."
    is_error = response.status_code >= 400
    assert not is_error or size <= 2_000, f"An error of {size} bytes repeats its input."
