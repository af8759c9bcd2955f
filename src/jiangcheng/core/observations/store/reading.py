"""Read, latest, history: what is known of values."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from django.db.models import Max

from jiangcheng.core.observations import engines, models
from jiangcheng.core.observations.engines import hot
from jiangcheng.core.observations.rules import columns
from jiangcheng.core.observations.store import clock, names, tiers

Instant = datetime.datetime | int


def read(
    *,
    stations: Sequence[int] | None,
    properties: Sequence[int] | None,
    granularity: int,
    start: Instant,
    end: Instant,
    as_of: datetime.datetime | None = None,
) -> pa.Table:
    """Return values of ``[start, end)``, sorted by station, property and start.

    Parameters
    ----------
    stations, properties
        Keys of the registry; None for all.
    granularity
        A `Granularity`.
    start, end
        Aware datetimes or epoch seconds.
    as_of
        Answer as known at this instant; None for now.

    Returns
    -------
    pyarrow.Table
        ``start`` int64 [s, epoch], ``station`` int32, ``property`` int32, ``value`` float64 (NaN: none),
        ``flag`` int16, ``revision`` int32. No column has nulls.
    """
    selection = hot.Selection(
        int(granularity), columns.epoch(start), columns.epoch(end), keys(stations), keys(properties)
    )
    rows = tiers.rows(selection, known_at=None if as_of is None else columns.microseconds(as_of))
    decimals = columns.each(names.decimals(), rows.property)
    return pa.table(
        {
            "start": rows.start,
            "station": rows.station,
            "property": rows.property,
            "value": columns.unscale(rows.value, decimals),
            "flag": rows.flag,
            "revision": rows.revision,
        }
    )


def latest(
    *,
    stations: Sequence[int] | None = None,
    properties: Sequence[int] | None = None,
    granularity: int | None = None,
) -> pa.Table:
    """Return the value with the greatest start of every series, sorted by station, property, granularity.

    Returns
    -------
    pyarrow.Table
        ``station`` int32, ``property`` int32, ``granularity`` int8, ``start`` int64 [s], ``value`` float64
        (NaN: none), ``flag`` int16, ``received_at`` timestamp [µs, UTC].
    """
    wanted = {
        "station": keys(stations),
        "property": keys(properties),
        "granularity": None if granularity is None else [int(granularity)],
    }
    conditions = [f"{name} IN ({hot.integers(some)})" for name, some in wanted.items() if some is not None]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    found = engines.open_hot().fetch(hot.LATEST, tuple(hot.LATEST.columns), hot.LATEST.name + where)
    order = np.lexsort((found["granularity"], found["property"], found["station"]))
    found = {name: column[order] for name, column in found.items()}
    decimals = columns.each(names.decimals(), found["property"])
    return pa.table(
        {
            "station": found["station"],
            "property": found["property"],
            "granularity": found["granularity"].astype(np.int8),
            "start": found["start"],
            "value": columns.unscale(found["value"], decimals),
            "flag": found["flag"],
            "received_at": pa.array(found["received"], pa.timestamp("us", "UTC")),
        }
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Version:
    """One version of a value and, where a person or a test made it, the decision."""

    revision: int
    value: float | None
    flag: str
    known_from: datetime.datetime
    source: str
    author: str = ""
    reason: str = ""
    test: str = ""
    arguments: dict[str, Any] = dataclasses.field(default_factory=dict)


def history(*, granularity: int, start: Instant, station: int, property: int) -> list[Version]:
    """Return every version of one value, oldest first."""
    begin = columns.epoch(start)
    selection = hot.Selection(int(granularity), begin, begin + 1, [station], [property])
    current = tiers.rows(selection)
    replaced = columns.Rows(
        **engines.open_hot().fetch(
            hot.REVISIONS, tuple(columns.Rows.dtypes()), f"{hot.REVISIONS.name} WHERE {selection.condition()}"
        )
    )
    rows = columns.Rows.concatenate([replaced, current])
    rows = rows.take(np.argsort(rows.revision))
    decisions = {
        decision.sequence: decision
        for decision in models.Decision.objects.filter(sequence__in=rows.sequence.tolist())
    }
    values = columns.unscale(rows.value, columns.each(names.decimals(), rows.property))
    sources = names.sources()
    return [
        Version(
            revision=int(rows.revision[index]),
            value=None if np.isnan(values[index]) else float(values[index]),
            flag=chr(rows.flag[index]),
            known_from=datetime.datetime.fromtimestamp(int(rows.received[index]) / 1e6, datetime.UTC),
            source=sources[int(rows.source[index])],
            **_decided(decisions.get(int(rows.sequence[index]))),
        )
        for index in range(len(rows))
    ]


def _decided(decision: models.Decision | None) -> dict[str, Any]:
    if decision is None:
        return {}
    return {name: getattr(decision, name) for name in ("author", "reason", "test", "arguments")}


def keys(wanted: Sequence[int] | None) -> list[int] | None:
    """Return keys as plain integers, None (all) as None."""
    return None if wanted is None else [int(key) for key in wanted]


def snapshot() -> str:
    """Name the state of the store: last write and last manifest, e.g. ``w812-m640``."""
    manifest = models.Segment.objects.aggregate(version=Max("added"))["version"] or 0
    return f"w{clock.last()}-m{manifest}"
