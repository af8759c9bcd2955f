"""What the overview counts, with the rows behind each number; zones at a point; candidates of an odour."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from django.db.models import Count, Max, Q, QuerySet, Sum

from jiangcheng.core.access.models import User
from jiangcheng.core.cases import queries as cases
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.observations import store
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import Facility, ObservedProperty, Station
from jiangcheng.methods import statistics
from jiangcheng.modules.sources import rules
from jiangcheng.modules.sources.models import (
    MEASURES,
    ActionItem,
    CoalSample,
    DustSite,
    HighEmitter,
    NoBurnZone,
    TransportEntry,
    VehicleTest,
)
from jiangcheng.standards import periods

HOUR = dt.timedelta(hours=1)
CONVERTED, MEASURED = "zs_avg", "avg"
LISTED_CASES = 50


@dataclasses.dataclass(frozen=True, slots=True)
class Rate:
    """A share of rows: ``done`` of ``whole``; ``code`` names it, and with it its formula and its rows."""

    code: str
    done: int
    whole: int

    @property
    def percent(self) -> float | None:
        """The share in percent, rounded by GB/T 8170; None of nothing."""
        return statistics.share(self.done, self.whole) if self.whole else None


@dataclasses.dataclass(frozen=True, slots=True)
class BoilerStanding:
    """A boiler the ultra-low goal is about, and what its hours say."""

    boiler: Any
    found: rules.UltraLow | None
    """None where no station with a converted series is linked."""

    @property
    def verdict(self) -> str:
        """``met``, ``missed`` or ``unknown``."""
        return self.found.verdict if self.found else "unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class Monitored:
    """The highest hour of a monitor against its limit."""

    limit: Mapping[str, Any]
    value: float

    @property
    def share(self) -> float:
        """The value as a share of the limit."""
        return float(self.value / self.limit["upper"])


@dataclasses.dataclass(frozen=True, slots=True)
class Hours:
    """Hour means of some properties of one station; arrays by hour."""

    start: np.ndarray
    """Epoch seconds of the hours, shape (hours,)."""
    values: dict[str, np.ndarray]
    """By property code, shape (hours,); NaN where there is no valid value."""


def rows(register: str, *, user: User, on: dt.date) -> QuerySet[Any]:
    """Return the rows of a register that a person may see and that are not withdrawn."""
    return records.visible(register=register, user=user, on=on).filter(withdrawn_at=None)


def rates(*, user: User, on: dt.date) -> list[Rate]:
    """Return the shares that follow from the ledgers alone, in the order of the page."""

    def seen(register: str) -> QuerySet[Any]:
        return rows(register, user=user, on=on)

    building = seen("dust-sites").filter(kind=DustSite.Kind.CONSTRUCTION, state="active")
    kitchens = _bound(seen("catering"), on)
    samples = seen("coal-samples").exclude(verdict="")
    failed = samples.filter(verdict=CoalSample.Verdict.FAILED)
    tests = seen("vehicle-tests").exclude(passed=None)
    dust = dust_loops(user=user, on=on).values()
    return [
        Rate("dust_closed", sum(item.done for item in dust), sum(item.whole for item in dust)),
        _rate("dust_measures", building, Q(**dict.fromkeys(MEASURES, True))),
        _rate("purifiers", kitchens, Q(purifier=True)),
        _rate("coal_passed", samples, Q(verdict=CoalSample.Verdict.PASSED)),
        _rate("coal_handled", failed, Q(state="closed")),
        *(_rate(kind, tests.filter(kind=kind), Q(passed=True)) for kind in VehicleTest.Kind.values),
        _rate("emitters_closed", seen("high-emitters"), Q(state="closed")),
        _rate("actions_done", seen("action-items"), Q(result__in=DONE)),
    ]


DONE = (ActionItem.Result.GOOD, ActionItem.Result.MENDED)
"""Results after which nothing is left to do."""


def dust_loops(*, user: User, on: dt.date) -> dict[str, Rate]:
    """Return by number of a dust site how many of its cases are closed, of all but those found baseless."""
    numbers = set(rows("dust-sites", user=user, on=on).values_list("number", flat=True))
    found: dict[str, dict[int, bool]] = collections.defaultdict(dict)
    keys = Finding.objects.filter(kind="sources.dust", case__in=cases.visible(user=user, on=on))
    real = keys.filter(Q(case__closed_at=None) | Q(case__state="closed"))
    for key, case, state in real.values_list("dedup_key", "case", "case__state"):
        number = key.removeprefix("sources.dust:")
        if number in numbers and case is not None:
            found[number][case] = state == "closed"
    return {number: Rate(number, sum(own.values()), len(own)) for number, own in found.items()}


def without_purifier(*, user: User, on: dt.date) -> list[Any]:
    """Return the large and medium catering units without a purifier, the larger first."""
    return list(
        _bound(rows("catering", user=user, on=on), on).filter(purifier=False).order_by("-stoves", "pk")
    )


def cleaning_due(*, user: User, on: dt.date) -> int:
    """Return how many units with a purifier have not cleaned it within the term, or never."""
    since = on - dt.timedelta(days=rules.in_force("catering", on)["cleaning_days"])
    late = Q(cleaned_date=None) | Q(cleaned_date__lt=since)
    return rows("catering", user=user, on=on).filter(late, purifier=True).count()


def coal_by_county(*, user: User, on: dt.date) -> list[tuple[Any, Rate]]:
    """Return the pass rate of the judged samples by county (None: no area), the lowest rate first."""
    counted: dict[Any, list[bool]] = collections.defaultdict(list)
    for row in rows("coal-samples", user=user, on=on).exclude(verdict="").select_related("region__parent"):
        area = row.region
        while area is not None and area.level == "township" and area.parent is not None:
            area = area.parent
        counted[area].append(row.verdict == CoalSample.Verdict.PASSED)
    found = [(area, Rate(area.code if area else "", sum(all_), len(all_))) for area, all_ in counted.items()]
    return sorted(found, key=lambda item: (item[1].percent or 0, item[1].code))


def boilers(*, user: User, on: dt.date, now: dt.datetime) -> list[BoilerStanding]:
    """Return the boilers of the ultra-low goal's capacity with the verdict of their hours up to now."""
    rule = rules.in_force("boilers", on)
    found = list(rows("coal-boilers", user=user, on=on).filter(capacity__gte=rule["capacity_from"]))
    series = hours(
        codes={boiler.station_code for boiler in found},
        properties=[row["code"] for row in rule["limits"]],
        statistics=(CONVERTED,),
        start=now - dt.timedelta(days=rule["period_days"]),
        end=now,
    )
    return [BoilerStanding(boiler, _judged(boiler, series.get(boiler.station_code), on)) for boiler in found]


