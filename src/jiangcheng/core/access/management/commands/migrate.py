"""``migrate`` that builds an empty database at once from the models, instead of walking every migration.

Django renders all related models anew for every model a migration adds; with some three hundred models that relate
to people and areas this takes a minute. An empty database has no data to carry along, so its tables are made from
the models, then the steps of the migrations that are code (triggers) are run in their order, and all migrations are
noted as applied, in one transaction. Any other database is migrated as always. That models and migrations say the
same is a test of its own.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.commands import migrate
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connections, router
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import RunPython, RunSQL


class Command(migrate.Command):
    """Build an empty database at once, or migrate."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate; what is asked for a part, or as a plan, goes the long way."""
        connection = connections[options["database"]]
        special = ("app_label", "migration_name", "fake", "fake_initial", "plan", "check_unapplied", "prune")
        if any(options.get(name) for name in special) or connection.introspection.table_names():
            super().handle(*args, **options)
            return
        _build(options["database"], options["verbosity"], interactive=options["interactive"])


def _build(database: str, verbosity: int, *, interactive: bool) -> None:
    connection = connections[database]
    connection.prepare_database()
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    emit_pre_migrate_signal(verbosity, interactive, database)
    with connection.schema_editor(atomic=True) as editor:
        for configuration in apps.get_app_configs():
            for model in router.get_migratable_models(configuration, database, include_auto_created=False):
                if model._meta.can_migrate(connection):
                    editor.create_model(model)
        for migration, _ in plan:
            for operation in migration.operations:
                if isinstance(operation, RunPython):
                    operation.code(apps, editor)  # type: ignore[arg-type]
                elif isinstance(operation, RunSQL):
                    operation._run_sql(editor, operation.sql)  # type: ignore[attr-defined]
        executor.recorder.ensure_schema()
        for migration, _ in plan:
            executor.recorder.record_applied(migration.app_label, migration.name)
    emit_post_migrate_signal(verbosity, interactive, database)
