"""What the services judge by and the pages show: signals, zones, plans, weather, ledgers."""

from __future__ import annotations

import dataclasses
import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
import shapely.geometry
from django.db.models import F, Q, QuerySet, Sum

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases.models import Case, CaseStep
from jiangcheng.core.manifest import Names, Proposed
from jiangcheng.core.observations import store
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import Facility, GridDuty, ObservedProperty, Region, Station
from jiangcheng.modules.straw.models import (
    BaleTicket,
    BurnWeather,
    BurnZone,
    DutyContract,
    FeedState,
    FireIncident,
    FireObjection,
    FireSignal,
    HeatMask,
    LandArea,
    LandGrid,
    Outcome,
    Plot,
    ReferencePoint,
    ResidueCover,
    ResiduePlan,
    ResidueScene,
    SignalRun,
    Source,
    StrawCoefficient,
    StrawHarvest,
    StrawProgress,
    Verdict,
    WatchCamera,
)
from jiangcheng.modules.straw.rules import (
    accounts,
    balance,
    coverage,
    duties,
    emissions,
    fires,
    firms,
    progress,
    reference,
    skill,
    tables,
    verdicts,
    watch,
    windows,
)
from jiangcheng.modules.straw.rules import effect as effects
from jiangcheng.standards import codes, periods

VIEW = "straw.view"
STANDING = ("approved", "burning", "out", "confirmed", "evaluated")
"""States of a plan that was approved and not taken back."""
PM25 = "a34004"
FIRE = frozenset({Verdict.ILLEGAL, Verdict.PLANNED, Verdict.EDGE, Verdict.UNZONED})


def seen(signal: FireSignal) -> fires.Seen:
    """Return a signal as the rules know it."""
    return fires.Seen(
        signal.key, signal.seen_at, signal.longitude, signal.latitude, signal.source, signal.scan, signal.track,
        signal.confidence, signal.power, signal.day, signal.uncertainty,
    )  # fmt: skip


def neighbourhood(signals: Sequence[FireSignal]) -> list[FireSignal]:
    """Return the signals that could belong together with some new ones, and all of the incidents those are in."""
    first = min(signal.seen_at for signal in signals)
    rule = tables.in_force("detection", first.date())["incident"]
    wait = dt.timedelta(hours=rule["hours"])
    reach = max(rule["kilometres"], 10 * rule["pixels"]) / fires.KILOMETRES_PER_DEGREE * 1.6
    box = {
        "seen_at__gte": first - wait,
        "seen_at__lte": max(signal.seen_at for signal in signals) + wait,
        "longitude__gte": min(signal.longitude for signal in signals) - reach,
        "longitude__lte": max(signal.longitude for signal in signals) + reach,
        "latitude__gte": min(signal.latitude for signal in signals) - reach,
        "latitude__lte": max(signal.latitude for signal in signals) + reach,
    }
    near = list(FireSignal.objects.filter(replaced_by=None, **box))
    incidents = {signal.incident_id for signal in near if signal.incident_id is not None}
    more = FireSignal.objects.filter(replaced_by=None, incident__in=incidents)
    every = {signal.pk: signal for signal in [*near, *more]}
    return sorted(every.values(), key=lambda signal: (signal.seen_at, signal.pk))


def heat_history(*, on: dt.date) -> list[fires.Seen]:
    """Return the satellite signals before a day that the heat mask learns from."""
    months = tables.in_force("detection", on)["heat"]["window_months"]
    since = dt.datetime.combine(on - dt.timedelta(days=31 * (months + 1)), dt.time(), dt.UTC)
    until = dt.datetime.combine(on, dt.time(), dt.UTC)
    rows = FireSignal.objects.filter(
        seen_at__gte=since, seen_at__lt=until, source__in=sorted(fires.SENSORS), replaced_by=None
    ).values_list("key", "seen_at", "longitude", "latitude", "source", "power", "day")
    return [
        fires.Seen(key, at, lon, lat, source, power=power, day=day)
        for key, at, lon, lat, source, power, day in rows
    ]


def industrial(*, on: dt.date) -> shapely.Geometry | None:
    """Return the areas of industry in force on a day together, or None where nobody entered any."""
    rows = LandArea.objects.filter(_open(on), kind=LandArea.Kind.INDUSTRY)
    areas = [shapely.geometry.shape(boundary) for boundary in rows.values_list("boundary", flat=True)]
    return shapely.union_all(areas) if areas else None


def plants() -> list[tuple[float, float]]:
    """Return longitude and latitude of the registered plants."""
    return list(Facility.objects.values_list("longitude", "latitude"))


def verified_heat(*, on: dt.date) -> list[tuple[float, float]]:
    """Return where people found industrial heat within the months the mask looks back."""
    months = tables.in_force("detection", on)["heat"]["window_months"]
    since = dt.datetime.combine(on - dt.timedelta(days=31 * months), dt.time(), dt.UTC)
    rows = FireIncident.objects.filter(outcome=Outcome.INDUSTRY, merged_into=None, first_at__gte=since)
    return list(rows.values_list("longitude", "latitude"))


