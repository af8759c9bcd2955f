"""The counts of a season and the straw balance."""

from __future__ import annotations

import dataclasses
import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from jiangcheng.core.access.models import User
from jiangcheng.core.observations import store
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import ObservedProperty, Region, Station
from jiangcheng.modules.straw.models import (
    FireIncident,
    Outcome,
    ReferencePoint,
    StrawCoefficient,
    StrawHarvest,
    Verdict,
)
from jiangcheng.modules.straw.queries.incidents import FIRE, incidents
from jiangcheng.modules.straw.rules import balance, emissions, reference, tables
from jiangcheng.modules.straw.rules import effect as effects
from jiangcheng.standards import codes, periods

PM25 = "a34004"


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
