"""Append, revise, flag: three reasons to write, one way of writing."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np
from django.db import transaction

from jiangcheng.core.observations import engines, models
from jiangcheng.core.observations.engines import hot
from jiangcheng.core.observations.rules import calendar, columns, versions
from jiangcheng.core.observations.rules.columns import Array, Batch, Keys, Rows
from jiangcheng.core.observations.store import clock, names, tiers


@dataclasses.dataclass(frozen=True, slots=True)
class AppendResult:
    """How many values were new, already there, and different from those that were there."""

    inserted: int = 0
    unchanged: int = 0
    revised: int = 0

    def __add__(self, other: AppendResult) -> AppendResult:
        return AppendResult(
            self.inserted + other.inserted, self.unchanged + other.unchanged, self.revised + other.revised
        )


def append(batch: Batch, *, source: str, received_at: datetime.datetime) -> AppendResult:
    """Store values. The same value and flag again change nothing; others become the next revision.

    Parameters
    ----------
    batch
        Values of any mixture of granularities, stations and times. Of a key that occurs twice the later row
        is the later revision.
    source
        Where the values come from, e.g. ``hj212`` or ``import:2026.csv``.
    received_at
        When they became known; `read` answers ``as_of`` by it.

    Raises
    ------
    LookupError
        If the registry does not know a property.
    ValueError
        If a value does not fit the decimals of its property.
    """
    if not len(batch):
        return AppendResult()
    with transaction.atomic():
        return write(batch, sequence=clock.tick(), source=source, received_at=received_at)


def revise(batch: Batch, *, author: str, reason: str, at: datetime.datetime) -> AppendResult:
    """Store values that a person sets, with the reason."""
    if not len(batch):
        return AppendResult()
    with transaction.atomic():
        sequence = clock.tick()
        _decide(sequence, author=author, reason=reason, at=at)
        return write(batch, sequence=sequence, source=f"person:{author}", received_at=at)


def flag(
    keys: Keys,
    flag: int,
    *,
    author: str,
    reason: str,
    at: datetime.datetime,
    test: str = "",
    arguments: Mapping[str, Any] | None = None,
) -> AppendResult:
    """Give stored values another flag; the values stay.

    Parameters
    ----------
    keys
        Which values; keys without a stored value are passed over.
    flag
        Code point of the new flag's letter.
    author, reason
        Who decided and why.
    test, arguments
        Name and arguments of the test, where a test decided.
    """
    with transaction.atomic():
        sequence = clock.tick()
        _decide(sequence, author=author, reason=reason, at=at, test=test, arguments=dict(arguments or {}))
        result = AppendResult()
        for granularity in np.unique(keys.granularity):
            wanted = keys.take(keys.granularity == granularity)
            flagged = _flagged(wanted, int(granularity), flag, sequence, columns.microseconds(at))
            source = names.source_key(f"person:{author}")
            result += _write(int(granularity), dataclasses.replace(flagged, source=_all(flagged, source)))
        return result


def write(batch: Batch, *, sequence: int, source: str, received_at: datetime.datetime) -> AppendResult:
    """Write a batch under the number of a write that has begun."""
    rows = as_rows(batch, sequence=sequence, source=source, received_at=received_at)
    result = AppendResult()
    for granularity in np.unique(batch.granularity):
        result += _write(int(granularity), rows.take(batch.granularity == granularity))
    return result


def as_rows(batch: Batch, *, sequence: int, source: str, received_at: datetime.datetime) -> Rows:
    """Return the first versions of the values of a batch."""
    decimals = names.settle_decimals(np.unique(batch.property).tolist())
    zeros = np.zeros(len(batch), np.int64)
    return Rows(
        start=batch.start,
        station=batch.station,
        property=batch.property,
        value=columns.scale(batch.value, columns.each(decimals, batch.property)),
        flag=batch.flag,
        revision=zeros,
        received=zeros + columns.microseconds(received_at),
        sequence=zeros + sequence,
        source=zeros + names.source_key(source),
    )


def _all(rows: Rows, value: int) -> Array:
    return np.full(len(rows), value)


def _flagged(keys: Keys, granularity: int, flag: int, sequence: int, at: int) -> Rows:
    """Return the stored rows of these keys as they will be."""
    stored = tiers.at(granularity, keys.start, keys.station)
    wanted, present = versions.series_keys(
        (keys.station, keys.property, keys.start), (stored.station, stored.property, stored.start)
    )
    rows = stored.take(np.isin(present, wanted))
    return dataclasses.replace(
        rows, flag=_all(rows, flag), received=_all(rows, at), sequence=_all(rows, sequence)
    )


def _decide(
    sequence: int,
    *,
    author: str,
    reason: str,
    at: datetime.datetime,
    test: str = "",
    arguments: Mapping[str, Any] | None = None,
) -> None:
    if not author.strip() or not reason.strip():
        raise ValueError("a decision needs an author and a reason")
    models.Decision.objects.create(
        sequence=sequence, author=author, reason=reason, at=at, test=test, arguments=arguments or {}
    )


def _write(granularity: int, rows: Rows) -> AppendResult:
    """Write rows of one granularity, the second mention of a key after the first."""
    again = versions.repetition(rows)
    result = AppendResult()
    for turn in range(int(again.max()) + 1 if len(again) else 0):
        result += _write_once(granularity, rows.take(again == turn))
    return result


def _write_once(granularity: int, rows: Rows) -> AppendResult:
    fresh, changed, replaced = versions.compare(rows, tiers.at(granularity, rows.start, rows.station))
    engine = engines.open_hot()
    written = Rows.concatenate([fresh, changed])
    constants = {"granularity": granularity}
    engine.put(hot.OBSERVATIONS, dict(fresh.items()), constants, hot.NEW)
    engine.put(hot.OBSERVATIONS, dict(changed.items()), constants)
    replacement = {"replaced": changed.received, "successor": changed.sequence}
    engine.put(hot.REVISIONS, dict(replaced.items()) | replacement, constants, hot.NEW)
    announce(granularity, written)
    return AppendResult(len(fresh), len(rows) - len(written), len(changed))


def announce(granularity: int, written: Rows, *, rolled_up: bool = False) -> None:
    """Bring latest values, the change log and (unless rolled up already) dirty days up to rows of one write."""
    if not len(written):
        return
    engine = engines.open_hot()
    last = versions.last_of_series(written)
    columns_of_latest = {name: column for name, column in last.items() if name in hot.LATEST.columns}
    engine.put(hot.LATEST, columns_of_latest, {"granularity": granularity}, hot.NEWER)
    start, station = versions.distinct_pairs(written.start, written.station)
    common = {"granularity": granularity, "sequence": int(written.sequence[0])}
    engine.put(hot.CHANGES, {"start": start, "station": station}, common, hot.KEEP)
    if rolled_up:
        return
    day, station = versions.distinct_pairs(calendar.day_of(start), station)
    engine.put(hot.DIRTY_DAYS, {"day": day, "station": station}, common)
