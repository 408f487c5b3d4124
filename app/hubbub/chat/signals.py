"""Calls actions when Django or allauth signals that a user has changed."""

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from django.contrib.auth.signals import user_logged_out
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from hubbub.accounts.models import User
from hubbub.chat.actions import users
from hubbub.chat.actions.sign_up import set_up_user


@receiver(post_save, sender=User)
def set_up_new_user(instance: User, created: bool, raw: bool, **kwargs: Any) -> None:
    if created and not raw:
        set_up_user(instance)


@receiver(user_logged_out)
def end_session(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if user is not None and request.session.session_key:
        users.sign_out(user, session_key=request.session.session_key)


@receiver([password_changed, password_reset, password_set])
def recheck_connections(user: User, **kwargs: Any) -> None:
    users.record_password_change(user)
