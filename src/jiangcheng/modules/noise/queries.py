"""Stations with their zones, minutes and levels; what lies at a point; whose noise it is."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any, TypeVar

import numpy as np
import shapely
import shapely.geometry
from django.db.models import Q, QuerySet
from django.utils import timezone

from jiangcheng.core.access.models import User
from jiangcheng.core.access.queries import Scope
from jiangcheng.core.access.rules import area_prefix
from jiangcheng.core.cases import queries as case_queries
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.manifest import Names, Proposed
from jiangcheng.core.observations import store
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.noise import rules
from jiangcheng.modules.noise.models import (
    Area,
    CaseSource,
    JointResult,
    NightPermit,
    NoiseClip,
    NoiseDuty,
    NoiseEvent,
    NoiseZone,
    SensitiveArea,
)
from jiangcheng.standards import codes, periods, rounding

LEQ, LMAX, WIND, RAIN = ("Leq", "avg"), ("LMx", "avg"), ("a01007", "avg"), ("noise_rain", "avg")
EVENT_REASONS = {
    "snow": rules.Reason.SNOW,
    "thunder": rules.Reason.THUNDER,
    "rain": rules.Reason.RAIN,
    "wind": rules.Reason.WIND,
}
"""Kinds of event that are weather; every other kind is an event."""
OPEN_PERMIT = ("granted", "ended")
BOX_DEGREES_PER_METRE = 1.0 / 60_000.0
"""Generous at the latitudes of China: a box this wide holds every place so many metres away."""

AnyArea = TypeVar("AnyArea", bound=Area)


@dataclasses.dataclass(frozen=True, slots=True)
class Minutes:
    """Minutes of stations, one row per station and start; NaN where a value is missing."""

    station: np.ndarray
    start: np.ndarray
    leq: np.ndarray
    lmax: np.ndarray
    valid: np.ndarray
    """Whether the flag of the level lets it stand."""

    def __len__(self) -> int:
        return len(self.start)


@dataclasses.dataclass(frozen=True, slots=True)
class PointZone:
    """What holds at a point on a date."""

    zone: NoiseZone
    day_limit: float
    night_limit: float
    others: tuple[NoiseZone, ...]
    """Further zones over the point, which it does not follow."""


def instant(start: int) -> dt.datetime:
    """Return epoch seconds as an aware datetime."""
    return dt.datetime.fromtimestamp(int(start), dt.UTC)


def day_of(start: int) -> dt.date:
    """Return the Beijing day of epoch seconds."""
    return instant(start).astimezone(periods.BEIJING).date()


def noise_day_of(start: int, on: dt.date) -> dt.date:
    """Return the noise day of epoch seconds: that on which its day period began."""
    return day_of(start - rules.day_hours(on)[0] * periods.HOUR)


def stations(*, on: dt.date, scope: Scope | None = None) -> list[Station]:
    """Return the noise stations in operation on a date."""
    rows = Station.objects.filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on), kind=Station.Kind.NOISE, valid_from_date__lte=on
    )
    if scope is not None:
        rows = rows.filter(scope.as_filter(region="region__code"))
    return list(rows.select_related("region", "grid_cell").order_by("code"))


def derived() -> dict[str, int]:
    """Return the keys of the room's properties by code."""
    rows = ObservedProperty.objects.filter(code__startswith="noise_", statistic="avg")
    return dict(rows.values_list("code", "pk"))


def minutes(*, stations: Sequence[int], start: int, end: int) -> Minutes:
    """Read the minutes of ``[start, end)`` [epoch s] that have a level."""
    keys = _keys(LEQ, LMAX)
    found = _columns(
        stations=stations, properties=list(keys.values()), granularity=store.Granularity.MINUTE,
        start=start, end=end,
    )  # fmt: skip
    mine = (found["property"] == keys.get(LEQ, -1)) & ~np.isnan(found["value"])
    station, starts = found["station"][mine], found["start"][mine]
    peaks = found["property"] == keys.get(LMAX, -1)
    lmax = _matched(
        (found["station"][peaks], found["start"][peaks], found["value"][peaks]), (station, starts)
    )
    valid = np.isin(found["flag"][mine], list(codes.valid_flags()))
    return Minutes(station, starts, found["value"][mine], lmax, valid)


