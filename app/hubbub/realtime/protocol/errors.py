"""Translates errors of the domain and the database into problems. No other module does this."""

import logging

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from hubbub.chat import rate_limits
from hubbub.realtime.db.executors import DATABASE_UNAVAILABLE
from hubbub.realtime.protocol.json_frames import CommandProblem, Ref

logger = logging.getLogger(__name__)


def problem_for(error: Exception, ref: Ref) -> CommandProblem:
    """Return the problem that reports `error` to the client; log errors that are bugs."""
    match error:
        case CommandProblem():
            error.ref = ref if error.ref is None else error.ref
            return error
        case PermissionDenied():
            return CommandProblem("forbidden", str(error), ref=ref)
        case ObjectDoesNotExist():
            return CommandProblem("not_found", _("No such room or message."), ref=ref)
        case ValidationError():
            code = "too_large" if getattr(error, "code", "") == "too_large" else "invalid"
            return CommandProblem(code, " ".join(error.messages), ref=ref)
        case rate_limits.RateLimited():
            detail = _("You're sending too fast. Wait a moment and try again.")
            return CommandProblem("rate_limited", detail, ref=ref, retry_after=error.retry_after)
        case _ if isinstance(error, DATABASE_UNAVAILABLE):
            detail = _("The server can't save this right now. Try again.")
            return CommandProblem("unavailable", detail, ref=ref, retry_after=1.0)
    logger.error("A command failed.", exc_info=error)
    return CommandProblem("unavailable", _("Something went wrong. Try again."), ref=ref)
