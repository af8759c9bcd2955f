"""Marks of the enterprise and checks of the instrument, and the hours they take away."""

from __future__ import annotations

import dataclasses
import datetime
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Outlet, Station
from jiangcheng.modules.emissions import rules
from jiangcheng.modules.emissions.models import Check, Mark
from jiangcheng.modules.emissions.queries.series import HourSeries, day_of, instant, values
from jiangcheng.standards import periods


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
