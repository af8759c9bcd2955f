"""A pytest plugin: the run's business database is a real PostgreSQL (``-p on_postgresql``).

It must be named on the command line, because Django reads its settings before any conftest is imported.
"""

import os

import pytest

import postgres

if "JIANGCHENG_DATABASE_URL" not in os.environ:
    # Workers of a parallel run inherit both and share the one server.
    os.environ["JIANGCHENG_TEST_DATABASE_URL"] = postgres.server_url()
    os.environ["JIANGCHENG_DATABASE_URL"] = postgres.server_url()

ASKS_THE_DATABASE = {"db", "transactional_db", "django_db_setup", "live_server"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what never asks the database: it cannot differ from the pass on SQLite."""
    asking = [
        item
        for item in items
        if item.get_closest_marker("django_db") or ASKS_THE_DATABASE & set(getattr(item, "fixturenames", ()))
    ]
    kept = set(asking)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = asking