def weather_sources(*, points: Iterable[Station], on: dt.date) -> dict[int, int]:
    """Return for every noise station the weather station nearest to it."""
    found = list(
        Station.objects.filter(
            Q(valid_to_date=None) | Q(valid_to_date__gt=on),
            kind=Station.Kind.WEATHER,
            valid_from_date__lte=on,
        ).values_list("pk", "longitude", "latitude")
    )
    if not found:
        return {}
    places = np.array([row[1:] for row in found])
    nearest = {}
    for point in points:
        narrow = np.cos(np.radians(point.latitude))
        away = (places - (point.longitude, point.latitude)) * (narrow, 1.0)
        nearest[point.pk] = found[int((away**2).sum(axis=1).argmin())][0]
    return nearest


def weather(*, of: Minutes, sources: dict[int, int], start: int, end: int) -> rules.Weather:
    """Return the weather at each minute: the station's own, else that of the hour at the weather station."""
    keys = _keys(WIND, RAIN)
    own = _columns(
        stations=np.unique(of.station).tolist(), properties=list(keys.values()),
        granularity=store.Granularity.MINUTE, start=start, end=end,
    )  # fmt: skip
    hour = of.start // periods.HOUR * periods.HOUR
    there = np.array([sources.get(key, -1) for key in of.station.tolist()], np.int64)
    near = _columns(
        stations=sorted(set(sources.values())), properties=list(keys.values()),
        granularity=store.Granularity.HOUR, start=start // periods.HOUR * periods.HOUR, end=end,
    )  # fmt: skip
    told = []
    for pair in (WIND, RAIN):
        series = [
            (table["station"][mine], table["start"][mine], table["value"][mine])
            for table in (own, near)
            for mine in (
                (table["property"] == keys.get(pair, -1)) & np.isin(table["flag"], list(codes.valid_flags())),
            )
        ]
        measured = _matched(series[0], (of.station, of.start))
        told.append(np.where(np.isnan(measured), _matched(series[1], (there, hour)), measured))
    return rules.Weather(*told)


def events(*, station: Station, start: int, end: int) -> np.ndarray:
    """Return the confirmed events at a station that touch ``[start, end)``: rows of start, end, reason."""
    rows = NoiseEvent.objects.filter(
        station_code=station.code, state="confirmed", withdrawn_at=None,
        starts_at__lt=instant(end), ends_at__gt=instant(start),
    )  # fmt: skip
    told = [
        (
            int(row.starts_at.timestamp()),
            int(row.ends_at.timestamp()),
            int(EVENT_REASONS.get(row.kind, rules.Reason.EVENT)),
        )
        for row in rows
    ]
    return np.array(told, np.int64).reshape(-1, 3)


def levels(
    *, stations: Sequence[int], codes: Sequence[str], granularity: int, start: int, end: int
) -> dict[str, dict[tuple[int, int], float]]:
    """Return derived values by code, station and start; what has no value is left out."""
    keys = {code: key for code, key in derived().items() if code in codes}
    names = {key: code for code, key in keys.items()}
    found: dict[str, dict[tuple[int, int], float]] = {code: {} for code in codes}
    if not keys or not stations:
        return found
    table = _columns(
        stations=stations, properties=list(keys.values()), granularity=granularity, start=start, end=end
    )
    known = ~np.isnan(table["value"])
    rows = (table[name][known].tolist() for name in ("station", "start", "property", "value"))
    for station, at, key, value in zip(*rows, strict=True):
        found[names[key]][station, at] = value
    return found


def has_hours(*, stations: Sequence[int], start: int, end: int) -> bool:
    """Tell whether anything derived is stored for the hours of ``[start, end)`` [epoch s]."""
    keys = [derived()["noise_minutes"]]
    found = _columns(
        stations=stations, properties=keys, granularity=store.Granularity.HOUR, start=start, end=end
    )
    return bool(len(found["start"]))


def _keys(*pairs: tuple[str, str]) -> dict[tuple[str, str], int]:
    rows = ObservedProperty.objects.filter(code__in=[code for code, _ in pairs], statistic="avg")
    return {(code, statistic): key for code, statistic, key in rows.values_list("code", "statistic", "pk")}


def _columns(
    *, stations: Sequence[int], properties: Sequence[int], granularity: int, start: int, end: int
) -> dict[str, np.ndarray]:
    table = store.read(
        stations=stations, properties=properties, granularity=granularity, start=start, end=end
    )
    return {name: table[name].to_numpy() for name in ("station", "start", "property", "value", "flag")}


