from typing import ClassVar

from django.db import models


class Message(models.Model):
    objects: ClassVar[models.Manager["Message"]] = models.Manager()

    room = models.CharField(max_length=80, db_index=True)
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.text
