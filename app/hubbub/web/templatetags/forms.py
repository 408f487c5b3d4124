"""Renders the fields of our own, allauth's and Django's forms for templates."""

from django import template
from django.forms import BoundField, CheckboxInput
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def styled(field: BoundField) -> SafeString:
    """Return the field's input with our CSS class, connected to its hint and its errors."""
    return field.as_widget(attrs=_attributes(field))


@register.filter
def is_check(field: BoundField) -> bool:
    return isinstance(field.field.widget, CheckboxInput)


def _attributes(field: BoundField) -> dict[str, str | bool]:
    attributes: dict[str, str | bool] = {"class": "input"}
    described = [f"{field.id_for_label}_helptext"] if field.help_text else []
    if field.errors:
        described.append(f"{field.id_for_label}_error")
        attributes["aria-invalid"] = "true"
    if described:
        attributes["aria-describedby"] = " ".join(described)
    # allauth sets placeholders that only repeat the label.
    attributes["placeholder"] = ""
    return attributes