def land_within(
    bounds: tuple[float, float, float, float], *, kind: str, on: dt.date
) -> list[LandArea] | None:
    """Return the polygons of land that a rectangle touches; None where the kind was never entered."""
    rows = LandArea.objects.filter(_open(on), kind=kind)
    west, south, east, north = bounds
    near = list(rows.filter(west__lte=east, east__gte=west, south__lte=north, north__gte=south))
    return near if near or rows.exists() else None


def land(*, kind: str, on: dt.date) -> QuerySet[LandArea]:
    """Return the polygons of land of a kind in force on a day."""
    return LandArea.objects.filter(_open(on), kind=kind)


def land_grid(*, on: dt.date) -> LandGrid | None:
    """Return the raster of cropland in force on a day, without its bytes."""
    rows = LandGrid.objects.filter(valid_from_date__lte=on).defer("values")
    return rows.order_by("-valid_from_date", "-pk").first()


def _open(on: dt.date) -> Q:
    return Q(valid_from_date__lte=on) & (Q(valid_to_date=None) | Q(valid_to_date__gt=on))


class Around:
    """Zones, plans and heat around some signals, each read once for all of them."""

    def __init__(self, signals: Sequence[FireSignal]) -> None:
        first, last = min(s.seen_at for s in signals), max(s.seen_at for s in signals)
        slack = dt.timedelta(days=2)
        rows = ResiduePlan.objects.filter(
            state__in=STANDING, withdrawn_at=None, approved_at__lte=last + slack,
            starts_at__lte=last + slack, ends_at__gte=first - slack,
        ).order_by("pk")  # fmt: skip
        self._plans = [
            (row.approved_at, verdicts.Plan(row.number, area_of(row), row.starts_at, row.ends_at))
            for row in rows
        ]
        self._zones: dict[dt.date, list[verdicts.Zone]] = {}
        self._heat: dict[dt.date, set[tuple[int, int]]] = {}

    def plans(self, *, first: dt.datetime, last: dt.datetime) -> list[verdicts.Plan]:
        """Return the plans whose time could explain a fire, among those that were approved before it."""
        slack = dt.timedelta(days=1)
        return [
            plan
            for approved, plan in self._plans
            if approved is not None
            and approved <= first
            and plan.start <= last + slack
            and plan.end >= first - slack
        ]

    def zones(self, *, on: dt.date) -> list[verdicts.Zone]:
        """Return the zones in force on a day."""
        if on not in self._zones:
            self._zones[on] = known_zones(on=on)
        return self._zones[on]

    def heat(self, on: dt.date, learn: Callable[[dt.date], set[tuple[int, int]]]) -> set[tuple[int, int]]:
        """Return the cells of standing heat of a day's month."""
        month = on.replace(day=1)
        if month not in self._heat:
            self._heat[month] = learn(month)
        return self._heat[month]


def zones(*, on: dt.date) -> list[BurnZone]:
    """Return the ban and limit zones in force on a day."""
    return list(BurnZone.objects.filter(_open(on)).order_by("code"))


def known_zones(*, on: dt.date) -> list[verdicts.Zone]:
    """Return the zones in force as the rules know them."""
    return [
        verdicts.Zone(zone.code, zone.kind, shapely.geometry.shape(zone.boundary)) for zone in zones(on=on)
    ]


def area_of(plan: ResiduePlan) -> shapely.Geometry:
    """Return the outline of a plan, or its point where there is no outline."""
    if plan.outline:
        return shapely.geometry.shape(plan.outline)
    return shapely.Point(plan.longitude, plan.latitude)


def overlapping(plan: ResiduePlan) -> list[ResiduePlan]:
    """Return other standing plans that lie over a plan at the same time."""
    area = area_of(plan)
    others = ResiduePlan.objects.filter(
        state__in=STANDING, withdrawn_at=None, starts_at__lt=plan.ends_at, ends_at__gt=plan.starts_at
    ).exclude(pk=plan.pk)
    return [other for other in others if area_of(other).intersects(area)]


def approval_level(*, user: User, region: str, on: dt.date) -> str | None:
    """Return the highest level at which a person may approve plans of an area; None: not at all."""
    scope = access.scope(user, "straw.approve", on)
    levels = tables.in_force("delegation", on)["levels"]
    if scope.everything:
        return str(levels[-1]["code"])
    held = [len(prefix) for prefix in scope.region_codes if region.startswith(prefix)]
    if not held:
        return None
    fitting = [level["code"] for level in levels if min(held) <= level["prefix"]]
    return str(fitting[-1]) if fitting else None


def needed_level(*, area_mu: float, on: dt.date) -> str:
    """Return the lowest level that may approve a plan of an area."""
    levels = tables.in_force("delegation", on)["levels"]
    return str(next(row["code"] for row in levels if row["most_mu"] is None or area_mu <= row["most_mu"]))


def incidents(*, user: User, on: dt.date, start: dt.datetime, end: dt.datetime) -> QuerySet[FireIncident]:
    """Return the incidents of ``[start, end)`` that a person may see, the newest first."""
    scope = access.scope(user, VIEW, on)
    rows = FireIncident.objects.filter(
        scope.as_filter(region="region__code"), merged_into=None, first_at__gte=start, first_at__lt=end
    )
    return rows.select_related("region", "grid_cell", "case").order_by("-first_at", "-pk")


