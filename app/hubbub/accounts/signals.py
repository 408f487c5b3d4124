"""Signing in as Django tells of it, by whatever page, counted for the metrics."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.dispatch import receiver

from hubbub import metrics


@receiver(user_logged_in)
def count_success(**kwargs: Any) -> None:
    metrics.sign_in_ok.inc()


@receiver(user_login_failed)
def count_failure(**kwargs: Any) -> None:
    metrics.sign_in_failed.inc()
