"""Furnaces of waste incineration, judged by natural days."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.emissions import rules
from jiangcheng.modules.emissions.queries.marking import control_spans, mark_spans
from jiangcheng.modules.emissions.queries.months import _valid_at
from jiangcheng.modules.emissions.queries.series import REFERENCE, Hours, all_hours, day_of, values
from jiangcheng.standards import periods


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
