"""Silences that nobody has explained become rows of the register of gaps."""

from __future__ import annotations

import datetime as dt

from jiangcheng.core.records import services as records
from jiangcheng.modules.network import queries
from jiangcheng.modules.network.models import Gap
from jiangcheng.modules.network.rules import coverage as rules
from jiangcheng.modules.network.rules.tables import in_force
from jiangcheng.standards import periods


def detect_gaps(*, now: dt.datetime) -> int:
    """Add a row without reason for every unexplained silence of the last days; return how many were added.

    A silence that goes on lengthens the row that ended where it was last seen. A row found here that nobody has
    explained is withdrawn when values came late for all of it.
    """
    on = now.astimezone(periods.BEIJING).date()
    table = in_force("elements", on)
    end = int(now.timestamp())
    found = queries.silent_periods(
        stations=[station for stations in queries.points(scope=None, on=on).values() for station in stations],
        start=end - table["gap_days"] * rules.DAY,
        end=end,
        least=table["least_gap_intervals"],
    )
    _forget(found, end - table["gap_days"] * rules.DAY, now)
    added = 0
    for station, silences in sorted(found.items()):
        for silence in silences:
            for part in queries.missing(station=station, period=silence):
                added += _told(station, part, now)
    return added


def _forget(found: dict[str, list[rules.Period]], start: int, now: dt.datetime) -> None:
    begin = dt.datetime.fromtimestamp(start, dt.UTC)
    for row in Gap.objects.filter(detected=True, reason="", withdrawn_at=None, from_at__gte=begin):
        first, last = row.from_at.timestamp(), row.to_at.timestamp()
        if not any(a < last and first < b for a, b in found.get(row.station, ())):
            records.withdraw(record=row, actor=None, at=now, reason="数据已补传")


def _told(station: str, part: rules.Period, now: dt.datetime) -> int:
    begin, end = (dt.datetime.fromtimestamp(second, dt.UTC) for second in part)
    before = Gap.objects.filter(station=station, detected=True, to_at=begin, withdrawn_at=None).first()
    if before is not None:
        records.change(record=before, values={"to_at": end}, actor=None, at=now)
        return 0
    values = {"station": station, "from_at": begin, "to_at": end, "detected": True}
    records.create(register="gaps", values=values, actor=None, at=now)
    return 1
