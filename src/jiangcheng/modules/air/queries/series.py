"""Which stations make which area, and the series of the room."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
from django.db.models import Q

from jiangcheng.core.access import rules as access_rules
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Region, Station
from jiangcheng.methods import averaging
from jiangcheng.modules.air import rules
from jiangcheng.modules.air.models import (
    ExceptionalEvent,
)
from jiangcheng.standards import codes, lookup, periods, rounding

POLLUTANTS = ("SO2", "NO2", "PM10", "CO", "O3", "PM25")
"""Names of the tables of HJ 633; the columns of every kernel call of this room."""
CODES = {**{name: name.lower() for name in POLLUTANTS}, "O3_8h": "o3_mda8"}
"""Codes of the derived properties that hold means, by kernel column."""
WORDS = {"PM25": "PM2.5", "O3_8h": "O3-8h", "O3_1h": "O3-1h"}
"""Names on screen of kernel columns that differ from their codes."""
FRESH_HOURS = 6
"""Age up to which an hour still stands for the present."""
NATIONAL = "国控"
"""Class of the points that make a city's evaluation (HJ 663: urban points of the national network)."""
EXCLUDABLE = ("PM10", "PM25")
"""Pollutants with a day series of their own without exceptional events."""


@dataclasses.dataclass(frozen=True, slots=True)
class Area:
    """An area with its own series, and the stations they are the means of."""

    station: int
    code: str
    members: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Hours:
    """Valid hour means of whole Beijing days: ``values[pollutant]`` is [station, day, hour], NaN where missing.

    Concentrations are in the units of HJ 633: µg/m³, CO in mg/m³.
    """

    stations: np.ndarray
    days: np.ndarray
    values: dict[str, np.ndarray]

    @property
    def starts(self) -> np.ndarray:
        """Return the start of every hour [epoch seconds], shape (day, hour)."""
        first = periods.day_bounds(self.days[0].item())[0]
        return first + periods.HOUR * np.arange(24 * len(self.days), dtype=np.int64).reshape(-1, 24)


def instant(start: int) -> datetime.datetime:
    """Return epoch seconds as an aware datetime."""
    return datetime.datetime.fromtimestamp(int(start), datetime.UTC)


def day_of(start: int) -> datetime.date:
    """Return the Beijing day of epoch seconds."""
    return instant(start).astimezone(periods.BEIJING).date()


def stations(*, on: datetime.date) -> list[Station]:
    """Return the air stations in operation on a date."""
    rows = Station.objects.filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on), kind=Station.Kind.AIR, valid_from_date__lte=on
    )
    return list(rows.select_related("region", "grid_cell").order_by("pk"))


def areas(*, points: list[Station]) -> list[Area]:
    """Return the areas that have a station of their own and at least one evaluated point.

    A city is the mean of its national points, a county of all its evaluated points; reference points
    (对照点) count nowhere.
    """
    evaluated = [point for point in points if point.attributes.get("evaluated", True)]
    found = []
    for area in Station.objects.filter(kind=Station.Kind.AREA).select_related("region").order_by("pk"):
        prefix = access_rules.area_prefix(area.region.code)
        city = area.region.level == Region.Level.CITY
        members = tuple(
            point.pk
            for point in evaluated
            if point.region.code.startswith(prefix)
            and (not city or point.attributes.get("class") == NATIONAL)
        )
        if members:
            found.append(Area(area.pk, area.code, members))
    return found


def derived() -> dict[str, int]:
    """Return the keys of the derived properties by code."""
    rows = ObservedProperty.objects.filter(medium="derived", statistic="avg")
    return dict(rows.values_list("code", "pk"))


def measured() -> dict[str, tuple[int, float]]:
    """Return, by pollutant, the key of the measured property and the factor to the unit of HJ 633."""
    wanted = {pollutant: codes.of_parameter(pollutant) for pollutant in POLLUTANTS}
    keys = dict(
        ObservedProperty.objects.filter(
            code__in=[item.code for item in wanted.values()], statistic="avg"
        ).values_list("code", "pk")
    )
    return {name: (keys[item.code], item.factor) for name, item in wanted.items() if item.code in keys}


def hours(*, points: list[int], days: np.ndarray) -> Hours:
    """Read the valid hour means of some stations for consecutive Beijing days (datetime64[D])."""
    source = measured()
    table = store.read(
        stations=points,
        properties=[key for key, _factor in source.values()],
        granularity=store.Granularity.HOUR,
        start=instant(periods.day_bounds(days[0].item())[0]),
        end=instant(periods.day_bounds(days[-1].item())[1]),
    )
    rows = {name: table[name].to_numpy() for name in ("station", "property", "start", "value", "flag")}
    valid = np.isin(rows["flag"], list(codes.valid_flags()))
    axis = np.sort(np.array(points, dtype=np.int64))
    place = np.searchsorted(axis, rows["station"])
    values = {}
    for name in POLLUTANTS:
        key, factor = source.get(name, (-1, 1.0))
        mine = valid & (rows["property"] == key)
        values[name] = averaging.hours_of_days(
            rows["start"][mine],
            rounding.settle(rows["value"][mine] * factor),
            days[0],
            len(days),
            row=place[mine],
            rows=len(axis),
        )
    return Hours(axis, days, values)


def city_area(*, code: str = "") -> Station | None:
    """Return the station that carries the city's series, or None before the register is loaded."""
    rows = Station.objects.filter(kind=Station.Kind.AREA, region__level=Region.Level.CITY)
    if code:
        rows = rows.filter(code=code)
    return rows.order_by("code").first()