def managed(*, user: User, number: str, on: dt.date) -> FireIncident | None:
    """Return an incident that a person manages, or None."""
    scope = access.scope(user, "straw.manage", on)
    return FireIncident.objects.filter(scope.as_filter(region="region__code"), number=number).first()


def covered(*, start: dt.datetime, end: dt.datetime) -> coverage.Coverage:
    """Return which hours somebody could have seen a fire: expected passes, sightings from the ground, cloud.

    The cloud of an hour is the thickest that any county reports; with no report it is unknown.
    """
    looks = coverage.nominal(start, end)
    rows = FireSignal.objects.filter(seen_at__gte=start, seen_at__lt=end, replaced_by=None)
    looks += [(at, sat or source) for at, sat, source in rows.values_list("seen_at", "satellite", "source")]
    cloud: dict[dt.datetime, float] = {}
    told = BurnWeather.objects.filter(hour_at__gte=start, hour_at__lt=end, withdrawn_at=None)
    for at, share in told.filter(cloud__gte=0).values_list("hour_at", "cloud"):
        hour = at.replace(minute=0, second=0, microsecond=0)
        cloud[hour] = max(cloud.get(hour, 0.0), share or 0.0)
    return coverage.coverage(start, end, looks=looks, cloud=cloud)


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """The hours of a county with their lights, and how much may burn in each."""

    region: Region
    hours: tuple[tuple[BurnWeather, windows.Light, float | None], ...]
    """Conditions, light, and the county's share of the quota [mu/h]; None where it cannot be told."""
    waiting: float
    """Area of plans that are approved and not begun [mu]."""


def conditions(row: BurnWeather, *, holiday: bool) -> windows.Conditions:
    """Return a row of weather as the rules know it."""
    return windows.Conditions(
        at=row.hour_at, wind=row.wind, mixing=row.mixing, rain=row.rain, fire_danger=row.fire_danger,
        aqi=row.aqi, warning=row.warning, holiday=holiday,
    )  # fmt: skip


def window(*, user: User, on: dt.date, day: dt.date, holidays: Iterable[dt.date]) -> list[Window]:
    """Return the lights of a day for every county a person may see that has conditions or waiting plans.

    The quota of an hour is the smallest that any county's air allows, shared by the area that waits: smoke
    does not stop at the border of a county.
    """
    scope = access.scope(user, VIEW, on)
    start, end = (dt.datetime.fromtimestamp(at, dt.UTC) for at in periods.day_bounds(day))
    rows = BurnWeather.objects.filter(hour_at__gte=start, hour_at__lt=end, withdrawn_at=None)
    by_region: dict[str, list[BurnWeather]] = defaultdict(list)
    for row in rows.select_related("region").order_by("hour_at"):
        if row.region is not None:
            by_region[row.region.code].append(row)
    counties = {region.code: region for region in Region.objects.filter(level="county")}
    waiting = _waiting(counties)
    shares = _shares(by_region, waiting, day)
    holiday = day in set(holidays)
    found = []
    for code, region in sorted(counties.items()):
        if scope.covers_region(code) and (by_region[code] or waiting[code]):
            hours = tuple(
                (row, light, 0.0 if light.colour == windows.RED else shares.get((code, row.hour_at)))
                for row in by_region[code]
                for light in [windows.light(conditions(row, holiday=holiday))]
            )
            found.append(Window(region, hours, waiting[code]))
    return found


def _waiting(counties: Iterable[str]) -> dict[str, float]:
    found = dict.fromkeys(counties, 0.0)
    plans = ResiduePlan.objects.filter(state="approved", withdrawn_at=None).exclude(region=None)
    for code, area in plans.values_list("region__code", "area_mu"):
        county = code[:6]
        if county in found:
            found[county] += area
    return found


def _shares(
    by_region: dict[str, list[BurnWeather]], waiting: dict[str, float], day: dt.date
) -> dict[tuple[str, dt.datetime], float]:
    by_hour: dict[dt.datetime, list[tuple[str, float]]] = defaultdict(list)
    for code, rows in by_region.items():
        for row in rows:
            if row.pm25 is not None and row.wind is not None and row.mixing is not None:
                told = windows.quota(pm25=row.pm25, wind=row.wind, mixing=row.mixing, crop="maize", on=day)
                by_hour[row.hour_at].append((code, told.mu))
    found = {}
    for at, each in by_hour.items():
        wanted = {code: waiting.get(code, 0.0) for code, _mu in each}
        for code, mu in windows.allocate(min(mu for _code, mu in each), wanted).items():
            found[code, at] = mu
    return found


