"""The line of writers: every write takes the next number and holds the line until it is committed.

SQLite admits one writer at a time anyway. On PostgreSQL the row lock gives the same guarantee, without which
a reader of the change log could step over a number that is committed later than a higher one.
"""

from __future__ import annotations

from django.db import connection

from jiangcheng.core.observations import models


def tick() -> int:
    """Return the next number; to be called inside a transaction, before anything is read."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO observations_clock (id, sequence) VALUES (1, 1)"
            " ON CONFLICT (id) DO UPDATE SET sequence = observations_clock.sequence + 1 RETURNING sequence"
        )
        return int(cursor.fetchone()[0])


def last() -> int:
    """Return the number of the last committed write, 0 before the first."""
    return models.Clock.objects.values_list("sequence", flat=True).first() or 0
