"""Create the workspace and its lobby, which every installation has."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def create(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("chat", "Place").objects.get_or_create(pk=1)  # type: ignore[misc]
    apps.get_model("chat", "Room").objects.get_or_create(
        is_lobby=True, defaults={"kind": "public", "name": "lobby", "name_key": "lobby"}
    )


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_initial")]
    operations = [
        migrations.RunPython(create, migrations.RunPython.noop, hints={"only_adds": True})
    ]
