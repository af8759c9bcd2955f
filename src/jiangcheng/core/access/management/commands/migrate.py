"""``migrate`` that builds an empty database at once from the models, instead of walking every migration.

Django renders all related models anew for every model a migration adds; with some three hundred models that relate
to people and areas this takes a minute. An empty database has no data to carry along, so its tables are made from
the models, then the steps of the migrations that are code (triggers) are run in their order, and all migrations are
noted as applied. SQLite does it in one transaction. PostgreSQL holds a lock for every table and index that a
transaction makes, and has room for some six thousand by default: there the tables are made in parts, under a mark by
which the next run knows that a build was interrupted and begins it anew. Any other database is migrated as always.
That models and migrations say the same is a test of its own.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.commands import migrate
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.operations import RunPython, RunSQL
from django.db.models import Model

MARK = "jiangcheng_building"
"""A table that is there while a build in parts is under way."""
PART = 50
"""Tables, and constraints, that are made in one transaction."""


class Command(migrate.Command):
    """Build an empty database at once, or migrate."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate; what is asked for a part, or as a plan, goes the long way."""
        connection = connections[options["database"]]
        special = ("app_label", "migration_name", "fake", "fake_initial", "plan", "check_unapplied", "prune")
        tables = connection.introspection.table_names()
        if any(options.get(name) for name in special) or (tables and MARK not in tables):
            super().handle(*args, **options)
            return
        _remove(connection, tables)
        _build(options["database"], options["verbosity"], interactive=options["interactive"])


def _remove(connection: BaseDatabaseWrapper, tables: list[str]) -> None:
    """Drop what an interrupted build left, the mark last."""
    with connection.cursor() as cursor:
        for table in sorted(tables, key=lambda name: name == MARK):
            cursor.execute(f"DROP TABLE {connection.ops.quote_name(table)} CASCADE")


def _build(database: str, verbosity: int, *, interactive: bool) -> None:
    connection = connections[database]
    connection.prepare_database()
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    emit_pre_migrate_signal(verbosity, interactive, database)
    models = [
        model
        for configuration in apps.get_app_configs()
        for model in router.get_migratable_models(configuration, database, include_auto_created=False)
        if model._meta.can_migrate(connection)
    ]
    in_parts = connection.vendor == "postgresql"
    if in_parts:
        _make_in_parts(connection, models)
    with connection.schema_editor(atomic=True) as editor:
        for model in () if in_parts else models:
            editor.create_model(model)
        _run_code(editor, [migration for migration, _ in plan])
        executor.recorder.ensure_schema()
        for migration, _ in plan:
            executor.recorder.record_applied(migration.app_label, migration.name)
        if in_parts:
            editor.execute(f"DROP TABLE {MARK}")
    emit_post_migrate_signal(verbosity, interactive, database)


def _make_in_parts(connection: BaseDatabaseWrapper, models: list[type[Model]]) -> None:
    """Make tables and their indexes part by part, and the foreign keys when all tables are there."""
    with connection.schema_editor(atomic=True) as editor:
        editor.execute(f"CREATE TABLE {MARK} (begun integer)")
    keys: list[Any] = []
    for first in range(0, len(models), PART):
        with connection.schema_editor(atomic=True) as editor:
            for model in models[first : first + PART]:
                editor.create_model(model)
            keys += [one for one in editor.deferred_sql if "FOREIGN KEY" in str(one)]
            editor.deferred_sql = [one for one in editor.deferred_sql if "FOREIGN KEY" not in str(one)]
    for first in range(0, len(keys), PART):
        with connection.schema_editor(atomic=True) as editor:
            for key in keys[first : first + PART]:
                editor.execute(key)


def _run_code(editor: BaseDatabaseSchemaEditor, migrations: list[Migration]) -> None:
    """Run the steps of the migrations that are code, in their order."""
    for migration in migrations:
        for operation in migration.operations:
            if isinstance(operation, RunPython):
                operation.code(apps, editor)  # type: ignore[arg-type]
            elif isinstance(operation, RunSQL):
                operation._run_sql(editor, operation.sql)  # type: ignore[attr-defined]
