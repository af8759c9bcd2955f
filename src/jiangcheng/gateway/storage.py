"""Which journal this installation has, and how its gateway is set."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

import psycopg.conninfo
from django.conf import settings
from django.db import connection

from jiangcheng.gateway import journal
from jiangcheng.gateway.journal import postgresql, sqlite


def open_journal() -> journal.Journal:
    """Return the journal that belongs to the business database."""
    if connection.vendor == "postgresql":
        return postgresql.PostgresJournal(conninfo())
    return sqlite.SqliteJournal(pathlib.Path(options()["journal"]))


def options() -> Mapping[str, Any]:
    """Return ``settings.GATEWAY``.

    Besides ``host``, ``port`` and ``journal`` it may have ``limits`` (a mapping of `limits.Limits`),
    ``tolerant`` (accept the known deviations of real devices in framing), ``ahead`` (seconds by which a
    data time may lie in the future), ``folder`` (to be watched for files), ``mqtt`` (see `mqtt`) and
    ``forward`` (see `forward`).
    """
    found: Mapping[str, Any] = settings.GATEWAY
    return found


def conninfo() -> str:
    """Return how to reach the business database, for a connection beside Django's."""
    database = connection.settings_dict
    parts = {
        "dbname": database["NAME"],
        "user": database["USER"],
        "password": database["PASSWORD"],
        "host": database["HOST"],
        "port": database["PORT"],
    }
    return psycopg.conninfo.make_conninfo(**{key: value for key, value in parts.items() if value})


def place() -> str:
    """Return what tells the journal of this installation from those of others."""
    return conninfo() if connection.vendor == "postgresql" else str(options()["journal"])
