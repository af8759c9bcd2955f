"""From minutes to hours, days and nights: whole noise days, each time something in them changed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import numpy as np
from django.db import transaction

from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.noise import queries, rules
from jiangcheng.modules.noise.models import NoiseEvent
from jiangcheng.modules.noise.services import findings, writing
from jiangcheng.standards import periods

CONSUMER = "noise.evaluate"
HOURS = 24

ByDay = dict[dt.date, set[int]]


def evaluate(*, now: dt.datetime) -> int:
    """Evaluate the station-days in which something changed since the last run and return their number."""
    evaluated = 0
    while True:
        changes = store.changes(CONSUMER)
        if not len(changes):
            return evaluated
        with transaction.atomic():
            points = queries.stations(on=now.date())
            touched = _touched(changes, points, now)
            evaluated += _evaluate_touched(touched, points, now=now)
            store.acknowledge(CONSUMER, changes.upto)


def evaluate_days(*, first: dt.date, last: dt.date, now: dt.datetime) -> int:
    """Evaluate all noise days from ``first`` to ``last`` inclusive, without findings; for history in bulk."""
    points = queries.stations(on=now.date())
    count = (last - first).days + 1
    for number in range(count):
        with transaction.atomic():
            _evaluate_day(first + dt.timedelta(days=number), points, now=now)
    return count * len(points)


def evaluate_event(*, record_number: str, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.noise-events.*``: the days a confirmed or rejected event touches are evaluated again."""
    event = NoiseEvent.objects.get(number=record_number)
    points = [point for point in queries.stations(on=now.date()) if point.code == event.station_code]
    if not points:
        return
    first, last = (
        queries.noise_day_of(int(at.timestamp()), now.date()) for at in (event.starts_at, event.ends_at)
    )
    days = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    _evaluate_touched({day: {points[0].pk} for day in days}, points, now=now)


def _touched(changes: store.Changes, points: list[Station], now: dt.datetime) -> ByDay:
    """Return the stations by noise day whose minutes, or whose weather, changed."""
    touched: ByDay = defaultdict(set)
    keys = np.array([point.pk for point in points], np.int64)
    mine = (changes.granularity == store.Granularity.MINUTE) & np.isin(changes.station, keys)
    _mark(touched, changes.station[mine], changes.start[mine], now)
    sources = queries.weather_sources(points=points, on=now.date())
    skies = (changes.granularity == store.Granularity.HOUR) & np.isin(
        changes.station, list(set(sources.values()))
    )
    for point, source in sources.items():
        starts = changes.start[skies & (changes.station == source)]
        _mark(touched, np.full(len(starts), point), starts, now)
    return touched


def _mark(touched: ByDay, stations: np.ndarray, starts: np.ndarray, now: dt.datetime) -> None:
    days = rules.noise_day(starts, now.date())
    for station, day in set(zip(stations.tolist(), days.tolist(), strict=True)):
        touched[day].add(station)


def _evaluate_touched(touched: ByDay, points: list[Station], *, now: dt.datetime) -> int:
    for day in sorted(touched):
        _evaluate_day(day, [point for point in points if point.pk in touched[day]], now=now)
    findings.judge(points=points, touched=touched, now=now)
    return sum(map(len, touched.values()))


def _evaluate_day(day: dt.date, points: list[Station], *, now: dt.datetime) -> None:
    """Evaluate one noise day of some stations: every hour of it, and the periods that are over."""
    start = rules.period_bounds(day, night=False)[0]
    end = rules.period_bounds(day, night=True)[1]
    found = queries.minutes(stations=[point.pk for point in points], start=start, end=end)
    keys = np.array(sorted(point.pk for point in points), np.int64)
    if not len(found) and not queries.has_hours(stations=keys.tolist(), start=start, end=end):
        return
    reasons = _reasons(found, points, start, end, day)
    group = np.searchsorted(keys, found.station) * HOURS + (found.start - start) // periods.HOUR
    hours = rules.Hours.of(
        found.leq, rules.within(reasons), group, len(keys) * HOURS, on=day, maxima=found.lmax
    )
    rows = writing.Rows(queries.derived())
    _add_minutes(rows, found, reasons)
    _add_hours(rows, hours, keys, start)
    _add_day(rows, hours, keys, day, now=now)
    rows.write(source=CONSUMER, now=now)


def _reasons(found: queries.Minutes, points: list[Station], start: int, end: int, day: dt.date) -> np.ndarray:
    sources = queries.weather_sources(points=points, on=day)
    sky = queries.weather(of=found, sources=sources, start=start, end=end)
    reasons = np.zeros(len(found), np.uint8)
    for point in points:
        mine = found.station == point.pk
        reasons[mine] = rules.screen(
            found.start[mine], found.valid[mine], rules.Weather(sky.wind[mine], sky.rain[mine]),
            queries.events(station=point, start=start, end=end), on=day,
        )  # fmt: skip
    return reasons


def _add_minutes(rows: writing.Rows, found: queries.Minutes, reasons: np.ndarray) -> None:
    """Add the reasons of minutes that have one; a minute without is not written."""
    values = np.where(reasons > 0, reasons.astype(float), np.nan)
    rows.add(store.Granularity.MINUTE, "noise_reasons", found.station, found.start, values)


def _add_hours(rows: writing.Rows, hours: rules.Hours, keys: np.ndarray, start: int) -> None:
    stations = np.repeat(keys, HOURS)
    starts = np.tile(start + np.arange(HOURS) * periods.HOUR, len(keys))
    counted = hours.screened.number.astype(float)
    columns = {
        "noise_leq": hours.screened.leq,
        "noise_leq_raw": hours.raw.leq,
        "noise_l10": hours.screened.l10,
        "noise_l50": hours.screened.l50,
        "noise_l90": hours.screened.l90,
        "noise_lmax": hours.screened.lmax,
        "noise_minutes": np.where(hours.raw.number > 0, counted, np.nan),
    }
    for code, values in columns.items():
        rows.add(store.Granularity.HOUR, code, stations, starts, values)


def _add_day(
    rows: writing.Rows, hours: rules.Hours, keys: np.ndarray, day: dt.date, *, now: dt.datetime
) -> None:
    shape = (len(keys), 1, HOURS)
    screened, raw = (
        rules.days_of_hours(part.leq.reshape(shape), part.lmax.reshape(shape), on=day) for part in hours
    )
    over = [now.timestamp() >= rules.period_bounds(day, night)[1] for night in (False, True)]
    there = (hours.raw.number.reshape(shape) > 0).any(axis=-1)
    columns = (
        ("noise_ld", screened.ld, over[0]),
        ("noise_ln", screened.ln, over[1]),
        ("noise_ldn", screened.ldn, over[1]),
        ("noise_ld_raw", raw.ld, over[0]),
        ("noise_ln_raw", raw.ln, over[1]),
        ("noise_lmax_night", screened.lmax_night, over[1]),
        ("noise_hours_day", np.where(there, screened.hours_day, np.nan), over[0]),
        ("noise_hours_night", np.where(there, screened.hours_night, np.nan), over[1]),
    )
    start = np.array(periods.day_bounds(day)[0])
    for code, values, known in columns:
        told = values[:, 0] if known else np.full(len(keys), np.nan)
        rows.add(store.Granularity.DAY, code, keys, start, told)
