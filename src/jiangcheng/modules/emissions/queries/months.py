"""What a month of an outlet sent: rate of valid data and mass discharged."""

from __future__ import annotations

import dataclasses
import datetime
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.urls import reverse

from jiangcheng.core.registry.models import ObservedProperty, Outlet, Station
from jiangcheng.modules.emissions import rules
from jiangcheng.modules.emissions.queries.marking import control_spans, mark_spans
from jiangcheng.modules.emissions.queries.series import (
    FLOW,
    HourSeries,
    Values,
    aligned,
    all_hours,
    day_of,
    hour_series,
    in_force,
    instant,
    limits,
)
from jiangcheng.standards import lookup, periods

REPLACEMENT_DAYS = 120
"""Days read before the first month that is told: enough for 2160 valid hours and its whole quarter."""


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
    asked = due & np.logical_or.reduce([in_force(item.limit, hours) for item in items])
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
