"""What the outlets show now, held against their limits."""

from __future__ import annotations

import dataclasses
import datetime
from collections import defaultdict

import numpy as np

from jiangcheng.core.registry.models import PermitLimit
from jiangcheng.modules.emissions import rules
from jiangcheng.modules.emissions.queries.marking import control_spans, mark_spans, without_marked
from jiangcheng.modules.emissions.queries.series import day_of, hour_series, limits, number
from jiangcheng.standards import periods

FRESH_HOURS = 3
"""Age up to which an hour still stands for the present."""


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
    end = int(at.timestamp())
    start = end - hours * periods.HOUR
    rows = limits(stations=stations, first=day_of(start), last=day_of(end))
    found: dict[int, list[Reading]] = defaultdict(list)
    if not rows:
        return found
    everything = hour_series(limits=rows, start=start, end=end - periods.HOUR + 1)
    spans = mark_spans(stations=stations, start=start, end=end)
    controls = control_spans(stations=stations, until=end)
    for series in without_marked(everything, spans=spans, controls=controls):
        result = rules.exceedance(
            series.value, number(series.limit.upper), series.flag, lower=number(series.limit.lower)
        )
        judged = np.flatnonzero(result.judged)
        if len(judged):
            newest = int(judged[-1])
            found[series.limit.outlet.station_id].append(
                Reading(
                    limit=series.limit,
                    start=int(series.start[newest]),
                    value=float(series.value[newest]),
                    exceeded=bool(result.exceeded[newest]),
                    multiple=float(result.multiple[newest]),
                )
            )
    return found