def hours(
    *,
    codes: Iterable[str],
    properties: Iterable[str],
    statistics: Iterable[str],
    start: dt.datetime,
    end: dt.datetime,
) -> dict[str, Hours]:
    """Return the valid hour means of stations by code; a station without any is left out.

    Parameters
    ----------
    codes
        Of stations; unknown and empty ones are passed over.
    properties, statistics
        Of observed properties; per property the first statistic in the order of the store's keys counts.
    """
    stations = dict(Station.objects.filter(code__in=set(codes)).values_list("pk", "code"))
    wanted = ObservedProperty.objects.filter(code__in=list(properties), statistic__in=list(statistics))
    keys = dict(wanted.values_list("pk", "code"))
    if not stations or not keys:
        return {}
    read = store.read(
        stations=sorted(stations),
        properties=sorted(keys),
        granularity=store.Granularity.HOUR,
        start=start,
        end=end,
    )
    columns = {name: read[name].to_numpy() for name in ("start", "station", "property", "value", "flag")}
    valid = np.isin(columns["flag"], store.COUNTING) & ~np.isnan(columns["value"])
    columns = {name: column[valid] for name, column in columns.items()}
    return {
        code: _hours({name: column[mine] for name, column in columns.items()}, keys)
        for pk, code in stations.items()
        if (mine := columns["station"] == pk).any()
    }


def zones_at(*, longitude: float, latitude: float, on: dt.date) -> list[NoBurnZone]:
    """Return the no-burn zones in force on a day that hold a point."""
    return [zone for zone in zones(on=on) if rules.covers(zone.outline, longitude, latitude)]


def zones(*, on: dt.date) -> QuerySet[NoBurnZone]:
    """Return the no-burn zones in force on a day; they are public law, whoever asks."""
    ended = Q(valid_to_date=None) | Q(valid_to_date__gt=on)
    return NoBurnZone.objects.filter(ended, valid_from_date__lte=on, withdrawn_at=None).order_by("number")


def counts(register: str, *, user: User, on: dt.date, by: Iterable[str]) -> list[dict[str, Any]]:
    """Return how many rows of a register a person may see, by the given fields."""
    found = rows(register, user=user, on=on).order_by().values(*by)
    return list(found.annotate(count=Count("pk")).order_by(*by))


