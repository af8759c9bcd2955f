"""Online points of outfalls and sources, their limits on a day, and what cameras and patrols saw."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

import numpy as np
import shapely
import shapely.geometry
from django.db.models import Q, QuerySet
from numpy.typing import NDArray

from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.water import rules
from jiangcheng.modules.water.models import (
    DrinkingSource,
    OnlineLimit,
    Outfall,
    SourceCamera,
    SourcePatrol,
    SourceZone,
)
from jiangcheng.modules.water.queries import sections, sources
from jiangcheng.standards import codes, periods, rounding


@dataclasses.dataclass(frozen=True, slots=True)
class OnlinePoint:
    """A station that speaks for an outfall or a source."""

    subject: str
    number: str
    name: str
    station: Station
    longitude: float
    latitude: float
    facility_id: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class LimitSeries:
    """The hours of a point that a limit holds for."""

    point: OnlinePoint
    limit: OnlineLimit
    start: NDArray[np.int64]
    value: NDArray[np.float64]
    """In the unit of the item."""
    exceeded: NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, slots=True)
class OnlineLine:
    """A limit in force with the newest value it judges."""

    limit: OnlineLimit
    at: dt.datetime | None
    value: float
    over: bool


def online_points(*, subject: str = "", number: str = "") -> list[OnlinePoint]:
    """Return the online points of the registers, of one kind or one row where that is asked for."""
    found = [*_rows("outfall", Outfall, "station_code"), *_rows("source", DrinkingSource, "section_code")]
    wanted = [
        row for row in found if (not subject or row[0] == subject) and (not number or row[1].number == number)
    ]
    stations = {row.code: row for row in Station.objects.filter(code__in={code for _, _, code in wanted})}
    return [_point(kind, row, stations[code]) for kind, row, code in wanted if code in stations]


def limits_on(*, first: dt.date, last: dt.date, numbers: Iterable[str]) -> list[OnlineLimit]:
    """Return the limits of some rows that hold on a day of ``[first, last]``."""
    found = OnlineLimit.objects.filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=first),
        valid_from_date__lte=last,
        place__in=list(numbers),
        withdrawn_at=None,
    )
    return list(found.order_by("pk"))


def limit_series(
    *, points: Sequence[OnlinePoint], limits: Sequence[OnlineLimit], start: int, end: int
) -> list[LimitSeries]:
    """Return the valid hours of ``[start, end)`` [epoch s] of each limit, of the days it holds for."""
    keys, factors = _properties({limit.item for limit in limits})
    if not keys or not points:
        return []
    table = store.read(
        stations=sorted({point.station.pk for point in points}),
        properties=sorted(keys.values()),
        granularity=store.Granularity.HOUR,
        start=start,
        end=end,
    )
    rows = {name: table[name].to_numpy() for name in ("station", "property", "start", "value", "flag")}
    valid = np.isin(rows["flag"], list(codes.valid_flags())) & ~np.isnan(rows["value"])
    by_place = {(point.subject, point.number): point for point in points}
    found = []
    for limit in limits:
        point = by_place.get((limit.subject, limit.place))
        if point is None or limit.item not in keys:
            continue
        mine = valid & (rows["station"] == point.station.pk) & (rows["property"] == keys[limit.item])
        mine &= _within(rows["start"], limit)
        value = rounding.settle(rows["value"][mine] * factors[limit.item])
        found.append(LimitSeries(point, limit, rows["start"][mine], value, _exceeded(value, limit)))
    return found


def online_lines(*, subject: str, number: str, at: dt.datetime) -> list[OnlineLine]:
    """Return the limits in force at a point with the newest value of the last day."""
    on = at.astimezone(periods.BEIJING).date()
    points = online_points(subject=subject, number=number)
    limits = [row for row in limits_on(first=on, last=on, numbers=[number]) if row.subject == subject]
    end = int(at.timestamp())
    series = limit_series(
        points=points, limits=limits, start=end - sections.FRESH_HOURS * periods.HOUR, end=end
    )
    by_limit = {item.limit.pk: item for item in series if item.start.size}
    lines = []
    for limit in limits:
        item = by_limit.get(limit.pk)
        if item is None:
            lines.append(OnlineLine(limit, None, float("nan"), False))
            continue
        last = int(np.argmax(item.start))
        lines.append(
            OnlineLine(
                limit, sections.instant(item.start[last]), float(item.value[last]), bool(item.exceeded[last])
            )
        )
    return lines


def unreported_patrols() -> QuerySet[SourcePatrol]:
    """Return what was seen at sources, is not normal, and is nobody's case yet; earliest first."""
    found = SourcePatrol.objects.filter(reported_at=None, withdrawn_at=None)
    return found.exclude(seen=SourcePatrol.Seen.NORMAL).order_by("observed_at", "pk")


