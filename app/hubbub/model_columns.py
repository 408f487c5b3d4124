"""The columns of a model, in the one order that `from_db` takes their values in.

For whoever reads rows by SQL or `values_list` and makes models of them: an order of its own would
put one column's value into another's field, and nothing would say so.
"""

from django.db import models


def columns(model: type[models.Model], *wanted: str) -> list[str]:
    """Return the names of the wanted columns (`room_id`, not `room`) in the model's order."""
    return [field.attname for field in model._meta.concrete_fields if field.attname in wanted]
