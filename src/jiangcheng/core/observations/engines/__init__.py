"""The engines behind the store: two for the hot tier, one for the sealed tier.

Only `jiangcheng.core.observations.store` may open them.
"""

from __future__ import annotations

from django.db import connection

from jiangcheng.core.observations.engines import postgresql, sqlite
from jiangcheng.core.observations.engines.hot import Engine


def open_hot() -> Engine:
    """Return the engine of the default database."""
    if connection.vendor == "postgresql":
        return postgresql.PostgreSQL()
    return sqlite.SQLite()
