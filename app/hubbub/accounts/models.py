"""Users and their bearer tokens.

A user is an owner of the workspace (`is_superuser`, which also opens the Django admin) or a member.
Users are never deleted, since the logs refer to them. They are banned or deactivated by the actions
in `chat.actions.users`, which also close their open connections.
"""

import hashlib
import secrets
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

TOKEN_PREFIX = "hub_"  # noqa: S105 (every token starts with it)

validate_username = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z",
    _("Use letters, digits, dots, hyphens and underscores, starting with a letter or digit."),
)
# Control and direction characters could make one name look like another.
validate_name = RegexValidator(
    r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]",
    _("A name can't contain control characters."),
    inverse_match=True,
)


class UserManager(DjangoUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username)


class User(AbstractUser):
    """An account. Users sign in with `username` or `email`; others see their `name`."""

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    username = models.CharField(
        _("username"),
        max_length=30,
        unique=True,
        validators=[validate_username],
        error_messages={"unique": _("That username is taken.")},
    )
    name = models.CharField(
        _("display name"),
        max_length=80,
        blank=True,
        validators=[validate_name],
        help_text=_("Shown to others. Leave it empty to use the username."),
    )
    banned_at = models.DateTimeField(_("banned at"), null=True, blank=True, editable=False)
    # A test user of `doctor`. Hidden users appear in no list and share no room with others.
    hidden = models.BooleanField(default=False, db_default=False, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_username_without_case",
                violation_error_message=_("That username is taken."),
            )
        ]

    def __str__(self) -> str:
        return self.name or self.username

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.username = self.username.lower()
        self.name = self.name.strip() or self.username
        # A signal adds each new user to the lobby in the same transaction, so no user misses it.
        with transaction.atomic():
            super().save(*args, **kwargs)

    @property
    def is_owner(self) -> bool:
        """Whether the user is an owner of the workspace."""
        return self.is_superuser

    @property
    def may_enter(self) -> bool:
        return self.is_active and self.banned_at is None


class TokenQuerySet(models.QuerySet["Token"]):
    def usable(self) -> Self:
        return self.filter(revoked_at=None, user__is_active=True, user__banned_at=None)

    def matching(self, secret: str) -> Self:
        return self.filter(digest=digest_of(secret))


class Token(models.Model):
    """A bearer token. Its secret is shown once, when it is created; only its SHA-256 is stored."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tokens"
    )
    name = models.CharField(_("name"), max_length=80)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[models.Manager["Token"]] = TokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("tokens")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def create(cls, user: User, name: str) -> tuple["Token", str]:
        """Create a token for `user`. Return it with its secret, which cannot be shown again."""
        secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
        return cls.objects.create(user=user, name=name, digest=digest_of(secret)), secret


def digest_of(secret: str) -> str:
    """Return the hexadecimal SHA-256 of a secret, to store or log instead of the secret.

    A plain hash is enough, because secrets have 256 random bits and cannot be guessed.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