def actions(*, user: User, on: dt.date) -> list[tuple[Any, Rate]]:
    """Return the special actions with the share of their items that are done, running ones first."""
    counted: dict[str, list[bool]] = collections.defaultdict(list)
    for number, result in rows("action-items", user=user, on=on).values_list("action_number", "result"):
        counted[number].append(result in DONE)
    found = rows("special-actions", user=user, on=on).order_by("closed_at", "due_at", "pk")
    return [(row, Rate(row.number, sum(counted[row.number]), len(counted[row.number]))) for row in found]


def toxics(*, user: User, on: dt.date) -> list[dict[str, Any]]:
    """Return per substance, list version and unit: how many results, enterprises, and the highest value."""
    found = rows("toxic-results", user=user, on=on).order_by().values("substance", "list_version", "unit")
    told = found.annotate(
        count=Count("pk"),
        detected=Count("value"),
        plants=Count("facility", distinct=True),
        highest=Max("value"),
    )
    return list(told.order_by("substance", "list_version", "unit"))


def ods_totals(*, user: User, on: dt.date) -> list[dict[str, Any]]:
    """Return per year, substance and activity the sum of the filed quantities [t], the latest year first."""
    found = rows("ods-filings", user=user, on=on).order_by().values("year", "substance", "activity")
    return list(
        found.annotate(total=Sum("quantity"), count=Count("pk")).order_by("-year", "substance", "activity")
    )


def odour_cases(*, user: User, on: dt.date) -> list[Case]:
    """Return the latest cases a person may see that complaints of odour have opened."""
    kinds = rules.in_force("odour", on)["finding_kinds"]
    smelt = Finding.objects.filter(kind__in=kinds).values("case")
    found = cases.visible(user=user, on=on).filter(pk__in=smelt).select_related("region", "workflow")
    return list(found.order_by("-opened_at", "-pk")[:LISTED_CASES])


def odour_candidates(
    *, case: Case, user: User, on: dt.date
) -> tuple[list[tuple[Any, rules.Candidate]], rules.Wind | None, Station | None]:
    """Return the sources that may smell where a case is, and the wind before it with its station.

    Sources are those the person may see. A case without a position has no candidates.
    """
    if case.longitude is None or case.latitude is None:
        return [], None, None
    wind, station = _wind(case.longitude, case.latitude, case.opened_at, on)
    placed = list(rows("odour-sources", user=user, on=on).exclude(longitude=None).exclude(latitude=None))
    found = rules.candidates(
        longitude=case.longitude,
        latitude=case.latitude,
        sources=[(source.longitude, source.latitude) for source in placed],
        wind=wind,
        on=on,
    )
    return [(placed[item.index], item) for item in found], wind, station


def odour_monitors(*, sources: Iterable[Any], at: dt.datetime, on: dt.date) -> dict[str, Monitored]:
    """Return by number of a source what its monitor measured in the hours before an instant, the worst of it."""
    rule = rules.in_force("odour", on)
    placed = {source.station_code: source.number for source in sources if source.station_code}
    found = hours(
        codes=placed,
        properties=[row["code"] for row in rule["limits"]],
        statistics=(MEASURED,),
        start=at - rule["wind_hours"] * HOUR,
        end=at,
    )
    worst: dict[str, Monitored] = {}
    for code, series in found.items():
        for limit in rule["limits"]:
            values = series.values.get(limit["code"])
            if values is None or np.isnan(values).all():
                continue
            item = Monitored(limit, float(np.nanmax(values)))
            known = worst.get(placed[code])
            if known is None or item.share > known.share:
                worst[placed[code]] = item
    return worst


def clean_transport(*, user: User, on: dt.date) -> list[tuple[Any, Rate]]:
    """Return by enterprise the tons carried cleanly of all tons of the period, the least clean first."""
    rule = rules.in_force("transport", on)
    since = on - dt.timedelta(days=rule["period_days"])
    clean = (
        Q(mode__in=rule["clean_modes"]) | Q(fuel__in=rule["clean_fuels"]) | Q(stage__in=rule["clean_stages"])
    )
    seen = rows("transport", user=user, on=on).filter(passed_at__date__gt=since, passed_at__date__lte=on)
    told = seen.order_by().values("facility").annotate(whole=Sum("tons"), done=Sum("tons", filter=clean))
    plants = Facility.objects.in_bulk([row["facility"] for row in told])
    found = [
        (plants[row["facility"]], Rate("clean_transport", round(row["done"] or 0), round(row["whole"])))
        for row in told
    ]
    return sorted(found, key=lambda item: (item[1].percent or 0, item[0].code))


