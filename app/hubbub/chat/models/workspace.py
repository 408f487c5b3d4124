"""The workspace: one row that stands for the whole installation."""

import uuid

from django.db import models

WORKSPACE_ID = 1


class Workspace(models.Model):
    """The workspace. Its row contains the position of the workspace log.

    A transaction that also locks a room must lock the workspace's row last.
    """

    seq = models.PositiveBigIntegerField(default=0)
    # Identifies the logs. A replica renews the epoch when it finds that a log was rewound because
    # the database was restored.
    epoch = models.UUIDField(default=uuid.uuid4)

    class Meta:
        db_table = "chat_place"  # the name from before the model was renamed

    def __str__(self) -> str:
        return f"workspace {self.epoch}"

    @classmethod
    def lock(cls) -> "Workspace":
        """Return the workspace's row, locked until the end of the transaction."""
        return cls.objects.select_for_update(no_key=True).get(pk=WORKSPACE_ID)
