"""What the chat page's template needs of static files: style sheets, modules, the import map."""

from django import template
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe

from hubbub.web import importmap

SHEETS = ("chat", "chat-sidebar", "chat-timeline", "chat-composer", "chat-dialogs")

register = template.Library()


@register.simple_tag
def import_map() -> SafeString:
    return mark_safe(importmap.import_map())  # noqa: S308 - escaped where it is made


@register.simple_tag
def chat_sheets() -> list[str]:
    return [static(f"hubbub/css/{name}.css") for name in SHEETS]


@register.simple_tag
def chat_modules() -> list[str]:
    """Return the addresses of all modules, for the browser to fetch at once instead of in turn."""
    return [static(path) for path in importmap.modules()]
