"""Permit limits as they apply to series, and the hours of those series."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import get_language

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.queries import Scope
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.manifest import ToDo
from jiangcheng.core.observations import store
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import Facility, ObservedProperty, Outlet, PermitLimit, Station
from jiangcheng.modules.emissions import rules
from jiangcheng.modules.emissions.models import Check, Mark, Order, Signal
from jiangcheng.standards import lookup, periods

OUTLETS = (Station.Kind.GAS_OUTLET, Station.Kind.WATER_OUTLET)
REFERENCE = "zs_avg"
"""Mean converted to the reference oxygen content (折算); judged wherever the outlet sends it."""
MEASURED = "avg"
MARK, REVIEW = "emissions.mark", "emissions.review"
WAITING = 100
"""Marks, and clues, that a to-do list shows at most."""
CLUE, OVER_LIMIT = "emissions.clue.", "emissions.over_limit"
"""Start of the kinds of clue, and the kind of an hour above its limit."""
FLOW = "a00000"
"""Flow of flue gas [m3/s], dry and at standard state."""
REPLACEMENT_DAYS = 120
"""Days read before the first month that is told: enough for 2160 valid hours and its whole quarter."""
FRESH_HOURS = 3
"""Age up to which an hour still stands for the present."""


@dataclasses.dataclass(frozen=True, slots=True)
class HourSeries:
    """The hour means of one property of one outlet that are held against a limit; arrays by hour."""

    limit: PermitLimit
    start: np.ndarray
    value: np.ndarray
    flag: np.ndarray
    statistic: np.ndarray


def instant(start: int) -> datetime.datetime:
    """Return epoch seconds as an aware datetime."""
    return datetime.datetime.fromtimestamp(int(start), datetime.UTC)


def day_of(start: int) -> datetime.date:
    """Return the Beijing day of epoch seconds."""
    return instant(start).astimezone(periods.BEIJING).date()


def outlets(*, scope: Scope, on: datetime.date, code: str = "") -> list[Station]:
    """Return the outlets a person may see, with their facility; with a code only that one."""
    rows = Station.objects.filter(
        scope.as_filter(region="region__code", facility="outlet__facility__code"),
        Q(valid_to_date=None) | Q(valid_to_date__gt=on),
        kind__in=OUTLETS,
        valid_from_date__lte=on,
    )
    if code:
        rows = rows.filter(code=code)
    return list(rows.select_related("region", "outlet__facility").order_by("code"))


def limits(
    *, stations: Collection[int] | None, first: datetime.date, last: datetime.date
) -> list[PermitLimit]:
    """Return the hourly limits of every permit version in force on a day of ``[first, last]``."""
    rows = PermitLimit.objects.filter(
        Q(permit__valid_to_date=None) | Q(permit__valid_to_date__gt=first),
        averaging="hour",
        permit__valid_from_date__lte=last,
    )
    if stations is not None:
        rows = rows.filter(outlet__station__in=stations)
    return list(
        rows.select_related("permit", "observed_property", "outlet__station", "outlet__facility").order_by(
            "pk"
        )
    )


def hour_series(*, limits: list[PermitLimit], start: int, end: int) -> list[HourSeries]:
    """Return, for every limit, the hours of ``[start, end)`` on which its permit version is in force."""
    keys = _property_keys({limit.observed_property.code for limit in limits})
    table = store.read(
        stations=sorted({limit.outlet.station_id for limit in limits}),
        properties=sorted(key for found in keys.values() for key in found.values()),
        granularity=store.Granularity.HOUR,
        start=start,
        end=end,
    )
    columns = {name: table[name].to_numpy() for name in table.column_names}
    return [_series(limit, columns, keys[limit.observed_property.code]) for limit in limits]


def _property_keys(codes: Collection[str]) -> dict[str, dict[str, int]]:
    keys: dict[str, dict[str, int]] = defaultdict(dict)
    for row in ObservedProperty.objects.filter(code__in=codes, statistic__in=(REFERENCE, MEASURED)):
        keys[row.code][row.statistic] = row.pk
    return keys


def _series(limit: PermitLimit, columns: dict[str, np.ndarray], keys: dict[str, int]) -> HourSeries:
    """Return the converted mean of an hour where there is one, else the measured mean."""
    here = columns["station"] == limit.outlet.station_id
    converted = here & (columns["property"] == keys.get(REFERENCE, -1))
    measured = here & (columns["property"] == keys.get(MEASURED, -1))
    measured &= ~np.isin(columns["start"], columns["start"][converted])
    rows = np.flatnonzero((converted | measured) & _in_force(limit, columns["start"]))
    rows = rows[np.argsort(columns["start"][rows])]
    return HourSeries(
        limit=limit,
        start=columns["start"][rows],
        value=columns["value"][rows],
        flag=columns["flag"][rows],
        statistic=np.where(converted[rows], REFERENCE, MEASURED),
    )


def _in_force(limit: PermitLimit, start: np.ndarray) -> np.ndarray:
    permit = limit.permit
    since = periods.day_bounds(permit.valid_from_date)[0]
    inside = start >= since
    if permit.valid_to_date is not None:
        inside &= start < periods.day_bounds(permit.valid_to_date)[0]
    return inside


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


def number(limit: decimal.Decimal | None) -> float:
    """Return a limit as the rules take it, NaN where there is none."""
    return float("nan") if limit is None else float(limit)


@dataclasses.dataclass(frozen=True, slots=True)
class Values:
    """A series of one station in rising time; arrays of one length."""

    start: np.ndarray
    value: np.ndarray
    flag: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def between(self, start: int, end: int) -> Values:
        """Return the part in ``[start, end)``."""
        kept = (self.start >= start) & (self.start < end)
        return Values(self.start[kept], self.value[kept], self.flag[kept])


def values(
    *,
    station: int,
    code: str,
    statistic: str = MEASURED,
    start: int,
    end: int,
    granularity: store.Granularity = store.Granularity.HOUR,
) -> Values:
    """Return a series of ``[start, end)``; empty where nothing is registered or measured."""
    key = ObservedProperty.objects.filter(code=code, statistic=statistic).values_list("pk", flat=True)
    keys = list(key)
    if not keys:
        return Values(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))
    table = store.read(stations=[station], properties=keys, granularity=granularity, start=start, end=end)
    columns = (table[name].to_numpy() for name in ("start", "value", "flag"))
    return Values(*columns)


@dataclasses.dataclass(frozen=True, slots=True)
class Hours:
    """The hours of all series of some stations, read once."""

    table: dict[tuple[int, int], Values]
    keys: dict[tuple[str, str], int]

    def get(self, station: int, code: str, statistic: str = MEASURED) -> Values:
        """Return a series; empty where nothing is registered or measured."""
        return self.table.get((station, self.keys.get((code, statistic), -1)), NOTHING)


NOTHING = Values(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))


def all_hours(
    *, stations: Collection[int], start: int, end: int, codes: Collection[str] | None = None
) -> Hours:
    """Return all hours of ``[start, end)`` of some stations, or those of some factors."""
    rows = ObservedProperty.objects.filter(statistic__in=(MEASURED, REFERENCE))
    if codes is not None:
        rows = rows.filter(code__in=codes)
    keys = {(code, statistic): key for code, statistic, key in rows.values_list("code", "statistic", "pk")}
    table = store.read(
        stations=sorted(stations),
        properties=sorted(keys.values()),
        granularity=store.Granularity.HOUR,
        start=start,
        end=end,
    )
    columns = {name: table[name].to_numpy() for name in ("station", "property", "start", "value", "flag")}
    series = columns["station"].astype(np.int64) << 32 | columns["property"]
    edges = np.flatnonzero(np.diff(series)) + 1
    bounds = zip([0, *edges.tolist()], [*edges.tolist(), len(series)], strict=True)
    found = {
        (int(columns["station"][a]), int(columns["property"][a])): Values(
            columns["start"][a:b], columns["value"][a:b], columns["flag"][a:b]
        )
        for a, b in bounds
        if b > a
    }
    return Hours(found, keys)


def aligned(series: Values, start: np.ndarray) -> np.ndarray:
    """Return the values of a series at given starts, NaN where there is none."""
    found = np.full(len(start), np.nan)
    _, here, there = np.intersect1d(start, series.start, assume_unique=True, return_indices=True)
    found[here] = series.value[there]
    return found


def clues(*, scope: Scope) -> QuerySet[Finding]:
    """Return the clues and over-limit findings of outlets a person may see, the latest first."""
    rows = Finding.objects.filter(
        scope.as_filter(region="station__region__code", facility="facility__code"),
        Q(kind__startswith=CLUE) | Q(kind=OVER_LIMIT),
        station__kind__in=OUTLETS,
    )
    return rows.select_related("station__outlet", "facility", "case__workflow").order_by("-last_at", "-pk")


@dataclasses.dataclass(frozen=True, slots=True)
class Calibration:
    """An unbroken time of hours flagged as calibration or maintenance."""

    from_at: datetime.datetime
    to_at: datetime.datetime
    flag: str


def calibrations(*, station: Station, start: int, end: int) -> list[Calibration]:
    """Return the times of ``[start, end)`` in which the instrument was calibrated or maintained."""
    table = store.read(
        stations=[station.pk], properties=None, granularity=store.Granularity.HOUR, start=start, end=end
    )
    starts, flags = table["start"].to_numpy(), table["flag"].to_numpy()
    found = []
    for flag in (rules.validity.CALIBRATION, rules.validity.MAINTENANCE):
        hours = np.unique(starts[flags == flag])
        for part in np.split(hours, np.flatnonzero(np.diff(hours) != periods.HOUR) + 1):
            if len(part):
                until = instant(int(part[-1]) + periods.HOUR)
                found.append(Calibration(instant(int(part[0])), until, chr(flag)))
    return sorted(found, key=lambda item: item.from_at)


@dataclasses.dataclass(frozen=True, slots=True)
class MonthRate:
    """The transmission-effective rate of an outlet in a month [%]; None where nothing was due."""

    month: datetime.date
    due: int
    received: int
    valid: int
    transmission: float | None
    validity: float | None
    effective: float | None


def month_rates(*, station: Station, now: datetime.datetime, months: int = 6) -> list[MonthRate]:
    """Return the rates of the latest months, this one as far as it has come, the latest first.

    An item is an hour of a limited property. Hours within accepted marks of standstill are not due.
    """
    end = int(now.timestamp()) // periods.HOUR * periods.HOUR
    first = _months_before(day_of(end), months - 1)
    start = max(periods.day_bounds(first)[0], periods.day_bounds(station.valid_from_date)[0])
    rows = limits(stations=[station.pk], first=first, last=day_of(end))
    hours = np.arange(start, end, periods.HOUR, dtype=np.int64)
    if not rows or not len(hours):
        return []
    spans = mark_spans(stations=[station.pk], start=start, end=end).get(station.pk, [])
    still = rules.marks.marked_seconds(hours, periods.HOUR, [s for s in spans if s.effect == "unused"])
    due = still * 2 < periods.HOUR
    by_code: dict[str, list[HourSeries]] = defaultdict(list)
    for series in hour_series(limits=rows, start=start, end=end):
        by_code[series.limit.observed_property.code].append(series)
    number = periods.natural_day(hours).astype("datetime64[M]")
    found, group = np.unique(number, return_inverse=True)
    controls = control_spans(stations=[station.pk], until=end)
    counts = [
        _counted(items, hours, due, group, len(found), controls.get((station.pk, code), ()))
        for code, items in by_code.items()
    ]
    totals = np.sum(counts, axis=0)
    told = [_rate(month, *column) for month, column in zip(found, totals.T.tolist(), strict=True)]
    return told[::-1]


def _counted(
    items: list[HourSeries],
    hours: np.ndarray,
    due: np.ndarray,
    group: np.ndarray,
    groups: int,
    lost: Sequence[rules.marks.Span] = (),
) -> np.ndarray:
    """Return due, received and valid items by month, ``(3, groups)``."""
    starts = np.concatenate([item.start for item in items])
    values = np.concatenate([item.value for item in items])
    flags = np.concatenate([item.flag for item in items])
    # Due only while a permit version limits the property.
    asked = due & np.logical_or.reduce([_in_force(item.limit, hours) for item in items])
    held = 2 * rules.marks.marked_seconds(starts, periods.HOUR, lost) <= periods.HOUR
    good = np.unique(starts[rules.valid(flags) & ~np.isnan(values) & held])
    result = rules.transmission.rates(
        group,
        groups,
        asked,
        np.isin(hours, starts),
        np.isin(hours, good),
        np.nan,
        window=np.inf,
        prompt=np.inf,
    )
    return np.stack([result.due, result.received, result.valid])


def _rate(month: np.datetime64, due: int, received: int, valid: int) -> MonthRate:
    return MonthRate(
        month=month.astype("datetime64[D]").item(),
        due=due,
        received=received,
        valid=valid,
        transmission=100.0 * received / due if due else None,
        validity=100.0 * valid / received if received else None,
        effective=100.0 * valid / due if due else None,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class MonthMass:
    """The emission of one property of a stack in a month [kg], with invalid hours replaced."""

    month: datetime.date
    observed: ObservedProperty
    mass: float
    replaced: float
    """Of it from replaced hours."""
    hours: int
    """Replaced hours."""
    unknown: int
    """Hours that cannot be accounted for in this way: too little data in the quarter, or none before the gap."""


def month_masses(*, station: Station, now: datetime.datetime, months: int = 3) -> list[MonthMass]:
    """Return the emissions of the latest months of a stack, the latest first (HJ 75-2017 12).

    The measured, not converted, mean times the flow of the hour. Hours within accepted marks of the monitor are
    invalid, those of standstill emit nothing.
    """
    end = int(now.timestamp()) // periods.HOUR * periods.HOUR
    first = _months_before(day_of(end), months - 1)
    rows = limits(stations=[station.pk], first=first, last=day_of(end))
    shown = periods.day_bounds(first)[0]
    start = max(shown - REPLACEMENT_DAYS * periods.DAY, periods.day_bounds(station.valid_from_date)[0])
    if station.kind != Station.Kind.GAS_OUTLET or not rows or start >= end:
        return []
    hours = np.arange(start, end, periods.HOUR, dtype=np.int64)
    wanted = {FLOW, *(row.observed_property.code for row in rows)}
    series = all_hours(stations=[station.pk], start=start, end=end, codes=wanted)
    flow = _valid_at(series.get(station.pk, FLOW), hours)
    spans = mark_spans(stations=[station.pk], start=start, end=end).get(station.pk, [])
    still, invalid = (
        2 * rules.marks.marked_seconds(hours, periods.HOUR, [span for span in spans if span.effect == effect])
        > periods.HOUR
        for effect in ("unused", "invalid")
    )
    controls = control_spans(stations=[station.pk], until=end)
    found = []
    for observed in {row.observed_property.code: row.observed_property for row in rows}.values():
        value = _valid_at(series.get(station.pk, observed.code), hours)
        mass = rules.flue.rate(value, flow * periods.HOUR)
        lost = rules.marks.marked_seconds(hours, periods.HOUR, controls.get((station.pk, observed.code), ()))
        good = ~np.isnan(mass) & ~invalid & ~still & (2 * lost <= periods.HOUR)
        if good.any():
            found += _masses_of(observed, hours, mass, good, still, shown, day_of(end - 1))
    return sorted(found, key=lambda item: (-item.month.toordinal(), item.observed.code))


def _valid_at(series: Values, hours: np.ndarray) -> np.ndarray:
    value = np.where(rules.valid(series.flag), series.value, np.nan)
    return aligned(Values(series.start, value, series.flag), hours)


def _masses_of(
    observed: ObservedProperty,
    hours: np.ndarray,
    mass: np.ndarray,
    good: np.ndarray,
    still: np.ndarray,
    shown: int,
    on: datetime.date,
) -> list[MonthMass]:
    month = periods.natural_day(hours).astype("datetime64[M]")
    quarters, quarter = np.unique(month.astype(int) // 3, return_inverse=True)
    whole, stopped, bad = (
        np.bincount(quarter[mask], minlength=len(quarters))
        for mask in (np.ones(len(hours), bool), still, ~good & ~still)
    )
    capture = rules.validity.capture(whole, bad, stopped)[quarter]
    filled = rules.replacement.gas(mass, good, still, capture, on=on)
    method = rules.replacement.Method
    replaced = ~np.isin(filled.method, (method.MEASURED, method.STOPPED)) & ~np.isnan(filled.mass)
    found = []
    for one in np.unique(month[hours >= shown]):
        here = month == one
        found.append(
            MonthMass(
                month=one.astype("datetime64[D]").item(),
                observed=observed,
                mass=float(np.nansum(filled.mass[here])),
                replaced=float(filled.mass[here & replaced].sum()),
                hours=int((here & replaced).sum()),
                unknown=int((here & np.isnan(filled.mass)).sum()),
            )
        )
    return found


def quarter_masses(
    *, facility_code: str, year: int, quarter: int, now: datetime.datetime
) -> list[dict[str, Any]]:
    """Answer ``outlet.masses``: what monitors say a plant's stacks emitted in a quarter [kg] (HJ 75-2017 12)."""
    first = datetime.date(year, 3 * quarter - 2, 1)
    last = instant(periods.day_bounds(_months_before(first, -3))[0])
    until = min(now, last)
    months = 4 if until == last else (day_of(int(until.timestamp())).month - first.month) + 1
    found = []
    for outlet in Outlet.objects.filter(facility__code=facility_code).select_related("station"):
        if outlet.station.kind != Station.Kind.GAS_OUTLET or instant(periods.day_bounds(first)[0]) >= until:
            continue
        rows = month_masses(station=outlet.station, now=until, months=months)
        for code in sorted({row.observed.code for row in rows}):
            of_code = [row for row in rows if row.observed.code == code]
            found.append(
                {
                    "outlet": outlet.number, "station": outlet.station.code, "pollutant": code,
                    "mass": sum(row.mass for row in of_code), "replaced": sum(row.replaced for row in of_code),
                    "replaced_hours": sum(row.hours for row in of_code),
                    "unknown_hours": sum(row.unknown for row in of_code),
                    "months": {row.month.isoformat(): row.mass for row in reversed(of_code)},
                    "url": reverse("emissions:outlet", args=[outlet.station.code]),
                }
            )  # fmt: skip
    return found


