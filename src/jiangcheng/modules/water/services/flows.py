"""Daily flow of sections, from a table of three columns."""

from __future__ import annotations

import csv
import datetime as dt

import numpy as np

from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.water.services.loading import load
from jiangcheng.standards import periods

COLUMNS = ("section", "date", "flow")
MOST_ROWS = 200_000


class FlowRefused(ValueError):  # noqa: N818
    """A table of daily flow cannot be read; the message says the line and why."""


def record_flows(*, text: str, scope_codes: frozenset[str] | None, at: dt.datetime) -> int:
    """Keep the daily mean flow of sections and return how many values there were.

    Parameters
    ----------
    text
        CSV with the columns ``section`` (station code), ``date`` (``2026-01-31``), ``flow`` [m³/s]; an empty
        flow is skipped.
    scope_codes
        Stations the writer may write for; None for all.

    Raises
    ------
    FlowRefused
        If a line is wrong; nothing is kept then.
    """
    load()
    reader = csv.DictReader(text.lstrip("\ufeff").splitlines())
    if not set(COLUMNS) <= set(reader.fieldnames or ()):
        raise FlowRefused("1: section, date, flow")
    known = dict(Station.objects.values_list("code", "pk"))
    rows: list[tuple[int, int, float]] = []
    for row in reader:
        if len(rows) >= MOST_ROWS:
            raise FlowRefused(f"{reader.line_num}: > {MOST_ROWS}")
        if not (row["flow"] or "").strip():
            continue
        try:
            start = periods.day_bounds(dt.date.fromisoformat((row["date"] or "").strip()))[0]
            value, code = float(row["flow"]), (row["section"] or "").strip()
        except ValueError as error:
            raise FlowRefused(f"{reader.line_num}: {error}") from error
        if code not in known or (scope_codes is not None and code not in scope_codes):
            raise FlowRefused(f"{reader.line_num}: {code}")
        if not 0 <= value < float("inf"):
            raise FlowRefused(f"{reader.line_num}: {value}")
        rows.append((known[code], start, value))
    if rows:
        _append(rows, at)
    return len(rows)


def _append(rows: list[tuple[int, int, float]], at: dt.datetime) -> None:
    key = ObservedProperty.objects.get(code="river_flow", statistic="avg").pk
    stations, starts, values = zip(*rows, strict=True)
    batch = store.Batch.of(
        granularity=int(store.Granularity.DAY),
        start=np.array(starts, np.int64),
        station=np.array(stations),
        property=key,
        value=np.array(values, float),
    )
    store.append(batch, source="water.flows", received_at=at)
