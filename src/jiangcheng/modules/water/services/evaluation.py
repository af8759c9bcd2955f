"""From readings to classes: every reading, and the means of every month."""

from __future__ import annotations

import datetime

import numpy as np
from django.db import transaction

from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.water import queries, rules
from jiangcheng.modules.water.services import findings
from jiangcheng.standards import periods

CONSUMER = "water.evaluate"


def evaluate(*, now: datetime.datetime) -> int:
    """Classify the readings that came or changed since the last run and return how many they were."""
    evaluated = 0
    while True:
        changes = store.changes(CONSUMER)
        if not len(changes):
            return evaluated
        with transaction.atomic():
            points = queries.sections(on=now.date())
            mine = (changes.granularity == store.Granularity.HOUR) & np.isin(
                changes.station, [point.pk for point in points]
            )
            if mine.any():
                stations, starts = changes.station[mine], changes.start[mine]
                _classify(points, stations, starts, now=now)
                findings.judge(points=points, stations=stations, starts=starts, now=now)
            store.acknowledge(CONSUMER, changes.upto)
            evaluated += int(mine.sum())


def evaluate_period(*, start: datetime.datetime, end: datetime.datetime, now: datetime.datetime) -> int:
    """Classify all readings of ``[start, end)``, without findings; for history loaded in bulk."""
    points = queries.sections(on=now.date())
    found = queries.readings(
        stations=[point.pk for point in points], start=int(start.timestamp()), end=int(end.timestamp())
    )
    if len(found):
        with transaction.atomic():
            _classify(points, found.station, found.start, now=now)
    return len(found)


def _classify(
    points: list[Station], stations: np.ndarray, starts: np.ndarray, *, now: datetime.datetime
) -> None:
    """Classify whole months that hold a changed reading; what comes out the same is not written again."""
    months = np.unique(periods.natural_day(starts).astype("datetime64[M]"))
    for month in months:
        year, number = month.item().year, month.item().month
        start, end = periods.month_bounds(year, number)
        touched = np.unique(stations[(starts >= start) & (starts < end)])
        found = queries.readings(stations=touched.tolist(), start=start, end=end)
        on = datetime.date(year, number, 1)
        _write_classes(found, points, on=on, now=now)
        _write_month(queries.month_means(found), points, on=on, now=now)


def _write_classes(
    found: queries.Readings, points: list[Station], *, on: datetime.date, now: datetime.datetime
) -> None:
    result = rules.classify(
        found.values,
        lake=queries.lakes(stations=found.station, points=points),
        on=on,
        with_multiples=False,
    )
    _append(found, "water_class", store.Granularity.HOUR, _known(result.section), now=now)
    limiting = np.where(result.section > 0, result.limiting.astype(float), np.nan)
    _append(found, "water_limiting", store.Granularity.HOUR, limiting, now=now)


def _write_month(
    means: queries.Readings, points: list[Station], *, on: datetime.date, now: datetime.datetime
) -> None:
    lake = queries.lakes(stations=means.station, points=points)
    result = rules.classify(means.values, lake=lake, on=on, with_multiples=False)
    _append(means, "water_class_month", store.Granularity.DAY, _known(result.section), now=now)


def _known(section: np.ndarray) -> np.ndarray:
    return np.where(section > 0, section.astype(float), np.nan)


def _append(
    found: queries.Readings, code: str, granularity: int, values: np.ndarray, *, now: datetime.datetime
) -> None:
    batch = store.Batch.of(
        granularity=int(granularity),
        start=found.start,
        station=found.station,
        property=queries.derived()[code],
        value=values,
    )
    store.append(batch, source=CONSUMER, received_at=now)
