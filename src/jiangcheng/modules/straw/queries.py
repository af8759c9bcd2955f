"""What the services judge by and the pages show: signals, zones, plans, weather, ledgers."""

from __future__ import annotations

import dataclasses
import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import shapely
import shapely.geometry
from django.db.models import Q, QuerySet

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.observations import store
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import ObservedProperty, Region, Station
from jiangcheng.modules.straw.models import (
    BurnWeather,
    BurnZone,
    FireIncident,
    FireSignal,
    Outcome,
    ResiduePlan,
    StrawHarvest,
    Verdict,
)
from jiangcheng.modules.straw.rules import balance, coverage, fires, tables, verdicts, windows
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
    )
    return [seen(row) for row in rows]


def zones(*, on: dt.date) -> list[BurnZone]:
    """Return the ban and limit zones in force on a day."""
    open_end = Q(valid_to_date=None) | Q(valid_to_date__gt=on)
    return list(BurnZone.objects.filter(open_end, valid_from_date__lte=on).order_by("code"))


def known_zones(*, on: dt.date) -> list[verdicts.Zone]:
    """Return the zones in force as the rules know them."""
    return [
        verdicts.Zone(zone.code, zone.kind, shapely.geometry.shape(zone.boundary)) for zone in zones(on=on)
    ]


def plans_around(*, first: dt.datetime, last: dt.datetime) -> list[verdicts.Plan]:
    """Return the plans whose time could explain a fire, among those that were approved before it."""
    slack = dt.timedelta(days=1)
    rows = ResiduePlan.objects.filter(
        state__in=STANDING, withdrawn_at=None, approved_at__lte=first,
        starts_at__lte=last + slack, ends_at__gte=first - slack,
    ).order_by("pk")  # fmt: skip
    return [verdicts.Plan(row.number, area_of(row), row.starts_at, row.ends_at) for row in rows]


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
                (row, windows.light(conditions(row, holiday=holiday)), shares.get((code, row.hour_at)))
                for row in by_region[code]
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
    effect: Effect

    @property
    def closed_percent(self) -> float | None:
        """Return the share of cases that are closed; None without cases."""
        return 100.0 * self.closed / self.cases if self.cases else None


@dataclasses.dataclass(frozen=True, slots=True)
class Effect:
    """Mean PM2.5 of days with and without straw fires [µg/m³], and how many days those are."""

    with_fire: float | None
    without: float | None
    days_with: int
    days_without: int

    @property
    def difference(self) -> float | None:
        """Return the difference of the means; it is not the effect of the fires alone."""
        if self.with_fire is None or self.without is None:
            return None
        return self.with_fire - self.without


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
    return Season(
        total=len(rows),
        power=sum(row.power or 0.0 for row in rows),
        verdicts=kinds,
        outcomes=outcomes,
        counties=_by_county(counties),
        days=sorted(days.items()),
        cases=len(cases),
        closed=sum(case.closed_at is not None for case in cases.values()),
        effect=effect(first=first, last=last, days=set(days)),
    )


def effect(*, first: dt.date, last: dt.date, days: set[dt.date]) -> Effect:
    """Compare the city's mean PM2.5 on days with fires with that on the other days of a period."""
    means = daily_pm25(first=first, last=last)
    burnt = [value for day, value in means.items() if day in days]
    clear = [value for day, value in means.items() if day not in days]
    return Effect(
        statistics.fmean(burnt) if burnt else None,
        statistics.fmean(clear) if clear else None,
        len(burnt),
        len(clear),
    )


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

    rows: list[tuple[StrawHarvest, balance.Balance, list[str]]]
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
    for row in rows.select_related("region").order_by("region__code", "crop"):
        harvest = harvest_of(row)
        told = balance.balance(harvest, day)
        found.append((row, told, balance.problems(harvest, day)))
        by_crop[row.crop].append(told)
    crops = [(crop, balance.total(each)) for crop, each in sorted(by_crop.items())]
    return Ledger(found, crops, balance.total(told for _row, told, _wrong in found))


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