def rate_target(on: datetime.date) -> float:
    """Return the transmission-effective rate that is asked [%]."""
    return lookup.value("transmission", "outlet", "month", "effective", on)


def _months_before(day: datetime.date, months: int) -> datetime.date:
    number = day.year * 12 + day.month - 1 - months
    return datetime.date(number // 12, number % 12 + 1, 1)


# --- marks and orders ---


def marks(*, stations: Collection[int] | None, start: int, end: int) -> list[Mark]:
    """Return the accepted marks that touch ``[start, end)``, of all outlets or those of some stations."""
    found = Mark.objects.filter(
        state="approved", withdrawn_at=None, from_at__lt=instant(end), to_at__gt=instant(start)
    )
    if stations is None:
        return list(found)
    pairs = Outlet.objects.filter(station__in=stations).values_list("facility_id", "number")
    wanted = set(pairs)
    found = found.filter(facility_id__in={facility for facility, _ in wanted})
    return [mark for mark in found if (mark.facility_id, mark.outlet_number) in wanted]


def all_marks(*, station: Station, start: int, end: int) -> list[Mark]:
    """Return every mark of an outlet that touches ``[start, end)``, whatever became of it."""
    outlet = getattr(station, "outlet", None)
    if outlet is None:
        return []
    return list(
        Mark.objects.filter(
            facility_id=outlet.facility_id,
            outlet_number=outlet.number,
            from_at__lt=instant(end),
            to_at__gt=instant(start),
        ).order_by("from_at", "pk")
    )


def mark_spans(
    *, stations: Collection[int] | None, start: int, end: int, furnace: bool = False
) -> dict[int, list[rules.marks.Span]]:
    """Return the marked times of ``[start, end)`` by station; those of a furnace's thermometer only if asked."""
    found = marks(stations=stations, start=start, end=end)
    outlets_of = {
        (facility, number): station
        for facility, number, station in Outlet.objects.filter(
            facility_id__in={mark.facility_id for mark in found}
        ).values_list("facility_id", "number", "station_id")
    }
    spans: dict[int, list[rules.marks.Span]] = defaultdict(list)
    for mark in found:
        station = outlets_of.get((mark.facility_id or 0, mark.outlet_number))
        span = span_of(mark)
        if station is not None and (furnace or span.effect != "furnace"):
            spans[station].append(span)
    return spans


def span_of(mark: Mark) -> rules.marks.Span:
    """Return a mark as the rules take it."""
    first, last = int(mark.from_at.timestamp()), int(mark.to_at.timestamp())
    return rules.marks.Span(first, last, mark.kind, rules.marks.effect(mark.kind, day_of(first)))


def checks(*, stations: Collection[int], until: int) -> dict[tuple[int, str], list[Check]]:
    """Return the accepted checks before an instant by station and factor, in rising time."""
    outlets_of = {
        (facility, number): station
        for facility, number, station in Outlet.objects.filter(station__in=stations).values_list(
            "facility_id", "number", "station_id"
        )
    }
    back = rules.control.table(day_of(until))["look_back_days"] * periods.DAY
    rows = Check.objects.filter(
        state="approved",
        withdrawn_at=None,
        facility_id__in={facility for facility, _ in outlets_of},
        at__lt=instant(until),
        at__gte=instant(until - back),
    )
    found: dict[tuple[int, str], list[Check]] = defaultdict(list)
    for row in rows.order_by("at", "pk"):
        station = outlets_of.get((row.facility_id or 0, row.outlet_number))
        if station is not None:
            found[station, row.property_code].append(row)
    return found


def control_spans(*, stations: Collection[int], until: int) -> dict[tuple[int, str], list[rules.marks.Span]]:
    """Return the times that failed checks make invalid, by station and factor (失控)."""
    found = checks(stations=stations, until=until)
    kinds = dict(Station.objects.filter(pk__in={station for station, _ in found}).values_list("pk", "kind"))
    forward = rules.control.table(day_of(until))["forward"]
    return {
        (station, code): rules.control.windows(
            [int(row.at.timestamp()) for row in rows],
            [row.passed for row in rows],
            forward=forward[kinds[station]],
        )
        for (station, code), rows in found.items()
    }


def outlet_checks(*, station: Station, start: int, end: int) -> list[Check]:
    """Return every check of an outlet made in ``[start, end)``, whatever became of it, the latest first."""
    outlet = getattr(station, "outlet", None)
    if outlet is None:
        return []
    return list(
        Check.objects.filter(
            facility_id=outlet.facility_id,
            outlet_number=outlet.number,
            at__gte=instant(start),
            at__lt=instant(end),
        ).order_by("-at", "-pk")
    )


def without_marked(
    series: list[HourSeries],
    *,
    spans: Mapping[int, Sequence[rules.marks.Span]],
    controls: Mapping[tuple[int, str], Sequence[rules.marks.Span]] | None = None,
) -> list[HourSeries]:
    """Return the hours that marks, and failed checks of the factor, leave to be judged.

    An hour with too few unmarked minutes is left out. Of one that is marked in part the mean of its unmarked
    minutes counts, where minutes were sent; the stored hour stays as it is.
    """
    found = []
    for item in series:
        station = item.limit.outlet.station_id
        lost = (controls or {}).get((station, item.limit.observed_property.code), ())
        found.append(_unmarked(item, [*spans.get(station, ()), *lost]))
    return found


def _unmarked(item: HourSeries, spans: Sequence[rules.marks.Span]) -> HourSeries:
    if not spans or not len(item.start):
        return item
    needed = rules.validity.needed("hour", day_of(int(item.start[-1])))
    kept = ~rules.marks.unusable(item.start, spans, needed=needed)
    touched = rules.marks.marked_seconds(item.start, periods.HOUR, spans) > 0
    value = item.value.copy()
    for row in np.flatnonzero(kept & touched).tolist():
        mean = _mean_of_unmarked_minutes(item, row, spans, needed)
        if mean is None:
            continue
        value[row], kept[row] = mean, mean == mean
    return HourSeries(item.limit, item.start[kept], value[kept], item.flag[kept], item.statistic[kept])


def _mean_of_unmarked_minutes(
    item: HourSeries, row: int, spans: Sequence[rules.marks.Span], needed: int
) -> float | None:
    """Return the mean, NaN where too few minutes are valid, None where no minutes were sent."""
    start = int(item.start[row])
    minutes = values(
        station=item.limit.outlet.station_id,
        code=item.limit.observed_property.code,
        statistic=str(item.statistic[row]),
        start=start,
        end=start + periods.HOUR,
        granularity=store.Granularity.MINUTE,
    )
    if len(minutes) < 2:
        return None
    # Loggers send means of one to ten minutes; the same share of the hour is asked of all.
    step = int(np.diff(minutes.start).min())
    free = rules.marks.marked_seconds(minutes.start, step, spans) == 0
    found = rules.validity.aggregate(
        minutes.start[free],
        minutes.value[free],
        minutes.flag[free],
        seconds=periods.HOUR,
        minimum=-(-needed * rules.validity.MINUTE // step),
    )
    return float(found.value[0]) if len(found.value) else float("nan")


# --- incineration of waste ---


@dataclasses.dataclass(frozen=True, slots=True)
class BurntDay:
    """What a day of an incinerator's outlet came to; ``means`` by factor code."""

    day: datetime.date
    complete: bool
    """Whether the day is over: only then has it a mean."""
    cold: int
    excused: int
    known: int
    least: float | None
    furnace_violated: bool
    means: dict[str, BurntMean]

    @property
    def violated(self) -> bool:
        """Tell whether anything of the day is a violation."""
        return self.furnace_violated or any(mean.violated for mean in self.means.values())


@dataclasses.dataclass(frozen=True, slots=True)
class BurntMean:
    """The natural-day mean of a pollutant, None where too few hours are valid."""

    value: float | None
    limit: float
    hours: int
    exempt: int
    hours_above: int
    violated: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Burning:
    """The latest days of an incinerator's outlet, the newest first, and what the year has used up [h]."""

    days: list[BurntDay]
    exempt_used: int
    exempt_allowed: int
    maintenance_used: float
    maintenance_allowed: int
    table: Mapping[str, Any]


def incinerators(*, on: datetime.date) -> list[Station]:
    """Return the stacks of plants that burn household waste."""
    rows = Station.objects.filter(kind=Station.Kind.GAS_OUTLET).select_related("outlet__facility")
    return [
        row
        for row in rows.order_by("code")
        if hasattr(row, "outlet") and rules.incineration.is_incinerator(row.outlet.facility.industry, on)
    ]


def burning(*, station: Station, now: datetime.datetime) -> Burning | None:
    """Return the days of an incinerator's outlet, None where the plant is none.

    Exempt are marked hours of the year, the first of them, with particulate matter within its bound.
    """
    on = day_of(int(now.timestamp()))
    outlet = getattr(station, "outlet", None)
    if outlet is None or not rules.incineration.is_incinerator(outlet.facility.industry, on):
        return None
    table = rules.incineration.table(on)
    end = int(now.timestamp()) // periods.HOUR * periods.HOUR
    first = periods.day_bounds(on - datetime.timedelta(days=table["look_back_days"] - 1))[0]
    year = periods.day_bounds(datetime.date(day_of(first).year, 1, 1))[0]
    spans = mark_spans(stations=[station.pk], start=year, end=end, furnace=True).get(station.pk, [])
    # Without exempting marks in the year nothing of it is asked but the days that are shown.
    excusing = any(span.kind in table["exempt"]["kinds"] for span in spans)
    hours = np.arange(year if excusing else first, end, periods.HOUR, dtype=np.int64)
    codes = {*table["day"], table["exempt"]["particulate"]}
    series = all_hours(stations=[station.pk], start=int(hours[0]), end=end, codes=codes)
    exempt, out = _let_off(station, hours, spans, series, on)
    shown = hours >= first
    means = {}
    lost = control_spans(stations=[station.pk], until=end)
    for code in table["day"]:
        value = _judged_values(series, station.pk, code, hours)
        gone = 2 * rules.marks.marked_seconds(hours, periods.HOUR, lost.get((station.pk, code), ()))
        value[gone > periods.HOUR] = np.nan
        left_out = (exempt | out)[shown]
        means[code] = rules.incineration.day_means(hours[shown], value[shown], left_out, code, on)
    furnace = _furnace(station, first, int(now.timestamp()), hours[exempt | out], spans, on)
    this_year = hours >= periods.day_bounds(datetime.date(on.year, 1, 1))[0]
    kept = [span for span in spans if span.kind in table["maintenance"]["kinds"]]
    began = periods.day_bounds(datetime.date(on.year, 1, 1))[0]
    maintained = rules.marks.marked_seconds([began], end - began, kept)
    return Burning(
        days=_burnt_days(first, end, means, furnace, table),
        exempt_used=int((exempt & this_year).sum()),
        exempt_allowed=int(table["exempt"]["hours_per_year"]),
        maintenance_used=float(maintained.sum() / periods.HOUR),
        maintenance_allowed=int(table["maintenance"]["hours_per_year"]),
        table=table,
    )


def _let_off(
    station: Station,
    hours: np.ndarray,
    spans: Sequence[rules.marks.Span],
    series: Hours,
    on: datetime.date,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the exempt hours, and those of standstill and of a monitor that did not measure."""
    given = rules.incineration.table(on)["exempt"]

    def mostly(kept: list[rules.marks.Span]) -> np.ndarray:
        covered: np.ndarray = 2 * rules.marks.marked_seconds(hours, periods.HOUR, kept) > periods.HOUR
        return covered

    exempt = rules.incineration.exempt_hours(
        hours,
        mostly([span for span in spans if span.kind in given["kinds"]]),
        _judged_values(series, station.pk, given["particulate"], hours),
        on,
    )
    return exempt, mostly([span for span in spans if span.effect in ("unused", "invalid")])


def _judged_values(series: Hours, station: int, code: str, hours: np.ndarray) -> np.ndarray:
    """Return valid hour means at reference oxygen, as measured where none were sent."""
    converted = _valid_at(series.get(station, code, REFERENCE), hours)
    measured = _valid_at(series.get(station, code), hours)
    return np.where(np.isnan(converted), measured, converted)


def _furnace(
    station: Station,
    first: int,
    end: int,
    excused_hours: np.ndarray,
    spans: Sequence[rules.marks.Span],
    on: datetime.date,
) -> rules.incineration.FurnaceDays | None:
    given = rules.incineration.table(on)["furnace"]
    sent = values(
        station=station.pk,
        code=given["property"],
        start=first,
        end=end,
        granularity=store.Granularity.MINUTE,
    )
    if not len(sent):
        return None
    means = rules.incineration.five_minutes(sent.start, sent.value, sent.flag, on)
    # Minutes of a monitor that did not measure the flue gas still tell how hot the furnace was.
    still = [span for span in spans if span.effect in ("unused", "furnace")]
    excused = rules.marks.marked_seconds(means.start, given["seconds"], still) > 0
    by_hour = means.start // periods.HOUR * periods.HOUR
    kinds = set(rules.incineration.table(on)["exempt"]["kinds"])
    exempting = [span for span in spans if span.kind in kinds]
    within = rules.marks.marked_seconds(means.start, given["seconds"], exempting) > 0
    excused |= np.isin(by_hour, excused_hours) & within
    return rules.incineration.furnace_days(means.start, means.value, excused, on)


def _burnt_days(
    first: int,
    end: int,
    means: dict[str, rules.incineration.DayMeans],
    furnace: rules.incineration.FurnaceDays | None,
    table: Mapping[str, Any],
) -> list[BurntDay]:
    cold = (
        {} if furnace is None else {row[0]: row for row in zip(*(c.tolist() for c in furnace), strict=True)}
    )
    found = []
    for start in range(first, end, periods.DAY):
        complete = start + periods.DAY <= end
        told = {code: _burnt_mean(item, start, table["day"][code], complete) for code, item in means.items()}
        _, below, excused, known, least, violated = cold.get(start, (start, 0, 0, 0, float("nan"), False))
        found.append(
            BurntDay(
                day=day_of(start),
                complete=complete,
                cold=below,
                excused=excused,
                known=known,
                least=None if least != least else least,
                furnace_violated=violated,
                means={code: mean for code, mean in told.items() if mean is not None},
            )
        )
    return found[::-1]


def _burnt_mean(
    item: rules.incineration.DayMeans, start: int, limit: float, complete: bool
) -> BurntMean | None:
    rows = np.flatnonzero(item.start == start)
    if not len(rows):
        return None
    row = int(rows[0])
    value = float(item.value[row])
    shown = complete and value == value
    return BurntMean(
        value=value if shown else None,
        limit=limit,
        hours=int(item.number[row]),
        exempt=int(item.exempt[row]),
        hours_above=int(item.hours_above[row]),
        violated=shown and bool(item.violated[row]),
    )


def to_do(*, user: User, now: datetime.datetime) -> list[ToDo]:
    """Return the marks and clues that wait for a person: to be reviewed, or to be explained."""
    on = now.astimezone(periods.BEIJING).date()
    reviews, speaks = access.scope(user, REVIEW, on), access.scope(user, MARK, on)
    waiting = Case.objects.filter(case_type="CLUE", closed_at=None)
    found: list[ToDo] = []
    if reviews:
        seen = reviews.as_filter(region="region__code", facility="facility__code")
        rows = Mark.objects.filter(seen, state="submitted", withdrawn_at=None).select_related("facility")
        found += [_mark_waits(mark) for mark in rows.order_by("due_at")[:WAITING]]
        found += [_clue_waits(case, "review") for case in waiting.filter(seen).order_by("due_at")[:WAITING]]
    if speaks:
        own = speaks.as_filter(region="region__code", facility="facility__code")
        cases = waiting.filter(own, state="raised").order_by("due_at")
        found += [_clue_waits(case, "explain") for case in cases[:WAITING]]
    return found


def _mark_waits(mark: Mark) -> ToDo:
    kind = Mark.Kind(mark.kind)
    facility = mark.facility
    zh, en = (facility.name_zh, facility.name_en) if facility else ("", "")
    return ToDo(
        kind="emissions.mark",
        title_zh=f"审核标记：{zh} {mark.outlet_number}",
        title_en=f"Review a mark: {en} {mark.outlet_number} ({kind.value})",
        url=reverse("records:marks-row", args=[mark.number]),
        due_at=mark.due_at,
        since=mark.created_at,
        number=mark.number,
    )


def _clue_waits(case: Case, what: str) -> ToDo:
    zh, en = {"review": ("核实线索", "Check a clue"), "explain": ("说明线索", "Explain a clue")}[what]
    return ToDo(
        kind=f"emissions.clue.{what}",
        title_zh=f"{zh}：{case.title_zh}",
        title_en=f"{en}: {case.title_en}",
        url=reverse("cases:case", args=[case.number]),
        due_at=case.due_at,
        since=case.opened_at,
        severity=case.severity,
        number=case.number,
    )


def own_outlets(*, user: User, on: datetime.date) -> list[Outlet]:
    """Return the outlets a person may mark."""
    scope = access.scope(user, MARK, on)
    if not scope:
        return []
    rows = Outlet.objects.filter(scope.as_filter(region="station__region__code", facility="facility__code"))
    return list(rows.select_related("facility", "station").order_by("facility__code", "number"))


def own_marks(*, user: User, on: datetime.date, limit: int = 50) -> list[Mark]:
    """Return the latest marks of a person's plants."""
    scope = access.scope(user, MARK, on)
    if not scope:
        return []
    rows = Mark.objects.filter(scope.as_filter(region="region__code", facility="facility__code"))
    return list(rows.select_related("facility").order_by("-from_at")[:limit])


def mark_states() -> dict[str, str]:
    """Return the names of the states of marks in the language of the page."""
    chinese = (get_language() or "").startswith("zh")
    found = records.states(records.register("marks"))
    return {code: name_zh if chinese else name_en for code, name_zh, name_en in found}


def orders(*, facility: Facility, start: int, end: int) -> list[Order]:
    """Return the orders to stop or limit production that touch ``[start, end)``."""
    return list(
        Order.objects.filter(
            facility=facility, withdrawn_at=None, from_at__lt=instant(end), to_at__gt=instant(start)
        ).order_by("from_at")
    )


# --- process signals ---

POWERS = {"production": "power_production", "treatment": "power_treatment"}
"""The room's own series by role; a station that has one is not asked for codes."""


def meters(
    *, stations: Collection[int], hours: Hours, on: datetime.date
) -> dict[int, list[rules.process.Meter]]:
    """Return the meters by station: the room's own series, named signals, or codes of HJ 212-2025."""
    units = dict(ObservedProperty.objects.filter(statistic=MEASURED).values_list("code", "unit"))
    code_of = {key: code for (code, statistic), key in hours.keys.items() if statistic == MEASURED}
    has: dict[int, dict[str, str]] = defaultdict(dict)
    for station, key in hours.table:
        if key in code_of:
            has[station][code_of[key]] = units[code_of[key]]
    named: dict[tuple[int, str], list[rules.process.Meter]] = defaultdict(list)
    for row in Signal.objects.filter(withdrawn_at=None).order_by("pk"):
        meter = rules.process.Meter(row.property_code, row.role, row.rated)
        named[row.facility_id or 0, row.outlet_number].append(meter)
    rows = Outlet.objects.filter(station__in=stations).values_list("station_id", "facility_id", "number")
    found = {}
    for station, facility, number in rows:
        own = [
            rules.process.Meter(code, role)
            for role, code in POWERS.items()
            if code in has[station]
            and not any(meter.role == role for meter in named.get((facility, number), ()))
        ]
        found[station] = rules.process.meters(has[station], [*own, *named.get((facility, number), ())], on)
    return found


def summed(series: Sequence[Values]) -> Values:
    """Return the sum of series where all of them have a value; the flag is that of the first."""
    if not series:
        return NOTHING
    if len(series) == 1:
        return series[0]
    start, value = rules.process.total([(item.start, item.value) for item in series])
    return Values(start, value, np.full(len(start), rules.validity.NORMAL))
