"""Journals of both engines, empty for every test."""

from __future__ import annotations

import psycopg
import pytest

from jiangcheng.gateway.journal import postgresql, sqlite
from postgres import postgres_url  # noqa: F401


@pytest.fixture(params=["sqlite", "postgresql"])
def new_journal(request, tmp_path):
    """Open the same journal again at every call."""
    opened = []
    if request.param == "sqlite":
        open_one = lambda: sqlite.SqliteJournal(tmp_path / "journal")  # noqa: E731
    else:
        uri = request.getfixturevalue("postgres_url")
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute("DROP TABLE IF EXISTS gateway_journal_entry, gateway_journal_batch")
            connection.execute(postgresql.SCHEMA)
        open_one = lambda: postgresql.PostgresJournal(uri)  # noqa: E731

    def new():
        opened.append(open_one())
        return opened[-1]

    yield new
    for journal in opened:
        journal.close()
