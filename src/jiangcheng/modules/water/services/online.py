"""Online values against the limits of their day, and what cameras and patrols saw: findings with a place."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import translation

from jiangcheng.core.cases import queries as case_queries
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import RuleConfiguration
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.methods import episodes
from jiangcheng.modules.water import queries, rules
from jiangcheng.modules.water.models import DrinkingSource, SourcePatrol
from jiangcheng.standards import periods

CONSUMER = "water.online"
KINDS = {"outfall": "water.outfall_over", "source": "water.source_over"}
INTRUSION = "water.source_intrusion"


def judge_online(*, now: dt.datetime) -> int:
    """Judge the hours of online points that came or changed since the last run; return how many they were."""
    judged = 0
    while True:
        changes = store.changes(CONSUMER)
        if not len(changes):
            return judged
        with transaction.atomic():
            judged += _judge(changes, now)
            store.acknowledge(CONSUMER, changes.upto)


def report_patrols(*, now: dt.datetime) -> int:
    """Make a case of everything seen at a source that is not normal; return how many there were.

    The case lies where it was seen: at the row's position, else at its camera, else at the source.
    """
    configuration = case_queries.rule_configuration(rule=INTRUSION, on=_day(now))
    if configuration is None:
        return 0
    count = 0
    for row in queries.unreported_patrols():
        with transaction.atomic():
            cases.report(finding=_seen(row, configuration), now=now)
            records.change(record=row, values={"reported_at": now}, actor=None, at=now, reason="转为事件")
            count += 1
    return count


def _judge(changes: store.Changes, now: dt.datetime) -> int:
    found = {
        subject: configuration
        for subject, kind in KINDS.items()
        if (configuration := case_queries.rule_configuration(rule=kind, on=_day(now))) is not None
    }
    points = [point for point in queries.online_points() if point.subject in found]
    if not points:
        return 0
    hours = max(configuration.parameters["lookback_hours"] for configuration in found.values())
    since = int(now.timestamp()) - periods.HOUR * hours
    recent = (
        (changes.granularity == store.Granularity.HOUR)
        & (changes.start >= since)
        & np.isin(changes.station, [point.station.pk for point in points])
    )
    if not recent.any():
        return 0
    stations, starts = changes.station[recent], changes.start[recent]
    touched = set(np.unique(stations).tolist())
    points = [point for point in points if point.station.pk in touched]
    limits = queries.limits_on(
        first=queries.day_of(since), last=_day(now), numbers={point.number for point in points}
    )
    groups: dict[str, list[queries.LimitSeries]] = defaultdict(list)
    for item in queries.limit_series(
        points=points, limits=limits, start=since, end=int(starts.max()) + periods.HOUR
    ):
        groups[_key(item)].append(item)
    for group in groups.values():
        point = group[0].point
        _report(group, starts[stations == point.station.pk], found[point.subject], now)
    return int(recent.sum())


def _report(
    group: Sequence[queries.LimitSeries],
    touched: np.ndarray,
    configuration: RuleConfiguration,
    now: dt.datetime,
) -> None:
    """Report what exceeds and end what is over, of one item of one point under all limits of the days."""
    start = np.concatenate([item.start for item in group])
    exceeded = np.concatenate([item.exceeded for item in group])
    rows = [(item, row) for item in group for row in range(item.start.size)]
    verdict = episodes.episodes(np.zeros(start.size, np.int64), start, exceeded, np.isin(start, touched))
    for place in verdict.occurrences.tolist():
        item, row = rows[place]
        cases.report(finding=_over(item, row, configuration), now=now)
    for ended in verdict.ended.values():
        cases.end_finding(dedup_key=_key(group[0]), at=queries.instant(ended))


def _over(item: queries.LimitSeries, row: int, configuration: RuleConfiguration) -> cases.FindingReport:
    point, limit = item.point, item.limit
    named = rules.sample_items()[limit.item]
    value, start = float(item.value[row]), queries.instant(item.start[row])
    low = limit.lower is not None and value < limit.lower
    bound = limit.lower if low else limit.upper
    sign = "<" if low else ">"
    unit = "" if named.unit == "1" else f" {named.unit}"
    return cases.FindingReport(
        kind=KINDS[point.subject],
        dedup_key=_key(item),
        rule_version=str(configuration),
        title_zh=f"{point.name} {named.name_zh} {value:g} {sign} {bound:g}{unit}",
        title_en=f"{point.name}: {named.name_en} {value:g} {sign} {bound:g}{unit}",
        severity=_severity(value, bound, configuration),
        first_at=start,
        last_at=start + dt.timedelta(hours=1),
        evidence={
            "start": start.isoformat(),
            "end": (start + dt.timedelta(hours=1)).isoformat(),
            "property": f"{rules.online_items()[limit.item][0]}-avg",
            "station": point.station.code,
            "value": value,
            "limit": bound,
            "clause": limit.basis,
            "limit_row": limit.number,
            "limit_from": limit.valid_from_date.isoformat(),
            "number": point.number,
            "source": configuration.source,
        },
        facility_id=point.facility_id,
        longitude=point.longitude,
        latitude=point.latitude,
    )


def _severity(value: float, bound: float | None, configuration: RuleConfiguration) -> int:
    """Return the severity by how many times the value is over its upper limit."""
    times = value / bound - 1 if bound and value > bound else 0.0
    steps = configuration.parameters["severity_by_multiple"]
    return max((level for step, level in steps.items() if times >= float(step)), key=int, default=2)


def _seen(row: SourcePatrol, configuration: RuleConfiguration) -> cases.FindingReport:
    source = DrinkingSource.objects.filter(number=row.source_number).first()
    camera = queries.cameras(number=row.source_number).filter(number=row.camera_number).first()
    placed = next(
        (thing for thing in (row, camera, source) if thing is not None and thing.longitude is not None), None
    )
    longitude, latitude = (placed.longitude, placed.latitude) if placed is not None else (None, None)
    zone = None
    if longitude is not None and latitude is not None:
        zone = queries.zone_of(
            source=row.source_number, longitude=longitude, latitude=latitude, on=_day(row.observed_at)
        )
    name = source.name_zh if source else row.source_number
    evidence: dict[str, Any] = {
        "start": row.observed_at.isoformat(),
        "end": row.observed_at.isoformat(),
        "record": row.number,
        "means": row.means,
        "camera": row.camera_number,
        "clip": row.clip,
        "zone": row.zone_number or (zone.number if zone else ""),
        "clause": configuration.source,
    }
    severities = configuration.parameters["severity_by_zone"]
    return cases.FindingReport(
        kind=INTRUSION,
        dedup_key=f"{INTRUSION}:{row.number}",
        rule_version=str(configuration),
        title_zh=f"{name} {_words(row.seen, 'zh-hans')}",
        title_en=f"{name}: {_words(row.seen, 'en')}",
        severity=severities.get(zone.level if zone else "", configuration.parameters["severity"]),
        first_at=row.observed_at,
        last_at=row.observed_at,
        evidence=evidence,
        longitude=longitude,
        latitude=latitude,
        description=row.description,
    )


def _words(seen: str, language: str) -> str:
    with translation.override(language):
        return str(SourcePatrol.Seen(seen).label)


def _key(item: queries.LimitSeries) -> str:
    return f"{KINDS[item.point.subject]}:{item.point.number}:{item.limit.item}"


def _day(at: dt.datetime) -> dt.date:
    return at.astimezone(periods.BEIJING).date()
