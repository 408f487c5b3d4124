"""Migrations only add: the version before runs on the schema after, so deploys need no pause."""

import re

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

from loadtests.lib.servers.process import ROOT

ALLOWED = (
    migrations.AddConstraint,
    migrations.AddField,
    migrations.AddIndex,
    migrations.AlterModelManagers,
    migrations.AlterModelOptions,
    migrations.CreateModel,
    migrations.RemoveConstraint,
    migrations.RemoveIndex,
)
# What they do nobody can read off: who writes one says by a hint that it takes nothing away.
UNREADABLE = (migrations.RunPython, migrations.RunSQL)
# In the same migration as a CreateModel nobody has rows yet, nor code that writes them.
ON_EXISTING = (migrations.AddField, migrations.AddConstraint)
OURS = [config.label for config in apps.get_app_configs() if config.name.startswith("hubbub.")]


def refusals(migration: migrations.Migration) -> list[str]:
    """Return why a version that does not know the migration could fail after it."""
    made = {
        operation.name.lower()
        for operation in migration.operations
        if isinstance(operation, migrations.CreateModel)
    }
    reasons = (_refusal(operation, made) for operation in migration.operations)
    return [reason for reason in reasons if reason]


def _refusal(operation: Operation, made: set[str]) -> str:
    if isinstance(operation, UNREADABLE) and operation.hints.get("only_adds"):
        return ""
    if not isinstance(operation, ALLOWED):
        return f"{type(operation).__name__} takes away or changes what the version before uses"
    if not isinstance(operation, ON_EXISTING) or operation.model_name.lower() in made:
        return ""
    if isinstance(operation, migrations.AddConstraint):
        return "a constraint on rows that the version before goes on writing"
    return _field_refusal(operation.name, operation.field)


def _field_refusal(name: str, field: models.Field) -> str:  # type: ignore[type-arg]
    if field.null or field.db_default is not models.NOT_PROVIDED or field.many_to_many:
        return ""
    return f"{name} has no default in the database: the version before adds rows without it"


@pytest.mark.parametrize("label", OURS)
def test_no_migration_breaks_the_version_before(label: str) -> None:
    loader = MigrationLoader(None)
    for (app, name), migration in loader.disk_migrations.items():
        if app == label:
            assert refusals(migration) == [], f"{app}.{name}"


WRONG: list[Operation] = [
    migrations.RemoveField("room", "topic"),
    migrations.RenameField("room", "topic", "subject"),
    migrations.DeleteModel("place"),
    migrations.RenameModel("room", "channel"),
    migrations.AlterField("room", "topic", models.CharField(max_length=10)),
    migrations.AlterModelTable("room", "rooms"),
    migrations.RunPython(migrations.RunPython.noop),
    migrations.RunSQL("DROP TABLE chat_room"),
    migrations.AddField("room", "colour", models.CharField(max_length=10)),
    migrations.AddField("room", "colour", models.CharField(max_length=10, default="red")),
    migrations.AddConstraint("room", models.UniqueConstraint(fields=["topic"], name="once")),
    migrations.SeparateDatabaseAndState(),
]
RIGHT: list[Operation] = [
    migrations.RunPython(migrations.RunPython.noop, hints={"only_adds": True}),
    migrations.RunSQL("CREATE EXTENSION pg_trgm", hints={"only_adds": True}),
    migrations.AddField("room", "colour", models.CharField(max_length=10, null=True)),
    migrations.AddField("room", "colour", models.CharField(max_length=10, db_default="red")),
    migrations.AddIndex("room", models.Index(fields=["topic"], name="by_topic")),
    migrations.CreateModel("Reaction", fields=[("id", models.BigAutoField(primary_key=True))]),
]


@pytest.mark.parametrize("operation", WRONG, ids=lambda operation: type(operation).__name__)
def test_what_would_break_it_is_refused(operation: Operation) -> None:
    assert refusals(_migration(operation))


@pytest.mark.parametrize("operation", RIGHT, ids=lambda operation: type(operation).__name__)
def test_what_only_adds_is_taken(operation: Operation) -> None:
    assert refusals(_migration(operation)) == []


def test_a_new_table_may_have_constraints_of_its_own() -> None:
    once = models.UniqueConstraint(fields=["name"], name="once")
    made = migrations.CreateModel("Reaction", fields=[("name", models.TextField())])
    assert refusals(_migration(made, migrations.AddConstraint("Reaction", once))) == []


def test_the_operations_page_says_in_which_order_to_upgrade() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    assert re.search(r"## Upgrading.*migrate.*realtime", page, re.DOTALL)


def _migration(*operations: Operation) -> migrations.Migration:
    migration = migrations.Migration("9999_tried", "chat")
    vars(migration)["operations"] = list(operations)
    return migration