def cameras(*, number: str) -> QuerySet[SourceCamera]:
    """Return the video points of a source."""
    return SourceCamera.objects.filter(source_number=number, withdrawn_at=None).order_by("number")


def patrols(*, number: str, most: int = 20) -> list[SourcePatrol]:
    """Return what was seen at a source, latest first."""
    found = SourcePatrol.objects.filter(source_number=number, withdrawn_at=None)
    return list(found.order_by("-observed_at", "-pk")[:most])


def zone_of(*, source: str, longitude: float, latitude: float, on: dt.date) -> SourceZone | None:
    """Return the strictest zone of a source that a point lies in on a day."""
    found = list(sources.zones_on(on=on, numbers=[source]))
    found.sort(key=lambda zone: sources.ORDER.index(SourceZone.Level(zone.level)))
    place = shapely.Point(longitude, latitude)
    return next((zone for zone in found if shapely.geometry.shape(zone.boundary).intersects(place)), None)


def _rows(
    subject: str, model: type[Outfall] | type[DrinkingSource], field: str
) -> list[tuple[str, Outfall | DrinkingSource, str]]:
    found = model.objects.filter(withdrawn_at=None).exclude(**{field: ""})
    return [(subject, row, getattr(row, field)) for row in found.order_by("pk")]


def _point(subject: str, row: Outfall | DrinkingSource, station: Station) -> OnlinePoint:
    placed = row.longitude is not None and row.latitude is not None
    return OnlinePoint(
        subject=subject,
        number=row.number,
        name=row.name_zh,
        station=station,
        longitude=row.longitude if placed and row.longitude is not None else station.longitude,
        latitude=row.latitude if placed and row.latitude is not None else station.latitude,
        facility_id=row.facility.pk if row.facility else None,
    )


def _properties(items: Iterable[str]) -> tuple[dict[str, int], dict[str, float]]:
    wanted = {item: rules.online_items()[item] for item in items if item in rules.online_items()}
    rows = ObservedProperty.objects.filter(code__in={code for code, _ in wanted.values()}, statistic="avg")
    known = dict(rows.values_list("code", "pk"))
    keys = {item: known[code] for item, (code, _) in wanted.items() if code in known}
    return keys, {item: factor for item, (_, factor) in wanted.items()}


def _within(start: NDArray[np.int64], limit: OnlineLimit) -> NDArray[np.bool_]:
    """Tell which hours begin on a day the limit holds for."""
    first = periods.day_bounds(limit.valid_from_date)[0]
    found: NDArray[np.bool_] = start >= first
    if limit.valid_to_date is not None:
        found &= start < periods.day_bounds(limit.valid_to_date)[0]
    return found


def _exceeded(value: NDArray[np.float64], limit: OnlineLimit) -> NDArray[np.bool_]:
    over = np.zeros(value.shape, dtype=np.bool_)
    if limit.upper is not None:
        over |= value > limit.upper
    if limit.lower is not None:
        over |= value < limit.lower
    return over
