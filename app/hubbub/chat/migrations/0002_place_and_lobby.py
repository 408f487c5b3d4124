"""Make the place and its lobby: an installation never is without them."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def make(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("chat", "Place").objects.get_or_create(pk=1)  # type: ignore[misc]
    apps.get_model("chat", "Room").objects.get_or_create(
        is_lobby=True, defaults={"kind": "public", "name": "lobby", "name_key": "lobby"}
    )


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_initial")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop, hints={"only_adds": True})]
