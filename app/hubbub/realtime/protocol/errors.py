"""Errors of the domain and the database, as the protocol says them to a client: here, and once."""

import logging

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from hubbub.chat import rate_limits
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE
from hubbub.realtime.protocol.messages import Problem, Ref

logger = logging.getLogger(__name__)


def problem_for(error: Exception, ref: Ref) -> Problem:
    """Return the protocol's problem for an error of the domain or the database."""
    match error:
        case Problem():
            error.ref = ref if error.ref is None else error.ref
            return error
        case PermissionDenied():
            return Problem("forbidden", str(error), ref=ref)
        case ObjectDoesNotExist():
            return Problem("not_found", _("No such room or message."), ref=ref)
        case ValidationError():
            code = "too_large" if getattr(error, "code", "") == "too_large" else "invalid"
            return Problem(code, " ".join(error.messages), ref=ref)
        case rate_limits.RateLimited():
            wait = error.retry_after
            return Problem(
                "rate_limited",
                _("You're sending too fast. Wait a moment and try again."),
                ref=ref,
                retry_after=wait,
            )
        case _ if isinstance(error, DATABASE_UNAVAILABLE):
            detail = _("The server can't save this right now. Try again.")
            return Problem("unavailable", detail, ref=ref, retry_after=1.0)
    logger.error("A command failed.", exc_info=error)
    return Problem("unavailable", _("Something went wrong. Try again."), ref=ref)