def effective(rows: Iterable[StrawHarvest], year: int) -> list[tuple[StrawHarvest, balance.Harvest, str]]:
    """Return ledger rows as the rules know them, with the coefficients that hold, and where those come from.

    A row's own coefficients count first, then the nearest area's, then the table's.
    """
    told = [
        balance.Coefficient(row.area, row.year, row.crop, row.ratio, row.collectable, row.origin)
        for row in StrawCoefficient.objects.filter(withdrawn_at=None, year__lte=year)
    ]
    found = []
    for row in rows:
        harvest = harvest_of(row)
        area = row.region.code if row.region else balance.NATION
        ratio, share = balance.fallback(told, area=area, crop=row.crop, year=year)
        sources = []
        if not harvest.ratio and ratio:
            harvest = dataclasses.replace(harvest, ratio=ratio[0])
            sources.append(ratio[1])
        if not harvest.collectable and share:
            harvest = dataclasses.replace(harvest, collectable=share[0])
            sources.append(share[1])
        found.append((row, harvest, "；".join(dict.fromkeys(sources))))
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Season:
    """The counts of a season, by verdict, outcome, county and month, and how many cases were closed."""

    total: int
    power: float
    verdicts: dict[str, int]
    outcomes: dict[str, int]
    counties: list[tuple[Region | None, int, int, int]]
    """County, incidents, planned, illegal; the most illegal first."""
    days: list[tuple[dt.date, int]]
    cases: int
    closed: int
    effect: effects.Effect
    matrix: list[tuple[dt.date, list[int]]]
    """Per day the straw fires of each county, in the order of ``counties``."""
    rates: list[float | None]
    """Per county straw fires per 1000 ha sown; None where the ledger does not know the area."""
    energy: float
    """Radiative energy of the straw fires under the assumed hours per look [MJ]."""
    emitted: emissions.Emissions
    compared: tuple[int, int, int, int] | None

    @property
    def closed_percent(self) -> float | None:
        """Return the share of cases that are closed; None without cases."""
        return 100.0 * self.closed / self.cases if self.cases else None


def season(*, user: User, on: dt.date, first: dt.date, last: dt.date) -> Season:
    """Return the counts of the days from ``first`` to ``last`` inclusive, within the reader's scope."""
    start = dt.datetime.fromtimestamp(periods.day_bounds(first)[0], dt.UTC)
    end = dt.datetime.fromtimestamp(periods.day_bounds(last)[1], dt.UTC)
    rows = list(incidents(user=user, on=on, start=start, end=end))
    kinds: dict[str, int] = dict.fromkeys(Verdict.values, 0)
    outcomes: dict[str, int] = dict.fromkeys(Outcome.values, 0)
    days: dict[dt.date, int] = defaultdict(int)
    counties: dict[str, list[FireIncident]] = defaultdict(list)
    for row in rows:
        kinds[row.verdict] += 1
        if row.outcome:
            outcomes[row.outcome] += 1
        if row.verdict in FIRE:
            days[row.first_at.astimezone(periods.BEIJING).date()] += 1
        counties[row.region.code[:6] if row.region else ""].append(row)
    cases = {row.case.pk: row.case for row in rows if row.case is not None}
    lines = _by_county(counties)
    energy, emitted = burnt(rows=rows, on=last)
    return Season(
        total=len(rows),
        power=sum(row.power or 0.0 for row in rows),
        verdicts=kinds,
        outcomes=outcomes,
        counties=lines,
        days=sorted(days.items()),
        cases=len(cases),
        closed=sum(case.closed_at is not None for case in cases.values()),
        effect=effects.effect(daily_pm25(first=first, last=last), set(days)),
        matrix=_matrix(counties, lines, sorted(days)),
        rates=_rates(counties, lines, last),
        energy=energy,
        emitted=emitted,
        compared=compared(first=first, last=last),
    )


def _matrix(
    counties: Mapping[str, Sequence[FireIncident]],
    lines: Sequence[tuple[Region | None, int, int, int]],
    days: Sequence[dt.date],
) -> list[tuple[dt.date, list[int]]]:
    counted: dict[tuple[str, dt.date], int] = defaultdict(int)
    for code, rows in counties.items():
        for row in rows:
            if row.verdict in FIRE:
                counted[code, row.first_at.astimezone(periods.BEIJING).date()] += 1
    codes_ = [line[0].code if line[0] else "" for line in lines]
    return [(day, [counted[code, day] for code in codes_]) for day in days]


def _rates(
    counties: Mapping[str, Sequence[FireIncident]],
    lines: Sequence[tuple[Region | None, int, int, int]],
    on: dt.date,
) -> list[float | None]:
    sown = cropland_hectares(on=on)
    found: list[float | None] = []
    for line in lines:
        code = line[0].code if line[0] else ""
        straw = sum(row.verdict in FIRE for row in counties[code])
        found.append(straw / sown[code] if sown.get(code) else None)
    return found


def daily_pm25(*, first: dt.date, last: dt.date) -> dict[dt.date, float]:
    """Return the mean of all valid hours of all air stations by Beijing day [µg/m³]."""
    stations = list(Station.objects.filter(kind=Station.Kind.AIR).values_list("pk", flat=True))
    properties = list(
        ObservedProperty.objects.filter(code=PM25, statistic="avg").values_list("pk", flat=True)
    )
    if not stations or not properties:
        return {}
    start, end = periods.day_bounds(first)[0], periods.day_bounds(last)[1]
    table = store.read(
        stations=stations, properties=properties, granularity=store.Granularity.HOUR, start=start, end=end
    )
    valid = set(codes.valid_flags())
    days: dict[dt.date, list[float]] = defaultdict(list)
    columns = (table[name].to_pylist() for name in ("start", "value", "flag"))
    for at, value, flag in zip(*columns, strict=True):
        if value is not None and value == value and flag in valid:
            days[dt.datetime.fromtimestamp(at, periods.BEIJING).date()].append(value)
    return {day: statistics.fmean(values) for day, values in days.items()}


