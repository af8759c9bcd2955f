"""What pages ask of the store."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.observations import store
from jiangcheng.core.observations.rules import calendar, columns, tidy
from jiangcheng.core.observations.rules import gaps as gap_rules
from jiangcheng.core.observations.rules.columns import Array
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Station

FOREVER = 2**62
STALE_INTERVALS = 3


def series(
    *,
    station: int,
    properties: Sequence[int],
    granularity: store.Granularity,
    start: datetime.datetime | int,
    end: datetime.datetime | int,
    as_of: datetime.datetime | None = None,
) -> dict[int, dict[str, Array]]:
    """Return for each property the arrays ``start`` [epoch s], ``value`` (NaN: none), ``flag``, ``revision``."""
    table = store.read(
        stations=[station], properties=properties, granularity=granularity, start=start, end=end, as_of=as_of
    )
    arrays = {name: table[name].to_numpy() for name in ("start", "value", "flag", "revision")}
    key = table["property"].to_numpy()
    return {wanted: {name: array[key == wanted] for name, array in arrays.items()} for wanted in properties}


@dataclasses.dataclass(frozen=True, slots=True)
class StationGap:
    """A period ``[start, end)`` without a value that counts, the same for all of ``properties``."""

    start: datetime.datetime
    end: datetime.datetime
    reason: gap_rules.Reason
    flags: str
    """The letters the source sent, where it flagged the values."""
    properties: tuple[int, ...]


def gaps(
    *,
    station: int,
    granularity: store.Granularity,
    start: datetime.datetime | int,
    end: datetime.datetime | int,
    properties: Sequence[int] | None = None,
) -> list[StationGap]:
    """Return where values are missing in ``[start, end)`` and why, oldest first.

    ``properties`` None: all of which the station has ever sent a value. A property of which it never sent
    one is not missing.
    """
    if properties is None:
        known = store.latest(stations=[station], granularity=granularity)
        properties = known["property"].to_pylist()
    place = Station.objects.get(pk=station)
    begin, stop = columns.epoch(start), columns.epoch(end)
    same: dict[gap_rules.Gap, list[int]] = {}
    found = series(station=station, properties=properties, granularity=granularity, start=begin, end=stop)
    for key, arrays in found.items():
        for gap in gap_rules.find(
            arrays["start"],
            arrays["value"],
            arrays["flag"],
            begin=begin,
            end=stop,
            step=_step(place, granularity),
            lifetime=(_midnight(place.valid_from_date), _midnight(place.valid_to_date)),
        ):
            same.setdefault(gap, []).append(key)
    return [
        StationGap(_instant(gap.start), _instant(gap.end), gap.reason, gap.flags, tuple(keys))
        for gap, keys in sorted(same.items(), key=lambda item: item[0][:2])
    ]


def silent(*, user: User, on: datetime.date, now: datetime.datetime) -> tuple[int, int]:
    """Return how many stations that a person may see have been silent for too long, and how many there are."""
    scope = access.scope(user, "observations.view", on)
    every = dict(registry.stations(scope=scope, on=on).values_list("pk", "expected_interval"))
    newest: dict[int, int] = {}
    if every:
        table = store.latest(stations=list(every)).select(["station", "granularity", "start"])
        for entry in table.to_pylist():
            if entry["granularity"] <= store.Granularity.HOUR:
                newest[entry["station"]] = max(entry["start"], newest.get(entry["station"], 0))
    return sum(is_stale(newest.get(key), step, now) for key, step in every.items()), len(every)


def is_stale(seen: int | None, interval: int, now: datetime.datetime) -> bool:
    """Tell whether more intervals [s] have passed since the last value than may be lost to a slow line."""
    return seen is None or now.timestamp() - seen > STALE_INTERVALS * interval


def _step(station: Station, granularity: store.Granularity) -> int:
    """Return the seconds between values: a station may report less often than the granularity says."""
    step = tidy.STEP[granularity]
    hourly = granularity in (store.Granularity.INSTANT, store.Granularity.HOUR)
    return max(step, station.expected_interval) if hourly else step


def _instant(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _midnight(date: datetime.date | None) -> int:
    """Return the epoch second at which a Beijing date begins; of an open end, never."""
    return FOREVER if date is None else calendar.day_start((date - datetime.date(1970, 1, 1)).days)
