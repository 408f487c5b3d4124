"""Orders the columns of a model as `from_db` expects their values.

Code that builds models from rows of raw SQL or `values_list` uses this. In any other order, values
would silently end up in the wrong fields.
"""

from django.db import models


def columns(model: type[models.Model], *names: str) -> list[str]:
    """Return the given column names (`room_id`, not `room`) in the order of the model."""
    return [field.attname for field in model._meta.concrete_fields if field.attname in names]