@dataclasses.dataclass(frozen=True, slots=True)
class Ledger:
    """The balances of a year: by county and crop, by crop, and together."""

    rows: list[tuple[StrawHarvest, balance.Balance, list[str], str]]
    """Row, balance, fields that contradict the rules, where borrowed coefficients come from."""
    crops: list[tuple[str, balance.Balance]]
    whole: balance.Balance


def harvest_of(row: StrawHarvest) -> balance.Harvest:
    """Return a row of the ledger as the rules know it."""
    return balance.Harvest(
        crop=row.crop, grain=row.grain, sown=row.sown, returned=row.returned,
        market={use: getattr(row, use) for use in balance.USES}, scattered=row.scattered,
        out=row.sent_out, into=row.brought_in, ratio=row.ratio, collectable=row.collectable,
    )  # fmt: skip


def ledger(*, user: User, on: dt.date, year: int) -> Ledger:
    """Return the ledger of a year within the reader's scope."""
    rows = records.visible(register="straw-harvests", user=user, on=on).filter(year=year, withdrawn_at=None)
    day = dt.date(year, 12, 31)
    found = []
    by_crop: dict[str, list[balance.Balance]] = defaultdict(list)
    ordered = rows.select_related("region").order_by("region__code", "crop")
    for row, harvest, source in effective(ordered, year):
        told = balance.balance(harvest, day)
        found.append((row, told, balance.problems(harvest, day), source))
        by_crop[row.crop].append(told)
    crops = [(crop, balance.total(each)) for crop, each in sorted(by_crop.items())]
    return Ledger(found, crops, balance.total(line[1] for line in found))


def _by_county(found: dict[str, list[FireIncident]]) -> list[tuple[Region | None, int, int, int]]:
    names = {region.code: region for region in Region.objects.filter(code__in=found)}
    lines: list[tuple[Region | None, int, int, int]] = []
    for code, rows in found.items():
        planned = sum(row.verdict == Verdict.PLANNED for row in rows)
        illegal = sum(row.verdict == Verdict.ILLEGAL for row in rows)
        lines.append((names.get(code), len(rows), planned, illegal))
    return sorted(lines, key=lambda line: (-line[3], -line[1], line[0].code if line[0] else ""))


def own_weather(*, region: str, at: dt.datetime) -> Any:
    """Return the conditions of the hour of an instant in the county of an area, or None."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    rows = BurnWeather.objects.filter(hour_at=hour, region__code=region[:6], withdrawn_at=None)
    return rows.order_by("-pk").first()


def cool_down(*, plan: ResiduePlan, since: dt.datetime, until: dt.datetime) -> dict[str, Any]:
    """Return what the sky says of a plan after it was reported out.

    ``cooled``: a satellite sent data of the plan's surroundings since then and none of them lies on the plan;
    ``expected``: only nominal passes fell into the time; ``none``: nobody looked.
    """
    area = area_of(plan)
    west, south, east, north = area.buffer(1.0).bounds
    looks = FireSignal.objects.filter(
        seen_at__gt=since, seen_at__lte=until, source__in=sorted(fires.SENSORS), replaced_by=None,
        longitude__gte=west, longitude__lte=east, latitude__gte=south, latitude__lte=north,
    )  # fmt: skip
    seen_by = sorted(set(looks.values_list("satellite", flat=True)))
    nominal = sorted({name for _at, name in coverage.nominal(since, until)})
    state = "cooled" if seen_by else "expected" if nominal else "none"
    return {
        "state": state, "satellites": seen_by or nominal, "since": since.isoformat(), "until": until.isoformat(),
    }  # fmt: skip


def fires_in(*, area: shapely.Geometry, on: dt.date, days: int) -> int:
    """Return how many straw fires lay in an area in the days before a day."""
    end = dt.datetime.combine(on + dt.timedelta(days=1), dt.time(), periods.BEIJING)
    west, south, east, north = area.bounds
    rows = FireIncident.objects.filter(
        merged_into=None, first_at__lt=end, first_at__gte=end - dt.timedelta(days=days), verdict__in=sorted(FIRE),
        longitude__gte=west, longitude__lte=east, latitude__gte=south, latitude__lte=north,
    )  # fmt: skip
    places = list(rows.values_list("longitude", "latitude"))
    return int(shapely.intersects_xy(area, *zip(*places, strict=True)).sum()) if places else 0


def covered_by_ledger(*, village: str, region: Region | None, on: dt.date) -> float | None:
    """Return the share of a village's fields that still bear straw after its last reports [%], or None.

    Straw is gone from the surface where it was baled, ploughed in or burnt; shredded straw covers the ground.
    """
    rows = StrawProgress.objects.filter(village=village, withdrawn_at=None, day__lte=on)
    if region is not None:
        rows = rows.filter(region__code__startswith=region.code)
    latest: dict[tuple[int | None, str], StrawProgress] = {}
    for row in rows.order_by("day", "pk"):
        latest[row.region_id, row.crop] = row
    area = sum(row.area_mu for row in latest.values())
    gone = sum(row.baled + row.ploughed + row.burned for row in latest.values())
    return 100.0 * max(0.0, area - gone) / area if area else None


@dataclasses.dataclass(frozen=True, slots=True)
class VillageProgress:
    """A village's disposal of straw, as reported, and when it will be done."""

    region: Region | None
    village: str
    area: float
    last: progress.Day | None
    residual: float
    forecast: progress.Forecast
    plots: float
    """Area of its plots in the register [mu]."""
    weighed: float
    """Tonnes over the weighbridge."""
    wrong: tuple[str, ...]

    @property
    def percent(self) -> float | None:
        """Return the share that is disposed of [%]."""
        return min(100.0, 100.0 * self.last.disposed / self.area) if self.area and self.last else None


