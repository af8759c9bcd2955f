"""An empty database is built at once, as the migrations would have built it, or not at all."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys

import psycopg
import pytest
from django.core.management import call_command

from postgres import postgres_url  # noqa: F401

DATABASE = "jiangcheng.sqlite3"
START = """
import django
django.setup()
from django.core.management import call_command
from django.db.migrations.recorder import MigrationRecorder
from jiangcheng.core.access.management.commands import migrate
"""


KILLED = """
def killed(*a, **o):
    raise KeyboardInterrupt
kept, MigrationRecorder.record_applied = MigrationRecorder.record_applied, killed
try:
    call_command("migrate", verbosity=0)
except KeyboardInterrupt:
    pass
"""


def run(folder, code, **more):
    environment = {name: text for name, text in os.environ.items() if not name.startswith("JIANGCHENG_")}
    environment |= {"DJANGO_SETTINGS_MODULE": "jiangcheng.config.settings", "JIANGCHENG_DATA": str(folder)}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), **more}
    done = subprocess.run(
        [sys.executable, "-c", START + code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def names(folder, kind):
    with sqlite3.connect(folder / DATABASE) as opened:
        return {name for (name,) in opened.execute("SELECT name FROM sqlite_master WHERE type = ?", [kind])}


@pytest.mark.django_db
def test_models_and_migrations_say_the_same():
    told = io.StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=told)
    assert "No changes detected" in told.getvalue()


def test_what_is_built_at_once_needs_no_migration_and_has_its_triggers(tmp_path):
    told = run(
        tmp_path,
        """
long_way = []
whole = migrate.migrate.Command.handle
migrate.migrate.Command.handle = lambda self, *a, **o: (long_way.append(o), whole(self, *a, **o))[1]
call_command("migrate", verbosity=0)
assert not long_way
call_command("migrate", check_unapplied=True, verbosity=0)
assert long_way
""",
    )
    assert told == ""
    triggers = names(tmp_path, "trigger")
    assert {"access_auditentry_append_only", "inspectorate_notice_append_only"} <= triggers


def test_a_build_that_is_interrupted_leaves_nothing_behind_and_can_be_done_again(tmp_path):
    run(tmp_path, KILLED)
    assert names(tmp_path, "table") == set()
    run(tmp_path, 'call_command("migrate", verbosity=0)')
    assert "access_auditentry" in names(tmp_path, "table")


def test_postgresql_is_built_in_parts_that_leave_room_for_locks_and_begun_anew_after_an_interruption(
    tmp_path,
    postgres_url,  # noqa: F811
):
    asked = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    marked = "SELECT to_regclass('jiangcheng_building') IS NOT NULL"
    run(tmp_path, KILLED, JIANGCHENG_DATABASE_URL=postgres_url)
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute(marked).fetchone() == (True,)
        left = connection.execute(asked).fetchone()[0]
    run(tmp_path, 'call_command("migrate", verbosity=0)', JIANGCHENG_DATABASE_URL=postgres_url)
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute(marked).fetchone() == (False,)
        assert connection.execute(asked).fetchone()[0] > left
        keys = connection.execute("SELECT count(*) FROM pg_constraint WHERE contype = 'f'").fetchone()[0]
        triggers = {
            name for (name,) in connection.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        }
    assert keys > 100
    assert triggers
    run(
        tmp_path,
        'call_command("migrate", check_unapplied=True, verbosity=0)',
        JIANGCHENG_DATABASE_URL=postgres_url,
    )


def test_a_database_that_holds_something_is_migrated_as_always(tmp_path):
    with sqlite3.connect(tmp_path / DATABASE) as opened:
        opened.execute("CREATE TABLE somebody_elses (id INTEGER)")
    run(
        tmp_path,
        """
went = []
migrate.migrate.Command.handle = lambda self, *a, **o: went.append(o["database"])
call_command("migrate", verbosity=0)
assert went == ["default"]
""",
    )
    assert names(tmp_path, "table") == {"somebody_elses"}
