"""Rename the models Place and PlaceEvent. The tables keep their names, so no SQL runs.

The previous release works with the same tables. Django's content types are renamed with the models.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("chat", "0002_place_and_lobby")]
    operations = [
        migrations.AlterModelTable("Place", "chat_place"),
        migrations.AlterModelTable("PlaceEvent", "chat_placeevent"),
        migrations.RenameModel("Place", "Workspace"),
        migrations.RenameModel("PlaceEvent", "WorkspaceEvent"),
    ]