def village_progress(*, user: User, on: dt.date, day: dt.date, first: dt.date) -> list[VillageProgress]:
    """Return the villages of a season that a person may see, those with most left first."""
    rows = records.visible(register="straw-progress", user=user, on=on)
    rows = rows.filter(withdrawn_at=None, day__gte=first, day__lte=day).order_by("day", "pk")
    groups: dict[tuple[int | None, str], list[StrawProgress]] = defaultdict(list)
    for row in rows:
        groups[row.region_id, row.village].append(row)
    plots = _sums(Plot.objects.filter(withdrawn_at=None), "area_mu")
    start = dt.datetime.combine(first, dt.time(), periods.BEIJING)
    tickets = BaleTicket.objects.filter(withdrawn_at=None, weighed_at__gte=start)
    loads = _sums(tickets, F("gross") - F("tare"))
    found = [_of_village(mine, plots.get(key, 0.0), loads.get(key, 0.0), day) for key, mine in groups.items()]
    return sorted(found, key=lambda one: (-one.forecast.rest, one.village))


def _sums(rows: QuerySet[Any], what: Any) -> dict[tuple[int | None, str], float]:
    told = rows.values_list("region_id", "village").annotate(total=Sum(what)).order_by()
    return {(region, village): float(total or 0.0) for region, village, total in told}


def _of_village(rows: Sequence[StrawProgress], plots: float, weighed: float, on: dt.date) -> VillageProgress:
    """Add up the crops of a village: of each day what was last told of each crop."""
    latest: dict[str, StrawProgress] = {}
    days: dict[dt.date, progress.Day] = {}
    for row in rows:
        latest[row.crop] = row
        each = latest.values()
        days[row.day] = progress.Day(
            row.day, sum(r.harvested for r in each), sum(r.baled for r in each),
            sum(r.shredded + r.ploughed for r in each), sum(r.burned for r in each),
        )  # fmt: skip
    area = sum(row.area_mu for row in latest.values())
    series = list(days.values())
    last = series[-1]
    before = series[-2] if len(series) > 1 else None
    rest = progress.residual(
        harvested=last.harvested, baled=last.baled, returned=last.returned, burned=last.burned
    )
    return VillageProgress(
        rows[0].region, rows[0].village, area, last, rest, progress.forecast(series, area, on=on), plots, weighed,
        tuple(progress.problems(last, area, before)),
    )  # fmt: skip


def patrols_near(*, case_number: str, at: dt.datetime) -> list[Proposed]:
    """Answer the hook ``case.proposals``: for a fire, who patrols nearby, then the inspectors of the next cells."""
    case = Case.objects.filter(number=case_number, case_type="STRAW").select_related("region").first()
    if case is None or case.longitude is None or case.latitude is None:
        return []
    rule = tables.in_force("detection", at.date())["patrol"]
    here = shapely.Point(case.longitude, case.latitude)
    found = _patrols(here, at, rule)
    known = {item.user_id for item in found}
    found += [item for item in _neighbours(case, here, at) if item.user_id not in known][: rule["most"]]
    return found


def _patrols(here: shapely.Point, at: dt.datetime, rule: Mapping[str, Any]) -> list[Proposed]:
    """Return the people who told of something nearby in the last hours, the nearest first."""
    rows = FireSignal.objects.filter(
        source=Source.PATROL, seen_at__gt=at - dt.timedelta(hours=rule["hours"]), seen_at__lte=at,
        brought_by__actor__is_active=True,
    )  # fmt: skip
    near: dict[int, float] = {}
    for person, lon, lat in rows.values_list("brought_by__actor", "longitude", "latitude"):
        away = firms.kilometres(here.x, here.y, lon, lat)
        near[person] = min(away, near.get(person, away))
    ranked = sorted((away, person) for person, away in near.items() if away <= rule["kilometres"])
    return [
        Proposed(
            person, Names(f"巡查中，最近位置相距 {away:.1f} km", f"On patrol, last known {away:.1f} km away")
        )
        for away, person in ranked[: rule["most"]]
    ]


def _neighbours(case: Case, here: shapely.Point, at: dt.datetime) -> list[Proposed]:
    on = at.astimezone(periods.BEIJING).date()
    county = case.region.code[:6] if case.region else ""
    duties_held = GridDuty.objects.filter(
        _open(on),
        duty=GridDuty.Duty.INSPECTOR,
        user__is_active=True,
        grid_cell__region__code__startswith=county,
    ).exclude(grid_cell=case.grid_cell)
    ranked = []
    for duty in duties_held.select_related("grid_cell"):
        away = shapely.geometry.shape(duty.grid_cell.boundary).distance(here) * fires.KILOMETRES_PER_DEGREE
        ranked.append((away, duty.user_id, duty.grid_cell))
    ranked.sort(key=lambda item: item[:2])
    return [
        Proposed(
            person, Names(f"邻近网格 {cell.name_zh}", f"Neighbouring cell {cell.name_en or cell.name_zh}")
        )
        for _away, person, cell in ranked
    ]


