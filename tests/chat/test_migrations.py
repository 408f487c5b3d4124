"""Migrations only add: the previous release runs on the new schema, so deploys need no pause.

`refusals` checks this rule on a migration's operations.
"""

import re
from io import StringIO

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.utils import timezone

from hubbub.chat.models import Workspace, WorkspaceEvent
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
# These operations are allowed as long as every table keeps its name: then they run no SQL.
RENAMES = (migrations.AlterModelTable, migrations.RenameModel)
# These operations do not show what they change, so a hint in the migration must state that they
# only add.
OPAQUE = (migrations.RunPython, migrations.RunSQL)
# These operations are harmless on a model that the same migration creates: the model has no rows
# yet, and the previous release has no code that writes any.
CHANGES_EXISTING = (migrations.AddField, migrations.AddConstraint)
OUR_APPS = [config.label for config in apps.get_app_configs() if config.name.startswith("hubbub.")]

BEFORE_THE_RENAME = ("chat", "0002_place_and_lobby")
AFTER_THE_RENAME = ("chat", "0003_rename_place_to_workspace")


def refusals(migration: migrations.Migration, state: ProjectState | None = None) -> list[str]:
    """Return the reasons why a release that does not know the migration could fail after it.

    `state` is the state before the migration. Only operations that rename something need it.
    """
    created = {
        operation.name.lower()
        for operation in migration.operations
        if isinstance(operation, migrations.CreateModel)
    }
    reasons = []
    for operation in migration.operations:
        tables = _tables(state)
        if state is not None:
            operation.state_forwards(migration.app_label, state)
        is_harmless_rename = isinstance(operation, RENAMES) and _tables(state) == tables
        if not is_harmless_rename:
            reasons.append(_refusal(operation, created))
    return [reason for reason in reasons if reason]


def _tables(state: ProjectState | None) -> set[str]:
    return {model._meta.db_table for model in state.apps.get_models()} if state else set()


def _refusal(operation: Operation, created: set[str]) -> str:
    if isinstance(operation, OPAQUE) and operation.hints.get("only_adds"):
        return ""
    if not isinstance(operation, ALLOWED):
        return f"{type(operation).__name__} removes or changes what the previous release uses"
    if not isinstance(operation, CHANGES_EXISTING) or operation.model_name.lower() in created:
        return ""
    if isinstance(operation, migrations.AddConstraint):
        return "the previous release keeps writing rows that the constraint may refuse"
    return _field_refusal(operation.name, operation.field)


def _field_refusal(name: str, field: models.Field) -> str:  # type: ignore[type-arg]
    if field.null or field.db_default is not models.NOT_PROVIDED or field.many_to_many:
        return ""
    return f"{name} has no default in the database: the previous release adds rows without it"


@pytest.mark.parametrize("label", OUR_APPS)
def test_no_migration_breaks_the_previous_release(label: str) -> None:
    loader = MigrationLoader(None)
    for (app, name), migration in loader.disk_migrations.items():
        if app == label:
            state = loader.project_state((app, name), at_end=False)
            assert refusals(migration, state) == [], f"{app}.{name}"


WRONG: list[Operation] = [
    migrations.RemoveField("room", "topic"),
    migrations.RenameField("room", "topic", "subject"),
    migrations.DeleteModel("workspace"),
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
    migrations.AlterModelTable("room", "chat_room"),
    migrations.RenameModel("workspace", "installation"),
]


@pytest.mark.parametrize("operation", WRONG, ids=lambda operation: type(operation).__name__)
def test_an_operation_that_would_break_it_is_refused(operation: Operation) -> None:
    assert refusals(_migration(operation), MigrationLoader(None).project_state())


@pytest.mark.parametrize("operation", RIGHT, ids=lambda operation: type(operation).__name__)
def test_an_operation_that_only_adds_is_allowed(operation: Operation) -> None:
    assert refusals(_migration(operation), MigrationLoader(None).project_state()) == []


def test_a_new_table_may_have_constraints_of_its_own() -> None:
    once = models.UniqueConstraint(fields=["name"], name="once")
    create = migrations.CreateModel("Reaction", fields=[("name", models.TextField())])
    assert refusals(_migration(create, migrations.AddConstraint("Reaction", once))) == []


@pytest.mark.django_db(transaction=True)
def test_renaming_the_workspace_runs_no_sql() -> None:
    out = StringIO()
    call_command("sqlmigrate", *AFTER_THE_RENAME, stdout=out, no_color=True)
    statements = [line for line in out.getvalue().splitlines() if not line.startswith("--")]
    assert set(statements) <= {"BEGIN;", "COMMIT;"}


@pytest.mark.django_db(transaction=True)
def test_renaming_the_workspace_keeps_its_rows_and_its_content_type() -> None:
    call_command("migrate", *BEFORE_THE_RENAME, verbosity=0)
    old = MigrationLoader(None).project_state([BEFORE_THE_RENAME]).apps
    workspace = old.get_model("chat", "Place").objects.get()
    event = old.get_model("chat", "PlaceEvent").objects.create(
        seq=workspace.seq + 1, type="user.renamed", at=timezone.now()
    )
    content_type = ContentType.objects.get(app_label="chat", model="place")

    call_command("migrate", verbosity=0)

    assert Workspace.objects.get().epoch == workspace.epoch
    assert WorkspaceEvent.objects.get(pk=event.pk).type == "user.renamed"
    content_type.refresh_from_db()
    assert content_type.model == "workspace"


def test_the_operations_page_says_in_which_order_to_upgrade() -> None:
    page = (ROOT / "docs/operations.md").read_text()
    assert re.search(r"## Upgrading.*migrate.*realtime", page, re.DOTALL)


def _migration(*operations: Operation) -> migrations.Migration:
    migration = migrations.Migration("9999_example", "chat")
    vars(migration)["operations"] = list(operations)
    return migration
