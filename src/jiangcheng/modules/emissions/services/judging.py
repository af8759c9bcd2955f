"""Hour means of outlets against the permit limits in force in that hour."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
from django.db import transaction

from jiangcheng.core.cases import queries as case_queries
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Finding, RuleConfiguration
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import PermitLimit, Station
from jiangcheng.methods import episodes
from jiangcheng.modules.emissions import queries, rules
from jiangcheng.standards import periods

CONSUMER = "emissions.evaluate"
KIND = "emissions.over_limit"


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """The judged hours of all series, one row each; ``series`` numbers outlet and property."""

    series: np.ndarray
    start: np.ndarray
    value: np.ndarray
    exceeded: np.ndarray
    multiple: np.ndarray
    statistic: np.ndarray
    limit: np.ndarray
    """Place in the list of limits."""


def evaluate(*, now: datetime.datetime) -> int:
    """Judge the hours that came or changed since the last run and return how many they were."""
    judged = 0
    while True:
        changes = store.changes(CONSUMER)
        if not len(changes):
            return judged
        with transaction.atomic():
            judged += _judge(changes, now=now)
            store.acknowledge(CONSUMER, changes.upto)


def _judge(changes: store.Changes, *, now: datetime.datetime) -> int:
    configuration = case_queries.rule_configuration(rule=KIND, on=now.date())
    if configuration is None:
        return 0
    since = int(now.timestamp()) - 3600 * configuration.parameters["lookback_hours"]
    outlets = Station.objects.filter(kind__in=queries.OUTLETS).values_list("pk", flat=True)
    recent = (
        (changes.granularity == store.Granularity.HOUR)
        & (changes.start >= since)
        & np.isin(changes.station, np.fromiter(outlets, np.int64))
    )
    if not recent.any():
        return 0
    stations, starts = changes.station[recent], changes.start[recent]
    limits = queries.limits(
        stations=np.unique(stations).tolist(), first=queries.day_of(since), last=now.date()
    )
    if limits:
        # To the present, not to the newest change: a back-filled hour lies before hours that have ended its spell.
        end = max(int(starts.max()), int(now.timestamp())) + periods.HOUR
        _report(
            _hold(_judgeable(limits, since, end)), limits, _pack(stations, starts), configuration, now=now
        )
    return int(recent.sum())


def _judgeable(limits: list[PermitLimit], start: int, end: int, until: int = 0) -> list[queries.HourSeries]:
    """Return the hours of ``[start, end)`` that marks and the checks up to an instant leave to be judged."""
    stations = {limit.outlet.station_id for limit in limits}
    return queries.without_marked(
        queries.hour_series(limits=limits, start=start, end=end),
        spans=queries.mark_spans(stations=stations, start=start, end=end),
        # A check that was made later takes earlier hours away too.
        controls=queries.control_spans(stations=stations, until=until or end),
    )


def judge_again(*, station: int, start: int, end: int, now: datetime.datetime) -> None:
    """Judge the hours of an outlet again, since what is marked in ``[start, end)`` has changed.

    A finding none of whose hours exceeds any more ends; its case stays with the people who have it.
    """
    configuration = case_queries.rule_configuration(rule=KIND, on=now.date())
    limits = queries.limits(stations=[station], first=queries.day_of(start), last=now.date())
    if configuration is None or not limits:
        return
    first = start // periods.HOUR * periods.HOUR
    until = int(now.timestamp()) // periods.HOUR * periods.HOUR
    judged = _hold(_judgeable(limits, first, max(until, first)))
    touched = np.arange(first, min(end, until), periods.HOUR)
    _report(judged, limits, _pack(np.full(len(touched), station), touched), configuration, now=now)
    _end_what_is_excused({_dedup_key(limit): limit for limit in limits}, until)


def _end_what_is_excused(keys: dict[str, PermitLimit], until: int) -> None:
    for finding in Finding.objects.filter(dedup_key__in=keys, ended_at=None):
        limit = keys[finding.dedup_key]
        first, last = int(finding.first_at.timestamp()), int(finding.last_at.timestamp()) + periods.HOUR
        versions = queries.limits(
            stations=[limit.outlet.station_id], first=queries.day_of(first), last=queries.day_of(last)
        )
        same = [row for row in versions if _dedup_key(row) == finding.dedup_key]
        if not same or not _hold(_judgeable(same, first, last, max(until, last))).exceeded.any():
            cases.end_finding(dedup_key=finding.dedup_key, at=queries.instant(last))


def _hold(series: list[queries.HourSeries]) -> Judged:
    """Hold every hour against its limit and keep the hours that can be judged."""
    numbers: dict[tuple[int, str], int] = {}
    parts = []
    for place, item in enumerate(series):
        found = rules.exceedance(
            item.value, queries.number(item.limit.upper), item.flag, lower=queries.number(item.limit.lower)
        )
        number = numbers.setdefault(
            (item.limit.outlet.station_id, item.limit.observed_property.code), len(numbers)
        )
        keep = found.judged
        length = int(keep.sum())
        parts.append(
            (
                np.full(length, number),
                item.start[keep],
                item.value[keep],
                found.exceeded[keep],
                found.multiple[keep],
                item.statistic[keep],
                np.full(length, place),
            )
        )
    return Judged(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _report(
    judged: Judged,
    limits: list[PermitLimit],
    changed: np.ndarray,
    configuration: RuleConfiguration,
    *,
    now: datetime.datetime,
) -> None:
    stations = np.array([limit.outlet.station_id for limit in limits])[judged.limit]
    touched = np.isin(_pack(stations, judged.start), changed)
    found = episodes.episodes(judged.series, judged.start, judged.exceeded, touched)
    for row in found.occurrences:
        cases.report(finding=_finding(judged, int(row), limits, configuration), now=now)
    first_of_series = dict(zip(judged.series[::-1].tolist(), judged.limit[::-1].tolist(), strict=True))
    for series, start in found.ended.items():
        limit = limits[first_of_series[series]]
        cases.end_finding(dedup_key=_dedup_key(limit), at=queries.instant(start))


def _finding(
    judged: Judged, row: int, limits: list[PermitLimit], configuration: RuleConfiguration
) -> cases.FindingReport:
    limit = limits[judged.limit[row]]
    station, observed = limit.outlet.station, limit.observed_property
    start, value, multiple = int(judged.start[row]), float(judged.value[row]), float(judged.multiple[row])
    allowed = queries.number(limit.upper if multiple == multiple or limit.lower is None else limit.lower)
    text = f"{value:g} {observed.unit_text}".rstrip()
    return cases.FindingReport(
        kind=KIND,
        dedup_key=_dedup_key(limit),
        rule_version=str(configuration),
        title_zh=f"{station.name_zh} {observed.name_zh}小时均值 {text}，许可限值 {allowed:g}",
        title_en=f"{station.name_en}: hourly {observed.name_en} {text}, permitted {allowed:g}",
        severity=_severity(multiple, configuration.parameters["severity_by_multiple"]),
        station_id=station.pk,
        facility_id=limit.outlet.facility_id,
        first_at=queries.instant(start),
        last_at=queries.instant(start),
        evidence={
            "start": queries.instant(start).isoformat(),
            "end": queries.instant(start + periods.HOUR).isoformat(),
            "property": f"{observed.code}-{judged.statistic[row]}",
            "value": value,
            "unit": observed.unit_text,
            "limit": float(limit.upper) if limit.upper is not None else None,
            "lower": float(limit.lower) if limit.lower is not None else None,
            "multiple": None if multiple != multiple else multiple,
            "clause": limit.basis,
            "permit": str(limit.permit),
            "source": configuration.source,
        },
    )


def _severity(multiple: float, steps: dict[str, int]) -> int:
    """Return the severity of the greatest step the multiple has passed."""
    passed = [severity for step, severity in steps.items() if multiple >= float(step)]
    return max(passed, default=min(steps.values()))


def _dedup_key(limit: PermitLimit) -> str:
    return f"{KIND}:{limit.outlet.station.code}:{limit.observed_property.code}"


def _pack(stations: np.ndarray, starts: np.ndarray) -> np.ndarray:
    packed: np.ndarray = np.asarray(stations, np.int64) * (1 << 40) + starts
    return packed