def listed_at_gates(*, since: dt.datetime) -> list[tuple[TransportEntry, HighEmitter]]:
    """Return the entries since an instant of vehicles that were on the list of high emitters that day."""
    listed: dict[str, list[HighEmitter]] = collections.defaultdict(list)
    for row in HighEmitter.objects.filter(withdrawn_at=None).order_by("pk"):
        listed[row.plate].append(row)
    entries = TransportEntry.objects.filter(
        plate__in=list(listed), passed_at__gte=since, withdrawn_at=None
    ).select_related("facility")
    found = []
    for entry in entries.order_by("passed_at", "pk"):
        day = entry.passed_at.astimezone(periods.BEIJING).date()
        for row in listed[entry.plate]:
            if row.listed_date <= day and (row.closed_at is None or row.closed_at > entry.passed_at):
                found.append((entry, row))
                break
    return found


def sample_case(number: str) -> Case | None:
    """Return the case that a failed sample opened, where it has been merged the one that holds it now."""
    finding = Finding.objects.filter(dedup_key=f"sources.coal_failed:{number}").order_by("-pk").first()
    case = finding.case if finding else None
    while case is not None and case.merged_into is not None:
        case = case.merged_into
    return case


def reported_hours(dedup_key: str, *, since: dt.datetime) -> set[str]:
    """Return the beginnings of the periods that findings of a key hold, of those seen since an instant."""
    found = Finding.objects.filter(dedup_key=dedup_key, last_at__gte=since)
    return {
        item.get("start", "") for evidence in found.values_list("evidence", flat=True) for item in evidence
    }


def remote_tests() -> dict[str, list[VehicleTest]]:
    """Return the judged remote-sensing tests of all vehicles by plate, the oldest first."""
    found: dict[str, list[VehicleTest]] = collections.defaultdict(list)
    judged = VehicleTest.objects.filter(kind=VehicleTest.Kind.REMOTE, withdrawn_at=None).exclude(passed=None)
    for test in judged.order_by("tested_date", "pk"):
        found[test.plate].append(test)
    return dict(found)


def last_inspection(*, plate: str, since: dt.date) -> VehicleTest | None:
    """Return the latest test of a vehicle at an inspection station on or after a day."""
    found = VehicleTest.objects.filter(plate=plate, kind=VehicleTest.Kind.INSPECTION, withdrawn_at=None)
    return found.filter(tested_date__gte=since).order_by("-tested_date", "-pk").first()


def _bound(found: QuerySet[Any], on: dt.date) -> QuerySet[Any]:
    return found.filter(size__in=rules.in_force("catering", on)["must_have_purifier"])


def _rate(code: str, found: QuerySet[Any], done: Q) -> Rate:
    counted = found.order_by().aggregate(whole=Count("pk"), done=Count("pk", filter=done))
    return Rate(code, counted["done"], counted["whole"])


def _judged(boiler: Any, series: Hours | None, on: dt.date) -> rules.UltraLow | None:
    if series is None:
        return None
    empty = np.full(len(series.start), np.nan)
    limits = rules.in_force("boilers", on)["limits"]
    values = {row["code"]: series.values.get(row["code"], empty) for row in limits}
    return rules.ultra_low(values, on, reference_oxygen=boiler.reference_oxygen)


def _hours(columns: dict[str, np.ndarray], keys: dict[int, str]) -> Hours:
    start = np.unique(columns["start"])
    values: dict[str, np.ndarray] = {}
    for key, code in sorted(keys.items(), reverse=True):
        mine = columns["property"] == key
        held = values.setdefault(code, np.full(len(start), np.nan))
        held[np.searchsorted(start, columns["start"][mine])] = columns["value"][mine]
    return Hours(start, values)


def _wind(
    longitude: float, latitude: float, at: dt.datetime, on: dt.date
) -> tuple[rules.Wind | None, Station | None]:
    """Return the mean wind of the hours before an instant at the nearest weather station that is near enough."""
    rule = rules.in_force("odour", on)
    stations = list(
        Station.objects.filter(Q(valid_to_date=None) | Q(valid_to_date__gt=on), kind=Station.Kind.WEATHER)
    )
    if not stations:
        return None, None
    places = np.array([(station.longitude, station.latitude) for station in stations])
    distance, _bearing = rules.away(longitude, latitude, places[:, 0], places[:, 1])
    nearest = int(distance.argmin())
    if distance[nearest] > rule["wind_within_km"]:
        return None, None
    station, codes = stations[nearest], rule["wind"]
    found = hours(
        codes=[station.code],
        properties=codes.values(),
        statistics=(MEASURED,),
        start=at - rule["wind_hours"] * HOUR,
        end=at,
    ).get(station.code)
    if found is None or not {*codes.values()} <= set(found.values):
        return None, station
    return rules.mean_wind(found.values[codes["speed"]], found.values[codes["direction"]]), station