def _matched(
    series: tuple[np.ndarray, np.ndarray, np.ndarray], wanted: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Return the values of a series (station, start, value) at the wanted keys, NaN where it has none."""
    station, start, value = series
    if not len(value):
        return np.full(len(wanted[0]), np.nan)
    have, want = _pack(station, start), _pack(*wanted)
    order = np.argsort(have, kind="stable")
    place = np.minimum(np.searchsorted(have[order], want), len(have) - 1)
    rows = order[place]
    return np.where(have[rows] == want, value[rows], np.nan)


def _pack(station: np.ndarray, start: np.ndarray) -> np.ndarray:
    packed: np.ndarray = np.asarray(station, np.int64) * (1 << 40) + start
    return packed


# Zones and sensitive areas


def areas_on(*, model: type[AnyArea], on: dt.date) -> QuerySet[AnyArea]:
    """Return the versions of areas that are in force on a date."""
    return model._default_manager.filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on), valid_from_date__lte=on
    ).order_by("code")


def areas_at(
    *, model: type[AnyArea], longitude: float, latitude: float, on: dt.date, margin: float = 0.0
) -> list[AnyArea]:
    """Return the areas over a point on a date, or within ``margin`` metres of it."""
    box = margin * BOX_DEGREES_PER_METRE
    rows = areas_on(model=model, on=on).filter(
        west__lte=longitude + box, east__gte=longitude - box,
        south__lte=latitude + box, north__gte=latitude - box,
    )  # fmt: skip
    return [
        row
        for row in rows
        if rules.metres_to(longitude, latitude, shapely.geometry.shape(row.boundary)) <= margin
    ]


def zone_at(*, longitude: float, latitude: float, on: dt.date) -> PointZone | None:
    """Return the functional zone of a point and its limits valid on a date, None where no zone is laid down."""
    found = areas_at(model=NoiseZone, longitude=longitude, latitude=latitude, on=on)
    wanted = rules.governing(zone.zone_class for zone in found)
    if not wanted:
        return None
    zone = next(item for item in found if item.zone_class == wanted)
    return PointZone(
        zone,
        rules.limit(wanted, "day", on),
        rules.limit(wanted, "night", on),
        tuple(item for item in found if item.pk != zone.pk),
    )


class ZoneIndex:
    """The zones of all versions, to ask for many points and dates at once."""

    def __init__(self) -> None:
        self._zones = list(NoiseZone.objects.order_by("code", "version"))
        self._tree = shapely.STRtree([shapely.geometry.shape(zone.boundary) for zone in self._zones])
        self._over: dict[int, list[NoiseZone]] = {}

    def at(self, station: Station, on: dt.date) -> NoiseZone | None:
        """Return the zone a station lies in on a date."""
        if station.pk not in self._over:
            point = shapely.Point(station.longitude, station.latitude)
            hits = self._tree.query(point, predicate="intersects").tolist() if self._zones else []
            self._over[station.pk] = [self._zones[number] for number in sorted(hits)]
        held = [
            zone
            for zone in self._over[station.pk]
            if zone.valid_from_date <= on and (zone.valid_to_date is None or on < zone.valid_to_date)
        ]
        wanted = rules.governing(zone.zone_class for zone in held)
        return next((zone for zone in held if zone.zone_class == wanted), None)


# Point-days and rates


@dataclasses.dataclass(frozen=True, slots=True)
class PointDay:
    """Levels of a station on a noise day with the zone it lies in then; NaN where a period is not valid."""

    station: Station
    day: dt.date
    zone: NoiseZone | None
    ld: float
    ln: float

    @property
    def zone_class(self) -> str:
        """The class, empty of none."""
        return self.zone.zone_class if self.zone else ""


def point_days(*, points: Sequence[Station], first: dt.date, last: dt.date) -> list[PointDay]:
    """Return every point-day from ``first`` to ``last`` inclusive that has Ld or Ln."""
    start, end = periods.day_bounds(first)[0], periods.day_bounds(last)[1]
    found = levels(
        stations=[point.pk for point in points], codes=("noise_ld", "noise_ln"),
        granularity=store.Granularity.DAY, start=start, end=end,
    )  # fmt: skip
    by_key = {point.pk: point for point in points}
    index = ZoneIndex()
    rows = []
    for key, at in sorted({*found["noise_ld"], *found["noise_ln"]}):
        day = day_of(at)
        ld, ln = (found[code].get((key, at), float("nan")) for code in ("noise_ld", "noise_ln"))
        rows.append(PointDay(by_key[key], day, index.at(by_key[key], day), ld, ln))
    return rows


def pass_rates(rows: Sequence[PointDay], *, on: dt.date) -> list[rules.Rate]:
    """Return the rates of compliance of point-days, pooled by class and period."""
    return rules.pass_rates(
        np.array([row.zone_class for row in rows], dtype=object),
        np.array([row.ld for row in rows]),
        np.array([row.ln for row in rows]),
        on=on,
    )


# Grades of a city


@dataclasses.dataclass(frozen=True, slots=True)
class SurveyGrade:
    """The grade of a year's survey of one kind and period (HJ 640)."""

    year: int
    kind: str
    period: str
    points: int
    mean: float
    """Arithmetic mean of the cells, or mean of the segments by their length [dB], NaN without any."""
    grade: int
    """1 best … 5, 0 without any."""
    shares: tuple[float, ...]
    """Percent of the points (of roads: of the length) in each grade, best first."""
    length_km: float
    """Of the segments, NaN for an area."""


def survey_grades(*, user: User, on: dt.date, years: Sequence[int]) -> list[SurveyGrade]:
    """Return the grades of the surveys of some years, each kind and period that was measured.

    The table of grades is that in force at the end of each year.
    """
    rows = records.visible(register="noise-surveys", user=user, on=on).filter(
        year__in=list(years), withdrawn_at=None
    )
    groups: dict[tuple[int, str, str], list[tuple[float, float]]] = defaultdict(list)
    for year, kind, period, level, length in rows.values_list("year", "kind", "period", "level", "length_m"):
        groups[year, kind, period].append((level, length or 1.0))
    return [_survey(*key, group) for key, group in sorted(groups.items(), reverse=True)]


def _survey(year: int, kind: str, period: str, group: list[tuple[float, float]]) -> SurveyGrade:
    levels, weights = np.array(group).T
    end = dt.date(year, 12, 31)
    if kind == "road":
        mean = rules.road_mean(levels, weights)
        grade = rules.road_grade(mean, period, end)
    else:
        weights = np.ones(len(levels))
        mean, grade = float(levels.mean()), rules.area_grade(levels, period, end)
    each = rules.grades(kind, levels, period, end)
    parts = [float(weights[each == step].sum()) for step in range(1, rules.GRADES + 1)]
    return SurveyGrade(
        year=year, kind=kind, period=period, points=len(levels),
        mean=float(rules.compared(mean)), grade=grade,
        shares=tuple(
            float(rounding.round_half_even(rounding.settle(100 * part / float(weights.sum())), 1)) for part in parts
        ),
        length_km=float(weights.sum()) / 1000 if kind == "road" else float("nan"),
    )  # fmt: skip


# Recordings


@functools.cache
def clip_settings() -> dict[str, Any]:
    """Return how long and large a recording may be, and how long it is kept."""
    path = resources.files("jiangcheng.modules.noise").joinpath("data", "clips.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def case_of_moment(*, station: Station, at: dt.datetime) -> Case | None:
    """Return the case of what was too loud at a station in the period that holds an instant."""
    found = Finding.objects.filter(
        station=station, kind__startswith="noise.", first_at__lte=at, case__isnull=False
    ).select_related("case")
    for finding in found.order_by("-first_at"):
        for item in finding.evidence:
            begins, ends = item.get("start"), item.get("end")
            if begins and ends and dt.datetime.fromisoformat(begins) <= at < dt.datetime.fromisoformat(ends):
                return finding.case
    return None


def clips_of(*, case: Case) -> QuerySet[NoiseClip]:
    """Return the recordings of a case in the order of time, the erased ones too."""
    return NoiseClip.objects.filter(case=case).select_related("station").order_by("starts_at", "pk")


def clips_at(*, station: Station, first: dt.datetime, last: dt.datetime) -> QuerySet[NoiseClip]:
    """Return the recordings of a station in ``[first, last)``."""
    found = NoiseClip.objects.filter(station=station, starts_at__gte=first, starts_at__lt=last)
    return found.select_related("case").order_by("starts_at", "pk")


def expired_clips(*, now: dt.datetime) -> list[NoiseClip]:
    """Return the recordings whose term has passed and that no open case holds."""
    settings = clip_settings()
    alone = now - dt.timedelta(days=settings["kept_days"])
    closed = now - dt.timedelta(days=settings["kept_days_after_close"])
    kept = NoiseClip.objects.filter(erased_at=None).filter(
        Q(case=None, brought_at__lt=alone) | Q(case__closed_at__lt=closed, brought_at__lt=alone)
    )
    return list(kept.select_related("case", "station"))


# Night permits


def cautions(*, permit: NightPermit) -> list[rules.Caution]:
    """Return what speaks against a night permit by the sensitive areas and zones of its first night."""
    on = timezone.localdate(permit.starts_at)
    near = []
    if permit.longitude is not None and permit.latitude is not None:
        near = near_sensitive(longitude=permit.longitude, latitude=permit.latitude, on=on)
    site = rules.Site(
        int(permit.starts_at.timestamp()), int(permit.ends_at.timestamp()), permit.reason, permit.announced
    )
    return rules.judge_site(site, near, on)


def near_sensitive(*, longitude: float, latitude: float, on: dt.date) -> list[rules.Near]:
    """Return the sensitive areas around a place with their distance and the night limit that holds there."""
    found = areas_at(
        model=SensitiveArea, longitude=longitude, latitude=latitude, on=on,
        margin=rules.permit_terms()["near_m"],
    )  # fmt: skip
    near = []
    for area in found:
        shape = shapely.geometry.shape(area.boundary)
        inside = shape.representative_point()
        zone = zone_at(longitude=inside.x, latitude=inside.y, on=on)
        metres = rules.metres_to(longitude, latitude, shape)
        near.append(rules.Near(area.name_zh, round(metres), zone.night_limit if zone else float("nan")))
    return near


def permits_around(*, longitude: float, latitude: float, start: int, end: int) -> list[NightPermit]:
    """Return the granted night permits near a place that touch ``[start, end)`` [epoch s], nearest first."""
    metres = rules.permit_terms()["cross_check_m"]
    box = metres * BOX_DEGREES_PER_METRE
    rows = NightPermit.objects.filter(
        state__in=OPEN_PERMIT, withdrawn_at=None,
        starts_at__lt=instant(end), ends_at__gt=instant(start),
        longitude__range=(longitude - box, longitude + box), latitude__range=(latitude - box, latitude + box),
    )  # fmt: skip
    away = {
        row.pk: rules.metres_to(longitude, latitude, shapely.Point(row.longitude, row.latitude))
        for row in rows
    }
    return sorted((row for row in rows if away[row.pk] <= metres), key=lambda row: away[row.pk])


# Routing


@dataclasses.dataclass(frozen=True, slots=True)
class Routed:
    """Where a noise case belongs."""

    source_type: str
    words: tuple[str, ...]
    """Words of the text that say so; empty where a person decided."""
    duty: NoiseDuty | None
    decided_by: User | None


def noise_cases(*, user: User, on: dt.date) -> QuerySet[Case]:
    """Return the open cases about noise a person may see, latest first."""
    kinds = rules.sources()["finding_kinds"]
    seen = case_queries.visible(user=user, on=on).filter(findings__kind__in=kinds, closed_at=None)
    return seen.select_related("region", "handler", "noise_source").distinct().order_by("-opened_at")


def route(*, case: Case, on: dt.date) -> Routed:
    """Return the type of source of a case and the duty it falls under: a person's word, else the text's."""
    decided = CaseSource.objects.filter(case=case).select_related("decided_by").first()
    if decided is not None:
        return Routed(decided.source_type, (), _duty(decided.source_type, case, on), decided.decided_by)
    kind, words = rules.source_type(f"{case.title_zh}\n{case.description}")
    return Routed(kind, words, _duty(kind, case, on), None)


def _duty(source_type: str, case: Case, on: dt.date) -> NoiseDuty | None:
    return duty_for(source_type, case.region.code if case.region else "", on)


def duty_for(source_type: str, region_code: str, on: dt.date) -> NoiseDuty | None:
    """Return the duty for a type of source in an area on a date, that of the smallest area first."""
    rows = NoiseDuty.objects.filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on),
        source_type=source_type, valid_from_date__lte=on, withdrawn_at=None,
    ).select_related("region")  # fmt: skip
    held = [row for row in rows if row.region is None or region_code.startswith(area_prefix(row.region.code))]
    return max(
        held,
        key=lambda row: (len(area_prefix(row.region.code)) if row.region else 0, row.valid_from_date, row.pk),
        default=None,
    )


def proposed(*, case_number: str, at: dt.datetime) -> list[Proposed]:
    """Answer the hook ``case.proposals``: the officers of the department that answers for this noise."""
    kinds = rules.sources()["finding_kinds"]
    case = Case.objects.filter(number=case_number, findings__kind__in=kinds).select_related("region").first()
    if case is None:
        return []
    duty = route(case=case, on=timezone.localdate(at)).duty
    if duty is None:
        return []
    names = [name.strip() for name in duty.officers.replace(",", "、").split("、") if name.strip()]
    people = {user.username: user.pk for user in User.objects.filter(username__in=names, is_active=True)}
    why = Names(
        f"噪声监管职责：{duty.department_zh}",
        f"Answers for this noise: {duty.department_en or duty.department_zh}",
    )
    return [Proposed(people[name], why) for name in names if name in people]


# Joint actions


def results(*, action_number: str) -> QuerySet[JointResult]:
    """Return the results of the departments of a joint action."""
    return JointResult.objects.filter(action_number=action_number, withdrawn_at=None).order_by("pk")
