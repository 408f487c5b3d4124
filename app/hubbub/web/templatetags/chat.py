"""The static files of the chat page: its style sheets, its modules and their import map."""

from django import template
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe

from hubbub.web import importmap

STYLESHEETS = ("chat", "chat-sidebar", "chat-timeline", "chat-composer", "chat-dialogs")

register = template.Library()


@register.simple_tag
def import_map() -> SafeString:
    return mark_safe(importmap.import_map())  # noqa: S308 - escaped by import_map


@register.simple_tag
def chat_stylesheets() -> list[str]:
    return [static(f"hubbub/css/{name}.css") for name in STYLESHEETS]


@register.simple_tag
def chat_modules() -> list[str]:
    """Return the addresses of all modules, so that the browser can load them in parallel."""
    return [static(path) for path in importmap.modules()]
