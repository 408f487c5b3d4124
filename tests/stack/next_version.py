"""The next version for rolling deploys, made from a copy of this version's code.

It adds a column, changes a static file, has another version number, and publishes events with a bus
message that this version does not know.
"""

import re
import shutil
from pathlib import Path

from loadtests.lib.servers.process import ROOT

VERSION = "99.0"
CODE = ("app", "deploy", "scripts", "requirements.txt")
MODEL = "app/hubbub/chat/models/room.py"
STYLES = "app/hubbub/web/static/hubbub/css/base.css"
MIGRATION = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("chat", "{latest}")]
    operations = [
        migrations.AddField("room", "colour", models.TextField(db_default="", default="")),
    ]
"""


def copy_code(folder: Path) -> Path:
    """Copy this version's code into the directory and return it."""
    for name in CODE:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def make_next_version(folder: Path) -> Path:
    """Write the next version's code into the directory and return it."""
    copy_code(folder)
    _replace(folder / "app/hubbub/version.py", r'^RELEASE = ".*"$', f'RELEASE = "{VERSION}"')
    _replace(folder / "app/hubbub/chat/publisher.py", r'"type": "log"', '"type": "log.next"')
    handler = '"log": hub.receive_events,'
    _replace(
        folder / "app/hubbub/realtime/cluster/bus.py",
        handler,
        f'{handler} "log.next": hub.receive_events,',
    )
    _replace(folder / STYLES, r"\Z", "\n/* of the next version */\n")
    column = '    colour = models.TextField(db_default="", default="")\n'
    _replace(folder / MODEL, r"^    topic = ", f"{column}    topic = ")
    migrations = folder / "app/hubbub/chat/migrations"
    latest = max(path.stem for path in migrations.glob("0*.py"))
    number = int(latest[:4]) + 1
    (migrations / f"{number:04}_next.py").write_text(MIGRATION.format(latest=latest))
    return folder


def _replace(path: Path, old: str, new: str) -> None:
    text, times = re.subn(old, new, path.read_text(), count=1, flags=re.MULTILINE)
    assert times == 1, f"{path.name} has no {old}"
    path.write_text(text)
