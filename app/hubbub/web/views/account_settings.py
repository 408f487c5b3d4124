"""The page with a user's own settings: display name, sign-in, bearer tokens.

A token's secret is shown once, in the response that creates it. The secret isn't stored, not even
in the session. `create_token` therefore renders the page itself instead of redirecting to it.
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
from hubbub.web.current_user import current_user

P = ParamSpec("P")


class NameForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Display name"),
        help_text=gettext_lazy("Shown to others. Leave it empty to use your username."),
        max_length=80,
        required=False,
        validators=[validate_name],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Token name"),
        help_text=gettext_lazy("Where you'll use it, such as “build server”."),
        max_length=80,
        validators=[validate_name],
        widget=forms.TextInput(attrs={"autocomplete": "off", "id": "id_token_name"}),
    )


def post_only(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Redirect requests with other methods to the page.

    Browsers send such a request after a reload, or when the user returns from signing in.
    """

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
@post_only
def rename(request: HttpRequest) -> HttpResponse:
    form = NameForm(request.POST)
    if not form.is_valid():
        return _render(request, name_form=form)
    try:
        users.rename(current_user(request), name=form.cleaned_data["name"])
    except ValidationError as error:
        form.add_error("name", error)
        return _render(request, name_form=form)
    messages.success(request, _("Display name saved."))
    return redirect("settings")


@login_required
@never_cache
@post_only
def create_token(request: HttpRequest) -> HttpResponse:
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _render(request, token_form=form)
    user = current_user(request)
    if not user.may_enter:
        raise PermissionDenied(_("Your account is banned or deactivated."))
    token, secret = Token.create(user, form.cleaned_data["name"])
    return _render(request, new_token=token, secret=secret)


@login_required
@post_only
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    try:
        token = users.revoke_token(current_user(request), token_id=token_id)
    except Token.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("Token “%(name)s” revoked.") % {"name": token.name})
    return redirect("settings")


def _render(request: HttpRequest, **context: object) -> HttpResponse:
    user = current_user(request)
    defaults = {
        "name_form": NameForm(initial={"name": _own_name(user)}),
        "token_form": TokenForm(),
        "tokens": user.tokens.filter(revoked_at=None),
    }
    invalid = any(isinstance(form, forms.Form) for form in context.values())
    return render(request, "settings.html", defaults | context, status=422 if invalid else 200)


def _own_name(user: User) -> str:
    """Return the display name that the user chose, or "" when it is only the username."""
    return "" if user.name == user.username else user.name
