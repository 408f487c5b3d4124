"""A person's own settings: display name, ways into the account, bearer tokens.

A token's secret is in the answer that made it and nowhere else: it is neither kept nor put into
the session, so that page is rendered at once instead of redirected to.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from hubbub.accounts.models import Token, User, validate_name
from hubbub.chat.actions import users
from hubbub.web.current_user import person_of

P = ParamSpec("P")


class NameForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Display name"),
        help_text=gettext_lazy("What others see. Empty means your username."),
        max_length=80,
        required=False,
        validators=[validate_name],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name of the token"),
        help_text=gettext_lazy("Where it is used, such as “build server”."),
        max_length=80,
        validators=[validate_name],
        widget=forms.TextInput(attrs={"autocomplete": "off", "id": "id_token_name"}),
    )


def changing(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Lead to the page where it is no POST: an address reloaded, or a return from signing in."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method != "POST":
            return redirect("settings")
        return view(request, *args, **kwargs)

    return wrapped


@login_required
@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    return _render(request)


@login_required
@changing
def rename(request: HttpRequest) -> HttpResponse:
    form = NameForm(request.POST)
    if not form.is_valid():
        return _render(request, name_form=form)
    try:
        person = users.rename(person_of(request), name=form.cleaned_data["name"])
    except ValidationError as error:
        form.add_error("name", error)
        return _render(request, name_form=form)
    messages.success(request, _("Others see you as %(name)s now.") % {"name": person.name})
    return redirect("settings")


@login_required
@never_cache
@changing
def make_token(request: HttpRequest) -> HttpResponse:
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _render(request, token_form=form)
    person = person_of(request)
    if not person.may_enter:
        raise PermissionDenied(_("Your account cannot be used."))
    token, secret = Token.make(person, form.cleaned_data["name"])
    return _render(request, made=token, secret=secret)


@login_required
@changing
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    try:
        token = users.revoke_token(person_of(request), token_id=token_id)
    except Token.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The token “%(name)s” is revoked.") % {"name": token.name})
    return redirect("settings")


def _render(request: HttpRequest, **context: object) -> HttpResponse:
    person = person_of(request)
    defaults = {
        "name_form": NameForm(initial={"name": _own_name(person)}),
        "token_form": TokenForm(),
        "tokens": person.tokens.filter(revoked_at=None),
    }
    invalid = any(isinstance(form, forms.Form) for form in context.values())
    return render(request, "settings.html", defaults | context, status=422 if invalid else 200)


def _own_name(person: User) -> str:
    """Return the name that the person chose, empty where it is only the username."""
    return "" if person.name == person.username else person.name
