"""How people look in templates: `{% avatar user %}`, initials on one of twelve colours.

The colours are classes in base.css, since the Content-Security-Policy forbids style attributes;
the chat page's own avatars follow the same rule (id modulo 12).
"""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from hubbub.accounts.models import User

AVATAR_COLOURS = 12

register = template.Library()


@register.simple_tag
def avatar(user: User, size: str = "") -> SafeString:
    """Return the person's initials on their colour; decoration, since a name stands beside it."""
    sized = f" avatar-{size}" if size else ""
    return format_html(
        '<span class="avatar avatar-{}{}" aria-hidden="true">{}</span>',
        user.pk % AVATAR_COLOURS,
        sized,
        initials(str(user)),
    )


def initials(name: str) -> str:
    """Return the first letters of the first and the last word, capitals: at most two."""
    words = [word for word in name.replace("-", " ").replace(".", " ").split() if word]
    letters = [word[0] for word in (words[:1] + words[1:][-1:])]
    return "".join(letters).upper() or name[:1].upper()