def daily(
    *, station: int, codes: list[str], first: datetime.date, last: datetime.date
) -> dict[str, np.ndarray]:
    """Return derived day values of ``[first, last)`` by code, aligned with ``days`` (datetime64[D])."""
    keys = derived()
    days = np.arange(np.datetime64(first), np.datetime64(last))
    columns = {code: np.full(len(days), np.nan) for code in codes}
    table = store.read(
        stations=[station],
        properties=[keys[code] for code in codes if code in keys],
        granularity=store.Granularity.DAY,
        start=periods.day_bounds(first)[0],
        end=periods.day_bounds(last)[0],
    )
    place = (periods.natural_day(table["start"].to_numpy()) - days[0]).astype(int)
    observed, values = table["property"].to_numpy(), table["value"].to_numpy()
    for code in codes:
        mine = observed == keys.get(code, -1)
        columns[code][place[mine]] = values[mine]
    return {"days": days, **columns}


def approved_events(*, start: datetime.datetime, end: datetime.datetime) -> list[ExceptionalEvent]:
    """Return the approved exceptional events that touch ``[start, end)``, oldest first."""
    found = ExceptionalEvent.objects.filter(
        state="approved", withdrawn_at=None, starts_at__lt=end, ends_at__gt=start
    )
    return list(found.order_by("starts_at"))


def event_hours(starts: np.ndarray) -> np.ndarray:
    """Tell which hours, by their starts [epoch seconds], lie in an approved event or begin before its end."""
    if not starts.size:
        return np.zeros(starts.shape, bool)
    found = np.zeros(starts.shape, bool)
    first, last = instant(int(starts.min())), instant(int(starts.max()) + periods.HOUR)
    for event in approved_events(start=first, end=last):
        begin, end = event.starts_at.timestamp(), event.ends_at.timestamp()
        found |= (starts + periods.HOUR > begin) & (starts < end)
    return found


def daily_without_events(
    *, station: int, codes: list[str], first: datetime.date, last: datetime.date
) -> dict[str, np.ndarray]:
    """Return `daily` with the days of approved events as they are without the hours of the events."""
    columns = daily(station=station, codes=codes, first=first, last=last)
    days = columns["days"]
    if not len(days):
        return columns
    starts = Hours(np.array([]), days, {}).starts
    touched = event_hours(starts).any(axis=1)
    shadows = [f"{code}_excluded" for code in codes if code in ("aqi", "pm10", "pm25")]
    without = daily(station=station, codes=shadows, first=first, last=last)
    for code in shadows:
        name = code.removesuffix("_excluded")
        columns[name] = np.where(touched, without[code], columns[name])
    return columns


def primary_names(mask: int, *, report: str) -> str:
    """Return the primary pollutants of a stored bit set, e.g. ``PM2.5、O3``; ``report`` is hour or day."""
    names = [name for bit, name in enumerate(rules.columns_of(report)) if mask >> bit & 1]
    return "、".join(WORDS.get(name, name) for name in names)


@dataclasses.dataclass(frozen=True, slots=True)
class Now:
    """The newest hour of a station that was over at an instant."""

    start: int
    aqi: float
    primary: str
    edition: str
    grade: lookup.Grade


def current(*, stations: list[int], at: datetime.datetime) -> dict[int, Now]:
    """Return the newest hourly AQI of each station known at an instant, at most `FRESH_HOURS` old."""
    keys = derived()
    if "aqi" not in keys or not stations:
        return {}
    end = int(at.timestamp())
    table = store.read(
        stations=stations,
        properties=[keys["aqi"], keys["aqi_primary"]],
        granularity=store.Granularity.HOUR,
        start=end - FRESH_HOURS * periods.HOUR,
        end=end - periods.HOUR + 1,
    )
    rows = list(
        zip(*(table[name].to_pylist() for name in ("station", "property", "start", "value")), strict=True)
    )
    masks = {(station, start): value for station, key, start, value in rows if key == keys["aqi_primary"]}
    found = {}
    for station, key, start, value in rows:
        if key == keys["aqi"] and value == value:
            mask = masks.get((station, start), 0.0)
            found[station] = _now(start, value, 0 if mask != mask else int(mask))
    return found


def _now(start: int, aqi: float, mask: int) -> Now:
    edition = lookup.edition_on("HJ633", day_of(start)).code
    grades = lookup.grades("HJ633_levels", edition=edition)
    level = int(rules.level(int(aqi), edition))
    return Now(
        start=start,
        aqi=aqi,
        primary=primary_names(mask, report="hour"),
        edition=f"HJ 633-{edition}",
        grade=grades[max(level, 1) - 1],
    )


def hourly(
    *, station: int, codes: list[str], start: int, end: int
) -> dict[str, tuple[list[int], list[float]]]:
    """Return derived hour values of ``[start, end)`` by code, as starts and values."""
    keys = derived()
    table = store.read(
        stations=[station],
        properties=[keys[code] for code in codes if code in keys],
        granularity=store.Granularity.HOUR,
        start=start,
        end=end,
    )
    columns = {name: table[name].to_numpy() for name in ("property", "start", "value")}
    found = {}
    for code in codes:
        mine = columns["property"] == keys.get(code, -1)
        found[code] = columns["start"][mine].tolist(), columns["value"][mine].tolist()
    return found
