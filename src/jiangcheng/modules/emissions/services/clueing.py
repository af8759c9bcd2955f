"""Tests the latest data of outlets for falsification, and production against treatment; hits become clues."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Outlet, PermitLimit, Station
from jiangcheng.modules.emissions import queries, rules
from jiangcheng.modules.emissions.models import Order
from jiangcheng.modules.emissions.module import CLUES
from jiangcheng.modules.emissions.queries import Values
from jiangcheng.modules.emissions.rules.clues import Hit
from jiangcheng.modules.emissions.rules.process import Meter
from jiangcheng.standards import periods

HISTORY_DAYS = 40
"""Days that are read: the longest "usual" of the tests and the time that is looked at."""
FRESH_DAYS = 3
"""Days back in which a hit has to end to be told: older ones were told when they were new."""
FLOWS = ("a00000", "w00000")
"""Series that tell the load where nothing better does."""
OXYGEN, GAS_FLOW = "a19001", "a00000"


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """A hit of a rule at an outlet."""

    rule: str
    outlet: Outlet
    code: str
    hit: Hit
    other: str = ""
    """Code of the other station, where two are compared."""


@dataclasses.dataclass(frozen=True, slots=True)
class Period:
    """What is looked at: the time, and the table in force at its end."""

    start: int
    end: int
    """End of the last full hour; minutes are read up to `now`."""
    now: int
    rules: Mapping[str, Any]
    version: str
    source: str
    hours: queries.Hours
    meters: Mapping[int, list[Meter]]

    def power(self, station: int, role: str) -> Values:
        """Return the hours of the meters of production or treatment, added up."""
        return queries.summed([self.hours.get(station, meter.code) for meter in self.of(station, role)])

    def of(self, station: int, role: str) -> list[Meter]:
        """Return the meters of production or treatment."""
        return [meter for meter in self.meters.get(station, ()) if meter.role == role]

    def full(self, station: int, role: str) -> float:
        """Return the rated value of a role, else its usual one; NaN where nothing is known."""
        rated = rules.process.rated(self.of(station, role))
        return rules.supervision.usual(self.power(station, role).value) if rated is None else rated


def look_for_clues(*, now: dt.datetime) -> int:
    """Report what the tests find in the latest data, and return how many hits that were."""
    end = int(now.timestamp()) // periods.HOUR * periods.HOUR
    on = queries.day_of(end)
    table = rules.tables.in_force("clues", on)
    start = end - HISTORY_DAYS * periods.DAY
    outlets = _outlets()
    hours = queries.all_hours(stations=outlets, start=start, end=end)
    period = Period(
        start=start,
        end=end,
        now=int(now.timestamp()),
        rules=table["rules"],
        version=f"clues {table['valid_from']}",
        source=table["source"],
        hours=hours,
        meters=queries.meters(stations=outlets, hours=hours, on=on),
    )
    told = set()
    fresh = end - FRESH_DAYS * periods.DAY
    settled = _settled(queries.instant(fresh))
    spans = queries.mark_spans(stations=None, start=period.start, end=end)
    for found in _all(outlets, spans, period):
        if found.hit.end <= fresh or _explained(found, spans):
            continue
        report = _report(found, period)
        if (report.dedup_key, report.evidence["start"]) not in settled:
            cases.report(finding=report, now=now)
            told.add(report.dedup_key)
    for finding in Finding.objects.filter(kind__startswith=queries.CLUE, ended_at=None):
        if finding.dedup_key not in told:
            cases.end_finding(dedup_key=finding.dedup_key, at=now)
    return len(told)


def _settled(since: dt.datetime) -> set[tuple[str, str]]:
    """Return key and start of the hits a person has decided on; their findings end, so that new hits open cases."""
    decided = Finding.objects.filter(
        kind__startswith=queries.CLUE, case__closed_at__isnull=False, last_at__gt=since
    )
    for finding in decided:
        if finding.ended_at is None:
            cases.end_finding(dedup_key=finding.dedup_key, at=finding.last_at)
    return {(finding.dedup_key, item["start"]) for finding in decided for item in finding.evidence}


def _outlets() -> dict[int, Outlet]:
    """Return the outlets by station."""
    stations = Station.objects.filter(kind__in=queries.OUTLETS).select_related("outlet__facility")
    found = {}
    for station in stations.order_by("pk"):
        if hasattr(station, "outlet"):
            # The way back is known; without this each title would ask the database.
            station.outlet.station = station
            found[station.pk] = station.outlet
    return found


def _all(
    outlets: dict[int, Outlet], spans: Mapping[int, list[rules.marks.Span]], period: Period
) -> Iterator[Found]:
    limits = queries.limits(
        stations=outlets, first=queries.day_of(period.start), last=queries.day_of(period.end)
    )
    for code, series in _by_code(limits, period).items():
        yield from _of_property(code, series, outlets, period)
    for outlet in outlets.values():
        yield from _of_power(outlet, period)
        yield from _of_parameters(outlet, spans, period)


@dataclasses.dataclass(frozen=True, slots=True)
class Series:
    """Hours of one property of one outlet over all permit versions; flagged hours are NaN."""

    start: np.ndarray
    value: np.ndarray
    limit: np.ndarray


def _by_code(limits: list[PermitLimit], period: Period) -> dict[str, dict[int, Series]]:
    if not limits:
        return {}
    parts: dict[str, dict[int, list[queries.HourSeries]]] = defaultdict(lambda: defaultdict(list))
    for item in queries.hour_series(limits=limits, start=period.start, end=period.end):
        if item.limit.upper is not None:
            parts[item.limit.observed_property.code][item.limit.outlet.station_id].append(item)
    return {
        code: {station: _joined(items) for station, items in found.items()} for code, found in parts.items()
    }


def _joined(items: list[queries.HourSeries]) -> Series:
    start = np.concatenate([item.start for item in items])
    value = np.concatenate([np.where(rules.valid(item.flag), item.value, np.nan) for item in items])
    limit = np.concatenate([np.full(len(item.start), queries.number(item.limit.upper)) for item in items])
    # Two permits may limit the same hour; the stricter one counts.
    order = np.lexsort((limit, start))
    first = np.concatenate(([True], np.diff(start[order]) != 0)) if len(start) else np.empty(0, bool)
    kept = order[first]
    return Series(start[kept], value[kept], limit[kept])


def _of_property(
    code: str, series: dict[int, Series], outlets: dict[int, Outlet], period: Period
) -> Iterator[Found]:
    given = period.rules
    for station, item in series.items():
        outlet, step = outlets[station], periods.HOUR
        load = queries.aligned(_load(station, period), item.start)
        known_load = None if np.isnan(load).all() else np.nan_to_num(load, nan=float(np.nanmedian(load)))
        others = [
            (theirs.start, theirs.value)
            for other, theirs in series.items()
            if other != station and outlets[other].facility_id == outlet.facility_id
        ]
        hits = {
            "constant": rules.clues.constant(item.start, item.value, step=step, parameters=given["constant"]),
            "clipped": rules.clues.clipped(
                item.start, item.value, item.limit, step=step, parameters=given["clipped"]
            ),
            "near_limit": rules.clues.near_limit(
                item.start, item.value, item.limit, step=step, parameters=given["near_limit"]
            ),
            "repeated": rules.clues.repeated(
                item.start, item.value, step=step, parameters=given["repeated"], others=others
            ),
            "collapse": rules.clues.collapse(
                item.start, item.value, step=step, parameters=given["collapse"], load=known_load
            ),
            "drop": rules.clues.drop(
                item.start, item.value, step=step, parameters=given["drop"], load=known_load
            ),
            "missing_when_high": rules.clues.missing_when_high(
                item.start, item.value, item.limit, step=step, parameters=given["missing_when_high"]
            ),
            "conversion": _conversion(station, code, period),
        }
        for rule, found in hits.items():
            yield from (Found(rule, outlet, code, hit) for hit in found)
        yield from _twins(station, code, series, outlets, period)


def _twins(
    station: int, code: str, series: dict[int, Series], outlets: dict[int, Outlet], period: Period
) -> Iterator[Found]:
    mine = series[station]
    for other, theirs in series.items():
        if other <= station:
            continue
        hits = rules.clues.twins(
            mine.start,
            mine.value,
            theirs.start,
            theirs.value,
            step=periods.HOUR,
            parameters=period.rules["twins"],
        )
        for hit in hits:
            yield Found("twins", outlets[station], code, hit, outlets[other].station.code)


def _load(station: int, period: Period) -> Values:
    found = (
        period.hours.get(station, "load"),
        period.power(station, "production"),
        *(period.hours.get(station, code) for code in FLOWS),
    )
    return next((series for series in found if len(series)), queries.NOTHING)


def _conversion(station: int, code: str, period: Period) -> list[Hit]:
    converted = period.hours.get(station, code, queries.REFERENCE)
    if not len(converted):
        return []
    measured = queries.aligned(period.hours.get(station, code), converted.start)
    oxygen = queries.aligned(period.hours.get(station, OXYGEN), converted.start)
    reference = rules.clues.usual_reference(measured, converted.value, oxygen, on=queries.day_of(period.end))
    if np.isnan(reference):
        return []
    value = np.where(rules.valid(converted.flag), converted.value, np.nan)
    return rules.clues.conversion(
        converted.start,
        measured,
        value,
        oxygen,
        reference,
        step=periods.HOUR,
        parameters=period.rules["conversion"],
    )


def _of_power(outlet: Outlet, period: Period) -> Iterator[Found]:
    signals = {
        code: period.hours.get(outlet.station_id, code)
        for code in ("load", "water_intake", "water_discharge")
    }
    production, treatment = (period.power(outlet.station_id, role) for role in rules.process.ROLES)
    signals |= {"power_production": production, "power_treatment": treatment}
    if len(production):
        yield from _of_treatment(outlet, signals, period)
        yield from _of_orders(outlet, production, period)
    if len(treatment) and len(production):
        hits = rules.supervision.meter_offline(
            treatment.start, production.start, step=periods.HOUR, parameters=period.rules["meter_offline"]
        )
        yield from (Found("meter_offline", outlet, "power_treatment", hit) for hit in hits)
    flow = period.hours.get(outlet.station_id, GAS_FLOW)
    if len(production):
        driving = queries.aligned(production, flow.start)
        hits = rules.clues.out_of_phase(
            flow.start,
            flow.value,
            driving,
            step=periods.HOUR,
            parameters=period.rules["out_of_phase"],
        )
        yield from (Found("out_of_phase", outlet, GAS_FLOW, hit) for hit in hits)
    intake = signals["water_intake"]
    if len(intake):
        hits = rules.supervision.water_balance(
            intake.start,
            intake.value,
            queries.aligned(signals["water_discharge"], intake.start),
            step=periods.HOUR,
            parameters=period.rules["water_balance"],
        )
        yield from (Found("water_balance", outlet, "water_discharge", hit) for hit in hits)


def _of_treatment(outlet: Outlet, signals: dict[str, Values], period: Period) -> Iterator[Found]:
    if not len(signals["power_treatment"]):
        return
    full_production, full_treatment = (period.full(outlet.station_id, role) for role in rules.process.ROLES)
    for start, made, treated, step in _powers(outlet, signals, period):
        hits = rules.supervision.treatment_off(
            start,
            made,
            treated,
            usual_production=full_production,
            usual_treatment=full_treatment,
            step=step,
            parameters=period.rules["treatment_off"],
        )
        yield from (Found("treatment_off", outlet, "power_treatment", hit) for hit in hits)
        hits = rules.supervision.running_empty(
            start,
            made,
            treated,
            usual_load=full_production,
            usual_treatment=full_treatment,
            step=step,
            parameters=period.rules["running_empty"],
        )
        yield from (Found("running_empty", outlet, "power_treatment", hit) for hit in hits)


def _powers(
    outlet: Outlet, signals: dict[str, Values], period: Period
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, int]]:
    """Yield production and treatment by minutes of the last days where they were sent, else by hours."""
    since = period.end - FRESH_DAYS * periods.DAY
    minutes = [
        queries.summed(
            [
                queries.values(
                    station=outlet.station_id,
                    code=meter.code,
                    start=since,
                    end=period.now,
                    granularity=store.Granularity.MINUTE,
                )
                for meter in period.of(outlet.station_id, role)
            ]
        )
        for role in rules.process.ROLES
    ]
    if len(minutes[0]) > 1 and len(minutes[1]):
        made, treated = minutes
        step = int(np.median(np.diff(made.start)))
        yield made.start, made.value, queries.aligned(treated, made.start), step
    else:
        made = signals["power_production"]
        yield made.start, made.value, queries.aligned(signals["power_treatment"], made.start), periods.HOUR


def _of_orders(outlet: Outlet, production: Values, period: Period) -> Iterator[Found]:
    usual = period.full(outlet.station_id, "production")
    for order in queries.orders(facility=outlet.facility, start=period.start, end=period.end):
        first, last = int(order.from_at.timestamp()), int(order.to_at.timestamp())
        within = production.between(first, last)
        if order.kind == Order.Kind.STOP:
            hits = rules.supervision.stop_broken(
                within.start,
                within.value,
                usual_production=usual,
                step=periods.HOUR,
                parameters=period.rules["stop_broken"],
            )
            yield from (Found("stop_broken", outlet, "power_production", hit) for hit in hits)
            continue
        given = period.rules["limit_broken"]
        before = production.between(first - given["base_days"] * periods.DAY, first)
        if len(before) and len(within):
            hits = rules.supervision.limit_broken(
                within.start,
                within.value,
                base=float(np.nanmean(before.value)) * 24.0,
                ratio=order.ratio,
                step=periods.HOUR,
                parameters=given,
            )
            yield from (Found("limit_broken", outlet, "power_production", hit) for hit in hits)


def _of_parameters(
    outlet: Outlet, spans: Mapping[int, list[rules.marks.Span]], period: Period
) -> Iterator[Found]:
    given = period.rules["parameter_change"]
    for code in given["codes"]:
        found = period.hours.get(outlet.station_id, code)
        hits = rules.clues.parameter_change(
            found.start, found.value, spans=spans.get(outlet.station_id, ()), parameters=given
        )
        yield from (Found("parameter_change", outlet, code, hit) for hit in hits)


def _explained(found: Found, spans: Mapping[int, list[rules.marks.Span]]) -> bool:
    """Tell whether an accepted mark covers the whole time of a hit."""
    held = rules.marks.merged(spans.get(found.outlet.station_id, ()))
    return any(first <= found.hit.start and found.hit.end <= last for first, last in held)


def _report(found: Found, period: Period) -> cases.FindingReport:
    zh, en, severity = CLUES[found.rule]
    station, hit = found.outlet.station, found.hit
    start, end = queries.instant(hit.start), queries.instant(hit.end)
    local = start.astimezone(periods.BEIJING)
    return cases.FindingReport(
        kind=f"{queries.CLUE}{found.rule}",
        dedup_key=":".join(
            filter(None, (f"{queries.CLUE}{found.rule}", station.code, found.code, found.other))
        ),
        rule_version=period.version,
        title_zh=f"{station.name_zh}：{zh}（{local:%m-%d %H:%M} 起）",
        title_en=f"{station.name_en}: {en.lower()} from {local:%m-%d %H:%M}",
        severity=severity,
        station_id=station.pk,
        facility_id=found.outlet.facility_id,
        first_at=start,
        last_at=end,
        evidence={
            "start": start.isoformat(),
            "end": end.isoformat(),
            "property": found.code,
            "other": found.other,
            "facts": hit.facts,
            "parameters": dict(period.rules[found.rule]),
            "source": period.source,
        },
    )
