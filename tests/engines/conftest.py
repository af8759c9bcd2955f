"""Every test of this folder runs on both business databases, each the default database of the process."""

from __future__ import annotations

import concurrent.futures
import copy
from collections.abc import Iterator

import pytest
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import ConnectionHandler

from jiangcheng.config import settings as configuration
from jiangcheng.core.observations import models
from jiangcheng.core.registry.models import ObservedProperty
from postgres import postgres_url  # noqa: F401

TABLES = (
    models.Observation,
    models.Revision,
    models.LatestValue,
    models.DailyRollup,
    models.DirtyDay,
    models.Change,
    models.Consumer,
    models.Clock,
    models.Source,
    models.Scale,
    models.Decision,
    models.Segment,
    ObservedProperty,
)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine_connection(request, django_db_blocker, tmp_path_factory) -> Iterator[tuple[str, object, dict]]:
    """A migrated database of each kind, with the environment by which another process finds it."""
    folder = tmp_path_factory.mktemp(request.param)
    environment = {"JIANGCHENG_DATA": str(folder)}
    if request.param == "postgresql":
        environment["JIANGCHENG_DATABASE_URL"] = request.getfixturevalue("postgres_url")
    database = copy.deepcopy(configuration._database(environment.get("JIANGCHENG_DATABASE_URL", "")))
    if request.param == "sqlite":
        database["NAME"] = str(folder / "jiangcheng.sqlite3")
    connection = ConnectionHandler({"default": database})["default"]
    before = connections["default"]
    with django_db_blocker.unblock():
        connections["default"] = connection
        try:
            executor = MigrationExecutor(connection)
            nodes = executor.loader.graph.leaf_nodes()
            executor.migrate([node for node in nodes if node[0] in ("registry", "observations")])
        finally:
            connections["default"] = before
        yield request.param, connection, environment
        connection.close()


@pytest.fixture
def database(engine_connection, django_db_blocker, settings, tmp_path) -> Iterator[dict[str, str]]:
    """An empty store on one of the databases; yields the environment of a second process on it."""
    _, connection, environment = engine_connection
    before = connections["default"]
    settings.OBSERVATIONS = {**settings.OBSERVATIONS, "sealed": tmp_path / "sealed"}
    with django_db_blocker.unblock():
        connections["default"] = connection
        try:
            for table in TABLES:
                table.objects.all()._raw_delete(table.objects.db)
            yield {**environment, "SEALED": str(tmp_path / "sealed")}
        finally:
            connections["default"] = before


@pytest.fixture
def properties(database) -> list[int]:
    """Keys of three properties with 0, 1 and 3 decimals."""
    return [
        ObservedProperty.objects.create(
            code=f"p{decimals}",
            name_zh="因子",
            name_en="property",
            unit="μg/m³",
            decimals=decimals,
            medium="air",
        ).pk
        for decimals in (0, 1, 3)
    ]


@pytest.fixture
def in_thread(engine_connection, django_db_blocker, database):
    """Run a function in a thread that has its own connection to the database under test."""
    configuration_of = engine_connection[1].settings_dict

    def run(function):
        connections["default"] = ConnectionHandler({"default": copy.deepcopy(configuration_of)})["default"]
        with django_db_blocker.unblock():
            try:
                return function()
            finally:
                connections["default"].close()

    with concurrent.futures.ThreadPoolExecutor() as pool:
        yield lambda function: pool.submit(run, function)
