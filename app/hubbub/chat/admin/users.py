"""Users and tokens in the Django admin.

Owners can search users, ban or deactivate them, change their password or e-mail address, and revoke
tokens.
"""

from typing import Any

from django.contrib import admin
from django.contrib.admin import BooleanFieldListFilter, EmptyFieldListFilter
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from hubbub.accounts.email import clean_email, set_email
from hubbub.accounts.models import Token, User
from hubbub.chat.actions import users
from hubbub.chat.admin.bulk_actions import ReadOnlyAdmin, apply_to_each
from hubbub.chat.admin.site import site


class UserForm(UserChangeForm):  # type: ignore[type-arg]
    def clean_email(self) -> str:
        return clean_email(self.cleaned_data["email"], self.instance)


class UserPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    @transaction.atomic
    def save(self, commit: bool = True) -> User:
        """Save the password, and make replicas check the user's open connections again."""
        user: User = super().save(commit)
        users.record_password_change(user)
        return user


class OwnerFilter(BooleanFieldListFilter):
    """Filters users by whether they are owners. Django calls this field "superuser status"."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("owner")


@admin.register(User, site=site)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    form = UserForm
    change_password_form = UserPasswordForm
    list_display = ("username", "name", "email", "status", "date_joined", "last_login")
    list_filter = (
        ("is_superuser", OwnerFilter),
        "is_active",
        ("banned_at", EmptyFieldListFilter),
        "date_joined",
    )
    search_fields = ("username", "name", "email")
    ordering = ("-pk",)
    readonly_fields = ("username", "name", "status", "banned_at", "date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("username", "name", "email", "password")}),
        (
            gettext_lazy("Status"),
            {"fields": ("status", "banned_at", "date_joined", "last_login")},
        ),
    )
    filter_horizontal = ()
    actions = ("ban", "lift_ban", "deactivate", "reactivate")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        visible: QuerySet[User] = super().get_queryset(request).filter(hidden=False)
        return visible

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save the e-mail address, the only field that this form changes."""
        set_email(obj, form.cleaned_data["email"])

    @admin.display(description=gettext_lazy("status"))
    def status(self, user: User) -> str:
        if user.banned_at is not None:
            return _("banned")
        if not user.is_active:
            return _("deactivated")
        return _("owner") if user.is_owner else _("member")

    @admin.action(description=gettext_lazy("Ban selected people"))
    def ban(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        def act(owner: User, user: User) -> User:
            return users.ban(owner, user_id=user.pk)

        apply_to_each(self, request, chosen, act, _("Banned"))

    @admin.action(description=gettext_lazy("Unban selected people"))
    def lift_ban(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        def act(owner: User, user: User) -> User:
            return users.lift_ban(owner, user_id=user.pk)

        apply_to_each(self, request, chosen, act, _("Unbanned"))

    @admin.action(description=gettext_lazy("Deactivate selected people"))
    def deactivate(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        def act(owner: User, user: User) -> User:
            return users.deactivate(owner, user_id=user.pk)

        apply_to_each(self, request, chosen, act, _("Deactivated"))

    @admin.action(description=gettext_lazy("Reactivate selected people"))
    def reactivate(self, request: HttpRequest, chosen: QuerySet[User]) -> None:
        def act(owner: User, user: User) -> User:
            return users.reactivate(owner, user_id=user.pk)

        apply_to_each(self, request, chosen, act, _("Reactivated"))


@admin.register(Token, site=site)
class TokenAdmin(ReadOnlyAdmin):
    list_display = ("name", "user", "created_at", "last_used_at", "revoked_at")
    list_filter = (("revoked_at", EmptyFieldListFilter), "last_used_at")
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "user__name")
    ordering = ("-pk",)
    fields = ("name", "user", "created_at", "last_used_at", "revoked_at")
    actions = ("revoke",)

    @admin.action(description=gettext_lazy("Revoke selected tokens"))
    def revoke(self, request: HttpRequest, chosen: QuerySet[Token]) -> None:
        def act(owner: User, token: Token) -> Token:
            return users.revoke_token(token.user, token_id=token.pk)

        apply_to_each(self, request, chosen, act, _("Revoked"))
