"""A check of ours for schemathesis: no answer is larger than what one page of anything can be.

Loaded by its command, through SCHEMATHESIS_HOOKS; counts are in the document (`maxItems`), and its
own checks hold the answers to those.
"""

from typing import Any

import schemathesis

# The document itself is no operation. What a place of tests holds makes no page of a megabyte.
MAX_BYTES = 1_000_000


@schemathesis.check
def bounded_answer(
    ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    size = len(response.content)
    assert size <= MAX_BYTES, f"The answer has {size} bytes."
    problem = response.status_code >= 400
    assert not problem or size <= 2_000, f"A problem of {size} bytes repeats what it was given."
