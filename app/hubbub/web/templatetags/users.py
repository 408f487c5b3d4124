"""The tag `{% avatar user %}` shows a user's initials on one of twelve colours.

The colours are classes in base.css, since the Content-Security-Policy forbids style attributes. The
chat page's avatars follow the same rule (id modulo 12).
"""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hubbub.accounts.models import User

AVATAR_COLOURS = 12

register = template.Library()


@register.simple_tag
def avatar(user: User, size: str = "") -> SafeString:
    """Return the user's avatar.

    It is hidden from screen readers, because the name is always beside it.
    """
    size_class = f" avatar-{size}" if size else ""
    return format_html(
        '<span class="avatar avatar-{}{}" aria-hidden="true">{}</span>',
        user.pk % AVATAR_COLOURS,
        size_class,
        initials(str(user)),
    )


def initials(name: str) -> str:
    """Return the first letters of the first and the last word, in capitals."""
    words = [word for word in name.replace("-", " ").replace(".", " ").split() if word]
    letters = [word[0] for word in (words[:1] + words[1:][-1:])]
    return "".join(letters).upper() or name[:1].upper()