@dataclasses.dataclass(frozen=True, slots=True)
class Accounts:
    """The account of the fires of a period, by county or township."""

    entries: list[tuple[accounts.Entry, Region | None, FireIncident]]
    totals: list[tuple[Region | None, int, int, float]]
    """Area, fires looked at, fires that count, amount [yuan]."""


def account(*, user: User, on: dt.date, first: dt.date, last: dt.date, level: str = "county") -> Accounts:
    """Return the account of the incidents a person may see, by county or by township.

    The order within a ban period decides what is a first fire, so the account begins with the first day of the
    period in which ``first`` lies; only the asked days are shown.
    """
    held = accounts.period(first)
    start, end = (
        dt.datetime.fromtimestamp(at, dt.UTC)
        for at in (periods.day_bounds(min(first, held[0]) if held else first)[0], periods.day_bounds(last)[1])
    )
    rows = [
        row
        for row in incidents(user=user, on=on, start=start, end=end)
        if row.verdict in FIRE or row.outcome == Outcome.STRAW
    ]
    objections: dict[str, str] = {}
    for fire, state in FireObjection.objects.filter(withdrawn_at=None).values_list("fire", "state"):
        if state in ("lodged", "upheld"):
            objections[fire] = "open" if state == "lodged" else "upheld"
    length = 6 if level == "county" else 9
    told = [
        accounts.Counted(
            row.number, row.first_at, row.region.code[:length] if row.region else "", row.verdict, row.outcome,
            objections.get(row.number, ""),
        )
        for row in rows
    ]  # fmt: skip
    known = {row.number: row for row in rows}
    shown_from = dt.datetime.fromtimestamp(periods.day_bounds(first)[0], dt.UTC)
    entries = [entry for entry in accounts.accounts(told) if entry.at >= shown_from]
    areas = {
        region.code: region for region in Region.objects.filter(code__in={entry.area for entry in entries})
    }
    lines = [(entry, areas.get(entry.area), known[entry.number]) for entry in reversed(entries)]
    totals = []
    for code in sorted({entry.area for entry in entries}):
        mine = [entry for entry in entries if entry.area == code]
        count = sum(entry.place > 0 for entry in mine)
        totals.append((areas.get(code), len(mine), count, sum(entry.yuan for entry in mine)))
    return Accounts(lines, sorted(totals, key=lambda line: (-line[3], -line[1])))


@dataclasses.dataclass(frozen=True, slots=True)
class Tree:
    """The contracts in force, what is wrong with them, and the places without one."""

    counts: dict[str, int]
    broken: list[tuple[str, str]]
    gaps: list[tuple[duties.Gap, Region | None]]


def contract_tree(*, user: User, on: dt.date) -> Tree:
    """Return the contract tree of the areas a person may see."""
    scope = access.scope(user, VIEW, on)
    rows = DutyContract.objects.filter(withdrawn_at=None).exclude(region=None).select_related("region")
    told = [
        duties.Contract(
            row.number, row.level, row.region.code if row.region else "", row.village, row.household, row.upper,
            row.starts_on, row.ends_on, row.area_mu,
        )
        for row in rows
    ]  # fmt: skip
    held = duties.in_force(told, on)
    regions = {region.code: region for region in Region.objects.all()}
    seen = {code for code in regions if scope.covers_region(code)}
    villages = set(_villages())
    gaps = duties.uncovered(
        held,
        city=next((code for code, region in regions.items() if region.level == "city"), ""),
        counties=[code for code in seen if regions[code].level == "county"],
        townships=[code for code in seen if regions[code].level == "township"],
        villages=[(code, village) for code, village in villages if code in seen],
    )
    counts = {level: sum(one.level == level for one in held) for level in duties.LEVELS}
    return Tree(counts, duties.broken(held), [(gap, regions.get(gap.region)) for gap in gaps])


def _villages() -> Iterable[tuple[str, str]]:
    for model in (Plot, ResiduePlan, StrawProgress):
        rows = model._default_manager.filter(withdrawn_at=None).exclude(region=None).order_by()
        yield from rows.values_list("region__code", "village").distinct()


def source_skill(*, user: User, on: dt.date, first: dt.date, last: dt.date) -> list[skill.Skill]:
    """Return how good each sensor was on the checked incidents of some days."""
    start = dt.datetime.fromtimestamp(periods.day_bounds(first)[0], dt.UTC)
    end = dt.datetime.fromtimestamp(periods.day_bounds(last)[1], dt.UTC)
    rows = incidents(user=user, on=on, start=start, end=end).exclude(outcome="").prefetch_related("signs")
    return skill.skill(
        (sorted({sign.satellite or sign.source for sign in row.signs.all()}), row.outcome) for row in rows
    )


