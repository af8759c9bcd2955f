"""What the outlets show now, held against their limits."""

from __future__ import annotations

import dataclasses
import datetime
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from jiangcheng.core.registry.models import PermitLimit
from jiangcheng.modules.emissions import rules
from jiangcheng.modules.emissions.queries.marking import control_spans, mark_spans, without_marked
from jiangcheng.modules.emissions.queries.series import HourSeries, day_of, hour_series, limits, number
from jiangcheng.standards import periods

FRESH_HOURS = 3
"""Age up to which an hour still stands for the present."""
LOOK_BACK_HOURS = 48
"""How far back the latest hours of an outlet are sought."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """The newest judged hour of one limited property of an outlet."""

    limit: PermitLimit
    start: int
    value: float
    exceeded: bool
    multiple: float


def current(
    *, stations: list[int], at: datetime.datetime, hours: int = FRESH_HOURS
) -> dict[int, list[Reading]]:
    """Return, by outlet, the newest hour of each limited property known at an instant."""
    found: dict[int, list[Reading]] = defaultdict(list)
    for series, judged in _judged(stations=stations, at=at, hours=hours):
        if readings := _readings(series, judged, 1):
            found[series.limit.outlet.station_id].append(readings[0])
    return found


def recent(
    *, stations: list[int], at: datetime.datetime, most: int, hours: int = LOOK_BACK_HOURS
) -> dict[int, list[tuple[PermitLimit, list[Reading]]]]:
    """Return, by outlet, each hourly limit with its latest judged hours, newest first, at most so many.

    A limit whose permit version had no judged hour in the time is returned with none.
    """
    found: dict[int, list[tuple[PermitLimit, list[Reading]]]] = defaultdict(list)
    for series, judged in _judged(stations=stations, at=at, hours=hours):
        found[series.limit.outlet.station_id].append((series.limit, _readings(series, judged, most)))
    return found


def _judged(
    *, stations: list[int], at: datetime.datetime, hours: int
) -> Iterator[tuple[HourSeries, rules.Exceedance]]:
    """Yield the series of the limits in force with what is judged of them; marked hours are left out."""
    end = int(at.timestamp())
    start = end - hours * periods.HOUR
    rows = limits(stations=stations, first=day_of(start), last=day_of(end))
    if not rows:
        return
    everything = hour_series(limits=rows, start=start, end=end - periods.HOUR + 1)
    spans = mark_spans(stations=stations, start=start, end=end)
    controls = control_spans(stations=stations, until=end)
    for series in without_marked(everything, spans=spans, controls=controls):
        yield (
            series,
            rules.exceedance(
                series.value, number(series.limit.upper), series.flag, lower=number(series.limit.lower)
            ),
        )


def _readings(series: HourSeries, judged: rules.Exceedance, most: int) -> list[Reading]:
    """Return the newest judged hours of a series, newest first."""
    return [
        Reading(
            limit=series.limit,
            start=int(series.start[place]),
            value=float(series.value[place]),
            exceeded=bool(judged.exceeded[place]),
            multiple=float(judged.multiple[place]),
        )
        for place in np.flatnonzero(judged.judged)[::-1][:most].tolist()
    ]
