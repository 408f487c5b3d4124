"""Applies an action to each selected row of a list in the Django admin, and reports the results.

If the domain raises an error for a row, a message about the row is shown, and the other rows are
still handled.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeVar

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.db import OperationalError
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext as _

from hubbub.accounts.models import User

Row = TypeVar("Row", bound=Model)


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[type-arg]
    """Shows rows that can only be read, or changed by the list's actions."""

    fields: ClassVar[tuple[str, ...]]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow only filters on shown fields: `?body__contains=` would reveal a message's text."""
        shown = lookup.split("__")[0] in (*self.fields, "pk", "id")
        return shown and super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def apply_to_each(
    admin: "ModelAdmin[Any]",
    request: HttpRequest,
    rows: Iterable[Row],
    act: Callable[[User, Row], object],
    done: str,
) -> None:
    """Call `act` with the signed-in owner and each row.

    `done` names the change in the row's history and in the message to the owner.
    """
    assert isinstance(request.user, User)
    names = []
    for row in rows:
        try:
            act(request.user, row)
        except (PermissionDenied, ValidationError, ObjectDoesNotExist, OperationalError) as error:
            text = _("%(row)s: %(reason)s") % {"row": row, "reason": reason_of(error)}
            admin.message_user(request, text, messages.ERROR)
        else:
            admin.log_change(request, row, done)
            names.append(str(row))
    if names:
        text = _("%(done)s: %(names)s") % {"done": done, "names": ", ".join(names)}
        admin.message_user(request, text, messages.SUCCESS)


def reason_of(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, ObjectDoesNotExist):
        return _("It no longer exists.")
    if isinstance(error, OperationalError):
        return _("The database didn't respond in time. Try again.")
    return str(error)
