"""The place: the one row that stands for the whole installation."""

import uuid

from django.db import models

PLACE_ID = 1


class Place(models.Model):
    """The head of the place's log. Its row is locked last, after any room's."""

    seq = models.PositiveBigIntegerField(default=0)
    # Names the log: renewed by whoever finds that the log went back (a restored database).
    epoch = models.UUIDField(default=uuid.uuid4)

    def __str__(self) -> str:
        return f"place {self.epoch}"

    @classmethod
    def lock(cls) -> "Place":
        """Return the place's row, locked until the end of the transaction."""
        return cls.objects.select_for_update().get(pk=PLACE_ID)
