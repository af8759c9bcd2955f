"""From hour means to AQI: stations by hour and day, areas by hour and day.

Everything derived is written back to the store under properties of its own; nothing measured is touched. A
late correction marks its day, and the whole day is evaluated again: what comes out the same is not written.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from django.db import transaction

from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.air import queries, rules
from jiangcheng.modules.air.services import findings, writing
from jiangcheng.standards import periods

CONSUMER = "air.evaluate"
EDITIONS = ("2012", "2026")
"""Editions of HJ 633 that stand side by side for areas, whatever the date."""

Columns = Mapping[str, np.ndarray]


def evaluate(*, now: datetime.datetime) -> int:
    """Evaluate the days in which something changed since the last run and return how many they were."""
    evaluated = 0
    while True:
        changes = store.changes(CONSUMER)
        if not len(changes):
            return evaluated
        with transaction.atomic():
            points = queries.stations(on=now.date())
            keys = np.array([point.pk for point in points])
            mine = (changes.granularity == store.Granularity.HOUR) & np.isin(changes.station, keys)
            days = np.unique(periods.natural_day(changes.start[mine]))
            for run in _runs(days):
                _evaluate_run(days=run, points=points, now=now)
                _exclude_run(days=run, points=points, now=now)
            findings.judge(points=points, starts=changes.start[mine], stations=changes.station[mine], now=now)
            store.acknowledge(CONSUMER, changes.upto)
        evaluated += len(days)


def evaluate_days(*, first: datetime.date, last: datetime.date, now: datetime.datetime) -> int:
    """Evaluate all days from ``first`` to ``last`` inclusive, without findings; for history loaded in bulk."""
    points = queries.stations(on=now.date())
    days = np.arange(np.datetime64(first), np.datetime64(last) + 1)
    for run in _runs(days):
        _evaluate_run(days=run, points=points, now=now)
        _exclude_run(days=run, points=points, now=now)
    return len(days)


def exclude_days(*, first: datetime.date, last: datetime.date, now: datetime.datetime) -> None:
    """Compute the series without exceptional events again from ``first`` to ``last`` inclusive."""
    points = queries.stations(on=now.date())
    for run in _runs(np.arange(np.datetime64(first), np.datetime64(last) + 1)):
        _exclude_run(days=run, points=points, now=now, revoked=True)


def _runs(days: np.ndarray) -> Iterator[np.ndarray]:
    """Yield consecutive days of one month together: no edition of a standard changes within a month."""
    broken = (np.diff(days).astype(int) > 1) | (np.diff(days.astype("datetime64[M]")).astype(int) > 0)
    return (run for run in np.split(days, np.flatnonzero(broken) + 1) if len(run))


def _evaluate_run(*, days: np.ndarray, points: list[Station], now: datetime.datetime) -> None:
    hours = queries.hours(points=[point.pk for point in points], days=days)
    on = days[0].item()
    closed = np.array([periods.day_bounds(day)[1] <= now.timestamp() for day in days.tolist()])
    daily = rules.station_days(hours.values, on=on)
    daily = {name: np.where(closed, column, np.nan) for name, column in daily.items()}
    rows = writing.Rows(queries.derived())
    _add_hours(rows, hours.stations, hours.starts, days, hours.values)
    _add_days(rows, hours.stations, days, daily)
    for area in queries.areas(points=points):
        station, members = np.array([area.station]), np.isin(hours.stations, area.members)
        means = _area_means(hours.values, members, on)
        _add_hours(rows, station, hours.starts, days, means, means=True)
        _add_days(rows, station, days, _area_means(daily, members, on), editions=EDITIONS)
    rows.write(source=CONSUMER, now=now)


def _exclude_run(
    *, days: np.ndarray, points: list[Station], now: datetime.datetime, revoked: bool = False
) -> None:
    """Write the days of the areas without the hours of approved events, beside the series with them.

    Days that no event touches have no value there. With ``revoked`` values that stand there are taken back.
    """
    starts = queries.Hours(np.array([]), days, {}).starts
    event = queries.event_hours(starts)
    touched = event.any(axis=1)
    if not touched.any() and not revoked:
        return
    rows = writing.Rows(queries.derived())
    blank = np.full((1, len(days)), np.nan)
    hours = queries.hours(points=[point.pk for point in points], days=days) if touched.any() else None
    on = days[0].item()
    closed = np.array([periods.day_bounds(day)[1] <= now.timestamp() for day in days.tolist()])
    for area in queries.areas(points=points):
        values = dict.fromkeys(("aqi", *queries.EXCLUDABLE), blank)
        if hours is not None:
            mine = np.isin(hours.stations, area.members)
            kept = {name: column[mine] for name, column in hours.values.items()}
            daily = rules.station_days(rules.without(kept, event, on=on), on=on)
            means = _area_means(daily, np.ones(len(area.members), bool), on)
            flat = {name: column.reshape(-1) for name, column in means.items()}
            index = _index(rules.aqi_daily(flat, on=days).aqi)
            values = {"aqi": index, **{name: means[name] for name in queries.EXCLUDABLE}}
        day_starts = np.array([periods.day_bounds(day)[0] for day in days.tolist()])[None, :]
        key = (store.Granularity.DAY, day_starts, np.array([[area.station]]))
        for name, column in values.items():
            rows.add(key, f"{name.lower()}_excluded", np.where(touched & closed, column, np.nan))
    rows.write(source=CONSUMER, now=now)


def _area_means(columns: Columns, members: np.ndarray, on: datetime.date) -> dict[str, np.ndarray]:
    """Return the means of the member points, shape (1, …) of columns [station, …]."""
    flat = {name: column[members].reshape(int(members.sum()), -1) for name, column in columns.items()}
    means = rules.city_mean(flat, on=on)
    return {name: means[name].reshape(1, *columns[name].shape[1:]) for name in columns}


def _add_hours(
    rows: writing.Rows,
    stations: np.ndarray,
    starts: np.ndarray,
    days: np.ndarray,
    columns: Columns,
    *,
    means: bool = False,
) -> None:
    """Add the AQI of hours; of an area also the means it was computed from. Columns are [station, day, hour]."""
    shape = (len(stations), *starts.shape)
    result = rules.aqi_hourly(
        {name: column.reshape(-1) for name, column in columns.items()},
        on=np.broadcast_to(days[:, None], shape).reshape(-1),
    )
    key = (store.Granularity.HOUR, np.broadcast_to(starts, shape), stations[:, None, None])
    _add_result(rows, key, result)
    if means:
        for name, column in columns.items():
            rows.add(key, queries.CODES[name], column)


def _add_days(
    rows: writing.Rows,
    stations: np.ndarray,
    days: np.ndarray,
    columns: Columns,
    *,
    editions: Sequence[str] = (),
) -> None:
    """Add day values and their AQI by the edition of the day, and by the editions asked for."""
    shape = (len(stations), len(days))
    starts = np.array([periods.day_bounds(day)[0] for day in days.tolist()])
    key = (store.Granularity.DAY, np.broadcast_to(starts, shape), stations[:, None])
    flat = {name: column.reshape(-1) for name, column in columns.items()}
    _add_result(rows, key, rules.aqi_daily(flat, on=np.broadcast_to(days, shape).reshape(-1)))
    for edition in editions:
        result = rules.aqi_daily(flat, edition=edition)
        rows.add(key, f"aqi_{edition}", _index(result.aqi))
    for name, column in columns.items():
        if name != "O3_1h":
            rows.add(key, queries.CODES[name], column)


def _add_result(rows: writing.Rows, key: writing.Key, result: rules.AqiResult) -> None:
    aqi = _index(result.aqi)
    rows.add(key, "aqi", aqi)
    rows.add(key, "aqi_primary", np.where(np.isnan(aqi), np.nan, result.primary.astype(float)))
    for name, column in result.iaqi.items():
        if name != "O3_1h":
            rows.add(key, f"iaqi_{name.lower()}", _index(column))


def _index(values: np.ndarray) -> np.ndarray:
    return np.where(values == rules.MISSING, np.nan, values.astype(float))