def response(
    *, user: User, on: dt.date, first: dt.date, last: dt.date
) -> list[tuple[str, int, float, float]]:
    """Return how long people took from dispatch to sign, arrive and submit: step, cases, median and P90 [min]."""
    start = dt.datetime.fromtimestamp(periods.day_bounds(first)[0], dt.UTC)
    end = dt.datetime.fromtimestamp(periods.day_bounds(last)[1], dt.UTC)
    cases_ = incidents(user=user, on=on, start=start, end=end).exclude(case=None).values("case")
    steps: dict[int, dict[str, dt.datetime]] = defaultdict(dict)
    rows = CaseStep.objects.filter(case__in=cases_, action__in=("dispatch", "sign", "arrive", "submit"))
    for case, action, at in rows.order_by("sequence").values_list("case", "action", "at"):
        steps[case].setdefault(action, at)
    found = []
    for action in ("sign", "arrive", "submit"):
        took = [(told[action] - told["dispatch"]).total_seconds() / 60 for told in steps.values()
                if action in told and "dispatch" in told]  # fmt: skip
        if took:
            found.append((action, len(took), float(np.percentile(took, 50)), float(np.percentile(took, 90))))
    return found


def cameras(*, user: User, on: dt.date) -> list[tuple[WatchCamera, watch.Camera]]:
    """Return the cameras a person may see, as rows and as the rules know them."""
    rows = records.visible(register="watch-cameras", user=user, on=on).filter(withdrawn_at=None)
    return [
        (
            row,
            watch.Camera(
                row.number, row.longitude, row.latitude, row.kilometres, row.first_degrees, row.last_degrees
            ),
        )
        for row in rows
        if row.longitude is not None and row.latitude is not None
    ]


def blind_zones(*, user: User, on: dt.date) -> list[tuple[BurnZone, float]]:
    """Return the zones with the share of each that no working camera overlooks, the blindest first."""
    working = [camera for row, camera in cameras(user=user, on=on) if row.working]
    found = [(zone, watch.blind(shapely.geometry.shape(zone.boundary), working)[0]) for zone in zones(on=on)]
    return sorted(found, key=lambda item: (-item[1], item[0].code))


def feeds() -> list[FeedState]:
    """Return how the satellite feeds go."""
    return list(FeedState.objects.order_by("source"))


def latest_runs(count: int = 10) -> list[SignalRun]:
    """Return the latest imports of signals."""
    return list(SignalRun.objects.order_by("-pk")[:count])


def latest_mask() -> HeatMask | None:
    """Return the mask of standing heat learnt last."""
    return HeatMask.objects.order_by("-month").first()


def scenes() -> list[ResidueScene]:
    """Return the images that were read, the latest first."""
    return list(ResidueScene.objects.order_by("-sensed_on", "-pk")[:50])


def covers(*, user: User, on: dt.date, scene: ResidueScene) -> list[ResidueCover]:
    """Return what a scene says of the villages a person may see, the most different from the ledger first."""
    scope = access.scope(user, VIEW, on)
    rows = (
        scene.covers.filter(scope.as_filter(region="region__code"))
        if not scope.everything
        else scene.covers.all()
    )
    return sorted(rows.select_related("region"), key=lambda row: (not row.differs, row.village))


def compared(*, first: dt.date, last: dt.date) -> tuple[int, int, int, int] | None:
    """Compare our fires with the national list of the days: its points here, ours, both ways found; None: no list."""
    points = list(
        ReferencePoint.objects.filter(day__gte=first, day__lte=last, city__startswith=CITY).values_list(
            "day", "longitude", "latitude"
        )
    )
    if not points:
        return None
    start = dt.datetime.fromtimestamp(periods.day_bounds(first)[0], dt.UTC)
    end = dt.datetime.fromtimestamp(periods.day_bounds(last)[1], dt.UTC)
    rows = FireIncident.objects.filter(merged_into=None, first_at__gte=start, first_at__lt=end)
    own = [
        (at.astimezone(periods.BEIJING).date(), lon, lat)
        for at, lon, lat in rows.values_list("first_at", "longitude", "latitude")
    ]
    reach = tables.in_force("detection", last)["reference"]["kilometres"]
    theirs, ours = reference.agreement(points, own, kilometres=reach)
    return len(points), len(own), theirs, ours


CITY = "吉林市"


def cropland_hectares(*, on: dt.date) -> dict[str, float]:
    """Return the sown area of the last ledger year not after a day by county [1000 ha]."""
    year = on.year
    rows = StrawHarvest.objects.filter(withdrawn_at=None, year__lte=year).exclude(region=None)
    latest = rows.order_by("-year").values_list("year", flat=True).first()
    found: dict[str, float] = defaultdict(float)
    if latest is None:
        return {}
    for code, mu in rows.filter(year=latest).values_list("region__code", "sown"):
        found[code[:6]] += mu / 15.0 / 1000.0
    return dict(found)


def burnt(*, rows: Iterable[FireIncident], on: dt.date) -> tuple[float, emissions.Emissions]:
    """Return the radiative energy of straw fires [MJ] and what they emitted, at the table's hours per look."""
    hours = tables.in_force("emission_factors", on)["hours_per_look"]
    energy = sum(emissions.energy(row.power or 0.0, hours) for row in rows if row.verdict in FIRE)
    return energy, emissions.by_energy(energy, crop="maize", on=on)
